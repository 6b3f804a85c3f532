"""The page network of the shipped bundle, run through ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hcr_scan
from hcr_scan.errors import ModelError
from hcr_scan.images import draw_line
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.page_model import Kind, PageModel

SHIPPED = Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx"


@pytest.fixture(scope="module")
def model() -> PageModel:
    return PageModel.load(SHIPPED)


def crops(count: int) -> np.ndarray:
    random = np.random.default_rng(5)
    made = np.zeros((count, 28, 28), np.uint8)
    for row in range(count):
        ink = np.zeros((60, 60), np.uint8)
        draw_line(ink, random.uniform(5, 55, (5, 2)), 3)
        made[row] = normalize_glyph(ink, CropSpec())
    return made


def test_kinds_are_probabilities_and_turns_their_logarithms(model: PageModel) -> None:
    kinds, turns = model.kinds(crops(9)), model.turns(crops(9))
    assert kinds.shape == (9, 3)
    assert turns.shape == (9, 4)
    assert np.allclose(kinds.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(np.exp(turns).sum(axis=1), 1, atol=1e-5)
    assert len(np.unique(kinds[:, Kind.HANDWRITTEN])) > 1


def test_blocks_do_not_change_the_answer(model: PageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    made = crops(23)
    whole = model.kinds(made)
    monkeypatch.setattr(PageModel, "BLOCK", 7)
    assert np.allclose(model.kinds(made), whole, atol=1e-5)


def test_no_crops_give_no_rows(model: PageModel) -> None:
    assert model.kinds(crops(0)).shape == (0, 3)
    assert model.turns(crops(0)).shape == (0, 4)


def test_turned_handwriting_is_seen_to_be_turned(model: PageModel) -> None:
    """Sevens, fours and Es of a ruler-straight hand, summed as pages are."""
    shapes = (
        [[10, 12], [44, 10], [22, 60]],
        [[20, 5], [10, 35], [50, 35], [40, 35], [40, 60]],
        [[45, 8], [12, 8], [12, 32], [40, 32], [12, 32], [12, 58], [46, 58]],
    )
    for turn in range(4):
        turned = []
        for shape in shapes:
            ink = np.zeros((70, 60), np.uint8)
            draw_line(ink, np.array(shape, np.float64), 4)
            turned.append(normalize_glyph(np.rot90(ink, turn), CropSpec()))
        assert int(model.turns(np.stack(turned)).sum(axis=0).argmax()) == turn


def test_a_damaged_or_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        PageModel.load(tmp_path / "none.onnx")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(ModelError, match=r"junk\.onnx cannot be used"):
        PageModel.load(tmp_path / "junk.onnx")


def test_a_network_that_reads_other_crops_or_answers_otherwise_is_a_model_error(tmp_path: Path) -> None:
    PageModel.load(SHIPPED, CropSpec().size)
    with pytest.raises(ModelError, match="does not take crops of 32 x 32"):
        PageModel.load(SHIPPED, 32)
    with pytest.raises(ModelError, match="does not take crops of 28 x 28"):
        PageModel.load(SHIPPED.parent / "model.onnx", 28)
    onnx = pytest.importorskip("onnx", reason="onnx builds the test network; it comes with the train extra")
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("crops", "flat")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Flatten", ["crops"], ["flat"])], "g", values[:1], values[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "flat.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"answers with shape \(2, 784\) in place of \(2, 7\)"):
        PageModel.load(tmp_path / "flat.onnx", 28)
