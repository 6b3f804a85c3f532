"""Shards of a run, merged, are the run; what is not all of one run is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal, journal_path
from tests.runs import damage, digest, digit_pages, draw_digit_page, mixed_pages, scan

SHARDS = 3


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Single pages, a document of several, a damaged one, and a copy of another."""
    folder = mixed_pages(tmp_path_factory.mktemp("shards") / "in", 9)
    (folder / "below" / "copy.png").write_bytes((folder / "0005.png").read_bytes())
    return folder


@pytest.fixture(scope="module")
def whole(inputs: Path) -> Path:
    target = inputs.parent / "whole.jsonl"
    assert scan(inputs, "--out", target) == ExitCode.SOME_PAGES_FAILED
    return target


@pytest.fixture
def shards(inputs: Path, tmp_path: Path) -> list[Path]:
    targets = [tmp_path / f"part-{number}.jsonl" for number in range(1, SHARDS + 1)]
    for number, target in enumerate(targets, 1):
        assert scan(inputs, "--out", target, "--shard", f"{number}/{SHARDS}") in (0, 1)
    return targets


def merge(*arguments: object) -> int:
    return run(["merge", *map(str, arguments), "--quiet"])


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "json"])
def test_merged_shards_are_the_run_that_was_not_cut(
    inputs: Path, shards: list[Path], tmp_path: Path, suffix: str
) -> None:
    whole, merged = tmp_path / f"whole.{suffix}", tmp_path / f"merged.{suffix}"
    scan(inputs, "--out", whole)
    assert merge(*reversed(shards), "--out", merged) == ExitCode.SOME_PAGES_FAILED
    assert digest(merged) == digest(whole)


def test_files_beside_the_pages_are_counted_once(
    shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["merge", *map(str, shards), "--out", str(tmp_path / "merged.csv")])
    assert "1 file passed over, hidden or of kinds that hold no pages: 1 .txt" in capsys.readouterr().err


def test_a_shard_with_a_damaged_record_truncates_no_output(shards: list[Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged.jsonl"
    merge(*shards, "--out", merged)
    before = digest(merged)
    damage(shards[1])
    assert merge(*shards, "--out", merged, "--overwrite") == ExitCode.JOURNAL
    assert digest(merged) == before


def test_each_document_is_in_one_shard(shards: list[Path], whole: Path) -> None:
    parts = [part.read_text().splitlines() for part in shards]
    assert sorted(line for lines in parts for line in lines) == sorted(whole.read_text().splitlines())
    assert all(parts)


def test_the_merged_journal_goes_on_as_the_whole_run(inputs: Path, shards: list[Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged.jsonl"
    merge(*shards, "--out", merged)
    before = digest(merged)
    assert scan(inputs, "--out", merged, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert digest(merged) == before
    with Journal(journal_path(str(merged))) as journal:
        assert len(journal.copies()) == 1
        assert journal.count() == 13


def test_a_shard_that_was_interrupted_goes_on(inputs: Path, shards: list[Path], whole: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    number = next(n for n, part in enumerate(shards, 1) if "0003.png" in part.read_text())
    assert scan(inputs, "--out", cut, "--shard", f"{number}/{SHARDS}", "--on-failure", "stop") == ExitCode.STOPPED
    parts = [*shards[: number - 1], cut, *shards[number:]]
    if len(cut.read_text().splitlines()) < len(shards[number - 1].read_text().splitlines()):
        assert merge(*parts, "--out", tmp_path / "m.jsonl") == ExitCode.JOURNAL
    assert scan(inputs, "--out", cut, "--shard", f"{number}/{SHARDS}", "--resume") == ExitCode.SOME_PAGES_FAILED
    assert merge(*parts, "--out", tmp_path / "merged.jsonl") == ExitCode.SOME_PAGES_FAILED
    assert digest(tmp_path / "merged.jsonl") == digest(whole)


def test_what_failed_in_a_shard_is_tried_again_there(tmp_path: Path) -> None:
    folder = digit_pages(tmp_path / "in", 4)
    (folder / "0001.png").write_bytes(b"no image")
    targets = [tmp_path / f"{number}.csv" for number in (1, 2)]
    for number, target in enumerate(targets, 1):
        scan(folder, "--out", target, "--shard", f"{number}/2")
    draw_digit_page(folder / "0001.png", "7")
    for target in targets:
        assert run(["retry", str(target), "--quiet", "-j1"]) == ExitCode.OK
    assert merge(*targets, "--out", tmp_path / "merged.csv") == ExitCode.OK
    scan(folder, "--out", tmp_path / "whole.csv")
    assert digest(tmp_path / "merged.csv") == digest(tmp_path / "whole.csv")


def test_a_shard_without_documents_is_one_too(tmp_path: Path) -> None:
    folder = digit_pages(tmp_path / "in", 1)
    scan(folder, "--out", tmp_path / "whole.csv")
    targets = [tmp_path / f"{number}.csv" for number in range(1, 5)]
    for number, target in enumerate(targets, 1):
        assert scan(folder, "--out", target, "--shard", f"{number}/4") == ExitCode.OK
    assert merge(*targets, "--out", tmp_path / "merged.csv") == ExitCode.OK
    assert digest(tmp_path / "merged.csv") == digest(tmp_path / "whole.csv")


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert merge(*arguments) == ExitCode.JOURNAL
    return capsys.readouterr().err


def test_what_is_not_all_of_one_run_is_refused(
    inputs: Path, shards: list[Path], whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ("--out", tmp_path / "merged.jsonl")
    assert "missing: 3/3" in refused(capsys, *shards[:2], *target)
    shutil.copy(journal_path(str(shards[0])), tmp_path / "again.journal")
    assert "both shard 1/3" in refused(capsys, *shards, tmp_path / "again.journal", *target)
    assert merge(*shards, shards[0], *target) == ExitCode.USAGE
    assert "no shard" in refused(capsys, whole, *target)
    other = tmp_path / "other.jsonl"
    run([str(inputs), "--out", str(other), "--shard", "3/3", "--layout", "glyph", "--charset", "upper", "-qj1"])
    assert "--charset" in refused(capsys, *shards[:2], other, *target)
    scan(inputs, "--out", other, "--shard", "3/4", "--overwrite")
    assert "not of the same cut" in refused(capsys, *shards[:2], other, *target)
    assert not (tmp_path / "merged.jsonl").exists()


def test_shards_that_found_other_documents_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = digit_pages(tmp_path / "in", 4)
    scan(folder, "--out", tmp_path / "1.csv", "--shard", "1/2")
    draw_digit_page(folder / "new.png", "3")
    scan(folder, "--out", tmp_path / "2.csv", "--shard", "2/2")
    message = refused(capsys, tmp_path / "1.csv", tmp_path / "2.csv", "--out", tmp_path / "m.csv")
    assert "did not find the same documents" in message


def test_a_shard_is_not_gone_on_with_over_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = digit_pages(tmp_path / "in", 6)
    bad = draw_digit_page(folder / "0002.png", "1")
    bad.write_bytes(b"no image")
    target = tmp_path / "1.csv"
    assert scan(folder, "--out", target, "--shard", "1/1", "--on-failure", "stop") == ExitCode.STOPPED
    draw_digit_page(folder / "0000-new.png", "3")
    with Journal(journal_path(str(target))) as journal:
        journal.note("listed", False)
    assert scan(folder, "--out", target, "--shard", "1/1", "--resume") == ExitCode.JOURNAL
    assert "not what it was" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2", "1/2/3", "１/２"])
def test_a_shard_is_a_part_of_a_whole(tmp_path: Path, text: str) -> None:
    folder = digit_pages(tmp_path / "in", 1)
    assert scan(folder, "--out", tmp_path / "r.csv", "--shard", text) == ExitCode.USAGE


def test_shards_and_merges_need_files(inputs: Path, shards: list[Path]) -> None:
    assert scan(inputs, "--out", "-", "--format", "csv", "--shard", "1/2") == ExitCode.USAGE
    assert merge(*shards, "--out", "-", "--format", "csv") == ExitCode.USAGE
    assert merge(*shards, "--out", os.devnull, "--format", "csv") == ExitCode.USAGE
