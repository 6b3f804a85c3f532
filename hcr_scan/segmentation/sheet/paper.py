"""The sheet of paper in a photo: where it lies among the things around it, and the map that lays it flat.

Scans, faxes and photos that the page fills have no such sheet. Every doubt is settled for the whole picture, because a
desk read as writing is a nuisance and writing taken for a desk is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import Homography
from hcr_scan.images import (
    Gray,
    Mask,
    box_blur,
    closing,
    convex_hull,
    dilate,
    erode,
    fill_polygon,
    gaussian_blur,
    median_blur,
    opening,
    outer_contours,
    polygon_area,
    resize,
    shrink,
    simplify_polygon,
)
from hcr_scan.order_statistics import quantile_of_bytes

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Longest side of the copy the sheet is looked for on, in pixels.
SMALL = 300
#: A sheet covers at least this share of the picture, and leaves at least this share to the desk.
SMALLEST_SHEET, SMALLEST_DESK = 0.2, 0.015
#: Share of its convex outline that a sheet fills.
SOLID = 0.95
#: How many times brighter a sheet is than the desk along its edge, and along how much of its edge.
BRIGHTER, CLEAR_EDGE = 1.06, 0.85
#: How many times brighter it is along half of its edge; shadows with soft edges stay below.
TYPICALLY_BRIGHTER = 1.22
#: Brighter than this is no surer.
PLAINLY_BRIGHTER = 1.3
#: Dark lines and letters narrower than this on the small copy are ink.
PEN = 9
#: Steps of brightness between neighbors, in percent, that may part paper from desk.
STEPS = (4, 6, 9, 14)
#: How many levels of brightness, evenly spread, are tried as thresholds.
LEVELS = 6
#: Mean distance in small pixels from a square outline up to which an outline is one.
SQUARE = 0.1
#: Spread of brightness, as a share, below which the surround is paper or print and not a desk.
FLAT = 0.02
#: Darkest surround; no page prints on it.
BLACK = 80
#: Unevenness of a desk, as a share of its brightness, and the share of a smoother one that may be dark as ink.
TEXTURE, STAINS = 0.01, 0.01
#: Edges of the sheet that nobody writes on, in small pixels.
MARGIN = 2
#: A sheet's far side is at least this share of its near side.
STEEPEST = 0.6


@dataclass(frozen=True, slots=True)
class _Look:
    """The small copy: ``raw`` as it is, ``bare`` with the ink closed away."""

    raw: Gray
    bare: Gray


def paper_region(gray: Gray) -> Mask | None:
    """Where the sheet lies in a photo (255 on it, same shape), or ``None`` where the page fills the picture.

    The sheet is a large bright region with a convex outline and a clear step of brightness along it. Its edge itself is
    left out.
    """
    height, width = gray.shape
    factor = SMALL / max(height, width)
    if factor >= 1:
        return None
    # Twice smaller at least is left to average exactly: most of the way is quicker in whole steps.
    small = shrink(gray, max(1, int(0.5 / factor)))
    raw = resize(small, max(1, round(width * factor)), max(1, round(height * factor)))
    look = _Look(raw, closing(median_blur(raw, 3), PEN, PEN))
    if _all_paper(look):
        return None
    best, best_score = None, 0.0
    for candidate in _candidates(look):
        outline = _outline(candidate)
        if outline is None:
            continue
        score = _edge_score(look, outline)
        if score > best_score:
            best, best_score = outline, score
    return None if best is None or _is_scan(look, best) else _enlarged(best, width, height)


def paper_quad(sheet: Mask) -> Floats | None:
    """The corners (4, 2) of a sheet, as x, y clockwise from the top left; ``None`` where not all sides are in sight.

    The four sides are lines through the outline of the sheet, so that a dog-eared corner does not matter.
    """
    outlines = outer_contours(sheet)
    if not outlines:
        return None
    hull = convex_hull(max(outlines, key=polygon_area))
    rough = simplify_polygon(hull, 0.02)
    if len(rough) != 4 or _sides_on_frame(rough, sheet.shape):
        return None
    points = _along(hull)
    sides = [_side(points, rough[i], rough[(i + 1) % 4]) for i in range(4)]
    if any(side is None for side in sides):
        return None
    lines = np.stack([side for side in sides if side is not None])
    corners = np.stack([_crossing(lines[i - 1], lines[i]) for i in range(4)])
    if np.abs(corners - rough).max() > 0.05 * max(sheet.shape):
        return None
    return _clockwise(corners)


def lay_flat(quad: Floats, width: int, height: int) -> tuple[Homography, int, int] | None:
    """The map that makes a sheet a rectangle, and the size of its raster; ``None`` where the corners are no sheet's.

    The rectangle has the sheet's mean width and height, and is enlarged to the longer of ``width`` and ``height``.
    """
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    across, down = float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2
    if (np.minimum(sides[:2], sides[2:]) < STEEPEST * np.maximum(sides[:2], sides[2:])).any():
        return None
    longest = max(width, height) / max(across, down)
    right, bottom = round(across * longest), round(down * longest)
    rectangle = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float64)
    return homography_between(quad, rectangle), right, bottom


def homography_between(before: Floats, after: Floats) -> Homography:
    """The map that takes four points (4, 2) to four others; no three of either may lie on a line."""
    rows, values = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(values, np.float64))
    return Homography((*(float(v) for v in solved), 1.0))  # type: ignore[arg-type]


def _sides_on_frame(corners: npt.NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Whether the sheet goes on beyond the picture: it has two corners on one side of the frame."""
    near = 0.01 * max(shape)
    last = np.array([shape[1] - 1, shape[0] - 1])
    return bool(((corners <= near).sum(axis=0) >= 2).any() or ((corners >= last - near).sum(axis=0) >= 2).any())


def _along(polygon: npt.NDArray[np.int32]) -> Floats:
    """Points (n, 2) spread evenly along the sides of a polygon."""
    ends = np.roll(polygon, -1, axis=0)
    steps = np.linspace(0, 1, 64, endpoint=False)[:, None]
    points = [
        start + (end - start) * steps[:: max(1, round(200 / max(float(np.hypot(*(end - start))), 1.0)))]
        for start, end in zip(polygon.astype(np.float64), ends.astype(np.float64), strict=True)
    ]
    return np.concatenate(points)


def _side(points: Floats, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32]) -> Floats | None:
    """The line through points between two corners as (a, b, c) of ``ax + by = c``; ``None`` if it is not straight."""
    along = (end - start) / np.hypot(*(end - start))
    length = float(np.hypot(*(end - start)))
    position = (points - start) @ along
    away = np.abs((points - start) @ np.array([-along[1], along[0]]))
    near = points[(position > 0.08 * length) & (position < 0.92 * length) & (away < 0.04 * length)]
    if len(near) < 2:
        return None
    middle = near.mean(axis=0)
    _, spread, axes = np.linalg.svd(near - middle, full_matrices=False)
    if spread[1] / np.sqrt(len(near)) > 0.01 * length:
        return None
    normal = axes[1]
    return np.array([normal[0], normal[1], normal @ middle])


def _crossing(one: Floats, other: Floats) -> Floats:
    return np.linalg.solve(np.stack([one[:2], other[:2]]), np.array([one[2], other[2]]))


def _clockwise(corners: Floats) -> Floats:
    """Clockwise on the page (y grows downwards), from the corner nearest the top left."""
    away = corners - corners.mean(axis=0)
    ordered = corners[np.argsort(np.arctan2(away[:, 1], away[:, 0]))]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def _all_paper(look: _Look) -> bool:
    """Whether nothing along the picture's frame is darker than paper."""
    bare = look.bare
    frame = np.concatenate([bare[0], bare[-1], bare[:, 0], bare[:, -1]])
    return quantile_of_bytes(frame, 0.02) > 0.93 * quantile_of_bytes(bare.ravel(), 0.95)


def _is_scan(look: _Look, outline: Mask) -> bool:
    """Whether the outline is a part of a page rather than a sheet on a desk: ruled off square, or on another paper.

    A black surround is no part of a page, however square.
    """
    around = dilate(outline, 5, 5) == 0
    if not around.any():
        return True
    if np.percentile(look.raw[around], 98) < BLACK:
        return False
    low, middle, high = np.percentile(look.bare[around], (25, 50, 75))
    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    box = outline[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    square = np.count_nonzero(box == 0) <= SQUARE * np.count_nonzero(_frame_kept_edge(outline))
    return bool(square or high - low < FLAT * middle or _written_on(look, around))


def _written_on(look: _Look, around: Bools) -> bool:
    """Whether the surround is as smooth as paper and has ink on it, like the part of a page that lies in a shadow."""
    bare = look.bare[around].astype(np.float64)
    texture = np.abs(bare - gaussian_blur(look.bare, 3.0)[around]) / np.maximum(bare, 1.0)
    ink = look.raw[around] < 0.85 * bare
    return bool(texture.mean() < TEXTURE and ink.mean() > STAINS)


def _frame_kept_edge(outline: Mask) -> Bools:
    """The outermost pixels of the outline, but for those where the picture ends."""
    return np.asarray(np.logical_and(outline > 0, erode(outline, 3, 3) == 0), np.bool_)


def _enlarged(outline: Mask, width: int, height: int) -> Mask:
    """The outline at full size, a margin taken off where it ends inside the picture."""
    size, pad = 2 * MARGIN + 1, MARGIN + 1
    inner = erode(np.pad(outline, pad, mode="edge"), size, size)[pad:-pad, pad:-pad]
    corners = max(outer_contours(inner), key=len).astype(np.float64)
    rows, columns = outline.shape
    # A pixel of the small copy on its frame reaches to the frame.
    spread = np.where(corners <= 0, 0.0, np.where(corners >= (columns - 1, rows - 1), 1.0, 0.5))
    scaled = (corners + spread) * (width / columns, height / rows)
    mask = np.zeros((height, width), np.uint8)
    fill_polygon(mask, np.rint(scaled).astype(np.int32))
    return mask


def _candidates(look: _Look) -> list[Mask]:
    """Large connected regions: flat ones at several steps of brightness, and bright ones at several thresholds."""
    bare = look.bare
    low, high = erode(bare, 3, 3).astype(np.int32), dilate(bare, 3, 3).astype(np.int32)
    step = (high - low) * 100 // np.maximum(high, 1)
    masks = [step < limit for limit in STEPS]
    darkest, brightest = np.percentile(bare, (2, 98))
    masks += [bare > level for level in np.linspace(darkest, brightest, LEVELS + 2)[1:-1]]
    found = [_largest(opening(mask.astype(np.uint8) * 255, 3, 3)) for mask in masks]
    return [region for region in found if region is not None]


def _largest(mask: Mask) -> Mask | None:
    """The largest region, its holes filled; ``None`` where there is none of a sheet's size."""
    contours = outer_contours(mask)
    areas = [polygon_area(contour) for contour in contours]
    if not areas or max(areas) < 0.8 * SMALLEST_SHEET * mask.size:
        return None
    region = np.zeros_like(mask)
    fill_polygon(region, contours[int(np.argmax(areas))])
    return region


def _outline(region: Mask) -> Mask | None:
    """The convex outline of a region, filled; ``None`` where it is no convex sheet of a sheet's size."""
    # The opening takes off what hangs on by a thread; the dilation gives back what the step at the edge took.
    contours = outer_contours(dilate(opening(region, 7, 7), 3, 3))
    if not contours:
        return None
    largest = max(contours, key=polygon_area)
    hull = convex_hull(largest)
    outline = np.zeros_like(region)
    fill_polygon(outline, hull)
    share = np.count_nonzero(outline) / outline.size
    fits = SMALLEST_SHEET <= share <= 1 - SMALLEST_DESK
    return outline if fits and polygon_area(largest) >= SOLID * polygon_area(hull) else None


def _edge_score(look: _Look, outline: Mask) -> float:
    """How much speaks for the outline as a sheet's edge; 0 = it is none."""
    edge = _frame_kept_edge(outline)
    if not edge.any():
        return 0.0
    inside = _local_mean(look.bare, _ring(255 - erode(outline, 3, 3), outline), edge)
    outside = _local_mean(look.bare, _ring(dilate(outline, 3, 3), 255 - outline), edge)
    ratio = inside / np.maximum(outside, 1.0)
    if np.mean(ratio > BRIGHTER) < CLEAR_EDGE or np.median(ratio) < TYPICALLY_BRIGHTER:
        return 0.0
    # A long edge that is clear all along says more than a short one that is very clear.
    return float(np.log(np.clip(ratio, 1.0, PLAINLY_BRIGHTER)).sum())


def _ring(near: Mask, side: Mask) -> Bools:
    """Pixels within a few of the edge, on one side of it, the blurred edge itself left out."""
    return np.asarray(np.logical_and(dilate(near, 9, 9) > near, side > 0), np.bool_)


def _local_mean(values: Gray, where: Bools, points: Bools) -> Floats:
    """Means over the pixels ``where`` that lie near each of the ``points``."""
    mask = np.where(where, 255, 0).astype(np.uint8)
    weight = box_blur(mask, 11, 11)[points].astype(np.float64)
    total = box_blur(values & mask, 11, 11)[points].astype(np.float64)
    return total * 255.0 / np.maximum(weight, 1.0)
