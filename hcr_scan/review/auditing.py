"""A random sample of what would be accepted unseen, and what it tells of the rest."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hcr_scan.errors import UsageError
from hcr_scan.review.decisions import final_of
from hcr_scan.review.items import Decision, Filter, Item, Position, State, Why
from hcr_scan.review.store import ReviewStore

#: The probability with which an interval holds the truth, at least.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Audit:
    """How large a sample: a number of items, or a share of them; and the seed of the draw."""

    count: int | None = None
    share: float | None = None
    seed: int = 0

    @classmethod
    def of_option(cls, text: str, seed: int) -> Audit:
        """``200``, or ``2%``.

        Raises:
            UsageError: it is neither.
        """
        try:
            if text.endswith("%"):
                share = float(text.removesuffix("%")) / 100
                if 0 < share <= 1:
                    return cls(None, share, seed)
            elif int(text) > 0:
                return cls(int(text), None, seed)
        except ValueError:
            pass
        raise UsageError(f"--audit {text}: give a number of fields, such as 200, or a share of them, such as 2%")

    def size(self, population: int) -> int:
        """How many of so many are drawn."""
        if self.share is not None:
            return math.ceil(self.share * population)
        return min(self.count or 0, population)


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """Of ``population`` readings that were accepted unseen, or would be, ``looked_at`` were drawn and looked at.

    ``drawn`` is how many were to be; ``wrong`` of those looked at were. ``low`` and ``high`` bound the share that is
    wrong of all, with 95 % confidence; there is no estimate before all that were drawn are decided, since people begin
    with the most doubtful.
    """

    population: int
    drawn: int
    looked_at: int
    wrong: int

    @property
    def complete(self) -> bool:
        return self.looked_at == self.drawn > 0

    @property
    def rate(self) -> float:
        return self.wrong / self.looked_at if self.looked_at else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        low, high = count_interval(self.population, self.looked_at, self.wrong)
        return low / self.population, high / self.population


def drawn(store: ReviewStore, audit: Audit) -> list[int]:
    """The items of the sample, drawn from those that need no look; the same for the same seed and scan."""
    size = audit.size(store.count(Filter(State.UNSEEN)))
    rows = store.database.stream(
        "SELECT i.id, d.path, p.page, i.name FROM items i JOIN pages p ON p.id = i.page "
        "JOIN documents d ON d.id = i.document WHERE i.why IS NULL"
    )
    # Each item has a number of its own that chance gave it: those with the smallest are a sample without replacement.
    keyed = ((_chance(audit.seed, path, page, name), item) for item, path, page, name in rows)
    return sorted(item for _, item in heapq.nsmallest(size, keyed))


def _chance(seed: int, path: bytes, page: int, name: str) -> bytes:
    return hashlib.blake2b(b"%d\0%d\0%s\0%s" % (seed, page, name.encode(), path), digest_size=16).digest()


def estimate(store: ReviewStore) -> AuditEstimate | None:
    """What the audit of a review tells; ``None`` where none was asked for."""
    audited = Filter(State.ALL, why=Why.AUDIT)
    total = store.count(audited)
    if not total:
        return None
    passes, looked_at, wrong = store.passes, 0, 0
    after: Position | None = None
    while items := store.queue(audited, 1, after, 500):
        for item in items:
            decision = final_of(item.decisions, passes)
            if decision is not None:
                looked_at += 1
                wrong += is_wrong(item, decision)
        after = items[-1].position
    return AuditEstimate(store.count(Filter(State.UNSEEN)) + total, total, looked_at, wrong)


def is_wrong(item: Item, decision: Decision) -> bool:
    """Whether a person says that a reading was wrong."""
    return decision.unreadable or decision.value != item.value


def count_interval(population: int, sample: int, found: int, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """The least and the most of a population that have what ``found`` of a sample without replacement have.

    The exact interval: what it leaves out would, on either side, give such a sample with no more than half of what
    ``confidence`` leaves. Where the sample is the whole population, both are ``found``.

    Raises:
        ValueError: there can be no such sample.
    """
    if not 0 <= found <= sample <= population:
        raise ValueError(f"{found} of a sample of {sample} of {population}")
    tail = (1 - confidence) / 2
    most_possible = population - (sample - found)
    low = _first(found, most_possible, lambda count: _at_least(population, count, sample, found) > tail)
    high = _last(found, most_possible, lambda count: _at_most(population, count, sample, found) > tail)
    return low, high


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first number of which something holds that holds from there on to ``high``."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The last number of which something holds that holds from ``low`` on to there."""
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _at_least(population: int, count: int, sample: int, found: int) -> float:
    """The chance that a sample has at least so many, where ``count`` of the population have the property."""
    return math.fsum(_chances(population, count, sample, range(found, min(sample, count) + 1)))


def _at_most(population: int, count: int, sample: int, found: int) -> float:
    first = max(0, sample - (population - count))
    return math.fsum(_chances(population, count, sample, range(first, found + 1)))


def _chances(population: int, count: int, sample: int, founds: range) -> Iterator[float]:
    """The hypergeometric probabilities of finding so many."""
    if not founds:
        return
    others = population - count
    first = _log_choices(count, founds[0]) + _log_choices(others, sample - founds[0]) - _log_choices(population, sample)
    # One logarithm to begin with, and each from the one before: the rest is exact to the last digits.
    log = first
    for found in founds:
        yield math.exp(log)
        more, fewer = (count - found) * (sample - found), (found + 1) * (others - sample + found + 1)
        if not more:
            return
        log += math.log(more) - math.log(fewer)


def _log_choices(of: int, chosen: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
