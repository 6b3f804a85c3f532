"""What a homography leaves over where paper is curled or a scanner pulled it unevenly: a smooth field of shifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import Homography
from hcr_scan.images import Gray, enlarge_field, remap

Floats = npt.NDArray[np.float64]

#: Nodes of the field along the longer side of a page.
NODES = 24
#: Shifts of anchors count within about this share of the longer side.
NEARBY = 1 / 18
#: So many anchors' worth of weight pulls each node to no shift.
STIFFNESS = 0.4
#: An anchor that its neighbors do not expect within this many pixels is a mistake.
ASTRAY = 3.0
#: A curl is fitted with ever less trust in shifts that are off by this many pixels, and with this ridge.
SPREADS, RIDGE = (30.0, 15.0, 8.0, 4.0, 2.0, 2.0), 0.05
#: A field must foretell anchors from their neighbors with this share of the error of no field, and save so many pixels.
PAYS, LEAST_GAIN = 0.6, 0.3
#: Side of the squares over which the map of a bent page is interpolated, in pixels.
SQUARE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """Shifts of points of a blank, ``width`` by ``height`` pixels, to be made before its homography.

    ``shifts`` (rows, columns, 2) float64 are those of the middles of equal rectangles, in pixels as x and y.
    """

    width: float
    height: float
    shifts: Floats

    def at(self, points: Floats) -> Floats:
        """The shifts (n, 2) at points (n, 2): bilinear, constant beyond the outermost nodes."""
        rows, columns = self.shifts.shape[:2]
        x = np.clip(points[:, 0] / self.width * columns - 0.5, 0, columns - 1)
        y = np.clip(points[:, 1] / self.height * rows - 0.5, 0, rows - 1)
        left, top = np.minimum(x.astype(np.intp), columns - 2), np.minimum(y.astype(np.intp), rows - 2)
        across, down = (x - left)[:, None], (y - top)[:, None]
        above = self.shifts[top, left] * (1 - across) + self.shifts[top, left + 1] * across
        below = self.shifts[top + 1, left] * (1 - across) + self.shifts[top + 1, left + 1] * across
        return np.asarray(above * (1 - down) + below * down, np.float64)

    def scaled(self, factor: float) -> Bend:
        """The same on a raster that many times larger."""
        return Bend(self.width * factor, self.height * factor, self.shifts * factor)


def fit_bend(centers: Floats, shifts: Floats, weights: Floats, width: int, height: int) -> Bend | None:
    """The smooth field that shifts of anchors agree on; ``None`` where it foretells them no better than no field.

    A cubic follows the curl of a sheet out to its corners; what is left is averaged among neighbors.

    Args:
        centers: the anchors, (n, 2) in pixels.
        shifts: how far from their place each was found, (n, 2) in pixels.
        weights: how sure that is, (n,).
        width: of the raster.
        height: of the raster.
    """
    size = max(width, height)
    curl = _fit_powers(centers / size, shifts, weights)
    rest = shifts - _powers(centers / size) @ curl
    kernel = _nearness(centers, centers, size)
    np.fill_diagonal(kernel, 0.0)
    kept = np.ones(len(centers), np.bool_)
    for _ in range(3):
        foretold = _mean(kernel * (weights * kept), rest)
        kept = np.hypot(*(rest - foretold).T) < ASTRAY
    if np.count_nonzero(kept) < len(kept) / 2:
        return None
    without = float(np.hypot(*shifts[kept].T).mean())
    error = float(np.hypot(*(rest - foretold)[kept].T).mean())
    if error > PAYS * without or without - error < LEAST_GAIN:
        return None
    rows, columns = (max(2, round(NODES * side / size)) for side in (height, width))
    x, y = (np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows
    nodes = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    field = _powers(nodes / size) @ curl + _mean(_nearness(nodes, centers, size) * (weights * kept), rest)
    return Bend(width, height, field.reshape(rows, columns, 2))


def _powers(points: Floats) -> Floats:
    """Products of powers of x and y up to the third degree, (n, 10)."""
    x, y = 2 * points.T - 1
    return np.stack([x**i * y**j for i in range(4) for j in range(4 - i)], 1)


def _fit_powers(points: Floats, shifts: Floats, weights: Floats) -> Floats:
    """The cubic field, (10, 2), that most shifts agree on; a ridge keeps it flat where there are none."""
    rows = _powers(points)
    field = np.zeros((rows.shape[1], 2))
    for spread in SPREADS:
        off = np.hypot(*(shifts - rows @ field).T)
        trust = (weights / (1 + (off / spread) ** 2) ** 2)[:, None]
        field = np.linalg.solve(rows.T @ (trust * rows) + RIDGE * np.eye(rows.shape[1]), rows.T @ (trust * shifts))
    return field


def _nearness(points: Floats, others: Floats, size: int) -> Floats:
    """How much each of the ``others`` (n, 2) counts at points (m, 2): (m, n)."""
    away = ((points[:, None] - others[None]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-away / (2 * (NEARBY * size) ** 2)), np.float64)


def _mean(weights: Floats, shifts: Floats) -> Floats:
    """Means of shifts (n, 2) under rows of weights (m, n), pulled to nothing where there is little weight."""
    return np.asarray(weights @ shifts / (weights.sum(axis=1, keepdims=True) + STIFFNESS), np.float64)


def unbent(darkness: Gray, to_page: Homography, bend: Bend, to_frame: Homography, width: int, height: int) -> Gray:
    """A bent page on a raster of its blank, 0 off the page.

    Args:
        darkness: the page.
        to_page: the map from the bend's raster to the page.
        bend: what is shifted before it.
        to_frame: the map from the bend's raster to that of the result.
        width: of the result.
        height: of the result.
    """
    rows, columns = -(-height // SQUARE) + 2, -(-width // SQUARE) + 2
    x, y = (np.arange(columns) - 0.5) * SQUARE, (np.arange(rows) - 0.5) * SQUARE
    nodes = mapped(to_frame.inverse(), np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2))
    seen = mapped(to_page, nodes + bend.at(nodes)).reshape(rows, columns, 2) - 0.5
    field = enlarge_field(seen.astype(np.float32), columns * SQUARE, rows * SQUARE)
    field = field[SQUARE : SQUARE + height, SQUARE : SQUARE + width]
    return remap(darkness, np.ascontiguousarray(field[:, :, 0]), np.ascontiguousarray(field[:, :, 1]))


def mapped(homography: Homography, points: Floats) -> Floats:
    """Points (n, 2) through a map."""
    a, b, c, d, e, f, g, h, i = homography.matrix
    x, y = points.T
    depth = g * x + h * y + i
    return np.stack([(a * x + b * y + c) / depth, (d * x + e * y + f) / depth], 1)
