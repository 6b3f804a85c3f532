from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import MissingDependency, ModelError
from hcr_scan.model.bundle import load_bundle
from hcr_scan.model.classifier import Device, load_classifier
from hcr_scan.model.onnx_classifier import OnnxClassifier
from tests.bundles import random_network, write_bundle
from tests.fakes import LABELS


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle"), random_network())


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> OnnxClassifier:
    return OnnxClassifier(load_bundle(bundle), Device.CPU)


def some_crops(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28)).astype(np.uint8)


def test_logits_have_a_row_a_crop_and_a_column_a_class(classifier: OnnxClassifier) -> None:
    logits = classifier.predict(some_crops(5))
    assert (logits.shape, logits.dtype) == ((5, len(LABELS)), np.float32)
    assert np.isfinite(logits).all()
    assert classifier.predict(some_crops(0)).shape == (0, len(LABELS))
    assert classifier.info.labels == LABELS
    assert classifier.page_model is None


@pytest.mark.parametrize("batch_size", [1, 7, 64, 65, 512])
def test_answers_do_not_depend_on_the_batch_in_any_bit(classifier: OnnxClassifier, batch_size: int) -> None:
    crops = some_crops(600)
    whole = classifier.predict(crops)
    parts = [classifier.predict(crops[i : i + batch_size]) for i in range(0, len(crops), batch_size)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_answers_do_not_depend_on_the_neighbours_or_the_place_among_them(classifier: OnnxClassifier) -> None:
    crops = some_crops(200)
    order = np.random.default_rng(2).permutation(len(crops))
    np.testing.assert_array_equal(classifier.predict(crops[order]), classifier.predict(crops)[order])


def test_answers_do_not_depend_on_the_number_of_threads(bundle: Path) -> None:
    crops = some_crops(200)
    one, three = (OnnxClassifier(load_bundle(bundle), Device.CPU, threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.predict(crops), three.predict(crops))


def test_views_that_are_not_contiguous_are_read_right(classifier: OnnxClassifier) -> None:
    crops = some_crops(20)
    np.testing.assert_array_equal(classifier.predict(crops[::2]), classifier.predict(crops[::2].copy()))


def test_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a network"):
        load_classifier(write_bundle(tmp_path, b"nonsense"))


def test_a_network_of_other_classes_than_its_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="promises"):
        load_classifier(write_bundle(tmp_path, random_network(classes=10)))


def test_a_network_for_other_crops_than_its_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="28 x 28"):
        load_classifier(write_bundle(tmp_path, random_network(size=32)))


def test_a_gpu_that_is_not_there_is_named(bundle: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(MissingDependency, match="onnxruntime-gpu"):
        load_classifier(bundle, device="gpu")
