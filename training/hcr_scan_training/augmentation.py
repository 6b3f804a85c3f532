"""What pens, paper and scanners do to a glyph, done to ink at source scale, before it is normalized."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from hcr_scan.images import (
    Gray,
    Ink,
    affine,
    box_blur,
    dilate,
    draw_line,
    enlarge_field,
    erode,
    gaussian_blur,
    remap,
    resize,
)
from hcr_scan_training.synthesis import Stroke, bounds

Random = np.random.Generator

#: Longest side of a drawn glyph in pixels: a fax at 100 dpi, up to a scan at 300 dpi.
SMALLEST, LARGEST = 16, 68
#: Empty pixels kept around the glyph, for what reaches beyond it.
MARGIN = 12
#: Capture that leaves no more of the ink than this share shows nobody's character.
LEFT = 0.45


@dataclass(frozen=True, slots=True)
class Nib:
    """Pens that draw: the usual width as a share of the glyph, its spread (of the logarithm), the narrowest and widest.

    ``size`` is the glyph's size beside that of a capital.
    """

    share: float = 0.085
    spread: float = 0.4
    narrowest: float = 0.03
    widest: float = 0.2
    size: float = 1.0


#: A felt tip or marker in letters of 3 to 6 mm, and the share of characters that it writes.
MARKER = Nib(0.22, 0.25, 0.14, 0.34)
MARKER_SHARE = 0.12


def warped_bitmap(
    ink: Ink, random: Random, strength: float = 1.0, smallest: float = SMALLEST, relative: float = 1.0
) -> Ink:
    """A bitmap slanted, turned, stretched, bent and drawn at a new size, with :data:`MARGIN` pixels around it.

    ``relative`` is its size beside that of a capital.
    """
    size = max(_size(random, smallest) * relative, 3.0)
    matrix = _distortion(random, strength)
    height, width = ink.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64) @ matrix.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = size / max(float((high - low).max()), 1.0)
    across, down = (int(v) for v in np.ceil((high - low) * scale) + 2 * MARGIN)
    forward = np.concatenate([matrix * scale, (MARGIN - low * scale)[:, None]], axis=1)
    if scale < 0.6:  # bilinear sampling would lose thin strokes
        ink = box_blur(ink, max(1, round(0.6 / scale)), max(1, round(0.6 / scale)))
    if random.random() < 0.5:
        drawn = affine(ink, forward, across, down)
    else:
        drawn = _bent(ink, forward, across, down, size, random, strength)
    return _pressed(drawn, size, random)


def _bent(
    ink: Ink, forward: npt.NDArray[np.float64], width: int, height: int, size: float, random: Random, strength: float
) -> Ink:
    back = np.linalg.inv(np.vstack([forward, [0, 0, 1]]))[:2]
    amount = random.uniform(0.01, 0.05) * strength * size
    field = random.normal(0, amount, (random.integers(3, 6), random.integers(3, 6), 2)).astype(np.float32)
    field = enlarge_field(field, width, height, smooth=True)
    x = _pulled(width, random, strength)[None, :] + field[..., 0]
    y = _pulled(height, random, strength)[:, None] + field[..., 1]
    b = back.astype(np.float32)
    return remap(ink, b[0, 0] * x + b[0, 1] * y + b[0, 2], b[1, 0] * x + b[1, 1] * y + b[1, 2])


def _pulled(extent: int, random: Random, strength: float) -> npt.NDArray[np.float32]:
    """Pixel numbers along one side, drawn towards one end: waists and bars move up or down, bowls grow."""
    numbers = np.arange(extent, dtype=np.float32)
    inner = max(extent - 2 * MARGIN, 1)
    shares = np.clip((numbers - MARGIN) / inner, 0, 1)
    pulled = shares ** np.float32(math.exp(random.normal(0, 0.13 * strength)))
    return np.asarray(numbers + (pulled - shares) * inner, np.float32)


def _size(random: Random, smallest: float = SMALLEST) -> float:
    return float(np.exp(random.uniform(math.log(smallest), math.log(LARGEST))))


def _distortion(random: Random, strength: float = 1.0) -> npt.NDArray[np.float64]:
    """Rotation, slant and aspect as a 2 x 2 matrix."""
    noise = np.clip(random.normal(0, 1, 3), -2.6, 2.6) * strength
    turn, slant, aspect = math.radians(5.8) * noise[0], 0.15 * noise[1], math.exp(0.14 * noise[2])
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(rotation @ np.array([[aspect, -slant], [0, 1.0]]), np.float64)


def _pressed(ink: Ink, size: float, random: Random) -> Ink:
    """Thicker or thinner strokes."""
    choice = random.random()
    if choice < 0.22:
        return dilate(ink, 2, 2)
    if choice < 0.32 and size > 30:
        return dilate(ink, 3, 3)
    if choice < 0.42 and size > 34:
        return erode(ink, 2, 2)
    return _worn(ink, random) if choice < 0.5 else ink


def _worn(ink: Ink, random: Random) -> Ink:
    """A pen that leaves less ink where it moves fast."""
    uneven = random.uniform(0.45, 1.3, (3, 3)).astype(np.float32)
    wear = enlarge_field(uneven, ink.shape[1], ink.shape[0], smooth=True)
    return np.asarray(np.clip(ink * wear, 0, 255), np.uint8)


def drawn_strokes(strokes: Sequence[Stroke], random: Random, strength: float = 1.0, nib: Nib | None = None) -> Ink:
    """Pen strokes drawn with some pen at some size, with :data:`MARGIN` pixels around them."""
    corner, extent = bounds(strokes)
    matrix = _distortion(random, strength).astype(np.float32)
    unit = max(float(extent.max()), 1e-3)
    warped = _restyled([(stroke - corner) / unit for stroke in strokes], random, strength)
    bent = [_shaken(stroke, random, strength) @ matrix.T for stroke in warped]
    corner, extent = bounds(bent)
    nib = nib or (MARKER if random.random() < MARKER_SHARE else Nib())
    size = max(_size(random) * nib.size, 3.0)
    share = np.exp(random.normal(math.log(nib.share), nib.spread))
    pen = size * float(np.clip(share, nib.narrowest, nib.widest))
    scale = max(size - pen, 0.2) / max(float(extent.max()), 1e-3)
    fine = 4 if size < 10 else 3 if size < 24 else 2
    across, down = (int(v) for v in np.ceil(extent * scale + pen) + 2 * MARGIN)
    canvas = np.zeros((down * fine, across * fine), np.uint8)
    thickness = max(1, round(pen * fine))
    broad = thickness >= 4 and random.random() < 0.12
    for stroke in bent:
        points = ((stroke - corner) * scale + pen / 2 + MARGIN) * fine
        width = thickness // 3 if broad else thickness + int(random.integers(-1, 2))
        draw_line(canvas, points, max(1, width), smooth=False)
    if broad:  # a nib that writes broad one way and fine the other
        edge = thickness - thickness // 3 + 1
        canvas = dilate(canvas, edge, 1) if random.random() < 0.5 else dilate(canvas, 1, edge)
    ink = resize(canvas, across, down)
    choice = random.random()
    return _pencil(ink, random) if choice < 0.12 else _worn(ink, random) if choice < 0.18 else ink


def _restyled(strokes: Sequence[Stroke], random: Random, strength: float) -> list[Stroke]:
    """Strokes in a box of unit size as another hand would make them: proportions, joins and ends differ."""
    if random.random() < 0.2:
        return list(strokes)
    _, extent = bounds(strokes)
    powers = np.exp(random.normal(0, 0.14 * strength, 2)).astype(np.float32)
    styled = []
    for stroke in strokes:
        shares = np.clip(stroke / np.maximum(extent, 0.05), 0, 1)
        stroke = np.where(extent > 0.15, shares**powers * extent, stroke).astype(np.float32)
        if len(strokes) > 1 and random.random() < 0.6:
            stroke = _placed(stroke, random, strength)
        styled.append(_ended(stroke, random, strength))
    return styled


def _placed(stroke: Stroke, random: Random, strength: float) -> Stroke:
    """One stroke of several, a little turned, stretched and moved by itself: it misses or crosses the others."""
    center = stroke.mean(axis=0)
    turn = math.radians(3.5) * random.normal(0, strength)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    stretch = np.exp(random.normal(0, 0.06 * strength, 2))
    shift = random.normal(0, 0.018 * strength, 2)
    return np.asarray((stroke - center) * stretch @ rotation.T + center + shift, np.float32)


def _ended(stroke: Stroke, random: Random, strength: float) -> Stroke:
    """A stroke that stops early or overshoots, at either end."""
    for _ in range(2):
        stroke = stroke[::-1]
        choice = random.random()
        if choice < 0.12 and len(stroke) > 8:
            stroke = stroke[int(random.integers(1, max(2, len(stroke) // 10 + 1))) :]
        elif choice < 0.25 and len(stroke) > 1:
            ahead = stroke[0] - stroke[min(len(stroke) - 1, max(1, len(stroke) // 12))]
            length = float(np.hypot(*ahead))
            if length > 1e-3:
                reach = random.uniform(0.01, 0.09) * strength / length
                stroke = np.concatenate([stroke[:1] + ahead * np.float32(reach), stroke]).astype(np.float32)
    return stroke


def _shaken(points: Stroke, random: Random, strength: float) -> Stroke:
    """A stroke of unit size moved a little as a whole and bent by two slow waves."""
    noise = random.normal(0, 0.012 * strength, 2).astype(np.float32)
    phase = random.uniform(0, 2 * math.pi, 2).astype(np.float32)
    waves = random.uniform(2, 7, 2).astype(np.float32)
    waved = np.float32(0.015 * strength) * np.sin(points[:, ::-1] * waves + phase)
    return np.asarray(points + noise + waved, np.float32)


def _pencil(ink: Ink, random: Random) -> Ink:
    grain = random.uniform(0.25, 1.25, ink.shape).astype(np.float32)
    return np.asarray(np.minimum(ink * grain, 255), np.uint8)


def soiled(ink: Ink, random: Random, neighbor: Ink | None = None) -> Ink:
    """Ink with what segmentation may leave or take: pieces of walls and of a neighbor, gaps, cut edges.

    ``ink`` has :data:`MARGIN` pixels around it; a piece of ``neighbor`` may intrude from the left or the right.
    """
    left, top, right, bottom = _extent(ink)
    span = max(right - left, bottom - top, 8)
    chances = random.random(4)
    if chances[0] < 0.08:
        _break_strokes(ink, span, random)
    if chances[1] < 0.14:
        for _ in range(1 + int(random.random() < 0.3)):
            _add_wall(ink, (left, top, right, bottom), span, random)
    if chances[2] < 0.05 and neighbor is not None:
        _intrude(ink, (left, top, right, bottom), neighbor, random)
    if chances[3] < 0.1:
        _clip(ink, (left, top, right, bottom), random)
    return ink


def _extent(ink: Ink) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(ink.max(axis=1) >= 64), np.flatnonzero(ink.max(axis=0) >= 64)
    if not rows.size:
        return 0, 0, ink.shape[1], ink.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _break_strokes(ink: Ink, span: int, random: Random) -> None:
    height, width = ink.shape
    for _ in range(int(random.integers(1, 3))):
        ends = random.uniform(0, 1, (2, 2)) * (width, height)
        draw_line(ink, ends, max(1, round(span * random.uniform(0.02, 0.05))), value=0)


def _add_wall(ink: Ink, box: tuple[int, int, int, int], span: int, random: Random) -> None:
    """A piece of a rule at one side of the glyph, touching it or nearly so."""
    left, top, right, bottom = box
    gap = random.uniform(-0.05, 0.1) * span
    length = random.uniform(0.08, 0.45 if random.random() < 0.8 else 1.0) * span
    thickness = max(1, round(span * random.uniform(0.02, 0.06)))
    side = int(random.integers(0, 4))
    along = random.uniform(0, 1)
    if side < 2:
        x = left - gap if side == 0 else right + gap
        start = top + along * max(bottom - top - length, 0) + random.normal(0, 2)
        ends = np.array([[x, start], [x + random.normal(0, 0.5), start + length]])
    else:
        y = top - gap if side == 2 else bottom + gap
        start = left + along * max(right - left - length, 0) + random.normal(0, 2)
        ends = np.array([[start, y], [start + length, y + random.normal(0, 0.5)]])
    draw_line(ink, ends, thickness, value=int(random.integers(90, 256)))


def _intrude(ink: Ink, box: tuple[int, int, int, int], neighbor: Ink, random: Random) -> None:
    """The outermost strip of a neighbor's ink, beside the glyph."""
    part_left, part_top, part_right, part_bottom = _extent(neighbor)
    wide = max(1, round((part_right - part_left) * random.uniform(0.06, 0.2)))
    from_left = random.random() < 0.5
    start = part_right - wide if from_left else part_left
    strip = neighbor[part_top:part_bottom, start : start + wide]
    x = max(box[0] - wide - 1, 0) if from_left else min(box[2] + 1, ink.shape[1] - 1)
    y = max(box[1] + int(random.integers(-3, 4)), 0)
    target = ink[y : y + strip.shape[0], x : x + strip.shape[1]]
    np.maximum(target, strip[: target.shape[0], : target.shape[1]], out=target)


def _clip(ink: Ink, box: tuple[int, int, int, int], random: Random) -> None:
    """One to three pixels, at most a fourteenth, cut off one side."""
    left, top, right, bottom = box
    side = int(random.integers(0, 4))
    extent = right - left if side < 2 else bottom - top
    cut = min(int(random.integers(1, 4)), extent // 14)
    if side == 0:
        ink[:, : left + cut] = 0
    elif side == 1:
        ink[:, right - cut :] = 0
    elif side == 2:
        ink[: top + cut] = 0
    else:
        ink[bottom - cut :] = 0


def captured(ink: Ink, random: Random) -> Ink:
    """Ink as a scanner, fax or phone and our binarization hand it on: blurred, noisy, hard or soft."""
    chances = random.random(6)
    if chances[0] < 0.45:
        ink = gaussian_blur(ink, random.uniform(0.4, 1.1))
    near = dilate(ink, 5, 5) > 40 if chances[1] < 0.3 or chances[2] < 0.12 else None
    if chances[1] < 0.3 and near is not None:
        noise = random.normal(0, random.uniform(4, 24), ink.shape).astype(np.float32)
        ink = np.where(near, np.clip(ink + noise, 0, 255), ink).astype(np.uint8)
    if chances[2] < 0.12 and near is not None:
        ink = np.where(near, jpeg(ink, int(random.integers(15, 70))), ink)
    if chances[3] < 0.35:
        ink = np.where(ink >= random.integers(70, 170), 255, 0).astype(np.uint8)
        if chances[4] < 0.15:
            flip = random.random(ink.shape) < 0.03
            ink = np.where(flip & (dilate(ink, 3, 3) > 0), 255 - ink, ink).astype(np.uint8)
    else:
        low, gain = random.uniform(0, 70), random.uniform(0.9, 2.2)
        ink = np.clip((ink.astype(np.float32) - low) * gain, 0, 255).astype(np.uint8)
    return ink


def is_left(ink: Ink, seen: Ink) -> bool:
    """Whether enough of ``ink`` is still there in what a scanner has ``seen`` of it."""
    return bool(np.count_nonzero(seen >= 64) > LEFT * np.count_nonzero(ink >= 64))


def jpeg(image: Gray, quality: int) -> Gray:
    """The picture after one round of JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.uint8)
