"""Rows of a table taken for a comb: their cells are to hold words and numbers, not one character each.

The frame alone does not tell: columns of a table may be as wide as each other, and a fax may have lost all walls of a
comb but those between its groups. What is written does.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hcr_scan.segmentation.cells.writing import InkCell

Row = tuple[InkCell, ...]

#: Ink this strong is a stroke; letters side by side have a column without any between them, and each of them is at
#: least this share as high as all that is in the cell.
STROKE, LETTER = 128, 0.45
#: Cells hold words where at least so many, and this share of those that are written in, hold several letters: now and
#: then a letter falls apart, or two stand in one cell.
FEWEST, SHARE = 2, 0.34
#: Rows of one table begin and end at the same places, but for so many pixels.
OFF = 6
#: Nobody writes several letters in cells narrower than this (pixels): those are printed there.
NARROWEST = 32


def rows_of_words(rows: Iterable[Row]) -> list[Row]:
    """Those rows whose cells hold several letters each, or those of other rows of the same table."""
    tables: list[list[Row]] = []
    for row in rows:
        table = next((table for table in tables if _is_aligned(table[0], row)), None)
        if table is None:
            tables.append(table := [])
        table.append(row)
    return [row for table in tables if _holds_words(table) for row in table]


def _is_aligned(row: Row, other: Row) -> bool:
    """Whether two rows begin and end at the same places."""
    ends = abs(row[0].box.left - other[0].box.left), abs(row[-1].box.right - other[-1].box.right)
    return len(row) == len(other) and max(ends) <= OFF


def _holds_words(table: Iterable[Row]) -> bool:
    written = [cell for row in table for cell in row if cell.chunk is not None]
    several = sum(cell.box.width >= NARROWEST and holds_several(cell) for cell in written)
    return several >= FEWEST and several >= SHARE * len(written)


def holds_several(cell: InkCell) -> bool:
    """Whether letters stand side by side in a cell."""
    if cell.chunk is None:
        return False
    (candidate,) = cell.chunk.candidates
    ink = candidate.ink >= STROKE
    inked = np.concatenate(([0], ink.any(axis=0).view(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(inked) > 0).tolist(), np.flatnonzero(np.diff(inked) < 0).tolist()
    rows = [np.flatnonzero(ink[:, start:end].any(axis=1)) for start, end in zip(starts, ends, strict=True)]
    return sum(int(found[-1] - found[0] + 1) >= LETTER * candidate.box.height for found in rows) > 1
