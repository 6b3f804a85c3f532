"""Speed of whole pages: python benchmarks/pages.py [--copies 40] [--jobs 2] [--formats jpeg png ...]

Draws an A4 page of 500 characters at 300 dpi in each format and runs the real command over copies of it, from the shell
to the finished file. Prints Markdown for RESULTS.md. HCR_SCAN_SHARED, where set, gives real handwriting.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.drawing import FORMATS, Page, draw_page, encode, hand
from benchmarks.stages import OTHER, missing_names, stage_times

COMMAND = [sys.executable, "-m", "hcr_scan"]


def timed_run(folder: Path, jobs: int) -> tuple[float, float, int, int]:
    """Wall seconds, CPU seconds, pages and characters of one run of the command over a folder."""
    target = folder.parent / "out.jsonl"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = [*COMMAND, str(folder), "--out", str(target), "--overwrite", "--jobs", str(jobs), "--quiet"]
    subprocess.run(command, check=True, env=_installed(folder.parent))
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    records = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    return wall, cpu, len(records), characters(records[0])


def _installed(work: Path) -> dict[str, str]:
    """The environment of a command whose modules are compiled, as pip leaves them, whatever is set here."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(work / "compiled")}


def characters(record: dict[str, object]) -> int:
    """How many characters were read on a page."""
    return sum(1 for glyph in _glyphs(record) if glyph["text"])


def _glyphs(node: object) -> list[dict[str, object]]:
    if isinstance(node, dict):
        inner = [glyph for key, value in node.items() if key != "glyphs" for glyph in _glyphs(value)]
        return inner + list(node.get("glyphs", []))
    return [glyph for item in node for glyph in _glyphs(item)] if isinstance(node, list) else []


def copies(folder: Path, page: Page, name: str, count: int) -> Path:
    suffix, data = encode(page, name)
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:03}{suffix}").write_bytes(data)
    return folder


def print_throughput(pages: dict[str, Page], formats: list[str], count: int, jobs: int, work: Path) -> None:
    print(f"\n{count} pages, `--jobs {jobs}`, from the shell to the finished file, start-up included:\n")
    print("| page | format | pages/s | wall s | CPU s a page | characters read of 500 |\n|---|---|---|---|---|---|")
    for kind, page in pages.items():
        for name in formats:
            folder = copies(work / f"{kind}-{name}", page, name, count)
            wall, cpu, number, read = timed_run(folder, jobs)
            print(f"| {kind} | {name} | {number / wall:.1f} | {wall:.1f} | {cpu / number:.3f} | {read} |", flush=True)


def print_stages(pages: dict[str, Page], work: Path) -> None:
    tables = {}
    for kind, page in pages.items():
        path = next(copies(work / f"stage-{kind}", page, "jpeg", 1).iterdir())
        tables[kind] = stage_times(path)
    print("\nCPU milliseconds of one JPEG page by stage, in one process:\n")
    print(f"| stage | {' | '.join(tables)} |\n|---|{'---|' * len(tables)}")
    for stage in next(iter(tables.values())):
        print(f"| {stage} | {' | '.join(f'{1000 * table[stage]:.0f}' for table in tables.values())} |")
    print(f"| **all** | {' | '.join(f'**{1000 * sum(table.values()):.0f}**' for table in tables.values())} |")
    if missing := missing_names():
        print(f"\n(counted under {OTHER!r}, since they have other names now: {', '.join(missing)})")


def print_start(pages: dict[str, Page], work: Path) -> None:
    folder = copies(work / "one", pages["lines"], "jpeg", 1)
    walls = {jobs: min(timed_run(folder, jobs)[0] for _ in range(3)) for jobs in (1, 2)}
    helps = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL, env=_installed(work))
        helps.append(time.perf_counter() - started)
    print("\nStart-up, modules compiled, best of three:\n\n| run | seconds |\n|---|---|")
    print(f"| one page, `--jobs 1` | {walls[1]:.2f} |\n| one page, `--jobs 2` | {walls[2]:.2f} |")
    print(f"| `--help` | {min(helps):.2f} |")
    loaded = heavy_modules(folder, work / "out.csv")
    print(f"\nTraining libraries loaded by a scan: {', '.join(loaded) or 'none'}.")


def heavy_modules(folder: Path, target: Path) -> list[str]:
    """Training libraries that a scan in one process, workers' work included, has loaded at its end."""
    code = (
        "import sys; from hcr_scan.cli import run; run(sys.argv[1:]);"
        "print(*[m for m in ('tensorflow', 'keras', 'torch', 'jax', 'onnx', 'pandas', 'sklearn') if m in sys.modules])"
    )
    arguments = [str(folder), "--out", str(target), "--overwrite", "--jobs", "1", "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--kinds", nargs="+", choices=("lines", "cells"), default=["lines", "cells"])
    chosen = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{time.strftime('%Y-%m-%d')}, {cores} cores, Python {platform.python_version()}; written by {hand()[0]}.")
    pages = {kind: draw_page(kind) for kind in chosen.kinds}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        # The first run compiles all modules, as installing does, so it is not one of those that are timed.
        timed_run(copies(work / "first", next(iter(pages.values())), "jpeg", 1), 2)
        print_throughput(pages, chosen.formats, chosen.copies, chosen.jobs, work)
        print_stages(pages, work)
        print_start({"lines": next(iter(pages.values()))}, work)


if __name__ == "__main__":
    main()
