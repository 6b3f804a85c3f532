"""Every script of examples/ runs, and the examples are read as they were written."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode

ROOT = Path(__file__).parents[2]
FORMS = ROOT / "examples" / "forms"
SHARED = Path(os.environ.get("HCR_SCAN_SHARED", "../shared"))
#: Of all characters of the examples, so many may be read wrongly.
ERRORS_ALLOWED = 0.03


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("examples") / "results.csv"
    assert run([str(FORMS), "--out", str(target), "--jobs", "1", "--quiet"]) == ExitCode.OK
    return target


def script(name: str, *arguments: object) -> str:
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples_are_read_as_written(results: Path) -> None:
    written = json.loads((ROOT / "examples" / "truth.json").read_text(encoding="utf-8"))
    read: dict[str, list[str]] = {place: [] for place in written}
    with results.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = f"{Path(row['file']).relative_to(FORMS).as_posix()}#{row['page']}"
            read[place].append(row["value"])
    characters = sum(len("".join(texts).replace(" ", "")) for texts in written.values())
    wrong = {place: (read[place], texts) for place, texts in written.items() if read[place] != texts}
    errors = sum(edits("".join(got).replace(" ", ""), "".join(want).replace(" ", "")) for got, want in wrong.values())
    assert errors <= ERRORS_ALLOWED * characters, wrong


def edits(a: str, b: str) -> int:
    """Characters to put in, take out or change to get from one text to the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def test_the_api_in_ten_lines() -> None:
    printed = script("api.py", FORMS / "orders.tif")
    assert "page 1: field_002 = '70419'" in printed
    assert "page 2:" in printed


def test_csv_into_pandas(results: Path) -> None:
    pytest.importorskip("pandas")
    printed = script("to_pandas.py", results)
    assert "orders.tif" in printed
    assert "rows need a look" in printed


def test_the_pages_can_be_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (SHARED / "characters" / "unipen_strokes.npz").exists():
        pytest.skip(f"{SHARED / 'characters' / 'unipen_strokes.npz'} is not here; set HCR_SCAN_SHARED")
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import draw  # type: ignore[import-not-found]

    truth = draw.draw(tmp_path)
    assert truth == json.loads((ROOT / "examples" / "truth.json").read_text(encoding="utf-8"))
    names = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")}
    assert names == {path.relative_to(FORMS) for path in FORMS.rglob("*.*")}
    # Other versions of the libraries may compress otherwise; the fax and the cards have no grain of a codec.
    assert len((tmp_path / "orders.tif").read_bytes()) == pytest.approx((FORMS / "orders.tif").stat().st_size, rel=0.05)
