"""The examples of sharded runs, with schedulers that do what they are told at once."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import READING, digest, digit_pages, scan

EXAMPLES = Path(__file__).parents[2] / "examples" / "shards"

PROGRAM = f'exec {shlex.quote(sys.executable)} -m hcr_scan "$@"'
#: Reading options for scans only.
HCR_SCAN = f'if [ "$1" = merge ]; then {PROGRAM}; else {PROGRAM} {shlex.join(READING)}; fi'
SBATCH = """\
for last in "$@"; do case $last in --array=1-*) count=${last#--array=1-};; esac; done
export SLURM_CPUS_PER_TASK=1
for SLURM_ARRAY_TASK_ID in $(seq ${count:-1}); do export SLURM_ARRAY_TASK_ID; bash -c "$last" >&2 || exit; done
echo 17
"""
PARALLEL = """\
while [ "$1" != ::: ]; do case $1 in hcr-scan*) job=$1;; esac; shift; done
shift
for number in "$@"; do bash -c "${job//\\{\\}/$number}" || exit; done
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in {"hcr-scan": HCR_SCAN, "sbatch": SBATCH, "parallel": PARALLEL}.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (programs / name).chmod(0o755)
    return os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "SHARDS": "2"}


@pytest.mark.parametrize("example", ["parallel.sh", "slurm.sh"])
def test_examples_give_what_one_machine_gives(environment: dict[str, str], tmp_path: Path, example: str) -> None:
    folder, results = digit_pages(tmp_path / "the scans", 3), tmp_path / "results"
    results.mkdir()
    (folder / "0002.png").write_bytes(b"no image")
    script = tmp_path / example
    script.write_text((EXAMPLES / example).read_text().replace("shards=16", "shards=2"))
    done = subprocess.run(
        ["bash", str(script), str(folder), str(results)], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr
    scan(folder, "--out", tmp_path / "whole.jsonl")
    assert digest(results / "results.jsonl") == digest(tmp_path / "whole.jsonl")
