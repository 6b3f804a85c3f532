"""Boxes that are closed on all four sides, and which of them are cells of one size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Gray, Mask, measured_components
from hcr_scan.order_statistics import median_of, quantile_of
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL, FrameEvidence

#: A cell for one character is between these shares of its height wide.
NARROWEST, WIDEST = 0.38, 1.9
#: Two cells are of one family when their sizes differ by less than this share.
ALIKE = 0.14
#: Sides are straight to this share of the box: the loop of an O is not.
STRAIGHT, WIDEST_REACH = 0.06, 4
#: So far from its corners, in shares of its shorter side, a box is paper; a disc has left off there.
CORNER = 0.1
#: Boxes looked at together.
BLOCK = 128
#: A guide runs along this share of its cell, the borders left out, and frames are so many times as dark.
SPANNING, CLEARLY_DARKER = 0.8, 1.5

#: Left, top, right, bottom; ``(n, 4)``.
Boxes = npt.NDArray[np.int32]


def enclosed_boxes(frame: Mask) -> Boxes:
    """Patches of paper with walls along most of all four sides, ``(n, 4)``."""
    height, width = frame.shape
    rows = _rows_with_frame(frame)
    if not len(rows):
        return np.zeros((0, 4), np.int32)
    boxes, areas = measured_components(255 - frame[rows], connectivity=4)
    boxes[:, 1], boxes[:, 3] = rows[boxes[:, 1]], rows[boxes[:, 3] - 1] + 1
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    candidates = (
        (np.minimum(widths, heights) >= SMALLEST_CELL * 0.8)
        & (widths < 0.96 * width)
        & (heights < 0.5 * height)
        & (areas > 0.5 * widths * heights)
    )
    inside = (boxes[:, :2] >= 2).all(axis=1) & (boxes[:, 2] <= width - 2) & (boxes[:, 3] <= height - 2)
    found = boxes[candidates & inside]
    found = found[_cornered(frame, found)]
    framed: Boxes = found[_framed(frame, found)]
    return framed


def _rows_with_frame(frame: Mask) -> npt.NDArray[np.intp]:
    """The rows with something in them, and those next to them: the others are all paper and enclose nothing."""
    filled = np.pad(frame.max(axis=1) > 0, 1)
    return np.flatnonzero(filled[:-2] | filled[1:-1] | filled[2:])


def guided_cells(proposals: Boxes, drawn: Boxes) -> Boxes:
    """Strongly drawn cells that what is faint, which only the ``proposals`` know, divides no further into cells.

    Many sheets print pale guide lines in their squares. Squares of one size are cells unless cells of another size
    recur in them side by side, as in a table whose cells hold combs; a cross quarters squares, and level guides may
    halve the quarters.
    """
    whole = [np.zeros((0, 4), np.int32)]
    widths, heights = (drawn[:, 2:] - drawn[:, :2]).T
    left = drawn[(widths > NARROWEST * heights) & (widths < WIDEST * heights) & (heights >= 2 * SMALLEST_CELL)]
    while len(left):
        same = alike(left, left[0])
        group, left = left[same], left[~same]
        inner = proposals[_within(proposals, group) & ~alike(proposals, group[0])]
        sizes = inner[:, 2:] - inner[:, :2]
        inner = inner[(sizes[:, 0] > NARROWEST * sizes[:, 1]) & (sizes[:, 0] < WIDEST * sizes[:, 1])]
        recurring = max((int(alike(inner, cell).sum()) for cell in inner), default=0)
        if len(group) >= 4 and (recurring < 1.2 * len(group) or _stacked(inner, group)):
            proposals = without_parts(proposals, group)
            whole.append(group)
    return np.concatenate(whole)


def without_parts(proposals: Boxes, cells: Boxes) -> Boxes:
    """The proposals, with ``cells`` in place of all that lies in them."""
    return np.concatenate([proposals[~_within(proposals, cells)], cells])


def guide_level(darkness: Gray, evidence: FrameEvidence, proposals: Boxes, cells: Boxes) -> int:
    """How dark guides inside of drawn ``cells`` may be, frames being darker.

    0 where no lines run from side to side in them, or most of what the page's lines enclose lies elsewhere.
    """
    # Guides part their cells: without more parts than cells there are none.
    if len(proposals) < 1.2 * len(cells):
        return 0
    faint = evidence.frame > evidence.drawn
    guided = [(cell, lines) for cell in cells.tolist() if (lines := _lines_across(faint[_inside(cell)])) is not None]
    held = np.array([cell for cell, _ in guided], np.int32).reshape(-1, 4)
    if not guided or 2 * np.count_nonzero(_within(proposals, held)) < len(proposals):
        return 0
    # The paler part: writing crosses guides.
    guides = [quantile_of(darkness[_inside(cell)][lines], 0.25) for cell, lines in guided]
    frames = []
    for left, top, right, bottom in held.tolist():
        wall, rail = darkness[top:bottom, max(left - 4, 0) : left + 2], darkness[max(top - 4, 0) : top + 2, left:right]
        frames.append(min(median_of(wall.max(axis=1)), median_of(rail.max(axis=0))))
    guide, frame = median_of(guides), median_of(frames)
    return round((guide + frame) / 2) if frame > CLEARLY_DARKER * guide else 0


def _inside(cell: list[int]) -> tuple[slice, slice]:
    """A cell, its borders left out."""
    left, top, right, bottom = cell
    dx, dy = (right - left) // 8, (bottom - top) // 8
    return slice(top + dy, bottom - dy), slice(left + dx, right - dx)


def _lines_across(lines: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    """The ``lines`` inside of a cell, where one runs from side to side."""
    # A look at how much there is tells most cells: without so many pixels there is no line.
    if np.count_nonzero(lines) <= SPANNING * min(lines.shape):
        return None
    across = (np.count_nonzero(lines, axis=axis).max() > SPANNING * lines.shape[axis] for axis in (0, 1))
    return lines if any(across) else None


def crossing_level(darkness: Gray, parts: Boxes) -> int:
    """How dark the crosses may be that quarter cells into ``parts`` of one size; 0 where those are cells themselves.

    A quarter has a frame on one side and the cross on the other, both ways: in a table that is a rare accident.
    """
    pale, dark = [], []
    some = parts[:: max(1, len(parts) // 30)].tolist()
    for left, top, right, bottom in some:
        across = (darkness[top:bottom, max(x - 4, 0) : x + 4].max(axis=1) for x in (left, right))
        along = (darkness[max(y - 4, 0) : y + 4, left:right].max(axis=0) for y in (top, bottom))
        sides = [sorted(median_of(side) for side in pair) for pair in (across, along)]
        if all(darker > CLEARLY_DARKER * paler for paler, darker in sides):
            pale.append(max(paler for paler, _ in sides))
            dark.append(min(darker for _, darker in sides))
    if 2 * len(pale) <= len(some) or len(pale) < 4:
        return 0
    return round((median_of(pale) + median_of(dark)) / 2)


def _within(proposals: Boxes, cells: Boxes) -> npt.NDArray[np.bool_]:
    """Which proposals lie in one of the cells."""
    left, top, right, bottom = proposals.T[:, :, None]
    inside = (left >= cells[:, 0] - 4) & (right <= cells[:, 2] + 4)
    inside &= (top >= cells[:, 1] - 4) & (bottom <= cells[:, 3] + 4)
    return np.asarray(inside.any(axis=1))


def _stacked(inner: Boxes, group: Boxes) -> bool:
    """Whether most of the boxes of a group hold two columns of two or four inner cells."""
    rows, columns = [], []
    for box in group:
        held = inner[(inner[:, :2] >= box[:2] - 4).all(axis=1) & (inner[:, 2:] <= box[2:] + 4).all(axis=1)]
        size = np.maximum(np.median(held[:, 2:] - held[:, :2], axis=0), 1) if len(held) else np.ones(2)
        across, down = (np.unique(np.rint((held[:, k] - box[k]) / size[k])) for k in (0, 1))
        columns.append(len(across))
        rows.append(len(down))
    return median_of(columns) == 2 and median_of(rows) in (2, 4)


def alike(boxes: Boxes, other: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which boxes are of about the other's size."""
    sizes, size = boxes[:, 2:] - boxes[:, :2], other[2:] - other[:2]
    return np.asarray((np.abs(sizes - size) < ALIKE * size).all(axis=1))


def _cornered(frame: Mask, boxes: Boxes) -> npt.NDArray[np.bool_]:
    """Which boxes have paper in at least two corners: the inside of a round stamp or logo has none there."""
    left, top, right, bottom = boxes.T
    inset = np.rint(CORNER * np.minimum(right - left, bottom - top)).astype(np.int32)
    corners = [frame[y, x] == 0 for y in (top + inset, bottom - 1 - inset) for x in (left + inset, right - 1 - inset)]
    return np.asarray(np.sum(corners, axis=0) >= 2)


def _framed(frame: Mask, boxes: Boxes) -> npt.NDArray[np.bool_]:
    """Which boxes have frame along most of all four sides."""
    framed = np.pad(frame, WIDEST_REACH)
    row = framed.shape[1]
    left, top, right, bottom = (boxes.astype(np.intp) + WIDEST_REACH).T
    sides = np.minimum(right - left, bottom - top)
    reach = np.clip(np.rint(STRAIGHT * sides).astype(np.intp), 2, WIDEST_REACH)
    result = np.ones(len(boxes), np.bool_)
    for x, y, lengths, along, across in (
        (left, top, right - left, 1, row),
        (left, bottom, right - left, 1, row),
        (left, top, bottom - top, row, 1),
        (right, top, bottom - top, row, 1),
    ):
        left_over = np.flatnonzero(result)
        # Sides of about one length at a time.
        order = left_over[np.argsort(lengths[left_over], kind="stable")]
        for some in (order[start : start + BLOCK] for start in range(0, len(order), BLOCK)):
            starts = (y * row + x)[some]
            shown = _shown(framed.ravel(), starts, lengths[some], along, across, reach[some])
            result[some] = shown > 0.85 * lengths[some]
    return result


def _shown(
    frame: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.intp],
    lengths: npt.NDArray[np.intp],
    along: int,
    across: int,
    reach: npt.NDArray[np.intp],
) -> npt.NDArray[np.intp]:
    """How many pixels of each side show frame within ``reach`` of it.

    A side begins at index ``starts`` of the flattened ``frame``; ``along`` and ``across`` are the steps to the next
    pixel on it and beside it.
    """
    steps = np.arange(int(lengths.max()))
    places = starts[:, None] + along * np.minimum(steps, lengths[:, None] - 1)
    dark = np.zeros(places.shape, np.uint8)
    for beside in range(-WIDEST_REACH, WIDEST_REACH):
        near = (beside >= -reach) & (beside < reach)
        if near.any():
            dark |= frame[places + beside * across] * near[:, None]
    return np.asarray(np.count_nonzero(dark * (steps < lengths[:, None]), axis=1), np.intp)
