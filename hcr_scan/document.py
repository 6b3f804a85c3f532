"""What a scan yields: pages of fields and lines, words and glyphs, or the reason there is none.

The words are those of PAGE XML, ALTO and hOCR. Everything here is a frozen value without pixels, so it can
cross process borders, be compared, and be written by any sink. Boxes are pixels of the upright source raster:
after EXIF and page rotation, before deskewing, so that they can be drawn on what the user scanned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hcr_scan.geometry import BoundingBox, union_of

#: Confidences are written to this many decimals: more would be noise of the arithmetic.
DECIMALS = 4


class Status(StrEnum):
    """What became of a glyph, a field or a page."""

    OK = "ok"
    REVIEW = "review"
    REJECTED = "rejected"
    BLANK = "blank"
    FAILED = "failed"


class Reason(StrEnum):
    """Why something is not ``ok``. A closed list: README explains each."""

    LOW_CONFIDENCE = "low_confidence"
    NOT_A_CHARACTER = "not_a_character"
    AMBIGUOUS_SPLIT = "ambiguous_split"
    CROSSED_OUT = "crossed_out"
    OVERWRITTEN = "overwritten"
    MAYBE_PRINT = "maybe_print"
    #: What is written breaks what the template says about the field.
    CHARSET = "charset"
    PATTERN = "pattern"
    LEXICON = "lexicon"
    TYPE = "type"
    CHECK_FAILED = "check_failed"
    REQUIRED = "required"
    NONE_MARKED = "none_marked"
    SEVERAL_MARKED = "several_marked"
    #: The page matches none of the templates; something is written where the form has no field; a page is missing.
    UNREGISTERED = "unregistered"
    OUTSIDE_FIELDS = "outside_fields"
    INCOMPLETE = "incomplete"
    #: A person looked and could not read it either.
    UNREADABLE = "unreadable"


class Verdict(StrEnum):
    """What a person said of a reading."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    UNREADABLE = "unreadable"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading, with its calibrated probability."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Glyph:
    """One written character. ``text`` is empty where it is blank or rejected.

    ``cell`` is the position in a field of cells, from 0; ``None`` in free lines.
    """

    box: BoundingBox
    text: str
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    status: Status = Status.OK
    cell: int | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """Glyphs of one line with no word space between them, left to right; never empty."""

    glyphs: tuple[Glyph, ...]

    @property
    def text(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs)

    @property
    def box(self) -> BoundingBox:
        return union_of(glyph.box for glyph in self.glyphs)

    @property
    def confidence(self) -> float:
        return joint_confidence(self.glyphs)


@dataclass(frozen=True, slots=True)
class MachineReading:
    """What the machine had read where a person has the last word."""

    value: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word on a field or line: what was said, of what reading, and by whom.

    ``typed`` is what was typed where the value is another form of it, such as a date put into that of the field.
    """

    verdict: Verdict
    value: str
    reviewer: str
    machine: MachineReading
    typed: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one line, left to right; never empty. They are the machine's, also where a person has corrected it."""

    words: tuple[Word, ...]
    status: Status = Status.OK
    reasons: tuple[Reason, ...] = ()
    correction: Correction | None = None

    @property
    def glyphs(self) -> tuple[Glyph, ...]:
        return tuple(glyph for word in self.words for glyph in word.glyphs)

    @property
    def text(self) -> str:
        if self.correction is not None:
            return self.correction.value
        return " ".join(word.text for word in self.words if word.text)

    @property
    def box(self) -> BoundingBox:
        return union_of(word.box for word in self.words)

    @property
    def confidence(self) -> float:
        return 1.0 if self.correction is not None else joint_confidence(self.glyphs)


@dataclass(frozen=True, slots=True)
class FieldAlternative:
    """Another value of a whole field, with its probability."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Field:
    """A named place on a form and what stands in it.

    >>> from hcr_scan import BoundingBox
    >>> town = Field("town", "line", BoundingBox(0, 0, 90, 30), "ULM", "UIM", 0.93, Status.OK)
    >>> f"{town.name}: {town.value} ({town.confidence:.0%}, {town.status})"
    'town: ULM (93%, ok)'

    ``raw`` is what the glyphs say, with a space for each blank cell between written ones; ``value`` is what is
    delivered. Without a template the two are equal and the name is generated (``field_001`` in reading order).
    Where a person had the last word (``correction``), value, confidence, status and reasons are the person's.
    """

    name: str
    kind: str
    box: BoundingBox
    value: str
    raw: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...] = ()
    alternatives: tuple[FieldAlternative, ...] = ()
    glyphs: tuple[Glyph, ...] = ()
    correction: Correction | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a page came from. ``page`` counts from 1; ``pages`` is the document's page count."""

    path: str
    page: int = 1
    pages: int = 1
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page that was read.

    ``width`` and ``height`` are pixels of the upright source raster; ``rotation`` is the clockwise turn in degrees
    (0, 90, 180, 270) that made it upright, after EXIF; ``skew`` is the remaining tilt in degrees, clockwise positive.
    ``template`` is the form that the page was found to be page ``template_page`` of, and ``template_match`` (0 to 1)
    how well it matches; ``lines`` is then what is written outside of the form's fields.
    """

    source: Source
    width: int
    height: int
    dpi: int
    rotation: int
    skew: float
    fields: tuple[Field, ...] = ()
    lines: tuple[Line, ...] = ()
    template: str | None = None
    template_match: float | None = None
    template_page: int | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def status(self) -> Status:
        if self.reasons:
            return Status.REVIEW
        parts = [field.status for field in self.fields] + [line.status for line in self.lines]
        if any(status in (Status.REVIEW, Status.REJECTED) for status in parts):
            return Status.REVIEW
        return Status.OK if Status.OK in parts else Status.BLANK


@dataclass(frozen=True, slots=True)
class PageFailure:
    """One page, or one whole document, that could not be read: a record in the output, not an exception.

    ``stage`` names what was being done (``open``, ``decode``, ``segment``, ``classify``, ``assemble``); ``error`` is
    a stable code (``not_an_image``, ``password``, ``too_large`` ...); ``message``, for people, goes on after the name
    of the file or page: ``is encrypted; give its password with --password-file``.
    """

    source: Source
    stage: str
    error: str
    message: str

    @property
    def status(self) -> Status:
        return Status.FAILED


PageResult = Page | PageFailure


@dataclass(frozen=True, slots=True)
class Form:
    """The pages of one filled form, as they came; a page that matched no template, or failed, is a form of its own.

    ``complete`` tells whether no page of the template is missing.
    """

    pages: tuple[PageResult, ...]
    template: str | None = None
    complete: bool = True

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for page in self.pages if isinstance(page, Page) for field in page.fields)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the form as a whole is not ``ok``, writing outside of its fields included; fields have their own."""
        read = [page for page in self.pages if isinstance(page, Page)]
        own = {reason for page in read for reason in page.reasons}
        own |= {Reason.OUTSIDE_FIELDS for page in read for line in page.lines if Reason.OUTSIDE_FIELDS in line.reasons}
        if not self.complete:
            own.add(Reason.INCOMPLETE)
        return tuple(reason for reason in Reason if reason in own)

    @property
    def status(self) -> Status:
        found = {page.status for page in self.pages}
        if Status.FAILED in found:
            return Status.FAILED
        if self.reasons or Status.REVIEW in found:
            return Status.REVIEW
        return Status.OK if Status.OK in found else Status.BLANK


def line_name(number: int) -> str:
    """What the lines of a page are called, counted from 1."""
    return f"line_{number:03}"


def joint_confidence(glyphs: tuple[Glyph, ...]) -> float:
    """The probability that every written glyph is right, taking glyphs as independent; 1 where none is written.

    Of confidences as they are written, so that it can be computed again from what was written.
    """
    product = 1.0
    for glyph in glyphs:
        if glyph.status is not Status.BLANK:
            product *= rounded(glyph.confidence)
    return product


def rounded(confidence: float) -> float:
    """A confidence as it is written."""
    return round(confidence, DECIMALS)
