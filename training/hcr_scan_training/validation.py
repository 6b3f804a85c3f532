"""Sets that no weight was ever fitted to, as crops: what a model is judged by."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.augmentation import Random, captured
from hcr_scan_training.corpus import (
    CHARACTERS,
    NOT_A_CHARACTER,
    Bitmaps,
    Strokes,
    read_plain,
    read_ragged,
    read_strokes,
)
from hcr_scan_training.dataset import Shard
from hcr_scan_training.negatives import negative
from hcr_scan_training.sources import Sources
from hcr_scan_training.synthesis import Pen, Stroke, draw_strokes, smoothed

logger = logging.getLogger(__name__)

#: Height in pixels at which strokes are drawn for validation, and the ranges of ordinary pens and of markers there.
DRAWN_HEIGHT = 48
PENS, MARKERS = (2.5, 6.0), (9.5, 15.5)


def validation_sets(shared: Path, spec: CropSpec, seed: int = 0, most: int = 40_000) -> dict[str, Shard]:
    """Every validation set that is at hand, by name, exact repeats dropped."""
    folder = shared / "characters"
    random = np.random.default_rng(seed)
    sets: dict[str, Shard] = {}
    for name, file in (("digilets", "digilets_strokes.npz"), ("unipen_held_out", "unipen_strokes.npz")):
        if (folder / file).exists():
            strokes = read_strokes(folder / file)
            sets[name] = _drawn(strokes, name == "unipen_held_out", spec, random)
            if name == "digilets":
                sets["digilets_marker"] = _drawn(strokes, False, spec, np.random.default_rng([seed, 1]), MARKERS)
    for name, light in (
        ("photo36_cmu", False),
        ("choice", False),
        ("notemuscle_upper", False),
        ("mouse_upper544", True),
        ("mingyanying_upper", False),
    ):
        if (folder / f"{name}.npz.xz").exists():
            sets[name] = normalized(read_ragged(folder / f"{name}.npz.xz", light), spec, most)
    for name, images, labels in (("az_kaggle_sample", "images", "labels"), ("mnist", "X_test", "y_test")):
        if (folder / f"{name}.npz").exists():
            key = "mnist_test" if name == "mnist" else name
            sets[key] = normalized(read_plain(folder / f"{name}.npz", images, labels), spec, most)
    return sets


def normalized(bitmaps: Bitmaps, spec: CropSpec, most: int) -> Shard:
    """A set of bitmaps as crops, undistorted."""
    count = min(len(bitmaps), most)
    crops = np.stack([normalize_glyph(bitmaps.ink(index), spec) for index in range(count)])
    return crops, bitmaps.classes[:count]


def _drawn(
    strokes: Strokes, held_out_only: bool, spec: CropSpec, random: Random, pens: tuple[float, float] = PENS
) -> Shard:
    chosen = strokes.usable & strokes.held_out() if held_out_only else strokes.usable
    members = np.flatnonzero(chosen)
    crops = np.zeros((len(members), spec.size, spec.size), np.uint8)
    for row, index in enumerate(members):
        crops[row] = normalize_glyph(ordinary_ink_of(strokes, int(index), float(random.uniform(*pens))), spec)
    return crops, strokes.classes[members]


def ordinary_ink_of(strokes: Strokes, index: int, pen: float) -> Ink:
    """One of a set's characters, smoothed where its pad was coarse, with an ordinary pen; see :func:`ordinary_ink`."""
    drawn = strokes.strokes(index)
    return ordinary_ink([smoothed(stroke) for stroke in drawn] if strokes.coarse(index) else drawn, pen)


def ordinary_ink(strokes: list[Stroke], pen: float) -> Ink:
    """Strokes drawn with an ordinary pen, ``pen`` pixels wide on a height of :data:`DRAWN_HEIGHT`."""
    side = DRAWN_HEIGHT + 8
    page = np.full((side, side), 255, np.uint8)
    draw_strokes(page, strokes, BoundingBox(4, 4, side - 4, side - 4), Pen(pen, 1.0))
    return np.asarray(255 - page, np.uint8)


def drawn_negatives(sources: Sources, characters: str, spec: CropSpec, count: int, seed: int) -> Shard:
    """Crops that are no character, made from held-out sources."""
    random = np.random.default_rng([seed, 99])

    def draw() -> tuple[Ink, str]:
        character = characters[int(random.integers(len(characters)))]
        return sources.draw(CHARACTERS.index(character), random), character

    crops = np.stack([normalize_glyph(captured(negative(draw, random), random), spec) for _ in range(count)])
    return crops, np.full(count, NOT_A_CHARACTER, np.int16)
