"""Recipes say everything, and say it right or not at all."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from hcr_scan.cli.train import train
from hcr_scan.errors import DatasetError, ExitCode, MissingDependency
from hcr_scan_training import fonts
from hcr_scan_training.corpus import CHARACTERS, LABELS, shared_folder, writer_is_held_out
from hcr_scan_training.dataset import class_weights
from hcr_scan_training.kaggle_recipe import is_kaggle_recipe, load_kaggle_recipe
from hcr_scan_training.recipe import Data, load_recipe
from hcr_scan_training.sources import open_sources

RECIPES = Path(__file__).parents[2] / "training" / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_can_be_read_and_say_their_command(path: Path) -> None:
    recipe = load_kaggle_recipe(path) if is_kaggle_recipe(path) else load_recipe(path)
    assert re.fullmatch("[0-9a-f]{64}", recipe.sha256)
    assert path.read_text().startswith(f"# hcr-scan train training/recipes/{path.name} ")


def test_a_cycle_that_shows_crops_again_draws_none(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[[training.cycles]]\nshards = 5\npasses = 2\n[[training.cycles]]\nagain = true\nshards = 2\n")
    training = load_recipe(path).training
    assert training.shards == 5
    assert [cycle.again for cycle in training.cycles] == [False, True]


def test_a_character_may_be_drawn_more_often_than_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[data]\npunctuation = 0.5\n[data.emphasis]\n'/' = 2.0\n")
    weights = dict(zip(LABELS, class_weights(load_recipe(path).data), strict=True))
    assert weights["/"] == pytest.approx(2 * weights["."])
    assert weights["A"] == pytest.approx(weights["/"])
    assert sum(weights.values()) == pytest.approx(1)


def test_unknown_keys_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[training]\nshard = 3\n")
    with pytest.raises(DatasetError, match=r"unknown keys: shard; known are .*shard_size"):
        load_recipe(path)
    path.write_text("sede = 3\n")
    with pytest.raises(DatasetError, match="unknown keys: sede"):
        load_recipe(path)


def test_a_missing_or_broken_recipe_is_a_dataset_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        load_recipe(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("seed = ")
    with pytest.raises(DatasetError, match=r"broken\.toml cannot be read"):
        load_recipe(broken)


def test_missing_data_names_the_folder_and_the_variable(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="HCR_SCAN_SHARED") as caught:
        shared_folder(tmp_path)
    assert caught.value.exit_code == ExitCode.DATASET


def test_an_unknown_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[data.sets]\nmnits = 1.0\n")
    with pytest.raises(DatasetError, match="unknown data set 'mnits'; known are"):
        open_sources(load_recipe(path).data, tmp_path, tmp_path)


def test_without_npm_and_cache_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(MissingDependency, match="install Node") as caught:
        fonts.fetch_fonts(["caveat"], tmp_path)
    assert caught.value.exit_code == ExitCode.MISSING_DEPENDENCY


def test_fonts_may_be_fetched_into_one_folder_by_several_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(
        '#!/bin/sh\nsleep 0.2\ncd "$4"\nmkdir -p package\necho font > package/caveat-latin-400-normal.woff\n'
        "tar -czf caveat.tgz package\n"
    )
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(npm))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fonts.fetch_fonts(["caveat"], tmp_path / "fonts"), range(4)))
    assert all([file.read_text() for file in families["caveat"]] == ["font\n"] for families in found)
    assert [path.name for path in (tmp_path / "fonts").iterdir()] == ["caveat"]


def test_cached_fonts_need_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    (tmp_path / "caveat").mkdir()
    (tmp_path / "caveat" / "caveat-latin-400-normal.woff").write_bytes(b"font")
    found = fonts.fetch_fonts(["caveat", "kalam"], tmp_path)
    assert [path.name for path in found["caveat"]] == ["caveat-latin-400-normal.woff"]
    assert "kalam" not in found


def test_about_a_tenth_of_writers_is_held_out_and_always_the_same() -> None:
    names = [f"abc:writer{number}" for number in range(1000)]
    held_out = [name for name in names if writer_is_held_out(name)]
    assert 60 < len(held_out) < 140
    assert held_out == [name for name in names if writer_is_held_out(name)]


def test_the_command_fails_on_a_missing_recipe_with_a_dataset_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(train, [str(tmp_path / "none.toml"), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, DatasetError)
    assert not (tmp_path / "out").exists()


def test_school_fonts_do_not_teach_their_hooked_i(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="the train extra is not installed: no font at hand")
    (tmp_path / "dejavu").mkdir()
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copyfile(font, tmp_path / "dejavu" / "dejavu-latin-400-normal.woff")
    data = Data({"handwriting_fonts": 1.0, "school_fonts": 1.0}, ("dejavu",), school_fonts=("dejavu",))
    taught = {
        source.glyphs.name: {CHARACTERS[number] for number, rows in enumerate(source.members) if len(rows)}
        for source in open_sources(data, tmp_path, tmp_path).sources
    }
    assert taught["handwriting_fonts"] - taught["school_fonts"] == {"I"}
