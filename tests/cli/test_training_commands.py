"""The commands around models: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode
from hcr_scan.model.bundle import load_bundle
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.shapes import drawn_shape
from tests.bundles import random_network, write_bundle
from tests.cli.test_contract import modules_after


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Twenty pictures of 4 and 7."""
    random = np.random.default_rng(5)
    labels = ["4", "7"] * 10
    images = np.stack([normalize_glyph(drawn_shape(label, random), CropSpec(28, 20)) for label in labels])
    np.savez(tmp_path / "digits.npz", images=images, labels=np.array(labels))
    return tmp_path / "digits.npz"


def test_evaluate_prints_a_table_or_json_and_writes_a_report(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    assert run(["evaluate", "default", str(digits), "-o", str(report)]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out.startswith("digits.npz: 20 characters")
    assert str(report / "evaluation.html") in err
    assert sorted(path.name for path in report.iterdir()) == ["evaluation.html", "evaluation.json"]
    assert run(["evaluate", "default", str(digits), "--json"]) == ExitCode.OK
    figures = json.loads(capsys.readouterr().out)
    assert figures == json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    assert figures["model"]["sha256"] == load_bundle().info.sha256
    assert figures["sets"]["digits"]["accuracy"] > 0.8


def test_evaluate_s_exit_codes(digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(tmp_path / "nowhere"), str(digits)]) == ExitCode.MODEL
    assert run(["evaluate", "default", str(tmp_path / "nowhere")]) == ExitCode.DATASET
    assert "nowhere is not there" in capsys.readouterr().err
    assert run(["evaluate", "default", str(digits), "-o", str(digits / "below")]) == ExitCode.OUTPUT
    assert run(["evaluate", "default"]) == ExitCode.USAGE
    assert run(["evaluate", "default", str(digits), "--labels", "runes"]) == ExitCode.USAGE
    assert run(["evaluate", "default", str(digits), "--labels", "letters"]) == ExitCode.OK
    assert "\nupper " in capsys.readouterr().out


def test_model_shows_the_card_of_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = {"digilets": {"upper": {"count": 10, "accuracy": 0.975, "calibration_error": 0.01}}, "weights": 7}
    folder = write_bundle(tmp_path / "b", random_network(), metrics=metrics, trained_with={"keras": "3.9"})
    assert run(["model", str(folder)]) == ExitCode.OK
    out, err = capsys.readouterr()
    info = load_bundle(folder).info
    for text in (
        info.sha256,
        info.characters,
        "28 x 28, ink fitted to 22 x 22",
        "keras 3.9",
        "upper 97.50 % of 10 (ECE 0.010)",
    ):
        assert text in out
    assert err == ""
    assert "ECE: expected calibration error, how far" in out
    assert "wrongly_rejected" not in out  # only words that occur are explained
    assert run(["model", str(folder), "--json"]) == ExitCode.OK
    card = json.loads(capsys.readouterr().out)
    assert card["metrics"] == metrics
    assert card["files"]["model.onnx"]["bytes"] == (folder / "model.onnx").stat().st_size


def test_model_without_a_name_is_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["sha256"] == load_bundle().info.sha256


def test_model_finds_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_bundle(tmp_path / "b", random_network())
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"x")
    assert run(["model", str(folder)]) == ExitCode.MODEL
    assert "damaged" in capsys.readouterr().err
    assert run(["model", str(tmp_path)]) == ExitCode.MODEL


def test_data_alone_is_told_what_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--data", "letters", "-o", str(tmp_path / "out")]) == ExitCode.USAGE
    assert "add --from default" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["r.toml", "--from", "default", "--data", "x"],
        ["--from", "default"],
        ["--data", "letters"],
        ["r.toml", "--download"],
        ["r.toml", "--image", "k.png"],
        ["kaggle.toml", "--download", "--data", "x.csv"],
    ],
)
def test_train_options_that_cannot_be_meant_are_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").write_text("name = 'x'")
    (tmp_path / "kaggle.toml").write_text("kind = 'kaggle-az'")
    assert run(["train", *arguments, "-o", "out"]) == ExitCode.USAGE
    assert not (tmp_path / "out").exists()


def test_train_without_an_output_is_2_and_without_a_recipe_file_6(tmp_path: Path) -> None:
    assert run(["train", "r.toml"]) == ExitCode.USAGE
    assert run(["train", str(tmp_path / "none.toml"), "-o", str(tmp_path / "out")]) == ExitCode.DATASET


def test_looking_at_models_imports_no_training_library(digits: Path) -> None:
    training = {"tensorflow", "keras", "torch", "jax", "pandas", "sklearn", "onnx", "matplotlib"}
    assert not training & modules_after("evaluate", "default", str(digits))
    assert not (training | {"onnxruntime", "hcr_scan_training"}) & modules_after("model")
    assert not (training | {"numpy", "hcr_scan_training"}) & modules_after("train", "--help")
    assert "numpy" not in modules_after("evaluate", "--help")
