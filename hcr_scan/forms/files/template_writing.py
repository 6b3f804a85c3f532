"""A template as the text of a TOML file: in a stable order, and read back as the same template."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from hcr_scan.forms.files.field_table import CELL_KINDS, MARKED, equal_cells
from hcr_scan.forms.files.template_file import SCHEMA
from hcr_scan.forms.template import (
    MARK_KINDS,
    FieldKind,
    Knowledge,
    Option,
    Template,
    TemplateField,
    TemplatePage,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.settings import NAMED_CHARSETS, parse_charset


def write_template(template: Template, folder: Path | None = None) -> str:
    """The TOML text of a template, its blanks named as seen from ``folder`` (default: where the template lies).

    Word lists are written into the file, and every box in pixels of the blank.
    """
    if folder is None and template.path is not None:
        folder = template.path.parent
    lines = [f"schema = {_text(SCHEMA)}", f"id = {_text(template.id)}"]
    if template.title:
        lines.append(f"title = {_text(template.title)}")
    for page in template.pages:
        lines += ["", "[[pages]]", *_page(page, folder)]
    for check in template.checks:
        lines += ["", "[[checks]]", f"rule = {_text(check.rule)}"]
        if check.message:
            lines.append(f"message = {_text(check.message)}")
    return "\n".join(lines) + "\n"


def _page(page: TemplatePage, folder: Path | None) -> Iterable[str]:
    yield f"blank = {_text(_relative(page.blank, folder))}"
    if page.blank_page != 1:
        yield f"blank_page = {page.blank_page}"
    if page.filled:
        yield "filled = true"
    yield f"size = [{page.width}, {page.height}]"
    yield f"dpi = {page.dpi}"
    for field in page.fields:
        yield ""
        yield "[[pages.fields]]"
        yield from _field(field)


def _field(field: TemplateField) -> Iterable[str]:
    yield f"name = {_text(field.name)}"
    yield f"kind = {_text(field.kind.value)}"
    yield f"box = {_box(field.box)}"
    if field.kind in CELL_KINDS:
        yield f"cells = {_cells(field)}"
    if field.kind in MARK_KINDS:
        if field.kind is FieldKind.CHOICE or field.options != (Option(MARKED, field.box),):
            yield f"options = {_options(field.options)}"
    else:
        yield from _knowledge(field.knowledge)
    if field.required:
        yield "required = true"
    if field.normalize:
        yield f"normalize = {_texts(normalization.value for normalization in field.normalize)}"
    if field.accept_above is not None:
        yield f"accept_above = {field.accept_above!r}"


def _cells(field: TemplateField) -> str:
    if field.cells == equal_cells(field.box, len(field.cells)):
        return str(len(field.cells))
    return f"[{', '.join(_box(cell) for cell in field.cells)}]"


def _options(options: tuple[Option, ...]) -> str:
    rows = [f"    {{ value = {_text(option.value)}, box = {_box(option.box)} }},\n" for option in options]
    return f"[\n{''.join(rows)}]"


def _knowledge(knowledge: Knowledge) -> Iterable[str]:
    if knowledge.charset is not None:
        yield f"charset = {_text(_charset(knowledge.charset))}"
    if knowledge.mask is not None:
        yield f"mask = {_text(knowledge.mask)}"
    if knowledge.pattern is not None:
        yield f"pattern = {_text(knowledge.pattern)}"
    if knowledge.lexicon:
        yield f"lexicon = {_texts(knowledge.lexicon)}"
    if knowledge.closed_lexicon:
        yield "closed_lexicon = true"
    if knowledge.type != ValueType():
        yield f"type = {_type(knowledge.type)}"


def _type(value: ValueType) -> str:
    if value == ValueType(value.kind):
        return _text(value.kind.value)
    entries = [f"kind = {_text(value.kind.value)}"]
    if value.formats:
        entries.append(f"formats = {_texts(value.formats)}")
    entries += [f"{key} = {_text(bound)}" for key in ("least", "most") if (bound := getattr(value, key)) is not None]
    if value.decimals is not None:
        entries.append(f"decimals = {value.decimals}")
    if value.system is not None:
        entries.append(f"system = {_text(value.system)}")
    return f"{{ {', '.join(entries)} }}"


def _charset(characters: str) -> str:
    """The name of a set of characters, where it has one."""
    names = (name for name in NAMED_CHARSETS if parse_charset(name) == characters)
    return next(names, characters)


def _relative(path: Path, folder: Path | None) -> str:
    if folder is None:
        return path.as_posix()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # On another drive.
        return path.resolve().as_posix()


def _box(box: BoundingBox) -> str:
    return str(box.as_list())


def _texts(texts: Iterable[str]) -> str:
    return f"[{', '.join(_text(text) for text in texts)}]"


def _text(text: str) -> str:
    # What JSON escapes, TOML escapes alike, but for one control character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
