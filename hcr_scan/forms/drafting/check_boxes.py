"""Boxes to tick: small squares that stand alone, however faint, also where something is ticked already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Mask, above, box_blur, connected_components, dilate
from hcr_scan.segmentation.ink.binarization import Paper

#: Sides of the inside of a box to tick, in working pixels: 1.5 to 8 mm.
SMALLEST, LARGEST = 12, 64
#: Its height is at most this many times its width, and the other way round.
SQUARE = 1.35
#: Share of a square that its paper takes up where nothing is written in it; round letters have less.
FULL = 0.93
#: Darkness at which walls are looked for, besides just above the noise.
LEVELS = (10, 20, 40, 80)
#: Share of a wall that is dark, and from which on what continues it is a wall too.
WALL, CONTINUED = 0.9, 0.75
#: Thickest wall in pixels.
THICKEST = 12
#: Share of a corner that is dark, and of a row behind a wall that may be.
CORNER, CLEAR = 0.6, 0.3
#: A box like others has walls that are dark on at least this share, ticks and all.
MATCHED = 0.86
#: Walls of boxes that are alike are as dark as each other, within so many levels or this share, near the inside; less
#: than half of what they enclose is dark.
SHADE, SHADE_SHARE, NEAR_WALL, HALF = 25, 0.35, 4, 0.5

#: First row of a wall, and the row behind its last.
Wall = tuple[int, int]


def find_check_boxes(paper: Paper, like: Sequence[BoundingBox] = ()) -> list[BoundingBox]:
    """The insides of small squares with four walls and nothing beside them that continues these, in working pixels.

    Args:
        paper: the page's darkness.
        like: boxes of whose sizes there may be others with something in them, besides those of the empty squares.
    """
    found: list[BoundingBox] = []
    levels = (max(3 * paper.noise, 5.0), *LEVELS)
    masks = [above(paper.darkness, level) for level in levels]
    for dark in masks:
        found += _lone(dark, _empty_squares(dark), found)
    for group in _groups([*found, *like]):
        width, height = np.median([(box.width, box.height) for box in group], axis=0).astype(int).tolist()
        shade = float(np.median([_shades(paper, box) for box in group]))
        for dark in masks:
            alike = [box for box in _alike(dark, width, height) if _is_of(paper, dark, box, shade)]
            found += _lone(dark, alike, found)
    return found


def _lone(dark: Mask, boxes: list[BoundingBox], found: list[BoundingBox]) -> list[BoundingBox]:
    """Those boxes that stand alone, and not where others were found before."""
    return [box for box in boxes if not any(box.intersection(other) for other in found) and _stands_alone(dark, box)]


def _empty_squares(dark: Mask) -> list[BoundingBox]:
    """Patches of paper that are square, of a size to be ticked."""
    patches = connected_components(255 - dark, connectivity=4)
    sizes = patches.boxes[:, 2:] - patches.boxes[:, :2]
    short, long = sizes.min(axis=1), sizes.max(axis=1)
    fits = (short >= SMALLEST) & (long <= LARGEST) & (long <= SQUARE * short)
    full = patches.areas >= FULL * sizes[:, 0] * sizes[:, 1]
    return [patches.box(int(index)) for index in np.flatnonzero(fits & full)]


def _alike(dark: Mask, width: int, height: int) -> list[BoundingBox]:
    """Where four walls of a box of a given size are dark, whatever is in it."""
    rows, columns = dark.shape
    level = box_blur(dilate(dark, 1, 3), width | 1, 1)
    upright = box_blur(dilate(dark, 3, 1), 1, height | 1)
    if rows <= height + 4 or columns <= width + 4:
        return []
    across, down = (columns - width - 2), (rows - height - 2)
    x, y = width // 2 + 1, height // 2 + 1
    # Of a box whose inside begins at 1, 1: its walls lie at 0 and behind the last pixel of the inside.
    score = np.minimum.reduce(
        [
            level[:down, x : x + across],
            level[height + 1 : height + 1 + down, x : x + across],
            upright[y : y + down, :across],
            upright[y : y + down, width + 1 : width + 1 + across],
        ]
    )
    peaks = connected_components(above(score, MATCHED * 255))
    boxes = []
    for index in range(len(peaks)):
        left, top, right, bottom = peaks.boxes[index].tolist()
        inside = np.where(peaks.labels[top:bottom, left:right] == index + 1, score[top:bottom, left:right], 0)
        # Walls thicker than a pixel match at several places: the middle one.
        dy, dx = (int(place.mean()) for place in np.nonzero(inside == inside.max()))
        corner = (left + dx + 1, top + dy + 1)
        boxes.append(BoundingBox(*corner, corner[0] + width, corner[1] + height))
    return boxes


def _groups(boxes: Sequence[BoundingBox]) -> list[list[BoundingBox]]:
    """Boxes of nearly one size."""
    left = list(boxes)
    groups: list[list[BoundingBox]] = []
    while left:
        size = left[0]
        near = [max(abs(box.width - size.width), abs(box.height - size.height)) <= 2 for box in left]
        groups.append([box for box, is_near in zip(left, near, strict=True) if is_near])
        left = [box for box, is_near in zip(left, near, strict=True) if not is_near]
    return groups


def _is_of(paper: Paper, dark: Mask, box: BoundingBox, shade: float) -> bool:
    """Whether a box has walls of a shade and is not just dark all over: letters are darker than frames, or lighter."""
    inside = dark[box.top : box.bottom, box.left : box.right] > 0
    shades = _shades(paper, box)
    return bool(inside.mean() < HALF and np.abs(shades - shade).max() < max(SHADE, SHADE_SHARE * shade))


def _shades(paper: Paper, box: BoundingBox) -> npt.NDArray[np.float64]:
    """How dark the four walls of a box are, each along most of it."""
    height, width = paper.darkness.shape
    around = box.grown(NEAR_WALL).clipped(width, height)
    darkness = paper.darkness[around.top : around.bottom, around.left : around.right]
    inner = box.shifted(-around.left, -around.top)
    sides = (
        darkness[: inner.top, inner.left : inner.right],
        darkness[inner.bottom :, inner.left : inner.right],
        darkness[inner.top : inner.bottom, : inner.left].T,
        darkness[inner.top : inner.bottom, inner.right :].T,
    )
    return np.array([np.median(side, axis=1).max() if side.size else 0.0 for side in sides])


def _stands_alone(dark: Mask, box: BoundingBox) -> bool:
    """Whether a box has four walls that meet in its corners and end there, as those of combs and tables do not.

    Close to the walls there is paper all around: letters with a square hole have others beside them.
    """
    reach = max(5, round(0.35 * min(box.width, box.height)))
    around = box.grown(2 * THICKEST + reach)
    dark = _window(dark, around)
    box = box.shifted(-around.left, -around.top)
    level = [_wall(dark, box.left, box.right, start, step) for start, step in ((box.top, -1), (box.bottom - 1, 1))]
    upright = [_wall(dark.T, box.top, box.bottom, start, step) for start, step in ((box.left, -1), (box.right - 1, 1))]
    rails = [wall for wall in level if wall]
    posts = [wall for wall in upright if wall]
    if len(rails) < 2 or len(posts) < 2:
        return False
    corners = [dark[top:bottom, left:right] for top, bottom in rails for left, right in posts]
    if min(float((corner > 0).mean()) for corner in corners) < CORNER:
        return False
    return _goes_on(dark, rails, posts, reach) + _goes_on(dark.T, posts, rails, reach) <= 1


def _goes_on(mask: Mask, rails: list[Wall], posts: list[Wall], reach: int) -> int:
    """How often one of the two level walls goes on beyond an upright one."""
    found = 0
    for top, bottom in rails:
        for start in (posts[0][0] - reach, posts[1][1]):
            beyond = mask[max(top - 1, 0) : bottom + 1, start : start + reach].max(axis=0)
            found += bool((beyond > 0).mean() > CONTINUED)
    return found


def _window(mask: Mask, box: BoundingBox) -> Mask:
    """The part of a mask in a box, paper where that leaves the page."""
    height, width = mask.shape
    kept = box.clipped(width, height)
    edges = ((kept.top - box.top, box.bottom - kept.bottom), (kept.left - box.left, box.right - kept.right))
    return np.pad(mask[kept.top : kept.bottom, kept.left : kept.right], edges)


def _wall(mask: Mask, left: int, right: int, start: int, step: int) -> Wall | None:
    """The wall above (``step`` -1) or below a box: dark rows near it, and paper behind them; ``None`` without one."""
    rows = [start + step * k for k in range(1, THICKEST + 4)]
    cover: npt.NDArray[np.float64] = (mask[rows, left:right] > 0).mean(axis=1)
    # A wall that leans a pixel over its length is on neither row alone.
    pairs = ((mask[rows[:-1], left:right] | mask[rows[1:], left:right]) > 0).mean(axis=1)
    solid = np.flatnonzero((cover[:-1] > WALL) | (pairs > WALL))
    if not len(solid) or solid[0] > 2:
        return None
    clear = np.flatnonzero((cover < CLEAR) & (np.arange(len(rows)) > solid[0]))
    if not len(clear):
        return None
    ends = sorted((rows[int(solid[0])], rows[int(clear[0]) - 1]))
    return ends[0], ends[1] + 1
