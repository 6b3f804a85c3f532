"""What it costs that pages lie in an object store: pages a second, CPU of the parent, and listing a million keys.

    python benchmarks/object_store.py [--delay 0.05] [--copies 20]

The store is a small S3 server on this machine, in a process of its own, that lets each fetch wait as long as a distant
one would; its own work is not counted, but takes from the same cores. Local files and the store are read in turns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from hcr_scan import Settings, load_classifier, transcribe
from hcr_scan.engines.local import local_engine
from hcr_scan.remote.listing import find_objects
from hcr_scan.sources.discovery import find_inputs
from hcr_scan.sources.listing import Listing
from hcr_scan.worker import prepare_worker

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

ROUNDS = 3
KEYS = 1_000_000


def serve(folder: str, delay: float, answer: Connection) -> None:
    """A store with the files of a folder, and a million names that nothing is read of."""
    from tests.object_store import ObjectStore, serving

    store = ObjectStore(delay=delay)
    store.put_files(Path(folder))
    store.numbered = KEYS
    with serving(store):
        answer.send(store.environment())
        answer.recv()


def rounds(folder: str, jobs: int) -> None:
    """Tell pages a second, and the parent's CPU a page, of the folder and of the store in turns."""
    classifier, settings = load_classifier(), Settings(jobs=jobs)
    found: dict[str, list[tuple[float, float]]] = {}
    with closing(local_engine(jobs, prepare_worker, settings.limits)) as engine:
        for turn in range(ROUNDS + 1):
            for name in (folder, "s3://scans/in"):
                started, cpu = time.perf_counter(), time.process_time()
                pages = sum(1 for _ in transcribe(name, classifier, settings, engine))
                wall, cpu = time.perf_counter() - started, time.process_time() - cpu
                if turn:  # the first warms up
                    found.setdefault(name, []).append((wall / pages, cpu / pages))
    for name, measured in found.items():
        seconds, own = (min(column) for column in zip(*measured, strict=True))
        print(f"{name}: {1 / seconds:.1f} pages a second, {1000 * own:.1f} ms of the parent's CPU a page")


def list_keys() -> None:
    """Tell how long a million keys take to list, and how much memory."""
    started = time.perf_counter()
    names = Listing(find_inputs(["s3://scans/numbered"], find_objects=find_objects))
    next(names)
    first = time.perf_counter() - started
    count = 1 + sum(1 for _ in names)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{count:,} keys: first name after {first:.1f} s, all after {time.perf_counter() - started:.0f} s; {memory} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="examples/forms", type=Path)
    parser.add_argument("--copies", type=int, default=20, help="how often each file is read in a round")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds that each fetch waits")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.copies):
            shutil.copytree(arguments.folder, Path(folder) / f"{number:03}")
        server = context.Process(target=serve, args=(folder, arguments.delay, there))
        server.start()
        os.environ |= here.recv()
        list_keys()
        rounds(folder, arguments.jobs)
        here.send(None)
        server.join()


if __name__ == "__main__":
    main()
