"""What a person waits for in a large review: python benchmarks/review_waits.py [--fields 100000] [--decisions 300]

How soon the page opens, how long from a key until the next field's reading and its ink are painted, and until the
decision is on the disk; and the memory of the program. Rows of Markdown for RESULTS.md come as they are known; what was
not reached within ``--seconds`` is left out. Needs Chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

from benchmarks.review import FIELDS, pages  # noqa: E402
from benchmarks.review_browser import ENTER, opened, reviewing, seconds_of, spread  # noqa: E402
from hcr_scan.document import Source  # noqa: E402
from hcr_scan.journal.identity import RunIdentity  # noqa: E402
from hcr_scan.journal.journal import Journal, packed  # noqa: E402
from hcr_scan.settings import Settings  # noqa: E402
from hcr_scan.sinks.records import Provenance  # noqa: E402
from tests.chromium import Browser, chromium  # noqa: E402

#: So many values are accepted, and so many typed, at the pace of a quick person, who looks so many seconds.
PACED, TYPED, PAUSE = 100, 30, 0.7
#: Nobody presses Enter within so many seconds of the last letter; the page draws that first.
BEFORE_ENTER = 0.15
#: Decisions between two looks at the memory.
EACH = 200


@dataclass
class Clock:
    """Until when the benchmark goes on."""

    end: float

    @property
    def over(self) -> bool:
        return time.monotonic() > self.end


def large_journal(folder: Path, fields: int) -> Path:
    """A journal of so many fields; each page a file of its own, all of them the same few pictures."""
    scans, random = folder / "many", np.random.default_rng(0)
    scans.mkdir()
    drawn = []
    for number in range(4):
        pixels = np.full((2339, 1654), 250, np.uint8)
        for _ in range(3000):
            x, y = random.integers(50, 1600), random.integers(50, 2280)
            pixels[y : y + random.integers(2, 30), x : x + random.integers(2, 6)] = 40
        path = scans / f"drawn{number}.png"
        Image.fromarray(pixels).save(path, dpi=(200, 200))
        drawn.append((path, hashlib.sha256(path.read_bytes()).hexdigest()))
    target = folder / "many.csv"
    with Journal(f"{target}.journal") as journal:
        journal.begin(RunIdentity.of([str(scans)], Settings(), "0" * 64))
        journal.note("request", {"template_paths": []})
        provenance, database = Provenance("0", "0" * 64, "0" * 64), journal._database
        with database.transaction():
            for number, page in enumerate(pages(fields // FIELDS)):
                path, sha256 = drawn[number % len(drawn)]
                link = scans / f"{number:06}.png"
                os.link(path, link)
                page = replace(page, source=Source(str(link), 1, 1, sha256))
                journal.add_document(page.source.path)
                record = (journal.document(page.source.path).id, 1, packed(page, provenance))
                database.write("INSERT INTO records VALUES (?, ?, 0, 0.1, 1, ?)", record)
    return target


def decided(browser: Browser, count: int, pause: float, keys: list[str], clock: Clock) -> Iterator[int]:
    """Decide so many fields, one after the other, as long as there are some and there is time."""
    for number in range(count):
        if clock.over or browser.shown("done"):
            return
        before = browser.script("return window.times.length")
        for key in keys[:-1]:
            browser.press(key)
            time.sleep(BEFORE_ENTER)
        browser.press(keys[-1])
        browser.wait(lambda before=before: browser.script("return window.times.length") > before)
        yield number
        time.sleep(pause)


def measure(browser: Browser, process: int, decisions: int, clock: Clock) -> None:
    for what, count, pause, keys in (
        ("accepted at a person's pace", PACED, PAUSE, [ENTER]),
        ("typed at a person's pace", TYPED, PAUSE, ["AB1", ENTER]),
        ("accepted one on the other", decisions, 0.0, [ENTER]),
    ):
        browser.script("window.times = []; window.saves = [];")
        memory, done = [], 0
        worked, drawn = seconds_of(process), _rendering(browser)
        for number in decided(browser, count, pause, keys, clock):
            done = number + 1
            if done % EACH == 0:
                memory.append(f"{_memory(process):.0f}")
        if not done:
            continue
        worked, drawn = seconds_of(process) - worked, _rendering(browser) - drawn
        times, saves = browser.script("return [window.times, window.saves]")
        print(f"| {done} {what}: key to next reading and ink painted, ms | {spread(times)} |")
        print(f"| key to decision on the disk, ms | {spread(saves)} |")
        print(f"| of CPU each, ms: program (pictures ahead included), page | "
              f"{1000 * worked / done:.1f}, {1000 * drawn / done:.1f} |", flush=True)  # fmt: skip
        if memory:
            print(f"| memory of the program after each {EACH}, MB | {', '.join(memory)} |", flush=True)


def waits(folder: Path, fields: int, decisions: int, seconds: float) -> None:
    clock = Clock(time.monotonic() + seconds)
    target = large_journal(folder, fields)
    print(f"\nLoad before: {os.getloadavg()[0]:.1f}\n\n| {fields:,} fields | |\n|---|---|", flush=True)
    # Every field is to be looked at.
    with reviewing(target, "--accept-above", "1") as first:
        print(f"| from the command to the address at first, s (of CPU) | {first.seconds:.1f} ({first.worked:.1f}) |",
              flush=True)  # fmt: skip
    with chromium() as browser, reviewing(target) as again:
        print(f"| again | {again.seconds:.1f} ({again.worked:.1f}) |", flush=True)
        painted, ready = opened(browser, again.address)
        print(f"| page painted; first field with its ink, ms | {painted:.0f}; {ready:.0f} |", flush=True)
        measure(browser, again.process, decisions, clock)
        heap = browser.script("return performance.memory.usedJSHeapSize")
        print(f"| memory of the page's scripts at the end, MB | {heap / 1e6:.1f} |")
        print(f"| decided in the end | {browser.text('counts')} |", flush=True)
    if clock.over:
        print(f"\nNot all was done within {seconds:.0f} s.")
    print(f"\nLoad after: {os.getloadavg()[0]:.1f}")


def _rendering(browser: Browser) -> float:
    """Seconds of CPU that the page's main thread took, scripts, layout and painting."""
    browser.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def _memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:", 1)[1].split()[0]) / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--fields", type=int, default=100_000)
    arguments.add_argument("--decisions", type=int, default=300, help="one on the other, after those at a pace")
    arguments.add_argument("--seconds", type=float, default=450, help="then it ends, with what it has")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        waits(Path(folder), chosen.fields, chosen.decisions, chosen.seconds)


if __name__ == "__main__":
    main()
