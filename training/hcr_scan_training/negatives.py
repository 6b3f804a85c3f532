"""What is not a character: rules, ticks, specks, strike-outs, halves and touching pairs of glyphs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hcr_scan.images import Ink, draw_line, gaussian_blur, resize
from hcr_scan_training.augmentation import MARGIN, Random, drawn_strokes

#: A glyph's ink and its character.
Drawn = tuple[Ink, str]
Draw = Callable[[], Drawn]

#: Characters whose left or right half is no character of its own.
_LEFT_HALF = frozenset("HMXZSaeszx3459")
_RIGHT_HALF = frozenset("EGKMPQRSXZ0O24569abdeghkpqsxz")
#: Thin characters: under a big cross they look like an X.
_THIN = frozenset("XxIl1iVvYyKktfrJj7/")
#: Pairs that look like one character when they touch: their first and second glyphs.
_BARS = frozenset("I1li")
_READS_AS_ONE = frozenset("3JjoOVvDP)7LUunbcsCrh5SBb")


def negative(draw: Draw, random: Random) -> Ink:
    """Ink that is not a character; ``draw`` gives glyphs to make some of it from."""
    choice = random.random()
    for share, make in _KINDS:
        if choice < share:
            return make(draw, random)
        choice -= share
    return _speck(draw, random)


def dirt(random: Random) -> Ink:
    """Ink that no pen meant as writing: rules, corners of boxes, specks, scribbles."""
    make = (_rule, _corner, _speck, _speck, _scribble, _rule)[int(random.integers(6))]
    return make(_nothing, random)


def _nothing() -> Drawn:
    raise RuntimeError("dirt is not made of glyphs")


def pair(draw: Draw, random: Random) -> Ink:
    """Two glyphs side by side that touch or nearly do."""
    for _ in range(20):
        (first, a), (second, b) = draw(), draw()
        if not (_confusing(a, b)):
            break
    first, second = _trimmed(first), _trimmed(second)
    height = max(first.shape[0], 1)
    if random.random() < 0.85:
        second = _to_height(second, max(4, round(height * random.uniform(0.75, 1.3))))
    gap = round(random.normal(-0.03, 0.06) * height)
    return _side_by_side(first, second, min(gap, round(0.08 * height)), random)


def _confusing(first: str, second: str) -> bool:
    if first in _BARS and (second in _READS_AS_ONE or second in _BARS):
        return True
    if second in _BARS and first in "IlcCLoOVvnruJ1iUDP":
        return True
    return (first.upper() == second.upper() and first in "VvnIrCc") or (first + second).lower() in {"rn", "cl", "ci"}


def _side_by_side(first: Ink, second: Ink, gap: int, random: Random) -> Ink:
    shift = round(random.normal(0, 0.06) * first.shape[0])
    gap = max(gap, -min(first.shape[1], second.shape[1]) // 3)
    top_first, top_second = max(0, -shift), max(0, shift)
    height = max(top_first + first.shape[0], top_second + second.shape[0])
    start = first.shape[1] + gap
    width = max(first.shape[1], start + second.shape[1])
    canvas = np.zeros((height + 2 * MARGIN, width + 2 * MARGIN), np.uint8)
    top = MARGIN + top_first
    canvas[top : top + first.shape[0], MARGIN : MARGIN + first.shape[1]] = first
    top, left = MARGIN + top_second, MARGIN + start
    target = canvas[top : top + second.shape[0], left : left + second.shape[1]]
    np.maximum(target, second, out=target)
    return canvas


def _to_height(ink: Ink, height: int) -> Ink:
    return resize(ink, max(1, round(ink.shape[1] * height / ink.shape[0])), height)


def _trimmed(ink: Ink) -> Ink:
    rows, columns = np.flatnonzero(ink.max(axis=1) >= 64), np.flatnonzero(ink.max(axis=0) >= 64)
    if not rows.size:
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _half(draw: Draw, random: Random) -> Ink:
    for _ in range(30):
        ink, character = draw()
        left = random.random() < 0.5
        if character in (_LEFT_HALF if left else _RIGHT_HALF):
            break
    ink = _trimmed(ink)
    at = round(ink.shape[1] * random.uniform(0.42, 0.56))
    return np.pad(ink[:, :at] if left else ink[:, at:], MARGIN)


def _triple(draw: Draw, random: Random) -> Ink:
    first = _trimmed(pair(draw, random))
    second = _trimmed(draw()[0])
    second = _to_height(second, max(4, round(first.shape[0] * random.uniform(0.8, 1.1))))
    return _side_by_side(first, second, round(random.normal(0, 0.05) * first.shape[0]), random)


def _struck_out(draw: Draw, random: Random) -> Ink:
    """A glyph under a cross, bars or a hatching that reaches a little beyond it."""
    for _ in range(20):
        ink, character = draw()
        glyph = _trimmed(ink)
        if character not in _THIN and min(glyph.shape) >= 12:
            break
    height, width = glyph.shape
    ink = np.pad(glyph, MARGIN)
    reach = random.uniform(-0.05, 0.2, 2)
    low = MARGIN - np.array([width, height]) * reach
    high = MARGIN + np.array([width, height]) * (1 + reach)
    thickness = max(1, round(max(height, width) * random.uniform(0.05, 0.1)))
    kind = random.random()
    if kind < 0.35:
        lines = [np.array([low, high]), np.array([[low[0], high[1]], [high[0], low[1]]])]
    elif kind < 0.6:
        levels = MARGIN + height * random.uniform(0.3, 0.7, 2)
        lines = [np.array([[low[0], y], [high[0], y + random.normal(0, 3)]]) for y in levels]
    else:
        count = int(random.integers(5, 10))
        corners = low + (high - low) * random.uniform(0, 1, (count, 2))
        corners[:, 0] = np.where(np.arange(count) % 2, high[0], low[0]) + random.normal(0, 3, count)
        corners[:, 1].sort()
        lines = [corners]
    for line in lines:
        draw_line(ink, line + random.normal(0, 0.04 * height, line.shape), thickness, smooth=False)
    return ink


def _scribble(draw: Draw, random: Random) -> Ink:
    del draw
    count = int(random.integers(6, 22))
    points = random.uniform(0, 1, (count, 2))
    if random.random() < 0.6:  # to and fro
        points[:, 0] = (np.arange(count) % 2) + random.normal(0, 0.15, count)
        points[:, 1] = np.linspace(0, 1, count) * random.uniform(0.4, 1.2) + random.normal(0, 0.04, count)
    if random.random() < 0.3:
        points = points[:, ::-1]
    return drawn_strokes([points.astype(np.float32)], random)


def _tick(draw: Draw, random: Random) -> Ink:
    """A check mark: a short arm, then a long one to the upper right."""
    del draw
    arm = random.uniform(0.15, 0.42)
    lean = random.uniform(0.5, 1.3)
    points = np.array([[-arm * random.uniform(0.5, 1), 1 - arm], [0, 1], [lean, random.uniform(-0.1, 0.2)]])
    return drawn_strokes([points.astype(np.float32)], random)


def _rule(draw: Draw, random: Random) -> Ink:
    """A dash or a piece of a horizontal rule, perhaps with stubs of walls; or a dotted vertical one."""
    del draw
    slope = random.normal(0, 0.06)
    strokes = [np.array([[0, 0], [1, slope]])]
    kind = random.random()
    if kind < 0.25:
        strokes.append(np.array([[0, 0.12 + random.uniform(0, 0.3)], [1, 0.2 + slope]]))
    elif kind < 0.5:
        at = random.uniform(0.05, 0.95)
        reach = random.uniform(0.03, 0.15)
        strokes.append(np.array([[at, -reach], [at, reach * (random.random() < 0.6)]]))
    elif kind < 0.65:
        strokes = [np.array([[0, y], [0, y + 0.06]]) for y in np.linspace(0, 1, int(random.integers(4, 8)))]
    return drawn_strokes([stroke.astype(np.float32) for stroke in strokes], random, 0.4)


def _corner(draw: Draw, random: Random) -> Ink:
    """A printed box's corner or side with stubs, thin and straight (not the corner that is an L)."""
    del draw
    a, b = random.uniform(0.3, 1.0, 2)
    corners = (
        [[0, b], [0, 0], [a, 0]],
        [[0, 0], [a, 0], [a, b]],
        [[a, 1], [0, 1], [0, 0], [a, 0]],
        [[0, b], [0, 0], [1, 0], [1, a]],
        [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]],
    )
    points = np.array(corners[int(random.integers(len(corners)))], np.float32)
    if len(points) == 4 and random.random() < 0.5:
        points[:, 1] *= random.uniform(0.4, 0.8)
    return drawn_strokes([points], random, 0.25)


def _word(draw: Draw, random: Random) -> Ink:
    """Print that was taken for one glyph: three to six characters in a row, small."""
    ink = _trimmed(draw()[0])
    height = int(random.integers(14, 30))
    ink = _to_height(ink, height)
    for _ in range(int(random.integers(2, 6))):
        following = _to_height(_trimmed(draw()[0]), max(6, round(height * random.uniform(0.7, 1.0))))
        ink = _trimmed(_side_by_side(ink, following, int(random.integers(0, 3)), random))
    return np.pad(ink, MARGIN)


def _patch(draw: Draw, random: Random) -> Ink:
    """A piece of shading, a photograph or a dark table beside the sheet: filled, with straight edges or a slope."""
    del draw
    height, width = (int(v) for v in random.integers(10, 40, 2))
    yy, xx = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    angle = random.uniform(0, 2 * np.pi)
    slope = (xx - 0.5) * np.cos(angle) + (yy - 0.5) * np.sin(angle)
    if random.random() < 0.4:  # a wedge
        ink = np.where(slope > random.uniform(-0.2, 0.2), 255, 0).astype(np.uint8)
    else:
        grain = gaussian_blur(random.integers(0, 256, (height, width)).astype(np.uint8), random.uniform(0.6, 4))
        ink = np.clip(random.uniform(60, 255) + 300 * random.random() * slope + (grain - 128.0), 0, 255).astype(
            np.uint8
        )
    return np.pad(ink, MARGIN)


def _tally(draw: Draw, random: Random) -> Ink:
    """Counting strokes, some struck through; a triangle; a ring around a stroke."""
    del draw
    if random.random() < 0.3:
        points = np.array([[0, 1], [0.5, 0], [1, 1], [0, 1]]) + random.normal(0, 0.05, (4, 2))
        return drawn_strokes([points.astype(np.float32)], random)
    count = int(random.integers(2, 6))
    strokes = [np.array([[x, 0], [x + random.normal(0, 0.06), 1]]) for x in np.arange(count) * random.uniform(0.2, 0.4)]
    if count > 2 and random.random() < 0.5:
        strokes.append(np.array([[-0.1, random.uniform(0.5, 1)], [strokes[-1][0, 0] + 0.1, random.uniform(0, 0.5)]]))
    if count == 2:
        strokes[1][:, 0] += 0.15
        strokes.append(strokes[1] + np.array([0.35, 0]))
    return drawn_strokes([(s + random.normal(0, 0.03, s.shape)).astype(np.float32) for s in strokes], random)


def _speck(draw: Draw, random: Random) -> Ink:
    """A blot: smooth noise, cut at a level."""
    del draw
    for _ in range(8):
        blot = _blot(random)
        if not _like_a_full_stop(blot):
            break
    return np.pad(blot, MARGIN)


def full_stop_blot(random: Random) -> Ink:
    """A blot as compact as a full stop: ink alone cannot tell which it is."""
    for _ in range(8):
        blot = _blot(random)
        if _like_a_full_stop(blot):
            break
    return np.pad(blot, MARGIN)


def _like_a_full_stop(blot: Ink) -> bool:
    glyph = _trimmed(blot)
    height, width = glyph.shape
    filled = np.count_nonzero(glyph >= 64) / max(glyph.size, 1)
    return bool(filled > 0.66 and 0.55 < width / height < 1.8)


def _blot(random: Random) -> Ink:
    side = int(random.integers(8, 40))
    field = random.uniform(0, 255, (side, side)).astype(np.uint8)
    field = gaussian_blur(field, random.uniform(0.8, side / 5)).astype(np.float32)
    yy, xx = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    field = (field - field.mean()) / max(float(field.std()), 1.0) - 2.5 * (xx**2 + yy**2 * random.uniform(0.6, 2.5))
    return np.where(field > np.quantile(field, random.uniform(0.4, 0.85)), 255, 0).astype(np.uint8)


_KINDS: tuple[tuple[float, Callable[[Draw, Random], Ink]], ...] = (
    (0.28, pair),
    (0.15, _half),
    (0.05, _triple),
    (0.11, _struck_out),
    (0.06, _scribble),
    (0.06, _tick),
    (0.08, _rule),
    (0.05, _corner),
    (0.05, _speck),
    (0.04, _word),
    (0.04, _patch),
    (0.03, _tally),
)
