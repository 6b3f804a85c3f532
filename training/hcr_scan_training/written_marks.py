"""Punctuation as one hand writes it on a line, for pages that are drawn: nobody in the stroke sets wrote any.

Apart from :mod:`hcr_scan_training.marks`, which draws for training: what a page is judged on should not come from the
pen that the network learned from. A hand keeps to one form of each mark, as people do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Stroke = npt.NDArray[np.float32]
Points = tuple[tuple[float, float], ...]

#: Strokes of each mark in its forms, in capital heights: x to the right, y upward from the baseline.
FORMS: dict[str, tuple[tuple[Points, ...], ...]] = {
    ".": (
        (((0.0, 0.02), (0.03, 0.0)),),
        (((0.0, 0.05), (0.05, 0.0), (0.07, 0.05), (0.01, 0.04)),),
        (((0.0, 0.0), (0.09, 0.02)),),
    ),
    ",": (
        (((0.1, 0.06), (0.07, -0.08), (0.0, -0.18)),),
        (((0.04, 0.08), (0.1, 0.07), (0.11, 0.0), (0.08, -0.1), (0.0, -0.2)),),
        (((0.12, 0.1), (0.0, -0.14)),),
    ),
    "'": (
        (((0.03, 1.02), (0.0, 0.74)),),
        (((0.1, 1.05), (0.07, 0.9), (0.0, 0.78)),),
        (((0.0, 1.0), (0.0, 0.8)),),
    ),
    "-": ((((0.0, 0.45), (0.4, 0.47)),), (((0.0, 0.42), (0.28, 0.42)),), (((0.0, 0.5), (0.25, 0.53), (0.5, 0.5)),)),
    "/": ((((0.5, 1.05), (0.0, -0.08)),), (((0.3, 1.0), (0.0, 0.0)),), (((0.65, 1.1), (0.35, 0.5), (0.0, -0.2)),)),
    ":": (
        (((0.0, 0.55), (0.03, 0.53)), ((0.0, 0.04), (0.03, 0.02))),
        (((0.0, 0.68), (0.06, 0.66)), ((0.01, 0.1), (0.06, 0.08))),
        (((0.0, 0.45), (0.02, 0.5)), ((0.0, 0.0), (0.02, 0.05))),
    ),
    "+": (
        (((0.0, 0.45), (0.55, 0.45)), ((0.27, 0.72), (0.27, 0.16))),
        (((0.2, 0.75), (0.22, 0.2)), ((0.0, 0.5), (0.42, 0.46))),
        (((0.0, 0.5), (0.7, 0.52)), ((0.36, 0.86), (0.34, 0.14))),
    ),
    "(": (
        (((0.22, 1.08), (0.05, 0.8), (0.0, 0.5), (0.05, 0.2), (0.22, -0.1)),),
        (((0.3, 1.0), (0.06, 0.72), (0.02, 0.3), (0.26, -0.02)),),
    ),
    ")": (
        (((0.0, 1.08), (0.17, 0.8), (0.22, 0.5), (0.17, 0.2), (0.0, -0.1)),),
        (((0.0, 1.0), (0.24, 0.7), (0.26, 0.3), (0.02, -0.02)),),
    ),
    "#": (
        (((0.25, 0.95), (0.15, 0.05)), ((0.52, 0.95), (0.42, 0.05)), ((0.03, 0.66), (0.7, 0.68)),
         ((0.0, 0.34), (0.66, 0.36))),
        (((0.0, 0.6), (0.6, 0.63)), ((0.0, 0.3), (0.6, 0.33)), ((0.2, 0.85), (0.18, 0.08)), ((0.42, 0.86),
         (0.4, 0.06))),
    ),
    "&": (
        (((0.62, 0.05), (0.2, 0.68), (0.22, 0.92), (0.38, 0.95), (0.42, 0.78), (0.05, 0.35), (0.06, 0.1), (0.28, 0.0),
          (0.6, 0.42)),),
        (((0.46, 0.8), (0.2, 0.9), (0.1, 0.7), (0.3, 0.52), (0.06, 0.42), (0.02, 0.16), (0.24, 0.02), (0.5, 0.2)),
         ((0.3, 0.98), (0.28, -0.04))),
        (((0.68, 0.0), (0.16, 0.74), (0.26, 0.98), (0.42, 0.8), (0.04, 0.3), (0.16, 0.02), (0.42, 0.06),
         (0.68, 0.46)),),
    ),
    "@": (
        (((0.62, 0.62), (0.44, 0.68), (0.32, 0.5), (0.4, 0.34), (0.56, 0.4), (0.63, 0.62), (0.62, 0.36), (0.8, 0.4),
          (0.88, 0.66), (0.7, 0.92), (0.4, 0.96), (0.12, 0.76), (0.06, 0.42), (0.22, 0.1), (0.56, 0.02),
           (0.82, 0.12)),),
        (((0.56, 0.58), (0.4, 0.6), (0.32, 0.42), (0.46, 0.3), (0.58, 0.44), (0.58, 0.62), (0.6, 0.34), (0.76, 0.4),
          (0.8, 0.7), (0.56, 0.96), (0.2, 0.84), (0.04, 0.46), (0.16, 0.06), (0.5, -0.06), (0.76, 0.02)),),
    ),
}  # fmt: skip

#: Marks with angles, whose corners are not rounded.
_STRAIGHT = "/+#-."


@dataclass(frozen=True, slots=True)
class Marks:
    """One hand's punctuation: which form of each mark it uses, how large and how slanted it writes it."""

    forms: dict[str, int]
    size: float
    slant: float

    @classmethod
    def of(cls, random: np.random.Generator) -> Marks:
        forms = {mark: int(random.integers(len(forms))) for mark, forms in FORMS.items()}
        return cls(forms, math.exp(random.normal(0, 0.12)), float(random.normal(0.05, 0.08)))

    def strokes(self, mark: str, random: np.random.Generator) -> list[Stroke]:
        """The strokes of ``mark`` anew, float32 (n, 2), in capital heights, y *downward* from the baseline.

        Raises:
            KeyError: there is no such mark.
        """
        scale = self.size * np.exp(random.normal(0, 0.12, 2))
        middle = 0.5 * (1 - scale[1])
        lift = random.normal(0, 0.05) + (middle if mark in "-+" else 0.0)
        drawn = []
        for points in FORMS[mark][self.forms[mark]]:
            stroke = np.array(points, np.float64) + random.normal(0, 0.012, (len(points), 2))
            if mark not in _STRAIGHT:
                stroke = _rounded(stroke)
            x = stroke[:, 0] * scale[0] + self.slant * stroke[:, 1]
            drawn.append(np.stack([x, -(stroke[:, 1] * scale[1] + lift)], axis=1).astype(np.float32))
        return drawn


def _rounded(stroke: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A stroke with its corners cut three times, its ends kept."""
    for _ in range(3 if len(stroke) > 2 else 0):
        quarters = np.empty((2 * len(stroke), 2))
        quarters[0], quarters[-1] = stroke[0], stroke[-1]
        quarters[1:-1:2] = 0.75 * stroke[:-1] + 0.25 * stroke[1:]
        quarters[2:-1:2] = 0.25 * stroke[:-1] + 0.75 * stroke[1:]
        stroke = quarters
    return stroke
