"""A model fitted to one person's handwriting, without forgetting everyone else's."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import DatasetError, OutputError
from hcr_scan.images import Ink
from hcr_scan.model.bundle import MANIFEST, NETWORK_KERAS, PAGE_MODEL, Bundle, ModelInfo, load_bundle
from hcr_scan.model.classifier import load_classifier
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.run_report import counted
from hcr_scan.shares import wilson_interval
from hcr_scan_training.augmentation import Random, captured, soiled, warped_bitmap
from hcr_scan_training.bundle_writer import write_bundle
from hcr_scan_training.corpus import CHARACTERS, shared_folder
from hcr_scan_training.evaluation import KINDS, evaluate
from hcr_scan_training.evaluation_report import write_evaluation
from hcr_scan_training.fit import prepare
from hcr_scan_training.labelled import Glyphs, read_glyphs
from hcr_scan_training.negatives import negative
from hcr_scan_training.recipe import Data
from hcr_scan_training.sources import Sources, open_sources

logger = logging.getLogger(__name__)

#: One character in this many is held back, by a hash of its ink, to tell whether the others helped.
CHECK_SHARE = 4
#: Fewer characters than these are too few to learn from and to judge by; of one label fewer than these are told.
FEWEST, FEWEST_OF_ONE = 48, 5
#: Characters of other writers that before and after are compared on, at most, from each set.
OTHERS = 4_000
#: Sets of other writers' characters, and whether only the held-out ones count.
_OTHERS = {"unipen_strokes.npz": True, "digilets_strokes.npz": False}
#: What is drawn from so that other writers are not forgotten, where it is at hand.
_REHEARSED = Data({"emnist_byclass": 0.5, "unipen_strokes": 0.5})


@dataclass(frozen=True, slots=True)
class Tuning:
    """How far a model may move: ``draws`` distorted crops of each character, within bounds, are shown once.

    ``blend`` is the share of the way from the old weights to the new: in between both hands are read nearly as well as
    at either end; ``rehearsed_blend`` holds where other writers' characters are shown too. ``none`` is the share of
    crops that are no character, made of the same handwriting; ``none_given`` is how many of them are made of pictures
    of what is none instead, where there are any.
    """

    draws: int = 24
    fewest: int = 3_000
    most: int = 16_000
    none: float = 0.1
    none_given: float = 0.5
    learning_rate: float = 1e-3
    batch_size: int = 64
    blend: float = 0.5
    rehearsed_blend: float = 0.6
    seed: int = 0
    threads: int = 2


def fine_tune(base: Path | None, data: Path, output: Path, tuning: Tuning | None = None) -> str:
    """Fit a bundle to the handwriting in ``data`` and write the result, a bundle too, to ``output``.

    A quarter of the characters is held back and read before and after; so are other writers, where ``characters/`` is
    at hand (``HCR_SCAN_SHARED``), and then some of theirs are shown in between, so that they are not forgotten.
    Returns what came of it, in words; ``output/report`` has all figures.

    Raises:
        DatasetError: the data is malformed, too little, or nothing the model has labels for.
        ModelError: the bundle is missing or damaged.
        OutputError: ``output`` is there already, or cannot be written.
        MissingDependency: the train extra is not installed.
    """
    tuning = tuning or Tuning()
    _refuse_existing(output)
    bundle = load_bundle(base)
    fitted, checked = divided(_known(read_glyphs(data), bundle.info))
    keras = prepare(tuning.seed, tuning.threads)
    _make(output)  # Not before all that may be refused has been looked at, and before anything that takes long.
    network = keras.saving.load_model(bundle.verified_path(NETWORK_KERAS), compile=False, safe_mode=True)
    shared = _shared()
    sources = None if shared is None else open_sources(_REHEARSED, shared, shared / "no-fonts")
    tune(keras, network, bundle.info, fitted, tuning, sources)
    before = load_classifier(base)
    figures = {"own": {"before": evaluate(before, checked)[0]}, "others": {}}
    others = {} if shared is None else other_writers(shared, bundle.info, tuning.seed)
    for name, glyphs in others.items():
        figures["others"][name] = {"before": evaluate(before, glyphs)[0]}
    _write(bundle, network, output, tuning, fitted, figures)
    after = load_classifier(output)
    figures["own"]["after"], crops = evaluate(after, checked)
    for name, glyphs in others.items():
        figures["others"][name]["after"] = evaluate(after, glyphs)[0]
    write_evaluation(output / "report", figures["own"]["after"], crops, f"{data.name}, after fine-tuning")
    (output / "report" / "fine_tuning.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return "\n".join([*outcome(figures), f"bundle written to {output}; use it with: hcr-scan --model {output}"])


def _refuse_existing(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output} is there already; give another folder with -o, or remove it")


def _make(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made: {error.strerror}; give another folder with -o") from error


def _shared() -> Path | None:
    try:
        folder = shared_folder()
    except DatasetError:
        logger.info("no characters of other writers at hand (HCR_SCAN_SHARED): the old weights are kept close instead")
        return None
    needed = [*(f"{name}.npz" for name in _REHEARSED.sets), *_OTHERS]
    return folder if all((folder / "characters" / name).exists() for name in needed) else None


def _known(glyphs: Glyphs, info: ModelInfo) -> Glyphs:
    """Those that the model has labels for."""
    known = np.array([label in info.labels for label in glyphs.labels.tolist()], np.bool_)
    missing = "".join(sorted(set(glyphs.labels[~known].tolist())))
    if missing:
        logger.warning("left out: %d characters that the model has no label for: %s", (~known).sum(), missing)
    if not known.any():
        raise DatasetError(f"{glyphs.name}: the model has no label for {missing}; it reads {info.characters}")
    return glyphs.chosen(np.flatnonzero(known))


def divided(glyphs: Glyphs) -> tuple[Glyphs, Glyphs]:
    """The characters to learn from and those held back: by a hash of the ink, so that repeats stay together.

    Raises:
        DatasetError: there are too few.
    """
    digests = [hashlib.sha256(repr(ink.shape).encode() + ink.tobytes()).digest() for ink in glyphs.inks]
    held_back = np.array([digest[0] % CHECK_SHARE == 0 for digest in digests], np.bool_)
    fitted, checked = glyphs.chosen(np.flatnonzero(~held_back)), glyphs.chosen(np.flatnonzero(held_back))
    if glyphs.characters < FEWEST or 0 in (fitted.characters, checked.characters):
        raise DatasetError(
            f"{glyphs.name} has {counted(glyphs.characters, 'character')}, {checked.characters} of them held back: "
            f"too few to learn from and to judge by; give {FEWEST} or more, {FEWEST_OF_ONE} or more of each"
        )
    few = sorted(label for label, count in Counter(glyphs.labels.tolist()).items() if label and count < FEWEST_OF_ONE)
    if few:
        logger.warning("fewer than %d of %s: give more, or they are hardly learned", FEWEST_OF_ONE, " ".join(few))
    logger.info("%d characters to learn from, %d held back", fitted.characters, checked.characters)
    return fitted, checked


def tune(
    keras: Any, network: Any, info: ModelInfo, fitted: Glyphs, tuning: Tuning, sources: Sources | None = None
) -> None:
    """Move the weights of ``network`` toward the handwriting in ``fitted``; ``sources`` draw other writers."""
    random = np.random.default_rng([tuning.seed, 5])
    count = int(np.clip(tuning.draws * fitted.characters, tuning.fewest, tuning.most))
    crops, targets = own_crops(fitted, info, count, tuning, random)
    if sources is not None:
        others, other_targets = other_crops(sources, info, count, random)
        crops, targets = np.concatenate([crops, others]), np.concatenate([targets, other_targets])
    start = network.get_weights()
    for layer in network.layers:
        # Means and spreads of a few hundred characters of one hand are worth less than those of everyone's.
        layer.trainable = type(layer).__name__ != "BatchNormalization"
    present = sorted({info.labels.index(label) for label in fitted.labels.tolist()} | {len(info.labels) - 1})
    steps = -(-len(crops) // tuning.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(tuning.learning_rate, steps)
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=own_hand_loss(keras, info.labels, present),
        jit_compile=False,
    )
    network.fit(crops, targets, batch_size=tuning.batch_size, epochs=1, verbose=0)
    moved = network.get_weights()
    blend = np.float32(tuning.blend if sources is None else tuning.rehearsed_blend)
    network.set_weights([old + blend * (new - old) for old, new in zip(start, moved, strict=True)])


def own_crops(
    fitted: Glyphs, info: ModelInfo, count: int, tuning: Tuning, random: Random
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Crops of one's own handwriting as forms may show it, each label equally often, and of what is no character.

    Targets are label numbers plus the number of labels, which marks them as one's own.
    """
    rows_of = {label: np.flatnonzero(fitted.labels == label) for label in np.unique(fitted.labels).tolist()}
    names = [label for label in rows_of if label]

    def drawn_of(label: str) -> Ink:
        return warped_bitmap(fitted.inks[int(random.choice(rows_of[label]))], random)

    def draw() -> tuple[Ink, str]:
        label = names[int(random.integers(len(names)))]
        return drawn_of(label), label

    crops = np.zeros((count, info.crop_spec.size, info.crop_spec.size), np.uint8)
    targets = np.zeros(count, np.int32)
    previous: Ink | None = None
    for row in range(count):
        if random.random() < tuning.none:
            given = "" in rows_of and random.random() < tuning.none_given
            ink, number = drawn_of("") if given else negative(draw, random), len(info.labels) - 1
        else:
            drawn, label = draw()
            ink, number = soiled(drawn, random, previous), info.labels.index(label)
            previous = ink
        crops[row] = _captured_crop(ink, random, info.crop_spec)
        targets[row] = number + len(info.labels)
    return crops, targets


def other_crops(
    sources: Sources, info: ModelInfo, count: int, random: Random
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Crops of other writers, every letter and digit that the model reads equally often, and what is no character."""
    readable = [label for label in info.labels if label.isalnum() and label in CHARACTERS]

    def draw() -> tuple[Ink, str]:
        label = readable[int(random.integers(len(readable)))]
        return sources.draw(CHARACTERS.index(label), random), label

    crops = np.zeros((count, info.crop_spec.size, info.crop_spec.size), np.uint8)
    targets = np.zeros(count, np.int32)
    for row in range(count):
        if random.random() < 0.1:
            ink, targets[row] = negative(draw, random), len(info.labels) - 1
        else:
            ink, label = draw()
            ink, targets[row] = soiled(ink, random), info.labels.index(label)
        crops[row] = _captured_crop(ink, random, info.crop_spec)
    return crops, targets


def _captured_crop(ink: Ink, random: Random, spec: CropSpec) -> npt.NDArray[np.uint8]:
    return normalize_glyph(captured(ink, random), spec)


def own_hand_loss(keras: Any, labels: tuple[str, ...], present: list[int]) -> Callable[[Any, Any], Any]:
    """Cross-entropy; of one's own handwriting only among the labels it shows, half of it among those of one kind.

    Labels that one's own handwriting never shows would otherwise be unlearned; and what is asked for in a form is
    mostly capitals, or digits, where ``c`` costs ``C`` nothing.
    """
    count = len(labels)
    shown = np.isin(np.arange(count), present)
    kinds = np.array([_kind(label) for label in labels])
    alike = (kinds[:, None] == kinds[None, :]) | (kinds == "")[None, :] | (kinds == "")[:, None]
    own = np.broadcast_to(shown, (count, count))
    everything = np.ones((count, count), np.bool_)
    tables = [
        keras.ops.convert_to_tensor(np.where(np.concatenate(allowed), 0.0, -1e4).astype(np.float32))
        for allowed in ((everything, own), (alike, own & alike))
    ]

    def loss(targets: Any, logits: Any) -> Any:
        ops = keras.ops
        rows = ops.reshape(ops.cast(targets, "int32"), (-1,))
        wanted = ops.one_hot(ops.mod(rows, count), count)
        parts = [
            -ops.sum(wanted * ops.log_softmax(logits + ops.take(table, rows, axis=0)), axis=-1) for table in tables
        ]
        return 0.5 * parts[0] + 0.5 * parts[1]

    return loss


def _kind(label: str) -> str:
    if not label:
        return ""
    return "digit" if label.isdigit() else "upper" if label.isupper() else "lower" if label.islower() else "mark"


def other_writers(shared: Path, info: ModelInfo, seed: int) -> dict[str, Glyphs]:
    """Characters of writers that no training sees, by set."""
    sets = {}
    for file, held_out in _OTHERS.items():
        glyphs = read_glyphs(shared / "characters" / file, held_out_only=held_out, seed=seed)
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(len(glyphs))[:OTHERS])
        sets[file.removesuffix(".npz")] = _known(glyphs.chosen(chosen), info)
    return sets


def _write(bundle: Bundle, network: Any, output: Path, tuning: Tuning, fitted: Glyphs, figures: dict[str, Any]) -> None:
    info = bundle.info
    manifest = json.loads((bundle.folder / MANIFEST).read_text(encoding="utf-8"))
    origin = {"from": info.sha256, "tuning": dataclasses.asdict(tuning), "characters": fitted.characters}
    extra = {"fine_tuned": origin} | {key: manifest[key] for key in ("placement",) if key in manifest}
    page = bundle.read(PAGE_MODEL) if PAGE_MODEL in bundle.files else None
    digest = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()
    card = _card(info, fitted)
    metrics = {"before_fine_tuning": accuracy_by_set(figures["own"]["before"])}
    temperature, reject_below = info.temperature, info.reject_below
    write_bundle(
        *(output, network, page, info.crop_spec, temperature, reject_below, metrics, digest, card, info.labels, extra),
        style=info.style,
    )


def _card(info: ModelInfo, fitted: Glyphs) -> str:
    return f"""\
# hcr-scan model fine-tuned to one handwriting

Made by `hcr-scan train --from` out of the model sha256:{info.sha256[:16]}, with {fitted.characters} characters
(`{"".join(sorted(set(fitted.labels.tolist())))}`). Figures before and after are in `report/`.
Licences of what the first model was made from hold on; see its card.
"""


def accuracy_by_set(figures: dict[str, Any]) -> dict[str, Any]:
    """Accuracy within each character set, and within each character's own kind over all of them."""
    right, total = _right(figures)
    by_set = {name: values["accuracy"] for name, values in figures["sets"].items()}
    return {"count": total, "accuracy": round(right / total, 5) if total else None, **by_set}


def _right(figures: dict[str, Any]) -> tuple[int, int]:
    """How many characters are right within their kind, and how many there are."""
    kinds = [figures["sets"][name] for name in KINDS if name in figures["sets"]]
    return sum(round(kind["count"] * kind["accuracy"]) for kind in kinds), sum(kind["count"] for kind in kinds)


def outcome(figures: dict[str, Any]) -> list[str]:
    """What came of it, in words."""
    lines = [_line("your handwriting, held back", figures["own"]), *_doubt(figures["own"])]
    lines += [_line(f"other writers, {name}", pair) for name, pair in figures["others"].items()]
    return lines


def _doubt(pair: dict[str, Any]) -> list[str]:
    """What is to be said where so few characters were held back that before and after may be the same by chance."""
    (before, _), (after, count) = _right(pair["before"]), _right(pair["after"])
    if not count:
        return []
    (low, high), (new_low, new_high) = wilson_interval(before, count), wilson_interval(after, count)
    if new_low > high or low > new_high:
        return []
    text = (
        f"  {before} of {count} right before, {after} of {count} after; so few stand for {100 * low:.0f} to "
        f"{100 * high:.0f} % and {100 * new_low:.0f} to {100 * new_high:.0f} % (95 % sure), which does not show that "
        "the new model reads better: compare both on pages of yours, or give more pictures"
    )
    return [text]


def _line(title: str, pair: dict[str, Any]) -> str:
    before, after = accuracy_by_set(pair["before"]), accuracy_by_set(pair["after"])
    parts = [
        f"{name} {100 * before[name]:.1f} -> {100 * after[name]:.1f}"
        for name in before
        if name in after and name not in ("count", "accuracy")
    ]
    return (
        f"{title} ({before['count']:,} characters): {100 * before['accuracy']:.1f} -> {100 * after['accuracy']:.1f} % "
        f"right within their kind; {', '.join(parts)}"
    )
