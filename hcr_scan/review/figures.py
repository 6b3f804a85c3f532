"""What a review has come to: counted from its file, which stays as it is."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from hcr_scan.document import Verdict
from hcr_scan.journal.journal import PackedRecord
from hcr_scan.review.auditing import AuditEstimate, estimate
from hcr_scan.review.decisions import final_of
from hcr_scan.review.items import Decision, Filter, State, Why
from hcr_scan.review.selection import UNSELECTED
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import bit

#: A gap between two decisions that is longer than so many seconds is a break, and no work on a field.
BREAK_SECONDS = 120.0
#: What fewer decisions took says little of the rest.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """Counts of a review. Those of the audit's sample are apart, in :attr:`audit` alone.

    ``looks`` are the items that need a look, by why; :attr:`verdicts` those of them that are settled, by what holds of
    them in the end. ``different`` are decided differently in two passes. ``still_open`` counts looks that are to be
    taken, over all passes and with the audit. ``seconds`` is what one look takes, ``None`` where too few were timed.
    """

    passes: int
    looks: dict[Why, int]
    verdicts: dict[Verdict, int]
    different: int
    still_open: int
    seconds: float | None
    audit: AuditEstimate | None

    @property
    def to_look_at(self) -> int:
        return sum(self.looks.values())

    @property
    def settled(self) -> int:
        return sum(self.verdicts.values())

    @property
    def minutes_left(self) -> float | None:
        return None if self.seconds is None else self.seconds * self.still_open / 60


def figures(store: ReviewStore) -> ReviewFigures:
    """Count what a review has come to.

    Raises:
        JournalError: it is damaged.
    """
    passes = store.passes
    rows = store.database.rows("SELECT why, count(*) FROM items WHERE why IS NOT NULL GROUP BY why ORDER BY why")
    looks = {Why(name): int(count) for name, count in rows}
    audited = looks.pop(Why.AUDIT, 0)
    different = store.count(Filter(State.DIFFERENT)) if passes > 1 else 0
    still_open = sum(store.count(Filter(State.OPEN), pass_) for pass_ in range(1, passes + 1))
    return ReviewFigures(
        passes,
        looks,
        dict(_verdicts(store, passes)),
        different,
        still_open + different,
        seconds_per_item(store),
        estimate(store) if audited else None,
    )


class ReviewedPages:
    """Which items of each page need a look by the rules of a review, as long as it knows the page as it reads now."""

    def __init__(self, store: ReviewStore) -> None:
        self._database = store.database
        self._selected = store.noted(UNSELECTED) is False
        self._current = 0
        self._missed = 0
        self._all_passes = sum(bit(pass_) for pass_ in range(1, store.passes + 1))

    def looks(self, record: PackedRecord) -> frozenset[int] | None:
        """The places of a page's items that need a look, those of the audit aside; ``None`` where it is not known."""
        rows = self._database.rows(
            "SELECT p.id, digest FROM pages p JOIN documents d ON d.id = p.document WHERE (d.path, page) = (?, ?)",
            (os.fsencode(record.path), record.page),
        )
        if not rows or rows[0][1] != hashlib.blake2b(record.data, digest_size=16).digest() or not self._selected:
            self._missed += 1
            return None
        self._current += 1
        places = self._database.rows(
            "SELECT place FROM items WHERE page = ? AND why IS NOT NULL AND why <> ?", (rows[0][0], Why.AUDIT.value)
        )
        return frozenset(place for (place,) in places)

    def decided(self, record: PackedRecord) -> frozenset[int]:
        """The places of a page's items that every pass has decided, and no two differently; of one that it knows."""
        places = self._database.rows(
            "SELECT place FROM items i JOIN pages p ON p.id = i.page JOIN documents d ON d.id = p.document "
            "WHERE (d.path, p.page) = (?, ?) AND i.decided & ? = ? AND i.different = 0",
            (os.fsencode(record.path), record.page, self._all_passes, self._all_passes),
        )
        return frozenset(place for (place,) in places)

    @property
    def stale(self) -> int:
        """Pages that the review does not know as they read now, and pages that are gone; asked for after the last."""
        total = int(self._database.rows("SELECT count(*) FROM pages")[0][0])
        return max(self._missed, total - self._current)


def seconds_per_item(store: ReviewStore) -> float | None:
    """What deciding one item takes, by the time from each decision to the next of the same person, breaks left out."""
    rows = store.database.stream(
        "SELECT a.reviewer, a.decided_at, count(d.item) FROM actions a LEFT JOIN decisions d ON d.action = a.id "
        "GROUP BY a.id ORDER BY 1, 2, a.id"
    )
    seconds, items = 0.0, 0
    for _, own in groupby(rows, key=itemgetter(0)):
        before: float | None = None
        for _, at, count in own:
            if before is not None and at - before <= BREAK_SECONDS:
                seconds += at - before
                items += count
            before = at
    return seconds / items if items >= ENOUGH else None


def _verdicts(store: ReviewStore, passes: int) -> Counter[Verdict]:
    found: Counter[Verdict] = Counter()
    for decisions in _decided(store):
        final = final_of(decisions, passes)
        if final is not None:
            found[final.verdict] += 1
    return found


def _decided(store: ReviewStore) -> Iterator[list[Decision]]:
    """The valid decisions on each item that needs a look for itself."""
    rows = store.database.stream(
        "SELECT item, pass, d.reviewer, verdict, d.value, decided_at FROM decisions d JOIN items i ON i.id = d.item "
        "WHERE valid AND why IS NOT NULL AND why <> ? ORDER BY item, pass",
        (Why.AUDIT.value,),
    )
    for item, own in groupby(rows, key=itemgetter(0)):
        yield [Decision(item, pass_, who, Verdict(verdict), value, at) for _, pass_, who, verdict, value, at in own]
