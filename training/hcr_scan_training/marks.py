"""Punctuation as pens make it: dots, commas, strokes, brackets, and the several forms of @, & and #."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hcr_scan.images import Ink
from hcr_scan_training.augmentation import Nib, Random, drawn_strokes
from hcr_scan_training.negatives import full_stop_blot
from hcr_scan_training.synthesis import Stroke, smoothed

#: How large a mark is beside a capital: small marks come with few pixels and thick strokes.
RELATIVE_SIZE = {
    ".": 0.16,
    ",": 0.32,
    "'": 0.3,
    "-": 0.42,
    ":": 0.55,
    "+": 0.65,
    "/": 1.0,
    "(": 1.1,
    ")": 1.1,
    "@": 1.0,
    "&": 1.0,
    "#": 0.9,
}

#: Marks smaller than this beside a capital are not soiled.
_SMALL = 0.5


def is_small(character: str) -> bool:
    """Whether dirt beside the mark would be larger than the mark."""
    return RELATIVE_SIZE.get(character, 1.0) < _SMALL


def drawn_mark(character: str, random: Random) -> Ink:
    """The mark in one of its forms, distorted and drawn, with a margin around it."""
    if character == "." and random.random() < 0.15:
        return full_stop_blot(random)
    strokes, share = _MARKS[character](random)
    size = RELATIVE_SIZE[character] * math.exp(random.normal(0, 0.25))
    nib = Nib(share, 0.3, 0.4 * share, min(2.2 * share, 0.97), size)
    return drawn_strokes(strokes, random, nib=nib)


#: Strokes of unit height or so, and the pen's usual width as a share of the mark's longer side.
_Drawn = tuple[list[Stroke], float]


def _line(*points: tuple[float, float]) -> Stroke:
    return np.array(points, np.float32)


def _curve(*points: tuple[float, float], rounds: int = 3) -> Stroke:
    return smoothed(_line(*points), rounds)


def _arc(x: float, y: float, width: float, height: float, start: float, stop: float, points: int = 16) -> Stroke:
    """Part of an ellipse; angles in turns, clockwise from the top."""
    angles = 2 * math.pi * np.linspace(start, stop, points)
    return np.stack([x + width / 2 * np.sin(angles), y - height / 2 * np.cos(angles)], axis=1).astype(np.float32)


def _jittered(stroke: Stroke, random: Random, amount: float = 0.03) -> Stroke:
    return (stroke + random.normal(0, amount, stroke.shape)).astype(np.float32)


def _dot_stroke(random: Random, reach: float) -> Stroke:
    """A dot: the pen set down and hardly moved, or a tiny ring or hook."""
    if random.random() < 0.2:
        return _arc(0, 0, reach, reach * random.uniform(0.6, 1.2), 0, random.uniform(0.6, 1.1), 8)
    angle = random.uniform(0, 2 * math.pi)
    step = reach * random.uniform(0.3, 1) * np.array([math.cos(angle), math.sin(angle)])
    return np.stack([np.zeros(2), 0.6 * step + random.normal(0, 0.1 * reach, 2), step]).astype(np.float32)


def _full_stop(random: Random) -> _Drawn:
    return [_dot_stroke(random, 1.0)], float(random.uniform(0.5, 0.95))


def _comma(random: Random) -> _Drawn:
    if random.random() < 0.4:  # a straight tick
        return [_line((random.uniform(0.1, 0.7), 0), (0, 1))], float(random.uniform(0.14, 0.35))
    lean, bow = random.uniform(0.0, 0.5), random.uniform(0.15, 0.45)
    stroke = _curve((lean, 0), (lean + bow, 0.25), (lean + 0.6 * bow, 0.65), (0, 1))
    strokes = [_jittered(stroke, random, 0.02)]
    if random.random() < 0.4:  # its head thickened
        strokes.append(_dot_stroke(random, 0.2) + stroke[0])
    return strokes, float(random.uniform(0.14, 0.35))


def _apostrophe(random: Random) -> _Drawn:
    if random.random() < 0.3:
        return _comma(random)
    return [_line((random.normal(0.05, 0.14), 0), (0, 1))], float(random.uniform(0.12, 0.4))


def _hyphen(random: Random) -> _Drawn:
    middle = (0.5, random.normal(0, 0.03))
    return [_curve((0, 0), middle, (1, random.normal(-0.02, 0.08)))], float(random.uniform(0.08, 0.3))


def _slash(random: Random) -> _Drawn:
    wide = random.uniform(0.22, 0.95)
    return [_curve((wide, 0), (wide / 2 + random.normal(0, 0.03), 0.5), (0, 1))], float(random.uniform(0.05, 0.12))


def _bracket(side: float) -> Callable[[Random], _Drawn]:
    def draw(random: Random) -> _Drawn:
        depth = side * random.uniform(0.12, 0.36)
        stroke = _curve((depth, 0), (0.15 * depth, 0.22), (0, 0.5), (0.15 * depth, 0.78), (depth, 1))
        return [_jittered(stroke, random, 0.008)], float(random.uniform(0.05, 0.11))

    return draw


def _plus(random: Random) -> _Drawn:
    wide, at = random.uniform(0.7, 1.25), random.normal(0.5, 0.05)
    strokes = [_line((wide / 2, 0), (wide / 2, 1)), _line((0, at), (wide, at))]
    if random.random() < 0.15:  # in one go, with a loop between the strokes
        strokes = [_curve((wide / 2, 0), (wide / 2, 1), (0, 0.75), (0, 0.55), (wide, at))]
    return [_jittered(stroke, random) for stroke in strokes], float(random.uniform(0.07, 0.16))


def _hash(random: Random) -> _Drawn:
    lean, gap = random.normal(0.1, 0.1), random.uniform(0.25, 0.42)
    uprights = [_line((x + lean, 0), (x - lean, 1)) for x in (0.5 - gap / 2, 0.5 + gap / 2)]
    rise = random.normal(0.02, 0.05)
    bars = [_line((0, y + rise), (1, y - rise)) for y in (0.5 - gap / 2, 0.5 + gap / 2)]
    return [_jittered(stroke, random) for stroke in (*uprights, *bars)], float(random.uniform(0.05, 0.11))


def _at(random: Random) -> _Drawn:
    """A small a in a ring that comes from its tail; now and then the ring stands alone around an open a."""
    inner = random.uniform(0.36, 0.55)
    ring = _arc(0.5, 0.5, inner, inner * random.uniform(0.9, 1.2), 0.2, 1.2 + random.uniform(-0.05, 0.1), 14)
    edge = 0.5 + inner / 2
    foot = (edge + 0.05, 0.5 + inner / 2)
    outer = _arc(0.5, 0.5, 1.0, random.uniform(0.9, 1.15), 0.3, 0.3 - random.uniform(0.72, 0.98), 20)
    tail = np.concatenate([_line((edge, 0.5 - inner / 3), foot), outer])
    if random.random() < 0.3:
        return [_jittered(ring, random, 0.012), _jittered(smoothed(tail, 2), random, 0.008)], 0.055
    whole = np.concatenate([ring, tail])
    return [_jittered(smoothed(whole, 2), random, 0.01)], float(random.uniform(0.04, 0.08))


def _ampersand(random: Random) -> _Drawn:
    kind = random.random()
    if kind < 0.5:  # the printed form, in one go from the foot
        top = random.uniform(0.2, 0.3)
        stroke = _curve(
            (0.8, 1), (0.2, 0.3), (0.2, 0.06), (0.4, 0), (0.4 + top, 0.12), (0.42, 0.36), (0.05, 0.62), (0.02, 0.85),
            (0.25, 1), (0.55, 0.88), (0.8, 0.5), rounds=2,
        )  # fmt: skip
        return [_jittered(stroke, random, 0.01)], float(random.uniform(0.05, 0.1))
    if kind < 0.8:  # an epsilon with a stroke above and below
        bowls = _curve((0.6, 0.22), (0.25, 0.1), (0.05, 0.28), (0.35, 0.46), (0.0, 0.68), (0.2, 0.9), (0.65, 0.76))
        ends = [_line((0.36, 0.0), (0.36, 0.14)), _line((0.34, 0.84), (0.34, 1.0))]
        if random.random() < 0.3:
            ends = [_line((0.36, 0.0), (0.34, 1.0))]
        return [_jittered(stroke, random, 0.015) for stroke in (bowls, *ends)], float(random.uniform(0.05, 0.1))
    # the loop that looks like a plus whose ends are joined
    stroke = _curve((0.5, 0), (0.5, 1), (0.05, 0.6), (0.05, 0.5), (0.95, 0.5), rounds=2)
    return [_jittered(stroke, random, 0.015)], float(random.uniform(0.06, 0.12))


def _colon(random: Random) -> _Drawn:
    share = random.uniform(0.14, 0.32)
    dots = [_dot_stroke(random, 0.12), _dot_stroke(random, 0.12) + np.array([random.normal(0, 0.06), 1], np.float32)]
    return [dot.astype(np.float32) for dot in dots], float(share)


_MARKS: dict[str, Callable[[Random], _Drawn]] = {
    ".": _full_stop,
    ",": _comma,
    "'": _apostrophe,
    "-": _hyphen,
    "/": _slash,
    "(": _bracket(1.0),
    ")": _bracket(-1.0),
    "+": _plus,
    "#": _hash,
    "@": _at,
    "&": _ampersand,
    ":": _colon,
}
