"""Straightening a page by its own rules: tilt, shear and the perspective of a hand-held camera in one fit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import Homography
from hcr_scan.images import transposed
from hcr_scan.segmentation.ink.rules import Rules, rule_segments

Segments = npt.NDArray[np.float64]

#: Shortest rule that may say how the page is tilted, in working pixels.
SHORTEST_WITNESS = 140
#: Total length of rules, in page widths, below which they prove nothing.
ENOUGH_RULES = 1.95


def straighten(rules: Rules) -> tuple[Homography, float] | None:
    """The map that makes a page's rules level and upright, with the tilt in degrees it removes at the page's middle.

    The map keeps the raster's size and fixes the page's middle. ``None`` where there are too few rules to tell.

    A homography with unit diagonal has six free numbers; two (unequal scale) change no direction. The other four (two
    slopes, two vanishing terms) are fitted to the rules' directions by Gauss-Newton, with weights that shrug off
    outliers.
    """
    height, width = rules.horizontal.shape
    level = rule_segments(rules.horizontal, SHORTEST_WITNESS)
    upright = rule_segments(transposed(rules.vertical), SHORTEST_WITNESS)[:, [1, 0, 3, 2]]
    if _total_length(level) + _total_length(upright) < ENOUGH_RULES * width:
        return None
    scale = max(width, height) / 2
    middle = np.array([width / 2, height / 2] * 2)
    parameters = _fit((level - middle) / scale, (upright - middle) / scale)
    tilt = math.degrees(math.atan(-float(parameters[0])))
    a, b, g, h = (float(p) for p in parameters)
    core = Homography((1.0, b, 0.0, a, 1.0, 0.0, g, h, 1.0))
    to_unit = Homography((1 / scale, 0.0, -width / 2 / scale, 0.0, 1 / scale, -height / 2 / scale, 0.0, 0.0, 1.0))
    return to_unit.inverse() @ core @ to_unit, tilt


def _total_length(segments: Segments) -> float:
    return float(np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]).sum())


def _fit(level: Segments, upright: Segments) -> npt.NDArray[np.float64]:
    parameters = np.zeros(4)
    lengths = np.concatenate([_lengths(level), _lengths(upright)])
    # The vanishing terms need rules spread over the page; a small ridge keeps them near 0 where there are few.
    ridge = np.diag([1e-6, 1e-6, 3e-3, 3e-3]) * max(lengths.sum(), 1e-9)
    for _ in range(12):
        residual = _residuals(parameters, level, upright)
        spread = max(1.48 * float(np.median(np.abs(residual))), 0.001)
        weights = lengths / (1 + (residual / (2 * spread)) ** 2) ** 2
        jacobian = np.stack(
            [(_residuals(parameters + step, level, upright) - residual) / 1e-5 for step in np.eye(4) * 1e-5], 1
        )
        normal = jacobian.T @ (weights[:, None] * jacobian) + ridge
        step = np.linalg.solve(normal, jacobian.T @ (weights * residual) + ridge @ parameters)
        parameters = np.clip(parameters - step, -0.35, 0.35)
        if np.abs(step).max() < 1e-6:
            break
    return parameters


def _lengths(segments: Segments) -> npt.NDArray[np.float64]:
    return np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])


def _residuals(parameters: npt.NDArray[np.float64], level: Segments, upright: Segments) -> npt.NDArray[np.float64]:
    """Slopes that remain after the map: dy/dx of level rules, dx/dy of upright ones."""
    mapped = _map(parameters, level)
    rise = (mapped[:, 3] - mapped[:, 1]) / _nonzero(mapped[:, 2] - mapped[:, 0])
    mapped = _map(parameters, upright)
    run = (mapped[:, 2] - mapped[:, 0]) / _nonzero(mapped[:, 3] - mapped[:, 1])
    return np.concatenate([rise, run])


def _nonzero(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.abs(values) < 1e-9, 1e-9, values)


def _map(parameters: npt.NDArray[np.float64], segments: Segments) -> Segments:
    a, b, g, h = parameters
    result = np.empty_like(segments)
    for column in (0, 2):
        x, y = segments[:, column], segments[:, column + 1]
        w = g * x + h * y + 1
        result[:, column], result[:, column + 1] = (x + b * y) / w, (a * x + y) / w
    return result
