"""The fine step of registration: many small pieces of a blank's print, each looked for where it should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.forms.registration.bending import Bend, fit_bend, mapped, unbent
from hcr_scan.geometry import Homography
from hcr_scan.images import Gray, correlation, dilate, least_gradient, remap, warp

Floats = npt.NDArray[np.float64]

#: Side of an anchor in pixels.
ANCHOR = 35
#: Anchors along the longer side of a page; no two share a cell of that grid.
ANCHORS_DOWN = 16
#: Correlation from which an anchor counts as found.
FOUND = 0.55
#: Fewer anchors prove nothing.
FEWEST = 6
#: Sides of a page are seen at these scales, and not more unequal than this.
SMALLEST, LARGEST, SKEWED = 0.25, 4.0, 2.0


@dataclass(frozen=True, slots=True)
class Anchors:
    """Pieces of a blank's print that cannot slide along themselves, on a raster ``width`` by ``height``.

    ``patches`` (n, ``ANCHOR``, ``ANCHOR``) uint8 darkness; ``corners`` (n, 2) int32 the left and top of each.
    """

    width: int
    height: int
    patches: npt.NDArray[np.uint8]
    corners: npt.NDArray[np.int32]


def choose_anchors(darkness: Gray, usable: Gray) -> Anchors:
    """The most striking piece of print in each part of a page, of those whose middle is ``usable`` (255)."""
    height, width = darkness.shape
    step = max(height, width) / ANCHORS_DOWN
    half = ANCHOR // 2
    strength = least_gradient(darkness, ANCHOR)
    strength[dilate(255 - usable, half, half) > 0] = 0
    for border in (strength[:half], strength[height - half :], strength[:, :half], strength[:, width - half :]):
        border[:] = 0
    floor = 0.05 * float(np.quantile(strength[strength > 0], 0.99)) if (strength > 0).any() else 0.0
    corners = []
    for top in np.arange(0, height, step):
        for left in np.arange(0, width, step):
            cell = strength[int(top) : int(top + step), int(left) : int(left + step)]
            y, x = divmod(int(np.argmax(cell)), cell.shape[1])
            if cell[y, x] > floor:
                corners.append((int(left) + x - half, int(top) + y - half))
    patches = [darkness[y : y + ANCHOR, x : x + ANCHOR] for x, y in corners]
    return Anchors(
        width,
        height,
        np.array(patches, np.uint8).reshape(-1, ANCHOR, ANCHOR),
        np.array(corners, np.int32).reshape(-1, 2),
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """A map from a raster of a blank to one of a page, and the shifts that are to be made before it, if any."""

    to_page: Homography
    bend: Bend | None = None

    def laid(self, darkness: Gray, width: int, height: int) -> Gray:
        """The page on the blank's raster; 0 off the page."""
        if self.bend is None:
            return warp(darkness, self.to_page.inverse(), width, height, fill=0)
        return unbent(darkness, self.to_page, self.bend, Homography.scale(1.0), width, height)

    def scaled(self, factor: float) -> Fit:
        """The same between rasters that many times larger."""
        to_page = Homography.scale(factor) @ self.to_page @ Homography.scale(1 / factor)
        return Fit(to_page, None if self.bend is None else self.bend.scaled(factor))


def refine(darkness: Gray, anchors: Anchors, fit: Fit, reach: int, tolerance: float) -> Fit | None:
    """A better map from the blank to a page; ``None`` where too few anchors are within ``reach`` pixels of the blank.

    Args:
        darkness: the page.
        anchors: what to look for.
        fit: the map so far.
        reach: how far from its place an anchor is looked for, in pixels of the blank.
        tolerance: how far off an anchor may be in the end and still be trusted, in pixels of the blank.
    """
    centers, moved, weights = _displacements(darkness, anchors, fit, reach)
    if len(weights) < FEWEST:
        return None
    correction = fit_homography(centers, moved, weights, tolerance)
    to_page = fit.to_page @ correction
    shifts = mapped(correction.inverse(), moved) - centers
    return Fit(to_page, fit_bend(centers, shifts, weights, anchors.width, anchors.height))


def plausible(to_page: Homography, width: int, height: int) -> bool:
    """Whether a map shows a page of some size as a scanner or a camera may see it: not mirrored, folded or squeezed."""
    corners = np.array([to_page.point(x, y) for x, y in ((0, 0), (width, 0), (width, height), (0, height))])
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    if (sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0] <= 0).any():
        return False
    scales = np.hypot(*sides.T) / (width, height, width, height)
    return bool(scales.min() > SMALLEST and scales.max() < min(LARGEST, SKEWED * scales.min()))


def _displacements(darkness: Gray, anchors: Anchors, fit: Fit, reach: int) -> tuple[Floats, Floats, Floats]:
    """Where anchors should be (n, 2), where they are as seen through the map (n, 2), and how sure that is (n,)."""
    corners = anchors.corners.astype(np.float64)
    if fit.bend is not None:
        corners += fit.bend.at(corners + ANCHOR / 2)
    found = [
        _peak(correlation(part, patch))
        for part, patch in zip(_surroundings(darkness, corners, fit.to_page, reach), anchors.patches, strict=True)
    ]
    seen = np.array([index for index, peak in enumerate(found) if peak is not None], np.intp)
    peaks = np.array([peak for peak in found if peak is not None], np.float64).reshape(-1, 3)
    centers = np.asarray(anchors.corners[seen] + ANCHOR / 2, np.float64)
    return centers, corners[seen] + ANCHOR / 2 + peaks[:, :2] - reach, peaks[:, 2] ** 2


def _surroundings(darkness: Gray, corners: Floats, to_page: Homography, reach: int) -> Gray:
    """What the page has around each anchor's place, as seen through the map: (n, side, side), 0 off the page."""
    size = ANCHOR + 2 * reach
    along = np.arange(size, dtype=np.float32) + np.float32(0.5 - reach)
    x = (corners[:, 0, None, None] + along).astype(np.float32)
    y = (corners[:, 1, None, None] + along[:, None]).astype(np.float32)
    a, b, c, d, e, f, g, h, i = (np.float32(v) for v in to_page.matrix)
    depth = g * x + (h * y + i)
    across, down = (a * x + (b * y + c)) / depth - np.float32(0.5), (d * x + (e * y + f)) / depth - np.float32(0.5)
    columns, rows = (np.asarray(v.reshape(-1, size), np.float32) for v in (across, down))
    return remap(darkness, columns, rows).reshape(-1, size, size)


def _peak(scores: npt.NDArray[np.float32]) -> tuple[float, float, float] | None:
    """The place of the best score to parts of a pixel, and the score; ``None`` where it is low or on the border."""
    y, x = divmod(int(np.argmax(scores)), scores.shape[1])
    best = float(scores[y, x])
    if not FOUND <= best <= 1.01 or not 0 < y < scores.shape[0] - 1 or not 0 < x < scores.shape[1] - 1:
        return None
    return (
        x + _vertex(scores[y, x - 1], best, scores[y, x + 1]),
        y + _vertex(scores[y - 1, x], best, scores[y + 1, x]),
        best,
    )


def _vertex(before: float, middle: float, after: float) -> float:
    """Where the parabola through three values, a pixel apart, is highest, seen from the middle one."""
    curvature = float(before) - 2 * middle + float(after)
    return 0.0 if curvature >= 0 else float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5))


def fit_homography(before: Floats, after: Floats, weights: Floats, tolerance: float) -> Homography:
    """The map that best takes points (n, 2) to others nearby, shrugging off those that end up off by ``tolerance``.

    A ridge keeps the perspective terms near those of no change where few points, or points on a line, say little.
    """
    middle, scale = before.mean(axis=0), max(float(np.ptp(before, axis=0).max()) / 2, 1.0)
    source, target = (before - middle) / scale, (after - middle) / scale
    x, y = source.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    parameters = np.array([1.0, 0, 0, 0, 1, 0, 0, 0])
    reference = parameters.copy()
    ridge = np.diag([1e-3, 1e-3, 1e-6, 1e-3, 1e-3, 1e-6, 1e-2, 1e-2])
    spread = np.inf
    for _ in range(10):
        a, b, c, d, e, f, g, h = parameters
        w = g * x + h * y + 1
        u, v = (a * x + b * y + c) / w, (d * x + e * y + f) / w
        residual = np.stack([target[:, 0] - u, target[:, 1] - v])
        off = np.hypot(*residual) * scale
        spread = max(1.5 * float(np.median(off)), tolerance) if np.isinf(spread) else max(spread / 1.6, tolerance)
        trust = weights / (1 + (off / spread) ** 2) ** 2
        rows = np.concatenate(
            [
                np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], 1) / w[:, None],
                np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], 1) / w[:, None],
            ]
        )
        both = np.concatenate([trust, trust])
        normal = rows.T @ (both[:, None] * rows) + ridge
        step = np.linalg.solve(normal, rows.T @ (both * residual.ravel()) - ridge @ (parameters - reference))
        parameters = parameters + step
    core = Homography((*(float(v) for v in parameters), 1.0))  # type: ignore[arg-type]
    left, top = (float(v) / scale for v in middle)
    to_unit = Homography((1 / scale, 0.0, -left, 0.0, 1 / scale, -top, 0.0, 0.0, 1.0))
    return to_unit.inverse() @ core @ to_unit
