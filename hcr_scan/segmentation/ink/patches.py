"""The ink of one candidate, cut out of the page with everything else erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, Mask, connected_components, dilate, inked_box, labeled
from hcr_scan.segmentation.ink.parts import Flags, Floats, InkParts

#: What a cut leaves apart from the rest of its side, and is smaller than this share of it, belongs to the other side.
LARGEST_SLIVER = 0.25


@dataclass(frozen=True, slots=True)
class Atoms:
    """The smallest parts a chunk may be divided into, left to right.

    ``box`` (left, top, right, bottom) is that of the chunk, and ``owner`` (height, width) says which atom (from 1) a
    pixel in it belongs to, 0 for none.
    """

    owner: npt.NDArray[np.int16]
    box: tuple[int, int, int, int]
    positions: tuple[float | None, ...]

    @classmethod
    def opened(
        cls, parts: InkParts, units: list[list[int]], positions: list[float | None], reference: float, slant: float
    ) -> Atoms:
        """Atoms of units side by side, divided at upright ``positions``; ``None`` stands between two units.

        Args:
            parts: all pieces.
            units: pieces of each unit.
            positions: of the cuts, left to right.
            reference: the row at which upright and actual columns agree.
            slant: see :class:`hcr_scan.segmentation.glyphs.units.Pen`.
        """
        boxes = parts.boxes[[piece for pieces in units for piece in pieces]]
        left, top = (int(v) for v in boxes[:, :2].min(axis=0))
        right, bottom = (int(v) for v in boxes[:, 2:].max(axis=0))
        owner = np.zeros((bottom - top, right - left), np.int16)
        first, start = 1, 0
        for pieces in units:
            stop = start
            while stop < len(positions) and positions[stop] is not None:
                stop += 1
            inside = [position for position in positions[start:stop] if position is not None]
            for piece in pieces:
                x0, y0, x1, y1 = (int(v) for v in parts.boxes[piece])
                own = parts.shape(piece)
                upright = np.arange(x0, x1) + slant * (np.arange(y0, y1)[:, None] - reference)
                small = (x1 - x0) < 0.5 * (right - left) and y1 - y0 < 0.35 * (bottom - top)
                # A dot is never cut: it goes with the part below its middle.
                place = upright[own].mean() if small else upright[own]
                owner[y0 - top : y1 - top, x0 - left : x1 - left][own] = first + np.searchsorted(inside, place)
            for atom in range(first, first + len(inside) + 1):
                _give_slivers_back(owner, atom, first, first + len(inside))
            first += len(inside) + 1
            start = stop + 1
        return cls(owner, (left, top, right, bottom), tuple(positions))

    def empty_cuts(self) -> list[int]:
        """Indices of the cuts to leave out so that every atom has ink: one through white divides nothing."""
        amounts = np.bincount(self.owner.ravel(), minlength=len(self.positions) + 2)[1:]
        result: list[int] = []
        for atom in np.flatnonzero(amounts == 0).tolist():
            beside = [k for k in (atom - 1, atom) if 0 <= k < len(self.positions) and self.positions[k] is not None]
            result += [k for k in beside if k not in result][:1]
        return result

    def edges(self, left: float, right: float, units: list[tuple[float, float]]) -> Floats:
        """Upright left and right of each atom ``(n, 2)``."""
        result, current, unit = [], left, 0
        for position in self.positions:
            if position is None:
                result.append((current, units[unit][1]))
                unit += 1
                current = units[unit][0]
            else:
                result.append((current, position))
                current = position
        result.append((current, right))
        return np.array(result, float)


def _give_slivers_back(owner: npt.NDArray[np.int16], atom: int, first: int, last: int) -> None:
    """Bits of a letter that a straight cut left on the wrong side go back across it.

    ``first`` and ``last`` are the atoms of the same unit; ``owner`` is changed.
    """
    if first == last:
        return
    # A chunk may be as wide as a page and have many atoms: no more of it is looked at than the columns of this one.
    left, _, right, _ = inked_box((owner == atom).view(np.uint8))
    window = owner[:, max(left - 1, 0) : right + 1]
    own: Mask = (window == atom).view(np.uint8)
    if labeled(own)[0] <= 2:  # paper, and one piece at the most
        return
    found = connected_components(own)
    slivers = np.flatnonzero(found.areas < LARGEST_SLIVER * found.areas.max())
    for index in slivers:
        x0, y0, x1, y1 = (int(v) for v in found.boxes[index])
        around = slice(max(y0 - 1, 0), y1 + 1), slice(max(x0 - 1, 0), x1 + 1)
        piece = found.labels[around] == index + 1
        touching = window[around][dilate(piece.view(np.uint8), 3, 3).view(np.bool_)]
        contacts = [(int(np.count_nonzero(touching == k)), k) for k in (atom - 1, atom + 1) if first <= k <= last]
        contact, neighbor = max(contacts, default=(0, 0))
        if contact:
            window[around][piece] = neighbor


def candidate_patches(
    parts: InkParts, atoms: Atoms, spans: list[tuple[int, int]], stroke: float
) -> list[tuple[BoundingBox, Ink]]:
    """Tight box and soft ink of each span of atoms."""
    left, top, right, bottom = atoms.box
    labels = parts.labels[top:bottom, left:right]
    ink = parts.ink[top:bottom, left:right]
    boxes = [inked_box((atoms.owner == atom).view(np.uint8)) for atom in range(1, len(atoms.positions) + 2)]
    result = []
    for start, end in spans:
        lefts, tops, rights, bottoms = zip(*boxes[start:end], strict=True)
        x0, y0, x1, y1 = min(lefts), min(tops), max(rights), max(bottoms)
        inside = slice(y0, y1), slice(x0, x1)
        owner = atoms.owner[inside]
        patch = _erased(ink[inside], (owner > start) & (owner <= end), labels[inside], stroke)
        result.append((BoundingBox(left + x0, top + y0, left + x1, top + y1), patch))
    return result


def whole_patch(parts: InkParts, pieces: Sequence[int], stroke: float) -> tuple[BoundingBox, Ink]:
    """Tight box and soft ink of pieces that are one glyph."""
    lefts, tops, rights, bottoms = zip(*(parts.boxes[piece].tolist() for piece in pieces), strict=True)
    left, top, right, bottom = int(min(lefts)), int(min(tops)), int(max(rights)), int(max(bottoms))
    margin = _fringe(stroke)
    rows, columns = slice(max(top - margin, 0), bottom + margin), slice(max(left - margin, 0), right + margin)
    labels, ink = parts.labels[rows, columns], parts.ink[rows, columns]
    box = BoundingBox(left, top, right, bottom)
    if np.count_nonzero(labels) == sum(parts.areas[piece] for piece in pieces):
        return box, ink.copy()
    own = labels == parts.ids[pieces[0]]
    for piece in pieces[1:]:
        own |= labels == parts.ids[piece]
    return box, _erased(ink, own, labels, stroke)


def _erased(ink: Ink, own: Flags, labels: npt.NDArray[np.int32], stroke: float) -> Ink:
    """The ink of ``own`` and its soft edge; the rest is paper."""
    reach = 2 * _fringe(stroke) + 1
    near = dilate(own.view(np.uint8), reach, reach).view(np.bool_)
    patch: Ink = ink * (own | (near & (labels == 0)))
    return patch


def _fringe(stroke: float) -> int:
    """How far, in pixels, soft edges reach beyond a piece."""
    return max(1, round(0.1 * stroke))
