"""Cells whose sides are hardly straight: ovals, circles, and squares with very round corners."""

from __future__ import annotations

import numpy as np

from hcr_scan.images import Components
from hcr_scan.segmentation.frames.comb_families import lanes
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL
from hcr_scan.segmentation.ink.rings import is_ring

#: Rings of one size differ by less than this share, and a pixel.
ONE_SIZE = 0.05
#: So many of them stand in a row, at steps that differ by so many pixels from the usual one, which is so many widths
#: at most. Written O's are neither of one size nor at one step.
ROW, STEPS_DIFFER, FARTHEST = 4, 3.0, 3.0
#: The longest side of a cell, in smallest cells.
LARGEST = 8


def round_cells(pieces: Components) -> Boxes:
    """The insides ``(n, 4)`` of rings of one size that stand in rows at one step, as only a press sets them."""
    sizes = pieces.boxes[:, 2:] - pieces.boxes[:, :2]
    cell_sized = (sizes >= SMALLEST_CELL).all(axis=1) & (sizes <= LARGEST * SMALLEST_CELL).all(axis=1)
    rings = np.array([i for i in np.flatnonzero(cell_sized).tolist() if is_ring(pieces, i)], np.intp)
    found = [np.zeros((0, 4), np.int32)]
    while len(rings):
        size = sizes[rings[0]]
        same = (np.abs(sizes[rings] - size) <= 1 + ONE_SIZE * size).all(axis=1)
        group, rings = rings[same], rings[~same]
        boxes = pieces.boxes[group]
        # A line drawn around an oval is about three of its mean sides long.
        thick = max(1, round(float(np.median(pieces.areas[group])) / (1.6 * float(size.sum()))))
        for lane in lanes(boxes, 1, 0.2 * float(size[1])):
            row = boxes[lane]
            steps = np.diff(row[:, 0])
            if len(row) >= ROW and np.median(steps) <= FARTHEST * size[0]:
                near = np.abs(steps - np.median(steps)) <= STEPS_DIFFER
                row = row[np.append(near, False) | np.insert(near, 0, False)]
                if len(row) >= ROW:
                    found.append(row + np.array((thick, thick, -thick, -thick), np.int32))
    return np.concatenate(found)
