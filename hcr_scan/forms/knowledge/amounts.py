"""Numbers as automata: integers and decimals within bounds, grouped by thousands or not.

A number may begin with zeros. Bounds are followed digit by digit: how long the number is beside the bound, and how its
digits compare with the bound's first ones, says all there is to know, so states stay few however large the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from hcr_scan.forms.knowledge.automata import Automaton

#: What may stand between thousands, and before decimals.
GROUPING, MARKS = ",.' ", ".,"
#: No field holds numbers of more digits.
MOST_DIGITS = 100


@dataclass(frozen=True, slots=True)
class _Reading:
    """A number read so far.

    ``length`` counts the integer digits after leading zeros; ``low`` and ``high`` compare the digits so far with as
    many of the lower and upper bound (-1, 0, 1). ``mark`` is the decimal mark the number will have, ``group`` what
    separates its thousands; ``since`` counts digits after the last of them, or the first digits if there is none yet.
    ``decimals`` is -1 before the mark. ``groups`` counts separators, up to 2.
    """

    mark: str
    group: str
    negative: bool = False
    signed: bool = False
    any: bool = False
    length: int = 0
    low: int = 0
    high: int = 0
    since: int = 0
    groups: int = 0
    decimals: int = -1


class Numbers(Automaton[frozenset[_Reading]]):
    """Numbers from ``least`` to ``most``, both included.

    Args:
        least: The lower bound; ``None`` is any. Numbers below zero take a minus sign in front.
        most: The upper bound likewise.
        integer: Without decimals and grouping.
        decimals: How many decimals there are; ``None`` is any number of them. ``1.250`` is then one and a quarter,
            and ``1,250`` a thousand and more.

    Raises:
        ValueError: a bound is no number, or no number is within them.
    """

    def __init__(
        self, least: str | None = None, most: str | None = None, integer: bool = True, decimals: int | None = None
    ) -> None:
        self._least, self._most = number_bound(least), number_bound(most)
        if self._least is not None and self._most is not None and self._least > self._most:
            raise ValueError(f"no number is from {least} to {most}; exchange least and most")
        if decimals is not None and decimals < 0:
            raise ValueError(f"decimals must be 0 or more, not {decimals}")
        self._integer, self._decimals = integer, decimals
        self._bounds = {sign: self._magnitudes(sign) for sign in (False, True)}
        digits = [len(bound.partition(".")[2]) for bounds in self._bounds.values() for bound in bounds]
        #: Decimals that are told apart: those after them are beyond every bound.
        self._longest = max(4, decimals or 0, *digits) + 1

    @property
    def start(self) -> frozenset[_Reading]:
        styles = [("", "")] if self._integer else [(m, g) for m in MARKS for g in ("", *GROUPING) if m != g]
        return frozenset(_Reading(mark, group) for mark, group in styles)

    def step(self, state: frozenset[_Reading], character: str) -> frozenset[_Reading] | None:
        return frozenset(following for reading in state for following in self._steps(reading, character)) or None

    def final(self, state: frozenset[_Reading]) -> float:
        return 0.0 if any(self._ends(reading) for reading in state) else -math.inf

    def number(self, value: str) -> Decimal | None:
        """What a value means; ``None`` where it is no such number."""
        state: frozenset[_Reading] | None = self.start
        for character in value:
            state = self.step(state, character) if state else None
        for reading in sorted(state or (), key=lambda reading: (-reading.decimals, reading.mark, reading.group)):
            if self._ends(reading):
                plain = value.replace(reading.group, "") if reading.group else value
                return Decimal(plain.replace(reading.mark, ".") if reading.decimals >= 0 else plain)
        return None

    def _magnitudes(self, negative: bool) -> tuple[str, str]:
        """The digits of the bounds of numbers of a sign, ``int.decimals``; empty for none, ``-`` for impossible."""
        least, most = self._least, self._most
        if negative:
            least, most = (-most if most is not None else None), (-least if least is not None else None)
        if most is not None and (most < 0 or (negative and most == 0)):
            return "-", "-"
        return _digits(least if least is not None and least > 0 else None), _digits(most)

    def _steps(self, reading: _Reading, character: str) -> Iterator[_Reading]:
        if character in "0123456789" and len(character) == 1:
            yield from self._digit(reading, character)
        elif character in ("-", "+") and not reading.signed and not reading.any:
            if self._bounds[character == "-"] != ("-", "-"):
                yield replace(reading, negative=character == "-", signed=True)
        elif character == reading.mark and reading.any and reading.decimals < 0 and self._decimals != 0:
            if not reading.groups or reading.since == 3:
                yield replace(reading, decimals=0)
        elif character == reading.group and self._may_group(reading):
            yield replace(reading, groups=min(reading.groups + 1, 2), since=0)

    @staticmethod
    def _may_group(reading: _Reading) -> bool:
        complete = reading.since == 3 or (not reading.groups and reading.since < 3)
        return bool(reading.length) and reading.decimals < 0 and complete

    def _digit(self, reading: _Reading, digit: str) -> Iterator[_Reading]:
        low, high = self._bounds[reading.negative]
        if low == "-":
            return
        reading = replace(reading, any=True)
        if reading.decimals >= 0:
            place = reading.decimals
            if self._decimals is not None and place >= self._decimals:
                return
            at = low.find(".") + 1 + place, high.find(".") + 1 + place
            seen = replace(reading, decimals=min(place + 1, self._longest))
        else:
            if reading.group and reading.since == 3:
                return
            since = min(reading.since + 1, 4) if not reading.group else reading.since + 1
            seen = replace(reading, since=since)
            if digit == "0" and not reading.length:
                yield seen
                return
            at = reading.length, reading.length
            seen = replace(seen, length=min(reading.length + 1, max(low.find("."), high.find("."), 0) + 1))
        yield replace(
            seen,
            low=reading.low or _compared(digit, low, at[0], reading.decimals >= 0),
            high=reading.high or _compared(digit, high, at[1], reading.decimals >= 0),
        )

    def _ends(self, reading: _Reading) -> bool:
        if not reading.any or reading.decimals == 0 or (reading.groups and reading.since != 3):
            return False
        if not self._style_is_meant(reading):
            return False
        low, high = self._bounds[reading.negative]
        if low == "-" or high == "-":
            return False
        return self._beside(reading, low, reading.low) >= 0 and (
            not high or self._beside(reading, high, reading.high) <= 0
        )

    def _style_is_meant(self, reading: _Reading) -> bool:
        """Whether marks and groups mean what a person takes them to mean, so that each value is one number."""
        if self._integer:
            return True
        if self._decimals is not None:
            return reading.decimals in (-1, self._decimals)
        if reading.decimals == 3 and not reading.groups:
            return reading.mark == "." or not reading.length
        return reading.group != "." or reading.groups != 1 or reading.decimals >= 0

    @staticmethod
    def _beside(reading: _Reading, bound: str, compared: int) -> int:
        """-1, 0 or 1: whether the number is below, at or above a bound of digits; 1 above none."""
        if not bound:
            return 1
        whole = len(bound.partition(".")[0].lstrip("0"))
        if reading.length != whole:
            return 1 if reading.length > whole else -1
        if compared:
            return compared
        rest = bound.partition(".")[2][max(reading.decimals, 0) :]
        return -1 if rest.strip("0") else 0


def _compared(digit: str, bound: str, at: int, decimals: bool) -> int:
    """How a digit compares with the bound's digit at the same place, a missing decimal being 0."""
    if not bound or (at >= bound.find(".") and not decimals):
        return 0
    other = bound[at] if at < len(bound) else "0"
    return (digit > other) - (digit < other)


def _digits(number: Decimal | None) -> str:
    """A bound as ``int.decimals`` without leading zeros before the point; empty for none."""
    if number is None:
        return ""
    whole, _, rest = format(number, "f").partition(".")
    return f"{whole.lstrip('0')}.{rest}"


def number_bound(text: str | None) -> Decimal | None:
    """The number of a bound.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    # Digits are followed one by one: 1E999999999 has too many.
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        raise ValueError(f"the bound {text!r} is no number; write it as 1250 or 12.5")
    return number
