"""Rules under and through handwriting, taken away with the strokes that cross them kept whole.

Ruled and squared paper, underlines, leaders and broken lines: a rule is a chain of thin straight stretches of ink,
however the writing interrupts it. It may be a little slanted or curved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcr_scan.images import closing, connected_components, dilate, opening
from hcr_scan.segmentation.ink.parts import Flags, Floats, Indices, InkParts, Scale

#: A piece this many pens wide or high may have a rule in it.
WIDEST_WORD = 25.0
#: Letters are seldom more pens high than this.
USUAL_HEIGHT = 20.0
#: A rule is at least this many times longer than it is thick, and this many letter heights.
LONGEST_STROKE, LONGEST_BAR = 22.0, 2.5
#: A stretch of a rule inside writing is at least this many times longer than thick.
STRETCH = 8.0
#: Share of a rule's length that must be ink: of one with writing on it, and of a dotted one.
UNBROKEN, DOTTED = 0.55, 0.3
FEWEST_DOTS = 8


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Thin straight stretches of ink. ``ends`` (n, 4): left, middle row there, right, middle row there; all in pixels.

    ``thickness`` (n,); ``pieces`` (n,) is the piece a stretch is part of, ``bare`` (n,) whether it is all of it.
    """

    ends: Floats
    thickness: Floats
    pieces: Indices
    bare: Flags


def without_rules(parts: InkParts, scale: Scale) -> InkParts:
    """The pieces left when horizontal and vertical rules are taken away; ``ink`` loses them too."""
    # Where rules tie the letters together the height measured is that of many lines: the pen says more.
    scale = Scale(scale.stroke, min(scale.height, USUAL_HEIGHT * scale.stroke))
    level = _without_level_rules(parts, scale)
    turned = InkParts(level.ink.T, level.labels.T, level.ids, level.boxes[:, (1, 0, 3, 2)], level.areas)
    done = _without_level_rules(turned, scale)
    if done is turned:
        return level
    labels, ink = np.ascontiguousarray(done.labels.T), np.ascontiguousarray(done.ink.T)
    return InkParts(ink, labels, done.ids, done.boxes[:, (1, 0, 3, 2)], done.areas)


def _without_level_rules(parts: InkParts, scale: Scale) -> InkParts:
    found = _find_stretches(parts, scale)
    rules = _chains(found, scale)
    if not rules:
        return parts
    bare = np.zeros(len(parts), np.bool_)
    crossed: dict[int, list[Indices]] = {}
    for rule in rules:
        for member in rule:
            if found.bare[member]:
                bare[found.pieces[member]] = True
        for piece in sorted({int(p) for p in found.pieces[rule] if not bare[p]}):
            crossed.setdefault(piece, []).append(rule[found.pieces[rule] == piece])
    if not crossed:
        return parts.kept(~bare)
    return _erase(parts, bare, crossed, found)


def _find_stretches(parts: InkParts, scale: Scale) -> _Stretches:
    widths, heights = parts.widths, parts.heights
    thickness = parts.areas / widths
    flat = (thickness <= 1.6 * scale.stroke) & (heights <= 0.15 * widths + 1.5 * thickness) & (widths >= 3 * thickness)
    for piece in np.flatnonzero(flat & (widths >= STRETCH * scale.stroke)):
        flat[piece] = _is_bare(parts.shape(int(piece)))
    ends, thick, pieces, bare = [], [], [], []
    for piece in np.flatnonzero(flat):
        ends.append(_ends_of(parts.shape(int(piece)), *parts.boxes[piece, :2]))
        thick.append(float(thickness[piece]))
        pieces.append(int(piece))
        bare.append(True)
    for piece in np.flatnonzero(~flat & (widths >= WIDEST_WORD * scale.stroke)):
        for end, pen in _stretches_within(parts, int(piece), scale):
            ends.append(end)
            thick.append(pen)
            pieces.append(int(piece))
            bare.append(False)
    return _Stretches(
        np.array(ends, float).reshape(-1, 4),
        np.array(thick, float),
        np.array(pieces, np.intp),
        np.array(bare, np.bool_),
    )


def _is_bare(shape: Flags) -> bool:
    """Whether nothing is written on a flat piece: hardly a column holds more ink than the usual one."""
    amounts = shape.sum(axis=0)
    usual = float(np.median(amounts))
    return bool(np.mean(amounts > 1.6 * usual + 1) <= 0.03 and amounts.max() <= 3 * usual + 2)


def _ends_of(shape: Flags, left: float, top: float) -> tuple[float, float, float, float]:
    """Left, middle row, right, middle row of a thin stretch whose pixels are given."""
    width = shape.shape[1]
    reach = min(width, max(3, width // 8))
    # The middle ink of the middle column: writing that clings to an end may be thin too.
    at = np.cumsum(shape, axis=0)
    middles = np.argmax(2 * at >= np.maximum(at[-1], 1), axis=0)[at[-1] > 0]
    rows = [float(np.median(middles[:reach])), float(np.median(middles[-reach:]))]
    slope = (rows[1] - rows[0]) / max(width - reach, 1)
    margin = slope * reach / 2
    return left, top + rows[0] - margin + 0.5, left + width, top + rows[1] + margin + 0.5


def _stretches_within(
    parts: InkParts, piece: int, scale: Scale
) -> list[tuple[tuple[float, float, float, float], float]]:
    shape = parts.shape(piece)
    pen = _usual_run(shape, scale.stroke)
    thickest = int(1.6 * pen + 1)
    # Room around, or what lies along the window's edge would count as going on beyond it.
    margin = thickest + 2
    mask = np.pad(shape.view(np.uint8) * np.uint8(255), margin)
    thin = (mask & ~opening(mask, 1, thickest + 1))[margin:-margin, margin:-margin]
    bridged = closing(dilate(thin, 1, 3), max(3, int(2.5 * scale.stroke)) | 1, 1)
    found = connected_components(bridged)
    result = []
    for index in range(len(found)):
        left, top, right, bottom = (int(v) for v in found.boxes[index])
        if right - left < STRETCH * pen or bottom - top > 0.2 * (right - left) + 3 * pen:
            continue
        inside = (found.labels[top:bottom, left:right] == index + 1) & (thin[top:bottom, left:right] > 0)
        columns = np.flatnonzero(inside.any(axis=0))
        if len(columns) < 0.6 * (right - left):
            continue
        inside = inside[:, columns[0] : columns[-1] + 1]
        x0, y0 = parts.boxes[piece, :2]
        result.append((_ends_of(inside, x0 + left + columns[0], y0 + top), inside.sum() / len(columns)))
    return result


def _usual_run(shape: Flags, stroke: float) -> float:
    """The commonest height of ink in a column, up to a few pens: the thickness of a rule, where there is one."""
    edges = np.diff(np.pad(shape, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    starts, stops = np.nonzero(edges == 1)[1], np.nonzero(edges == -1)[1]
    runs = (stops - starts)[stops - starts <= 2.5 * stroke + 1]
    if len(runs) == 0:
        return stroke
    counts = np.bincount(runs).astype(float)
    counts[1:] += 0.5 * (np.append(counts[2:], 0) + counts[:-1])
    return float(np.argmax(counts))


def _chains(found: _Stretches, scale: Scale) -> list[Indices]:
    """Stretches that continue each other, kept where together they are long enough for a rule."""
    count = len(found.ends)
    if count == 0:
        return []
    order = np.lexsort((found.ends[:, 2], found.ends[:, 1], found.ends[:, 0]))
    rules: list[list[int]] = []
    for i in order:
        left, row, right, _ = found.ends[i]
        best, nearest = None, np.inf
        for rule in rules:
            last = found.ends[rule[-1]]
            gap = left - last[2]
            if gap < -0.5 * (right - left) or gap > 8 * scale.height:
                continue
            off = abs(row - _extrapolated(found, rule, left))
            allowed = max(found.thickness[i], found.thickness[rule[-1]], 1.0) + 0.02 * max(gap, 0)
            if off <= allowed and off + 0.1 * gap < nearest:
                best, nearest = rule, off + 0.1 * gap
        if best is None:
            rules.append([int(i)])
        else:
            best.append(int(i))
    return [np.array(rule, np.intp) for rule in rules if _is_rule(found, rule, scale)]


def _extrapolated(found: _Stretches, rule: list[int], x: float) -> float:
    """The row at which a chain would arrive at column ``x``, going on as its last few stretches did."""
    last, first = found.ends[rule[-1]], found.ends[rule[max(0, len(rule) - 6)]]
    run = last[2] - first[0]
    slope = (last[3] - first[1]) / run if run > 10 * found.thickness[rule[-1]] else 0.0
    return float(last[3] + np.clip(slope, -0.2, 0.2) * (x - last[2]))


def _is_rule(found: _Stretches, rule: list[int], scale: Scale) -> bool:
    ends = found.ends[rule]
    extent = float(ends[:, 2].max() - ends[0, 0])
    inked = float((ends[:, 2] - ends[:, 0]).sum()) / max(extent, 1.0)
    thickness = float(np.median(found.thickness[rule]))
    needed = max(LONGEST_STROKE * thickness, LONGEST_BAR * scale.height)
    if extent < needed:
        return False
    # The bars of two T side by side are level too; a rule shows somewhere that it is longer than any bar.
    if inked >= UNBROKEN and float((ends[:, 2] - ends[:, 0]).max()) >= 0.5 * needed:
        return True
    if len(rule) < FEWEST_DOTS or extent < 2 * LONGEST_BAR * scale.height or inked < DOTTED:
        return False
    gaps = ends[1:, 0] - ends[:-1, 2]
    return float(gaps.std()) <= 0.35 * float(gaps.mean())


def _erase(parts: InkParts, bare: Flags, crossed: dict[int, list[Indices]], found: _Stretches) -> InkParts:
    """Rules taken out of the pieces they run through, which fall apart into new pieces."""
    labels, ink = parts.labels.copy(), parts.ink.copy()
    next_id = int(parts.ids.max()) + 1
    ids, boxes, areas = [], [], []
    for piece, rules in crossed.items():
        window = parts.slices(piece)
        shape = parts.shape(piece)
        left, top = parts.boxes[piece, :2]
        erased = np.zeros_like(shape)
        for rule in rules:
            erased |= _rule_pixels(
                shape, found.ends[rule] - (left, top, left, top), float(np.median(found.thickness[rule]))
            )
        soft = dilate(erased.view(np.uint8), 1, 3).view(np.bool_) & (labels[window] == 0)
        ink[window][erased | soft] = 0
        left_over = connected_components((shape & ~erased).view(np.uint8))
        own = labels[window]
        own[shape] = np.where(left_over.labels > 0, left_over.labels + (next_id - 1), 0)[shape]
        ids.append(np.arange(next_id, next_id + len(left_over), dtype=np.int32))
        boxes.append(left_over.boxes + np.array((left, top, left, top)))
        areas.append(left_over.areas.astype(float))
        next_id += len(left_over)
    keep = ~bare
    keep[list(crossed)] = False
    return InkParts(
        ink,
        labels,
        np.concatenate((parts.ids[keep], *ids)),
        np.concatenate((parts.boxes[keep], *boxes)),
        np.concatenate((parts.areas[keep], *areas)),
    )


def _rule_pixels(shape: Flags, ends: Floats, thickness: float) -> Flags:
    """The pixels of one rule in a piece, save where a stroke crosses or touches it."""
    height, width = shape.shape
    xs = np.arange(width)
    knots = ends.reshape(-1, 2)[np.argsort(ends.reshape(-1, 2)[:, 0], kind="stable")]
    slope = (knots[-1, 1] - knots[0, 1]) / max(knots[-1, 0] - knots[0, 0], 1.0)
    # On past its ends the way it came: stretches too short to be found may lie between letters there.
    knots = np.concatenate(((knots[0] - (width, width * slope),), knots, (knots[-1] + (width, width * slope),)))
    middle = np.interp(xs + 0.5, knots[:, 0], knots[:, 1]) - 0.5
    middle = _settled(shape, xs, middle, thickness)
    thickest = round(max(thickness + 2, 1.35 * thickness))
    offsets = np.arange(-thickest - 1, thickest + 2)
    rows = np.rint(middle).astype(np.intp) + offsets[:, None]
    inside = (rows >= 0) & (rows < height)
    strip = shape[np.clip(rows, 0, height - 1), xs] & inside
    core = np.abs(rows - middle) <= thickness / 2 + 0.75
    run = _run_through(strip, core)
    # A stroke is wider than a stray pixel on the rule's edge.
    writing = opening((run.sum(axis=0) > thickest)[None].view(np.uint8), 2, 1).view(np.bool_)[0]
    first, last = _unbroken_reach(np.asarray(run.any(axis=0)), ends, 4 * thickness)
    taken = run & ~writing & (xs >= first) & (xs < last)
    result = np.zeros_like(shape)
    at_rows, at_columns = np.nonzero(taken)
    result[rows[at_rows, at_columns], xs[at_columns]] = True
    return result


def _unbroken_reach(inked: Flags, ends: Floats, gap: float) -> tuple[int, int]:
    """How far the ink goes on to both sides of a rule's ends without a gap."""
    first, last = int(max(ends[:, 0].min(), 0)), int(min(np.ceil(ends[:, 2].max()), len(inked)))
    columns = np.flatnonzero(inked)
    left, right = columns[columns <= first], columns[columns >= last - 1]
    breaks = np.flatnonzero(np.diff(left) > gap)
    first = int(left[breaks[-1] + 1] if len(breaks) else left[0]) if len(left) else first
    breaks = np.flatnonzero(np.diff(right) > gap)
    last = int(right[breaks[0]] if len(breaks) else right[-1]) + 1 if len(right) else last
    return first, last


def _run_through(strip: Flags, core: Flags) -> Flags:
    """In each column the unbroken ink that overlaps the core."""
    run = strip & core
    for step in (1, -1):
        order = range(1, len(strip)) if step == 1 else range(len(strip) - 2, -1, -1)
        for row in order:
            run[row] |= strip[row] & run[row - step]
    return run


def _settled(shape: Flags, xs: Indices, middle: Floats, thickness: float) -> Floats:
    """The rule's course drawn to the thin ink it follows, so that curves between the knots are kept to."""
    reach = int(np.ceil(1.5 * thickness)) + 1
    offsets = np.arange(-reach, reach + 1)
    rows = np.rint(middle).astype(np.intp) + offsets[:, None]
    inside = (rows >= 0) & (rows < shape.shape[0])
    strip = np.where(inside, shape[np.clip(rows, 0, shape.shape[0] - 1), xs], False)
    amount = strip.sum(axis=0)
    clean = (amount > 0) & (amount <= 1.5 * thickness + 1) & ~strip[0] & ~strip[-1]
    if clean.sum() < 2:
        return middle
    actual = (strip * rows).sum(axis=0)[clean] / amount[clean]
    course = np.interp(xs, xs[clean], actual)
    window = max(1, int(3 * thickness)) | 1
    padded = np.pad(course, window // 2, mode="edge")
    running = np.cumsum(np.concatenate(((0.0,), padded)))
    smooth: Floats = (running[window:] - running[:-window]) / window
    return smooth
