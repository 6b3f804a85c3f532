"""The student project's recipe, whole, on letters drawn here; its distortions and its network against Keras."""

from __future__ import annotations

import json
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hcr_scan.cli import run
from hcr_scan.errors import DatasetError, ExitCode, MissingDependency
from hcr_scan.model.classifier import load_classifier
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training import kaggle
from hcr_scan_training.augmentation import drawn_strokes
from hcr_scan_training.kaggle_network import (
    distorted,
    distorted_batches,
    letter_network,
    scaled,
    serving_network,
    transformed,
)
from hcr_scan_training.kaggle_recipe import Distortion, is_kaggle_recipe, load_kaggle_recipe
from hcr_scan_training.surrogate import kaggle_like_counts

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "training" / "recipes" / "kaggle-az.toml"
SPEC = CropSpec(28, 20)
STROKES = {
    "I": [[(0.5, 0), (0.5, 1)]],
    "L": [[(0, 0), (0, 1), (0.7, 1)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "V": [[(0, 0), (0.4, 1), (0.8, 0)]],
    "Z": [[(0, 0), (0.8, 0), (0, 1), (0.8, 1)]],
}
SMALL = 'kind = "kaggle-az"\nname = "small"\nseed = 1\n[fit]\nepochs = {epochs}\nbatch_size = 8\npatience = 20\n'


def drawn_rows(counts: dict[str, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.repeat(list(counts), list(counts.values()))
    random.shuffle(labels)
    strokes = {letter: [np.array(part, np.float32) for part in parts] for letter, parts in STROKES.items()}
    images = [normalize_glyph(drawn_strokes(strokes[str(label)], random, 0.5), SPEC) for label in labels]
    return np.stack(images), labels


def write_csv(path: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    lines = [",".join(map(str, [ord(str(n)) - 65, *i.ravel()])) for n, i in zip(labels, images, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_recipe_says_what_the_student_project_did() -> None:
    recipe = load_kaggle_recipe(RECIPE)
    assert is_kaggle_recipe(RECIPE)
    assert not is_kaggle_recipe(ROOT / "training" / "recipes" / "forms.toml")
    assert (recipe.fit.epochs, recipe.fit.batch_size, recipe.rows.neighbors) == (5, 128, 3)
    assert (recipe.split.test, recipe.split.validation) == (0.2, 0.2)
    assert recipe.distortion == Distortion(10.0, 0.1, 0.1)
    assert recipe.rows.drop_first
    # 26 letters of as many rows as the rarest has; a fifth of them is the test part that the project reports on.
    counts = kaggle_like_counts()
    assert sum(counts.values()) == 372_451
    assert math.ceil(0.2 * 26 * min(counts.values())) == 5_824


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'", "does not say kind"),
        ("kind = 'kaggle-az'\nspeed = 3", "unknown keys: speed"),
        ("kind = 'kaggle-az'\n[fit]\nepoch = 3", "unknown keys: epoch; known are epochs"),
        ("kind = ", "cannot be read"),
    ],
)
def test_recipes_that_say_too_little_or_too_much(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(DatasetError, match=message):
        load_kaggle_recipe(tmp_path / "r.toml")


@pytest.mark.train
def test_distortions_are_those_of_keras() -> None:
    try:
        from keras.src.legacy.preprocessing.image import apply_affine_transform
    except ImportError:
        pytest.skip("this Keras has no apply_affine_transform")
    pytest.importorskip("scipy")
    image, _ = drawn_rows({"L": 1})
    for turn, down, across, zoom_y, zoom_x in (
        (9, 0, 0, 1, 1),
        (0, 2.3, -1.6, 1, 1),
        (0, 0, 0, 0.9, 1.1),
        (-7, 2, 1, 1.08, 0.93),
    ):
        # Keras names the axes the other way around.
        theirs = apply_affine_transform(
            image[0][..., None].astype(np.float64), theta=-turn, tx=across, ty=down, zx=zoom_x, zy=zoom_y,
            row_axis=0, col_axis=1, channel_axis=2, fill_mode="constant", cval=0.0, order=1,
        )[..., 0]  # fmt: skip
        ours = transformed(image[0], math.radians(turn), down, across, zoom_y, zoom_x)
        # OpenCV places pixels to a 32nd.
        assert np.abs(ours - theirs).max() < 14
        assert np.abs(ours - theirs).mean() < 0.6


def center_of(image: np.ndarray) -> tuple[float, float]:
    weights = image.astype(np.float64)
    return tuple(float(weights.sum(axis=1 - axis) @ np.arange(28) / weights.sum()) for axis in (0, 1))  # type: ignore[return-value]


def test_no_distortion_changes_nothing_and_the_limits_hold() -> None:
    image, _ = drawn_rows({"T": 1})
    random = np.random.default_rng(0)
    np.testing.assert_array_equal(distorted(image[0], Distortion(0, 0, 0), random), image[0])
    centers = []
    for _ in range(200):
        moved = distorted(image[0], Distortion(0, 0, 0.1), random)
        centers.append(center_of(moved))
    away = np.abs(np.array(centers) - center_of(image[0]))
    assert 2.4 < away.max() <= 2.9  # a tenth of 28


def test_batches_are_repeatable_and_show_every_picture_once_an_epoch() -> None:
    images, _ = drawn_rows({"T": 10})
    targets = np.arange(10)
    first = distorted_batches(images, targets, 4, Distortion(), seed=3)
    second = distorted_batches(images, targets, 4, Distortion(), seed=3)
    epoch = [next(first) for _ in range(3)]
    assert sorted(np.concatenate([batch[1] for batch in epoch]).tolist()) == list(range(10))
    for batch in epoch:
        again = next(second)
        np.testing.assert_array_equal(batch[0], again[0])
        assert batch[0].dtype == np.float32
        assert 0.5 < batch[0].max() <= 1


@pytest.mark.train
def test_the_network_is_the_project_s_and_every_format_agrees(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    from hcr_scan_training.export import to_onnx
    from hcr_scan_training.fit import prepare

    prepare(0, 2)
    network = letter_network(26)
    shapes = [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]
    assert shapes == [(3, 3, 1, 75), (3, 3, 75, 50), (3, 3, 50, 25), (400, 512), (512, 26)]
    random = np.random.default_rng(0)
    for layer in network.layers:  # as after training: normalization that does something
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    crops, _ = drawn_rows({"L": 20, "Z": 20})
    chances = np.asarray(network.predict(scaled(crops), verbose=0))
    serving = serving_network(network)
    logits = np.asarray(serving.predict(crops, verbose=0))
    assert logits.shape == (40, 27)
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    again = weights / weights.sum(axis=1, keepdims=True)
    assert again[:, 26].max() == 0
    np.testing.assert_allclose(again[:, :26], chances, atol=1e-5)
    (answers,) = onnxruntime.InferenceSession(to_onnx(serving)).run(None, {"crops": crops})
    np.testing.assert_allclose(answers[:, :26], logits[:, :26], atol=1e-3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of a small recipe on a CSV file without a header."""
    for name in ("tensorflow", "sklearn", "matplotlib", "tensorboard"):
        pytest.importorskip(name)
    from PIL import Image

    folder = tmp_path_factory.mktemp("kaggle")
    images, labels = drawn_rows({"I": 90, "L": 170, "T": 210, "V": 150, "Z": 120})
    write_csv(folder / "letters.csv", images, labels)
    (folder / "small.toml").write_text(SMALL.format(epochs=16))
    picture = 255 - np.pad(np.kron(drawn_rows({"Z": 1}, seed=9)[0][0], np.ones((5, 5), np.uint8)), 20)
    Image.fromarray(picture).save(folder / "z.png")
    command = ["train", str(folder / "small.toml"), "--data", str(folder / "letters.csv"), "-o", str(folder / "out")]
    assert run([*command, "--image", str(folder / "z.png"), "--quiet"]) == ExitCode.OK
    return folder


@pytest.mark.train
@pytest.mark.slow
def test_a_small_run_learns_and_shows_everything(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = finished / "out" / "report"
    figures = json.loads((report / "report.json").read_text())
    first = (finished / "letters.csv").read_text().split(",", 1)[0]
    swallowed = chr(65 + int(first))
    counts = {"I": 90, "L": 170, "T": 210, "V": 150, "Z": 120}
    counts[swallowed] -= 1
    assert figures["rows"]["in_file"] == 740
    assert figures["rows"]["used"] == 739
    assert figures["rows"]["before"] == counts
    assert set(figures["rows"]["after"].values()) == {min(counts.values())}
    assert figures["test"]["accuracy"] > 0.9
    assert figures["external"]["text"] == "Z"
    for name in ("curves", "class_counts", "samples", "confusion", "external"):
        assert (report / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (report / "external.txt").read_text() == "Z\n"
    assert json.loads((report / "external.json").read_text())["text"] == "Z"
    assert "macro avg" in (report / "classification_report.txt").read_text()
    assert list((finished / "out" / "tensorboard").rglob("events.out.tfevents*"))
    assert (finished / "out" / "model.keras").stat().st_size > 100_000

    images, labels = drawn_rows(dict.fromkeys("ILTVZ", 20), seed=5)
    np.savez(finished / "others.npz", images=images, labels=labels)
    capsys.readouterr()
    assert run(["evaluate", str(finished / "out" / "bundle"), str(finished / "others.npz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["upper"]["accuracy"] > 0.9


@pytest.mark.train
@pytest.mark.slow
def test_the_bundle_reads_letters_alone(finished: Path, tmp_path: Path) -> None:
    classifier = load_classifier(finished / "out" / "bundle")
    assert classifier.info.characters == "ILTVZ"
    assert classifier.info.crop_spec == SPEC
    assert classifier.page_model is None
    target = tmp_path / "r.jsonl"
    command = [str(finished / "z.png"), "--layout", "glyph", "--model", str(finished / "out" / "bundle")]
    assert run([*command, "--charset", "TLZ", "--out", str(target), "-j1"]) == ExitCode.OK
    assert json.loads(target.read_text())["lines"][0]["text"] == "Z"


@pytest.mark.train
@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_from_a_folder_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    images, labels = drawn_rows({"I": 30, "L": 34, "T": 40})
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / "letters" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "letters" / str(label) / f"{number}.png")
    (tmp_path / "small.toml").write_text(SMALL.format(epochs=1))
    networks = []
    for name in ("a", "b"):
        figures = kaggle.train_kaggle(tmp_path / "small.toml", tmp_path / name, tmp_path / "letters")
        assert figures["rows"]["used"] == figures["rows"]["in_file"] == 104  # a folder has no first row to lose
        networks.append((tmp_path / name / "bundle" / "model.onnx").read_bytes())
    assert networks[0] == networks[1]


def command(tmp_path: Path, *rest: str) -> int:
    (tmp_path / "small.toml").write_text(SMALL.format(epochs=1))
    return run(["train", str(tmp_path / "small.toml"), "-o", str(tmp_path / "out"), *rest])


@pytest.mark.train
def test_data_that_cannot_be_meant_is_6(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path) == ExitCode.DATASET
    assert "--data" in capsys.readouterr().err
    assert command(tmp_path, "--data", str(tmp_path / "no.csv")) == ExitCode.DATASET
    assert "no.csv is not there" in capsys.readouterr().err
    images, labels = drawn_rows({"I": 5, "L": 5})
    assert command(tmp_path, "--data", str(write_csv(tmp_path / "two.csv", images, labels))) == ExitCode.DATASET
    assert "needs three or more" in capsys.readouterr().err
    np.savez(tmp_path / "odd.npz", images=np.full((9, 9, 9), 7, np.uint8), labels=np.array(list("ABCABCABC")))
    assert command(tmp_path, "--data", str(tmp_path / "odd.npz")) == ExitCode.DATASET
    assert "28 x 28" in capsys.readouterr().err


def test_download_without_kagglehub_is_7_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)  # type: ignore[arg-type]
    assert command(tmp_path, "--download") == ExitCode.MISSING_DEPENDENCY
    err = capsys.readouterr().err
    assert "pip install" in err


def test_kaggle_s_refusal_is_6_and_names_the_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType("kagglehub")

    def refuse(handle: str) -> str:
        raise PermissionError(f"401 for {handle}\nlong text")

    fake.dataset_download = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", fake)
    with pytest.raises(DatasetError, match=r"401 for a/b; .*kaggle\.json"):
        kaggle.downloaded("a/b")
    fake.dataset_download = lambda handle: str(tmp_path / handle)  # type: ignore[attr-defined]
    assert kaggle.downloaded("a/b") == tmp_path / "a" / "b"


def test_what_the_train_extra_lacks_is_named_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "small.toml").write_text(SMALL.format(epochs=1))
    with pytest.raises(MissingDependency, match=r"hcr-scan\[train\]"):
        kaggle.train_kaggle(tmp_path / "small.toml", tmp_path / "out", tmp_path / "a.csv")
    assert not (tmp_path / "out").exists()


def test_a_downloaded_folder_with_the_same_table_twice_is_one_table(tmp_path: Path) -> None:
    images, labels = drawn_rows({"I": 3, "L": 3})
    write_csv(tmp_path / "A_Z.csv", images, labels)
    (tmp_path / "deep").mkdir()
    write_csv(tmp_path / "deep" / "A_Z.csv", images, labels)
    assert len(kaggle.open_rows(tmp_path)) == 6
    write_csv(tmp_path / "deep" / "other.csv", images[:2], labels[:2])
    with pytest.raises(DatasetError, match="3 tables"):
        kaggle.open_rows(tmp_path)
