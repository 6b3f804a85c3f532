"""The benchmarks run and measure what they say; times are never asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.drawing import FORMATS, SIZE, encode
from benchmarks.stages import missing_names

ROOT = Path(__file__).parents[2]


def test_every_stage_is_still_called_by_its_name() -> None:
    assert missing_names() == [], "benchmarks/stages.py names functions that are called otherwise now"


def test_every_benchmark_finds_what_it_takes_from_others() -> None:
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    lines = [f"import benchmarks.{name}" for name in names]
    lines += ["from benchmarks.filled_forms import pages", "next(pages(1, 1))"]
    done = subprocess.run(
        [sys.executable, "-c", "; ".join(lines)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_speed_is_measured_in_every_format(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "pages.py"), "--copies", "1", "--jobs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in FORMATS:
        assert f"| lines | {name} | " in done.stdout
    assert "Training libraries loaded by a scan: none." in done.stdout


def test_an_unknown_format_is_refused() -> None:
    import numpy as np

    with pytest.raises(ValueError, match=r"no format 'gif'"):
        encode(np.full(SIZE, 255, np.uint8), "gif")
