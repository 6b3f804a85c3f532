"""The manifest says what crops are drawn from, so that outsiders can check that they have the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import DatasetError
from hcr_scan_training.manifest import main

RECIPE = 'name = "two"\n[data.sets]\nmnist = 0.5\nunipen_strokes = 1.0\nshapes = 0.1\n'


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "two.toml"
    path.write_text(RECIPE)
    return path


def test_sets_come_with_checksum_counts_and_writers(tmp_path: Path, recipe: Path, strokes_file: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "characters").mkdir(parents=True)
    (shared / "characters" / strokes_file.name).symlink_to(strokes_file)
    rings = np.stack([np.pad(np.full((8 + k, 6), 255, np.uint8), ((4, 16 - k), (11, 11))) for k in (0, 1, 2, 2)])
    digits = shared / "characters" / "mnist.npz"
    np.savez(digits, X_train=rings, y_train=np.array([1, 1, 7, 7]))
    main([str(recipe), "-o", str(tmp_path / "m.json"), "--shared", str(shared), "--fonts", str(tmp_path)])
    sets = json.loads((tmp_path / "m.json").read_text())["sets"]
    assert list(sets) == ["mnist", "unipen_strokes", "shapes"]
    assert sets["mnist"]["sha256"] == hashlib.sha256(digits.read_bytes()).hexdigest()
    assert sets["mnist"]["labels"] == {"1": 2, "7": 1}  # the exact repeat is left out
    strokes = sets["unipen_strokes"]
    assert strokes["published_at"].startswith("https://")
    assert strokes["held_out_writers"] > 0
    assert strokes["characters"] == sum(strokes["labels"].values())
    assert "file" not in sets["shapes"]


def test_a_missing_set_is_named_with_the_place_to_get_it(tmp_path: Path, recipe: Path) -> None:
    (tmp_path / "characters").mkdir()
    with pytest.raises(DatasetError, match=r"mnist\.npz cannot be read.*fetch it again from http"):
        main([str(recipe), "--shared", str(tmp_path), "--fonts", str(tmp_path)])
