from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hcr_scan.cli import progress
from hcr_scan.cli.progress import Progress
from hcr_scan.document import Page, PageFailure, Source
from hcr_scan.run_report import RunReport

PAGE = Page(Source("in/a.png"), 100, 100, 300, 0, 0.0)
FAILURE = PageFailure(Source("in/b\udcff.png", 2, 3), "open", "damaged", "is cut off")


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
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING in/b\\xff\.png, page 2 of 3 is cut off", failed)
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
    lines = capsys.readouterr().err.splitlines()
    assert re.search(r" INFO 1 page, [\d.]+/s: blank 1$", lines[0])
    assert re.search(r" INFO 2 pages, [\d.]+/s: blank 1, failed 1$", lines[2])


def test_how_long_it_will_take_is_said_once_there_is_something_to_go_by(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    shown, report = Progress(), RunReport()
    shown.expect(lambda: 10)
    report._started -= 40.0
    for number in range(5):
        for page in (1, 2):
            result = replace(PAGE, source=Source(f"in/{number}.pdf", page, 2))
            report.add(result)
            shown.page_done(result, report)
    lines = capsys.readouterr().err.splitlines()
    assert "left" not in lines[0]
    # Four of ten documents are finished in 40 seconds.
    assert "60 s left" in lines[-1]


def test_what_is_not_counted_yet_is_not_forecast(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    shown, report = Progress(), RunReport()
    shown.expect(lambda: None)
    report._started -= 40.0
    for number in range(9):
        report.add(PAGE)
        shown.page_done(replace(PAGE, source=Source(f"in/{number}.png")), report)
    err = capsys.readouterr().err
    assert "9 pages" in err
    assert "left" not in err


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # no bar in between, wherever it goes
    follow(Progress(verbosity=1, log_format="json"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["page", "progress", "page", "progress", "summary"]
    assert {datetime.fromisoformat(line["time"]).tzinfo for line in lines} == {UTC}
    failure = lines[2]
    assert failure["level"] == "warning"
    assert (failure["path"], failure["page"], failure["error"]) == ("in/b\\xff.png", 2, "damaged")
    assert lines[-1]["failed"] == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(89.4, "89 s"), (90, "2 min"), (5400, "1 h 30 min"), (7320, "2 h 02 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


def test_on_a_terminal_a_bar_moves_and_failures_stay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    follow(Progress())
    out, err = capsys.readouterr()
    assert out == ""
    assert "page 2 of 3 is cut off" in err
    assert "\x1b[" in err
    assert not re.search(r"\d\d:\d\d:\d\d", err.splitlines()[-1])
