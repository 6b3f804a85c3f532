"""The examples give what they gave before: texts and statuses exactly, places and confidences nearly.

`make golden` writes down anew what is expected. Confidences may differ a little between processors, so they are
compared with a tolerance; what else was likely (alternatives) is left out, since near ties may change places.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode

ROOT = Path(__file__).parents[2]
EXPECTED = ROOT / "examples" / "expected"
NAMES = ("results.csv", "results.jsonl")

CONFIDENCE_TOLERANCE = 0.03
PIXEL_TOLERANCE = 2
LEFT_OUT = {"provenance", "alternatives"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder with the output of a scan of the examples, copied to where it is expected if so asked."""
    folder = tmp_path_factory.mktemp("golden")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for name in NAMES:
            assert run(["examples/forms", "--out", str(folder / name), "--jobs", "1", "--quiet"]) == ExitCode.OK
    if request.config.getoption("--update-golden"):
        for name in NAMES:
            shutil.copyfile(folder / name, EXPECTED / name)
    return folder


def test_records_are_as_expected(found: Path) -> None:
    expected, records = (_records(folder / "results.jsonl") for folder in (EXPECTED, found))
    assert [_place(record) for record in records] == [_place(record) for record in expected]
    for new, old in zip(records, expected, strict=True):
        assert list(_differences(new, old, _place(old))) == []


def test_rows_are_as_expected(found: Path) -> None:
    expected, rows = (_rows(folder / "results.csv") for folder in (EXPECTED, found))
    exact = ("file", "page", "template", "kind", "name", "value", "status", "reasons", "raw", "error")
    assert [[row[name] for name in exact] for row in rows] == [[row[name] for name in exact] for row in expected]
    assert list(rows[0]) == list(expected[0])


def test_a_difference_is_seen() -> None:
    old = {"text": "A", "confidence": 0.9, "box": [1, 2, 3, 4], "glyphs": [{"status": "ok"}]}
    assert list(_differences(old | {"confidence": 0.91, "box": [2, 2, 3, 4]}, old, "")) == []
    for change in ({"text": "B"}, {"confidence": 0.5}, {"box": [9, 2, 3, 4]}, {"glyphs": []}, {"more": 1}):
        assert list(_differences(old | change, old, "")), change


def _records(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _place(record: Any) -> str:
    return f"{record['source']['path']} page {record['source']['page']}"


def _differences(new: Any, old: Any, where: str) -> Any:
    """Every place where two JSON values differ by more than the tolerances."""
    if isinstance(new, dict) and isinstance(old, dict) and new.keys() == old.keys():
        for key in old.keys() - LEFT_OUT:
            yield from _differences(new[key], old[key], f"{where}.{key}")
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for number, (a, b) in enumerate(zip(new, old, strict=True)):
            yield from _differences(a, b, f"{where}[{number}]")
    elif type(new) is type(old) and isinstance(new, float):
        # Of a whole line the confidence is a product, which adds up the differences of its glyphs.
        glyphs = 20 if where.count("glyphs") == 0 else 1
        if abs(new - old) > CONFIDENCE_TOLERANCE * (glyphs**0.5):
            yield f"{where}: {new} instead of {old}"
    elif type(new) is type(old) and isinstance(new, int) and ".box[" in where:
        if abs(new - old) > PIXEL_TOLERANCE:
            yield f"{where}: {new} instead of {old}"
    elif type(new) is not type(old) or new != old:
        yield f"{where}: {new!r} instead of {old!r}"
