"""Masks such as ``AA999999``: one symbol for each character of a value."""

from __future__ import annotations

import math

from hcr_scan.forms.knowledge.automata import Automaton

#: What the symbols stand for; ``*`` is any character of the set, ``?`` the same or blank.
CAPITALS, SMALL, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
SYMBOLS = {"A": CAPITALS, "a": SMALL, "9": DIGITS, "X": CAPITALS + DIGITS}

#: Symbols that leave the kind of a character open, and how many of them side by side are a run of which neighbors tell.
OPEN, RUN = ("", SYMBOLS["X"]), "111"

Places = tuple[int, ...]


class Mask(Automaton[Places]):
    """Values of one character a symbol; a blank at a ``?`` may also be left out.

    A state is the tuple of places in the mask that the value so far may have reached.

    Raises:
        ValueError: the mask is empty, ends in a lone backslash, or has a space at an end.
    """

    def __init__(self, mask: str) -> None:
        self._symbols = parsed_mask(mask)
        self._start = self._with_skips([0])
        kinds = "".join("1" if allowed in OPEN else " " for allowed, _ in self._symbols)
        self.kinds_open = RUN in kinds

    @property
    def start(self) -> Places:
        return self._start

    def step(self, state: Places, character: str) -> Places | None:
        reached = [at + 1 for at in state if at < len(self._symbols) and self._fits(at, character)]
        return self._with_skips(reached) if reached else None

    def final(self, state: Places) -> float:
        return 0.0 if len(self._symbols) in state else -math.inf

    def _fits(self, at: int, character: str) -> bool:
        allowed, optional = self._symbols[at]
        return character in allowed if allowed else character != " " or optional

    def _with_skips(self, places: list[int]) -> Places:
        found = set(places)
        for place in places:
            while place < len(self._symbols) and self._symbols[place][1]:
                place += 1
                found.add(place)
        return tuple(sorted(found))


def parsed_mask(mask: str) -> list[tuple[str, bool]]:
    """For each place of a mask the characters that may stand there (none: any), and whether it may stay blank.

    Raises:
        ValueError: see :class:`Mask`.
    """
    symbols: list[tuple[str, bool]] = []
    rest = iter(mask)
    for symbol in rest:
        if symbol == "\\":
            literal = next(rest, None)
            if literal is None:
                raise ValueError(f"the mask {mask!r} ends in a backslash, which needs a symbol after it")
            symbols.append((literal, False))
        elif symbol in "*?":
            symbols.append(("", symbol == "?"))
        else:
            symbols.append((SYMBOLS.get(symbol, symbol), False))
    if not symbols:
        raise ValueError(
            "a mask needs at least one symbol: A capital, a small letter, 9 digit, X capital or digit, * any"
        )
    if " " in (symbols[0][0], symbols[-1][0]):
        raise ValueError(f"the mask {mask!r} has a space at an end; values have none there, so leave it out")
    return symbols


def mask_characters(mask: str) -> set[str]:
    """The characters that a mask asks for by name or kind."""
    return {character for allowed, _ in parsed_mask(mask) for character in allowed}
