"""Each row of an ablation leaves out what it says, and is fitted once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.images import Ink
from hcr_scan_training import dataset
from hcr_scan_training.ablation import ROWS, main
from hcr_scan_training.corpus import CHARACTERS, LABELS, NOT_A_CHARACTER, Bitmaps
from hcr_scan_training.dataset import class_weights, draw_crops
from hcr_scan_training.recipe import Crops, Data, Recipe, Training
from hcr_scan_training.sources import Sources, source_of

SETS = {"mnist": 0.1, "unipen_strokes": 0.3, "school_fonts": 0.2, "print_fonts": 0.1, "shapes": 0.08}
RECIPE = Recipe("r", 3, "", Crops(), Data(SETS), Training())


def bars() -> Sources:
    """Every character a bar of the same size."""
    count = len(CHARACTERS)
    pixels = np.full(count * 40 * 12, 255, np.uint8)
    offsets, shapes = np.arange(count, dtype=np.int64) * 480, np.tile(np.array([40, 12], np.int32), (count, 1))
    return Sources([source_of(Bitmaps("bars", pixels, offsets, shapes, np.arange(count, dtype=np.int16)), 1.0)])


def test_rows_leave_out_what_they_say() -> None:
    assert set(ROWS["no fonts"](RECIPE).data.sets) == {"mnist", "unipen_strokes", "shapes"}
    assert set(ROWS["no pen strokes"](RECIPE).data.sets) == set(SETS) - {"unipen_strokes"}
    assert set(ROWS["no drawn shapes"](RECIPE).data.sets) == set(SETS) - {"shapes"}
    assert class_weights(ROWS["no negatives"](RECIPE).data)[NOT_A_CHARACTER] == 0
    assert ROWS["half the channels"](RECIPE).training.width == 0.5
    assert ROWS["everything"](RECIPE) == RECIPE
    assert ROWS["everything again"](RECIPE) == replace(RECIPE, seed=4)
    assert len({repr(change(RECIPE)) for change in ROWS.values()}) == len(ROWS)


def spread(distortion: float) -> float:
    """How much the width of the same bar varies beside its height."""
    source, random = bars().sources[0], np.random.default_rng(2)
    shapes = [source.draw(LABELS.index("I"), random, distortion).shape for _ in range(80)]
    return float(np.std([np.log((width - 24) / (height - 24)) for height, width in shapes]))


def test_distortion_can_be_switched_off() -> None:
    assert spread(0.0) < 0.3 * spread(1.0)


@pytest.mark.parametrize(("soiling", "capture"), [(True, True), (False, True), (True, False), (False, False)])
def test_soiling_and_capture_can_be_switched_off(soiling: bool, capture: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done = set()

    def noting(name: str) -> Callable[..., Ink]:
        def change(ink: Ink, *_: object) -> Ink:
            done.add(name)
            return ink

        return change

    monkeypatch.setattr(dataset, "soiled", noting("soiled"))
    monkeypatch.setattr(dataset, "captured", noting("captured"))
    data = Data(SETS, negatives=0.0, soiling=soiling, capture=capture)
    crops, _ = draw_crops(bars(), data, RECIPE.crops.spec(), 30, np.random.default_rng(1))
    assert done == {name for name, wanted in (("soiled", soiling), ("captured", capture)) if wanted}
    assert crops.any(axis=(1, 2)).all()


@pytest.mark.train
@pytest.mark.slow
def test_a_small_ablation_keeps_its_rows(tmp_path: Path, strokes_file: Path) -> None:
    (tmp_path / "small.toml").write_text(
        "seed = 3\n[data.sets]\nunipen_strokes = 1.0\n[training]\nshard_size = 300\nbatch_size = 64\nwidth = 0.25\n"
    )
    shared = strokes_file.parents[1]
    command = [str(tmp_path / "small.toml"), "-o", str(tmp_path / "out"), "--shared", str(shared), "--shards=1"]
    main([*command, "--rows", "everything"])
    first = json.loads((tmp_path / "out" / "ablation.json").read_text())
    main([*command, "--rows", "everything", "no soiling"])
    both = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert list(both) == ["everything", "no soiling"]
    assert both["everything"] == first["everything"]
    assert 0 <= both["no soiling"]["unipen_held_out"]["upper"]["accuracy"] <= 1
    assert both["no soiling"] != both["everything"]
    assert (tmp_path / "out" / "train.log").read_text().count("glyph: shard 1 of 1") == 2
