"""Accuracy on real forms: python benchmarks/forms.py [--keep FOLDER]

Reads $HCR_SCAN_SHARED/forms (default ../shared) with the real command, no template, scores the result with
tools/score_pages.py there, letter case left out, and prints the table of RESULTS.md. Sets marked * hold small letters
too and are read with --charset alnum.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

#: Set -> what a general OCR reaches, what we want to reach (None: only to be reported), whether small letters occur.
SETS: dict[str, tuple[str, float | None, bool]] = {
    "karvy_kyc_form": ("0.80", 0.95, False),
    "boxdetect_bank_form": ("0.60", 0.95, False),
    "cdigital_election_forms": ("0.54", 0.93, False),
    "handwrite_templates": ("0.39", 0.92, True),
    "velfi_grid": ("0.64", 0.90, True),
    "openfieldreader_samples": ("0.73", 0.92, True),
    "cmu_lines": ("0.63", 0.97, False),
    "eezycade_alphabets": ("0.71", 0.92, True),
    "faxocr_sheets": ("fails", 0.85, False),
    "nist_hsf_pages": ("fails", 0.75, True),
    "gcp_health_intake": ("fails", None, True),
}


def shared() -> Path:
    folder = Path(os.environ.get("HCR_SCAN_SHARED", "../shared"))
    if not (folder / "forms").is_dir():
        sys.exit(f"{folder / 'forms'} does not exist; set HCR_SCAN_SHARED to the folder that holds forms/ and tools/")
    return folder


def read(folder: Path, charset: str, target: Path) -> float:
    """Scan all sets that want a character set; returns the seconds it took."""
    names = [name for name, (_, _, small) in SETS.items() if small == (charset == "alnum")]
    inputs = [str(folder / "forms" / name) for name in names if (folder / "forms" / name).is_dir()]
    started = time.perf_counter()
    scan(inputs, charset, target)
    return time.perf_counter() - started


def scan(inputs: Sequence[str], charset: str, target: Path) -> None:
    """Read pages with the real command."""
    options = ["--out", str(target), "--overwrite", "--charset", charset, "--quiet"]
    code = subprocess.run([sys.executable, "-m", "hcr_scan", *inputs, *options], check=False).returncode
    if code not in (0, 1):
        sys.exit(f"the scan ended with exit code {code}")


def score(
    folder: Path, results: Path, pages: Path | None = None, sets: Collection[str] = SETS.keys()
) -> dict[str, tuple[float, int]]:
    """Accuracy and number of characters of each of some sets, folders in ``pages`` (the real forms)."""
    command = [sys.executable, str(folder / "tools" / "score_pages.py"), str(results), str(pages or folder / "forms")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.findall(r"^([\w-]+): accuracy (-?[\d.]+), (\d+) characters", done.stdout, re.MULTILINE)
    return {name: (float(accuracy), int(count)) for name, accuracy, count in found if name in sets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to leave the results in")
    chosen = parser.parse_args()
    folder = shared()
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        print(f"{time.strftime('%Y-%m-%d')}\n")
        print("| set | characters | a general OCR | reach | hcr-scan | |\n|---|---|---|---|---|---|")
        scores: dict[str, tuple[float, int]] = {}
        seconds = 0.0
        for charset in ("upper+digits", "alnum"):
            target = work / f"{charset.replace('+', '-')}.jsonl"
            seconds += read(folder, charset, target)
            small = charset == "alnum"
            scores |= {name: got for name, got in score(folder, target).items() if SETS[name][2] == small}
    for name, (general, wanted, small) in SETS.items():
        accuracy, count = scores.get(name, (float("nan"), 0))
        verdict = "" if wanted is None else "reached" if accuracy >= wanted else "short"
        goal = "report" if wanted is None else f"{wanted:.2f}"
        print(f"| {name}{' *' if small else ''} | {count} | {general} | {goal} | {accuracy:.4f} | {verdict} |")
    print(f"\nAll sets read in {seconds:.0f} s.")


if __name__ == "__main__":
    main()
