"""Single readings and pages that a report shows, and how the worst of many are kept in little memory."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, TypeVar

from hcr_scan.document import Field, Line, Page, Reason, Source, Status
from hcr_scan.geometry import BoundingBox

T = TypeVar("T")

#: Other readings that are shown of one.
MOST_ALTERNATIVES = 3


@dataclass(slots=True)
class Worst(Generic[T]):
    """The few of many with the largest keys; of equal ones those that came first.

    Args:
        size: How many are kept.
    """

    size: int
    _heap: list[tuple[tuple[float, ...], int, T]] = field(default_factory=list)
    _met: int = 0

    def add(self, key: tuple[float, ...], thing: T) -> None:
        """Keep a thing, if it is one of the worst so far."""
        self._met += 1
        if self.size:
            push = heapq.heappush if len(self._heap) < self.size else heapq.heappushpop
            push(self._heap, (key, -self._met, thing))

    def wanted(self, key: tuple[float, ...]) -> bool:
        """Whether a thing with such a key would be kept now."""
        return len(self._heap) < self.size or (self.size > 0 and key > self._heap[0][0])

    @property
    def all(self) -> list[T]:
        """What is kept, the worst first."""
        return [thing for _, _, thing in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Which page a reading is on, with what it takes to find it again in its file."""

    source: Source
    width: int
    height: int
    dpi: int
    rotation: int
    template: str | None

    @classmethod
    def of(cls, page: Page) -> PagePlace:
        return cls(page.source, page.width, page.height, page.dpi, page.rotation, page.template)


@dataclass(frozen=True, slots=True)
class Reading:
    """One field or line as it was read, and where its ink is.

    ``raw`` is what is written, where the value is another one by the field's rules. ``focus`` is the box of its least
    sure character, and ``letter`` how high its characters are; where it has none, both are those of the field itself.
    """

    page: PagePlace
    name: str
    value: str
    raw: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...]
    alternatives: tuple[tuple[str, float], ...]
    box: BoundingBox
    focus: BoundingBox
    letter: int

    @classmethod
    def of(cls, page: Page, name: str, part: Field | Line) -> Reading:
        written = [glyph for glyph in part.glyphs if glyph.status is not Status.BLANK]
        unsure = min(written, key=lambda glyph: (glyph.status is not Status.REJECTED, glyph.confidence), default=None)
        others = part.alternatives if isinstance(part, Field) else ()
        return cls(
            PagePlace.of(page),
            name,
            part.value if isinstance(part, Field) else part.text,
            part.raw if isinstance(part, Field) else part.text,
            part.confidence,
            part.status,
            part.reasons,
            tuple((other.value, other.confidence) for other in others[:MOST_ALTERNATIVES]),
            part.box,
            unsure.box if unsure is not None else part.box,
            int(median([glyph.box.height for glyph in written] or [part.box.height])),
        )
