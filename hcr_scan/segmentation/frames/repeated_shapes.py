"""Cells that no straight lines make, found as what a press repeats: ovals, circles, round squares, patches of tint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components, Gray, Mask, above, dilate, erode, measured_components
from hcr_scan.segmentation.frames.comb_families import lanes
from hcr_scan.segmentation.frames.enclosures import NARROWEST, WIDEST, Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL
from hcr_scan.segmentation.ink.rings import are_rings

#: Shapes of one size differ by less than this share, and a pixel.
ONE_SIZE = 0.05
#: So many of them stand in a row, at steps that differ by so many pixels from the usual one, which is so many sides
#: at most. Written O's are neither of one size nor at one step.
ROW, STEPS_DIFFER, FARTHEST = 4, 3.0, 3.0
#: So many in a row may be broken by writing, of which this share shows.
MOST_BROKEN, SHOWN = 4, 0.7
#: The longest side of a cell, in smallest cells.
LARGEST = 8
#: Tint is between so dark and so dark, and covers this share of a page and of its own patches.
LIGHTEST, DARKEST, TINTED, FILLED = 10, 70, 0.01, 0.9
#: Strokes are thinner than so many pixels.
STROKE = 7

Box = npt.NDArray[np.int32]


def repeated_cells(darkness: Gray, pieces: Components) -> Boxes:
    """The insides ``(n, 4)`` of shapes of one size that stand in rows or columns at one step.

    Those that writing has broken, or joined, are found by their neighbors.
    """
    return np.concatenate([_round_cells(pieces), _tinted_cells(darkness)])


def _round_cells(pieces: Components) -> Boxes:
    sizes = pieces.boxes[:, 2:] - pieces.boxes[:, :2]
    rings = np.flatnonzero(_cell_sized(sizes))
    rings = rings[are_rings(pieces, rings)]
    found = [np.zeros((0, 4), np.int32)]
    for group in _of_one_size(sizes[rings]):
        ring, (width, height) = int(rings[group[0]]), sizes[rings[group[0]]].tolist()
        # A line drawn around an oval is about three of its mean sides long.
        thick = max(1, round(float(np.median(pieces.areas[rings[group]])) / (1.6 * (width + height))))
        boxes = _in_step(pieces.boxes[rings[group]], partial(_shows, pieces, ring))
        found.append(boxes + np.array((thick, thick, -thick, -thick), np.int32))
    return np.concatenate(found)


def _tinted_cells(darkness: Gray) -> Boxes:
    counts = np.bincount(darkness[::3, ::3].ravel(), minlength=256)
    if counts[LIGHTEST:DARKEST].sum() < TINTED * counts.sum():
        return np.zeros((0, 4), np.int32)
    level = LIGHTEST + int(np.argmax(np.convolve(counts[LIGHTEST:DARKEST], np.ones(5), "same")))
    # Without the strokes that lead from patch to patch.
    patches = erode(above(darkness, level // 2), STROKE, STROKE)
    boxes, areas = measured_components(patches, connectivity=4)
    sizes = boxes[:, 2:] - boxes[:, :2]
    boxes = boxes[_cell_sized(sizes) & (areas > FILLED * sizes.prod(axis=1))]
    half = STROKE // 2
    found = [np.zeros((0, 4), np.int32)]
    for group in _of_one_size(boxes[:, 2:] - boxes[:, :2]):
        whole = _in_step(boxes[group], partial(_is_filled, patches))
        found.append(whole + np.array((-half, -half, half, half), np.int32))
    return np.concatenate(found)


def _is_filled(patches: Mask, box: Box) -> bool:
    left, top, right, bottom = box.tolist()
    return bool(np.count_nonzero(patches[top:bottom, left:right]) > FILLED * (right - left) * (bottom - top))


def _cell_sized(sizes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    widths, heights = sizes.T
    sized = (sizes >= SMALLEST_CELL).all(axis=1) & (sizes <= LARGEST * SMALLEST_CELL).all(axis=1)
    return np.asarray(sized & (widths > NARROWEST * heights) & (widths < WIDEST * heights))


def _of_one_size(sizes: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.intp]]:
    """Indices of shapes that are as large as each other, where there are enough for a row."""
    left = np.arange(len(sizes))
    while len(left):
        size = sizes[left[0]]
        same = (np.abs(sizes[left] - size) <= 1 + ONE_SIZE * size).all(axis=1)
        if np.count_nonzero(same) >= ROW:
            yield left[same]
        left = left[~same]


def _in_step(boxes: Boxes, shows: Callable[[Box], bool]) -> Boxes:
    """Those boxes of one size that follow each other at one step, left to right or downwards.

    Where so many steps lie between two that others fit in, those are added that ``shows`` tells to be there.
    """
    found = [box for axis in (0, 1) for box in _along(boxes, axis, shows)]
    return np.unique(np.array(found, np.int32).reshape(-1, 4), axis=0)


def _along(boxes: Boxes, axis: int, shows: Callable[[Box], bool]) -> Iterator[Box]:
    size = boxes[0, 2:] - boxes[0, :2]
    for lane in lanes(boxes, 1 - axis, 0.2 * float(size[1 - axis])):
        steps = np.diff(boxes[lane, axis])
        if len(lane) < ROW:
            continue
        # The usual one of the shortest: longer ones lead past broken shapes.
        step = float(np.median(steps[steps < 1.5 * max(steps.min(), 1)]))
        counts = np.rint(steps / step)
        fits = (np.abs(steps - counts * step) <= STEPS_DIFFER * counts) & (counts > 0) & (counts <= MOST_BROKEN + 1)
        if step > FARTHEST * size[axis] or np.count_nonzero(fits) < ROW - 1:
            continue
        yield from boxes[np.array(lane)[np.append(fits, False) | np.insert(fits, 0, False)]]
        for k in np.flatnonzero(fits).tolist():
            before, after, count = boxes[lane[k]], boxes[lane[k + 1]], int(counts[k])
            between = (np.rint(before + (after - before) * (n / count)).astype(np.int32) for n in range(1, count))
            yield from (box for box in between if shows(box))


def _shows(pieces: Components, ring: int, box: Box) -> bool:
    """Whether most of the line of a ring is there in a box of its size."""
    left, top, right, bottom = pieces.boxes[ring].tolist()
    line = pieces.labels[top:bottom, left:right] == ring + 1
    there = pieces.labels[box[1] : box[1] + bottom - top, box[0] : box[0] + right - left] > 0
    if there.shape != line.shape:
        return False
    near = dilate(there.view(np.uint8), 3, 3) > 0
    return bool(np.count_nonzero(near & line) > SHOWN * np.count_nonzero(line))
