"""The folder of a training run: claimed by one recipe, with one log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hcr_scan.errors import DatasetError, OutputError


@contextmanager
def claimed_run(output: Path, recipe_sha256: str) -> Iterator[None]:
    """The folder ``output`` for a run of one recipe; what is logged meanwhile is appended to its ``train.log``.

    Raises:
        DatasetError: the folder holds a run of another recipe.
        OutputError: the folder cannot be made or written to.
    """
    mark = output / "state" / "recipe.sha256"
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        if mark.exists() and mark.read_text() != recipe_sha256:
            raise DatasetError(f"{output} holds a run of another recipe; give another folder with -o, or remove it")
        mark.write_text(recipe_sha256)
        handler = logging.FileHandler(output / "train.log", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}; give another folder with -o") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
