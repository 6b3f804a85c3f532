"""Labelled handwriting on disk as ink: every set read once, cleaned, deduplicated, and kept flat in memory."""

from __future__ import annotations

import hashlib
import io
import logging
import lzma
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError
from hcr_scan.images import Gray, Ink, resize
from hcr_scan.settings import NAMED_CHARSETS, PUNCTUATION

logger = logging.getLogger(__name__)

ALPHANUMERIC = NAMED_CHARSETS["upper+digits"] + NAMED_CHARSETS["lower"]
CHARACTERS = ALPHANUMERIC + PUNCTUATION
#: What the network can answer: a character, or ``""``, not a character.
LABELS = (*CHARACTERS, "")
NOT_A_CHARACTER = len(CHARACTERS)

#: Longest side kept, in pixels: three times a crop's, so that augmentation still acts on source detail.
LARGEST_SIDE = 72

#: UNIPEN contributors whose pads sampled so coarsely that strokes must be smoothed.
COARSE_CONTRIBUTORS = ("apa", "app", "ibm", "tos")

#: One writer in this many is held out; the choice hangs on the name alone, so it never changes.
HELD_OUT_SHARE = 10


#: Where each set is published, as far as it has a page of its own.
PUBLISHED = {
    "emnist_byclass": "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    "emnist_extra": "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    "nist_sd19_vowels": "https://www.nist.gov/srd/nist-special-database-19",
    "mnist": "http://yann.lecun.com/exdb/mnist/",
    "unipen_strokes": "https://doi.org/10.5281/zenodo.1195803",
    "semeion": "https://archive.ics.uci.edu/dataset/178",
    "omniglot_latin": "https://github.com/brendenlake/omniglot",
    "handwriting_fonts": "https://www.npmjs.com/org/fontsource",
    "school_fonts": "https://www.npmjs.com/org/fontsource",
    "print_fonts": "https://www.npmjs.com/org/fontsource",
}


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """Ink images of any size, concatenated. ``classes`` (n,) int16 index :data:`LABELS`."""

    name: str
    pixels: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int32]
    classes: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.classes)

    def ink(self, index: int) -> Ink:
        height, width = self.shapes[index]
        start = self.offsets[index]
        return self.pixels[start : start + height * width].reshape(height, width)


@dataclass(frozen=True, slots=True)
class Strokes:
    """Characters as pen trajectories. ``classes`` (n,) int16 index :data:`LABELS`; ``writers`` (n,) names."""

    name: str
    points: npt.NDArray[np.int16]
    stroke_offsets: npt.NDArray[np.int32]
    character_offsets: npt.NDArray[np.int32]
    classes: npt.NDArray[np.int16]
    writers: npt.NDArray[np.str_]
    usable: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.classes)

    def strokes(self, index: int) -> list[npt.NDArray[np.float32]]:
        """The pen strokes of one character, each float32 (n, 2) of x, y; y grows downward."""
        first, last = self.character_offsets[index], self.character_offsets[index + 1]
        edges = self.stroke_offsets[first : last + 1]
        return [self.points[a:b].astype(np.float32) for a, b in pairwise(edges) if b > a]

    def coarse(self, index: int) -> bool:
        """Whether the pad sampled this character so coarsely that it needs smoothing."""
        return str(self.writers[index]).startswith(COARSE_CONTRIBUTORS)

    def held_out(self) -> npt.NDArray[np.bool_]:
        """Which characters belong to writers that training must never see, (n,) bool."""
        names, inverse = np.unique(self.writers, return_inverse=True)
        return np.array([writer_is_held_out(str(name)) for name in names])[inverse]


def writer_is_held_out(name: str) -> bool:
    """Whether a writer is kept from training, by a hash of the name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0


def shared_folder(folder: str | Path | None = None) -> Path:
    """The folder with ``characters/``: the one given, else ``HCR_SCAN_SHARED``, else ``../shared``.

    Raises:
        DatasetError: there is none.
    """
    path = Path(folder or os.environ.get("HCR_SCAN_SHARED", "../shared"))
    if not (path / "characters").is_dir():
        raise DatasetError(
            f"no training data: {path / 'characters'} does not exist; set HCR_SCAN_SHARED to the folder that holds "
            "characters/ (training/README.md names where each set is published)"
        )
    return path


def classes_of(labels: Iterable[Any]) -> npt.NDArray[np.int16]:
    """Class numbers of single-character labels, int16; -1 where the model has no such class."""
    index = {character: number for number, character in enumerate(CHARACTERS)}
    return np.array([index.get(str(label), -1) for label in labels], np.int16)


def ink_of(gray: Gray, light_on_dark: bool = False) -> Ink:
    """Soft ink of a small picture of one character: paper 0, the darkest stroke 255."""
    dark = gray if light_on_dark else 255 - gray
    paper, ink = np.percentile(dark, (40, 99.5))
    if ink - paper < 8:
        return np.zeros_like(gray)
    floor = paper + 0.15 * (ink - paper)
    scaled = (dark.astype(np.float32) - floor) * (255.0 / max(float(ink - floor), 1.0))
    return np.asarray(np.clip(scaled, 0, 255), np.uint8)


def tight(ink: Ink, largest: int = LARGEST_SIDE) -> Ink:
    """The part of ``ink`` that holds strokes, shrunk to ``largest`` pixels at most."""
    strong = ink >= 64
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    if rows.size == 0:
        return ink[:0, :0]
    part = np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = largest / max(part.shape)
    if scale >= 1:
        return part
    return resize(part, max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))


def flatten(name: str, inks: Iterable[Ink], classes: npt.NDArray[np.int16]) -> Bitmaps:
    """Store ``inks`` concatenated, without empty ones, unknown classes and exact repeats."""
    kept: list[Ink] = []
    kept_classes: list[int] = []
    seen: set[tuple[tuple[int, ...], bytes, int]] = set()
    for ink, number in zip(inks, classes, strict=True):
        if number < 0 or ink.size == 0:
            continue
        key = (ink.shape, hashlib.blake2b(ink.tobytes(), digest_size=8).digest(), int(number))
        if key in seen:
            continue
        seen.add(key)
        kept.append(ink)
        kept_classes.append(int(number))
    if not kept:
        raise DatasetError(f"the set {name} holds no usable character")
    shapes = np.array([ink.shape for ink in kept], np.int32)
    sizes = shapes[:, 0].astype(np.int64) * shapes[:, 1]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    logger.info("%s: %d characters, %d repeats or empty left out", name, len(kept), len(classes) - len(kept))
    return Bitmaps(name, np.concatenate([i.ravel() for i in kept]), offsets, shapes, np.array(kept_classes, np.int16))


def repeats(glyphs: Bitmaps, others: Iterable[Bitmaps]) -> npt.NDArray[np.bool_]:
    """Which characters of a set are byte for byte in one of the ``others`` too, (n,) bool."""
    seen = {other.ink(index).tobytes() for other in others for index in range(len(other))}
    return np.array([glyphs.ink(index).tobytes() in seen for index in range(len(glyphs))], np.bool_)


def open_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an ``.npz`` or ``.npz.xz`` file.

    Raises:
        DatasetError: it is missing or damaged.
    """
    try:
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, lzma.LZMAError, KeyError) as error:
        place = PUBLISHED.get(path.name.split(".")[0])
        raise DatasetError(f"{path} cannot be read: {error}; fetch it again{f' from {place}' * bool(place)}") from error


def read_ragged(
    path: Path, light_on_dark: bool = False, border: float = 0.0, chosen: npt.NDArray[np.bool_] | None = None
) -> Bitmaps:
    """A set of pictures of any size (``pixels``, ``shapes``, ``labels``), as ink.

    ``border`` is the share of each side to blank first: pieces of box walls stand there in some sets. ``chosen`` (n,)
    are the pictures to take, all where left out.
    """
    arrays = open_npz(path)
    shapes = arrays["shapes"].astype(int)
    offsets = np.concatenate([[0], np.cumsum(shapes[:, 0] * shapes[:, 1])])
    pixels = arrays["pixels"]
    members = np.arange(len(shapes)) if chosen is None else np.flatnonzero(chosen)
    inks = (
        tight(_blanked(ink_of(pixels[offsets[i] : offsets[i + 1]].reshape(shapes[i]), light_on_dark), border))
        for i in members
    )
    return flatten(path.name.split(".")[0], inks, classes_of(arrays["labels"][members]))


def _blanked(ink: Ink, border: float) -> Ink:
    height, width = ink.shape
    across, down = int(width * border), int(height * border)
    if across or down:
        ink[:down], ink[height - down :], ink[:, :across], ink[:, width - across :] = 0, 0, 0, 0
    return ink


def read_plain(path: Path, images: str = "images", labels: str = "labels", scale: int = 1) -> Bitmaps:
    """A set of equal pictures, light on dark, as ink."""
    arrays = open_npz(path)
    chosen = arrays["case"] != "either" if "case" in arrays else np.ones(len(arrays[labels]), np.bool_)
    inks = (tight(np.minimum(image * scale, 255).astype(np.uint8)) for image in arrays[images][chosen])
    return flatten(path.stem, inks, classes_of(arrays[labels][chosen]))


def read_strokes(path: Path) -> Strokes:
    """A set of pen trajectories."""
    arrays = open_npz(path)
    classes = classes_of(arrays["labels"])
    usable = (classes >= 0) & ~arrays["suspect"]
    offsets, characters = arrays["stroke_offsets"], arrays["character_offsets"]
    return Strokes(path.stem, arrays["points"], offsets, characters, classes, arrays["writers"], usable)
