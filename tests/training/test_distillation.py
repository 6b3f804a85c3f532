"""What teachers answer, and that a network learns it rather than the label alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hcr_scan_training.corpus import LABELS
from hcr_scan_training.dataset import read_shard
from hcr_scan_training.distillation import taught_loss, taught_shards
from hcr_scan_training.fit import Schedule, fit, glyph_loss, prepare
from hcr_scan_training.network import glyph_network, import_keras, multiply_adds, residual_network
from tests.segment_digits import SPEC, drawn_digits

pytestmark = pytest.mark.train

Answers = npt.NDArray[np.float32]


def sure_of(label: str, logit: float = 6.0) -> Answers:
    answers = np.zeros((1, len(LABELS)), np.float32)
    answers[0, LABELS.index(label)] = logit
    return answers


def targets(answers: Answers, label: str) -> Answers:
    return np.column_stack([answers, [LABELS.index(label)]]).astype(np.float16)


def loss_of(answers: Answers, label: str, logits: Answers) -> float:
    return float(np.asarray(taught_loss(0.0)(targets(answers, label), logits))[0])


def test_answers_are_the_mean_of_what_teachers_think_and_asked_for_once(tmp_path: Path) -> None:
    crops, classes = drawn_digits(3, 1)
    np.savez(tmp_path / "shard.npz", crops=crops, classes=classes)
    asked = []

    def teacher(label: str) -> Answers:
        asked.append(label)
        return np.repeat(sure_of(label), 3, axis=0)

    teachers = [lambda _: teacher("4"), lambda _: teacher("9")]
    (path,) = taught_shards([tmp_path / "shard.npz"], teachers, tmp_path / "taught")
    kept, wanted = read_shard(path)
    assert np.array_equal(kept, crops)
    assert np.array_equal(wanted[:, -1], classes)
    chances = np.exp(wanted[0, :-1].astype(np.float64))
    assert chances[LABELS.index("4")] == pytest.approx(chances[LABELS.index("9")])
    assert chances.argmax() in (4, 9)
    taught_shards([tmp_path / "shard.npz"], teachers, tmp_path / "taught")
    assert asked == ["4", "9"]


def test_the_teachers_answer_is_learned_and_the_label_still_counts() -> None:
    prepare(0, threads=2)
    unsure = sure_of("O") + sure_of("Q")
    assert loss_of(unsure, "O", unsure) < loss_of(unsure, "O", sure_of("O", 12.0))
    assert loss_of(unsure, "O", unsure) < loss_of(unsure, "S", unsure)


def test_small_letters_cost_capitals_nothing_where_only_these_are_asked_for() -> None:
    prepare(0, threads=2)
    both = sure_of("C") + sure_of("c")
    among_all = loss_of(both, "C", sure_of("C", 12.0))
    for label in ("C", "c"):
        assert np.isfinite(loss_of(both, label, both))
    #  The label c is asked for among all classes only: there both answers are right.
    assert loss_of(both, "c", sure_of("c", 12.0)) > among_all


def test_what_teachers_answer_may_be_fitted_to(tmp_path: Path) -> None:
    prepare(1, threads=2)
    shards = []
    for number in range(2):
        crops, classes = drawn_digits(512, number)
        np.savez(tmp_path / f"{number}.npz", crops=crops, classes=classes)
        shards.append(tmp_path / f"{number}.npz")
    teacher = residual_network(SPEC, len(LABELS), width=0.34)
    fit(teacher, shards, glyph_loss(0.01), Schedule(4, 64, 4e-3, seed=1))
    taught = taught_shards(shards, [lambda crops: np.asarray(teacher.predict_on_batch(crops))], tmp_path / "taught")
    pupil = fit(glyph_network(SPEC, len(LABELS), 0.25), taught, taught_loss(0.02), Schedule(8, 64, 4e-3, seed=1))
    crops, classes = drawn_digits(300, 77)
    assert (np.asarray(pupil.predict_on_batch(crops)).argmax(axis=1) == classes).mean() > 0.85


def test_the_teacher_is_larger_than_what_scans_and_of_another_kind() -> None:
    teacher = residual_network(SPEC, len(LABELS))
    assert 30e6 < multiply_adds(teacher) < 40e6
    assert multiply_adds(glyph_network(SPEC, len(LABELS))) < 15e6
    assert any(isinstance(layer, import_keras().layers.Add) for layer in teacher.layers)
