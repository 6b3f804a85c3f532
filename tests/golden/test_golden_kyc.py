"""The filled forms of examples/kyc give what is expected: what is `ok` is as written, and little needs a look.

`make golden` writes expected.csv anew.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode

ROOT = Path(__file__).parents[2]
KYC = ROOT / "examples" / "kyc"
EXPECTED = KYC / "expected.csv"
#: How the table says what was written otherwise.
DATES = {"17031968": "1968-03-17", "29021984": "1984-02-29", "08111995": "1995-11-08", "30061979": "1979-06-30"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """The rows of a wide table of the filled forms, copied to where they are expected if so asked."""
    target = tmp_path_factory.mktemp("kyc") / "results.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        arguments = ["examples/kyc/filled.tif", "--template", "examples/kyc/kyc.toml", "--out", str(target)]
        assert run([*arguments, "--shape", "wide", "--with", "status", "--jobs", "1", "--quiet"]) == ExitCode.OK
    if request.config.getoption("--update-golden"):
        EXPECTED.write_bytes(target.read_bytes())
    return rows_of(target)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def truth() -> list[dict[str, str]]:
    """What was written, as the template delivers it."""
    rows = rows_of(KYC / "truth.csv")
    return [{**row, "date_of_birth": DATES[row["date_of_birth"]], "consent": row["consent"] or "no"} for row in rows]


def test_the_table_is_as_expected(found: list[dict[str, str]]) -> None:
    assert found == rows_of(EXPECTED)


def test_what_is_ok_is_as_written(found: list[dict[str, str]]) -> None:
    pairs = [(name, row, written) for row, written in zip(found, truth(), strict=True) for name in written]
    accepted = [(name, row[name], written[name]) for name, row, written in pairs if row[f"{name}__status"] == "ok"]
    assert len(accepted) >= 0.75 * len(pairs)
    assert [triple for triple in accepted if triple[1] != triple[2]] == []
    assert sum(row[name] == written[name] for name, row, written in pairs) >= 0.93 * len(pairs)


def test_the_script_of_the_example_runs() -> None:
    done = subprocess.run(
        [sys.executable, str(KYC / "api.py")], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WHITFIELD, MARGARET JUNE: income 54350" in done.stdout
