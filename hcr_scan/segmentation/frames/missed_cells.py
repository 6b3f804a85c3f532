"""Cells at the ends of a row, or in gaps of it, that were not found but are written in.

A letter that touches pale walls may cost a row its cell. Where the rows above and below have one, between rails that go
on, a letter stands in a cell all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.evidence import FrameEvidence

Row = tuple[BoundingBox, ...]

#: So many other rows have a cell at the same place, as large as this one but for this share, and as far left or right.
ROWS_ALIKE, OFF = 2, 0.15
#: A row has at least so many cells.
SHORTEST_ROW = 3
#: Rails go on with at least this share of the darkness that they have along the row.
RAIL = 0.5
#: A letter is at least this share of a cell high.
LOWEST_LETTER = 0.3


def with_missed_cells(
    rows: Sequence[Row], evidence: FrameEvidence, pieces: Components, taken: npt.NDArray[np.bool_]
) -> list[Row]:
    """Rows with the written cells that they miss.

    Args:
        rows: the cells found, left to right.
        evidence: what looks like a frame.
        pieces: of strong ink.
        taken: where cells lie; the new ones are added.
    """
    long = [row for row in rows if len(row) >= SHORTEST_ROW]
    if len(long) <= ROWS_ALIKE:
        return list(rows)
    cells = np.array([(number, *cell.as_list()) for number, row in enumerate(long) for cell in row])
    search = _Search(cells, evidence, pieces, taken)
    return [(*reversed([*search.beyond(row[::-1])]), *row, *search.beyond(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Search:
    """What cells are looked for with; ``cells`` (n, 5) holds row number, left, top, right and bottom of those found."""

    cells: npt.NDArray[np.int_]
    evidence: FrameEvidence
    pieces: Components
    taken: npt.NDArray[np.bool_]

    def beyond(self, row: Row) -> Iterator[BoundingBox]:
        """The cells that a row misses behind its last, in the direction in which it is given."""
        if len(row) < SHORTEST_ROW:
            return
        corners = np.array([(cell.left, cell.top) for cell in row])
        step, climb = (round(median_of(steps)) for steps in np.diff(corners, axis=0).T)
        upper, lower = np.median([self._rails(cell) for cell in row], axis=0)
        cell = row[-1].shifted(step, climb)
        while self._is_free(cell) and self._recurs(cell) and self._is_written(cell):
            above, below = self._rails(cell)
            if above < RAIL * upper or below < RAIL * lower:
                return
            self.taken[cell.top : cell.bottom, cell.left : cell.right] = True
            yield cell
            cell = cell.shifted(step, climb)

    def _is_free(self, cell: BoundingBox) -> bool:
        on_page = cell.clipped(*self.taken.shape[::-1]) == cell
        return on_page and not self.taken[cell.top : cell.bottom, cell.left + 2 : cell.right - 2].any()

    def _recurs(self, cell: BoundingBox) -> bool:
        """Whether other rows have a cell of this size at this place."""
        rows, left, top, right, bottom = self.cells.T
        near = np.abs(left - cell.left) <= OFF * cell.width
        alike = np.abs(right - left - cell.width) <= OFF * cell.width
        alike &= np.abs(bottom - top - cell.height) <= OFF * cell.height
        return len(set(rows[near & alike].tolist())) >= ROWS_ALIKE

    def _is_written(self, cell: BoundingBox) -> bool:
        left, top, right, bottom = self.pieces.boxes.T
        x, y = (left + right) / 2, (top + bottom) / 2
        inside = (x > cell.left) & (x < cell.right) & (y > cell.top) & (y < cell.bottom)
        return bool((inside & (bottom - top >= LOWEST_LETTER * cell.height)).any())

    def _rails(self, cell: BoundingBox) -> tuple[float, float]:
        """How dark the rails above and below a cell are, above bare paper."""
        rows = (self.evidence.rail_near[y, cell.left : cell.right] for y in (max(cell.top - 1, 0), cell.bottom - 1))
        upper, lower = (median_of(row) - self.evidence.bare_rail for row in rows)
        return upper, lower
