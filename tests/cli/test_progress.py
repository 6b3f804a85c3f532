from __future__ import annotations

import re
import sys

import pytest

from hcr_scan.cli import progress
from hcr_scan.cli.progress import Progress
from hcr_scan.document import Page, PageFailure, Source
from hcr_scan.report import RunReport

PAGE = Page(Source("in/a.png"), 100, 100, 300, 0, 0.0)
FAILURE = PageFailure(Source("in/b\udcff.png", 2, 3), "open", "damaged", "in/b.png is cut off")


def follow(shown: Progress) -> None:
    report = RunReport()
    with shown:
        for result in (PAGE, FAILURE):
            report.add(result)
            shown.page_done(result, report)
    shown.summary(report, "r.csv")


def test_without_a_terminal_there_are_lines_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Progress())
    out, err = capsys.readouterr()
    assert out == ""
    failed, summary = err.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING in/b\\udcff\.png, page 2: in/b\.png is cut off", failed
    )
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO 1 page read in ", summary)
    assert "written to r.csv" in summary


def test_verbose_names_every_page_and_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Progress(verbosity=1))
    assert "in/a.png, page 1: blank" in capsys.readouterr().err
    follow(Progress(quiet=True, verbosity=1))
    assert capsys.readouterr() == ("", "")


def test_long_runs_say_how_far_they_are(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    follow(Progress())
    assert "1 page, 0 failed, " in capsys.readouterr().err


def test_on_a_terminal_a_bar_moves_and_failures_stay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    follow(Progress())
    out, err = capsys.readouterr()
    assert out == ""
    assert "in/b.png is cut off" in err
    assert "\x1b[" in err
    assert not re.search(r"\d\d:\d\d:\d\d", err.splitlines()[-1])
