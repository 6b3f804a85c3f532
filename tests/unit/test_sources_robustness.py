"""Every odd, broken and hostile file of the shared collection becomes pages or a record; nothing raises.

Each file is opened in a process with limits on memory and time, as the program itself does it: some of these files are
made to take all of either.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("HCR_SCAN_SHARED", ROOT.parent / "shared"))
COLLECTION = SHARED / "robustness"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COLLECTION.is_dir(), reason="HCR_SCAN_SHARED names no folder with robustness/ in it"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory limits need Linux"),
]

#: Files that exist to exhaust memory or time: their worker may die, which is what the worker is for.
HOSTILE = frozenset(("bomb_flate.pdf", "bomb_laughs.pdf"))
SECONDS = 60

WORKER = """
import json, os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from hcr_scan.document import PageFailure
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, count_pages, load_page
settings = SourceSettings(dpi=100)
for line in sys.stdin.buffer:
    outcomes = []
    try:
        result = count_pages(os.fsdecode(line[:-1]), settings)
        results = [result] if isinstance(result, PageFailure) else [load_page(ref, settings) for ref in result[:3]]
        for page in results:
            if isinstance(page, PageImage):
                fine = page.pixels.ndim == 2 and page.pixels.dtype == "uint8" and page.pixels.size and page.dpi > 0
                outcomes.append("page" if fine else "odd pixels")
            else:
                page.message.encode()
                outcomes.append(f"{page.stage}: {page.error}")
    except BaseException as error:
        outcomes.append(f"RAISED {error!r}")
    print(json.dumps(outcomes), flush=True)
"""


class Worker:
    """A process that reads pages of the files it is told, and may be killed by them."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )

    def outcomes(self, path: Path) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(os.fsencode(path) + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if line:
            return list(json.loads(line))
        self.close()
        return [f"died: {signal.Signals(-self.process.returncode).name}" if ready else "too slow"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def test_every_file_becomes_pages_or_a_record() -> None:
    files = sorted(path for path in COLLECTION.rglob("*") if path.is_file())
    assert len(files) > 600
    worker, counts, wrong = Worker(), Counter[str](), {}
    for path in files:
        outcomes = worker.outcomes(path)
        if worker.process.returncode is not None:
            worker = Worker()
        counts.update(outcomes)
        allowed = ("page", "open: ", "decode: ", *(("died: ", "too slow") if path.name in HOSTILE else ()))
        if not all(outcome.startswith(allowed) for outcome in outcomes):
            wrong[str(path.relative_to(COLLECTION))] = outcomes
    worker.close()
    assert wrong == {}
    # Most of the collection is odd, not broken: readers that refuse it all would pass the test above.
    assert counts["page"] > 550
