"""How well sse_letters is read by who never saw its writers: python -m hcr_scan_training.folds RECIPE -o runs/folds

Fitting the recipe anew for each fold would take many hours. So one base network is fitted from nothing, for less long
than the recipe's, to crops of every set but sse_letters. It goes on once for each group of writers, with the base's
last shards and the letters of all other groups, and reads the letters of this one. The figures are in ``folds.json``,
the log in ``train.log``. The same command goes on with a run that was interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError
from hcr_scan_training.corpus import CHARACTERS, LABELS, Bitmaps, open_npz, read_ragged, shared_folder
from hcr_scan_training.dataset import Shard, build_shards, draw_crops, read_shard
from hcr_scan_training.fit import Schedule, fit, glyph_loss, prepare
from hcr_scan_training.metrics import UPPER, Classes, Logits, score
from hcr_scan_training.network import glyph_network
from hcr_scan_training.recipe import Cycle, Data, Recipe, load_recipe
from hcr_scan_training.run_folder import claimed_run
from hcr_scan_training.sources import source_of
from hcr_scan_training.train import Places, in_full_precision, judge_sets, predict
from hcr_scan_training.validation import normalized, validation_sets

logger = logging.getLogger(__name__)

SET = "sse_letters"


@dataclass(frozen=True, slots=True)
class Folding:
    """How far the networks go: the base over ``shards`` new shards, each fold over the last ``further`` of them again.

    ``draws`` is how many crops are drawn of each group's letters; they take the place of as many crops of the same
    characters in the base's shards, so that no character becomes more frequent.
    """

    groups: int = 5
    shards: int = 40
    learning_rate: float = 2e-3
    further: int = 7
    further_rate: float = 9e-4
    draws: int = 6_000


def writers_of(files: Iterable[str]) -> npt.NDArray[np.str_]:
    """Who wrote the picture of each file name, (n,): folder and number of ``folder/A_12.png``.

    Raises:
        DatasetError: a name has no number.
    """
    names = []
    for file in files:
        found = re.fullmatch(r"(.*/)?[^/]*_(\d+)\.\w+", file)
        if found is None:
            raise DatasetError(
                f"the picture {file!r} of {SET} does not say who wrote it; expected a name like A_12.png"
            )
        names.append(f"{found[1] or ''}{found[2]}")
    return np.array(names, np.str_)


def groups_of(writers: npt.NDArray[np.str_], count: int) -> npt.NDArray[np.intp]:
    """The group of each picture, (n,), from 0 to ``count`` - 1: equally many writers in each, by a hash of the names.

    Raises:
        DatasetError: there are fewer writers than groups.
    """
    names, inverse = np.unique(writers, return_inverse=True)
    if len(names) < count:
        raise DatasetError(f"{SET} has {len(names)} writers, too few for {count} groups")
    digests = [hashlib.sha256(str(name).encode()).hexdigest() for name in names]
    ranks = np.empty(len(names), np.intp)
    ranks[np.argsort(digests)] = np.arange(len(names)) % count
    return ranks[inverse]


def read_groups(shared: Path, count: int) -> list[Bitmaps]:
    """The letters of each group of writers.

    Raises:
        DatasetError: the set is missing, or does not say who wrote what.
    """
    path = shared / "characters" / f"{SET}.npz.xz"
    arrays = open_npz(path)
    if "files" not in arrays:
        raise DatasetError(f"{path} has no names of files, which tell its writers apart")
    groups = groups_of(writers_of(str(file) for file in arrays["files"]), count)
    return [read_ragged(path, light_on_dark=True, chosen=groups == number) for number in range(count)]


def without_letters(recipe: Recipe, folding: Folding) -> Recipe:
    """The recipe without :data:`SET`, and with one cycle."""
    sets = {name: weight for name, weight in recipe.data.sets.items() if name != SET}
    cycles = (Cycle(folding.shards, 1, folding.learning_rate),)
    return dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, sets=sets),
        training=dataclasses.replace(recipe.training, cycles=cycles),
    )


def drawn_letters(letters: Bitmaps, recipe: Recipe, count: int, number: int) -> Shard:
    """``count`` distorted crops of the letters of group ``number``, each character equally often."""
    shown = {CHARACTERS[letter] for letter in np.unique(letters.classes)}
    absent = dict.fromkeys(sorted(set(UPPER) - shown), 0.0)
    data = Data({}, digit=0.0, small=0.0, punctuation=0.0, negatives=0.0, emphasis=absent)
    random = np.random.default_rng([recipe.seed, 21, number])
    return draw_crops(source_of(letters, 1.0), data, recipe.crops.spec(), count, random)


def mixed(shard: Shard, letters: Shard, random: np.random.Generator) -> Shard:
    """The shard with some crops, chosen at random, replaced by ``letters`` of the same class.

    Letters for which there is no crop to replace are left out.
    """
    crops, classes = shard[0].copy(), shard[1]
    for number in np.unique(letters[1]):
        new = np.flatnonzero(letters[1] == number)
        places = random.permutation(np.flatnonzero(classes == number))[: len(new)]
        crops[places] = letters[0][new[: len(places)]]
    return crops, classes


def mixed_shards(paths: Sequence[Path], letters: Shard, seed: Sequence[int]) -> list[Shard]:
    """The shards, each with an equal part of the ``letters`` among its crops."""
    random = np.random.default_rng(list(seed))
    crops, classes = letters
    parts = np.array_split(random.permutation(len(classes)), len(paths))
    return [
        mixed(read_shard(path), (crops[part], classes[part]), random) for path, part in zip(paths, parts, strict=True)
    ]


def run(recipe: Recipe, folding: Folding, places: Places) -> dict[str, Any]:
    """Fit the base and every fold, and judge each; what is known so far is in ``places.output/folds.json``.

    Raises:
        DatasetError: data is missing or malformed, or the folder belongs to another recipe or other settings.
        MissingDependency: the train extra, or npm, is not installed.
    """
    claim = hashlib.sha256(f"{recipe.sha256} {folding}".encode()).hexdigest()
    with claimed_run(places.output, claim):
        prepare(recipe.seed, recipe.training.threads, recipe.training.mixed_precision)
        spec, seed = recipe.crops.spec(), recipe.seed
        groups = read_groups(places.shared, folding.groups)
        crops = [normalized(letters, spec, len(letters)) for letters in groups]
        sets = validation_sets(places.shared, spec, seed)
        shards = build_shards(without_letters(recipe, folding), places.shared, places.fonts, places.state / "shards")

        def build() -> Any:
            return glyph_network(spec, len(LABELS), recipe.training.width)

        network = build()
        _fit(network, shards, folding.learning_rate, recipe, places.state / "base")
        figures: dict[str, Any] = {"folding": dataclasses.asdict(folding), "folds": []}
        each = {f"{SET} {number}": held_out for number, held_out in enumerate(crops)}
        figures["base"] = judge_sets(in_full_precision(network, build), sets | {SET: _joined(crops)} | each)[0]
        base = network.get_weights()
        drawn = [drawn_letters(group, recipe, folding.draws, number) for number, group in enumerate(groups)]
        read: list[tuple[Logits, Classes]] = []
        for number, held_out in enumerate(crops):
            letters = _joined([others for other, others in enumerate(drawn) if other != number])
            mixture = mixed_shards(shards[-folding.further :], letters, (seed, 22, number))
            network.set_weights(base)
            _fit(network, mixture, folding.further_rate, recipe, places.state / f"fold-{number}")
            fitted = in_full_precision(network, build)
            metrics, temperature = judge_sets(fitted, sets | {SET: held_out})
            figures["folds"].append(metrics)
            read.append((predict(fitted, held_out[0]) / np.float32(temperature), held_out[1]))
            _write(places.output, figures, read)
        return figures


def _fit(network: Any, shards: Sequence[Path | Shard], rate: float, recipe: Recipe, folder: Path) -> None:
    settings = recipe.training
    schedule = Schedule(1, settings.batch_size, rate, settings.weight_decay, recipe.seed)
    fit(network, shards, glyph_loss(settings.label_smoothing), schedule, folder)


def _joined(shards: Sequence[Shard]) -> Shard:
    return np.concatenate([crops for crops, _ in shards]), np.concatenate([classes for _, classes in shards])


def _write(output: Path, figures: dict[str, Any], read: Sequence[tuple[Logits, Classes]]) -> None:
    """Add the figures of all folds together; ``read`` are each fold's logits, calibrated, and the right classes."""
    logits, classes = np.concatenate([part for part, _ in read]), np.concatenate([part for _, part in read])
    together = score(logits, classes, UPPER)
    figures["together"] = together.as_dict() if together else {}
    (output / "folds.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    logger.info("%s: base %s, %d folds %s", SET, figures["base"][SET]["upper"], len(read), together)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/folds"), help="folder for shards and figures")
    parser.add_argument("--shared", type=Path, help="folder that holds characters/; else HCR_SCAN_SHARED")
    parser.add_argument("--fonts", type=Path, help="cache of font files; else OUTPUT/fonts")
    parser.add_argument("--threads", type=int, help="threads of a fit; else the recipe's")
    for field in dataclasses.fields(Folding):
        name, kind = f"--{field.name.replace('_', '-')}", type(field.default)
        parser.add_argument(name, type=kind, default=field.default, help=f"default {field.default}")
    options = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = load_recipe(options["recipe"])
    if options["threads"]:
        recipe = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, threads=options["threads"]))
    folding = Folding(**{field.name: options[field.name] for field in dataclasses.fields(Folding)})
    output = options["output"]
    run(recipe, folding, Places(output, shared_folder(options["shared"]), options["fonts"] or output / "fonts"))


if __name__ == "__main__":
    main()
