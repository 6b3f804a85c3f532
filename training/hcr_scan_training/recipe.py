"""A recipe: one TOML file that says everything a training run depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hcr_scan.errors import DatasetError
from hcr_scan.normalization import CropSpec


@dataclass(frozen=True, slots=True)
class Crops:
    """How crops look; see :class:`hcr_scan.normalization.CropSpec`."""

    size: int = 28
    box: int = 24

    def spec(self) -> CropSpec:
        return CropSpec(self.size, self.box)


@dataclass(frozen=True, slots=True)
class Data:
    """What is drawn from: ``sets`` maps a data set's name to its weight; ``kinds`` weighs the classes."""

    sets: dict[str, float]
    handwriting_fonts: tuple[str, ...] = ()
    print_fonts: tuple[str, ...] = ()
    #: School hands: looped and joined forms that few of the sets' writers use.
    school_fonts: tuple[str, ...] = ()
    #: Weights of one capital, digit, small letter and punctuation mark, and of all that is not a character together.
    capital: float = 1.0
    digit: float = 1.4
    small: float = 0.6
    punctuation: float = 0.4
    negatives: float = 7.0
    #: What the weight of single characters is multiplied by.
    emphasis: dict[str, float] = field(default_factory=dict)
    #: How far the characters of sets, fonts and drawn shapes are bent, slanted and stretched; 0: not at all.
    distortion: float = 1.0
    #: Whether walls, neighbors, gaps and cut edges are added; whether ink is blurred, made noisy or cut to one bit.
    soiling: bool = True
    capture: bool = True


@dataclass(frozen=True, slots=True)
class Cycle:
    """So many new shards, shown so often, while the learning rate falls from its peak to zero.

    With ``again`` no shards are drawn: those of the cycle before are shown once more, or the last ``shards`` of them.
    """

    shards: int = 0
    passes: int = 1
    learning_rate: float = 2e-3
    again: bool = False


@dataclass(frozen=True, slots=True)
class Training:
    """How long and how fast: the cycles follow each other, each on shards of its own."""

    cycles: tuple[Cycle, ...] = (Cycle(24),)
    shard_size: int = 50_000
    batch_size: int = 256
    weight_decay: float = 2e-4
    label_smoothing: float = 0.04
    mixed_precision: bool = False
    width: float = 1.0
    workers: int = 1
    threads: int = 2

    @property
    def shards(self) -> int:
        """Shards drawn for all cycles together."""
        return sum(cycle.shards for cycle in self.cycles if not cycle.again)


@dataclass(frozen=True, slots=True)
class Page:
    """The page model: how many crops it is shown, how often."""

    crops: int = 400_000
    passes: int = 2
    batch_size: int = 256
    learning_rate: float = 3e-3


@dataclass(frozen=True, slots=True)
class Recipe:
    """A parsed recipe file; ``sha256`` is that of its bytes."""

    name: str
    seed: int
    sha256: str
    crops: Crops
    data: Data
    training: Training
    page: Page = field(default_factory=Page)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        DatasetError: the file is missing, not TOML, or says something no recipe can say.
    """
    document, digest = read_document(path)
    parts = {name: document.pop(name, {}) for name in ("crops", "data", "training", "page")}
    name, seed = str(document.pop("name", path.stem)), int(document.pop("seed", 0))
    refuse_unknown(document, path)
    data = parts["data"]
    for key in ("handwriting_fonts", "print_fonts", "school_fonts"):
        data[key] = tuple(data.get(key, ()))
    data.setdefault("sets", {})
    training = parts["training"]
    if "cycles" in training:
        training["cycles"] = tuple(section(Cycle, cycle, path) for cycle in training["cycles"])
    return Recipe(
        name,
        seed,
        digest,
        section(Crops, parts["crops"], path),
        section(Data, data, path),
        section(Training, training, path),
        section(Page, parts["page"], path),
    )


def read_document(path: Path) -> tuple[dict[str, Any], str]:
    """What a recipe file of any kind says, and the SHA-256 of its bytes.

    Raises:
        DatasetError: the file is missing or not TOML.
    """
    try:
        content = path.read_bytes()
        document = tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise DatasetError(f"the recipe {path} cannot be read: {error}") from error
    return document, hashlib.sha256(content).hexdigest()


def refuse_unknown(document: dict[str, Any], path: Path) -> None:
    """Complain of what is left of a document once all that is known has been taken out."""
    if document:
        raise DatasetError(f"the recipe {path} has unknown keys: {', '.join(sorted(document))}")


def section(kind: Any, values: Any, path: Path) -> Any:
    """A part of a recipe as the data class ``kind``, which has its defaults.

    Raises:
        DatasetError: the part is no table, or has keys that the class has not.
    """
    known = [entry.name for entry in dataclasses.fields(kind)]
    if not isinstance(values, dict) or set(values) - set(known):
        unknown = ", ".join(sorted(set(values) - set(known))) if isinstance(values, dict) else repr(values)
        raise DatasetError(f"the recipe {path} has unknown keys: {unknown}; known are {', '.join(known)}")
    return kind(**values)
