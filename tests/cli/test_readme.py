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
GUIDES = sorted((ROOT / "docs").glob("*.md"))
#: README, then each guide.
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *GUIDES))
VENV = ".venv/bin/"


def block(mark: str) -> str:
    """The fenced block after the comment ``<!-- mark -->``."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n```\w*\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, mark
    return str(found[0])


def first_column(heading: str) -> list[str]:
    """The first cells of the table whose head begins with ``| heading |``, code marks taken off."""
    table = TEXT.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    return [row.split("|")[1].strip().strip("`") for row in table.splitlines()[2:]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place to run commands in, with the examples there."""
    (tmp_path / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
    return tmp_path


def shell(command: str, folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_the_main_job_runs_as_the_top_says(folder: Path) -> None:
    command = block("install").strip()
    install = f"python3 -m venv .venv && {VENV}pip install . && "
    # The installation itself is what CI does; here the program is installed already.
    assert command.startswith(install)
    shell(command.removeprefix(install).replace(VENV, ""), folder)
    rows = (folder / "results.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].split(",") == list(FIELD_COLUMNS)
    assert len(rows) > 30


def test_the_commands_for_exchange_formats_shown_run_and_the_table_is_the_programs(folder: Path) -> None:
    shell("hcr-scan examples/forms/orders.tif --out results.csv --quiet", folder)
    for command in block("run exchange").splitlines():
        shell(command, folder)
    assert len(list((folder / "alto").iterdir())) == 2
    assert {*first_column("`--format`"), "csv", "json", "jsonl"} == {format_.value for format_ in SUFFIXES}
    for format_, suffix in SUFFIXES.items():
        assert f"`{suffix}`" in TEXT, format_


@pytest.mark.parametrize("command", (block("run") + block("run with templates")).splitlines())
def test_every_command_shown_runs(command: str, folder: Path) -> None:
    printed = shell(command, folder)
    if "--out -" in command:
        assert printed.startswith("file,page,")
    else:
        target = re.search(r"(?:--out|-o) (\S+)", command)
        assert target is not None
        assert (folder / target[1]).stat().st_size > 0


def test_the_commands_for_long_runs_shown_run(folder: Path) -> None:
    shell(block("run long"), folder)
    found = {path.name for path in folder.iterdir()}
    assert {"results.csv", "results.csv.journal", "results.jsonl", "glyphs.csv"} <= found


def test_the_command_for_a_report_shown_runs(folder: Path) -> None:
    shell("hcr-scan examples/forms/orders.tif --out results.csv --quiet\n" + block("run report"), folder)
    assert "data:image/png" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_commands_for_several_machines_shown_give_what_one_gives(folder: Path) -> None:
    shell(block("run shards") + "hcr-scan examples/forms --out whole.csv\n", folder)
    assert (folder / "merged.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_the_commands_of_a_review_shown_run(folder: Path) -> None:
    shell("hcr-scan examples/forms --out results.csv\n" + block("run review"), folder)
    assert (folder / "final.csv").read_text("utf-8").splitlines()[0].endswith("machine_confidence,machine_status")


def test_the_template_commands_shown_run(folder: Path) -> None:
    shell(block("run templates"), folder)
    assert {"membership.toml", "membership.png"} <= {path.name for path in folder.iterdir()}


def test_the_commands_for_forms_shown_run(folder: Path) -> None:
    shell(block("run forms"), folder)
    assert (folder / "forms.csv").read_text("utf-8").startswith("file,pages,template,status,reasons,error,")


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
    assert [path.name for path in GUIDES if f"](docs/{path.name})" not in readme] == []


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
    assert done.stdout == block("ci")
    assert done.stdout.strip().endswith(f"&& {VENV}pytest")


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
