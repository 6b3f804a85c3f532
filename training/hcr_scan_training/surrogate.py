"""A stand-in for Kaggle's A-Z file where that is not at hand: the same format, the same counts, other handwriting.

    python -m hcr_scan_training.surrogate surrogate.csv

Like Kaggle's it is mostly NIST's writers: 28,000 capitals of EMNIST and some of UNIPEN (writers that are not held out),
distorted a little so that they make 372,451. What it is for is the full-size run, its time and memory. Its own test
part is easier than strangers' handwriting: pictures of one character stand in more than one part.
"""

from __future__ import annotations

import argparse
import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.images import Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.augmentation import Random, drawn_strokes
from hcr_scan_training.corpus import CHARACTERS, Bitmaps, Strokes, read_plain, read_strokes, shared_folder
from hcr_scan_training.kaggle_network import transformed
from hcr_scan_training.kaggle_recipe import KAGGLE_BOX, KAGGLE_SIDE
from hcr_scan_training.synthesis import smoothed
from hcr_scan_training.validation import PENS, ordinary_ink

#: Rows of each letter as pandas counts them; the file has one A more, which pandas takes for a header.
KAGGLE_COUNTS = {
    "A": 13869, "B": 8668, "C": 23409, "D": 10134, "E": 11440, "F": 1163, "G": 5762, "H": 7218, "I": 1120,
    "J": 8493, "K": 5603, "L": 11586, "M": 12336, "N": 19010, "O": 57825, "P": 19341, "Q": 5812, "R": 11566,
    "S": 48419, "T": 22495, "U": 29008, "V": 4182, "W": 10784, "X": 6272, "Y": 10859, "Z": 6076,
}  # fmt: skip

#: Share of UNIPEN's writers.
STROKES_SHARE = 0.05
#: Kaggle's rows have harder edges than EMNIST's: grey levels are spread so much about the middle.
CONTRAST = 2.0
#: Standard deviations of the distortion: degrees, and shares of the size.
TURN, ZOOM = 2.5, 0.04


@dataclass(frozen=True, slots=True)
class Handwriting:
    """What rows are drawn from."""

    bitmaps: tuple[Bitmaps, ...]
    strokes: Strokes

    def of(self, letter: str) -> Letter:
        """All of one letter."""
        number = CHARACTERS.index(letter)
        inks = [part.ink(int(index)) for part in self.bitmaps for index in np.flatnonzero(part.classes == number)]
        usable = self.strokes.usable & ~self.strokes.held_out() & (self.strokes.classes == number)
        return Letter(letter, inks, self.strokes, np.flatnonzero(usable))


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that one letter's rows are drawn from; ``members`` index its ``strokes``."""

    letter: str
    inks: list[Ink]
    strokes: Strokes
    members: npt.NDArray[np.intp]

    def draw(self, random: Random) -> Ink:
        """One character, a little distorted."""
        if self.letter == "I":
            return serifed_i(random)
        if random.random() < STROKES_SHARE:
            index = int(random.choice(self.members))
            strokes = self.strokes.strokes(index)
            if self.strokes.coarse(index):
                strokes = [smoothed(stroke) for stroke in strokes]
            ink = ordinary_ink(strokes, float(random.uniform(*PENS)))
        else:
            ink = self.inks[int(random.integers(len(self.inks)))]
        ink = np.clip((ink.astype(np.float32) - 128) * CONTRAST + 128, 0, 255).astype(np.uint8)
        turn, (down, across) = math.radians(random.normal(0, TURN)), np.exp(random.normal(0, ZOOM, 2))
        return transformed(np.pad(ink, max(ink.shape) // 4), turn, 0, 0, float(down), float(across))


def serifed_i(random: Random) -> Ink:
    """An I with serifs, about as wide as it is high: Kaggle has no others, and EMNIST hardly any."""
    width, lean = random.uniform(0.35, 1.0), random.normal(0, 0.08)
    ends = random.normal(0, 0.04, (4, 2)).astype(np.float32)
    top = np.array([[0.5 - width / 2 + lean, 0], [0.5 + width / 2 + lean, 0]], np.float32) + ends[:2]
    bottom = np.array([[0.5 - width / 2 - lean, 1], [0.5 + width / 2 - lean, 1]], np.float32) + ends[2:]
    stem = np.stack([top.mean(axis=0), bottom.mean(axis=0)])
    return drawn_strokes([stem, top, bottom], random, strength=0.4)


def write_surrogate(target: Path, handwriting: Handwriting, counts: dict[str, int], seed: int = 0) -> int:
    """Write a CSV file of so many rows a letter, in alphabetical order, without a header; returns the number of rows.

    Each letter has its own stream of random numbers, so that a letter's rows do not hang on the others' counts.
    """
    spec = CropSpec(KAGGLE_SIDE, KAGGLE_BOX)
    texts = [str(value) for value in range(256)]
    total = sum(counts.values())
    with target.open("w", encoding="ascii", newline="\n") as file, tqdm(total=total, disable=None) as progress:
        for letter, count in counts.items():
            random = np.random.default_rng([seed, ord(letter)])
            label, drawn_from = str(ord(letter) - ord("A")), handwriting.of(letter)
            for _ in range(count):
                row = normalize_glyph(drawn_from.draw(random), spec).ravel().tolist()
                file.write(",".join([label, *(texts[value] for value in row)]) + "\n")
            progress.update(count)
    return total


def kaggle_like_counts(share: float = 1.0) -> dict[str, int]:
    """Rows of each letter in the file itself (372,451), or about ``share`` of them, four at least."""
    counts = {letter: max(4, round(count * share)) for letter, count in KAGGLE_COUNTS.items()}
    counts["A"] += 1
    return counts


def open_handwriting(shared: Path) -> Handwriting:
    """The sets that the stand-in is drawn from."""
    folder = shared / "characters"
    bitmaps = tuple(read_plain(folder / f"{name}.npz") for name in ("emnist_byclass", "emnist_extra"))
    return Handwriting(bitmaps, read_strokes(folder / "unipen_strokes.npz"))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="CSV file to write, about 600 MB")
    parser.add_argument("--shared", type=Path, help="folder that holds characters/; else HCR_SCAN_SHARED")
    parser.add_argument("--share", type=float, default=1.0, help="share of the rows (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    handwriting = open_handwriting(shared_folder(options.shared))
    rows = write_surrogate(options.target, handwriting, kaggle_like_counts(options.share), options.seed)
    logging.getLogger(__name__).info("%s rows written to %s", f"{rows:,}", options.target)


if __name__ == "__main__":
    main()
