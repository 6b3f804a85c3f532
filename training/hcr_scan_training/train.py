"""A recipe carried out: crops drawn, networks fitted, calibrated, judged and written as a bundle."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.normalization import CropSpec
from hcr_scan.writer_style import StyleTable
from hcr_scan_training.bundle_writer import write_bundle
from hcr_scan_training.calibration import fit_temperature
from hcr_scan_training.card import bundle_card
from hcr_scan_training.corpus import ALPHANUMERIC, LABELS, read_strokes, shared_folder
from hcr_scan_training.dataset import Shard, build_shards
from hcr_scan_training.fit import Schedule, fit, glyph_loss, prepare
from hcr_scan_training.manifest import corpus_manifest, write_manifest
from hcr_scan_training.metrics import DIGITS, LOWER, UPPER, confusions, rejection, score
from hcr_scan_training.network import glyph_network, import_keras, multiply_adds, page_network
from hcr_scan_training.page_data import (
    KINDS,
    build_page_crops,
    draw_page_crops,
    open_page_sources,
    page_loss,
    page_scores,
)
from hcr_scan_training.placement import placement_of
from hcr_scan_training.recipe import Recipe, load_recipe
from hcr_scan_training.run_folder import claimed_run
from hcr_scan_training.sources import open_sources
from hcr_scan_training.validation import drawn_negatives, validation_sets
from hcr_scan_training.writer_style import style_of

logger = logging.getLogger(__name__)

#: Crops of the page model's judgement, and of the negatives.
JUDGED = 12_000
JUDGED_NEGATIVES = 4_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run reads and writes: ``output`` gets the bundle, ``output/state`` what a resumed run goes on from."""

    output: Path
    shared: Path
    fonts: Path

    @property
    def state(self) -> Path:
        return self.output / "state"


def train(recipe_path: Path, output: Path, shared: Path | None = None, fonts: Path | None = None) -> dict[str, Any]:
    """Carry out the recipe and write the bundle to ``output/bundle``; returns its metrics.

    A run that was interrupted goes on where it was when started again with the same recipe and ``output``.

    Raises:
        DatasetError: the recipe or its data is missing or malformed, or ``output`` belongs to another recipe.
        MissingDependency: the train extra, or npm, is not installed.
    """
    recipe = load_recipe(recipe_path)
    places = Places(output, shared_folder(shared), fonts or output / "fonts")
    with claimed_run(output, recipe.sha256):
        prepare(recipe.seed, recipe.training.threads, recipe.training.mixed_precision)
        if not (manifest := output / "manifest.json").exists():
            write_manifest(corpus_manifest(recipe, places.shared, places.fonts), manifest)
        glyph = fit_glyphs(recipe, places)
        page = _fit_pages(recipe, places)
        return finish(recipe, places, glyph, page)


def finish(recipe: Recipe, places: Places, glyph: Any, page: Any) -> dict[str, Any]:
    """Calibrate and judge two fitted networks and write the bundle."""
    spec = recipe.crops.spec()
    metrics, temperature = judge_glyphs(recipe, places, glyph)
    metrics["page"] = judge_pages(recipe, places, page)
    bundle = places.output / "bundle"
    card = bundle_card(recipe, metrics)
    placement = placement_of(recipe.data, places.shared, places.fonts)
    extra = {"placement": placement.document() if placement else None}
    style = _style(recipe, places, glyph)
    write_bundle(bundle, glyph, page, spec, temperature, 0.0, metrics, recipe.sha256, card, extra=extra, style=style)
    logger.info("bundle written to %s: %s", bundle, json.dumps(metrics))
    return metrics


def _style(recipe: Recipe, places: Places, glyph: Any) -> StyleTable | None:
    """How writers differ, from those of the pen strokes that the recipe trains on."""
    if recipe.data.sets.get("unipen_strokes", 0) <= 0:
        return None
    strokes = read_strokes(places.shared / "characters" / "unipen_strokes.npz")
    return style_of(lambda crops: predict(glyph, crops), LABELS, strokes, recipe.crops.spec(), recipe.seed)


def fit_glyphs(recipe: Recipe, places: Places) -> Any:
    """The recipe's crops drawn and its cycles carried out, each going on from what ``places.state`` holds."""
    settings = recipe.training
    shards = build_shards(recipe, places.shared, places.fonts, places.state / "shards")

    def build() -> Any:
        return glyph_network(recipe.crops.spec(), len(LABELS), settings.width)

    network, first = build(), 0
    used: list[Path] = []
    for number, cycle in enumerate(settings.cycles):
        schedule = Schedule(
            cycle.passes, settings.batch_size, cycle.learning_rate, settings.weight_decay, recipe.seed + number
        )
        if cycle.again:
            used = used[-cycle.shards :]
        else:
            used = shards[first : first + cycle.shards]
            first += cycle.shards
        fit(network, used, glyph_loss(settings.label_smoothing), schedule, places.state / f"fit-{number}")
    return in_full_precision(network, build)


def in_full_precision(network: Any, build: Callable[[], Any]) -> Any:
    """The weights of ``network`` in a float32 twin made by ``build``: fitted in bfloat16, used and saved in float32.

    Kernels keep the 16 bits that a fit in bfloat16 computes with; the file then compresses to half its size.
    """
    import_keras().mixed_precision.set_global_policy("float32")
    twin = build()
    twin.set_weights([_rounded(weight) if weight.ndim > 1 else weight for weight in network.get_weights()])
    return twin


def _rounded(weights: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """To the nearest bfloat16 (half away from zero), as float32."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    return np.asarray(((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32))


def _fit_pages(recipe: Recipe, places: Places) -> Any:
    settings = recipe.page
    crops, codes = build_page_crops(recipe, places.shared, places.fonts, places.state / "page")
    network = page_network(recipe.crops.spec(), 4 + KINDS)
    schedule = Schedule(settings.passes, settings.batch_size, settings.learning_rate, seed=recipe.seed)
    planes = crops[..., None]
    parts = [(planes[start : start + 40_000], codes[start : start + 40_000]) for start in range(0, len(codes), 40_000)]
    return fit(network, parts, page_loss(), schedule, places.state / "fit")


def predict(network: Any, crops: npt.NDArray[Any], block: int = 500) -> npt.NDArray[np.float32]:
    """Logits of crops, block by block."""
    parts = [np.asarray(network.predict_on_batch(crops[i : i + block])) for i in range(0, len(crops), block)]
    return np.concatenate(parts).astype(np.float32)


def judge_glyphs(recipe: Recipe, places: Places, network: Any) -> tuple[dict[str, Any], float]:
    """Accuracy, calibration and rejection on sets never trained on; and the temperature fitted on held-out writers."""
    spec = recipe.crops.spec()
    metrics, temperature = judge_sets(network, validation_sets(places.shared, spec, recipe.seed))
    metrics["negatives_rejected"] = _judge_negatives(recipe, places, network, spec, temperature)
    return metrics, temperature


def judge_sets(network: Any, sets: dict[str, Shard]) -> tuple[dict[str, Any], float]:
    """Accuracy and calibration on each set; and the temperature, fitted on ``unipen_held_out`` where that is there."""
    answers = {name: predict(network, crops) for name, (crops, _) in sets.items()}
    temperature = 1.0
    if "unipen_held_out" in sets:
        temperature = fit_temperature(answers["unipen_held_out"], sets["unipen_held_out"][1], UPPER + DIGITS)
    metrics: dict[str, Any] = {"multiply_adds": multiply_adds(network), "weights": int(network.count_params())}
    for name, (_, classes) in sets.items():
        figures: dict[str, Any] = {}
        for label, charset in (("upper", UPPER), ("digits", DIGITS), ("lower", LOWER), ("block", UPPER + DIGITS)):
            found = score(answers[name], classes, charset, temperature)
            if found is not None:
                figures[label] = found.as_dict()
        block = np.isin(classes, range(36))
        if block.any():
            figures["wrongly_rejected"] = round(rejection(answers[name][block], UPPER + DIGITS, temperature), 4)
        metrics[name] = figures
        logger.info("%s: %s; mistakes %s", name, figures, confusions(answers[name], classes, UPPER + DIGITS))
    return metrics, temperature


def _judge_negatives(recipe: Recipe, places: Places, network: Any, spec: CropSpec, temperature: float) -> float:
    data = dataclasses.replace(recipe.data, sets={"unipen_strokes": 1.0})
    held_out = open_sources(data, places.shared, places.fonts, held_out=True)
    crops, _ = drawn_negatives(held_out, ALPHANUMERIC[:36], spec, JUDGED_NEGATIVES, recipe.seed)
    return round(rejection(predict(network, crops), UPPER + DIGITS, temperature), 4)


def judge_pages(recipe: Recipe, places: Places, network: Any) -> dict[str, Any]:
    """Kind and turn on writers and fonts never trained on."""
    sources = open_page_sources(recipe, places.shared, places.fonts, held_out=True)
    random = np.random.default_rng([recipe.seed, 123])
    crops, codes = draw_page_crops(sources, recipe.crops.spec(), JUDGED, random)
    figures: dict[str, Any] = dict(page_scores(predict(network, crops[..., None]), codes))
    figures |= {"multiply_adds": multiply_adds(network), "weights": int(network.count_params())}
    return figures
