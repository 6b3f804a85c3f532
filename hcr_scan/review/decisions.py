"""What decisions come to: in plain words, and over several passes."""

from __future__ import annotations

from collections.abc import Sequence

from hcr_scan.document import Verdict
from hcr_scan.review.items import Decision
from hcr_scan.review.tables import SETTLING


def final_of(decisions: Sequence[Decision], passes: int) -> Decision | None:
    """What holds of an item in the end: what settles it, or else the one decision, or else two that agree."""
    by_pass = {decision.pass_: decision for decision in decisions}
    if SETTLING in by_pass:
        return by_pass[SETTLING]
    if passes == 1:
        return by_pass.get(1) or by_pass.get(2)
    first, second = by_pass.get(1), by_pass.get(2)
    return first if first is not None and second is not None and first.agrees_with(second) else None


def are_different(decisions: Sequence[Decision]) -> bool:
    """Whether two passes say different things, and nobody has settled it."""
    by_pass = {decision.pass_: decision for decision in decisions}
    first, second = by_pass.get(1), by_pass.get(2)
    return SETTLING not in by_pass and first is not None and second is not None and not first.agrees_with(second)


def plainly(verdict: Verdict, value: str, machine: str) -> tuple[Verdict, str]:
    """A verdict and its value in the plainest words that say it, where the machine had read ``machine``."""
    if verdict is Verdict.ACCEPTED:
        return verdict, machine
    if verdict is not Verdict.CORRECTED:
        return verdict, ""
    if value == machine:
        return Verdict.ACCEPTED, value
    return (verdict, value) if value else (Verdict.BLANK, "")
