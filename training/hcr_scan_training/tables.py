"""Labelled characters as rows of pixels: CSV (also in a zip), npz, or a folder of pictures, read into uint8."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.errors import DatasetError
from hcr_scan_training.corpus import open_npz

logger = logging.getLogger(__name__)

#: Lines of a CSV file taken at once: 16 million pixels, 125 MB while they are parsed.
LINES = 20_000

#: What numbers stand for where labels are numbers, by how many there are.
NUMBERINGS = {
    "digits": "0123456789",
    "letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "byclass": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}

#: Keys under which npz files keep pictures and labels; the first that are there count.
_WHOLE = (("images", "labels"), ("X", "y"), ("x", "y"), ("data", "target"))
_PARTS = {
    "train": (("X_train", "y_train"), ("x_train", "y_train")),
    "test": (("X_test", "y_test"), ("x_test", "y_test")),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Pictures uint8 (n, side, side) and their characters (n,), in the order of the file.

    ``header`` says whether the file's first line named columns; ``swallowed`` that its names are pixels: pandas took a
    row for a header when the file was saved, and that row is lost.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.str_]
    header: bool = False
    swallowed: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    def without_first(self) -> Rows:
        """All but the first row."""
        return Rows(self.images[1:], self.labels[1:], self.header, self.swallowed)

    def counts(self) -> dict[str, int]:
        """How many rows each character has."""
        characters, counts = np.unique(self.labels, return_counts=True)
        return {str(character): int(count) for character, count in zip(characters, counts, strict=True)}


def read_rows(path: Path, numbering: str | None = None, part: str = "train") -> Rows:
    """The rows of a CSV file (``label, pixel, pixel ...``, with or without a header), a zip that holds one, or an npz.

    Args:
        path: the file; its suffix tells the format.
        numbering: what numeric labels mean, of :data:`NUMBERINGS`; where left out, the largest one decides.
        part: ``train`` or ``test``, where an npz has both.

    Raises:
        DatasetError: the file is missing, damaged, or holds something else; the message names the line.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise DatasetError(
            f"{path} is {what}; give a folder with a folder of pictures for each label, a CSV file, a zip that holds "
            "one, or an npz"
        )
    if path.suffix in (".npz", ".xz"):
        return _read_npz(path, numbering, part)
    with _opened(path) as stream:
        return _read_csv(stream, path, numbering)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        if path.suffix.lower() != ".zip":
            with path.open(encoding="utf-8-sig", newline="\n") as stream:
                yield stream
            return
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.lower().endswith(".csv") and "__MACOSX" not in name]
            if len(members) != 1:
                raise DatasetError(f"{path} holds {len(members)} CSV files and must hold one; unpack it and give one")
            with archive.open(members[0]) as member:
                yield io.TextIOWrapper(member, encoding="utf-8-sig", newline="\n")
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise DatasetError(f"{path} cannot be read: {error}; fetch it again") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not a CSV file: it holds bytes that are no text") from error


def _read_csv(stream: TextIO, path: Path, numbering: str | None) -> Rows:
    first = stream.readline()
    columns = first.count(",") + 1
    side = round((columns - 1) ** 0.5)
    if side < 2 or side * side != columns - 1:
        raise DatasetError(
            f"{path} has {columns} columns; a row must be a label and the pixels of a square picture (28 x 28: 785)"
        )
    header = not _is_row(first)
    tokens: list[str] = []
    blocks: list[npt.NDArray[np.uint8]] = []
    line = 2 if header else 1
    rest = iter(stream) if header else _chain(first, stream)
    with tqdm(desc="rows", unit=" rows", disable=None) as progress:
        while lines := list(islice(rest, LINES)):
            labels, pixels = _parsed(lines, columns, path, line)
            tokens += labels
            blocks.append(pixels.reshape(-1, side, side))
            line += len(lines)
            progress.update(len(labels))
    if not tokens:
        raise DatasetError(f"{path} holds no rows")
    swallowed = header and all("." in name for name in first.split(",")[2:6])
    rows = Rows(np.concatenate(blocks), characters_of(tokens, path, numbering), header, swallowed)
    logger.info("%s: %s rows, %s", path, f"{len(rows):,}", _heading(rows))
    return rows


def _heading(rows: Rows) -> str:
    if rows.swallowed:
        return "a header that was a row: pandas took it for names when the file was saved, and it is lost"
    return "a header" if rows.header else "no header (pandas.read_csv would take the first row for one)"


def _chain(first: str, stream: TextIO) -> Iterator[str]:
    yield first
    yield from stream


def _is_row(line: str) -> bool:
    """Whether a line holds pixels: names of columns are no whole numbers, or larger than 255."""
    try:
        pixels = [float(field) for field in line.split(",")[1:]]
    except ValueError:
        return False
    return all(pixel.is_integer() and 0 <= pixel <= 255 for pixel in pixels)


def _parsed(lines: list[str], columns: int, path: Path, start: int) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """Label fields and pixels uint8 (n, columns - 1) of some lines; ``start`` is the number of the first one."""
    tokens, rest = [], []
    for number, line in enumerate(lines, start):
        if line.isspace():
            continue
        if line.count(",") != columns - 1:
            raise DatasetError(
                f"{path}, line {number}: {line.count(',') + 1} columns instead of {columns}; is the file whole?"
            )
        token, _, pixels = line.partition(",")
        tokens.append(token.strip().strip('"'))
        rest.append(pixels)
    if not rest:
        return [], np.zeros((0, columns - 1), np.uint8)
    try:
        values = np.loadtxt(rest, dtype=np.int64, delimiter=",", ndmin=2)
    except ValueError:
        values = _parsed_slowly(rest, path, start)
    if values.min() < 0 or values.max() > 255:
        row = int(np.flatnonzero(((values < 0) | (values > 255)).any(axis=1))[0])
        raise DatasetError(f"{path}, near line {start + row}: a pixel is not from 0 to 255")
    return tokens, values.astype(np.uint8)


def _parsed_slowly(rest: list[str], path: Path, start: int) -> npt.NDArray[np.int64]:
    """Pixels written as 0.0 or in quotes."""
    try:
        values = np.loadtxt(rest, dtype=np.float64, delimiter=",", ndmin=2, quotechar='"')
    except ValueError as error:
        raise DatasetError(f"{path}, after line {start}: {error}") from error
    if not (values == np.floor(values)).all():
        raise DatasetError(f"{path}, after line {start}: pixels must be whole numbers from 0 to 255")
    return values.astype(np.int64)


def characters_of(tokens: Sequence[str], path: Path, numbering: str | None = None) -> npt.NDArray[np.str_]:
    """The characters that label fields stand for, (n,) of one character each.

    Labels that are characters stay what they are; where all are numbers, ``numbering`` says what they count, or else
    the largest one: up to 9 digits, up to 25 letters from A on, up to 61 the classes of EMNIST ByClass.

    Raises:
        DatasetError: a label is neither.
    """
    found, inverse = np.unique(np.array([_whole(token) for token in tokens]), return_inverse=True)
    names = [str(name) for name in found]
    if all(name.isascii() and name.isdigit() for name in names):
        largest = max(int(name) for name in names)
        if numbering is None:
            numbering = next((name for name, meant in NUMBERINGS.items() if largest < len(meant)), "byclass")
        meant = NUMBERINGS[numbering]
        if largest >= len(meant):
            raise DatasetError(f"{path} has the label {largest}; the largest of {numbering} is {len(meant) - 1}")
        names = [meant[int(name)] for name in names]
    wrong = next((name for name in names if len(name) != 1), None)
    if wrong is not None:
        raise DatasetError(f"{path} has the label {wrong[:20]!r}; a label is one character, or a number")
    return np.array(names, np.str_)[inverse]


def _whole(token: str) -> str:
    return token.removesuffix(".0") if len(token) > 2 else token


def _read_npz(path: Path, numbering: str | None, part: str) -> Rows:
    arrays = open_npz(path)
    keys = next((keys for keys in (*_WHOLE, *_PARTS[part]) if all(key in arrays for key in keys)), None)
    if keys is None:
        raise DatasetError(f"{path} has no images and labels, but: {', '.join(sorted(arrays))}")
    images, labels = arrays[keys[0]], arrays[keys[1]]
    side = round((images[0].size if len(images) else 0) ** 0.5)
    if not len(images) or side * side != images[0].size or len(images) != len(labels):
        raise DatasetError(f"{path}: {keys[0]} {images.shape} are not square pictures, one for each of {keys[1]}")
    if not np.issubdtype(images.dtype, np.integer) or images.min() < 0 or images.max() > 255:
        raise DatasetError(f"{path}: {keys[0]} must be whole numbers from 0 to 255, not {images.dtype}")
    pixels = images.reshape(-1, side, side).astype(np.uint8)
    if pixels.max() == 1:  # ink or none, as in Semeion
        pixels *= 255
    return Rows(pixels, characters_of([str(label) for label in labels], path, numbering), header=True)
