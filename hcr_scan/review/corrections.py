"""Pages with what people decided of them in place of what the machine had read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from hcr_scan.document import (
    Correction,
    Field,
    Line,
    MachineReading,
    Page,
    PageResult,
    Reason,
    Status,
    Verdict,
)
from hcr_scan.review.decisions import final_of
from hcr_scan.review.items import Decision
from hcr_scan.review.rules import FieldRules
from hcr_scan.review.selection import Doubt, doubt_of
from hcr_scan.review.store import ReviewStore


@dataclass(slots=True)
class Applied:
    """What became of all fields and lines: how many have which verdict, none though they need a look, or need none."""

    pages: int = 0
    failed: int = 0
    unseen: int = 0
    open: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))

    @property
    def fields(self) -> int:
        return self.unseen + self.open + sum(self.verdicts.values())

    @property
    def complete(self) -> bool:
        """Whether all was read, and all is decided that needed a look."""
        return not self.open and not self.failed


def corrected_pages(
    results: Iterable[PageResult], store: ReviewStore, applied: Applied, rules: FieldRules | None = None
) -> Iterator[PageResult]:
    """Every page as it is delivered; ``applied`` counts along.

    Args:
        results: The pages of the journal that the review was last indexed from.
        store: The review.
        applied: What becomes of the fields.
        rules: What the templates know: decided values that break a rule say so in their reasons.
    """
    rules = FieldRules() if rules is None else rules
    for result in results:
        applied.pages += 1
        if isinstance(result, Page):
            yield _with_broken_rules(_corrected(result, store, applied), rules)
        else:
            applied.failed += 1
            yield result


def unreviewed_pages(results: Iterable[PageResult], applied: Applied) -> Iterator[PageResult]:
    """Every page as it was read, where nobody has a review; ``applied`` counts what one would ask about."""
    for result in results:
        applied.pages += 1
        if isinstance(result, Page):
            parts: tuple[Field | Line, ...] = (*result.fields, *result.lines)
            open_ = sum(doubt_of(part.status, part.reasons) is not Doubt.NONE for part in parts)
            applied.open += open_
            applied.unseen += len(parts) - open_
        else:
            applied.failed += 1
        yield result


def _corrected(page: Page, store: ReviewStore, applied: Applied) -> Page:
    number = store.page_of(page.source.path, page.source.page)
    verdicts = iter(_verdicts(store, number) if number is not None else ())

    def last_word() -> Decision | None:
        chosen, decision = next(verdicts)
        if decision is not None:
            applied.verdicts[decision.verdict] += 1
        elif chosen:
            applied.open += 1
        else:
            applied.unseen += 1
        return decision

    fields = tuple(_field(part, last_word()) for part in page.fields)
    return replace(page, fields=fields, lines=tuple(_line(part, last_word()) for part in page.lines))


def _with_broken_rules(page: Page, rules: FieldRules) -> Page:
    """The page with reasons for the rules that people's values break: they had the last word, and it is told."""
    if page.template is None or all(field.correction is None for field in page.fields):
        return page
    values = {field.name: field.value for field in page.fields if Reason.UNREADABLE not in field.reasons}
    contradicting: set[str] = set()
    contradicting.update(*(names for _, names in rules.contradictions(page.template, values)))

    def judged(field: Field) -> Field:
        if field.correction is None or field.name not in values:
            return field
        broken = rules.broken(page.template, field.name, field.value)
        if field.name in contradicting:
            broken.add(Reason.CHECK_FAILED)
        return replace(field, reasons=tuple(reason for reason in Reason if reason in broken))

    return replace(page, fields=tuple(map(judged, page.fields)))


def _verdicts(store: ReviewStore, page: int) -> list[tuple[bool, Decision | None]]:
    """Whether each item of a page needs a look, in their order, and what holds of it in the end."""
    query = "SELECT id, why IS NOT NULL, decided FROM items WHERE page = ? ORDER BY place"
    rows, passes = store.database.rows(query, (page,)), store.passes
    decisions = store.decisions_on([item for item, _, decided in rows if decided])
    return [(bool(chosen), final_of(decisions.get(item, ()), passes)) for item, chosen, _ in rows]


def _field(part: Field, decision: Decision | None) -> Field:
    if decision is None:
        return part
    status, reasons = _standing(decision)
    return replace(
        part,
        value=decision.value,
        confidence=1.0,
        status=status,
        reasons=reasons,
        correction=_correction(decision, part.value, part),
    )


def _line(part: Line, decision: Decision | None) -> Line:
    if decision is None:
        return part
    status, reasons = _standing(decision)
    return replace(part, status=status, reasons=reasons, correction=_correction(decision, part.text, part))


def _standing(decision: Decision) -> tuple[Status, tuple[Reason, ...]]:
    if decision.unreadable:
        return Status.REJECTED, (Reason.UNREADABLE,)
    return (Status.OK if decision.value else Status.BLANK), ()


def _correction(decision: Decision, value: str, part: Field | Line) -> Correction:
    machine = MachineReading(value, part.confidence, part.status, part.reasons)
    return Correction(decision.verdict, decision.value, decision.reviewer, machine, decision.typed)
