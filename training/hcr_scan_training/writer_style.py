"""How writers differ in a network's logits, measured on the writers of pen strokes.

The table goes into the bundle (:mod:`hcr_scan.writer_style` says what its numbers mean). A bundle whose network is kept
gets a new one by the command ``python -m hcr_scan_training.writer_style BUNDLE --shared DATA``.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.model.classifier import load_classifier
from hcr_scan.model.probabilities import Logits
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.writer_style import StyleTable
from hcr_scan_training.augmentation import Random, captured, is_left
from hcr_scan_training.bundle_writer import replace_style
from hcr_scan_training.corpus import ALPHANUMERIC, Strokes, read_strokes, shared_folder
from hcr_scan_training.validation import PENS, ordinary_ink_of

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

#: Most samples of each character of each writer: some have hundreds, and would be the measure of all.
SAMPLES = 8
#: What fewer writers differ by, or vary by from fewer samples (on the average), is chance.
FEWEST_WRITERS, FEWEST_SAMPLES = 20, 1.5
#: Axes that are kept, those along which writers differ most; 12 to all 62 do equally well.
DIMENSIONS = 32
#: Share of its mean variance that is added to every direction of what one writer varies by, which is known poorly in
#: the narrowest of them.
RIDGE = 0.01


def style_of(
    predict: Callable[[npt.NDArray[np.uint8]], Logits],
    labels: Sequence[str],
    strokes: Strokes,
    spec: CropSpec,
    seed: int,
) -> StyleTable | None:
    """The table of a network, from writers known by name; ``None`` where it or they lack one of the letters and digits.

    Args:
        predict: Crops to logits.
        labels: What the columns of the logits stand for.
        strokes: The writers; those held out are not looked at.
        spec: How crops must look.
        seed: Of pens and captures.
    """
    if not set(ALPHANUMERIC) <= set(labels):
        return None
    random = np.random.default_rng([seed, 11])
    members = _members(strokes, random)
    writers, classes = strokes.writers[members], strokes.classes[members]
    count, samples = len(np.unique(writers)), len(members) / max(len(set(zip(writers, classes, strict=True))), 1)
    if count < FEWEST_WRITERS or samples < FEWEST_SAMPLES or len(np.unique(classes)) < len(ALPHANUMERIC):
        logger.warning("style: not measured: %d writers, %.1f samples of a character each", count, samples)
        return None
    logger.info("style: %d characters of %d writers", len(members), count)
    logits = predict(_crops(strokes, members, spec, random)).astype(np.float64)
    columns = [labels.index(character) for character in ALPHANUMERIC]
    return measure_style(logits[:, columns], classes, writers)


def measure_style(logits: Floats, classes: npt.NDArray[Any], writers: npt.NDArray[Any]) -> StyleTable:
    """The table of logits ``(n, 62)`` of letters and digits, given what each is and who wrote it."""
    means = np.stack([logits[classes == number].mean(axis=0) for number in range(len(ALPHANUMERIC))])
    _, cell = np.unique(np.stack([np.unique(writers, return_inverse=True)[1], classes]), axis=1, return_inverse=True)
    sizes = np.bincount(cell)
    sums = np.zeros((len(sizes), logits.shape[1]))
    np.add.at(sums, cell, logits)
    centers = sums / sizes[:, None]
    several = sizes > 1
    left = (logits - centers[cell])[several[cell]]
    within = left.T @ left / (sizes[several] - 1).sum()
    of_cell = np.zeros(len(sizes), np.intp)
    of_cell[cell] = classes
    off = (centers - means[of_cell])[several]
    # The mean of a few samples lies off the writer's own by what these vary.
    between = off.T @ off / len(off) - within * float(np.mean(1 / sizes[several]))
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    # Where within is 1, between is what is left to be made diagonal.
    whitening = np.linalg.inv(np.linalg.cholesky(within))
    spread, turned = np.linalg.eigh(whitening @ between @ whitening.T)
    kept = np.argsort(-spread)[:DIMENSIONS]
    axes = whitening.T @ turned[:, kept]
    # Which way an axis points is chance: the way its largest part does.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(kept))])
    return StyleTable("".join(ALPHANUMERIC), axes, means @ axes, np.maximum(spread[kept], 0.0))


def _members(strokes: Strokes, random: Random) -> npt.NDArray[np.intp]:
    """A few samples of each character of each writer."""
    shuffled = random.permutation(np.flatnonzero(strokes.usable & ~strokes.held_out()))
    _, cell = np.unique(
        np.stack([np.unique(strokes.writers, return_inverse=True)[1], strokes.classes])[:, shuffled],
        axis=1,
        return_inverse=True,
    )
    order = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[order], cell[order])
    return np.sort(shuffled[order[np.arange(len(order)) - first < SAMPLES]])


def _crops(strokes: Strokes, members: npt.NDArray[np.intp], spec: CropSpec, random: Random) -> npt.NDArray[np.uint8]:
    """The characters, each writer's with one pen, as scanning sees them."""
    _, writer = np.unique(strokes.writers[members], return_inverse=True)
    pens = random.uniform(*PENS, writer.max(initial=0) + 1)
    crops = np.zeros((len(members), spec.size, spec.size), np.uint8)
    for row, index in enumerate(members):
        ink = ordinary_ink_of(strokes, int(index), float(pens[writer[row]]))
        seen = captured(ink, random)
        crops[row] = normalize_glyph(seen if is_left(ink, seen) else ink, spec)
    return crops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="gets a new style.json")
    parser.add_argument("--shared", type=Path, help="folder with characters/ in it")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    classifier = load_classifier(chosen.bundle)
    info = classifier.info
    strokes = read_strokes(shared_folder(chosen.shared) / "characters" / "unipen_strokes.npz")
    table = style_of(classifier.predict, info.labels, strokes, info.crop_spec, chosen.seed)
    if table is None:
        parser.error(f"{chosen.bundle} or the writers in {chosen.shared} lack letters, digits or samples of them")
    replace_style(chosen.bundle, table)


if __name__ == "__main__":
    main()
