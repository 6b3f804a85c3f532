"""Templates from TOML files: read whole, and told what is wrong with them at which key.

The shape of the file is published as ``hcr_scan/schema/template.schema.json``; docs/templates.md explains it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hcr_scan.errors import UsageError
from hcr_scan.forms.blank import load_blank
from hcr_scan.forms.files.field_table import read_field
from hcr_scan.forms.files.knowledge_table import Files
from hcr_scan.forms.files.page_plane import page_plane
from hcr_scan.forms.files.toml_table import Problem, Problems, Table, quoted
from hcr_scan.forms.knowledge.checks import check_checks
from hcr_scan.forms.knowledge.field_rules import parse_rule
from hcr_scan.forms.template import Check, Template, TemplatePage
from hcr_scan.sources import PageImage

SCHEMA = "hcr-scan-template/1"
#: No template has more text than this, in bytes.
LARGEST_FILE = 16 << 20

FILE_KEYS = ("schema", "id", "title", "pages", "checks")
PAGE_KEYS = ("blank", "blank_page", "filled", "unit", "size", "dpi", "fields")
CHECK_KEYS = ("rule", "message")
#: Goes into file names and tables as it is.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def load_template(path: str | Path) -> Template:
    """The form that a template file describes, with all that it names found and understood.

    Raises:
        UsageError: something is wrong with it; the message names every key at fault and what to do.
    """
    path = Path(path)
    data = _read(path)
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: is no template, or one that is not saved as UTF-8; name a .toml file, or save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is no TOML: {error}; mend that line, or the one before it") from error
    files = Files(path.parent, [data])
    problems = Problems()
    template = problems.attempt(lambda: _template(values, files, problems))
    if template is None or problems.found:
        raise UsageError("\n".join(f"{path}: {problem}" for problem in problems.found))
    return replace(template, path=path, sha256=_sha256(files.contents))


def load_templates(paths: Iterable[str | Path]) -> tuple[Template, ...]:
    """The forms of template files and of folders of them (all ``*.toml`` directly in it, in order of names).

    Raises:
        UsageError: one of them is not sound, a folder has none, or two have the same id.
    """
    templates: dict[str, Template] = {}
    for given in paths:
        path = Path(given)
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{path}: there is no template (*.toml) in this folder; draft one with hcr-scan template")
        for file in files:
            template = load_template(file)
            other = templates.setdefault(template.id, template)
            if other is not template:
                raise UsageError(f"{file}: id: {template.id} is also that of {other.path}; give each form its own id")
    return tuple(templates.values())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the name and its permissions") from error
    if len(data) > LARGEST_FILE:
        raise UsageError(f"{path}: has more than {LARGEST_FILE >> 20} MB, which no template has; name another file")
    return data


def _sha256(contents: list[bytes]) -> str:
    """The hash of several files; the length of each goes in too, so that no byte can move from one to the next."""
    total = hashlib.sha256()
    for content in contents:
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()


def _template(values: dict[str, Any], files: Files, problems: Problems) -> Template:
    if values.get("schema") != SCHEMA:
        raise Problem(f'schema: this is no template that can be read here; its first line must be schema = "{SCHEMA}"')
    table = Table(values, "", FILE_KEYS)
    name = problems.attempt(lambda: _id(table))
    title = problems.attempt(lambda: table.text("title"))
    tables = table.items("pages", "[[pages]]")
    if not tables:
        raise table.problem("pages", "there are none; write [[pages]] with blank = ... and its [[pages.fields]]")
    pages = problems.each(lambda page, i: _page(page, i, files, problems), tables)
    _refuse_twins(tables, problems)
    known = () if problems.found else pages
    checks = problems.each(lambda check, i: _check(check, i, known), table.items("checks", "[[checks]]"))
    return Template(name or "", pages, checks, title or "")


def _id(table: Table) -> str:
    name = table.required("id", '"kyc-2024"')
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise table.problem("id", f"{quoted(name)} is no id; use letters, digits, points, hyphens and underscores")
    return name


def _page(values: object, index: int, files: Files, problems: Problems) -> TemplatePage:
    path = f"pages[{index}]"
    table = Table(values, path, PAGE_KEYS)
    number = table.whole("blank_page", 1, 1_000_000) or 1
    blank, image = _blank(table, number, files)
    plane = page_plane(table, image)
    fields = problems.each(
        lambda field, i: read_field(field, f"{path}.fields[{i}]", plane, files, problems),
        table.items("fields", "[[pages.fields]]"),
    )
    return TemplatePage(index + 1, plane.width, plane.height, plane.dpi, blank, fields, number, table.flag("filled"))


def _blank(table: Table, number: int, files: Files) -> tuple[Path, PageImage]:
    name = table.required("blank", '"blank.png"')
    if not isinstance(name, str) or not name:
        raise table.problem("blank", f"must name an image or a PDF, not {quoted(name)}")
    path = files.folder / name
    try:
        image = load_blank(path, number, table.whole("dpi", 36, 1200))
        files.contents.append(path.read_bytes())
    except (OSError, ValueError) as error:
        if isinstance(error, Problem):
            raise
        raise table.problem("blank", str(error)) from error
    return path, image


def _refuse_twins(pages: list[Any], problems: Problems) -> None:
    """Complain about names that stand twice in a form."""
    seen: dict[str, str] = {}
    for i, page in enumerate(pages):
        fields = page.get("fields") if isinstance(page, dict) else None
        for j, field in enumerate(fields if isinstance(fields, list) else []):
            name, key = field.get("name") if isinstance(field, dict) else None, f"pages[{i}].fields[{j}].name"
            if isinstance(name, str) and seen.setdefault(name, key) != key:
                problems.add(Problem(f"{key}: {name} is also the name of {seen[name]}; use each name once in a form"))


def _check(values: object, index: int, pages: Sequence[TemplatePage]) -> Check:
    """A rule, held against the fields of the pages where all of them are sound, and else by itself."""
    table = Table(values, f"checks[{index}]", CHECK_KEYS)
    rule = table.required("rule", '"total = adults + children"')
    if not isinstance(rule, str) or not rule.strip():
        raise table.problem("rule", f"must be a rule in quotes, not {quoted(rule)}")
    check = Check(rule, table.text("message"))
    try:
        names = parse_rule(rule).names
        if pages:
            check_checks([check], [field for page in pages for field in page.fields])
    except ValueError as error:
        raise table.problem("rule", str(error)) from error
    if pages and not any(names <= {field.name for field in page.fields} for page in pages):
        raise table.problem("rule", f"the rule {rule!r} speaks of fields of several pages; keep it within one page")
    return check
