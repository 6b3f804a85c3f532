"""What a recipe's crops are drawn from: python -m hcr_scan_training.manifest RECIPE -o manifest.json

For each set: its source and licence, where it is published, the file and its SHA-256, and how many characters of each
label training takes, and holds out. What is missing is named with where to get it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from hcr_scan_training.card import ATTRIBUTIONS
from hcr_scan_training.corpus import CHARACTERS, PUBLISHED, Strokes, shared_folder
from hcr_scan_training.recipe import Recipe, load_recipe
from hcr_scan_training.sources import Source, open_sources

logger = logging.getLogger(__name__)


def corpus_manifest(recipe: Recipe, shared: Path, fonts: Path) -> dict[str, Any]:
    """The sets of a recipe by name, as JSON can hold them.

    Raises:
        DatasetError: a set is missing or unreadable.
    """
    opened = open_sources(recipe.data, shared, fonts)
    sources = {source.glyphs.name: source for source in opened.sources}
    sets = {name: _entry(name, weight, recipe, shared, sources.get(name)) for name, weight in recipe.data.sets.items()}
    return {"recipe": recipe.name, "recipe_sha256": recipe.sha256, "sets": sets}


def _entry(name: str, weight: float, recipe: Recipe, shared: Path, source: Source | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "weight": weight,
        "source": ATTRIBUTIONS.get(name, ""),
        "published_at": PUBLISHED.get(name),
    }
    families = getattr(recipe.data, name, None)
    if families is not None:
        entry["families"] = list(families)
    for path in (shared / "characters" / f"{name}.npz", shared / "characters" / f"{name}.npz.xz"):
        if path.exists():
            entry |= {"file": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)}
    if source is None:  # drawn by hcr-scan itself
        return entry
    counts = {character: len(rows) for character, rows in zip(CHARACTERS, source.members, strict=True) if len(rows)}
    entry |= {"characters": sum(counts.values()), "labels": counts}
    if isinstance(source.glyphs, Strokes):
        entry |= _writers(source.glyphs)
    return entry


def _writers(strokes: Strokes) -> dict[str, int]:
    held_out = strokes.held_out()
    return {
        "writers": len(np.unique(strokes.writers[~held_out])),
        "held_out_writers": len(np.unique(strokes.writers[held_out])),
        "held_out_characters": int((held_out & strokes.usable).sum()),
        "suspects_left_out": int((~strokes.usable).sum()),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(manifest: dict[str, Any], target: Path) -> None:
    target.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    known = [entry.get("characters", 0) for entry in manifest["sets"].values()]
    logger.info("%s characters of %d sets: %s", f"{sum(known):,}", len(known), target)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("manifest.json"), help="file to write")
    parser.add_argument("--shared", type=Path, help="folder that holds characters/; else HCR_SCAN_SHARED")
    parser.add_argument("--fonts", type=Path, default=Path("fonts"), help="cache of font files")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe, shared = load_recipe(options.recipe), shared_folder(options.shared)
    write_manifest(corpus_manifest(recipe, shared, options.fonts), options.output)


if __name__ == "__main__":
    main()
