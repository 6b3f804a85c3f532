"""Cells of tables: where a row of closed cells meets a column of closed cells there is a cell, open or not.

Writing over its walls opens a cell, and in a table filled closely no row may be left whole. But rows share the places
of their walls, so that the cells that are closed say where the others are.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.comb_families import CellFamily, lanes
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import FrameEvidence
from hcr_scan.segmentation.frames.squares import is_seen

#: Cells of one row (or column) start within this share of their height (or width) of their neighbors.
LEVEL = 0.15
#: A column of a table is known from at least this many cells.
FEWEST_ABOVE = 2
#: Cells farther apart than this share of their width are not side by side.
WIDEST_GAP = 0.65


def table_rows(evidence: FrameEvidence, family: CellFamily) -> list[Comb]:
    """Rows of a family's cells that stand in columns, where writing has opened some of them."""
    members = family.members
    rows = lanes(members, 1, LEVEL * family.height)
    columns = [lane for lane in lanes(members, 0, LEVEL * family.width) if len(lane) >= FEWEST_ABOVE]
    if len(rows) < 2 or len(columns) < 2:
        return []
    combs = []
    for row in rows:
        known = members[row]
        elsewhere = [members[column] for column in columns if set(row).isdisjoint(column)]
        crossings = np.array([_crossing(known, column) for column in elsewhere], np.int32).reshape(-1, 4)
        free = crossings[~_overlap(crossings, known)].tolist()
        seen = [box for box in free if is_seen(evidence, family, BoundingBox(*box))]
        found: list[list[int]] = []
        for box in seen:
            if not _overlap(np.array([box]), np.array(found).reshape(-1, 4))[0]:
                found.append(box)
        if found:
            cells = sorted(BoundingBox(*box) for box in (*known.tolist(), *found))
            combs += [Comb(tuple(run), float(len(run))) for run in _runs(cells, family.width)]
    return combs


def _crossing(row: Boxes, column: Boxes) -> tuple[int, int, int, int]:
    """Where a row and a column of cells cross, between the nearest cells of each: left, top, right, bottom."""
    middle = median_of(column[:, 0] + column[:, 2])
    top, bottom = row[np.abs(row[:, 0] + row[:, 2] - middle).argmin()][[1, 3]]
    left, right = column[np.abs(column[:, 1] + column[:, 3] - top - bottom).argmin()][[0, 2]]
    return left, top, right, bottom


def _overlap(cells: Boxes, others: Boxes) -> npt.NDArray[np.bool_]:
    """Which cells lie on one of the others."""
    shared = np.minimum(cells[:, None, 2:], others[:, 2:]) - np.maximum(cells[:, None, :2], others[:, :2])
    smaller = np.minimum(_areas(cells)[:, None], _areas(others))
    return np.asarray((np.maximum(shared, 0).prod(axis=2) > 0.1 * smaller).any(axis=1))


def _areas(boxes: Boxes) -> npt.NDArray[np.int64]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def _runs(cells: list[BoundingBox], width: float) -> list[list[BoundingBox]]:
    """Cells side by side; those that stand alone are left out."""
    runs = [cells[:1]]
    for last, cell in pairwise(cells):
        if cell.left - last.right <= WIDEST_GAP * width:
            runs[-1].append(cell)
        else:
            runs.append([cell])
    return [run for run in runs if len(run) > 1]
