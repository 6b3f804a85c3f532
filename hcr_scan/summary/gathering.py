"""All that a report tells, from the files of a scan: its journal, its review and the account of its run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from hcr_scan.forms.grouping import grouped
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import LISTED, Journal
from hcr_scan.review.figures import ReviewedPages, ReviewFigures, figures
from hcr_scan.review.store import ReviewStore
from hcr_scan.shares import wilson_interval
from hcr_scan.summary.counting import Counted, FieldKey, FieldTally, Looks, PageTally, Tally
from hcr_scan.summary.examples import Reading
from hcr_scan.summary.run_account import RunAccount, read_account

#: How many of the worst fields, and of the worst pages, are told.
WORST_FIELDS, WORST_PAGES = 8, 8
#: Copies that are told by name.
MOST_COPIES = 20


@dataclass(frozen=True, slots=True)
class Findings:
    """What a report tells. ``stale_pages`` are those that the review does not know as they read now."""

    target: str
    identity: RunIdentity
    tally: Tally
    review: ReviewFigures | None
    stale_pages: int
    account: RunAccount | None
    copies: tuple[tuple[str, str], ...]
    copy_count: int
    unfinished: int
    all_listed: bool

    @property
    def worst_fields(self) -> list[tuple[FieldKey, FieldTally]]:
        """The fields of which most need a look; where few were read, cautiously."""
        doubtful = [entry for entry in self.tally.fields.items() if entry[1].readings.looks]
        return sorted(doubtful, key=_badness)[:WORST_FIELDS]

    @property
    def worst_pages(self) -> list[PageTally]:
        """A few have reasons of their own, half of the rest have the most to look at, the others are the least sure."""
        most, least = self.tally.most_looks.all, self.tally.least_sure.all
        own = self.tally.own_reasons.all
        mixed = dict.fromkeys([*own, *most[: WORST_PAGES // 2], *least[: WORST_PAGES // 2], *most, *least])
        return sorted(list(mixed)[:WORST_PAGES], key=lambda page: (-page.looks, page.mean_confidence))

    @property
    def shown_readings(self) -> list[Reading]:
        """The readings that are shown with their ink, each once."""
        of_fields = [reading for _, tally in self.worst_fields for reading in tally.worst.all]
        return list(dict.fromkeys([*of_fields, *(page.worst for page in self.worst_pages if page.worst)]))


def gather(journal: Journal, target: str, form_lengths: dict[str, int], store: ReviewStore | None) -> Findings:
    """Go through a journal once, and count.

    Args:
        journal: The scan's.
        target: Its output.
        form_lengths: How many pages each form has, by its template's id.
        store: The review beside it, if there is one; it says what needs a look.

    Raises:
        JournalError: one of the two is damaged.
    """
    reviewed = None if store is None else ReviewedPages(store)
    tally = Tally()
    lengths = defaultdict(lambda: 1, form_lengths)
    for form in grouped(tally.counting(_pages(journal, reviewed)), lengths):
        tally.add_form(form)
    copies = journal.copies()
    return Findings(
        target,
        journal.identity,
        tally,
        None if store is None else figures(store),
        0 if reviewed is None else reviewed.stale,
        read_account(target),
        tuple(copies[:MOST_COPIES]),
        len(copies),
        sum(1 for _ in journal.unfinished()),
        bool(journal.noted(LISTED)),
    )


def _pages(journal: Journal, reviewed: ReviewedPages | None) -> Iterator[Counted]:
    for record in journal.records():
        looks = None if reviewed is None else reviewed.looks(record)
        decided: Looks = frozenset() if reviewed is None or looks is None else reviewed.decided(record)
        yield journal.read(record), record.seconds, looks, decided


def _badness(entry: tuple[FieldKey, FieldTally]) -> tuple[float, float, str, str]:
    (template, name), tally = entry
    readings = tally.readings
    # The least that the share may be: in few readings many may be doubtful by chance.
    least, _ = wilson_interval(readings.looks, readings.total)
    return -least, readings.mean_confidence, template or "", name
