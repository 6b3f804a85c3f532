"""Labelled handwriting of any format as ink: folders of pictures, CSV, zip, npz, ragged npz.xz, pen strokes."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.document import PageFailure
from hcr_scan.errors import DatasetError
from hcr_scan.images import Gray, Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.run_report import counted
from hcr_scan.segmentation.single import single_glyph
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import SUFFIXES, count_pages, failure_text, load_page
from hcr_scan_training.corpus import ink_of, open_npz, read_strokes, tight
from hcr_scan_training.tables import Rows, characters_of, read_rows
from hcr_scan_training.validation import PENS, ordinary_ink_of

logger = logging.getLogger(__name__)

#: A border darker than this (median) means light writing on a dark ground, as in MNIST.
DARK_GROUND = 110

#: Folders of what is no character.
NO_CHARACTER = ("none", "not-a-character")

_CASES: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "capital": str.upper,
    "lower": str.lower,
    "small": str.lower,
    "digit": str,
}
_CASE_FIRST = re.compile(rf"^({'|'.join(_CASES)})[-_ ](.)$", re.IGNORECASE)
_CASE_LAST = re.compile(rf"^(.)[-_ ]({'|'.join(_CASES)})$", re.IGNORECASE)
#: What follows the label in the names of pictures that are in no folder of their own: ``A_01.png``.
_NUMBERED = re.compile(r"[-_ ]\d+$")


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Labelled characters as ink (paper 0).

    ``labels`` (n,) are one character each, or ``""`` for what is none; ``writers`` (n,) are names, ``""`` where
    unknown; ``left_out`` says how many pictures were not taken, by reason.
    """

    name: str
    inks: Sequence[Ink]
    labels: npt.NDArray[np.str_]
    writers: npt.NDArray[np.str_]
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def characters(self) -> int:
        """How many there are without what is none."""
        return int((self.labels != "").sum())

    def chosen(self, rows: npt.NDArray[np.intp]) -> Glyphs:
        """Some of them."""
        inks = [self.inks[row] for row in rows]
        return Glyphs(self.name, inks, self.labels[rows], self.writers[rows], self.left_out)

    def crops(self, spec: CropSpec) -> npt.NDArray[np.uint8]:
        """Every character as scanning would hand it to the model, uint8 (n, size, size)."""
        crops = np.zeros((len(self), spec.size, spec.size), np.uint8)
        for crop, ink in zip(crops, self.inks, strict=True):
            crop[:] = normalize_glyph(ink, spec)
        return crops


def read_glyphs(path: Path, numbering: str | None = None, held_out_only: bool = False, seed: int = 0) -> Glyphs:
    """The labelled characters of a folder or file.

    Args:
        path: a folder with a folder for each label, or with pictures named after theirs; a CSV file, a zip that holds
            one; an npz of equal pictures, of ragged ones (``pixels``, ``shapes``, ``labels``; also ``.npz.xz``), or of
            pen strokes.
        numbering: what numeric labels of files mean; see :func:`hcr_scan_training.tables.read_rows`.
        held_out_only: of pen strokes, only the writers that training leaves out.
        seed: what the widths of pens are drawn from, where there are strokes.

    Raises:
        DatasetError: there is nothing to read there, or it is damaged.
    """
    if path.is_dir():
        table = _only_table(path)
        if table is None:
            return _read_folder(path)
        path = table
    if path.suffix in (".npz", ".xz") and path.is_file():
        arrays = open_npz(path)
        if "character_offsets" in arrays:
            return _read_strokes(path, held_out_only, seed)
        if "shapes" in arrays and "pixels" in arrays:
            return _read_ragged(path, arrays, numbering)
    rows = read_rows(path, numbering, "test")
    images = rows.images if _is_light_on_dark(rows.images) else 255 - rows.images
    return _without_blank(path.name, [tight(image) for image in images], rows.labels)


def folder_rows(folder: Path, spec: CropSpec) -> Rows:
    """A folder of labelled pictures as rows: those of the crop's size as they are, others found, fitted and centered.

    Raises:
        DatasetError: nothing in it can be read.
    """
    pictures = _pictures(folder)
    images, labels = [], []
    for picture in tqdm(pictures, desc="pictures", disable=None):
        gray = _gray(picture.path)
        if gray is None or picture.label is None:
            continue
        if gray.shape == (spec.size, spec.size):
            images.append(gray if _is_light_on_dark([gray]) else 255 - gray)
        else:
            found = single_glyph(gray)
            if found is None:
                continue
            images.append(normalize_glyph(found[0], spec))
        labels.append(picture.label)
    if not images:
        raise DatasetError(f"{folder}: none of its {len(pictures)} pictures holds a character that can be read")
    return Rows(np.stack(images), np.array(labels, np.str_), header=True)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture; ``label`` is ``None`` where its name, which should say it, does not."""

    path: Path
    label: str | None
    writer: str = ""


def label_of(name: str) -> str | None:
    """The character that a folder is named after, or ``None``.

    ``A``; ``a_lower`` or ``upper-A`` where the file system does not tell ``a`` from ``A``; ``U+002F`` for what cannot
    be a name; ``41``, two hexadecimal digits, as NIST names them; ``none`` for what is no character (``""``).
    """
    if len(name) == 1:
        return name
    if name.lower() in NO_CHARACTER:
        return ""
    if found := _CASE_FIRST.match(name):
        return _CASES[found[1].lower()](found[2])
    if found := _CASE_LAST.match(name):
        return _CASES[found[2].lower()](found[1])
    if re.fullmatch(r"U\+[0-9A-Fa-f]{4,5}|[2-7][0-9A-Fa-f]", name):
        character = chr(int(name.removeprefix("U+"), 16))
        return character if character.isprintable() and not character.isspace() else None
    return None


def _only_table(folder: Path) -> Path | None:
    """The one CSV file, zip or npz of a folder that has no labelled pictures, as downloads come."""
    if any(entry.is_dir() and label_of(entry.name) is not None for entry in folder.iterdir()):
        return None
    tables = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".csv", ".zip", ".npz") and p.is_file())
    return tables[0] if len(tables) == 1 else None


def _pictures(folder: Path) -> list[_Picture]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    folders = [entry for entry in entries if entry.is_dir()]
    if len(folders) == 1 and len(entries) == 1 and label_of(folders[0].name) is None:
        return _pictures(folders[0])
    wrong = [entry.name for entry in folders if label_of(entry.name) is None]
    if wrong:
        raise DatasetError(
            f"{folder} has the folder {wrong[0]!r}, which is no label; name a folder after the character in it: A, "
            "a_lower, U+002F, or none for what is no character"
        )
    found = [
        _Picture(path, label_of(entry.name) or "", path.parent.name if path.parent != entry else "")
        for entry in folders
        for path in sorted(entry.rglob("*"))
        if path.suffix.lower() in SUFFIXES
    ]
    loose = [entry for entry in entries if entry.is_file() and entry.suffix.lower() in SUFFIXES]
    if loose and not found:
        _refuse_single_label(folder, loose)
    found += [_Picture(picture, label_of(_NUMBERED.split(picture.stem)[0])) for picture in loose]
    nameless = [picture for picture in found if picture.label is None]
    if len(nameless) == len(found):
        raise DatasetError(
            f"{folder} holds no labelled pictures; put them into a folder for each label, such as A/1.png"
        )
    if nameless:
        count = counted(len(nameless), "picture")
        logger.warning("left out: %s whose name says no label, such as %s", count, nameless[0].path)
    return found


def _refuse_single_label(folder: Path, pictures: Sequence[Path]) -> None:
    """Refuse the folder of one label, whose pictures 1.png to 9.png would be taken for the digits."""
    folder = folder.resolve()
    if label_of(folder.name) is not None and all(picture.stem.isdecimal() for picture in pictures):
        raise DatasetError(
            f"{folder} is named after a label and its pictures are numbered; give the folder that it lies in, "
            f"{folder.parent}"
        )


def _gray(path: Path) -> Gray | None:
    """The grey pixels of a picture's first page, or ``None`` where it cannot be read, which is said."""
    settings = SourceSettings(pages="1")
    pages = count_pages(str(path), settings)
    image = pages if isinstance(pages, PageFailure) else load_page(pages[0], settings)
    if isinstance(image, PageFailure):
        logger.warning("left out: %s", failure_text(image))
        return None
    return image.pixels


def _read_folder(folder: Path) -> Glyphs:
    inks, labels, writers = [], [], []
    left_out: Counter[str] = Counter()
    for picture in tqdm(_pictures(folder), desc="pictures", disable=None):
        if picture.label is None:
            left_out["without a label in the name"] += 1
            continue
        gray = _gray(picture.path)
        ink = None if gray is None else _ink_of_picture(gray)
        if ink is None:
            left_out["unreadable" if gray is None else "blank"] += 1
            continue
        inks.append(ink)
        labels.append(picture.label)
        writers.append(picture.writer)
    if not inks:
        raise DatasetError(f"{folder}: none of its {left_out.total()} pictures holds a character that can be read")
    return Glyphs(folder.name, inks, np.array(labels, np.str_), np.array(writers, np.str_), dict(left_out))


def _ink_of_picture(gray: Gray) -> Ink | None:
    """The ink of a picture; of a crop, as ``hcr-scan apply --crops`` writes them, just as it is."""
    if gray.shape == (CropSpec().size, CropSpec().size) and _is_light_on_dark([gray]):
        ink = tight(gray)
        return ink if ink.size else None
    found = single_glyph(gray)
    return None if found is None else found[0]


def _is_light_on_dark(images: Sequence[Gray] | npt.NDArray[np.uint8]) -> bool:
    """Whether most pictures have a dark border."""
    some = images[:: max(1, len(images) // 500)]
    grounds = [np.median(np.concatenate([i[0], i[-1], i[:, 0], i[:, -1]])) for i in some if i.size]
    return bool(np.median(grounds or [0]) < DARK_GROUND)


def _read_ragged(path: Path, arrays: dict[str, npt.NDArray[Any]], numbering: str | None) -> Glyphs:
    shapes = arrays["shapes"].astype(np.int64)
    ends = np.cumsum(shapes[:, 0] * shapes[:, 1])
    if (
        "labels" not in arrays
        or len(arrays["labels"]) != len(shapes)
        or not len(ends)
        or ends[-1] != arrays["pixels"].size
    ):
        raise DatasetError(f"{path}: pixels, shapes and labels do not belong together")
    parts = np.split(arrays["pixels"], ends[:-1])
    images = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
    light = _is_light_on_dark(images)
    labels = characters_of([str(label) for label in arrays["labels"]], path, numbering)
    writers = arrays.get("writers", np.full(len(labels), ""))
    return _without_blank(path.name, [tight(ink_of(image, light)) for image in images], labels, writers)


def _read_strokes(path: Path, held_out_only: bool, seed: int) -> Glyphs:
    strokes = read_strokes(path)
    random = np.random.default_rng(seed)
    taken = strokes.usable & strokes.held_out() if held_out_only else strokes.usable
    members = np.flatnonzero(taken)
    if not len(members):
        raise DatasetError(f"{path} has no character that can be used")
    inks = [
        ordinary_ink_of(strokes, int(index), float(random.uniform(*PENS)))
        for index in tqdm(members, desc="strokes", disable=None)
    ]
    labels = np.asarray(open_npz(path)["labels"][members], np.str_)
    left_out = {"suspect, or of other writers": int(len(strokes) - len(members))}
    return Glyphs(path.name, inks, labels, np.asarray(strokes.writers[members], np.str_), left_out)


def _without_blank(
    name: str, inks: list[Ink], labels: npt.NDArray[np.str_], writers: npt.NDArray[Any] | None = None
) -> Glyphs:
    kept = np.array([ink.size > 0 for ink in inks], np.bool_)
    if not kept.any():
        raise DatasetError(f"{name}: every picture is blank")
    chosen = [inks[index] for index in np.flatnonzero(kept)]
    names = np.full(len(labels), "") if writers is None else np.asarray(writers, np.str_)
    left_out = {"blank": int((~kept).sum())} if not kept.all() else {}
    return Glyphs(name, chosen, labels[kept], names[kept], left_out)
