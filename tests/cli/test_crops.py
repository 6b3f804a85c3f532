"""``apply --crops``: what people decided as characters to learn from, just as the model saw them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hcr_scan.cli import run
from hcr_scan.document import Verdict
from hcr_scan.model.classifier import load_classifier
from hcr_scan.review.crops import folder_of
from hcr_scan.review.items import Filter, State
from hcr_scan.review.store import ReviewStore
from hcr_scan.settings import Settings
from hcr_scan.sources import count_pages
from hcr_scan.worker import PageTask, segment_page
from hcr_scan_training.labelled import label_of, read_glyphs
from tests.reviews import indexed

FORM = Path(__file__).parents[2] / "examples" / "forms" / "application.pdf"


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """A scan of two pages, every field of which somebody accepted, but for one that is corrected and one unreadable."""
    shutil.copy(FORM, tmp_path / "form.pdf")
    options = ["--out", str(tmp_path / "r.csv"), "--quiet", "--jobs", "1", "--pages", "1-2"]
    assert run([str(tmp_path / "form.pdf"), *options]) == 0
    with ReviewStore(str(tmp_path / "r.csv.review")) as store:
        indexed(tmp_path / "r.csv.journal", store)
    return tmp_path


def decide_all(scanned: Path) -> tuple[str, str]:
    """Decide all; gives the value that was corrected and what to."""
    with ReviewStore(str(scanned / "r.csv.review")) as store:
        items = [item for state in (State.ALL, State.UNSEEN) for item in store.queue(Filter(state), limit=500)]
        for item in items:
            store.decide(item.id, 1, "ann", Verdict.ACCEPTED, "", 0.0)
        wrong = next(item for item in items if item.kind == "cells" and len(item.value) > 3 and item.value.isalpha())
        corrected = ("Q" if wrong.value[0] != "Q" else "Z") + wrong.value[1:]
        store.decide(wrong.id, 1, "ann", Verdict.CORRECTED, corrected, 0.0)
        return wrong.value, corrected


def write(scanned: Path) -> int:
    folder = scanned / "crops"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["apply", str(scanned / "r.csv"), "-o", str(scanned / "f.csv"), "--crops", str(folder), "--jobs", "1"]
    return run(command)


def test_crops_are_what_the_model_saw(scanned: Path) -> None:
    decide_all(scanned)
    assert write(scanned) == 0
    classifier = load_classifier()
    seen = set()
    for ref in count_pages(str(scanned / "form.pdf"), Settings().source)[:2]:  # type: ignore[index]
        page = segment_page(PageTask(ref, Settings(), classifier.info.crop_spec, classifier.page_model))
        seen |= {crop.tobytes() for crop in page.crops}  # type: ignore[union-attr]
    pictures = sorted((scanned / "crops").rglob("*.png"))
    assert len(pictures) > 50
    for picture in pictures:
        assert np.asarray(Image.open(picture)).tobytes() in seen
    # And training reads the very same crops back.
    glyphs = read_glyphs(scanned / "crops")
    assert {crop.tobytes() for crop in glyphs.crops(classifier.info.crop_spec)} <= seen
    assert len(glyphs) == len(pictures)
    read = classifier.predict(glyphs.crops(classifier.info.crop_spec)).argmax(axis=1)
    agreed = [classifier.info.labels[k].upper() == label.upper() for k, label in zip(read, glyphs.labels, strict=True)]
    assert np.mean(agreed) > 0.8


def test_a_correction_is_a_label(scanned: Path) -> None:
    before, after = decide_all(scanned)
    write(scanned)
    found = [path.parent.parent.name for path in (scanned / "crops").rglob("*_001.png")]
    assert after[0] in found
    assert before[1:] == after[1:]


def test_training_is_recommended_where_there_is_enough_for_it(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ReviewStore(str(scanned / "r.csv.review")) as store:
        item = next(item for item in store.queue(Filter(State.ALL), limit=500) if item.kind == "cells" and item.value)
        store.decide(item.id, 1, "ann", Verdict.ACCEPTED, "", 0.0)
    write(scanned)
    said = capsys.readouterr().err
    assert "hcr-scan train needs 48 or more characters" in said
    assert "next: hcr-scan train" not in said
    decide_all(scanned)
    write(scanned)
    assert f"next: hcr-scan train --data {scanned / 'crops'} --from default" in capsys.readouterr().err


def test_a_folder_that_holds_something_is_left_alone(scanned: Path) -> None:
    decide_all(scanned)
    (scanned / "crops").mkdir()
    (scanned / "crops" / "mine.txt").write_text("mine")
    command = ["apply", str(scanned / "r.csv"), "-o", str(scanned / "f.csv"), "--crops", str(scanned / "crops")]
    assert run(command) == 5
    assert [path.name for path in (scanned / "crops").iterdir()] == ["mine.txt"]


def test_a_file_that_changed_is_left_out_and_said(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decide_all(scanned)
    with (scanned / "form.pdf").open("ab") as file:
        file.write(b"\n")
    assert write(scanned) == 0
    assert list((scanned / "crops").rglob("*.png")) == []
    said = capsys.readouterr().err
    assert said.count("form.pdf is not (any more) the file") == 1


@pytest.mark.parametrize("label", [*"09AZaz./-@", "é", "Ä", ""])
def test_folders_are_read_back_as_their_labels(label: str) -> None:
    assert label_of(folder_of(label)) == label
