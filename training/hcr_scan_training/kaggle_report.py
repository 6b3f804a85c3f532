"""What a run of the student project's recipe shows for itself: curves, counts, samples, confusions, as pictures."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import MissingDependency
from hcr_scan.images import Gray
from hcr_scan_training.kaggle_recipe import KaggleRecipe

logger = logging.getLogger(__name__)

#: Pictures in the grid of samples.
SAMPLES = 36


def pyplot() -> Any:
    """Matplotlib's drawing board, without a screen.

    Raises:
        MissingDependency: the train extra is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingDependency(
            f"the report's pictures need Matplotlib ({error}); install it with: pip install 'hcr-scan[train]'"
        ) from error
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def draw_curves(history: dict[str, list[float]], target: Path) -> None:
    """Accuracy and loss by epoch, of training and validation."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    epochs = range(1, len(history["loss"]) + 1)
    for axis, key in zip(axes, ("accuracy", "loss"), strict=True):
        axis.plot(epochs, history[key], marker="o", label="training")
        axis.plot(epochs, history[f"val_{key}"], marker="o", label="validation")
        axis.set(xlabel="epoch", title=key, xticks=list(epochs))
        axis.grid(alpha=0.3)
        axis.legend()
    _save(plt, figure, target)


def draw_class_counts(before: dict[str, int], after: dict[str, int], target: Path) -> None:
    """Rows of each class before and after balancing."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(10, 7))
    for axis, counts, title in zip(axes, (before, after), ("before balancing", "after balancing"), strict=True):
        bars = axis.bar(list(counts), list(counts.values()))
        axis.bar_label(bars, fontsize=6, fmt="{:,.0f}")
        axis.set(title=f"{title}: {sum(counts.values()):,} rows", ylabel="rows")
    _save(plt, figure, target)


def draw_samples(images: npt.NDArray[np.uint8], was: list[str], read: list[str], target: Path) -> None:
    """The first test pictures with what they are and what was read; mistakes in red."""
    plt = pyplot()
    side = int(np.ceil(np.sqrt(min(SAMPLES, len(images)))))
    figure, axes = plt.subplots(side, side, figsize=(1.3 * side, 1.5 * side), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, truth, answer in zip(axes.flat, images, was, read, strict=False):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axis.set_title(f"{truth} read {answer}", color="black" if truth == answer else "red", fontsize=9)
    _save(plt, figure, target)


def draw_confusions(matrix: npt.NDArray[np.int64], labels: list[str], target: Path) -> None:
    """How often each letter was read as which; the right answers are left blank, so that mistakes can be seen."""
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(9, 8))
    mistakes = np.where(np.eye(len(labels), dtype=bool), 0, matrix)
    axis.imshow(mistakes, cmap="Reds")
    for row, column in zip(*np.nonzero(matrix), strict=True):
        shade = "grey" if row == column else "black"
        axis.text(column, row, int(matrix[row, column]), ha="center", va="center", fontsize=6, color=shade)
    ticks = range(len(labels))
    axis.set(xticks=ticks, yticks=ticks, xticklabels=labels, yticklabels=labels, xlabel="read", ylabel="was")
    _save(plt, figure, target)


def draw_single(picture: Gray, crop: npt.NDArray[np.uint8], answers: list[tuple[str, float]], target: Path) -> None:
    """One picture from elsewhere, the crop that the model saw, and its best answers."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(9, 3))
    for axis, image, title in zip(axes, (picture, crop), ("picture", "what the model sees"), strict=False):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set_title(title)
        axis.axis("off")
    names, chances = [name for name, _ in reversed(answers)], [chance for _, chance in reversed(answers)]
    axes[2].barh(names, chances)
    axes[2].set(xlim=(0, 1), title=f"read: {answers[0][0]}")
    _save(plt, figure, target)


def write_single(source: str, answers: list[tuple[str, float]], folder: Path) -> None:
    """The same answers as JSON and as text, beside the picture."""
    listed = [{"text": name, "confidence": round(chance, 6)} for name, chance in answers]
    document = {
        "image": source,
        "text": answers[0][0],
        "confidence": listed[0]["confidence"],
        "alternatives": listed[1:],
    }
    (folder / "external.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "external.txt").write_text(f"{answers[0][0]}\n", encoding="utf-8")


def letter_card(recipe: KaggleRecipe, names: list[str], metrics: dict[str, Any]) -> str:
    """The README of the bundle, in Markdown."""
    test, rows = metrics["test"], metrics["rows"]
    return f"""\
# hcr-scan model `{recipe.name}`

Reads single hand-printed characters, `{"".join(names)}`, with the student project's network: three convolutions and
two dense layers, trained for {recipe.fit.epochs} epochs on {sum(rows["after"].values()):,} of {rows["used"]:,} rows,
chosen by NearMiss so that each letter has as many as the rarest.

Made by `hcr-scan train training/recipes/kaggle-az.toml` (recipe SHA-256 `{recipe.sha256[:16]}`).
Use it with `hcr-scan --model FOLDER --charset upper`.

## Figures

{100 * test["accuracy"]:.2f} % of {test["pictures"]:,} test pictures (split off after balancing), macro F1
{test["macro_f1"]:.3f}. They come from the same source as the training pictures: expect less on other handwriting.

## Limits

It was never shown what is no character and calls everything a letter; it has no network that tells print from
handwriting. The model shipped with hcr-scan reads better; this one is kept as the yardstick.
"""


def _save(plt: Any, figure: Any, target: Path) -> None:
    figure.tight_layout()
    # Without dates and versions the same run gives the same bytes.
    figure.savefig(target, dpi=110, metadata={"Software": None})
    plt.close(figure)
    logger.info("drawn: %s", target)
