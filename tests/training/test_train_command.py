"""The whole command on a recipe small enough to wait for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hcr_scan.cli.train import train
from hcr_scan.errors import DatasetError
from hcr_scan.model.classifier import load_classifier
from hcr_scan_training.corpus import LABELS

pytestmark = [pytest.mark.train, pytest.mark.slow]

RECIPE = """# hcr-scan train small.toml -o out
name = "small"
seed = 3

[data.sets]
unipen_strokes = 1.0

[training]
shard_size = 600
batch_size = 64
width = 0.25

[[training.cycles]]
shards = 2

[[training.cycles]]
shards = 1
learning_rate = 0.0005

[[training.cycles]]
again = true
learning_rate = 0.0003

[page]
crops = 300
passes = 1
batch_size = 64
"""


def test_a_small_recipe_becomes_a_bundle_and_is_not_trained_twice(tmp_path: Path, strokes_file: Path) -> None:
    (tmp_path / "small.toml").write_text(RECIPE)
    command = [str(tmp_path / "small.toml"), "-o", str(tmp_path / "out"), "--data", str(strokes_file.parents[1])]
    result = CliRunner().invoke(train, command, catch_exceptions=False)
    assert result.exit_code == 0
    bundle = tmp_path / "out" / "bundle"
    manifest = json.loads((bundle / "model.json").read_text())
    corpus = json.loads((tmp_path / "out" / "manifest.json").read_text())["sets"]
    assert list(corpus) == ["unipen_strokes"]
    assert 0.3 <= manifest["temperature"] <= 5
    assert 0 <= manifest["metrics"]["unipen_held_out"]["upper"]["accuracy"] <= 1
    assert set(manifest["metrics"]["page"]) >= {"handwritten", "other"}
    assert "# hcr-scan model `small`" in (bundle / "README.md").read_text()
    logits = load_classifier(bundle).predict(np.zeros((2, 28, 28), np.uint8))
    assert logits.shape == (2, len(LABELS))

    weights = (bundle / "model.onnx").read_bytes()
    assert CliRunner().invoke(train, command, catch_exceptions=False).exit_code == 0
    assert (bundle / "model.onnx").read_bytes() == weights
    log = (tmp_path / "out" / "train.log").read_text()
    assert log.count("glyph: shard 1 of 2") == 1
    assert "glyph: going on after 2 shards" in log


def test_a_folder_of_another_recipe_is_not_touched(tmp_path: Path, strokes_file: Path) -> None:
    (tmp_path / "out" / "state").mkdir(parents=True)
    (tmp_path / "out" / "state" / "recipe.sha256").write_text("0" * 64)
    (tmp_path / "small.toml").write_text(RECIPE)
    command = [str(tmp_path / "small.toml"), "-o", str(tmp_path / "out"), "--data", str(strokes_file.parents[1])]
    result = CliRunner().invoke(train, command)
    assert isinstance(result.exception, DatasetError)
    assert "another recipe" in str(result.exception)
