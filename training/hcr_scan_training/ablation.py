"""What each ingredient of a recipe is worth: python -m hcr_scan_training.ablation RECIPE -o runs/ablation

One short fit from nothing with everything, and one without each ingredient, all with the same seed, number of crops and
judges; ``everything again`` has another seed and tells what chance does. The figures are in ``ablation.json``, the log
in ``train.log``. The same command goes on with a run that was interrupted, or with rows not asked for before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hcr_scan_training.corpus import shared_folder
from hcr_scan_training.fit import prepare
from hcr_scan_training.recipe import Cycle, Recipe, load_recipe
from hcr_scan_training.run_folder import claimed_run
from hcr_scan_training.train import Places, fit_glyphs, judge_glyphs

logger = logging.getLogger(__name__)

_FONTS = ("handwriting_fonts", "school_fonts", "print_fonts")


def _without(*names: str) -> Callable[[Recipe], Recipe]:
    def change(recipe: Recipe) -> Recipe:
        sets = {name: weight for name, weight in recipe.data.sets.items() if name not in names}
        return replace(recipe, data=replace(recipe.data, sets=sets))

    return change


def _data(**values: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, data=replace(recipe.data, **values))


#: What becomes of the recipe in each row, the most telling ones first.
ROWS: dict[str, Callable[[Recipe], Recipe]] = {
    "everything": lambda recipe: recipe,
    "no fonts": _without(*_FONTS),
    "everything again": lambda recipe: replace(recipe, seed=recipe.seed + 1),
    "no distortion": _data(distortion=0.0),
    "no pen strokes": _without("unipen_strokes"),
    "no drawn shapes": _without("shapes"),
    "no capture": _data(capture=False),
    "no soiling": _data(soiling=False),
    "no negatives": _data(negatives=0.0),
    "half the channels": lambda recipe: replace(recipe, training=replace(recipe.training, width=0.5)),
}


def run(
    recipe: Recipe, places: Places, shards: int = 6, learning_rate: float = 2e-3, rows: Sequence[str] = tuple(ROWS)
) -> dict[str, Any]:
    """Fit and judge each row that ``places.output/ablation.json`` does not have yet; returns all that it then has.

    Raises:
        DatasetError: data is missing or malformed, or the folder belongs to another recipe or other settings.
        MissingDependency: the train extra, or npm, is not installed.
    """
    claim = hashlib.sha256(f"{recipe.sha256} {shards} {learning_rate}".encode()).hexdigest()
    target = places.output / "ablation.json"
    with claimed_run(places.output, claim):
        figures: dict[str, Any] = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
        for name in rows:
            if name in figures:
                continue
            logger.info("%s: %d shards", name, shards)
            changed = ROWS[name](recipe)
            changed = replace(changed, training=replace(changed.training, cycles=(Cycle(shards, 1, learning_rate),)))
            prepare(changed.seed, changed.training.threads, changed.training.mixed_precision)
            row = Places(places.output / name.replace(" ", "-"), places.shared, places.fonts)
            figures[name] = judge_glyphs(recipe, places, fit_glyphs(changed, row))[0]
            target.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return figures


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("runs/ablation"), help="folder for shards and figures"
    )
    parser.add_argument("--shared", type=Path, help="folder that holds characters/; else HCR_SCAN_SHARED")
    parser.add_argument("--fonts", type=Path, help="cache of font files; else OUTPUT/fonts")
    parser.add_argument("--threads", type=int, help="threads of a fit; else the recipe's")
    parser.add_argument("--shards", type=int, default=6, help="new shards of each row; default 6")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="peak rate; default 0.002")
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS), help="default all")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = load_recipe(options.recipe)
    if options.threads:
        recipe = replace(recipe, training=replace(recipe.training, threads=options.threads))
    fonts = options.fonts or options.output / "fonts"
    places = Places(options.output, shared_folder(options.shared), fonts)
    run(recipe, places, options.shards, options.learning_rate, options.rows)


if __name__ == "__main__":
    main()
