"""Every source of glyphs that a recipe names, behind one question: draw me this character."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError
from hcr_scan.images import Ink, draw_line
from hcr_scan.settings import PUNCTUATION
from hcr_scan_training.augmentation import Random, drawn_strokes, warped_bitmap
from hcr_scan_training.corpus import (
    CHARACTERS,
    LABELS,
    Bitmaps,
    Strokes,
    read_plain,
    read_ragged,
    read_strokes,
    repeats,
)
from hcr_scan_training.fonts import fetch_fonts
from hcr_scan_training.glyph_fonts import font_bitmaps
from hcr_scan_training.marks import RELATIVE_SIZE, drawn_mark
from hcr_scan_training.recipe import Data
from hcr_scan_training.shapes import SHAPES, drawn_shape
from hcr_scan_training.synthesis import smoothed

logger = logging.getLogger(__name__)

_FONTS = ("handwriting_fonts", "school_fonts", "print_fonts")

#: What school fonts do not teach: most of their I are the hooked stroke that is a J in every other hand.
_NOT_FROM_SCHOOL = "I"

#: Share of punctuation that is drawn with a pen; the rest comes from fonts, which know no hurry.
DRAWN_MARKS = 0.65

_READERS: dict[str, Callable[[Path], Bitmaps | Strokes]] = {
    "emnist_byclass": lambda folder: read_plain(folder / "emnist_byclass.npz"),
    "emnist_extra": lambda folder: read_plain(folder / "emnist_extra.npz"),
    "mnist": lambda folder: read_plain(folder / "mnist.npz", "X_train", "y_train"),
    "semeion": lambda folder: read_plain(folder / "semeion.npz", "X", "y", 255),
    "sse_letters": lambda folder: read_ragged(folder / "sse_letters.npz.xz", light_on_dark=True),
    "nist_sd19_vowels": lambda folder: read_ragged(folder / "nist_sd19_vowels.npz.xz"),
    "omniglot_latin": lambda folder: read_ragged(folder / "omniglot_latin.npz.xz"),
    "kocr_fax_digits": lambda folder: read_ragged(folder / "kocr_fax_digits.npz.xz", border=0.06),
    "nsysu_digits": lambda folder: read_ragged(folder / "nsysu_digits.npz.xz"),
    "unipen_strokes": lambda folder: read_strokes(folder / "unipen_strokes.npz"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A set, its weight, and where each class's characters stand in it."""

    glyphs: Bitmaps | Strokes
    weight: float
    members: tuple[npt.NDArray[np.intp], ...]

    def draw(self, number: int, random: Random, strength: float = 1.0) -> Ink:
        """One character of class ``number``, distorted, with a margin around it."""
        members = self.members[number]
        index = int(members[random.integers(len(members))])
        if isinstance(self.glyphs, Bitmaps):
            relative = RELATIVE_SIZE.get(CHARACTERS[number], 1.0)
            return warped_bitmap(self.glyphs.ink(index), random, strength, relative=relative)
        strokes = self.glyphs.strokes(index)
        if self.glyphs.coarse(index) or random.random() < 0.3:
            strokes = [smoothed(stroke) for stroke in strokes]
        return drawn_strokes(strokes, random, strength)


class Sources:
    """All sources; weights decide which of them draws a character, ``distortion`` how far it is bent."""

    def __init__(self, sources: list[Source], shapes: float = 0.0, distortion: float = 1.0) -> None:
        self.sources = tuple(sources)
        self._shapes = shapes
        self._distortion = distortion
        weights = np.array([[s.weight * (len(m) > 0) for m in s.members] for s in sources])
        totals = weights.sum(axis=0)
        missing = "".join(CHARACTERS[i] for i in np.flatnonzero(totals == 0) if CHARACTERS[i] not in PUNCTUATION)
        if missing:
            raise DatasetError(f"no source has the characters {missing}")
        self._found = totals > 0
        # A small set must not be shown over and over: its weight fades with how few samples of a class it has.
        sizes = np.array([[len(m) for m in s.members] for s in sources])
        weights = weights * np.minimum(1.0, np.sqrt(sizes / 300.0))
        self._shares = np.cumsum(weights / np.maximum(weights.sum(axis=0), 1e-9), axis=0)

    def draw(self, number: int, random: Random) -> Ink:
        """One character of class ``number`` from some source."""
        character = CHARACTERS[number]
        if character in PUNCTUATION and (not self._found[number] or random.random() < DRAWN_MARKS):
            return drawn_mark(character, random)
        if character in SHAPES and random.random() < self._shapes:
            return drawn_shape(character, random, self._distortion)
        which = int(np.searchsorted(self._shares[:, number], random.random()))
        ink = self.sources[min(which, len(self.sources) - 1)].draw(number, random, self._distortion)
        if character in "07Z" and random.random() < 0.05:
            _cross(ink, character, random)
        return ink


def _cross(ink: Ink, character: str, random: Random) -> None:
    """The bar of a European 7 or Z, the slash of a 0."""
    rows, columns = np.flatnonzero(ink.max(axis=1) >= 64), np.flatnonzero(ink.max(axis=0) >= 64)
    if not rows.size:
        return
    top, height, left, width = rows[0], rows[-1] - rows[0], columns[0], columns[-1] - columns[0]
    x = left + width * np.array([0.12, 0.88]) + random.normal(0, 0.06 * width, 2)
    y = top + height * (np.array([0.9, 0.1]) if character == "0" else np.array([0.52, 0.48]))
    y = y + random.normal(0, 0.05 * height, 2)
    draw_line(ink, np.stack([x, y], axis=1), max(1, round(max(height, width) * random.uniform(0.05, 0.1))))


def open_sources(data: Data, shared: Path, fonts: Path, held_out: bool = False) -> Sources:
    """Every source of a recipe, read.

    Args:
        data: Which sets and fonts, with what weights.
        shared: The folder that holds ``characters/``.
        fonts: Cache of font files.
        held_out: Take the held-out writers of the stroke sets instead of the others.

    Raises:
        DatasetError: a set is unknown or unreadable.
    """
    sources: list[Source] = []
    for name, weight in data.sets.items():
        if name in (*_FONTS, "shapes"):
            continue
        if name not in _READERS:
            raise DatasetError(f"unknown data set {name!r}; known are {', '.join(sorted(_READERS))}, and fonts")
        glyphs = _READERS[name](shared / "characters")
        known = [source.glyphs for source in sources if isinstance(source.glyphs, Bitmaps)]
        new = ~repeats(glyphs, known) if name == "emnist_extra" and isinstance(glyphs, Bitmaps) else None
        sources.append(source_of(glyphs, weight, held_out, new))
    for name in _FONTS:
        families = getattr(data, name)
        if data.sets.get(name, 0) > 0 and families:
            files = fetch_fonts(list(families), fonts)
            chosen = [file for paths in files.values() for file in paths]
            if name != "print_fonts":
                chosen = [file for file in chosen if "-400-normal" in file.name]
            characters = CHARACTERS.replace(_NOT_FROM_SCHOOL, "") if name == "school_fonts" else CHARACTERS
            sources.append(source_of(font_bitmaps(name, chosen, characters), data.sets[name], held_out))
    return Sources(sources, data.sets.get("shapes", 0.0), data.distortion)


def source_of(
    glyphs: Bitmaps | Strokes, weight: float, held_out: bool = False, chosen: npt.NDArray[np.bool_] | None = None
) -> Source:
    """A set as a source: its characters, or those ``chosen`` (n,); of strokes the usable ones of training's writers.

    ``held_out`` takes the held-out writers of strokes instead.
    """
    chosen = np.ones(len(glyphs), np.bool_) if chosen is None else chosen
    if isinstance(glyphs, Strokes):
        chosen = glyphs.usable & (glyphs.held_out() == held_out)
    members = tuple(np.flatnonzero(chosen & (glyphs.classes == number)) for number in range(len(LABELS) - 1))
    return Source(glyphs, weight, members)
