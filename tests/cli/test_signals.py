"""Signals as the command line takes them, sent to this process itself."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcr_scan import cli
from hcr_scan.cli import signals
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.signals import Signalled, Signals
from hcr_scan.document import PageResult
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from tests.runs import digest, digit_pages, scan

#: Pages are done as they come, and not when enough of them are there for a batch.
STEPWISE = ("--batch-size", "1")


def send(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digit_pages(tmp_path_factory.mktemp("signals") / "in", 12)


@pytest.fixture
def begun(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output of a run that a signal ended after its second page; the next ends after its first."""
    target = tmp_path / "r.jsonl"
    with monkeypatch.context() as patch:
        end_after(2, patch)
        assert scan(folder, "--out", target, *STEPWISE) == ExitCode.TERMINATED
    assert 2 <= len(target.read_text().splitlines()) < 12
    end_after(1, monkeypatch)
    return target


def end_after(pages: int, patch: pytest.MonkeyPatch) -> None:
    def done(self: Progress, result: PageResult, report: Any) -> None:
        del self, result
        if report.pages == pages:
            send()

    patch.setattr(Progress, "page_done", done)


def inputs_of(target: Path) -> str:
    with Journal(f"{target}.journal") as journal:
        return journal.identity.inputs[0]


def slowly(each: float, before: dict[int, int], patch: pytest.MonkeyPatch) -> None:
    """Let pages come from the journal slowly, signals having come before some of them."""
    real = Journal.results

    def results(journal: Journal) -> Iterator[PageResult]:
        for number, page in enumerate(real(journal)):
            time.sleep(each)
            if number in before:
                send(before[number])
            yield page

    patch.setattr(Journal, "results", results)


def test_after_one_signal_an_output_is_finished_however_long_that_takes(
    begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = begun.read_text().splitlines()
    monkeypatch.setattr(signals, "GRACE", 0.2)
    slowly(0.1, {}, monkeypatch)
    assert scan(inputs_of(begun), "--out", begun, "--resume", *STEPWISE) == ExitCode.TERMINATED
    after = begun.read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_after_two_signals_what_was_there_stays(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(begun)
    slowly(0.0, {1: signal.SIGINT}, monkeypatch)
    assert scan(inputs_of(begun), "--out", begun, "--resume", *STEPWISE) == ExitCode.TERMINATED
    assert digest(begun) == before
    monkeypatch.undo()
    assert scan(inputs_of(begun), "--out", begun, "--resume", *STEPWISE) == ExitCode.OK
    assert len(begun.read_text().splitlines()) == 12
    account = json.loads(Path(f"{begun}.run-manifest.json").read_text())
    assert account["exit_code"] == ExitCode.OK


def test_an_export_that_is_interrupted_leaves_what_was_there(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("whole")
    slowly(0.0, {1: signal.SIGINT}, monkeypatch)
    assert cli.run(["export", str(begun), "-o", str(other)]) == ExitCode.INTERRUPTED
    assert other.read_text() == "whole"


def test_an_interrupted_run_looks_for_no_copies(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copies(journal: Journal) -> list[tuple[str, str]]:
        raise AssertionError("that takes seconds")

    monkeypatch.setattr(Journal, "copies", copies)
    assert scan(inputs_of(begun), "--out", begun, "--resume", *STEPWISE) == ExitCode.TERMINATED


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_first_signal_is_the_exit_code_wherever_the_second_comes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    def twice(*_: object, **__: object) -> None:
        send(first)
        send(signal.SIGINT if first != signal.SIGINT else signal.SIGTERM)

    monkeypatch.setattr("hcr_scan.model.classifier.load_classifier", twice)
    assert scan(folder, "--out", tmp_path / "r.csv") == signals.SIGNALLED + first


def test_pages_under_way_get_a_while_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "GRACE", 0.1)
    with Signals() as caught:
        send()
        time.sleep(0.3)  # nothing is under way
        assert caught.received == signal.SIGTERM
        started = time.monotonic()
        with pytest.raises(Signalled), caught.grace():
            time.sleep(5)
        assert time.monotonic() - started < 1
        assert not caught.twice
        time.sleep(0.3)
        with pytest.raises(Signalled):
            send()
        assert caught.twice
