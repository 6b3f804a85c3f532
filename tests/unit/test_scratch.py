"""Private folders, and what killed processes left of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hcr_scan.scratch import Scratch

PREFIX = "hcr-scan-test-"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    code = "import sys, pathlib, time; from hcr_scan.scratch import Scratch\n"
    code += f"scratch = Scratch('{PREFIX}', pathlib.Path(sys.argv[1])); print(scratch.path, flush=True); time.sleep(60)"
    killed = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    left = Path(killed.stdout.readline().strip())
    (left / "session").mkdir()
    (left / "page").write_bytes(b"of somebody")
    other = tmp_path / f"{PREFIX}without-a-lock"
    other.mkdir()
    living = Scratch(PREFIX, tmp_path)
    assert living.path.stat().st_mode & 0o777 == 0o700
    assert left.exists()
    killed.kill()
    killed.communicate()
    after = Scratch(PREFIX, tmp_path)
    assert not left.exists()
    assert living.path.exists()
    assert other.exists()
    for scratch in (living, after):
        scratch.close()
    assert list(tmp_path.iterdir()) == [other]
