"""The student project's recipe carried out: letters read, balanced, split, distorted, fitted, shown and bundled."""

from __future__ import annotations

import importlib.util
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.document import PageFailure
from hcr_scan.errors import DatasetError, MissingDependency, first_line
from hcr_scan.model.classifier import load_classifier
from hcr_scan.model.probabilities import probabilities
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.single import single_glyph
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import count_pages, load_page
from hcr_scan_training.balancing import near_miss
from hcr_scan_training.bundle_writer import write_bundle
from hcr_scan_training.calibration import fit_temperature
from hcr_scan_training.corpus import CHARACTERS, LABELS
from hcr_scan_training.fit import prepare
from hcr_scan_training.kaggle_network import NEVER, distorted_batches, letter_network, scaled, serving_network
from hcr_scan_training.kaggle_recipe import KAGGLE_BOX, KAGGLE_SIDE, KaggleRecipe, load_kaggle_recipe
from hcr_scan_training.kaggle_report import (
    SAMPLES,
    draw_class_counts,
    draw_confusions,
    draw_curves,
    draw_samples,
    draw_single,
    letter_card,
    write_single,
)
from hcr_scan_training.labelled import folder_rows
from hcr_scan_training.run_folder import claimed_run
from hcr_scan_training.tables import Rows, read_rows

logger = logging.getLogger(__name__)

SPEC = CropSpec(KAGGLE_SIDE, KAGGLE_BOX)

CREDENTIALS = (
    "for a Kaggle account make a token at https://www.kaggle.com/settings and put it into ~/.kaggle/kaggle.json, or "
    "set KAGGLE_USERNAME and KAGGLE_KEY"
)


@dataclass(slots=True)
class Stopwatch:
    """Seconds of each stage, and the most memory that the process took until its end, in MiB."""

    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.stages[name] = {"seconds": round(time.monotonic() - start, 1), "peak_mib": round(peak_memory())}
        logger.info("%s: %s", name, self.stages[name])


def peak_memory() -> float:
    """The most memory this process has taken, in MiB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """Crops uint8 (n, 28, 28) and one-hot targets float32 (n, classes) of the three parts."""

    fitted: tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]
    validation: tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]
    test: tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]


def train_kaggle(
    recipe_path: Path, output: Path, data: Path | None = None, download: bool = False, image: Path | None = None
) -> dict[str, Any]:
    """Carry out the recipe; ``output`` gets ``bundle``, ``report``, ``tensorboard``, ``model.keras`` and ``train.log``.

    Args:
        recipe_path: the recipe file.
        output: a folder; what an earlier run of the same recipe left there is written over.
        data: a CSV file, a zip that holds one, an npz, or a folder with a folder of pictures for each letter.
        download: fetch the data that the recipe names from Kaggle.
        image: a picture of one letter from elsewhere, to be read at the end.

    Raises:
        DatasetError: the recipe or the data is missing or malformed, or Kaggle does not hand it out.
        MissingDependency: the train extra, or kagglehub, is not installed.
    """
    recipe = load_kaggle_recipe(recipe_path)
    check_dependencies()
    if download:
        data = downloaded(recipe.rows.download)
    if data is None:
        raise DatasetError(
            "this recipe needs --data FILE, the letters as CSV, zip, npz or folder of pictures; or --download"
        )
    watch = Stopwatch()
    with claimed_run(output, recipe.sha256):
        report = output / "report"
        report.mkdir(parents=True, exist_ok=True)
        keras = prepare(recipe.seed, recipe.fit.threads)
        crops, labels, counts = balanced_crops(recipe, data, watch, report)
        parts, names = split(recipe, crops, labels)
        with watch.stage("fit"):
            network, history = fit_letters(keras, recipe, parts, output / "tensorboard")
        draw_curves(history, report / "curves.png")
        network.save(output / "model.keras")
        metrics = judged(network, parts, names, report) | {"rows": counts, "history": history}
        metrics |= bundle_letters(recipe, network, parts, names, output / "bundle", metrics)
        if image is not None:
            metrics["external"] = read_single(image, output / "bundle", report)
        metrics["stages"] = watch.stages
        (report / "report.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    return metrics


def check_dependencies() -> None:
    """See that all that a run needs is there, before minutes are spent.

    Raises:
        MissingDependency: the train extra is not installed.
    """
    for name in ("keras", "tensorboard", "sklearn", "matplotlib", "onnx"):
        if importlib.util.find_spec(name) is None:
            raise MissingDependency(f"training needs {name}; install it with: pip install 'hcr-scan[train]'")


def downloaded(handle: str) -> Path:
    """The folder of a Kaggle data set, fetched once and cached by kagglehub.

    Raises:
        MissingDependency: kagglehub is not installed.
        DatasetError: Kaggle cannot be reached or does not hand it out.
    """
    try:
        kagglehub = importlib.import_module("kagglehub")
    except ImportError as error:
        raise MissingDependency(
            f"--download needs kagglehub ({error}); install it with: pip install kagglehub. Or download "
            f"https://www.kaggle.com/datasets/{handle} in a browser and give it with --data"
        ) from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises whatever its HTTP library does
        raise DatasetError(
            f"Kaggle did not hand out {handle}: {first_line(error)}; {CREDENTIALS}, or download "
            f"https://www.kaggle.com/datasets/{handle} in a browser and give it with --data"
        ) from error


def open_rows(path: Path) -> Rows:
    """The labelled rows that ``--data`` names: a file, a folder that holds one table, or a folder of pictures."""
    if not path.is_dir():
        return read_rows(path, _numbering(path))
    tables = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".csv", ".zip", ".npz") and p.is_file())
    if not tables:
        return folder_rows(path, SPEC)
    if len({table.stat().st_size for table in tables}) > 1:  # Kaggle's archive holds the same file twice
        raise DatasetError(f"{path} holds {len(tables)} tables; give the one to train on")
    return read_rows(tables[0], _numbering(tables[0]))


def _numbering(path: Path) -> str | None:
    """Kaggle's letters are numbered from 0, also where a part of the file has none above J."""
    return "letters" if path.suffix.lower() in (".csv", ".zip") else None


def balanced_crops(
    recipe: KaggleRecipe, data: Path, watch: Stopwatch, report: Path
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.str_], dict[str, Any]]:
    """Crops and letters after balancing, and what was counted."""
    with watch.stage("read"):
        rows = open_rows(data)
        if rows.images.shape[1:] != (SPEC.size, SPEC.size):
            raise DatasetError(f"{data} has pictures of {rows.images.shape[1:]} pixels; this recipe takes 28 x 28")
        total = len(rows)
        if recipe.rows.drop_first and not rows.header:
            rows = rows.without_first()
            logger.info("%s rows, the first left out, as pandas does: %s", f"{total:,}", f"{len(rows):,}")
    before = rows.counts()
    with watch.stage("balance"):
        chosen = near_miss(rows.images, rows.labels, recipe.rows.neighbors)
    # Nearly the identity on Kaggle's rows; it makes training see what scanning will hand over.
    crops = np.stack([normalize_glyph(image, SPEC) for image in rows.images[chosen]])
    labels = rows.labels[chosen]
    after = Rows(crops, labels).counts()
    draw_class_counts(before, after, report / "class_counts.png")
    counts = {"in_file": total, "used": len(rows), "header": rows.header, "before": before, "after": after}
    return crops, labels, counts


def split(recipe: KaggleRecipe, crops: npt.NDArray[np.uint8], labels: npt.NDArray[np.str_]) -> tuple[Parts, list[str]]:
    """The parts to fit, validate and test, and the names of the targets' columns."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelBinarizer

    binarizer = LabelBinarizer()
    targets = binarizer.fit_transform(labels).astype(np.float32)
    names = [str(name) for name in binarizer.classes_]
    if len(names) < 3:
        raise DatasetError(f"the data has {len(names)} characters ({''.join(names)}); this recipe needs three or more")
    unknown = "".join(name for name in names if name not in CHARACTERS)
    if unknown:
        raise DatasetError(f"the data has the labels {unknown!r}, which hcr-scan cannot read")
    rest, test, rest_targets, test_targets = train_test_split(
        crops, targets, test_size=recipe.split.test, random_state=recipe.seed
    )
    fitted, validation, fitted_targets, validation_targets = train_test_split(
        rest, rest_targets, test_size=recipe.split.validation, random_state=recipe.seed
    )
    logger.info("%d to fit, %d to validate, %d to test", len(fitted), len(validation), len(test))
    return Parts((fitted, fitted_targets), (validation, validation_targets), (test, test_targets)), names


def fit_letters(keras: Any, recipe: KaggleRecipe, parts: Parts, log: Path) -> tuple[Any, dict[str, list[float]]]:
    """The fitted network and its history by epoch."""
    settings = recipe.fit
    crops, targets = parts.fitted
    network = letter_network(targets.shape[1])
    network.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_accuracy",
            patience=settings.patience,
            factor=settings.factor,
            min_lr=settings.least_learning_rate,
            verbose=1,
        ),
        keras.callbacks.TensorBoard(log_dir=str(log), histogram_freq=1),
        keras.callbacks.LambdaCallback(on_epoch_end=_log_epoch),
    ]
    history = network.fit(
        distorted_batches(crops, targets, settings.batch_size, recipe.distortion, recipe.seed),
        steps_per_epoch=-(-len(crops) // settings.batch_size),
        epochs=settings.epochs,
        validation_data=(scaled(parts.validation[0]), parts.validation[1]),
        callbacks=callbacks,
        verbose=0,
    )
    found = {name: [round(float(value), 6) for value in values] for name, values in history.history.items()}
    return network, found


def _log_epoch(epoch: int, logs: dict[str, float]) -> None:
    logger.info("epoch %d: %s", epoch + 1, {name: round(float(value), 4) for name, value in logs.items()})


def judged(network: Any, parts: Parts, names: list[str], report: Path) -> dict[str, Any]:
    """Figures on the test part, with the classification report, confusion matrix and samples written down."""
    from sklearn.metrics import classification_report, confusion_matrix, f1_score

    crops, targets = parts.test
    was = targets.argmax(axis=1)
    read = np.asarray(network.predict(scaled(crops), batch_size=500, verbose=0)).argmax(axis=1)
    columns = range(len(names))
    text = classification_report(was, read, labels=columns, target_names=names, digits=4, zero_division=0)
    (report / "classification_report.txt").write_text(text, encoding="utf-8")
    draw_confusions(confusion_matrix(was, read, labels=columns), names, report / "confusion.png")
    shown = slice(0, SAMPLES)
    draw_samples(crops[shown], [names[i] for i in was[shown]], [names[i] for i in read[shown]], report / "samples.png")
    figures = {
        "pictures": len(was),
        "accuracy": round(float((was == read).mean()), 4),
        "macro_f1": round(float(f1_score(was, read, labels=columns, average="macro", zero_division=0)), 4),
    }
    logger.info("test: %s", figures)
    return {"test": figures}


def bundle_letters(
    recipe: KaggleRecipe, network: Any, parts: Parts, names: list[str], folder: Path, metrics: dict[str, Any]
) -> dict[str, Any]:
    """Write the bundle; its temperature is fitted on the validation part."""
    serving = serving_network(network)
    crops, targets = parts.validation
    logits = np.asarray(serving.predict(crops, batch_size=500, verbose=0), np.float32)
    wide = np.full((len(crops), len(LABELS)), NEVER, np.float32)
    wide[:, [CHARACTERS.index(name) for name in names]] = logits[:, :-1]
    classes = np.array([CHARACTERS.index(names[i]) for i in targets.argmax(axis=1)], np.int16)
    temperature = fit_temperature(wide, classes, "".join(names))
    figures = {"test": metrics["test"], "validation": {"pictures": len(crops)}}
    card = letter_card(recipe, names, metrics)
    write_bundle(folder, serving, None, SPEC, temperature, 0.0, figures, recipe.sha256, card, [*names, ""])
    logger.info("bundle written to %s", folder)
    return {"temperature": temperature}


def read_single(path: Path, bundle: Path, report: Path) -> dict[str, Any]:
    """Read one picture from elsewhere with the finished bundle, and write the answer down in three ways."""
    settings = SourceSettings(pages="1")
    pages = count_pages(str(path), settings)
    page = pages if isinstance(pages, PageFailure) else load_page(pages[0], settings)
    if isinstance(page, PageFailure):
        raise DatasetError(f"--image: {page.message}")
    found = single_glyph(page.pixels)
    if found is None:
        raise DatasetError(f"--image {path} is blank")
    crop = normalize_glyph(found[0], SPEC)
    classifier = load_classifier(bundle)
    info = classifier.info
    chances = probabilities(classifier.predict(crop[None]), info.labels, info.characters, info.temperature)[0]
    answers = [(info.labels[i], float(chances[i])) for i in np.argsort(-chances, kind="stable")[:3]]
    draw_single(page.pixels, crop, answers, report / "external.png")
    write_single(path.name, answers, report)
    logger.info("%s: read %s (%.3f)", path, *answers[0])
    return {"image": path.name, "text": answers[0][0], "confidence": round(answers[0][1], 4)}
