from __future__ import annotations

import math
import random
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from hcr_scan.document import Verdict
from hcr_scan.review.auditing import Audit, count_interval, estimate
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.selection import Selection
from tests.reviews import field, page, review_of


def chance(population: int, count: int, sample: int, found: int) -> Fraction:
    return Fraction(comb(count, found) * comb(population - count, sample - found), comb(population, sample))


def by_definition(population: int, sample: int, found: int) -> tuple[int, int]:
    """All counts that the sample does not contradict, by exact fractions."""
    tail = Fraction(1, 40)
    left = [
        count
        for count in range(found, population - sample + found + 1)
        if sum(chance(population, count, sample, n) for n in range(found, sample + 1)) > tail
        and sum(chance(population, count, sample, n) for n in range(found + 1)) > tail
    ]
    return left[0], left[-1]


@pytest.mark.parametrize(("population", "sample"), [(1, 1), (10, 1), (10, 4), (10, 10), (40, 13), (60, 55), (200, 30)])
def test_the_interval_is_the_exact_one(population: int, sample: int) -> None:
    for found in range(0, sample + 1, max(1, sample // 6)):
        assert count_interval(population, sample, found) == by_definition(population, sample, found)


def test_a_small_share_comes_near_to_clopper_and_pearson() -> None:
    # Of 100 with none found, 0 to 3.62 %; with 5 found, 1.64 to 11.28 %.
    population = 10_000_000
    for found, low, high in ((0, 0.0, 0.03622), (5, 0.01643, 0.11284)):
        least, most = count_interval(population, 100, found)
        assert least / population == pytest.approx(low, abs=1e-4)
        assert most / population == pytest.approx(high, abs=1e-4)


def test_one_who_looked_at_all_knows() -> None:
    assert count_interval(50, 50, 3) == (3, 3)


def test_what_cannot_be_sampled_is_refused() -> None:
    with pytest.raises(ValueError, match="sample"):
        count_interval(10, 5, 6)


@pytest.mark.parametrize(("population", "wrong", "sample"), [(2_000, 30, 200), (300, 9, 120), (10_000, 20, 300)])
def test_intervals_hold_the_truth(population: int, wrong: int, sample: int) -> None:
    held = 0
    for seed in range(100):
        found = sum(item < wrong for item in random.Random(seed).sample(range(population), sample))
        low, high = count_interval(population, sample, found)
        held += low <= wrong <= high
    assert held >= 95


def test_estimates_of_reviews_hold_the_truth(tmp_path: Path) -> None:
    """The whole way: an audit is drawn by its seed, looked at by somebody who knows, and tells of the rest."""
    pages = [page(f"/in/{number}", *(field(f"f{n}", "B" if number % 20 == n else "A") for n in range(4)))
             for number in range(100)]  # fmt: skip
    held = 0
    with review_of(tmp_path, pages) as store:
        from hcr_scan.review.selection import select

        for seed in range(40):
            select(store, Selection(audit=Audit(60, seed=seed)))
            for item in store.queue(Filter(State.OPEN), limit=1_000):
                store.decide(item.id, 1, "ann", Verdict.CORRECTED, "A", 0.0)
            found = estimate(store)
            assert found is not None
            assert (found.population, found.drawn, found.looked_at) == (400, 60, 60)
            held += found.interval[0] <= 20 / 400 <= found.interval[1]
    assert held >= 36


def test_there_is_no_estimate_before_all_are_looked_at(tmp_path: Path) -> None:
    with review_of(tmp_path, [page("/in/a", *(field(f"f{n}", "A") for n in range(9)))]) as store:
        assert estimate(store) is None
    with review_of(tmp_path, [], Selection(audit=Audit(3))) as store:
        first, *others = store.queue(Filter(why=Why.AUDIT))
        store.decide(first.id, 1, "ann", Verdict.UNREADABLE, "", 0.0)
        found = estimate(store)
        assert found is not None
        assert not found.complete
        for item in others:
            store.decide(item.id, 1, "ann", Verdict.ACCEPTED, "", 0.0)
        found = estimate(store)
        assert found is not None
        assert found.complete
        assert found.wrong == 1
        assert math.isclose(found.rate, 1 / 3)
