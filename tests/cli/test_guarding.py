"""No command writes its output over what a scan is made of, however that is named."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.document import Verdict
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from hcr_scan.review.indexing import index
from hcr_scan.review.items import Filter, State
from hcr_scan.review.store import ReviewStore
from hcr_scan.sources.discovery import find_inputs, is_found
from tests.reviews import field, page, write_journal
from tests.runs import digit_pages, draw_digit_page, scan

KYC = Path(__file__).parents[2] / "examples" / "kyc"
COMMANDS = {"export": ["--format", "csv"], "apply": ["--format", "csv"], "report": ["--no-crops"]}
OWN = [
    "out.csv",
    "out.csv.journal",
    "out.csv.review",
    "out.csv.run-manifest.json",
    "scan.png",
    "form.toml",
    "blank.png",
    "words.txt",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scan of one document by a template, with a review in which something is decided; alone in the folder above."""
    folder = tmp_path / "scan"
    folder.mkdir()
    document = draw_digit_page(folder / "scan.png", "3")
    draw_digit_page(folder / "blank.png", "4")
    fields = '[[pages.fields]]\nlexicon = ["A"]\n[[pages.fields]]\nlexicon = "words.txt"\n'
    (folder / "form.toml").write_text(f'schema = "hcr-scan-template/1"\n[[pages]]\nblank = "blank.png"\n{fields}')
    (folder / "words.txt").write_text("SMITH\n")
    (folder / "out.csv").write_text("file\n")
    (folder / "out.csv.run-manifest.json").write_text("{}")
    sha256 = hashlib.sha256(document.read_bytes()).hexdigest()
    read = page(str(document), field("surname", "SM1TH", 0.4, doubtful=[2]), sha256=sha256)
    path = str(write_journal(folder / "out.csv.journal", [read]))
    with Journal(path) as journal, ReviewStore(str(folder / "out.csv.review")) as store:
        journal.note("request", journal.noted("request") | {"template_paths": [str(folder / "form.toml")]})
        index(journal, store)
        (item,) = store.queue(Filter(State.ALL))
        store.decide(item.id, 1, "Ann", Verdict.CORRECTED, "SMITH", 1.0)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", OWN)
def test_nothing_of_the_scan_is_written_over(
    folder: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link").symlink_to(name)
    before = contents(folder)
    for out in (name, "link", f"./{name}"):
        arguments = [command, str(folder / "out.csv"), "-o", f"{folder}/{out}", *COMMANDS[command]]
        assert run(arguments) == ExitCode.USAGE
        assert "name another output" in capsys.readouterr().err
    assert contents(folder) == before


def test_a_template_that_begins_with_a_byte_order_mark_names_its_blank_too(folder: Path) -> None:
    form = folder / "form.toml"
    form.write_text(form.read_text(), encoding="utf-8-sig")
    before = contents(folder)
    assert run(["export", str(folder / "out.csv"), "-o", str(folder / "blank.png"), "--format", "csv"]) == 2
    assert contents(folder) == before


def test_a_document_is_known_by_its_bytes_under_another_name(folder: Path) -> None:
    scanned = (folder / "scan.png").read_bytes()
    (folder / "scan.png").rename(folder / "moved.png")
    (folder / "scan.png").symlink_to("moved.png")
    assert run(["export", str(folder / "out.csv"), "-o", str(folder / "moved.png"), "--format", "csv"]) == 2
    assert (folder / "moved.png").read_bytes() == scanned


@pytest.mark.parametrize("command", COMMANDS)
def test_journals_and_reviews_of_other_scans_are_not_written_over(folder: Path, command: str) -> None:
    for name in ("other.csv.journal", "other.csv.review"):
        (folder / name).write_bytes((folder / f"out{name[5:]}").read_bytes())
    before = contents(folder)
    for name in ("other.csv.journal", "other.csv.review"):
        assert run([command, str(folder / "out.csv"), "-o", str(folder / name), *COMMANDS[command]]) == 2
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["out.csv.journal", "out.csv.review"])
def test_no_tables_are_put_into_a_journal_or_a_review(folder: Path, name: str) -> None:
    pytest.importorskip("sqlalchemy")
    before = contents(folder)
    assert run(["export", str(folder / "out.csv"), "-o", f"sqlite:///{folder / name}"]) == ExitCode.USAGE
    assert run(["--out", f"sqlite:///{folder / name}", str(folder / "scan.png"), "-q", "-j1"]) != ExitCode.OK
    assert {each: data for each, data in contents(folder).items() if each in before} == before


def test_other_files_are_replaced(folder: Path) -> None:
    for command, more in COMMANDS.items():
        (folder / "other").write_text("old")
        assert run([command, str(folder / "out.csv"), "-o", str(folder / "other"), *more]) == ExitCode.OK
        assert (folder / "other").read_bytes() != b"old"


@pytest.mark.parametrize("name", ["scan.png", "out.csv.journal", "out.csv.review"])
def test_a_scan_replaces_neither_what_it_reads_nor_a_journal(folder: Path, name: str) -> None:
    before = contents(folder)
    assert scan(folder / "scan.png", "--out", folder / name, "--format", "csv", "--overwrite") == ExitCode.USAGE
    assert contents(folder) == before


@pytest.mark.parametrize("inputs", ["{}", "{}/*.png", "{}/*", "{}/..", "{}/sub/.."])
@pytest.mark.parametrize("name", ["scan.png", "sub/page.png"])
def test_a_scan_replaces_no_page_of_its_folders_and_patterns(folder: Path, inputs: str, name: str) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "page.png").write_bytes((folder / "scan.png").read_bytes())
    taken = name == "scan.png" or "*.png" not in inputs
    before = (folder / name).read_bytes()
    arguments = [inputs.format(folder), "--out", folder / name, "--format", "csv", "--overwrite", "--on-failure=stop"]
    if taken:
        assert scan(*arguments) == ExitCode.USAGE
        assert (folder / name).read_bytes() == before
    assert is_found([inputs.format(folder)], str(folder / name)) == taken
    assert is_found([inputs.format(folder)], str(folder / name)) == (
        str(folder / name) in [str(Path(found).resolve()) for found in find_inputs([inputs.format(folder)])]
    )


def test_an_output_among_the_pages_that_is_none_itself_is_replaced(tmp_path: Path) -> None:
    inputs = digit_pages(tmp_path / "in", 1)
    (inputs / "results.csv").write_text("old")
    assert scan(inputs, "--out", inputs / "results.csv", "--overwrite") == ExitCode.OK
    assert (inputs / "results.csv").read_text().startswith("file,")


def test_an_overlay_does_not_replace_the_page(folder: Path) -> None:
    before = contents(folder)
    assert run(["inspect", str(folder / "scan.png"), "-o", str(folder / "scan.png")]) == ExitCode.USAGE
    assert run(["template", "preview", str(folder / "form.toml"), "-o", str(folder / "blank.png")]) == ExitCode.USAGE
    assert contents(folder) == before


@pytest.mark.parametrize("template", ["kyc.toml", ""])
def test_an_overlay_replaces_no_template_and_no_blank(tmp_path: Path, template: str) -> None:
    for name in ("filled.tif", "kyc.toml", "blank.png", "cities.txt"):
        shutil.copy(KYC / name, tmp_path)
    before = contents(tmp_path)
    inspect = ["inspect", str(tmp_path / "filled.tif"), "--template", str(tmp_path / template), "-o"]
    for name in ("kyc.toml", "blank.png", "cities.txt"):
        assert run([*inspect, str(tmp_path / name)]) == ExitCode.USAGE
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["other.toml", "other.PNG", "other.pdf"])
def test_pages_and_templates_of_no_scan_are_not_written_over_by_tables(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder / name
    other.write_text("of another scan")
    assert run(["export", str(folder / "out.csv"), "-o", str(other), "--format", "csv"]) == ExitCode.USAGE
    assert "holds pages or a template" in capsys.readouterr().err
    assert scan(folder / "scan.png", "--out", other, "--format", "csv", "--overwrite") == ExitCode.USAGE
    if name != "other.PNG":  # which may be an overlay
        assert run(["inspect", str(folder / "scan.png"), "-o", str(other)]) == ExitCode.USAGE
        assert run(["template", "preview", str(folder / "form.toml"), "-o", str(other)]) == ExitCode.USAGE
    assert other.read_text() == "of another scan"


def test_merge_replaces_no_shard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = digit_pages(tmp_path / "in", 4)
    shards = [str(tmp_path / f"part-{number}.jsonl") for number in (1, 2)]
    for number, shard in enumerate(shards, 1):
        assert scan(inputs, "--out", shard, "--shard", f"{number}/2") == ExitCode.OK
    before = {path: path.read_bytes() for path in tmp_path.glob("part*")}
    for out in (shards[0], shards[1] + ".journal", shards[1] + ".run-manifest.json"):
        more = ["--overwrite", "--format", "jsonl"]
        assert run(["merge", *shards, "--out", out, *more]) == ExitCode.USAGE
        assert run(["merge", shards[0], shards[1] + ".journal", "--out", out, *more]) == ExitCode.USAGE
    assert "is one of the shards" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.glob("part*")} == before


@pytest.mark.parametrize("command", COMMANDS)
def test_the_output_of_another_scan_is_left_alone(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder / "other.csv"
    other.write_text("of another scan")
    write_journal(folder / "other.csv.journal", [page(str(folder / "blank.png"), field("name", "X"))])
    assert run([command, str(folder / "out.csv"), "-o", str(other), *COMMANDS[command]]) == ExitCode.USAGE
    assert "is the output of another scan, whose journal lies beside it" in capsys.readouterr().err
    assert other.read_text() == "of another scan"
