"""Folds by writers: who wrote what is told from names, and no fold is shown the letters that it is judged by."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hcr_scan.errors import DatasetError
from hcr_scan_training import folds
from hcr_scan_training.dataset import Shard
from hcr_scan_training.folds import groups_of, main, mixed, read_groups, writers_of

RECIPE = """
name = "small"
seed = 3
[data.sets]
unipen_strokes = 1.0
sse_letters = 1.0
[training]
shard_size = 400
batch_size = 64
width = 0.25
"""
SMALL = ("--shards=2", "--further=1", "--groups=2", "--draws=40", "--threads=1")


def write_letters(folder: Path, writers: int = 8) -> None:
    """A set of L and T, each of so many writers as thick as their number says."""
    pictures, files = [], []
    for letter in "LT":
        for writer in range(writers):
            picture = np.zeros((48, 48), np.uint8)
            column = 8 if letter == "L" else 24
            picture[8:40, column : column + 2 + writer] = 255
            row = 38 if letter == "L" else 8
            picture[row : row + 2, 8:44] = 255
            pictures.append(picture)
            files.append(f"cards/{letter}_{writer}.png")
    packed = BytesIO()
    shapes = np.array([picture.shape for picture in pictures], np.uint16)
    labels = np.array([file[6] for file in files])
    np.savez(packed, pixels=np.concatenate([p.ravel() for p in pictures]), shapes=shapes, labels=labels, files=files)
    folder.mkdir(parents=True)
    (folder / "sse_letters.npz.xz").write_bytes(lzma.compress(packed.getvalue()))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def command(recipe: Path, *more: str) -> list[str]:
    folder = recipe.parent
    return [str(recipe), "-o", str(folder / "out"), "--shared", str(folder / "shared"), *SMALL, *more]


def test_folder_and_number_of_a_file_name_a_writer() -> None:
    files = ["a/A_7.png", "a/B_7.png", "b/A_7.png", "C_12.jpg"]
    assert writers_of(files).tolist() == ["a/7", "a/7", "b/7", "12"]
    with pytest.raises(DatasetError, match=r"'a/A\.png'.*does not say who wrote it"):
        writers_of(["a/A_1.png", "a/A.png"])


def test_groups_hold_whole_writers_equally_many_whatever_else_is_there() -> None:
    writers = np.repeat([f"cards/{number}" for number in range(23)], 3)
    groups = groups_of(writers, 5)
    shuffled = np.random.default_rng(1).permutation(len(writers))
    assert np.array_equal(groups_of(writers[shuffled], 5), groups[shuffled])
    by_writer = groups.reshape(-1, 3)
    assert (by_writer == by_writer[:, :1]).all()
    assert sorted(np.bincount(by_writer[:, 0]).tolist()) == [4, 4, 5, 5, 5]
    with pytest.raises(DatasetError, match="3 writers, too few for 5 groups"):
        groups_of(np.array(["a", "b", "c"]), 5)


def test_every_letter_is_in_the_group_of_its_writer(tmp_path: Path) -> None:
    write_letters(tmp_path / "characters")
    one, other = read_groups(tmp_path, 2)
    assert [np.bincount(group.classes)[[21, 29]].tolist() for group in (one, other)] == [[4, 4], [4, 4]]
    inks = [{group.ink(index).tobytes() for index in range(len(group))} for group in (one, other)]
    assert not inks[0] & inks[1]


def test_letters_replace_crops_of_their_own_class() -> None:
    crops, classes = np.zeros((6, 2, 2), np.uint8), np.array([1, 1, 1, 2, 2, 3], np.int16)
    letters = np.full((5, 2, 2), 9, np.uint8), np.array([1, 1, 3, 3, 4], np.int16)
    new, same = mixed((crops, classes), letters, np.random.default_rng(0))
    assert np.array_equal(same, classes)
    replaced = new[:, 0, 0] == 9
    assert [int(replaced[classes == number].sum()) for number in (1, 2, 3)] == [2, 0, 1]
    assert not crops.any()


@pytest.mark.train
def test_no_fold_sees_the_writers_that_it_is_judged_by(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_letters(recipe.parent / "shared" / "characters")
    shown: dict[str, set[int]] = {}
    shard = recipe.parent / "shard.npz"
    np.savez(shard, crops=np.full((80, 28, 28), 200, np.uint8), classes=np.tile([21, 29], 40).astype(np.int16))

    def note(network: Any, shards: Sequence[Path | Shard], rate: float, chosen: Any, folder: Path) -> None:
        shown[folder.name] = {int(v) for part in shards if not isinstance(part, Path) for v in np.unique(part[0])}

    def marked(letters: Any, chosen: Any, count: int, number: int) -> Shard:
        return np.full((count, 28, 28), number, np.uint8), np.tile([21, 29], count // 2).astype(np.int16)

    monkeypatch.setattr(folds, "_fit", note)
    monkeypatch.setattr(folds, "drawn_letters", marked)
    monkeypatch.setattr(folds, "build_shards", lambda *_: [shard])
    main(command(recipe, "--groups=4", "--draws=10"))
    assert shown["base"] == set()
    assert [shown[f"fold-{n}"] - {200} for n in range(4)] == [{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}]


@pytest.mark.train
@pytest.mark.slow
def test_folds_of_a_small_recipe_are_fitted_once(recipe: Path, strokes_file: Path) -> None:
    characters = recipe.parent / "shared" / "characters"
    write_letters(characters)
    (characters / strokes_file.name).symlink_to(strokes_file)
    main(command(recipe))
    figures = json.loads((recipe.parent / "out" / "folds.json").read_text())
    assert [fold["sse_letters"]["upper"]["count"] for fold in figures["folds"]] == [8, 8]
    assert figures["base"]["sse_letters"]["upper"]["count"] == 16
    assert [figures["base"][f"sse_letters {number}"]["upper"]["count"] for number in (0, 1)] == [8, 8]
    right = [fold["sse_letters"]["upper"]["accuracy"] * 8 for fold in figures["folds"]]
    assert figures["together"]["count"] == 16
    assert figures["together"]["accuracy"] == pytest.approx(sum(right) / 16, abs=1e-3)
    main(command(recipe))
    assert json.loads((recipe.parent / "out" / "folds.json").read_text()) == figures
    assert (recipe.parent / "out" / "train.log").read_text().count("glyph: shard 1 of 2") == 1
    with pytest.raises(DatasetError, match="another recipe"):
        main(command(recipe, "--draws=50"))
