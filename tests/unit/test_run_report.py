from __future__ import annotations

import signal
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.document import Field, Line, Page, PageFailure, PageResult, Reason, Source, Status
from hcr_scan.errors import ExitCode
from hcr_scan.geometry import BoundingBox
from hcr_scan.run_report import SLOWEST, RunReport
from tests.documents import results


@given(st.lists(results, max_size=4), st.booleans(), st.booleans())
def test_the_exit_code_is_0_if_and_only_if_no_page_failed(
    pages: list[PageResult], interrupted: bool, stopped: bool
) -> None:
    report = RunReport(signal=signal.SIGINT if interrupted else None, stopped=stopped)
    for page in pages:
        report.add(page)
    failures = sum(isinstance(page, PageFailure) for page in pages)
    expected = ExitCode.SOME_PAGES_FAILED if failures else ExitCode.OK
    expected = ExitCode.STOPPED if stopped else expected
    assert report.exit_code is (ExitCode.INTERRUPTED if interrupted else expected)
    assert (report.pages, report.failures) == (len(pages), failures)


@given(st.lists(results, max_size=4))
def test_every_glyph_is_counted_once(pages: list[PageResult]) -> None:
    report = RunReport()
    for page in pages:
        report.add(page)
    read = [page for page in pages if not isinstance(page, PageFailure)]
    glyphs = [glyph for page in read for part in (*page.fields, *page.lines) for glyph in part.glyphs]
    for status in Status:
        assert report.glyphs[status] == sum(glyph.status is status for glyph in glyphs)
    assert report.fields.total() == sum(len(page.fields) for page in read)
    assert report.lines.total() == sum(len(page.lines) for page in read)


def test_the_slowest_pages_are_kept_slowest_first() -> None:
    report = RunReport()
    for seconds in (3, 9, 1, 7, 8, 2, 6, 5, 4):
        report.timed(Source(f"{seconds}.png"), seconds)
    assert [seconds for _, seconds in report.slowest] == [9, 8, 7, 6, 5][:SLOWEST]
    assert report.slowest[0][0].path == "9.png"


def test_the_summary_says_what_failed() -> None:
    report = RunReport()
    report.add(PageFailure(Source("a.png"), "open", "damaged", "?"))
    assert "0 pages read" in report.summary()
    assert "1 page FAILED" in report.summary()


def test_the_summary_counts_doubtful_fields_whose_glyphs_are_sure() -> None:
    box = BoundingBox(0, 0, 10, 10)
    sure = Field("a", "cells", box, "1", "1", 0.99, Status.OK)
    doubtful = Field("b", "cells", box, "", "", 0.99, Status.REVIEW, reasons=(Reason.REQUIRED,))
    rejected = Line((), Status.REJECTED)
    report = RunReport()
    report.add(Page(Source("a.png"), 100, 100, 100, 0, 0.0, fields=(sure, doubtful), lines=(rejected,)))
    assert "; 2 fields (1 to look at); 1 line (1 to look at); 0 glyphs (0 to review, 0 rejected)" in report.summary()


def test_of_many_kinds_of_files_passed_over_the_most_frequent_are_named() -> None:
    assert RunReport().passed_over_text() == ""
    report = RunReport(passed_over=Counter({".txt": 1200, "": 3, ".db": 2, ".ini": 1, ".log": 1, ".xml": 1}))
    told = (
        "1,208 files passed over, hidden or of kinds that hold no pages: "
        "1,200 .txt, 3 without a suffix, 2 .db, 1 .ini, 2 others"
    )
    assert report.passed_over_text() == told


def test_the_summary_says_how_many_pages_matched_no_template() -> None:
    report = RunReport()
    report.add(Page(Source("a.png"), 100, 100, 100, 0, 0.0, (), (), None))
    assert "template" not in report.summary()
    report.add(Page(Source("b.png"), 100, 100, 100, 0, 0.0, (), (), None, reasons=(Reason.UNREGISTERED,)))
    assert "1 page of no template" in report.summary()
