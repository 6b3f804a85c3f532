"""How far a review is over all its passes: the same that ``apply`` will find."""

from __future__ import annotations

from dataclasses import dataclass

from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import SETTLING, bit


@dataclass(frozen=True, slots=True)
class Standing:
    """How many items are decided, and how many that need a look are not.

    Of the open ones ``once`` are entered once where two entries are wanted, and ``different`` twice and not alike.
    """

    decided: int
    open: int
    once: int = 0
    different: int = 0

    def __str__(self) -> str:
        parts = [f"{self.once:,} entered once"] if self.once else []
        parts += [f"{self.different:,} differ"] if self.different else []
        more = f" ({', '.join(parts)})" if parts else ""
        return f"{self.decided:,} decided, {self.open:,} open{more}"


def standing(store: ReviewStore) -> Standing:
    """How far a review is."""
    both = bit(1) | bit(2)
    entered = f"(decided & {bit(SETTLING)} <> 0 OR (decided & {both} = {both} AND different = 0))"
    settled = "decided <> 0" if store.passes == 1 else entered
    open_ = f"why IS NOT NULL AND NOT {settled}"
    conditions = (settled, open_, f"{open_} AND decided & {both} IN ({bit(1)}, {bit(2)})", f"{open_} AND different = 1")
    sums = ", ".join(f"coalesce(sum(items) FILTER (WHERE {condition}), 0)" for condition in conditions)
    ((decided, still, once, different),) = store.database.rows(f"SELECT {sums} FROM tallies")  # noqa: S608
    return Standing(decided, still, *((once, different) if store.passes == 2 else ()))
