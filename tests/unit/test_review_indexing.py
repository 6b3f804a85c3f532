from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hcr_scan.document import Field, PageFailure, Source, Verdict
from hcr_scan.journal.journal import Journal
from hcr_scan.review.indexing import BATCH, Indexed, index
from hcr_scan.review.items import Filter, State
from hcr_scan.review.store import ReviewStore
from tests.reviews import failed_pages, field, finals, page, review_of, write_journal

ALL = Filter(State.ALL)


def again(folder: Path, store: ReviewStore, *results: object) -> Indexed:
    """Index once more, with other pages in the journal."""
    write_journal(folder / "out.csv.journal", results)  # type: ignore[arg-type]
    with Journal(str(folder / "out.csv.journal")) as journal:
        return index(journal, store)


def pages() -> list[object]:
    return [
        page("/in/a", field("surname", "SMITH", doubtful=[1]), field("city", "ROME", doubtful=[0])),
        page("/in/b", field("surname", "JONES", doubtful=[1])),
        PageFailure(Source("/in/c"), "decode", "not_an_image", "broken"),
    ]


def decided(folder: Path) -> ReviewStore:
    """A review whose items are all decided."""
    store = review_of(folder, pages())  # type: ignore[arg-type]
    for item in store.queue(ALL):
        store.decide(item.id, 1, "ann", Verdict.CORRECTED, item.value.lower(), 1.0)
    return store


def test_failed_pages_are_counted_and_have_no_items(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        assert failed_pages(store) == 1
        assert store.count(ALL) == 3


def test_nothing_new_changes_nothing(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        result = again(tmp_path, store)
        assert (result.taken, result.kept, result.gone, result.dropped, result.selected) == (0, 3, 0, 0, 3)
        assert store.totals().decided == 3


def test_more_pages_than_fit_one_transaction(tmp_path: Path) -> None:
    many = [page(f"/in/{number:05}", field("a", "A", doubtful=[0])) for number in range(BATCH + 3)]
    with review_of(tmp_path, many) as store:
        assert store.count(ALL) == BATCH + 3
        assert again(tmp_path, store).kept == BATCH + 3


def test_what_reads_as_before_keeps_its_decision(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        number = store.queue(replace(ALL, name="surname", path="/in/a"))[0].id
        better = field("surname", "SMITH", 0.2, doubtful=[2], top=12)
        result = again(tmp_path, store, page("/in/a", better, field("city", "COMO", doubtful=[0])))
        assert (result.taken, result.dropped) == (1, 1)
        kept, other = store.queue(replace(ALL, path="/in/a"))
        assert (kept.id, kept.confidence, kept.decisions[0].value) == (number, 0.2, "smith")
        assert other.decisions == ()
        assert store.count(Filter()) == 1


@pytest.mark.parametrize(
    "changed",
    [
        field("surname", "SMYTH", doubtful=[1]),
        field("surname", "SMITH", doubtful=[1], top=300),
        replace(field("surname", "SMITH", doubtful=[1]), raw="SM1TH"),
        replace(field("surname", "SMITH", doubtful=[1]), kind="box"),
        field("family_name", "SMITH", doubtful=[1]),
    ],
)
def test_what_reads_otherwise_loses_it(tmp_path: Path, changed: Field) -> None:
    with decided(tmp_path) as store:
        result = again(tmp_path, store, page("/in/a", changed, field("city", "ROME", doubtful=[0])))
        assert result.dropped == 1
        assert [item.name for item in store.queue(Filter())] == [changed.name]
        assert store.undo("ann") is not None


def test_another_file_loses_all_decisions(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        changed = replace(pages()[1], source=Source("/in/b", sha256="f" * 64))  # type: ignore[type-var]
        assert again(tmp_path, store, changed).dropped == 1
        assert store.totals().decided == 2


def test_a_page_that_fails_now_has_no_items(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        again(tmp_path, store, PageFailure(Source("/in/b", sha256="b" * 64), "segment", "timeout", "late"))
        assert failed_pages(store) == 2
        assert store.count(ALL) == 2


def test_a_moved_file_keeps_its_decisions(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        with Journal(str(tmp_path / "out.csv.journal")) as journal:
            journal.moved(journal.document("/in/a"), "/done/a")
            result = index(journal, store)
        assert (result.dropped, result.gone) == (0, 0)
        assert store.count(replace(ALL, path="/done/a")) == 2
        assert store.count(replace(ALL, path="/in/a")) == 0
        assert store.totals().decided == 3


def test_a_moved_file_takes_no_decision_from_a_copy_that_stays(tmp_path: Path) -> None:
    copies = [page(f"/in/{name}", field("surname", "SMITH", doubtful=[1]), sha256="c" * 64) for name in "ab"]
    with review_of(tmp_path, copies) as store:
        for item, value in zip(store.queue(ALL), ("STAYS", "MOVES"), strict=True):
            store.decide(item.id, 1, "ann", Verdict.CORRECTED, value, 1.0)
        with Journal(str(tmp_path / "out.csv.journal")) as journal:
            journal.moved(journal.document("/in/b"), "/done/b")
            assert index(journal, store).dropped == 0
        said = {item.page.source.path: decision.value for item, decision in finals(store)}
        assert said == {"/in/a": "STAYS", "/done/b": "MOVES"}


def test_a_journal_begun_anew_forgets_what_it_has_no_more(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        (tmp_path / "out.csv.journal").unlink()
        result = again(tmp_path, store, pages()[1])
        assert (result.kept, result.gone, result.dropped) == (1, 2, 2)
        assert [item.page.source.path for item, _ in finals(store)] == ["/in/b"]


def test_finals_follow_the_journal_when_it_has_another_order(tmp_path: Path) -> None:
    with decided(tmp_path) as store:
        (tmp_path / "out.csv.journal").unlink()
        again(tmp_path, store, pages()[1], pages()[0])
        assert [item.page.source.path for item, _ in finals(store)] == ["/in/b", "/in/a", "/in/a"]


def test_decisions_on_glyphs_stay_too(tmp_path: Path) -> None:
    one = field("code", "ABCD", doubtful=[0, 2])
    with review_of(tmp_path, [page("/in/a", one)]) as store:
        store.decide_glyphs([(1, 0, "8")], 1, "ann", 1.0)
        again(tmp_path, store, page("/in/a", replace(one, confidence=0.1)))
        assert store.glyph_groups() == [("C", 1)]
        assert store.decide_glyphs([(1, 2, "C")], 1, "ann", 1.0) == [1]
        assert store.decisions(1)[0].value == "8BCD"
