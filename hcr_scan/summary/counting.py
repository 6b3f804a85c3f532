"""One pass over the pages of a scan, in which all is counted that its report tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hcr_scan.document import Field, Form, Line, Page, PageFailure, PageResult, Reason, Source, Status, line_name
from hcr_scan.review.selection import Doubt, doubt_of
from hcr_scan.run_report import RunReport
from hcr_scan.summary.examples import Reading, Worst

#: Bars of the histogram: each five percent wide, and the last takes certainty in.
BINS = 20
#: How many of the worst are told.
WORST_PAGES, OWN_REASONS, SLOWEST_PAGES, MOST_CODES, MOST_KINDS = 8, 2, 8, 50, 20_000
#: Readings that are kept of each field, to be shown.
EXAMPLES = 2
#: What all lines of free writing go by, since their numbers say nothing.
LINES = "lines"

#: A field on a form: the template, or none, and the name.
FieldKey = tuple[str | None, str]

#: The places of a page's items that need a look: its fields from 0 on, and then its lines.
Looks = frozenset[int]

#: A page, its seconds in a worker, what of it needs a look, where these are known, and what of it people decided.
Counted = tuple[PageResult, float | None, Looks | None, Looks]


@dataclass(slots=True)
class Readings:
    """Some fields or lines: how many, how many of them need a look, and how sure they are.

    ``expected`` is how many of those that need none are wrong, if their confidences are true.
    """

    total: int = 0
    looks: int = 0
    confidence: float = 0.0
    expected: float = 0.0

    def add(self, confidence: float, needs_look: bool) -> None:
        self.total += 1
        self.looks += needs_look
        self.confidence += confidence
        if not needs_look:
            self.expected += 1 - confidence

    @property
    def mean_confidence(self) -> float:
        return self.confidence / self.total if self.total else 0.0


@dataclass(slots=True)
class FieldTally:
    """All readings of one field, and the least sure of those that need a look."""

    readings: Readings = field(default_factory=Readings)
    worst: Worst[Reading] = field(default_factory=lambda: Worst(EXAMPLES))


@dataclass(slots=True)
class FormPageTally:
    """The pages that were found to be one page of a form."""

    pages: int = 0
    match: float = 0.0
    readings: Readings = field(default_factory=Readings)


@dataclass(frozen=True, slots=True)
class PageTally:
    """A page that is shown: what of it needs a look, why it does as a whole, and its least sure reading undecided."""

    source: Source
    looks: int
    total: int
    mean_confidence: float
    worst: Reading | None
    reasons: tuple[Reason, ...] = ()


@dataclass(slots=True)
class Tally:
    """What was counted. :attr:`run` has the counts that the end of a scan tells too."""

    run: RunReport = field(default_factory=RunReport)
    documents: int = 0
    readings: Readings = field(default_factory=Readings)
    clear_pages: int = 0
    forms: int = 0
    clear_forms: int = 0
    incomplete_forms: int = 0
    bins: Counter[tuple[int, Status]] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    page_reasons: Counter[Reason] = field(default_factory=Counter)
    failures: dict[str, PageFailure] = field(default_factory=dict)
    form_pages: dict[tuple[str, int], FormPageTally] = field(default_factory=dict)
    fields: dict[FieldKey, FieldTally] = field(default_factory=dict)
    most_looks: Worst[PageTally] = field(default_factory=lambda: Worst(WORST_PAGES))
    least_sure: Worst[PageTally] = field(default_factory=lambda: Worst(WORST_PAGES))
    own_reasons: Worst[PageTally] = field(default_factory=lambda: Worst(OWN_REASONS))
    slowest: Worst[tuple[Source, float]] = field(default_factory=lambda: Worst(SLOWEST_PAGES))
    seconds: float = 0.0
    timed: int = 0
    _path: str | None = None
    _unclear: set[tuple[str, int]] = field(default_factory=set)

    def counting(self, counted: Iterable[Counted]) -> Iterator[PageResult]:
        """The pages, each counted as it is given."""
        for result, seconds, looks, decided in counted:
            self.add(result, seconds, looks, decided)
            yield result

    def add(
        self,
        result: PageResult,
        seconds: float | None = None,
        looks: Looks | None = None,
        decided: Looks = frozenset(),
    ) -> None:
        """Count one page. Pages of one document come one after the other.

        Args:
            result: The page.
            seconds: What it took in its worker, if known.
            looks: Which of its items need a look; left out, those that the machine doubts.
            decided: Which of them people decided: these are counted, and not shown.
        """
        self.run.add(result)
        self.documents += result.source.path != self._path
        self._path = result.source.path
        if seconds is not None:
            self.seconds += seconds
            self.timed += 1
            self.slowest.add((seconds,), (result.source, seconds))
        if isinstance(result, PageFailure):
            if len(self.failures) < MOST_CODES:
                self.failures.setdefault(result.error, result)
        else:
            self._add_page(result, looks, decided)

    def add_form(self, form: Form) -> None:
        """Count a form, or a page of none, when all its pages are counted; each page comes once."""
        pages = {(page.source.path, page.source.page) for page in form.pages}
        clear = not form.reasons and self._unclear.isdisjoint(pages)
        self._unclear -= pages
        if form.template is not None:
            self.forms += 1
            self.clear_forms += clear
            self.incomplete_forms += not form.complete

    def _add_page(self, page: Page, looks: Looks | None, decided: Looks) -> None:
        own = Readings()
        least: tuple[float, str, Field | Line] | None = None
        for place, (key, name, part) in enumerate(_parts(page)):
            needs_look = doubt_of(part.status, part.reasons) is not Doubt.NONE if looks is None else place in looks
            own.add(part.confidence, needs_look)
            shown = needs_look and place not in decided
            self._add_part(page, key, name, part, needs_look, shown)
            if shown and (least is None or part.confidence < least[0]):
                least = part.confidence, name, part
        self.page_reasons.update(page.reasons)
        if own.looks or page.reasons:
            self._unclear.add((page.source.path, page.source.page))
        else:
            self.clear_pages += 1
        if page.template is not None:
            self._add_form_page(page, own)
        if least is not None or page.reasons:
            self._add_worst(page, own, least)

    def _add_part(
        self, page: Page, key: FieldKey, name: str, part: Field | Line, needs_look: bool, shown: bool
    ) -> None:
        self.readings.add(part.confidence, needs_look)
        self.bins[bin_of(part.confidence), part.status] += 1
        self.reasons.update(part.reasons)
        if key not in self.fields and len(self.fields) >= MOST_KINDS:
            return
        tally = self.fields.setdefault(key, FieldTally())
        tally.readings.add(part.confidence, needs_look)
        badness = (1 - part.confidence,)
        if shown and tally.worst.wanted(badness):
            tally.worst.add(badness, Reading.of(page, name, part))

    def _add_form_page(self, page: Page, own: Readings) -> None:
        tally = self.form_pages.setdefault((page.template or "", page.template_page or 1), FormPageTally())
        tally.pages += 1
        tally.match += page.template_match or 0.0
        tally.readings.total += own.total
        tally.readings.looks += own.looks

    def _add_worst(self, page: Page, own: Readings, least: tuple[float, str, Field | Line] | None) -> None:
        doubt = 1 - own.mean_confidence
        if not page.reasons and not (
            self.most_looks.wanted((own.looks, doubt)) or self.least_sure.wanted((doubt, own.looks))
        ):
            return
        reading = None if least is None else Reading.of(page, least[1], least[2])
        tally = PageTally(page.source, own.looks, own.total, own.mean_confidence, reading, page.reasons)
        if page.reasons:
            self.own_reasons.add((own.looks, doubt), tally)
        self.most_looks.add((own.looks, doubt), tally)
        self.least_sure.add((doubt, own.looks), tally)


def bin_of(confidence: float) -> int:
    """Which bar of the histogram a confidence belongs to."""
    # Rounded first: 0.15 is a little less than three times 0.05 in floating point.
    return min(int(round(confidence * BINS, 6)), BINS - 1)


def _parts(page: Page) -> Iterator[tuple[FieldKey, str, Field | Line]]:
    """The fields and lines of a page, under what they are counted by and their names."""
    for part in page.fields:
        yield (page.template, part.name), part.name, part
    for number, line in enumerate(page.lines, 1):
        yield (page.template, LINES), line_name(number), line
