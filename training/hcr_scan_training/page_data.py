"""Crops for the page model: handwriting, print and dirt, each lying on any of its four sides."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.images import Ink, box_blur
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.settings import PUNCTUATION
from hcr_scan_training.augmentation import MARGIN, Random, captured, soiled, warped_bitmap
from hcr_scan_training.corpus import ALPHANUMERIC, CHARACTERS, tight
from hcr_scan_training.fonts import fetch_fonts
from hcr_scan_training.glyph_fonts import draw_word
from hcr_scan_training.negatives import dirt, pair
from hcr_scan_training.network import import_keras
from hcr_scan_training.recipe import Recipe
from hcr_scan_training.sources import Sources, open_sources

logger = logging.getLogger(__name__)

HANDWRITTEN, PRINTED, OTHER = range(3)
KINDS = 3
#: Turn of what has none (dirt): the loss leaves it out.
NO_TURN = 4

#: Small letters, the commonest first.
_LETTERS = "etaoinsrhldcumfpgwybvkxjqz"

#: Print is smaller than handwriting: the small letters of 8 points at 200 dpi, in pixels.
SMALLEST_PRINT = 10.0

#: Share of crops that hold several characters that touch.
JOINED_SHARE = 0.2

#: Share of crops of capitals and digits alone: forms are filled in with them, and printed with less of them. A network
#: that knows it errs less on both; too sure of it, it would read printed numbers.
WRITTEN_BLOCK, PRINTED_BLOCK = 0.45, 0.15

#: Of the characters that have drawn forms so many are drawn in them: neat block letters, which look most like print,
#: and of which sets of handwriting hold few.
NEAT_SHARE = 0.35

#: Share of a recipe's font families, of each kind, kept for judging the page model.
HELD_OUT_FAMILIES = 0.12


@dataclass(frozen=True, slots=True)
class PageSources:
    """Where handwriting and print come from."""

    hand: Sources
    print_files: tuple[Path, ...]


def split_families(families: Sequence[str], held_out: bool) -> tuple[str, ...]:
    """The families trained on, or those kept back: every n-th."""
    step = round(1 / HELD_OUT_FAMILIES)
    return tuple(family for number, family in enumerate(families) if (number % step == step - 1) == held_out)


def open_page_sources(recipe: Recipe, shared: Path, fonts: Path, held_out: bool = False) -> PageSources:
    """The sources of a recipe that page crops are drawn from; with ``held_out``, writers and fonts never trained on."""
    import dataclasses

    hand_fonts = split_families(recipe.data.handwriting_fonts, held_out)
    sets = {name: weight for name, weight in recipe.data.sets.items() if name != "print_fonts"}
    sets["shapes"] = NEAT_SHARE
    if held_out:
        sets = {name: sets[name] for name in ("unipen_strokes", "handwriting_fonts") if name in sets}
    data = dataclasses.replace(recipe.data, sets=sets, handwriting_fonts=hand_fonts, print_fonts=())
    files: list[Path] = []
    families = split_families(recipe.data.print_fonts, held_out)
    if families:
        files = [file for paths in fetch_fonts(list(families), fonts).values() for file in paths]
    return PageSources(open_sources(data, shared, fonts, held_out), tuple(files))


def draw_page_crops(
    sources: PageSources, spec: CropSpec, count: int, random: Random
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int16]]:
    """``count`` crops and their codes, ``turn * 3 + kind``."""
    crops = np.zeros((count, spec.size, spec.size), np.uint8)
    codes = np.zeros(count, np.int16)
    for row in range(count):
        chance = random.random()
        kind = OTHER if chance < 0.16 else HANDWRITTEN if chance < 0.58 or not sources.print_files else PRINTED
        turn = NO_TURN if kind == OTHER else int(random.integers(4))
        ink = (_handwritten, _printed, _other)[kind](sources, random)
        seen = captured(ink, random)
        crops[row] = normalize_glyph(np.rot90(seen, turn % 4), spec)
        codes[row] = turn * KINDS + kind
    return crops, codes


def _handwritten(sources: PageSources, random: Random) -> Ink:
    def draw() -> tuple[Ink, str]:
        character = _character(random, WRITTEN_BLOCK)
        return sources.hand.draw(CHARACTERS.index(character), random), character

    def joined() -> tuple[Ink, str]:
        return (pair(draw, random), "") if random.random() < 0.3 else draw()

    if random.random() < JOINED_SHARE:
        return pair(joined, random)
    return soiled(draw()[0], random)


def _printed(sources: PageSources, random: Random) -> Ink:
    file = sources.print_files[int(random.integers(len(sources.print_files)))]
    ink = np.zeros((0, 0), np.uint8)
    while not ink.size or not (ink >= 64).any():
        text = _run(random) if random.random() < JOINED_SHARE else _character(random, PRINTED_BLOCK)
        ink = draw_word(file, text, int(random.integers(24, 80)))
    return soiled(warped_bitmap(tight(ink, 96), random, 0.2, SMALLEST_PRINT), random)


def _character(random: Random, block: float) -> str:
    """One character; ``block`` is the share of capitals and digits alone."""
    chance = random.random()
    if chance < 0.1:
        return PUNCTUATION[int(random.integers(len(PUNCTUATION)))]
    if chance < 0.1 + block:
        return ALPHANUMERIC[int(random.integers(36))]
    if chance < 0.35 + block:
        return ALPHANUMERIC[int(random.integers(len(ALPHANUMERIC)))]
    return _LETTERS[int(26 * random.random() ** 1.3)]


def _run(random: Random) -> str:
    """A few letters that touch, as a press sets them."""
    length = int(random.integers(2, 5))
    word = "".join(_LETTERS[int(26 * random.random() ** 1.7)] for _ in range(length))
    return word.upper() if random.random() < 0.3 else word.capitalize() if random.random() < 0.2 else word


def _other(sources: PageSources, random: Random) -> Ink:
    del sources
    if random.random() < 0.3:
        return _picture(random)
    return dirt(random)


def _picture(random: Random) -> Ink:
    """A piece of a photograph, logo or stamp: patches and grain."""
    height, width = (int(v) for v in random.integers(12, 64, 2))
    coarse = random.integers(0, 256, (height, width)).astype(np.uint8)
    blurred = box_blur(coarse, int(random.integers(1, 12)), int(random.integers(1, 12))).astype(np.float32)
    spread = (blurred - blurred.mean()) / max(float(blurred.std()), 1.0)
    ink = np.clip(128 + random.uniform(40, 120) * spread, 0, 255).astype(np.uint8)
    return np.pad(ink, MARGIN)


_opened: tuple[PageSources, Recipe] | None = None

_PART = 20_000


def build_page_crops(
    recipe: Recipe, shared: Path, fonts: Path, folder: Path
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int16]]:
    """The page model's training crops and codes, drawing those that are not on disk yet."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"page-{number:04d}.npz" for number in range(max(1, recipe.page.crops // _PART))]
    missing = [(number, path) for number, path in enumerate(paths) if not path.exists()]
    if missing:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(recipe.training.workers, context, _open, (recipe, shared, fonts)) as pool:
            for _ in tqdm(pool.map(_build, missing), total=len(missing), desc="page crops"):
                pass
    parts = [np.load(path) for path in paths]
    return np.concatenate([part["crops"] for part in parts]), np.concatenate([part["codes"] for part in parts])


def _open(recipe: Recipe, shared: Path, fonts: Path) -> None:
    global _opened
    _opened = open_page_sources(recipe, shared, fonts), recipe


def _build(job: tuple[int, Path]) -> None:
    if _opened is None:
        raise RuntimeError("the worker has not opened its sources")
    sources, recipe = _opened
    number, path = job
    count = min(_PART, recipe.page.crops)
    crops, codes = draw_page_crops(sources, recipe.crops.spec(), count, np.random.default_rng([recipe.seed, 5, number]))
    partial = path.with_name(f".{path.name}.partial.npz")
    np.savez(partial, crops=crops, codes=codes)
    partial.rename(path)


def page_loss() -> Any:
    """Cross-entropy of the kind, and of the turn where there is one; targets are codes, ``turn * 3 + kind``."""
    keras = import_keras()

    def loss(codes: Any, logits: Any) -> Any:
        ops = keras.ops
        codes = ops.reshape(ops.cast(codes, "int32"), (-1,))
        turn, kind = codes // KINDS, codes % KINDS
        turns = ops.log_softmax(logits[:, :4])
        kinds = ops.log_softmax(logits[:, 4:])
        # The one-hot row of NO_TURN is all zeros within four columns: dirt adds nothing.
        of_turn = -ops.sum(ops.one_hot(turn, 5)[:, :4] * turns, axis=-1)
        of_kind = -ops.sum(ops.one_hot(kind, KINDS) * kinds, axis=-1)
        return of_turn + of_kind

    return loss


def page_scores(
    logits: npt.NDArray[np.float32], codes: npt.NDArray[np.int16], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Accuracy of turn and kind for one glyph and for the mean of 8 and 30 glyphs of one kind and turn."""
    random = np.random.default_rng(seed)
    report: dict[str, dict[str, float]] = {}
    for kind, name in ((HANDWRITTEN, "handwritten"), (PRINTED, "printed"), (OTHER, "other")):
        figures: dict[str, float] = {}
        for size in (1, 8, 30):
            right_turn, right_kind, groups = 0, 0, 0
            for turn in range(4) if kind != OTHER else (NO_TURN,):
                members = random.permutation(np.flatnonzero(codes == turn * KINDS + kind))
                used = members[: len(members) // size * size].reshape(-1, size)
                means = logits[used].mean(axis=1)
                right_turn += int((means[:, :4].argmax(axis=1) == turn).sum())
                right_kind += int((means[:, 4:].argmax(axis=1) == kind).sum())
                groups += len(used)
            if groups:
                figures[f"kind_{size}"] = round(right_kind / groups, 4)
                if kind != OTHER:
                    figures[f"turn_{size}"] = round(right_turn / groups, 4)
        report[name] = figures
    return report
