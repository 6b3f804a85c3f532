"""Counts of a review for its report: verdicts, the time a look takes, and which pages it knows as they read now."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.document import PageResult, Verdict
from hcr_scan.journal.journal import Journal
from hcr_scan.review.auditing import Audit
from hcr_scan.review.figures import ReviewedPages, ReviewFigures, figures
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.selection import Selection
from hcr_scan.review.store import ReviewStore
from tests.reviews import field, page, review_of, write_journal


def doubtful_pages(count: int) -> list[PageResult]:
    return [
        page(
            f"/in/{number:02}", field("name", "ABC", 0.5, doubtful=[1]), field("city", "ROME", 0.99), sha256=str(number)
        )
        for number in range(count)
    ]


def decide(store: ReviewStore, gaps: list[float], verdict: Verdict = Verdict.ACCEPTED) -> None:
    """Decide the next items, each so many seconds after the one before."""
    at = 1_000.0
    for gap, item in zip(gaps, store.queue(Filter(), limit=len(gaps)), strict=True):
        at += gap
        store.decide(item.id, 1, "Ann", verdict, "", at)


def figures_of(folder: Path, gaps: list[float]) -> ReviewFigures:
    with review_of(folder, doubtful_pages(15)) as store:
        decide(store, gaps)
        return figures(store)


def test_a_look_takes_what_passes_between_decisions_without_the_breaks(tmp_path: Path) -> None:
    found = figures_of(tmp_path, [0, *[4.0] * 5, 3600, *[6.0] * 5])
    assert found.seconds == pytest.approx(5)
    assert (found.to_look_at, found.settled, found.still_open) == (15, 12, 3)
    assert found.minutes_left == pytest.approx(0.25)


def test_few_decisions_say_nothing_of_the_time(tmp_path: Path) -> None:
    found = figures_of(tmp_path, [0, 4, 4])
    assert found.seconds is None
    assert found.minutes_left is None


def test_each_item_counts_once_by_what_holds_in_the_end(tmp_path: Path) -> None:
    with review_of(tmp_path, doubtful_pages(5)) as store:
        store.passes = 2
        first, second, third, *_ = store.queue(Filter())
        for pass_ in (1, 2):
            store.decide(first.id, pass_, "Ann", Verdict.UNREADABLE, "", 1)
            store.decide(second.id, pass_, "Ann", Verdict.CORRECTED, f"V{pass_}", 1)
        store.decide(second.id, 3, "Bob", Verdict.CORRECTED, "V2", 2)
        store.decide(third.id, 1, "Ann", Verdict.ACCEPTED, "", 3)
        store.decide(third.id, 2, "Ann", Verdict.BLANK, "", 3)
        found = figures(store)
    assert found.verdicts == {Verdict.UNREADABLE: 1, Verdict.CORRECTED: 1}
    assert (found.looks, found.different) == ({Why.DOUBTFUL: 5}, 1)
    # Two items twice, and one difference to be settled.
    assert found.still_open == 2 * 2 + 1


def test_the_audit_s_items_are_not_counted_among_those_to_look_at(tmp_path: Path) -> None:
    with review_of(tmp_path, doubtful_pages(5), Selection(audit=Audit(3))) as store:
        for item in store.queue(Filter(State.ALL, why=Why.AUDIT)):
            store.decide(item.id, 1, "Ann", Verdict.BLANK, "", 1)
        found = figures(store)
    assert (found.to_look_at, found.settled, found.still_open) == (5, 0, 5)
    assert found.audit is not None
    assert (found.audit.population, found.audit.drawn, found.audit.wrong, found.audit.complete) == (5, 3, 3, True)


def test_pages_that_read_otherwise_since_are_found(tmp_path: Path) -> None:
    pages = doubtful_pages(3)
    review_of(tmp_path, pages, Selection(accept_above=0.995)).close()
    other = page("/in/01", field("name", "XYZ", 0.5, doubtful=[1]), sha256="1")
    path = write_journal(tmp_path / "out.csv.journal", [other, page("/in/99", field("name", "A"), sha256="99")])
    with Journal(str(path)) as journal, ReviewStore(str(tmp_path / "out.csv.review")) as store:
        reviewed = ReviewedPages(store)
        looks = {record.path: reviewed.looks(record) for record in journal.records()}
        assert reviewed.stale == 2
    assert looks == {"/in/00": {0, 1}, "/in/01": None, "/in/02": {0, 1}, "/in/99": None}


@pytest.mark.parametrize("passes", [1, 2])
def test_what_every_pass_decided_alike_is_known_by_page(passes: int, tmp_path: Path) -> None:
    with review_of(tmp_path, doubtful_pages(2), Selection(accept_above=0.995)) as store:
        store.passes = passes
        first, second, *_ = store.queue(Filter())
        for pass_ in range(1, passes + 1):
            store.decide(first.id, pass_, "Ann", Verdict.CORRECTED, "V", 1)
            store.decide(second.id, pass_, "Ann", Verdict.CORRECTED, f"V{pass_}", 1)
        reviewed = ReviewedPages(store)
        with Journal(str(tmp_path / "out.csv.journal")) as journal:
            found = [(record.path, place) for record in journal.records() for place in reviewed.decided(record)]
    assert len(found) == (2 if passes == 1 else 1)
