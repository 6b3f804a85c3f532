"""The recipe of the student project that this program grew from: Kaggle's letters, balanced, and a small network."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hcr_scan.errors import DatasetError
from hcr_scan_training.recipe import read_document, refuse_unknown, section

#: Kaggle's letters are fitted to 20 x 20 pixels and centered in 28 x 28.
KAGGLE_SIDE, KAGGLE_BOX = 28, 20

#: The key and value at the top of a recipe file that is carried out by :mod:`hcr_scan_training.kaggle`.
KIND = "kaggle-az"


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows are taken. ``drop_first`` leaves out what pandas took for a header when the file has none."""

    download: str = "sachinpatel21/az-handwritten-alphabets-in-csv-format"
    drop_first: bool = True
    neighbors: int = 3


@dataclass(frozen=True, slots=True)
class Split:
    """Shares split off: ``test`` of all rows, then ``validation`` of the rest."""

    test: float = 0.2
    validation: float = 0.2


@dataclass(frozen=True, slots=True)
class Distortion:
    """How far a picture may be turned (degrees), enlarged and moved (shares of its side)."""

    rotation: float = 10.0
    zoom: float = 0.1
    shift: float = 0.1


@dataclass(frozen=True, slots=True)
class Fit:
    """Epochs and batches, and when the learning rate falls: after ``patience`` epochs without progress."""

    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 0.001
    patience: int = 2
    factor: float = 0.5
    least_learning_rate: float = 0.00001
    threads: int = 2


@dataclass(frozen=True, slots=True)
class KaggleRecipe:
    """A parsed recipe file; ``sha256`` is that of its bytes."""

    name: str = KIND
    seed: int = 0
    sha256: str = ""
    rows: Rows = field(default_factory=Rows)
    split: Split = field(default_factory=Split)
    distortion: Distortion = field(default_factory=Distortion)
    fit: Fit = field(default_factory=Fit)


def is_kaggle_recipe(path: Path) -> bool:
    """Whether a recipe file is one of this kind; other trouble with it is its own loader's to report."""
    try:
        return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("kind") == KIND)
    except (OSError, ValueError):
        return False


def load_kaggle_recipe(path: Path) -> KaggleRecipe:
    """Read a recipe.

    Raises:
        DatasetError: the file is missing, not TOML, or says something this kind of recipe cannot say.
    """
    document, digest = read_document(path)
    if document.pop("kind", None) != KIND:
        raise DatasetError(f'the recipe {path} does not say kind = "{KIND}"')
    parts: dict[str, Any] = {
        name: section(kind, document.pop(name, {}), path)
        for name, kind in (("rows", Rows), ("split", Split), ("distortion", Distortion), ("fit", Fit))
    }
    name, seed = str(document.pop("name", path.stem)), int(document.pop("seed", 0))
    refuse_unknown(document, path)
    return KaggleRecipe(name, seed, digest, **parts)
