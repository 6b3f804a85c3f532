from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import ModelError
from hcr_scan.model.bundle import load_bundle
from hcr_scan.model.classifier import Classifier, load_classifier
from hcr_scan.model.probabilities import probabilities
from hcr_scan.normalization import normalize_glyph
from tests.fakes import LABELS
from tests.strokes import STROKES, blank_page, draw_strokes, shape_glyph

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def keras_classifier() -> Classifier:
    pytest.importorskip("tensorflow", reason="Keras needs a backend; it comes with the train extra")
    return load_classifier(engine="keras", device="cpu")


def drawn_crops(count: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    spec = load_bundle().info.crop_spec
    crops = []
    for character in rng.choice(sorted(set(STROKES) & set(LABELS)), count):
        page = blank_page(80, 80)
        draw_strokes(page, shape_glyph(str(character), 20, 15, 45, rng, jitter=0.05), pen=4)
        crops.append(normalize_glyph(page, spec))
    return np.stack(crops)


def test_both_engines_agree(keras_classifier: Classifier) -> None:
    onnx = load_classifier(device="cpu")
    assert keras_classifier.info == onnx.info
    assert keras_classifier.page_model == onnx.page_model
    crops = drawn_crops(150)
    info = onnx.info
    first, second = (
        probabilities(classifier.predict(crops), info.labels, info.characters, info.temperature)
        for classifier in (onnx, keras_classifier)
    )
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert (first.argmax(axis=1) == second.argmax(axis=1)).all()


@pytest.mark.parametrize("batch_size", [1, 7, 512])
def test_answers_do_not_depend_on_the_batch(keras_classifier: Classifier, batch_size: int) -> None:
    crops = drawn_crops(20)
    parts = [keras_classifier.predict(crops[i : i + batch_size]) for i in range(0, len(crops), batch_size)]
    np.testing.assert_array_equal(np.concatenate(parts), keras_classifier.predict(crops))
    assert keras_classifier.predict(crops[:0]).shape == (0, len(keras_classifier.info.labels))


def test_a_network_that_brings_its_own_code_is_refused(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras", reason="Keras comes with the train extra")
    pytest.importorskip("tensorflow", reason="Keras needs a backend; it comes with the train extra")
    canary = tmp_path / "canary"
    marker = str(canary)
    harm = keras.layers.Lambda(lambda x: (open(marker, "w").close(), x)[1], output_shape=(28, 28))  # noqa: PTH123
    model = keras.Sequential([keras.Input((28, 28)), harm, keras.layers.Flatten()])
    canary.unlink(missing_ok=True)
    model.save(tmp_path / "model.keras")
    default = load_bundle()
    manifest = json.loads((default.folder / "model.json").read_text())
    digest = hashlib.sha256((tmp_path / "model.keras").read_bytes()).hexdigest()
    manifest["files"] = {"model.keras": digest}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="Keras can load"):
        load_classifier(tmp_path, engine="keras", device="cpu")
    assert not canary.exists()
