"""Real forms are read no worse than recorded: the gate of nightly runs. benchmarks/forms.py prints the figures.

Raise a floor when reading gets better; lower one only with a reason in the commit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.forms import SETS, read, score
from hcr_scan.cli import run

SHARED = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")).resolve()

#: Recorded accuracies, rounded down by about a hundredth.
FLOORS = {
    "karvy_kyc_form": 0.95,
    "boxdetect_bank_form": 0.94,
    "cdigital_election_forms": 0.88,
    "handwrite_templates": 0.94,
    "velfi_grid": 0.96,
    "openfieldreader_samples": 0.95,
    "cmu_lines": 0.96,
    "eezycade_alphabets": 0.92,
    "faxocr_sheets": 0.96,
    # A row of letters that the ground truth leaves out as uncertain is read, and counts against us.
    "nist_hsf_pages": 0.81,
    "gcp_health_intake": 0.44,
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SHARED / "forms").is_dir(), reason="HCR_SCAN_SHARED names no folder with forms/ in it"),
]


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, int]]:
    folder = tmp_path_factory.mktemp("forms")
    found: dict[str, tuple[float, int]] = {}
    for charset in ("upper+digits", "alnum"):
        target = folder / f"{charset}.jsonl"
        read(SHARED, charset, target)
        small = charset == "alnum"
        found |= {name: got for name, got in score(SHARED, target).items() if SETS[name][2] == small}
    return found


def test_every_set_has_a_floor() -> None:
    assert set(FLOORS) == set(SETS)


@pytest.mark.parametrize("name", FLOORS)
def test_forms_are_read_no_worse_than_recorded(name: str, scores: dict[str, tuple[float, int]]) -> None:
    accuracy, characters = scores[name]
    assert characters > 0
    assert accuracy >= FLOORS[name]


def test_an_empty_form_gives_no_text(tmp_path: Path) -> None:
    target = tmp_path / "blank.jsonl"
    blank = SHARED / "forms" / "karvy_kyc_form" / "blank_template_karvy.jpg"
    if not blank.exists():
        pytest.skip(f"{blank} is not here")
    assert run([str(blank), "--out", str(target), "--jobs", "1", "--quiet"]) == 0
    record = json.loads(target.read_text(encoding="utf-8"))
    items = [(field["value"], field["status"]) for field in record["fields"]]
    items += [(line["text"], line["status"]) for line in record["lines"]]
    found = [(text, status) for text, status in items if text.strip()]
    # The form has some 2,000 printed characters: a word of them may be taken for handwriting, but a person looks at it.
    assert all(status != "ok" for _, status in found)
    assert len("".join("".join(text.split()) for text, _ in found)) <= 3
