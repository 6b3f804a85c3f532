"""README and docs/ say what is so: their commands run, their tables are the code's, their links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import jsonschema
import pytest

from hcr_scan.cli import COMMANDS, group
from hcr_scan.cli.scan import scan
from hcr_scan.document import Reason, Status
from hcr_scan.errors import ExitCode
from hcr_scan.forms.files.field_table import FIELD_KEYS, OPTION_KEYS
from hcr_scan.forms.files.template_file import CHECK_KEYS, FILE_KEYS, PAGE_KEYS
from hcr_scan.sinks.formats import SUFFIXES
from hcr_scan.sinks.tabular import FIELD_COLUMNS

ROOT = Path(__file__).parents[2]
#: In the order in which README names them.
GUIDES = [ROOT / name for name in re.findall(r"\]\((docs/[\w-]+\.md)\) \|", (ROOT / "README.md").read_text("utf-8"))]
#: README, then each guide.
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *GUIDES))
VENV = ".venv/bin/"
#: Commands that are to be run, in the order in which they are read.
RUN = re.compile(r"^<!-- run(?: [\w ]+)? -->\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = f"python3 -m venv .venv && {VENV}pip install . && "


def block(mark: str) -> str:
    """The fenced block after the comment ``<!-- mark -->``."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n```\w*\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, mark
    return str(found[0])


def first_column(heading: str) -> list[str]:
    """The first cells of the table whose head begins with ``| heading |``, code marks taken off."""
    table = TEXT.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    return [row.split("|")[1].strip().strip("`") for row in table.splitlines()[2:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where somebody ran every command shown, in the order in which they are read."""
    path = tmp_path_factory.mktemp("read")
    (path / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
    main_job = block("install").strip().removeprefix(INSTALL).replace(VENV, "")
    for command in [main_job, *RUN.findall(TEXT)]:
        shell(command, path)
    return path


def shell(command: str, folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_the_main_job_is_the_installation_and_one_scan() -> None:
    # The installation itself is what CI does; where the tests run the program is installed already.
    assert block("install").strip().startswith(f"{INSTALL}{VENV}hcr-scan ")


def test_the_main_job_reads_the_examples(folder: Path) -> None:
    rows = (folder / "results.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].split(",") == list(FIELD_COLUMNS)
    assert len(rows) > 30


def test_every_output_named_is_there(folder: Path) -> None:
    outputs = re.findall(r"(?:--out|-o) ([\w./-]+)", "".join(RUN.findall(TEXT)))
    assert len(outputs) > 20
    empty = [name for name in outputs if name != "-" and not (folder / name).stat().st_size]
    assert empty == []


def test_merged_shards_shown_are_what_one_machine_gives(folder: Path) -> None:
    assert (folder / "merged.csv").read_bytes() == (folder / "results.csv").read_bytes()


def test_the_table_of_exchange_formats_is_the_programs(folder: Path) -> None:
    assert len(list((folder / "alto").iterdir())) == 18
    assert {*first_column("`--format`"), "csv", "json", "jsonl"} == {format_.value for format_ in SUFFIXES}
    for format_, suffix in SUFFIXES.items():
        assert f"`{suffix}`" in TEXT, format_


def test_the_report_shown_has_pictures(folder: Path) -> None:
    assert "data:image/png" in (folder / "report.html").read_text(encoding="utf-8")


def test_what_a_review_gives_has_the_machines_values_beside(folder: Path) -> None:
    assert (folder / "final.csv").read_text("utf-8").splitlines()[0].endswith("machine_confidence,machine_status")


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *GUIDES], ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    def anchors(path: Path) -> set[str]:
        titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}

    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not re.match(r"\w+:", target):
            name, _, anchor = target.partition("#")
            found = page.parent / name if name else page
            assert found.exists(), target
            assert not anchor or anchor in anchors(found), target


def test_every_guide_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"](docs/{path.name})" not in readme] == []


def test_the_template_shown_is_as_the_schema_says() -> None:
    schema = json.loads((ROOT / "hcr_scan" / "schema" / "template.schema.json").read_text("utf-8"))
    shown = re.search(r"^```toml\n(schema = .*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert shown is not None
    values = tomllib.loads(re.sub(r"= (\d{4}-\d\d-\d\d)", r'= "\1"', shown[1]))
    jsonschema.Draft202012Validator(schema).validate(values)


def test_every_key_of_a_template_is_explained() -> None:
    for keys in (FILE_KEYS, PAGE_KEYS, CHECK_KEYS, FIELD_KEYS, OPTION_KEYS):
        assert [key for key in keys if not re.search(rf"`{key}`|\n{key} =|\n\[\[{key}]]", TEXT)] == []


def test_the_python_shown_runs(folder: Path) -> None:
    (folder / "shown.py").write_text(block("run python"), encoding="utf-8")
    printed = shell(f"{sys.executable} shown.py", folder)
    assert "1 field_001" in printed


def test_ci_runs_the_test_command() -> None:
    done = subprocess.run([ROOT / ".ci" / "run", "--print"], capture_output=True, text=True, check=True)
    packages, tests = done.stdout.splitlines(keepends=True)
    assert packages.replace("sudo ", "") == block("ci packages").replace("sudo ", "")
    assert tests == block("ci")
    assert tests.strip().endswith(f"&& {VENV}pytest")


def test_the_table_of_exit_codes_is_the_code_s() -> None:
    codes = [int(code) for cell in first_column("code") for code in cell.split(",")]
    assert codes == sorted(int(code) for code in ExitCode)


def test_statuses_and_reasons_are_all_explained() -> None:
    assert first_column("status") == [status.value for status in Status]
    assert first_column("reason") == [reason.value for reason in Reason]


def test_every_column_is_explained_in_order() -> None:
    table = TEXT.split("\n| column |", 1)[1].split("\n\n", 1)[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert [name for cell in cells for name in re.findall(r"`(\w+)`", cell)] == list(FIELD_COLUMNS)


def test_every_option_named_exists() -> None:
    known = {option for parameter in scan.params for option in parameter.opts}
    for command in COMMANDS:
        found = group.get_command(None, command)  # type: ignore[arg-type]
        assert found is not None
        commands = [found, *found.commands.values()] if isinstance(found, click.Group) else [found]
        known |= {option for each in commands for parameter in each.params for option in parameter.opts}
    # Options of pip, uv, docker and hcr-scan itself.
    known |= {"--inexact", "--frozen", "--all-extras", "--help"}
    known |= {"--rm", "--network", "--user", "--env", "--build-arg"}
    named = set(re.findall(r"(?<![\w<!-])--[a-z][\w-]*", TEXT))
    assert named - known == set()


def test_every_table_and_column_of_a_database_is_explained() -> None:
    pytest.importorskip("sqlalchemy", reason="databases need the sql extra")
    from hcr_scan.sinks.database.tables import METADATA, SCHEMA_VERSION

    assert first_column("table") == ["pages", "fields", "glyphs", "hcr_scan_schema"]
    section = TEXT.split("\n| table |", 1)[1].split("\n\n", 1)[0]
    rows = {row.split("|")[1].strip(" `"): row for row in section.splitlines()[2:]}
    assert set(rows) == set(METADATA.tables)
    for name, table in METADATA.tables.items():
        boxed = "and the box" in rows[name]
        expected = {column.name for column in table.columns if not (boxed and column.name.startswith("box_"))}
        assert expected <= set(re.findall(r"`(\w+)`", rows[name])), name
    assert f"`version` of these tables: {SCHEMA_VERSION}" in TEXT
