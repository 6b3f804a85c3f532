from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.errors import ExitCode, ModelError
from hcr_scan.model.bundle import ModelInfo, load_bundle, refuse_external_data
from hcr_scan.model.classifier import page_model_of
from hcr_scan.normalization import NORMALIZATION_VERSION, CropSpec

#: What an ONNX file says of weights that lie in another.
OUTSIDE = b"..\x0a\x08location\x12\x10../../etc/passwd"


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "labels": ["0", "1", "A", ""],
        "crop_spec": {"size": 28, "box": 22, "version": NORMALIZATION_VERSION},
        "temperature": 1.3,
        "reject_below": 0.4,
        "trained_with": {"keras": "3.15.1"},
        "recipe_sha256": "ab",
        "metrics": {"accuracy": 0.9},
        "files": {"model.onnx": hashlib.sha256(b"network").hexdigest()},
    } | changes


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: Any = None, **changes: Any) -> Path:
        text = content if isinstance(content, str) else json.dumps(manifest(**changes))
        (tmp_path / "model.json").write_text(text)
        (tmp_path / "model.onnx").write_bytes(b"network")
        return tmp_path

    return write


def test_a_manifest_says_what_the_model_reads(write: Callable[..., Path]) -> None:
    folder = write()
    bundle = load_bundle(folder)
    assert bundle.info == ModelInfo(
        labels=("0", "1", "A", ""),
        crop_spec=CropSpec(28, 22, NORMALIZATION_VERSION),
        temperature=1.3,
        reject_below=0.4,
        trained_with={"keras": "3.15.1"},
        recipe_sha256="ab",
        metrics={"accuracy": 0.9},
        sha256=hashlib.sha256((folder / "model.json").read_bytes()).hexdigest(),
    )
    assert bundle.info.characters == "01A"
    assert bundle.read("model.onnx") == b"network"
    assert bundle.verified_path("model.onnx") == folder / "model.onnx"


def test_a_changed_file_is_refused(write: Callable[..., Path]) -> None:
    bundle = load_bundle(write())
    (bundle.folder / "model.onnx").write_bytes(b"netw0rk")
    with pytest.raises(ModelError, match="damaged"):
        bundle.read("model.onnx")


def test_a_missing_file_is_named(write: Callable[..., Path]) -> None:
    bundle = load_bundle(write())
    with pytest.raises(ModelError, match=r"has no model\.keras"):
        bundle.read("model.keras")
    (bundle.folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx cannot be read"):
        bundle.read("model.onnx")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"format": None}, "format None"),
        ({"crop_spec": {"size": 28, "box": 22, "version": 999}}, "version 999"),
        ({"crop_spec": None}, "version None"),
        ({"crop_spec": {"size": 28, "box": 40, "version": NORMALIZATION_VERSION}}, "box"),
        ({"labels": ["A", "B"]}, "not a character"),
        ({"labels": ["A", "A", ""]}, "differ"),
        ({"labels": ["AB", ""]}, "one printable character"),
        ({"labels": [" ", ""]}, "one printable character"),
        ({"labels": ["\ud800", ""]}, "one printable character"),
        ({"labels": 3}, "not a manifest"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": "hot"}, "not a manifest"),
        ({"reject_below": 2}, "reject_below"),
        ({"files": ["model.onnx"]}, "not a manifest"),
        ({"files": {"../model.onnx": "0"}}, "not a file of the bundle"),
        ({"files": {"/etc/passwd": "0"}}, "not a file of the bundle"),
        ({"files": {"model.pkl": "0"}}, "run code"),
        ({"files": {"model.h5": "0"}}, "run code"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(
    write: Callable[..., Path], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        load_bundle(write(**changes))
    assert caught.value.exit_code is ExitCode.MODEL


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "3"])
def test_a_manifest_that_is_none_is_refused(write: Callable[..., Path], content: str) -> None:
    with pytest.raises(ModelError):
        load_bundle(write(content))


def test_a_folder_without_manifest_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model bundle"):
        load_bundle(tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        load_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.h5", "model.pkl", "model.joblib"])
def test_files_that_run_code_are_never_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="run code"):
        load_bundle(path)


def test_a_network_that_points_outside_is_refused() -> None:
    refuse_external_data(b"weights", Path("model.onnx"))
    with pytest.raises(ModelError, match="outside itself"):
        refuse_external_data(OUTSIDE, Path("model.onnx"))


def test_a_page_network_that_points_outside_is_refused(write: Callable[..., Path]) -> None:
    folder = write(files={"page.onnx": hashlib.sha256(OUTSIDE).hexdigest()})
    (folder / "page.onnx").write_bytes(OUTSIDE)
    with pytest.raises(ModelError, match=r"page\.onnx refers to files outside itself"):
        page_model_of(load_bundle(folder))


STYLE = {
    "version": 1, "characters": "1A", "axes": [[1.0], [0.5]], "means": [[2.0], [-1.0]], "spread": [0.7],
}  # fmt: skip


def with_style(write: Callable[..., Path], style: dict[str, Any]) -> Path:
    content = json.dumps(style).encode()
    digest = {"style.json": hashlib.sha256(content).hexdigest()}
    folder = write(files=manifest()["files"] | digest)
    (folder / "style.json").write_bytes(content)
    return folder


def test_a_bundle_may_say_how_writers_differ(write: Callable[..., Path]) -> None:
    style = load_bundle(with_style(write, STYLE)).info.style
    assert style is not None
    assert style.document() == STYLE
    assert load_bundle(write()).info.style is None


@pytest.mark.parametrize(
    ("style", "reason"),
    [
        (STYLE | {"version": 9}, "style.json: its style is of version 9, not 1"),
        (STYLE | {"characters": "1B"}, "its style knows characters that are no labels"),
        (STYLE | {"spread": []}, "style.json: its style has axes"),
        ([], "style.json"),
    ],
)
def test_a_style_that_cannot_be_used_is_refused(write: Callable[..., Path], style: Any, reason: str) -> None:
    with pytest.raises(ModelError, match="is not a manifest hcr-scan can use") as caught:
        load_bundle(with_style(write, style))
    assert reason in str(caught.value)


def test_a_style_that_was_changed_is_refused(write: Callable[..., Path]) -> None:
    folder = with_style(write, STYLE)
    (folder / "style.json").write_text(json.dumps(STYLE | {"spread": [9.0]}))
    with pytest.raises(ModelError, match=r"style\.json is damaged"):
        load_bundle(folder)
