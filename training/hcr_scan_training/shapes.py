"""Forms that the data sets hold too few of: serifed I, European 1 and 7, open 4, barred Z and 0, both a and g."""

from __future__ import annotations

import math

import numpy as np

from hcr_scan.images import Ink
from hcr_scan_training.augmentation import Random, drawn_strokes
from hcr_scan_training.synthesis import Stroke, smoothed

#: Strokes as points in a box of height 1, y downward; ``s`` marks a stroke to be rounded.
_Form = tuple[tuple[str, tuple[tuple[float, float], ...]], ...]


def _ring(x: float, y: float, width: float, height: float) -> tuple[tuple[float, float], ...]:
    angles = [2 * math.pi * k / 12 - math.pi / 2 for k in range(14)]
    return tuple((x + width / 2 * math.cos(a), y + height / 2 * math.sin(a)) for a in angles)


SHAPES: dict[str, tuple[_Form, ...]] = {
    "I": (
        (("", ((0.25, 0.0), (0.25, 1.0))), ("", ((0.0, 0.0), (0.5, 0.0))), ("", ((0.0, 1.0), (0.5, 1.0)))),
        (("", ((0.15, 0.0), (0.15, 1.0))), ("", ((0.0, 0.0), (0.3, 0.0))), ("", ((0.0, 1.0), (0.3, 1.0)))),
        (("", ((0.2, 0.0), (0.2, 1.0))),),
    ),
    "1": (
        (("", ((0.0, 0.35), (0.3, 0.0), (0.3, 1.0))),),
        (("", ((0.0, 0.6), (0.4, 0.0), (0.4, 1.0))),),
        (("", ((0.0, 0.3), (0.25, 0.0), (0.25, 1.0))), ("", ((0.0, 1.0), (0.5, 1.0)))),
        (("", ((0.1, 0.0), (0.1, 1.0))),),
    ),
    "7": (
        (("", ((0.0, 0.0), (0.6, 0.0), (0.2, 1.0))), ("", ((0.08, 0.52), (0.6, 0.48)))),
        (("", ((0.0, 0.18), (0.03, 0.0), (0.6, 0.02), (0.25, 1.0))), ("", ((0.1, 0.5), (0.62, 0.5)))),
        (("", ((0.0, 0.15), (0.05, 0.0), (0.55, 0.0), (0.3, 1.0))),),
    ),
    "4": (
        (("", ((0.1, 0.0), (0.0, 0.55), (0.65, 0.55))), ("", ((0.5, 0.2), (0.45, 1.0)))),
        (("", ((0.0, 0.0), (0.0, 0.5), (0.6, 0.5))), ("", ((0.5, 0.0), (0.5, 1.0)))),
        (("", ((0.5, 1.0), (0.5, 0.0), (0.0, 0.65), (0.7, 0.65))),),
    ),
    "Z": ((("", ((0.0, 0.0), (0.65, 0.0), (0.0, 1.0), (0.7, 1.0))), ("", ((0.15, 0.5), (0.55, 0.5)))),),
    "z": ((("", ((0.0, 0.0), (0.65, 0.0), (0.0, 1.0), (0.7, 1.0))), ("", ((0.15, 0.5), (0.55, 0.5)))),),
    "0": ((("s", _ring(0.3, 0.5, 0.6, 1.0)), ("", ((0.08, 0.9), (0.52, 0.1)))), (("s", _ring(0.3, 0.5, 0.55, 1.0)),)),
    "a": (
        (("s", _ring(0.3, 0.5, 0.6, 1.0)), ("", ((0.6, 0.0), (0.6, 0.9), (0.7, 1.0)))),
        (
            ("s", ((0.05, 0.12), (0.3, 0.0), (0.55, 0.15), (0.57, 0.5), (0.57, 1.0))),
            ("s", ((0.57, 0.45), (0.2, 0.45), (0.0, 0.7), (0.15, 0.97), (0.4, 0.92), (0.57, 0.75))),
        ),
    ),
    "g": ((("s", _ring(0.3, 0.3, 0.6, 0.6)), ("s", ((0.6, 0.0), (0.6, 0.8), (0.45, 1.0), (0.15, 1.0), (0.0, 0.88)))),),
    "q": ((("s", _ring(0.3, 0.3, 0.6, 0.6)), ("", ((0.6, 0.0), (0.6, 1.0), (0.75, 0.9)))),),
    "J": (
        (("s", ((0.5, 0.0), (0.5, 0.7), (0.35, 0.98), (0.1, 0.95), (0.0, 0.7))),),
        (("s", ((0.4, 0.0), (0.4, 0.7), (0.3, 0.98), (0.1, 0.95), (0.0, 0.75))), ("", ((0.1, 0.0), (0.75, 0.0)))),
    ),
}


def drawn_shape(character: str, random: Random) -> Ink:
    """One of the character's forms, distorted and drawn, with a margin around it."""
    forms = SHAPES[character]
    form = forms[int(random.integers(len(forms)))]
    wide = math.exp(random.normal(0, 0.2))
    strokes: list[Stroke] = []
    for kind, points in form:
        stroke = np.array(points, np.float32) * np.array([wide, 1.0], np.float32)
        stroke = stroke + random.normal(0, 0.025, stroke.shape).astype(np.float32)
        strokes.append(smoothed(stroke, 2) if kind else _wavering(stroke, random))
    return drawn_strokes(strokes, random)


def _wavering(stroke: Stroke, random: Random) -> Stroke:
    """Straight pieces as a hand draws them: slightly bowed."""
    middle = (stroke[:-1] + stroke[1:]) / 2 + random.normal(0, 0.012, (len(stroke) - 1, 2))
    result = np.empty((2 * len(stroke) - 1, 2), np.float32)
    result[::2], result[1::2] = stroke, middle
    return smoothed(result, 1)
