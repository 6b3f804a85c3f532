"""Rules to write on beside the frames of a form: what stands on one is an answer rather than a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray, connected_components, dilate
from hcr_scan.segmentation.ink.rules import Rules

#: A word stands on a rule that is under this share of it, no further from its foot than these shares of its height.
COVERED, ABOVE_FOOT, BELOW_FOOT = 0.7, 0.3, 0.5
#: It is so many times as long as the word is high, as strokes of letters are not, and goes on beyond all words on it by
#: this share of their height, as underlines do not. Where letters cross it, it goes on behind so many pixels.
LONGER, BEYOND, BRIDGED = 3.0, 0.5, 9
#: So many letters at least stand before, or after, what is written on a rule, of which so many, and this share, do
#: stand on it. They reach no further over it than this share of their height.
FEWEST_PARTS, MOST_PARTS, NEAR_END = 2, 0.8, 0.3
#: A wall at a rule is at least so many pixels high, nearly all of them about as dark as the rule, and no further from
#: where that ends than so many pixels, or one of so many: fewer may be letters of the next line that reach up to it.
WALL, AS_DARK, REACHED, AT_END, WALLS = 9, 0.5, 0.85, 12, 3


class AnswerRules:
    """The level rules of a page that are no sides of frames.

    Args:
        frames: what was found on the page, frames included.
        rules: of the whole page.
        darkness: the whole page.
        leaders: dotted lines, which serve as rules.
    """

    def __init__(
        self, frames: Sequence[BoundingBox], rules: Rules, darkness: Gray, leaders: Sequence[BoundingBox] = ()
    ) -> None:
        self._level, self._upright, self._darkness = rules.horizontal.copy(), rules.vertical, darkness
        self._rails: dict[int, bool] = {}
        height, width = darkness.shape
        for leader in leaders:
            self._level[leader.top : leader.bottom, leader.left : leader.right] = 255
        for frame in frames:
            box = frame.clipped(width, height)
            self._level[box.top : box.bottom, box.left : box.right] = 0

    @cached_property
    def _bridged(self) -> Components:
        """The rules that lie, made when the first word asks: on many pages none does."""
        return connected_components(dilate(self._level, BRIDGED, 1))

    def under(self, word: BoundingBox) -> int:
        """The number of the one that a word stands on, or 0."""
        label = int(self._under_each(word, (word,))[0])
        if not label:
            return 0
        return label if self._rule(label).width >= LONGER * word.height and not self._is_rail(label) else 0

    def underlines(self, number: int, words: BoundingBox) -> bool:
        """Whether a rule goes no further to the left and right than all the words that stand on it, as of a heading."""
        rule = self._rule(number)
        beyond = max(words.left - rule.left, 0) + max(rule.right - words.right, 0)
        return beyond < BEYOND * words.height

    def ends_within(self, word: BoundingBox, parts: Sequence[BoundingBox]) -> list[int]:
        """The parts of a word with which a rule below begins or is over: there stands a label before, or after."""
        numbers = self._under_each(word, parts)
        found = []
        for number in np.unique(numbers[numbers > 0]).tolist():
            on = np.flatnonzero(numbers == number)
            first, last = int(on[0]), int(on[-1]) + 1
            rule = self._rule(number)
            if len(on) < max(FEWEST_PARTS, MOST_PARTS * (last - first)) or rule.width < LONGER * word.height:
                continue
            if self._is_rail(number):
                continue
            if first >= FEWEST_PARTS and rule.left > parts[first - 1].right - NEAR_END * word.height:
                found.append(first)
            if len(parts) - last >= FEWEST_PARTS and rule.right < parts[last].left + NEAR_END * word.height:
                found.append(last)
        return sorted(set(found))

    def _under_each(self, word: BoundingBox, parts: Sequence[BoundingBox]) -> npt.NDArray[np.intp]:
        """The number of the rule below each part of a word, long or not, or 0."""
        found = np.zeros(len(parts), np.intp)
        first, last = word.bottom - round(ABOVE_FOOT * word.height), word.bottom + round(BELOW_FOOT * word.height)
        rows, left = slice(max(first, 0), max(last, 0)), max(word.left, 0)
        if not self._level[rows, left : word.right].any():
            return found
        under = self._bridged.labels[rows, left : word.right]
        for k, part in enumerate(parts):
            columns = under[:, max(part.left - left, 0) : part.right - left]
            counts = np.bincount(columns[columns > 0])
            if len(counts):
                label = int(counts.argmax())
                found[k] = label if np.mean((columns == label).any(axis=0)) >= COVERED else 0
        return found

    def _rule(self, number: int) -> BoundingBox:
        """A rule without what bridging adds at its ends, which is nothing where the page ends."""
        box, width = self._bridged.box(number - 1), self._level.shape[1]
        left = box.left + BRIDGED // 2 if box.left > 0 else 0
        right = box.right - BRIDGED // 2 if box.right < width else width
        return replace(box, left=left, right=right)

    def _is_rail(self, number: int) -> bool:
        """Whether a rule is a side of a frame that nobody found: walls hang from it, or stand on both of its ends."""
        if number not in self._rails:
            self._rails[number] = self._has_walls(self._rule(number))
        return self._rails[number]

    def _has_walls(self, rule: BoundingBox) -> bool:
        dark = float(np.median(self._darkness[rule.top : rule.bottom, rule.left : rule.right].max(axis=0)))
        hanging = self._walls_between(rule.bottom + 1, rule.bottom + 1 + WALL, rule, dark)
        if any(_at_ends(hanging, rule)) or _count(hanging) >= WALLS:
            return True
        return all(_at_ends(self._walls_between(rule.top - 1 - WALL, rule.top - 1, rule, dark), rule))

    def _walls_between(self, top: int, bottom: int, rule: BoundingBox, dark: float) -> npt.NDArray[np.intp]:
        """The columns near a rule, which is so ``dark``, of what is a wall all the way from ``top`` to ``bottom``."""
        part = (slice(max(top, 0), max(bottom, 0)), slice(max(rule.left - AT_END, 0), rule.right + AT_END))
        if part[0].start >= min(part[0].stop, len(self._darkness)):  # at the edge of the page
            return np.zeros(0, np.intp)
        # Print close below a rule does not reach up to it, though its strokes seem to, looked for as rules.
        reached = (self._darkness[part] >= AS_DARK * dark).mean(axis=0) >= REACHED
        walls = (self._upright[part] > 0).all(axis=0) & reached
        return np.flatnonzero(walls) + part[1].start


def _at_ends(walls: npt.NDArray[np.intp], rule: BoundingBox) -> tuple[bool, bool]:
    """Whether one of the columns is at the left end of a rule, and at the right one."""
    return bool((walls < rule.left + AT_END).any()), bool((walls >= rule.right - AT_END).any())


def _count(walls: npt.NDArray[np.intp]) -> int:
    """How many walls there are, each some columns wide."""
    return int(np.count_nonzero(np.diff(walls, prepend=-2 * AT_END) > AT_END))
