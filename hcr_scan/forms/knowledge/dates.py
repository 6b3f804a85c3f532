"""Dates as automata: only days that the calendar has, within bounds, in one of several layouts.

A layout is made of ``DD``, ``MM``, and ``YYYY`` or ``YY``, each once, and separators between them. A day or month that
a separator ends (or that ends the value after one) may be written with one digit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hcr_scan.forms.knowledge.automata import Automaton

#: The layouts of a date that names none.
USUAL_FORMATS = ("DD/MM/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "YYYY-MM-DD", "DDMMYYYY")

#: Two-digit years from here on are of the 20th century, as in POSIX, where bounds do not say better.
FIRST_SHORT_YEAR = 69

_PARTS = re.compile("YYYY|YY|MM|DD|.", re.DOTALL)

#: Years that stand for all common and all leap years where no bound is near.
_COMMON, _LEAP = 2001, 2000


@dataclass(frozen=True, slots=True)
class _Reading:
    """A value read so far in one layout: the place in it (part, and digits of the part), and the numbers known.

    ``digits`` is the number of the part being read. ``inside`` says that the year is certainly within the bounds, by
    which all years that are leap alike are the same.
    """

    layout: int
    part: int = 0
    count: int = 0
    digits: int = 0
    day: int = 0
    month: int = 0
    year: int = 0
    inside: bool = False


class Dates(Automaton[frozenset[_Reading]]):
    """Dates of the Gregorian calendar in any of some layouts.

    Raises:
        ValueError: a layout lacks a day, month or year or has one twice, or a bound is no date.
    """

    def __init__(self, formats: Sequence[str] = (), least: str | None = None, most: str | None = None) -> None:
        self._layouts = [parsed_layout(layout) for layout in formats or USUAL_FORMATS]
        self._least, self._most = date_bound(least, date.min), date_bound(most, date.max)
        if self._least > self._most:
            raise ValueError(f"no date is from {least} to {most}; exchange least and most")

    @property
    def start(self) -> frozenset[_Reading]:
        return frozenset(_Reading(layout) for layout in range(len(self._layouts)))

    def step(self, state: frozenset[_Reading], character: str) -> frozenset[_Reading] | None:
        return frozenset(following for reading in state for following in self._steps(reading, character)) or None

    def final(self, state: frozenset[_Reading]) -> float:
        return 0.0 if any(True for reading in state for _ in self._ends(reading)) else -math.inf

    def dates(self, value: str) -> list[date]:
        """The dates that a value may mean, by the order of the layouts; usually one."""
        found = []
        for layout in range(len(self._layouts)):
            readings = [_Reading(layout)]
            for character in value:
                readings = [f for reading in readings for f in self._steps(reading, character, exact=True)]
            found += [day for reading in readings for day in self._ends(reading)]
        return list(dict.fromkeys(found))

    def _steps(self, reading: _Reading, character: str, exact: bool = False) -> Iterator[_Reading]:
        layout = self._layouts[reading.layout]
        part = layout[reading.part] if reading.part < len(layout) else ""
        if part.isalpha() and character.isdigit() and character.isascii():
            read = replace(reading, count=reading.count + 1, digits=10 * reading.digits + int(character))
            if read.count < len(part):
                yield from self._possible(read, part)
            else:
                yield from (self._merged(done, exact) for done in self._completed(read, part))
        elif part.isalpha() and reading.count == 1 and self._may_be_short(reading.layout, reading.part):
            if reading.part + 1 < len(layout) and layout[reading.part + 1] == character:
                done = (self._merged(found, exact) for found in self._completed(reading, part))
                yield from (replace(found, part=found.part + 1) for found in done)
        elif part == character:
            yield replace(reading, part=reading.part + 1)

    def _ends(self, reading: _Reading) -> Iterator[date]:
        layout = self._layouts[reading.layout]
        readings: Iterable[_Reading] = [reading] if reading.part == len(layout) else ()
        last = reading.part == len(layout) - 1
        if last and reading.count == 1 and self._may_be_short(reading.layout, reading.part):
            readings = self._completed(reading, layout[-1])
        for done in readings:
            yield date(done.year or _LEAP, done.month or 1, done.day or 1)

    def _may_be_short(self, layout: int, part: int) -> bool:
        parts = self._layouts[layout]
        before, after = parts[part - 1 : part] if part else [], parts[part + 1 : part + 2]
        return parts[part] in ("DD", "MM") and not any(near[0].isalpha() for near in (*before, *after))

    def _possible(self, reading: _Reading, part: str) -> Iterator[_Reading]:
        """The reading if the digits so far can become a day, a month or a year within the bounds."""
        scale = 10 ** (len(part) - reading.count)
        first, last = reading.digits * scale, (reading.digits + 1) * scale - 1
        bounds = {"DD": (1, 31), "MM": (1, 12), "YY": (0, 99), "YYYY": (self._least.year, self._most.year)}[part]
        short = reading.digits and self._may_be_short(reading.layout, reading.part)
        if short or (first <= bounds[1] and last >= bounds[0]):
            yield reading

    def _completed(self, reading: _Reading, part: str) -> Iterator[_Reading]:
        """The reading with the part's number in its place, if there are such dates."""
        number = reading.digits
        done = replace(reading, part=reading.part + 1, count=0, digits=0)
        if part == "DD":
            done = replace(done, day=number)
            known = 1 <= number <= 31
        elif part == "MM":
            done = replace(done, month=number)
            known = 1 <= number <= 12
        else:
            done = replace(done, year=self._full_year(number) if part == "YY" else number)
            known = self._least.year <= done.year <= self._most.year
        if known and self._exists(done):
            yield done

    def _full_year(self, short: int) -> int:
        years = [century + short for century in (1800, 1900, 2000, 2100)]
        within = [year for year in years if self._least.year <= year <= self._most.year]
        return within[0] if len(within) == 1 else short + (1900 if short >= FIRST_SHORT_YEAR else 2000)

    def _exists(self, reading: _Reading) -> bool:
        """Whether some day has the numbers that are known and is within the bounds."""
        year, month, day = reading.year, reading.month, reading.day
        if day > _days(year or _LEAP, month or 1):
            return False
        if not year or reading.inside:
            return True
        first = date(year, month or 1, day or 1)
        last_month = month or 12
        last = date(year, last_month, day or _days(year, last_month))
        if month or not day:
            return first <= self._most and last >= self._least
        return any(day <= _days(year, m) and self._least <= date(year, m, day) <= self._most for m in range(1, 13))

    def _merged(self, reading: _Reading, exact: bool) -> _Reading:
        """The reading with what makes no difference any more forgotten, so that states stay few."""
        if exact:
            return reading
        if not any(part.isalpha() for part in self._layouts[reading.layout][reading.part :]):
            return replace(reading, day=0, month=0, year=0, inside=True)
        if reading.inside:
            return reading
        if reading.year:
            unbounded = (self._least, self._most) == (date.min, date.max)
            if unbounded or self._least.year < reading.year < self._most.year:
                return replace(reading, year=_LEAP if _days(reading.year, 2) == 29 else _COMMON, inside=True)
        elif reading.day and reading.month and (reading.month, reading.day) != (2, 29):
            first = date(self._least.year, reading.month, reading.day)
            if first >= self._least and date(self._most.year, reading.month, reading.day) <= self._most:
                return replace(reading, day=0, month=0, inside=True)
        return reading


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def parsed_layout(layout: str) -> list[str]:
    """The parts of a layout: ``DD``, ``MM``, ``YYYY`` or ``YY``, and single separators.

    Raises:
        ValueError: it lacks one of the three, or has one twice.
    """
    parts = _PARTS.findall(layout)
    numbers = sorted(part[0] for part in parts if part in ("YYYY", "YY", "MM", "DD"))
    others = [part for part in parts if part not in ("YYYY", "YY", "MM", "DD")]
    if numbers != ["D", "M", "Y"] or any(part.isalnum() for part in others):
        raise ValueError(
            f"the date format {layout!r} must have DD, MM, and YYYY or YY, each once, and only separators besides, "
            "as in DD/MM/YYYY"
        )
    return parts


def date_bound(text: str | None, default: date) -> date:
    """The date of a bound such as ``1998-11-02``.

    Raises:
        ValueError: it is no date.
    """
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the bound {text!r} is no date; write it as 1998-11-02") from None
