from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcr_scan.document import Reason, Status, Verdict
from hcr_scan.errors import JournalError
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.store import ReviewStore
from tests.reviews import field, final, finals, line, page, review_of

OPEN = Filter()
A, C, U, B = Verdict.ACCEPTED, Verdict.CORRECTED, Verdict.UNREADABLE, Verdict.BLANK


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReviewStore]:
    """Five fields need a look, of three names on two documents, one line too; two need none."""
    pages = [
        page("/in/a", field("surname", "SMITH", 0.4, doubtful=[1]), field("city", "ROME", 0.99)),
        page(
            "/in/b",
            field("surname", "JO~ES", 0.3),
            field("city", "PARIS", 0.6, doubtful=[0]),
            field("code", "", 1.0, reasons=(Reason.REQUIRED,)),
            lines=[line("MORE", "TEXT", doubtful=True), line("OK")],
        ),
    ]
    with review_of(tmp_path, pages) as review:
        yield review


def names(store: ReviewStore, filter_: Filter = OPEN, pass_: int = 1) -> list[str]:
    return [item.name for item in store.queue(filter_, pass_)]


def number_of(store: ReviewStore, name: str, path: str = "/in/b") -> int:
    return next(item.id for item in store.queue(Filter(State.ALL, name, path)))


def test_the_most_doubtful_come_first(store: ReviewStore) -> None:
    assert names(store) == ["surname", "surname", "city", "line_001", "code"]
    assert [item.why for item in store.queue(OPEN)] == [Why.DOUBTFUL] * 4 + [Why.REQUIRED]


def test_an_item_says_all_that_was_read(store: ReviewStore) -> None:
    item = store.item(number_of(store, "surname"))
    assert (item.value, item.raw, item.confidence, item.status) == ("JO ES", "JO ES", 0.3, Status.REVIEW)
    assert item.page.source.path == "/in/b"
    assert [glyph.text for glyph in item.glyphs] == ["J", "O", "", "E", "S"]
    assert item.decisions == ()


def test_a_line_is_an_item(store: ReviewStore) -> None:
    item = store.item(number_of(store, "line_001"))
    assert (item.kind, item.value, item.raw, len(item.glyphs)) == ("line", "MORE TEXT", "MORE TEXT", 8)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_queue_in_pages_is_the_queue(store: ReviewStore, limit: int) -> None:
    found, after = [], None
    while items := store.queue(OPEN, 1, after, limit):
        found += items
        after = items[-1].position
    assert found == store.queue(OPEN)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (Filter(name="surname"), 2),
        (Filter(path="/in/b"), 4),
        (Filter(path="/in/c"), 0),
        (Filter(kind="line"), 1),
        (Filter(status=Status.REVIEW), 5),
        (Filter(why=Why.REQUIRED), 1),
        (Filter(text="smi"), 1),
        (Filter(text="%"), 0),
        (Filter(State.UNSEEN), 2),
        (Filter(State.DECIDED), 0),
        (Filter(State.ALL), 5),
        (Filter(name="surname", path="/in/a"), 1),
    ],
)
def test_filters(store: ReviewStore, filter_: Filter, expected: int) -> None:
    assert len(store.queue(filter_)) == expected
    assert store.count(filter_) == expected


def test_choices_for_filters(store: ReviewStore) -> None:
    assert store.names() == [("city", 1), ("code", 1), ("line_001", 1), ("surname", 2)]
    assert store.paths() == [("/in/a", 1), ("/in/b", 4)]


def test_what_is_decided_is_no_longer_open(store: ReviewStore) -> None:
    number = number_of(store, "surname")
    store.decide(number, 1, "ann", C, "JONES", 12.5)
    assert names(store) == ["surname", "city", "line_001", "code"]
    assert names(store, Filter(State.DECIDED)) == ["surname"]
    decision = final(store, number)
    assert decision is not None
    assert (decision.verdict, decision.value, decision.reviewer, decision.decided_at) == (C, "JONES", "ann", 12.5)
    totals = store.totals()
    assert (totals.open, totals.decided, totals.different, totals.all) == (4, 1, 0, 5)


@pytest.mark.parametrize(
    ("verdict", "value", "expected"),
    [(A, "ignored", (A, "SMITH")), (C, "SMITH", (A, "SMITH")), (C, "", (B, "")), (B, "X", (B, "")), (U, "X", (U, ""))],
)
def test_verdicts_are_put_plainly(store: ReviewStore, verdict: Verdict, value: str, expected: object) -> None:
    number = number_of(store, "surname", "/in/a")
    store.decide(number, 1, "ann", verdict, value, 0.0)
    assert [(d.verdict, d.value) for d in store.decisions(number)] == [expected]


def test_undo_gives_back_what_was_said_before(store: ReviewStore) -> None:
    first, second = number_of(store, "surname"), number_of(store, "city")
    store.decide(first, 1, "ann", C, "JAMES", 1.0)
    store.decide(first, 1, "ann", C, "JONES", 2.0)
    store.decide(second, 1, "bob", A, "", 3.0)
    assert store.undo("ann") == first
    assert [d.value for d in store.decisions(first)] == ["JAMES"]
    assert store.undo("ann") == first
    assert store.decisions(first) == []
    assert store.undo("ann") is None
    assert [d.value for d in store.decisions(second)] == ["PARIS"]
    assert names(store) == ["surname", "surname", "line_001", "code"]


def test_undo_of_what_another_replaced_leaves_the_other_word(store: ReviewStore) -> None:
    number = number_of(store, "surname")
    store.decide(number, 1, "ann", C, "JAMES", 1.0)
    store.decide(number, 1, "bob", C, "JONES", 2.0)
    assert [decision.reviewer for decision in store.decisions(number)] == ["bob"]
    assert store.undo("ann") == number
    assert [d.value for d in store.decisions(number)] == ["JONES"]


def test_two_passes_agree_or_are_settled(store: ReviewStore) -> None:
    store.passes = 2
    same, other = number_of(store, "surname"), number_of(store, "city")
    for number, second in ((same, "JONES"), (other, "PAR1S")):
        store.decide(number, 1, "ann", C, "JONES" if number == same else "PARMA", 1.0)
        assert final(store, number) is None
        assert number in {item.id for item in store.queue(OPEN, 2)}
        store.decide(number, 2, "bob", C, second, 2.0)
    assert final(store, same) is not None
    assert final(store, other) is None
    assert [item.id for item in store.queue(Filter(State.DIFFERENT), 2)] == [other]
    assert [item.id for item in store.queue(OPEN, 3)] == [other]
    store.decide(other, 3, "eve", C, "PARIS!", 3.0)
    assert store.queue(OPEN, 3) == []
    assert [decision.value for _, decision in finals(store)] == ["JONES", "PARIS!"]
    store.undo("eve", 3)
    assert store.count(OPEN, 3) == 1


def test_finals_come_in_the_order_of_pages(store: ReviewStore) -> None:
    for item in store.queue(Filter(State.ALL)):
        store.decide(item.id, 1, "ann", A, "", 0.0)
    found = [(item.page.source.path, item.name) for item, _ in finals(store)]
    assert found == [
        ("/in/a", "surname"), ("/in/b", "surname"), ("/in/b", "city"), ("/in/b", "code"), ("/in/b", "line_001"),
    ]  # fmt: skip


def test_glyphs_that_were_read_alike(store: ReviewStore) -> None:
    assert store.glyph_groups() == [("", 1), ("M", 1), ("P", 1)]
    assert store.glyph_groups(Filter(name="city")) == [("P", 1)]
    (found,) = store.glyphs("M")
    assert (found.item.value, found.number, found.glyph.text) == ("SMITH", 1, "M")
    assert store.glyphs("M", found.position) == []


def test_an_item_is_settled_by_its_glyphs(store: ReviewStore) -> None:
    smith, jones = number_of(store, "surname", "/in/a"), number_of(store, "surname")
    assert store.decide_glyphs([(smith, 1, "M"), (jones, 2, "N")], 1, "ann", 1.0) == sorted([smith, jones])
    assert [(item.name, d.verdict, d.value) for item, d in finals(store)] == [
        ("surname", A, "SMITH"), ("surname", C, "JONES"),
    ]  # fmt: skip
    assert store.glyph_groups() == [("P", 1)]
    assert store.undo("ann") == min(smith, jones)
    assert finals(store) == []
    assert store.glyph_groups() == [("", 1), ("M", 1), ("P", 1)]


def test_an_item_with_another_doubtful_glyph_stays_open(tmp_path: Path) -> None:
    with review_of(tmp_path, [page("/in/a", field("code", "ABCD", doubtful=[0, 2]))]) as store:
        (item,) = store.queue(OPEN)
        assert store.decide_glyphs([(item.id, 0, "8")], 1, "ann", 1.0) == []
        assert store.glyph_groups() == [("C", 1)]
        assert store.decide_glyphs([(item.id, 2, "")], 1, "ann", 2.0) == [item.id]
        assert final(store, item.id).value == "8B D"  # type: ignore[union-attr]


def test_an_item_that_is_doubtful_for_another_reason_is_not_settled_by_glyphs(tmp_path: Path) -> None:
    wrong = field("code", "ABCD", doubtful=[0], reasons=(Reason.LOW_CONFIDENCE, Reason.PATTERN))
    with review_of(tmp_path, [page("/in/a", wrong)]) as store:
        (item,) = store.queue(OPEN)
        assert store.decide_glyphs([(item.id, 0, "A")], 1, "ann", 1.0) == []
        assert store.count(OPEN) == 1


def test_glyphs_of_an_item_that_is_decided_are_no_longer_asked_for(store: ReviewStore) -> None:
    store.decide(number_of(store, "city"), 1, "ann", A, "", 0.0)
    assert store.glyph_groups() == [("", 1), ("M", 1)]
    store.undo("ann")
    assert store.glyph_groups() == [("", 1), ("M", 1), ("P", 1)]


def test_decisions_outlive_a_kill(tmp_path: Path) -> None:
    review_of(tmp_path, [page("/in/a", field("city", "ROME", doubtful=[0]))]).close()
    path = str(tmp_path / "out.csv.review")
    code = f"""
import os, signal
from hcr_scan.document import Verdict
from hcr_scan.review.store import ReviewStore
store = ReviewStore({path!r})
store.decide(1, 1, "ann", Verdict.CORRECTED, "COMO", 1.0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with ReviewStore(path) as store:
        assert final(store, 1).value == "COMO"  # type: ignore[union-attr]


def test_one_process_at_a_time(store: ReviewStore) -> None:
    with pytest.raises(JournalError, match="a review is open"):
        ReviewStore(store.path)


def test_a_journal_is_no_review(tmp_path: Path) -> None:
    review_of(tmp_path, [page("/in/a", field("city", "ROME"))]).close()
    with pytest.raises(JournalError, match="no review"):
        ReviewStore(str(tmp_path / "out.csv.journal"))


def test_unknown_items_and_passes_are_refused(store: ReviewStore) -> None:
    with pytest.raises(KeyError):
        store.decide(99, 1, "ann", A, "", 0.0)
    with pytest.raises(ValueError, match="passes"):
        store.decide(1, 4, "ann", A, "", 0.0)
    with pytest.raises(KeyError):
        store.decide_glyphs([(1, 77, "A")], 1, "ann", 0.0)
    assert store.undo("ann") is None
