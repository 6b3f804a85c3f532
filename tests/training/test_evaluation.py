"""Figures that can be worked out by hand, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import DatasetError, OutputError
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.normalization import CropSpec
from hcr_scan_training.evaluation import error_reject_curve, evaluate, summary
from hcr_scan_training.evaluation_report import evaluation_page, write_evaluation
from hcr_scan_training.labelled import Glyphs

LABELS = ("0", "1", "A", "B", "C", "c", "")
INFO = ModelInfo(LABELS, CropSpec())


@dataclass
class Told:
    """Answers with the logits it was told, in the order of the crops."""

    logits: np.ndarray
    info: ModelInfo = INFO
    page_model: Path | None = field(default=None)

    def predict(self, crops: np.ndarray) -> np.ndarray:
        assert len(crops) == len(self.logits)
        return self.logits.astype(np.float32)


def distinct(labels: str | list[str], writers: list[str] | None = None) -> Glyphs:
    """Characters that all look different, so that none is a repeat."""
    inks = []
    for number in range(len(labels)):
        ink = np.full((24, 24), 255, np.uint8)
        for bit in range(9):  # holes that count
            if not number >> bit & 1:
                row, column = divmod(bit, 3)
                ink[2 + 7 * row : 8 + 7 * row, 2 + 7 * column : 8 + 7 * column] = 0
        inks.append(ink)
    names = np.array(writers or [""] * len(labels), np.str_)
    return Glyphs("drawn", inks, np.array(list(labels), np.str_), names)


def logits_of(*rows: dict[str, float]) -> np.ndarray:
    table = np.zeros((len(rows), len(LABELS)))
    for row, values in zip(table, rows, strict=True):
        for label, value in values.items():
            row[LABELS.index(label)] = value
    return table


def test_accuracy_is_told_free_and_within_each_set() -> None:
    logits = logits_of(
        {"A": 9}, {"A": 5, "B": 9}, {"c": 9, "C": 5}, {"": 9, "0": 5}, {"1": 9}, {"A": 9, "0": 5},
    )  # fmt: skip
    figures, _ = evaluate(Told(logits), distinct("AACC10"))
    sets = figures["sets"]
    assert set(sets) == {"free", "upper", "digits", "upper+digits"}
    # Free: A right, A read B, C read c, C taken for none, 1 right, 0 read A.
    assert (sets["free"]["count"], sets["free"]["accuracy"]) == (6, round(2 / 6, 5))
    # Within capitals c is masked: only A read B is wrong, and the tie of the fourth goes to A.
    assert sets["upper"]["accuracy"] == 0.5
    assert sets["upper"]["taken_for_none"] == 0.25
    assert sets["digits"]["accuracy"] == 1.0
    assert sets["upper"]["confusions"] == [
        {"was": "A", "read": "B", "count": 1},
        {"was": "C", "read": "A", "count": 1},
    ]
    assert figures["classes"]["A"]["recall"] == 0.5
    assert figures["classes"]["C"]["free_recall"] == 0.0


def test_the_macro_f1_is_scikit_learn_s() -> None:
    f1_score = pytest.importorskip("sklearn.metrics").f1_score
    random = np.random.default_rng(0)
    labels = random.choice(list("ABC"), 200)
    logits = np.zeros((200, len(LABELS)))
    read = np.where(random.random(200) < 0.7, labels, random.choice(list("ABC"), 200))
    logits[np.arange(200), [LABELS.index(label) for label in read]] = 5
    figures, _ = evaluate(Told(logits), distinct(labels.tolist()))
    assert figures["sets"]["upper"]["macro_f1"] == pytest.approx(f1_score(labels, read, average="macro"), abs=1e-5)
    assert figures["sets"]["upper"]["accuracy"] == pytest.approx((labels == read).mean())


def test_the_error_that_is_left_when_the_least_sure_are_set_aside() -> None:
    confidence = np.linspace(0.5, 1, 100)
    correct = np.ones(100, bool)
    correct[[0, 1, 3, 60]] = False  # three among the least sure, one mistake that is sure
    curve = error_reject_curve(confidence, correct)
    errors = [curve[step]["error"] for step in (0, 1, 2, 5, 10, 50)]
    assert errors == pytest.approx([4 / 100, 3 / 99, 2 / 98, 1 / 95, 1 / 90, 1 / 50], abs=1e-5)
    assert curve[5]["below"] == pytest.approx(confidence[5], abs=1e-5)


def test_a_model_that_is_as_sure_as_it_is_right_is_calibrated() -> None:
    # Four of five right, each with a chance of 0.8.
    row = {"0": np.log(0.8), "1": np.log(0.2)}
    logits = np.full((50, len(LABELS)), -50.0)
    logits[:, :2] = [row["0"], row["1"]]
    figures, _ = evaluate(Told(logits), distinct(["0", "0", "0", "0", "1"] * 10))
    assert figures["sets"]["digits"]["accuracy"] == 0.8
    assert figures["sets"]["digits"]["reliability"] == [{"count": 50, "confidence": 0.8, "accuracy": 0.8}]


def test_the_temperature_of_the_model_counts() -> None:
    logits = logits_of(*[{"A": 4.0}] * 3)
    sharp, _ = evaluate(Told(logits), distinct("AAA"))
    soft, _ = evaluate(Told(logits, ModelInfo(LABELS, CropSpec(), temperature=4.0)), distinct("AAA"))
    confidences = [figures["sets"]["upper"]["reliability"][0]["confidence"] for figures in (sharp, soft)]
    assert confidences[0] > 0.95 > 0.6 > confidences[1]


def test_repeats_unknown_labels_and_what_is_no_character() -> None:
    glyphs = distinct(["A", "A", "?", "", ""])
    glyphs.inks[1][:] = glyphs.inks[0]  # type: ignore[index]
    logits = logits_of({"A": 9}, {"": 9}, {"B": 9})
    figures, crops = evaluate(Told(logits), glyphs)
    assert len(crops) == 3
    assert figures["data"]["repeats"] == 1
    assert figures["data"]["unknown"] == {"?": 1}
    assert figures["not_a_character"] == {"count": 2, "recognized": 0.5}
    assert "of 2 marks without a character 1 seen to be none (50.0 %)" in summary(figures)
    with pytest.raises(DatasetError, match="reads none of its characters"):
        evaluate(Told(logits[:0]), distinct("??"))
    with pytest.raises(DatasetError, match="marks without a character alone"):
        evaluate(Told(logits[:2]), distinct(["", ""]))


def test_writers_are_told_apart() -> None:
    logits = logits_of({"A": 9}, {"B": 9}, {"A": 9}, {"0": 9})
    figures, _ = evaluate(Told(logits), distinct("AAA0", ["anna", "ben", "anna", "ben"]))
    assert figures["writers"] == {
        "anna": {"upper": {"count": 2, "accuracy": 1.0}},
        "ben": {"upper": {"count": 1, "accuracy": 0.0}, "digits": {"count": 1, "accuracy": 1.0}},
    }


def test_the_page_stands_alone_and_escapes_what_it_shows(tmp_path: Path) -> None:
    logits = logits_of({"A": 9}, {"B": 9}, {"0": 9}, {"1": 3, "0": 2})
    figures, crops = evaluate(Told(logits), distinct("AA00", ["<b>", "<b>", "x", "x"]))
    page = evaluation_page(figures, crops, "a <model>")
    assert "a &lt;model&gt;" in page
    assert "<b></td>" not in page
    assert page.count("data:image/png;base64,") == len(figures["mistakes"]) == 2
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert page.count("<svg") == 2
    target = write_evaluation(tmp_path / "new" / "report", figures, crops, "t")
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((target.parent / "evaluation.json").read_text(encoding="utf-8"))["sets"] == figures["sets"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_evaluation(tmp_path / "file", figures, crops, "t")


def test_the_summary_tells_what_was_left_out() -> None:
    read = replace(distinct("AA"), left_out={"unreadable": 1, "blank": 1200})
    text = summary(evaluate(Told(logits_of({"A": 9}, {"A": 9})), read)[0])
    assert text.splitlines()[0].endswith(
        ": 2 characters, 0 repeats left out, 1 unreadable left out, 1,200 blank left out"
    )


def test_the_summary_names_the_figures() -> None:
    figures, _ = evaluate(Told(logits_of({"A": 9}, {"B": 9})), distinct("AA"))
    text = summary(figures)
    assert "upper: A read B 1x" in text
    assert re.search(r"^upper +2 +50\.00", text, re.MULTILINE)
    for word in ("free", "macro F1", "ECE", "none", "err@5%"):
        assert re.search(rf"\b{word}:", text)
