"""Which character of a value each glyph is, where only one way to lay them side by side is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What it costs that a glyph was read wrongly or not at all, that a character has no glyph, that a glyph is none.
WRONG = MISSED = EXTRA = 1


@dataclass(frozen=True, slots=True)
class Aligned:
    """Glyph ``glyph`` is character ``character``, as all best ways agree; ``same`` tells whether it was read so."""

    glyph: int
    character: int
    same: bool


def aligned(read: Sequence[str], value: str) -> list[Aligned]:
    """The glyphs of which it is certain which character they are.

    Args:
        read: What each glyph was read as; empty where it was not.
        value: What stands there, without spaces.
    """
    forward = _table(read, value)
    backward = _table(tuple(reversed(read)), value[::-1])
    rows, columns = len(read), len(value)
    best, ways = forward[rows][columns]
    found = []
    for glyph in range(rows):
        for character in range(columns):
            cost, before = forward[glyph][character]
            rest, after = backward[rows - glyph - 1][columns - character - 1]
            same = read[glyph] == value[character]
            if cost + rest + (0 if same else WRONG) == best and before * after == ways:
                found.append(Aligned(glyph, character, same))
    return found


def _table(read: Sequence[str], value: str) -> list[list[tuple[int, int]]]:
    """The least cost of laying the first glyphs on the first characters, and the number of ways that cost so little."""
    table = [[(MISSED * column, 1) for column in range(len(value) + 1)]]
    for text in read:
        above = table[-1]
        row = [(above[0][0] + EXTRA, above[0][1])]
        for column, character in enumerate(value):
            choices = (
                (above[column][0] + (0 if text == character else WRONG), above[column][1]),
                (above[column + 1][0] + EXTRA, above[column + 1][1]),
                (row[-1][0] + MISSED, row[-1][1]),
            )
            least = min(cost for cost, _ in choices)
            row.append((least, sum(ways for cost, ways in choices if cost == least)))
        table.append(row)
    return table
