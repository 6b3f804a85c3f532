"""Ink drawn from pen strokes: characters for training, and whole pages in the hand of one writer.

A :class:`Writer` holds one person's UNIPEN characters and writes text into cells or on a baseline of a grey page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray, Ink, draw_line, resize
from hcr_scan_training.corpus import ALPHANUMERIC, CHARACTERS, Strokes
from hcr_scan_training.written_marks import FORMS, Marks

#: One pen stroke: float32 (n, 2) of x, y; y grows downward.
Stroke = npt.NDArray[np.float32]

#: Strokes are drawn this many times too large on pages, then shrunk: pens of any width, soft edges.
SUPERSAMPLING = 4

#: Where small letters stand, as shares of the height of a capital: top and bottom, the baseline being 1.
_TALL, _SMALL, _HANGING = (0.0, 1.0), (0.38, 1.0), (0.38, 1.4)
_FLAT = "EFHIKLMNTXZ"
_LINES = dict.fromkeys("bdfhklti", _TALL) | dict.fromkeys("gpqy", _HANGING) | {"j": (0.08, 1.4)}


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes: ``width`` in pixels of the page, ``darkness`` from 0 to 1 (a pencil is about 0.5)."""

    width: float = 3.0
    darkness: float = 0.85


@dataclass(slots=True)
class Writer:
    """One person's hand: every stroke of it that the set holds, by character.

    ``seed`` decides which of a character's samples is drawn when, so the same writer writes the same page twice.
    Punctuation, which the sets lack, is drawn in forms that the seed and the name choose. ``natural`` writers keep the
    proportions of their samples, so that letters are as uneven as they wrote them; others write evenly.
    """

    name: str
    samples: dict[str, list[list[Stroke]]]
    seed: int = 0
    natural: bool = False
    _random: np.random.Generator = field(init=False, repr=False)
    _marks: Marks = field(init=False, repr=False)
    _capital: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._marks = Marks.of(np.random.default_rng([self.seed, *self.name.encode()]))
        heights = [bounds(strokes)[1][1] for c, drawn in self.samples.items() if c in _FLAT for strokes in drawn]
        self._capital = float(np.median(heights)) if heights else 0.0

    @property
    def characters(self) -> str:
        """What this writer can write, punctuation aside."""
        return "".join(sorted(self.samples))

    def draw(self, page: Gray, character: str, box: BoundingBox, pen: Pen) -> BoundingBox:
        """Write one character into ``box`` of ``page`` (changed in place), keeping its shape; returns the ink's box.

        Raises:
            KeyError: the writer has no sample of it.
        """
        samples = self.samples[character]
        strokes = samples[int(self._random.integers(len(samples)))]
        return draw_strokes(page, strokes, box, pen)

    def write(self, page: Gray, text: str, left: float, baseline: float, height: float, pen: Pen) -> list[BoundingBox]:
        """Write ``text`` on a baseline of ``page`` (changed in place), capitals ``height`` pixels high.

        Returns the ink's box of each character but spaces. Characters do not touch.
        """
        boxes: list[BoundingBox] = []
        for character in text:
            if character == " ":
                left += height * self._random.uniform(0.5, 0.7)
                continue
            if character in FORMS and character not in self.samples:
                drawn = self._draw_mark(page, character, (left, baseline), height, pen)
            else:
                drawn = self._draw_on_line(page, character, (left, baseline), height, pen)
            boxes.append(drawn)
            left = drawn.right + pen.width + height * self._random.uniform(0.1, 0.22)
        return boxes

    def write_in_cell(self, page: Gray, character: str, cell: BoundingBox, pen: Pen) -> BoundingBox:
        """Write one character into a cell of a comb, as large and as high as this hand does; returns the ink's box."""
        height = cell.height * self._random.uniform(0.58, 0.72)
        baseline = cell.bottom - cell.height * self._random.uniform(0.12, 0.24)
        blank = np.full_like(page, 255)
        (drawn,) = self.write(blank, character, cell.left, baseline, height, pen)
        room = max((cell.width - drawn.width) / 2, 0)
        shift = round(room + self._random.normal(0, 0.08 * cell.width)) if room else 0
        inked = drawn.grown(2).clipped(page.shape[1] - 1, page.shape[0])
        moved = inked.shifted(shift, 0).clipped(page.shape[1], page.shape[0])
        ink = blank[inked.top : inked.bottom, inked.left : inked.left + moved.width]
        part = page[moved.top : moved.bottom, moved.left : moved.right]
        np.minimum(part, ink, out=part)
        return drawn.shifted(shift, 0)

    def _draw_on_line(
        self, page: Gray, character: str, at: tuple[float, float], height: float, pen: Pen
    ) -> BoundingBox:
        wobble = self._random.normal(0, 0.03, 2)
        samples = self.samples[character]
        strokes = samples[int(self._random.integers(len(samples)))]
        top, bottom = _LINES.get(character, _SMALL if character.islower() else _TALL)
        if self.natural and self._capital:
            # Bottoms keep to the line; what hangs below it takes its share of the height.
            own = float(np.clip(bounds(strokes)[1][1] / self._capital, 0.6 * (bottom - top), 1.6 * (bottom - top)))
            bottom = 1.0 + (bottom - 1.0) / (bottom - top) * own
            top = bottom - own
        upper, lower = at[1] - height * (1 - top + wobble[0]), at[1] - height * (1 - bottom + wobble[1])
        left = round(at[0])
        wide = BoundingBox(left, round(upper), round(at[0] + 1.3 * height), max(round(lower), round(upper) + 2))
        _, extent = bounds(strokes)
        scale = min((wide.height - pen.width) / max(extent[1], 1e-3), (wide.width - pen.width) / max(extent[0], 1e-3))
        width = max(round(extent[0] * scale + pen.width + 1), 1)
        return draw_strokes(page, strokes, BoundingBox(left, wide.top, left + width, wide.bottom), pen)

    def _draw_mark(self, page: Gray, mark: str, at: tuple[float, float], height: float, pen: Pen) -> BoundingBox:
        strokes = [stroke * height + np.array(at, np.float32) for stroke in self._marks.strokes(mark, self._random)]
        corner, extent = bounds(strokes)
        x, y = float(at[0]), float(corner[1]) - pen.width / 2
        box = BoundingBox(
            round(x), round(y), round(x + extent[0] + pen.width) + 1, round(y + extent[1] + pen.width) + 1
        )
        return draw_strokes(page, strokes, box, pen)


def load_writers(strokes: Strokes, needed: str = ALPHANUMERIC, seed: int = 0) -> list[Writer]:
    """Writers who have a sample of every character of ``needed``, in the order of their names.

    Raises:
        DatasetError: nobody has.
    """
    wanted = {CHARACTERS.index(character) for character in needed}
    order = np.argsort(strokes.writers, kind="stable")
    names, starts = np.unique(strokes.writers[order], return_index=True)
    writers = []
    for name, members in zip(names, np.split(order, starts[1:]), strict=True):
        members = members[strokes.usable[members]]
        if wanted <= {int(number) for number in strokes.classes[members]}:
            writers.append(Writer(str(name), _samples(strokes, members), seed))
    if not writers:
        raise DatasetError(f"no writer of {strokes.name} wrote all of {needed!r}")
    return writers


def _samples(strokes: Strokes, members: npt.NDArray[np.intp]) -> dict[str, list[list[Stroke]]]:
    samples: dict[str, list[list[Stroke]]] = {}
    for index in members:
        drawn = strokes.strokes(int(index))
        if strokes.coarse(int(index)):
            drawn = [smoothed(stroke) for stroke in drawn]
        samples.setdefault(CHARACTERS[int(strokes.classes[index])], []).append(drawn)
    return samples


def bounds(strokes: Sequence[Stroke]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The upper left corner of all points, and their extent; both (x, y)."""
    points = np.concatenate(strokes)
    corner = points.min(axis=0)
    return corner, points.max(axis=0) - corner


def smoothed(stroke: Stroke, rounds: int = 2) -> Stroke:
    """A stroke with its corners cut (Chaikin), which undoes coarse sampling; its ends stay."""
    for _ in range(rounds if len(stroke) > 2 else 0):
        quarters = np.empty((2 * len(stroke), 2), np.float32)
        quarters[0], quarters[-1] = stroke[0], stroke[-1]
        quarters[1:-1:2] = 0.75 * stroke[:-1] + 0.25 * stroke[1:]
        quarters[2:-1:2] = 0.25 * stroke[:-1] + 0.75 * stroke[1:]
        stroke = quarters
    return stroke


def draw_strokes(page: Gray, strokes: Sequence[Stroke], box: BoundingBox, pen: Pen) -> BoundingBox:
    """Draw ``strokes``, fitted to ``box`` and centred there, onto ``page`` itself; returns the ink's box."""
    corner, extent = bounds(strokes)
    room = np.array([max(box.width - pen.width, 1), max(box.height - pen.width, 1)], np.float32)
    scale = float(np.min(room / np.maximum(extent, 1e-3)))
    offset = np.array([box.left, box.top], np.float32) + (np.array([box.width, box.height]) - extent * scale) / 2
    margin = int(pen.width) + 2
    area = box.grown(margin).clipped(page.shape[1], page.shape[0])
    if area.width == 0 or area.height == 0:
        return area
    canvas = np.zeros((area.height * SUPERSAMPLING, area.width * SUPERSAMPLING), np.uint8)
    thickness = max(1, round(pen.width * SUPERSAMPLING))
    for stroke in strokes:
        points = (stroke - corner) * scale + offset - (area.left, area.top)
        draw_line(canvas, points * SUPERSAMPLING, thickness, smooth=False)
    ink = resize(canvas, area.width, area.height)
    part = page[area.top : area.bottom, area.left : area.right]
    part[:] = np.rint(part * (1 - ink * np.float32(pen.darkness / 255))).astype(np.uint8)
    return _ink_box(ink, area)


def _ink_box(ink: Ink, area: BoundingBox) -> BoundingBox:
    rows, columns = np.flatnonzero(ink.max(axis=1) >= 64), np.flatnonzero(ink.max(axis=0) >= 64)
    if not rows.size:
        return area
    corner = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return BoundingBox(corner[0], corner[1], corner[2], corner[3]).shifted(area.left, area.top)
