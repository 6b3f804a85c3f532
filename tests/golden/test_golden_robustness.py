"""Row by row what becomes of every odd, broken and hostile file of the shared collection, in one run of the program.

A page that is read is ``read`` here, whatever was found on it: how well odd pages are understood changes with every
improvement, and others than this test look at it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("HCR_SCAN_SHARED", ROOT.parent / "shared"))
COLLECTION = SHARED / "robustness"
GOLDEN = Path(__file__).parent / "robustness.json"
MOST_PARENT_MEMORY = 300 << 20
MOST_SECONDS = 1800
#: Which limit a bomb reaches first depends on the machine.
OVER = dict.fromkeys(("memory", "timeout"), "over a limit")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COLLECTION.is_dir(), reason="HCR_SCAN_SHARED names no folder with robustness/ in it"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory limits need Linux"),
]


def test_every_file_of_the_collection_in_one_run(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    target, messages = tmp_path / "results.jsonl", tmp_path / "messages"
    with messages.open("w") as errors:
        command = [sys.executable, "-m", "hcr_scan", str(COLLECTION), "--out", str(target)]
        code, peak = run_watched(command, errors)
    assert code == 1
    assert "Traceback" not in messages.read_text()
    assert peak < MOST_PARENT_MEMORY
    records = [json.loads(line) for line in target.read_text().splitlines()]
    assert_complete(records)
    found = outcomes(records)
    if pytestconfig.getoption("--update-golden"):
        lines = (f"{json.dumps(name)}: {json.dumps(found[name], sort_keys=True)}" for name in sorted(found))
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    assert found == json.loads(GOLDEN.read_text())


def run_watched(command: list[str], errors: Any) -> tuple[int, int]:
    """The exit code, and the most memory in bytes that the process (not its workers) had."""
    peak = 0
    until = time.monotonic() + MOST_SECONDS
    with subprocess.Popen(command, stderr=errors, cwd=ROOT) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(
                [peak, *(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))]
            )
            if time.monotonic() > until:
                process.kill()
                pytest.fail("the run does not end")
            time.sleep(0.1)
    return process.returncode, peak


def assert_complete(records: list[dict[str, Any]]) -> None:
    """One record for each page of each document that could be opened, in order, and one for each that could not."""
    pages: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        pages.setdefault(record["source"]["path"], []).append(record)
    for path, of_document in pages.items():
        expected = of_document[0]["source"]["pages"]
        assert [record["source"]["page"] for record in of_document] == list(range(1, expected + 1)), path
    missing = {str(path) for path in COLLECTION.rglob("*") if path.is_file()} - set(pages)
    # What is nothing that anybody scans is not looked at in folders.
    assert not {path for path in missing if path.endswith((".pdf", ".png", ".jpg", ".tif", ".tiff", ".bmp"))}


def outcomes(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By file, without its folder's name: the beginning of its hash, and how many pages came to which end."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        error = record["error"]
        end = f"{error['stage']}: {OVER.get(error['error'], error['error'])}" if error else "read"
        counts.setdefault(record["source"]["path"], Counter())[end] += 1
    return {
        str(Path(path).relative_to(COLLECTION)): {
            "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16],
            "pages": dict(ends),
        }
        for path, ends in counts.items()
    }
