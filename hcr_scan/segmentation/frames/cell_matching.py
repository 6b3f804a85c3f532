"""Cells of a known size, found wherever their four sides show: a matched filter over the whole page.

A form draws its cells in few sizes. Once a size is known (from cells that are closed all round), where else such a
cell lies is a question for a filter: how much of each of its four sides shows a line as dark as the known ones.
What is much darker than those lines (writing, print) neither proves nor disproves a side, so letters that cross a
wall do not hide the cell, and a row of print does not look like one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray, above, at_least, at_most, box_blur, difference, dilate, ratio
from hcr_scan.order_statistics import quantile_of
from hcr_scan.segmentation.frames.comb_families import CellFamily
from hcr_scan.segmentation.frames.combs import Comb

#: A size is known from at least this many cells.
FEWEST_KNOWN = 10
#: The share of its four sides that a cell shows, and of each side.
WHOLE, EACH_SIDE = 0.76, 0.4
#: The same for a cell next to a cell.
WHOLE_BESIDE, EACH_SIDE_BESIDE = 0.6, 0.2
#: Writing is this many times as dark as faint lines.
CLEARLY_DARKER = 4.0
#: Ink this many times as dark as faint lines is writing or print, not a side.
WRITING = 3.0
#: A side is judged by what writing leaves of it, if that is at least this share.
LEAST_SEEN = 0.35


@dataclass(frozen=True, slots=True)
class FaintLines:
    """How dark the fainter walls and rails of a family are."""

    wall: float
    rail: float


@dataclass(frozen=True, slots=True)
class _Sides:
    """How much of a side shows, 0..255, for a side whose middle is at the pixel; and a cell's size, wall to wall."""

    level: Gray
    upright: Gray
    inside: Gray
    width: int
    height: int


def faint_lines(darkness: Gray, pieces: Components, family: CellFamily) -> FaintLines | None:
    """How dark walls and rails are where nearly all are much fainter than writing; else ``None``.

    Args:
        darkness: the page's.
        pieces: of its strong ink.
        family: cells of one size, some of them known.
    """
    if len(family.members) < FEWEST_KNOWN or not len(pieces):
        return None
    some = family.members[:: max(1, len(family.members) // 60)].tolist()
    rails = [np.median(darkness[max(t - 5, 0) : t + 2, left:r], axis=1).max() for left, t, r, _ in some]
    # No pen is darker than black.
    if CLEARLY_DARKER * quantile_of(rails, 0.75) > 255:
        return None
    pen = float(np.median(darkness[::2, ::2][pieces.labels[::2, ::2] > 0]))
    walls = [np.median(darkness[t + 2 : b - 1, max(left - 5, 0) : left + 2], axis=0).max() for left, t, _, b in some]
    if CLEARLY_DARKER * max(quantile_of(walls, 0.75), quantile_of(rails, 0.75)) > pen:
        return None
    return FaintLines(*(max(quantile_of(sides, 0.2), 1.0) for sides in (walls, rails)))


def match_cells(darkness: Gray, family: CellFamily, lines: FaintLines) -> list[Comb]:
    """Rows of cells of the family's size: insides, left to right, in working pixels.

    Args:
        darkness: the page's, ``(height, width)``.
        family: the size.
        lines: from :func:`faint_lines`.
    """
    sides = _sides(darkness, family, lines)
    rows, columns = _strong_places(sides)
    found: set[tuple[int, int]] = set()
    taken = np.zeros(darkness.shape, bool)
    for place in zip(rows.tolist(), columns.tolist(), strict=True):
        _grow(place, sides, taken, found)
    return _rows(found, sides)


def _sides(darkness: Gray, family: CellFamily, lines: FaintLines) -> _Sides:
    width = round(family.pitch)
    height = round(family.height + max(family.pitch - family.width, 2.0))
    level = dilate(_shown(darkness, lines.rail, round(0.85 * width), 1), 3, 3)
    upright = dilate(_shown(darkness, lines.wall, 1, round(0.85 * height)), 3, 3)
    shade = max(lines.wall, lines.rail)
    inside = box_blur(at_most(darkness, int(min(shade, 255))), round(0.8 * width), round(0.8 * height))
    filled = above(inside, 0.75 * shade)
    return _Sides(level, upright, filled, width, height)


def _shown(darkness: Gray, line: float, width: int, height: int) -> Gray:
    """For every pixel the share, 0..255, of a side of the given length through it that shows as a line."""
    upright = height > width
    along, across = ((1, 5), (3, 1)) if upright else ((5, 1), (1, 3))
    smooth = box_blur(darkness, *along)
    beside = box_blur(darkness, 3, 5) if upright else box_blur(darkness, 5, 3)
    around = np.zeros_like(darkness)
    if upright:
        around[:, 5:-5] = np.minimum(beside[:, :-10], beside[:, 10:])
    else:
        around[5:-5] = np.minimum(beside[:-10], beside[10:])
    written = dilate(above(darkness, min(WRITING * line, 254.0)), 3, 3)
    shows = dilate(above(difference(smooth, around), 0.5 * line), *across)
    length = (width | 1, height | 1)
    seen = box_blur(255 - written, *length)
    covered = ratio(box_blur(difference(shows, written), *length), at_least(seen, 1))
    return np.where(seen > LEAST_SEEN * 255, covered, 0).astype(np.uint8)


def _strong_places(sides: _Sides) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the upper left corners of cells that show well, best first."""
    top, bottom, left, right = _views(sides)
    least = np.minimum(np.minimum(top, bottom), np.minimum(left, right))
    rows, columns = np.nonzero(least >= 255 * EACH_SIDE)
    total = np.stack([view[rows, columns] for view in (top, bottom, left, right)]).sum(axis=0, dtype=np.int32)
    strong = total >= 4 * 255 * WHOLE
    rows, columns, total = rows[strong], columns[strong], total[strong]
    score = np.zeros(least.shape, np.uint8)
    score[rows, columns] = total // 4
    # The middle of a plateau, not its first corner.
    score = np.where(score > 0, box_blur(score, 5, 5), 0).astype(np.uint8)
    peak = score == dilate(score, sides.width // 2 | 1, sides.height // 2 | 1)
    at_peak = peak[rows, columns]
    rows, columns = rows[at_peak], columns[at_peak]
    order = np.argsort(-score[rows, columns].astype(np.int32), kind="stable")
    return rows[order], columns[order]


def _views(sides: _Sides) -> tuple[Gray, Gray, Gray, Gray]:
    """Top, bottom, left and right side of the cell whose upper left corner is at the pixel."""
    height, width = sides.level.shape
    h, w = sides.height, sides.width
    level = sides.level[:, w // 2 : width - (w - w // 2)]
    upright = sides.upright[h // 2 : height - (h - h // 2)]
    return level[: height - h], level[h:], upright[:, : width - w], upright[:, w:]


def _grow(place: tuple[int, int], sides: _Sides, taken: npt.NDArray[np.bool_], found: set[tuple[int, int]]) -> None:
    """Add a cell, and its neighbors as far as they show at all."""
    if not _claim(place, sides, taken):
        return
    found.add(place)
    for step in (-sides.width, sides.width):
        at: tuple[int, int] | None = place
        while at is not None and (at := _beside(at, step, sides)) is not None:
            if not _claim(at, sides, taken):
                break
            found.add(at)


def _claim(place: tuple[int, int], sides: _Sides, taken: npt.NDArray[np.bool_]) -> bool:
    y, x = place
    h, w = sides.height, sides.width
    if sides.inside[y + h // 2, x + w // 2] or taken[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4].any():
        return False
    taken[y : y + h, x : x + w] = True
    return True


def _beside(place: tuple[int, int], step: int, sides: _Sides) -> tuple[int, int] | None:
    """The best place within two pixels of a step along the row, if a cell shows there."""
    views = _views(sides)
    top, left = max(place[0] - 2, 0), place[1] + step - 2
    if left < 0:
        return None
    windows = np.stack([view[top : place[0] + 3, left : left + 5] for view in views]).astype(np.int32)
    if windows.size == 0:
        return None
    total = np.where(windows.min(axis=0) >= 255 * EACH_SIDE_BESIDE, windows.sum(axis=0), 0)
    best = np.flatnonzero(total == total.max())
    y, x = np.unravel_index(best[len(best) // 2], total.shape)
    return (top + int(y), left + int(x)) if total.max() >= 4 * 255 * WHOLE_BESIDE else None


def _rows(places: set[tuple[int, int]], sides: _Sides) -> list[Comb]:
    """Cells that share walls, put together to rows."""
    rows: list[list[tuple[int, int]]] = []
    for y, x in sorted(places, key=lambda place: (place[1], place[0])):
        for row in rows:
            if abs(row[-1][0] - y) <= 3 and abs(row[-1][1] + sides.width - x) <= 3:
                row.append((y, x))
                break
        else:
            rows.append([(y, x)])
    return [
        Comb(
            tuple(BoundingBox(x + 2, y + 2, x + sides.width - 1, y + sides.height - 1) for y, x in row),
            score=2.0 * (len(row) + 1),
        )
        for row in rows
    ]
