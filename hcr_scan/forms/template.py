"""What is known about a form before a page of it is read: its pages, its fields, and what may stand in them.

Plain frozen values without pixels. :mod:`hcr_scan.forms.files.template_file` reads them from TOML and says what is
wrong with a file. Boxes are pixels of the blank page as it was loaded, upright, whatever unit the file uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hcr_scan.geometry import BoundingBox


class FieldKind(StrEnum):
    """How a field is filled in."""

    #: One character a cell.
    CELLS = "cells"
    #: One or more lines of characters in an open box.
    BOX = "box"
    #: One line of characters.
    LINE = "line"
    #: A box that is ticked, crossed or filled, or left empty.
    CHECKBOX = "checkbox"
    #: Several check boxes of which one is to be marked.
    CHOICE = "choice"
    #: Digits at the right end of a row of cells, the unused cells before them crossed out.
    CROSSED_CELLS = "crossed_cells"


#: Kinds that are marked, not written in.
MARK_KINDS = (FieldKind.CHECKBOX, FieldKind.CHOICE)


class Normalization(StrEnum):
    """What is done to a reading to make it the value that is delivered."""

    UPPER = "upper"
    LOWER = "lower"
    #: No space at the ends, one between words.
    SPACES = "spaces"
    #: No white space at all.
    NO_SPACES = "no_spaces"
    #: Leading zeros off a number.
    NO_LEADING_ZEROS = "no_leading_zeros"
    #: A date as ``YYYY-MM-DD``.
    ISO_DATE = "iso_date"
    #: A number with a point for decimals and without grouping.
    NUMBER = "number"


class ValueKind(StrEnum):
    """What a value is, as far as that can be checked."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    EMAIL = "email"
    #: Digits whose last one is a Luhn check digit.
    LUHN = "luhn"
    #: Check characters of ISO/IEC 7064; which system is said by ``ValueType.system``.
    ISO7064 = "iso7064"
    #: ISO 13616: country, check digits by ISO 7064 MOD 97-10, account.
    IBAN = "iban"
    #: ISO 3166-1 code of two or three letters.
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class ValueType:
    """What a value is, and within what bounds; what a kind has no use for stays at its default."""

    kind: ValueKind = ValueKind.TEXT
    #: For dates: layouts of ``YYYY``, ``YY``, ``MM``, ``DD`` and separators, the most usual first.
    formats: tuple[str, ...] = ()
    #: Bounds, both included: ``YYYY-MM-DD`` for dates, plain numbers else.
    least: str | None = None
    most: str | None = None
    #: For decimals: digits after the decimal mark; ``None`` is any number of them.
    decimals: int | None = None
    #: For ISO 7064: ``mod11-2``, ``mod37-2``, ``mod97-10``, ``mod661-26``, ``mod1271-36``, ``mod11-10``, ``mod27-26``
    #: or ``mod37-36``.
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One check box of a choice: the value that a mark in it stands for, and its inside."""

    value: str
    box: BoundingBox


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What may stand in a field. Everything given must hold at once; what is not given allows everything."""

    #: Characters that may occur, as :func:`hcr_scan.settings.parse_charset` gives them; ``None`` is the run's own set.
    charset: str | None = None
    #: One symbol a position: ``A`` capital, ``a`` small letter, ``9`` digit, ``X`` capital or digit, ``*`` any of the
    #: character set, ``?`` the same or blank; anything else, or a symbol after a backslash, stands for itself.
    mask: str | None = None
    #: A regular expression that the whole value matches: what :mod:`re` knows, without looking back or around.
    pattern: str | None = None
    #: Values that may occur; empty is any.
    lexicon: tuple[str, ...] = ()
    #: Whether values outside the lexicon are unlikely (``False``) or impossible (``True``).
    closed_lexicon: bool = False
    type: ValueType = field(default_factory=ValueType)


@dataclass(frozen=True, slots=True)
class TemplateField:
    """One named place on a form.

    ``box`` is the inside of the field without its frame. ``cells`` are the insides of the cells of a field of cells,
    left to right, and empty for other kinds; ``options`` are the check boxes of a choice, and of a check box itself.
    """

    name: str
    kind: FieldKind
    box: BoundingBox
    cells: tuple[BoundingBox, ...] = ()
    options: tuple[Option, ...] = ()
    knowledge: Knowledge = field(default_factory=Knowledge)
    required: bool = False
    normalize: tuple[Normalization, ...] = ()
    #: Values surer than this are ``ok``; ``None`` leaves it to the run's settings.
    accept_above: float | None = None

    @property
    def parts(self) -> tuple[BoundingBox, ...]:
        """Where the field is filled in: its cells, its check boxes, or its box."""
        return self.cells or tuple(option.box for option in self.options) or (self.box,)


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """One page of a form: its blank, and where its fields are.

    ``width`` and ``height`` are pixels of the blank, ``dpi`` its resolution. ``blank`` is an image or a PDF,
    ``blank_page`` the page of it, from 1. ``filled`` says that no blank was to be had and ``blank`` is a page that was
    filled in: what lies in its fields is writing, and the rest of it is print.
    """

    number: int
    width: int
    height: int
    dpi: int
    blank: Path
    fields: tuple[TemplateField, ...]
    blank_page: int = 1
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between fields, such as ``total = adults + children`` or ``from <= until``; ``message`` is for people."""

    rule: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A form of one or more pages.

    ``sha256`` is that of everything that decides what is read: the file, its blanks and its word lists.
    """

    id: str
    pages: tuple[TemplatePage, ...]
    checks: tuple[Check, ...] = ()
    title: str = ""
    path: Path | None = None
    sha256: str = ""

    @property
    def fields(self) -> tuple[TemplateField, ...]:
        """The fields of all pages, in the order of the file: the columns of a wide table."""
        return tuple(field for page in self.pages for field in page.fields)
