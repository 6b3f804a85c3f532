"""Rules to write on beside the frames of a form: what stands on one is an answer rather than a label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray, connected_components, dilate
from hcr_scan.segmentation.ink.rules import Rules

#: A word stands on a rule that is under this share of it, no further from its foot than these shares of its height.
COVERED, ABOVE_FOOT, BELOW_FOOT = 0.7, 0.3, 0.5
#: It is so many times as long as the word is high, and longer than the word by this share of its height: underlines
#: are not, nor are strokes of letters. Where letters cross it, it goes on behind so many pixels.
LONGER, BEYOND, BRIDGED = 3.0, 1.0, 9
#: A wall at a rule is at least so many pixels high, about as dark as the rule, and no further than so many pixels from
#: where that ends, or one of so many: fewer may be letters of the next line that reach up to it.
WALL, AS_DARK, AT_END, WALLS = 9, 0.5, 12, 3


class AnswerRules:
    """The level rules of a page that are no sides of frames.

    Args:
        frames: what was found on the page, frames included.
        rules: of the whole page.
        darkness: the whole page.
    """

    def __init__(self, frames: Sequence[BoundingBox], rules: Rules, darkness: Gray) -> None:
        self._level, self._upright, self._darkness = rules.horizontal.copy(), rules.vertical, darkness
        height, width = darkness.shape
        for frame in frames:
            box = frame.clipped(width, height)
            self._level[box.top : box.bottom, box.left : box.right] = 0

    @cached_property
    def _bridged(self) -> Components:
        """The rules that lie, made when the first word asks: on many pages none does."""
        return connected_components(dilate(self._level, BRIDGED, 1))

    def carry(self, word: BoundingBox) -> bool:
        """Whether a word stands on one of them."""
        first, last = word.bottom - round(ABOVE_FOOT * word.height), word.bottom + round(BELOW_FOOT * word.height)
        foot = (slice(max(first, 0), max(last, 0)), slice(max(word.left, 0), word.right))
        if not self._level[foot].any():
            return False
        under = self._bridged.labels[foot]
        label = int(np.bincount(under[under > 0]).argmax())
        rule = self._bridged.box(label - 1)
        long = rule.width >= max(LONGER * word.height, word.width + BEYOND * word.height)
        covered = np.mean((under == label).any(axis=0)) >= COVERED
        return bool(long and covered and not self._is_rail(rule))

    def _is_rail(self, rule: BoundingBox) -> bool:
        """Whether a rule is a side of a frame that nobody found: walls hang from it, or stand on both of its ends."""
        dark = float(np.median(self._darkness[rule.top : rule.bottom, rule.left : rule.right].max(axis=0)))
        hanging = self._walls_between(rule.bottom + 1, rule.bottom + 1 + WALL, rule, dark)
        if any(_at_ends(hanging, rule)) or _count(hanging) >= WALLS:
            return True
        return all(_at_ends(self._walls_between(rule.top - 1 - WALL, rule.top - 1, rule, dark), rule))

    def _walls_between(self, top: int, bottom: int, rule: BoundingBox, dark: float) -> npt.NDArray[np.intp]:
        """The columns near a rule, which is so ``dark``, of what is a wall all the way from ``top`` to ``bottom``."""
        part = (slice(max(top, 0), max(bottom, 0)), slice(max(rule.left - AT_END, 0), rule.right + AT_END))
        walls = (self._upright[part] > 0).all(axis=0) & (self._darkness[part].mean(axis=0) >= AS_DARK * dark)
        return np.flatnonzero(walls) + part[1].start


def _at_ends(walls: npt.NDArray[np.intp], rule: BoundingBox) -> tuple[bool, bool]:
    """Whether one of the columns is at the left end of a rule, and at the right one."""
    return bool((walls < rule.left + AT_END).any()), bool((walls >= rule.right - AT_END).any())


def _count(walls: npt.NDArray[np.intp]) -> int:
    """How many walls there are, each some columns wide."""
    return int(np.count_nonzero(np.diff(walls, prepend=-2 * AT_END) > AT_END))
