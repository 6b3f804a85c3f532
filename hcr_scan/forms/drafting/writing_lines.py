"""Lines to write on: rules with free space above them that frame nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import connected_components, dilate
from hcr_scan.segmentation.ink.rules import THICKEST_RULE, Rules
from hcr_scan.segmentation.segment import StraightPage

#: Shortest line to write on, in working pixels (8 mm), and the gap that writing may tear into it.
SHORTEST, TORN = 64, 40
#: Height of the space for writing: no less, and no more even where there is more (3.5 to 9 mm).
LOWEST, HIGHEST = 28, 72
#: A rule this near the edge of a box belongs to it.
NEAR = 8
#: Parts of one line are level within this many pixels.
LEVEL = 5
#: A line is this much darker than what is below it.
FAINTEST = 8
#: Share of its columns that is dark in a line that is not dotted.
SOLID = 0.9
#: Rows looked at beside a line, and how much of them may be ink: tails below, writing above; little beside dots.
BESIDE, INK_BELOW, INK_ABOVE, INK_BESIDE_DOTS = 7, 0.12, 0.35, 0.05
#: A line under words for this share of its length underlines them.
UNDERLINED = 0.8


def find_lines_alone(page: StraightPage, places: Sequence[BoundingBox]) -> list[BoundingBox]:
    """Level rules that are no side of a box or cell, and no row of print; in working pixels.

    Args:
        page: a blank, or a filled page.
        places: boxes and cells found on it.
    """
    found = connected_components(page.rules.horizontal)
    sizes = found.boxes[:, 2:] - found.boxes[:, :2]
    thin = found.areas < THICKEST_RULE * sizes[:, 0]
    keep = thin & (sizes[:, 1] < LOWEST)
    parts = [found.box(int(index)) for index in np.flatnonzero(keep)]
    lines = _mended([part for part in parts if _on_paper(page, part)])
    return [line for line in lines if line.width >= SHORTEST and not _frames(page.rules, line, places)]


def spaces_above(
    lines: Sequence[BoundingBox], places: Sequence[BoundingBox], words: Sequence[BoundingBox]
) -> list[BoundingBox]:
    """The spaces above those of the lines that are there to be written on."""
    written_on = [line for line in lines if not _underlines(line, words)]
    spaces = [_space_above(line, lines, places, words) for line in written_on]
    return [space for space in spaces if space is not None]


def _mended(parts: list[BoundingBox]) -> list[BoundingBox]:
    """Parts of lines put together where writing tore them."""
    lines: list[BoundingBox] = []
    for part in sorted(parts, key=lambda part: part.left):
        for i, line in enumerate(lines):
            if abs(line.center[1] - part.center[1]) < LEVEL and -TORN < part.left - line.right < TORN:
                lines[i] = line.union(part)
                break
        else:
            lines.append(part)
    return lines


def _on_paper(page: StraightPage, line: BoundingBox) -> bool:
    """Whether a rule has paper on both sides, but for tails and writing on it; a row of print has not."""
    pieces = page.pieces.labels[:, line.left : line.right] > 0
    below = pieces[line.bottom + 2 : line.bottom + 2 + BESIDE]
    above = pieces[max(line.top - 2 - BESIDE, 0) : max(line.top - 2, 0)]
    darkness, noise = page.paper.darkness[:, line.left : line.right], page.paper.noise
    # Along the edge of a tint one side is as dark as the line.
    beside = np.median(darkness[line.bottom + 2 : line.bottom + 2 + BESIDE]) if below.size else 0
    if darkness[line.top : line.bottom].mean(axis=1).max() - beside < max(3 * noise, FAINTEST):
        return False
    solid = (darkness[line.top : line.bottom] > max(3 * noise, 5)).max(axis=0).mean() > SOLID
    most_below, most_above = (INK_BELOW, INK_ABOVE) if solid else (INK_BESIDE_DOTS, INK_BESIDE_DOTS)
    return bool((not below.size or below.mean() < most_below) and (not above.size or above.mean() < most_above))


def _frames(rules: Rules, line: BoundingBox, places: Sequence[BoundingBox]) -> bool:
    """Whether a rule is a side of a box or cell, or an upright rule stands on either of its ends."""
    for place in places:
        level = min(abs(line.center[1] - place.top), abs(line.center[1] - place.bottom)) < NEAR
        if level and min(line.right, place.right) - max(line.left, place.left) > 0.3 * min(line.width, place.width):
            return True
    for x in (line.left, line.right):
        post = dilate(
            rules.vertical[max(line.top - LOWEST, 0) : line.bottom + LOWEST, max(x - NEAR, 0) : x + NEAR], 3, 1
        )
        if post.size and (post > 0).any(axis=1).mean() > 0.4:
            return True
    return False


def _underlines(line: BoundingBox, words: Sequence[BoundingBox]) -> bool:
    close = [word for word in words if 0 <= line.bottom - word.bottom + 4 < LOWEST / 2 + 4]
    covered = sum(max(0, min(line.right, word.right) - max(line.left, word.left)) for word in close)
    return covered > UNDERLINED * line.width


def _space_above(
    line: BoundingBox, lines: Sequence[BoundingBox], places: Sequence[BoundingBox], words: Sequence[BoundingBox]
) -> BoundingBox | None:
    """Where one writes: as high as there is room, cut to what is right of a label that stands on the line."""
    left, right = line.left, line.right
    for word in words:
        stands_on = word.top < line.top - 2 and line.top - LOWEST / 2 < word.bottom
        if stands_on and word.left <= left + NEAR and word.right < left + 0.6 * line.width and word.right > left:
            left = word.right + 4
    top = line.top - HIGHEST
    for other, thick in (
        *((line, 2) for line in lines),
        *((place, NEAR) for place in places),
        *((w, 0) for w in words),
    ):
        shared = min(right, other.right) - max(left, other.left)
        if shared > 4 and other.bottom < line.top - 4:
            top = max(top, other.bottom + thick)
    if top < 0 or line.top - top < LOWEST or right - left < SHORTEST / 2:
        return None
    return BoundingBox(left, top, right, line.top)
