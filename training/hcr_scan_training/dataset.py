"""Training crops: drawn, soiled, captured and normalized in worker processes, kept as uint8 shards on disk."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.images import Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.settings import PUNCTUATION
from hcr_scan_training.augmentation import Random, captured, is_left, soiled
from hcr_scan_training.corpus import ALPHANUMERIC, CHARACTERS, LABELS, NOT_A_CHARACTER
from hcr_scan_training.marks import is_small
from hcr_scan_training.negatives import negative
from hcr_scan_training.recipe import Data, Recipe
from hcr_scan_training.sources import Source, Sources, open_sources

logger = logging.getLogger(__name__)

#: uint8 (n, size, size) crops and int16 (n,) class numbers.
Shard = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int16]]

_opened: tuple[Sources, Recipe] | None = None


def _weight(character: str, data: Data) -> float:
    if character in PUNCTUATION:
        weight = data.punctuation
    else:
        weight = data.digit if character.isdigit() else data.capital if character.isupper() else data.small
    return weight * data.emphasis.get(character, 1.0)


def class_weights(data: Data) -> npt.NDArray[np.float64]:
    """How often each class is drawn, summing to 1, float64 (75,)."""
    result = np.array([*(_weight(character, data) for character in CHARACTERS), data.negatives])
    return np.asarray(result / result.sum(), np.float64)


def draw_crops(sources: Sources | Source, data: Data, spec: CropSpec, count: int, random: Random) -> Shard:
    """``count`` crops as training sees them, with their classes."""
    crops = np.zeros((count, spec.size, spec.size), np.uint8)
    weights = class_weights(data)
    classes = random.choice(len(LABELS), count, p=weights).astype(np.int16)
    characters = weights[: len(ALPHANUMERIC)] / weights[: len(ALPHANUMERIC)].sum()
    previous: Ink | None = None

    def draw() -> tuple[Ink, str]:
        number = int(random.choice(len(ALPHANUMERIC), p=characters))
        return sources.draw(number, random), CHARACTERS[number]

    for row, number in enumerate(classes):
        for _ in range(5):
            if number == NOT_A_CHARACTER:
                ink = negative(draw, random)
            else:
                ink = sources.draw(int(number), random)
                if data.soiling and not is_small(CHARACTERS[number]):
                    ink = soiled(ink, random, previous)
                    previous = ink
            seen = captured(ink, random) if data.capture else ink
            if is_left(ink, seen):
                break
        crops[row] = normalize_glyph(seen, spec)
    return crops, classes


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:04d}.npz"


def build_shards(recipe: Recipe, shared: Path, fonts: Path, folder: Path) -> list[Path]:
    """Every shard of a recipe, drawing those that are not on disk yet; each hangs on the seed and its number only."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [shard_path(folder, number) for number in range(recipe.training.shards)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if missing:
        context = multiprocessing.get_context("spawn")
        arguments = (recipe, shared, fonts)
        with ProcessPoolExecutor(recipe.training.workers, context, _open, arguments) as pool:
            jobs = pool.map(_build, missing, [folder] * len(missing))
            for _ in tqdm(jobs, total=len(missing), desc="shards"):
                pass
    return paths


def _open(recipe: Recipe, shared: Path, fonts: Path) -> None:
    global _opened
    _opened = open_sources(recipe.data, shared, fonts), recipe


def _build(number: int, folder: Path) -> None:
    if _opened is None:
        raise RuntimeError("the worker has not opened its sources")
    sources, recipe = _opened
    random = np.random.default_rng([recipe.seed, number])
    crops, classes = draw_crops(sources, recipe.data, recipe.crops.spec(), recipe.training.shard_size, random)
    partial = folder / f".{number}.partial.npz"
    np.savez(partial, crops=crops, classes=classes)
    partial.rename(shard_path(folder, number))


def read_shard(path: Path) -> Shard:
    with np.load(path) as arrays:
        return arrays["crops"], arrays["classes"]


def batches(shard: Shard, size: int, random: Random) -> Iterator[Shard]:
    """A shard in shuffled batches; what does not fill a batch is left out."""
    crops, classes = shard
    order = random.permutation(len(classes))
    for start in range(0, len(order) - size + 1, size):
        chosen = np.sort(order[start : start + size])
        yield crops[chosen], classes[chosen]
