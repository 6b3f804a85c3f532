"""What it costs to read pages in supervised workers: CPU a page, against the same stages in one process.

    python benchmarks/supervision.py [FOLDER]

Start-up is left out on both sides. The least of three rounds counts, since other programs can only add to it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import closing
from pathlib import Path

from hcr_scan import Settings, load_classifier, transcribe
from hcr_scan.engines.base import Engine
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.engines.worker_process import ONE_THREAD
from hcr_scan.model.classifier import Classifier
from hcr_scan.worker import prepare_worker

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from tests.fakes import InProcessEngine  # noqa: E402

ROUNDS = 3
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes: set[int]) -> float:
    """What this process and the workers have taken so far."""
    ticks = 0
    for process in processes:
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return time.process_time() + ticks / TICK


def cpu_a_page(engine: Engine, classifier: Classifier, files: list[str], copies: int) -> float:
    """Seconds of CPU a page, the least of the rounds, when everything is warm."""
    from tests import poison

    pages = len(list(transcribe(files, classifier, Settings(), engine)))
    workers = {answer.process for answer in engine.map(poison.whoami, range(8)) if isinstance(answer, poison.Answer)}
    seconds = []
    for _ in range(ROUNDS):
        started = cpu_seconds(workers - {os.getpid()})
        for _ in transcribe(files * copies, classifier, Settings(), engine):
            pass
        seconds.append(cpu_seconds(workers - {os.getpid()}) - started)
    return min(seconds) / (pages * copies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="examples/forms", type=Path)
    parser.add_argument("--copies", type=int, default=20, help="how often each file is read in a round")
    arguments = parser.parse_args()
    if not ONE_THREAD.items() <= os.environ.items():
        # As in workers: threads of array libraries wait for each other at full speed, which would count as work here.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    files = sorted(str(path) for path in arguments.folder.iterdir() if path.is_file())
    classifier = load_classifier()
    bare = cpu_a_page(InProcessEngine(), classifier, files, arguments.copies)
    print(f"{'in one process':>16}: {1000 * bare:6.2f} ms of CPU a page")
    for jobs in (1, 2):
        with closing(Supervisor(jobs, prepare_worker)) as engine:
            supervised = cpu_a_page(engine, classifier, files, arguments.copies)
        print(f"{jobs:>9} workers: {1000 * supervised:6.2f} ms of CPU a page ({100 * (supervised / bare - 1):+.1f} %)")


if __name__ == "__main__":
    main()
