"""The same pages on this machine, in shards and on Ray: python benchmarks/cluster.py [--pages 2000] [--jobs 2]

Draws the small mixed pages of ``endurance.py``, one in a hundred of them broken or hostile, and reads them with the
real command: locally, in three shards that are merged, on Ray, and on Ray while actors are killed and then the driver,
which is resumed. Prints Markdown for RESULTS.md, and ends with 1 unless CSV and JSONL have the same bytes each time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.endurance import draw_pages, lines_of

PROGRAM = [sys.executable, "-m", "hcr_scan"]
READING = ["--layout", "glyph", "--charset", "digits", "--page-timeout", "120", "--log-format", "json", "-v"]
RAY = ["--engine", "ray"]
SHARDS = 3
#: Parts of the pages after which something is killed, and the beginning of the victims' names.
KILLS = ((0.15, "ray::PageActor"), (0.3, "ray::StageActor"), (0.45, "ray::PageActor"), (0.6, ""))


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went: exit code, seconds, and the most memory that all its processes had together, in bytes."""

    code: int
    seconds: float
    memory: int


def ran(arguments: list[object], kills: list[tuple[int, str]] | None = None) -> Ran:
    """Run the program, and after so many pages each kill one of its processes, or itself where the name is empty."""
    kills = list(kills or ())
    most, started = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([*PROGRAM, *map(str, arguments)], stderr=log)
        while process.poll() is None:
            time.sleep(0.5)
            family = family_of(process.pid)
            most = max(most, sum(map(memory_of, family)))
            if kills and lines_of(log.fileno()) >= kills[0][0]:
                _, name = kills.pop(0)
                victims = [member for member in family if name and command_of(member).startswith(name)]
                os.kill(victims[0] if name else process.pid, signal.SIGKILL)
        code = process.wait()
        if code not in (0, 1, -signal.SIGKILL):
            log.seek(0)
            print(log.read()[-3000:], file=sys.stderr)
    return Ran(code, time.perf_counter() - started, most)


def family_of(process: int) -> list[int]:
    """A process and all that it and those started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found = [process]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def memory_of(process: int) -> int:
    """Bytes of a process, pages that it shares with others by its share of them."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        return int(text.split("\nPss:", 1)[1].split()[0]) << 10
    return 0


def command_of(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
    return ""


def locally(pages: Path, target: Path, jobs: int) -> list[Ran]:
    return [ran([pages, "--out", target, *READING, "--jobs", jobs])]


def in_shards(pages: Path, target: Path, jobs: int) -> list[Ran]:
    parts = [target.with_suffix(f".{number}.jsonl") for number in range(1, SHARDS + 1)]
    done = [
        ran([pages, "--out", part, *READING, "--jobs", jobs, "--shard", f"{number}/{SHARDS}"])
        for number, part in enumerate(parts, 1)
    ]
    return [*done, ran(["merge", *parts, "--out", target])]


def on_ray(pages: Path, target: Path, jobs: int) -> list[Ran]:
    return [ran([pages, "--out", target, *READING, "--jobs", jobs, *RAY])]


def on_ray_with_deaths(pages: Path, target: Path, jobs: int) -> list[Ran]:
    count = len(list(pages.iterdir()))
    command = [pages, "--out", target, *READING, "--jobs", jobs, "--resume", *RAY]
    return [ran(command, [(int(part * count), name) for part, name in KILLS]), ran(command)]


WAYS: dict[str, Callable[[Path, Path, int], list[Ran]]] = {
    "on this machine": locally,
    f"{SHARDS} shards, one after the other, merged": in_shards,
    "on Ray": on_ray,
    "on Ray; two page actors, a stage actor and the driver killed; resumed": on_ray_with_deaths,
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    outputs: set[tuple[str, str]] = set()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        failing = draw_pages(work / "in", chosen.pages)
        print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, `--jobs {chosen.jobs}`: ", end="")
        print(f"{chosen.pages:,} pages, {failing} of them broken or hostile\n")
        print("| way | exit codes | seconds | pages/s | peak of all processes | JSONL | CSV |")
        print("|---|---|---|---|---|---|---|")
        for number, (way, run) in enumerate(WAYS.items()):
            target, table = work / f"{number}.jsonl", work / f"{number}.csv"
            runs = run(work / "in", target, chosen.jobs)
            ran(["export", target, "--out", table])
            digests = sha256(target), sha256(table)
            outputs.add(digests)
            codes, seconds = ", ".join(str(done.code) for done in runs), sum(done.seconds for done in runs)
            memory = max(done.memory for done in runs) >> 20
            print(f"| {way} | {codes} | {seconds:.0f} | {chosen.pages / seconds:.1f} | {memory:,} MB | ", end="")
            print(f"`{digests[0][:12]}` | `{digests[1][:12]}` |", flush=True)
    if len(outputs) != 1:
        sys.exit(1)


if __name__ == "__main__":
    main()
