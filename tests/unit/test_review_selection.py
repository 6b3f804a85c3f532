from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hcr_scan.document import Reason, Status, Verdict
from hcr_scan.errors import UsageError
from hcr_scan.review.auditing import Audit
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.selection import Selection, remembered, select
from hcr_scan.review.store import ReviewStore
from tests.reviews import field, finals, page, review_of


def review(folder: Path, selection: Selection | None = None) -> ReviewStore:
    fields = [
        field("sure", "A", 0.99),
        field("fair", "A", 0.9),
        field("unsure", "A", 0.8, doubtful=[0]),
        field("ill", "A", 0.99, reasons=(Reason.PATTERN,)),
        field("both", "A", 0.99, reasons=(Reason.LOW_CONFIDENCE, Reason.PATTERN)),
        field("missing", "", 1.0, reasons=(Reason.REQUIRED,)),
        field("unmarked", "", 1.0, reasons=(Reason.NONE_MARKED,)),
        field("scrawl", "~", 0.99, status=Status.REJECTED),
        field("blank", "", 1.0),
    ]
    return review_of(folder, [page("/in/a", *fields)], selection)


def chosen(store: ReviewStore) -> dict[str, Why | None]:
    return {item.name: item.why for item in store.queue(Filter(State.ALL), limit=1_000)}


ALWAYS = {"ill": Why.DOUBTFUL, "both": Why.DOUBTFUL, "missing": Why.REQUIRED, "unmarked": Why.REQUIRED,
          "scrawl": Why.DOUBTFUL}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"unsure": Why.DOUBTFUL}),
        (("0.95",), {"unsure": Why.DOUBTFUL, "fair": Why.THRESHOLD}),
        (("0.9",), {"unsure": Why.DOUBTFUL, "fair": Why.THRESHOLD}),
        (("0.5",), {}),
        (("fair=0.95",), {"unsure": Why.DOUBTFUL, "fair": Why.THRESHOLD}),
        (("0.95", "fair=0.5", "unsure=0.1"), {}),
        (("unsure=0.7",), {}),
        (("1",), {"unsure": Why.DOUBTFUL, "fair": Why.THRESHOLD, "sure": Why.THRESHOLD, "blank": Why.THRESHOLD}),
    ],
)
def test_thresholds(tmp_path: Path, options: tuple[str, ...], expected: dict[str, Why]) -> None:
    with review(tmp_path, Selection.of_options(options, None, 0)) as store:
        assert chosen(store) == ALWAYS | expected


@pytest.mark.parametrize(
    ("thresholds", "audit"), [(("1.5",), None), (("x",), None), (("a=",), None), ((), "-1"), ((), "5x"), ((), "200%")]
)
def test_what_cannot_be_meant(thresholds: tuple[str, ...], audit: str | None) -> None:
    with pytest.raises(UsageError, match="--a"):
        Selection.of_options(thresholds, audit, 0)


def test_what_takes_rules_back() -> None:
    assert Selection.of_options(["0.9", "scan"], "0", 3) == Selection()
    assert Selection.of_options(["scan", "a=0.5"], "0%", 0) == Selection(by_name=(("a", 0.5),))


def test_a_threshold_for_a_field_that_is_not_there(tmp_path: Path) -> None:
    with review(tmp_path) as store, pytest.raises(UsageError, match="'surname'"):
        select(store, Selection(by_name=(("surname", 0.9),)))


def test_rules_are_remembered_and_others_keep_decisions(tmp_path: Path) -> None:
    rules = Selection.of_options(["0.95", "unsure=0.5"], "50%", 7)
    with review(tmp_path, rules) as store:
        assert remembered(store) == rules
        before = chosen(store)
        number = next(item.id for item in store.queue(Filter(State.ALL)) if item.name == "fair")
        store.decide(number, 1, "ann", Verdict.CORRECTED, "B", 0.0)
        select(store, Selection())
        assert chosen(store) == ALWAYS | {"unsure": Why.DOUBTFUL}
        assert [decision.value for _, decision in finals(store)] == ["B"]
        select(store, rules)
        assert chosen(store) == before
        assert store.totals().decided == 1


def many(folder: Path, audit: Audit) -> ReviewStore:
    pages = [page(f"/in/{number}", field("a", "A"), field("b", "B", doubtful=[0])) for number in range(100)]
    return review_of(folder, pages, Selection(audit=audit))


@pytest.mark.parametrize(("audit", "size"), [(Audit(7), 7), (Audit(500), 100), (Audit(share=0.071), 8)])
def test_the_sample_is_of_what_is_accepted(tmp_path: Path, audit: Audit, size: int) -> None:
    with many(tmp_path, audit) as store:
        assert (
            Counter(
                chosen(
                    store,
                ).values()
            )
            or True
        )
        assert store.count(Filter(State.ALL, why=Why.AUDIT)) == size
        assert store.count(Filter(State.ALL, name="a")) == size
        assert store.count(Filter(State.ALL, name="b")) == 100


def test_the_seed_decides_the_sample(tmp_path: Path) -> None:
    def sample(seed: int) -> list[int]:
        select(store, Selection(audit=Audit(10, seed=seed)))
        return sorted(item.id for item in store.queue(Filter(State.ALL, why=Why.AUDIT), limit=100))

    with many(tmp_path, Audit(10)) as store:
        first = sample(1)
        assert sample(2) != first
        assert sample(1) == first


def test_every_item_is_drawn_equally_often(tmp_path: Path) -> None:
    drawn: Counter[int] = Counter()
    with many(tmp_path, Audit(1)) as store:
        for seed in range(200):
            select(store, Selection(audit=Audit(20, seed=seed)))
            drawn.update(item.id for item in store.queue(Filter(State.ALL, why=Why.AUDIT), limit=100))
    # 200 draws at a chance of 0.2: 40 expected, a standard deviation of 5.7.
    assert len(drawn) == 100
    assert max(drawn.values()) < 65
    assert min(drawn.values()) > 15


def test_glyphs_of_what_is_accepted_are_not_asked_for(tmp_path: Path) -> None:
    with review(tmp_path) as store:
        assert store.glyph_groups() == [("", 1), ("A", 1)]
        select(store, Selection(accept_above=0.5))
        assert store.glyph_groups() == [("", 1)]
        select(store, Selection())
        assert store.glyph_groups() == [("", 1), ("A", 1)]
