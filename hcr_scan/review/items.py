"""What a person looks at and decides: one field, or one line of free writing, with the machine's reading of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hcr_scan.document import FieldAlternative, Glyph, Reason, Source, Status, Verdict
from hcr_scan.geometry import BoundingBox

#: The status of glyphs that a person should look at.
DOUBTFUL = (Status.REVIEW, Status.REJECTED)
#: The kind of items that are lines of free writing.
LINE = "line"


class Why(StrEnum):
    """Why an item needs a look."""

    #: The machine said so: its status is ``review`` or ``rejected``.
    DOUBTFUL = "doubtful"
    #: It must be filled in and is not.
    REQUIRED = "required"
    #: It is less sure than what is to be accepted unseen.
    THRESHOLD = "threshold"
    #: Drawn by chance from what would be accepted unseen.
    AUDIT = "audit"


class State(StrEnum):
    """How far an item is, in one pass over all."""

    #: Needs a look and had none in this pass; in the pass that settles differences: is decided differently.
    OPEN = "open"
    #: Was decided in this pass.
    DECIDED = "decided"
    #: Two passes say different things, and nobody has settled it.
    DIFFERENT = "different"
    #: Needs a look, decided or not.
    ALL = "all"
    #: Is accepted unseen.
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class ItemPage:
    """The page that an item is on; sizes as in :class:`hcr_scan.document.Page`."""

    id: int
    source: Source
    width: int
    height: int
    dpi: int
    rotation: int
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of an item, in which pass; ``value`` is empty where it is blank or unreadable.

    ``decided_at`` is in seconds of the Unix epoch. ``typed`` is what was typed where the value is another form of it.
    """

    item: int
    pass_: int
    reviewer: str
    verdict: Verdict
    value: str
    decided_at: float
    typed: str | None = None

    def agrees_with(self, other: Decision) -> bool:
        """Whether both say the same of the item, in whatever way."""
        return self.value == other.value and self.unreadable == other.unreadable

    @property
    def unreadable(self) -> bool:
        return self.verdict is Verdict.UNREADABLE


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an item stands in a queue: the most doubtful first, then in the order of pages."""

    confidence: float
    page: int
    place: int


@dataclass(frozen=True, slots=True)
class Item:
    """A field or line as the machine read it; ``place`` counts the fields, then the lines, of its page from 0.

    ``why`` is ``None`` where it is accepted unseen. ``decisions`` are the valid ones, one a pass at most.
    """

    id: int
    page: ItemPage
    place: int
    name: str
    kind: str
    box: BoundingBox
    value: str
    raw: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...]
    alternatives: tuple[FieldAlternative, ...]
    glyphs: tuple[Glyph, ...]
    why: Why | None
    decisions: tuple[Decision, ...] = ()

    @property
    def position(self) -> Position:
        return Position(self.confidence, self.page.id, self.place)

    def decision(self, pass_: int) -> Decision | None:
        """The valid decision of a pass."""
        return next((decision for decision in self.decisions if decision.pass_ == pass_), None)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items are asked for; what is ``None`` leaves all. ``text`` occurs in the value, whatever its case."""

    state: State = State.OPEN
    name: str | None = None
    path: str | None = None
    kind: str | None = None
    status: Status | None = None
    why: Why | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many items are in each state of a pass."""

    open: int
    decided: int
    different: int
    all: int


def is_doubtful(glyph: Glyph) -> bool:
    """Whether a person should look at a single glyph."""
    return glyph.status in DOUBTFUL
