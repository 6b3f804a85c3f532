"""How many pages a day: python benchmarks/capacity.py [--machines 4] [--cores 32] [--gpus 1] [--storage 500] [--check]

Measures what a page costs here, stage by stage, and works out what any number of machines, cores and GPUs would read in
a day, what limits them, and how long a million and a billion pages take. ``--check`` holds the prediction against runs
of the command on one and on two of this machine's cores. Prints Markdown for RESULTS.md.

The model: a page costs a worker ``work`` seconds of a core, the classifier ``classify`` seconds of a core (or its crops
on a GPU), and the parent, which is one thread of Python, ``parent`` seconds. Cores share all of it; the parent's thread
and each GPU are limits of their own, and so is the storage that pages come from. Machines read shards of one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.drawing import draw_page, encode, hand
from benchmarks.stages import stage_times

#: Stages that run in the parent; all others but "classify" run in workers.
PARENT_STAGES = ("assemble",)
#: What the parent does beside: journal, supervision and output, seconds a page and seconds a glyph (RESULTS.md).
JOURNAL, PER_PAGE, PER_GLYPH = 0.0010, 0.0003, 7e-6
#: Bytes a page and a glyph take in the journal (RESULTS.md: a page of one field, and one of 500 glyphs).
ROW_BYTES, GLYPH_BYTES = 550, 22
#: Seconds a million documents take to be listed, and a million pages to be written from the journal (RESULTS.md).
LISTING, RENDERING = 4.5, 60.0
DAY = 86_400


@dataclass(frozen=True, slots=True)
class PageCost:
    """Seconds of a core a page takes, by who pays them; its crops, and its bytes on the storage."""

    work: float
    classify: float
    parent: float
    crops: int
    size: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """What there is: equal machines, and the storage they share in bytes a second. ``gpu_crops`` is a GPU's rate."""

    machines: int = 1
    cores: int = 2
    gpus: int = 0
    gpu_crops: float = 400_000
    storage: float = 500e6
    startup: float = 0.7


def limits(cost: PageCost, cluster: Cluster) -> dict[str, float]:
    """Pages a second that each part of the cluster allows; the least of them is what it reads."""
    on_cores = cost.work + cost.parent + (0.0 if cluster.gpus else cost.classify)
    found = {
        "cores": cluster.machines * cluster.cores / on_cores,
        "the parent's thread": cluster.machines / cost.parent,
        "storage": cluster.storage / cost.size,
    }
    if cluster.gpus:
        found["GPUs"] = cluster.machines * cluster.gpus * cluster.gpu_crops / cost.crops
    return found


def seconds(pages: int, cost: PageCost, cluster: Cluster) -> float:
    """How long so many pages take from start to finished file, shards merged."""
    listing = pages / 1e6 * LISTING
    merging = pages / 1e6 * RENDERING if cluster.machines > 1 else 0.0
    return cluster.startup + listing + pages / min(limits(cost, cluster).values()) + merging


def measured_cost(path: Path, crops: int) -> PageCost:
    """What the page costs here, in one process."""
    stages = stage_times(path)
    classify = stages.pop("classify")
    parent = sum(stages.pop(name) for name in PARENT_STAGES) + JOURNAL + PER_PAGE + crops * PER_GLYPH
    return PageCost(sum(stages.values()), classify, parent, crops, path.stat().st_size)


def timed_command(folder: Path, cores: list[int]) -> float:
    """Wall seconds of the command on these cores alone."""
    command = [sys.executable, "-m", "hcr_scan", str(folder), "--out", str(folder.parent / "out.jsonl")]
    command += ["--overwrite", "--quiet", "--jobs", str(len(cores))]
    started = time.perf_counter()
    subprocess.run(command, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    return time.perf_counter() - started


def print_cluster(cost: PageCost, cluster: Cluster) -> None:
    print(f"\n{cluster.machines} machines of {cluster.cores} cores and {cluster.gpus} GPUs:\n")
    print("| limit | pages/s | pages a day |\n|---|---|---|")
    for name, rate in sorted(limits(cost, cluster).items(), key=lambda item: item[1]):
        print(f"| {name} | {rate:,.1f} | {rate * DAY:,.0f} |")


def print_scale(cost: PageCost, cluster: Cluster) -> None:
    print("\n| pages | time | pages read | listing | journals | merging |\n|---|---|---|---|---|---|")
    for pages in (10**4, 10**6, 10**9):
        reading = pages / min(limits(cost, cluster).values())
        journal = pages * (ROW_BYTES + GLYPH_BYTES * cost.crops)
        listing, merging = pages / 1e6 * LISTING, pages / 1e6 * RENDERING
        times = " | ".join(map(spoken, (seconds(pages, cost, cluster), reading, listing)))
        print(f"| {pages:,} | {times} | {journal / 1e9:,.1f} GB | {spoken(merging)} |")


def spoken(amount: float) -> str:
    """Seconds in the unit that people would say."""
    for size, unit in ((DAY, "days"), (3600, "h"), (60, "min")):
        if amount >= 2 * size:
            return f"{amount / size:,.1f} {unit}"
    return f"{amount:,.1f} s"


def print_check(cost: PageCost, page: bytes, suffix: str, count: int, work: Path) -> None:
    folder = work / "check"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}{suffix}").write_bytes(page)
    cores = sorted(os.sched_getaffinity(0))
    print(f"\n{count} pages, start-up included:\n\n| cores | predicted s | measured s | off by |\n|---|---|---|---|")
    for number in (1, 2):
        if number <= len(cores):
            predicted = seconds(count, cost, Cluster(cores=number))
            took = timed_command(folder, cores[:number])
            print(f"| {number} | {predicted:.1f} | {took:.1f} | {100 * (predicted / took - 1):+.0f} % |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)), help="of each machine")
    parser.add_argument("--gpus", type=int, default=0, help="of each machine")
    parser.add_argument("--gpu-crops", type=float, default=Cluster.gpu_crops, help="crops a second that a GPU reads")
    parser.add_argument("--storage", type=float, default=500, help="MB a second that all machines share")
    parser.add_argument("--kind", choices=("lines", "cells"), default="cells", help="page of 500 characters to measure")
    parser.add_argument("--check", action="store_true", help="run the command here, and compare")
    parser.add_argument("--pages", type=int, default=20, help="pages of the check")
    chosen = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores; written by {hand()[0]}.")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        suffix, data = encode(draw_page(chosen.kind), "jpeg")
        (work / f"page{suffix}").write_bytes(data)
        cost = measured_cost(work / f"page{suffix}", crops=600 if chosen.kind == "lines" else 500)
        spent = (cost.work, cost.classify, cost.parent)
        print("\nA page: {:.3f} s in a worker, {:.3f} s to classify, {:.3f} s in the parent.".format(*spent))
        if chosen.check:
            print_check(cost, data, suffix, chosen.pages, work)
    cluster = Cluster(chosen.machines, chosen.cores, chosen.gpus, chosen.gpu_crops, chosen.storage * 1e6)
    print_cluster(cost, cluster)
    print_scale(cost, cluster)


if __name__ == "__main__":
    main()
