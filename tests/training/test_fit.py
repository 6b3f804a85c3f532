"""A small network learns drawn digits, twice the same way, and says the same in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.onnx_network import OnnxNetwork
from hcr_scan_training import fit as fitting
from hcr_scan_training.augmentation import captured, drawn_strokes
from hcr_scan_training.bundle_writer import write_bundle
from hcr_scan_training.corpus import LABELS
from hcr_scan_training.export import to_onnx
from hcr_scan_training.fit import Schedule, fit, glyph_loss, prepare
from hcr_scan_training.network import glyph_network, import_keras, multiply_adds, page_network

pytestmark = pytest.mark.train

SPEC = CropSpec()
#: Digits as the segments of a calculator: corners a..f of two stacked squares.
CORNERS = {"a": (0, 0), "b": (1, 0), "c": (1, 1), "d": (0, 1), "e": (1, 2), "f": (0, 2)}
DIGITS = ("abefa", "be", "abcdfe", "abcdcef", "adcbe", "badcef", "badfecd", "abe", "abefadc", "cdabef")
SCHEDULE = Schedule(passes=4, batch_size=64, learning_rate=4e-3, seed=1)


def drawn_digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    classes = random.integers(0, 10, count).astype(np.int16)
    crops = np.zeros((count, SPEC.size, SPEC.size), np.uint8)
    for row, number in enumerate(classes):
        stroke = np.array([CORNERS[corner] for corner in DIGITS[number]], np.float32)
        crops[row] = normalize_glyph(captured(drawn_strokes([stroke], random), random), SPEC)
    return crops, classes


def tiny(seed: int = 1) -> Any:
    prepare(seed, threads=2)
    return glyph_network(SPEC, len(LABELS), width=0.25)


@pytest.fixture(scope="module")
def fitted() -> Any:
    return fit(tiny(), [drawn_digits(1500, 1), drawn_digits(1500, 2)], glyph_loss(0.02), SCHEDULE)


def test_a_small_network_learns_drawn_digits(fitted: Any) -> None:
    crops, classes = drawn_digits(400, 77)
    read = np.asarray(fitted.predict_on_batch(crops)).argmax(axis=1)
    assert (read == classes).mean() > 0.9


def test_onnx_runtime_and_keras_agree(fitted: Any) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    crops, _ = drawn_digits(300, 5)
    session = onnxruntime.InferenceSession(to_onnx(fitted))
    (answers,) = session.run(None, {"crops": crops})
    expected = np.asarray(fitted.predict_on_batch(crops))
    assert answers.shape == (300, len(LABELS))
    assert np.abs(answers - expected).max() < 1e-4
    assert np.abs(softmax(answers) - softmax(expected)).max() < 1e-5


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def test_onnx_runtime_and_keras_agree_on_the_page_network() -> None:
    network = page_network(SPEC, 7)
    for layer in network.layers:  # as after training: normalization that does something
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([np.random.default_rng(0).uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    crops = drawn_digits(40, 6)[0].astype(np.float32)
    answers = OnnxNetwork(to_onnx(network, "float32")).run(crops[:, None])
    assert np.abs(answers - np.asarray(network.predict_on_batch(crops[..., None]))).max() < 1e-4


def test_the_same_seed_gives_the_same_weights() -> None:
    weights = [
        fit(tiny(), [drawn_digits(256, 1)], glyph_loss(0.02), Schedule(1, 64, 1e-3, seed=1)).get_weights()
        for _ in range(2)
    ]
    for one, other in zip(*weights, strict=True):
        assert np.array_equal(one, other)


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [drawn_digits(192, 1), drawn_digits(192, 2)]
    schedule = Schedule(1, 64, 1e-3, seed=1)
    straight = [w.copy() for w in without_dropout(tiny(), shards, schedule, None)]

    fit_shard = fitting._fit_shard

    def stop_at_second(network: Any, shard: Any, chosen: Schedule, number: int) -> Any:
        if number == 1:
            raise KeyboardInterrupt
        return fit_shard(network, shard, chosen, number)

    monkeypatch.setattr(fitting, "_fit_shard", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        without_dropout(tiny(), shards, schedule, tmp_path)
    monkeypatch.setattr(fitting, "_fit_shard", fit_shard)
    assert json.loads((tmp_path / "glyph.json").read_text()) == {"shards": 1}
    resumed = without_dropout(tiny(seed=9), shards, schedule, tmp_path)
    for one, other in zip(straight, resumed, strict=True):
        assert np.allclose(one, other, atol=1e-6)


def without_dropout(network: Any, shards: Any, schedule: Schedule, folder: Path | None) -> Any:
    """Fit with dropout off: its random state is the one thing a resumed fit draws anew."""
    for layer in network.layers:
        if type(layer).__name__ == "Dropout":
            layer.rate = 0.0
    return fit(network, shards, glyph_loss(0.02), schedule, folder).get_weights()


def test_a_jittered_batch_keeps_half_of_its_crops_as_they_are() -> None:
    crops = np.repeat(drawn_digits(1, 4)[0], 200, axis=0)
    moved = fitting.jittered(crops, np.random.default_rng(3))
    assert moved.shape == crops.shape
    assert np.array_equal(crops, np.repeat(crops[:1], 200, axis=0))
    shifts = [np.roll(crops[0], (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    kept = [any(np.array_equal(crop, shift) for shift in shifts) for crop in moved]
    assert 0.35 < np.mean(kept) < 0.65
    ink = moved.sum(axis=(1, 2), dtype=np.int64) / crops[0].sum(dtype=np.int64)
    assert ink.min() > 0.6
    assert ink.max() < 1.4


def test_masked_loss_does_not_punish_look_alikes() -> None:
    prepare(0, threads=2)
    loss = glyph_loss(0.0)
    logits = np.full((1, len(LABELS)), -8.0, np.float32)
    logits[0, LABELS.index("C")] = 2.0
    sure = float(np.asarray(loss(np.array([LABELS.index("C")]), logits))[0])
    logits[0, LABELS.index("c")] = 2.0
    torn = float(np.asarray(loss(np.array([LABELS.index("C")]), logits))[0])
    plain = float(np.log(2))
    assert sure < 0.01
    assert torn == pytest.approx((1 - fitting.BLOCK_LETTER_SHARE) * plain, abs=0.02)


def test_marks_are_nothing_among_capitals_and_digits() -> None:
    prepare(0, threads=2)
    loss = glyph_loss(0.0)
    logits = np.full((1, len(LABELS)), -8.0, np.float32)
    logits[0, LABELS.index("-")] = 4.0
    logits[0, LABELS.index("")] = 2.0
    assert float(np.asarray(loss(np.array([LABELS.index("-")]), logits))[0]) < 0.15
    logits[0, LABELS.index("1")] = 3.0  # what scanning would read once the mark is masked
    assert float(np.asarray(loss(np.array([LABELS.index("-")]), logits))[0]) > 0.4
    assert float(np.asarray(loss(np.array([LABELS.index("'")]), logits))[0]) > 5


def test_the_shipped_architecture_keeps_its_budget() -> None:
    network = glyph_network(SPEC, len(LABELS))
    assert multiply_adds(network) <= 8_300_000
    assert network.count_params() <= 750_000
    page = page_network(SPEC, 7)
    assert multiply_adds(page) <= 1_000_000
    assert page.count_params() <= 60_000


def test_a_written_bundle_is_one_that_scanning_believes(fitted: Any, tmp_path: Path) -> None:
    from hcr_scan.model.bundle import load_bundle

    write_bundle(tmp_path, fitted, page_network(SPEC, 7), SPEC, 1.3, 0.1, {"a": 1}, "0" * 64, "# card\n")
    bundle = load_bundle(tmp_path)
    assert bundle.info.labels == LABELS
    assert bundle.info.temperature == 1.3
    for name in ("model.onnx", "model.keras", "page.onnx"):
        assert bundle.read(name)
    loaded = import_keras().saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    crops, _ = drawn_digits(64, 3)
    assert np.allclose(loaded.predict_on_batch(crops), fitted.predict_on_batch(crops), atol=1e-5)
