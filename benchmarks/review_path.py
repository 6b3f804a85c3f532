"""From doubtful to done, by keyboard: python benchmarks/review_path.py [--forms 100] [--fields 100000]

First a path: drawn forms with known truth are scanned, all doubtful fields are reviewed in Chromium by a script
that presses the keys a person would, and the corrected table is compared with the truth. Then a large review: how soon
the page opens, how long from a key to the next field on the screen, and the memory of the program over many decisions.
Prints Markdown for RESULTS.md. Needs Chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

from benchmarks import filled_forms  # noqa: E402
from benchmarks.review import FIELDS, pages  # noqa: E402
from hcr_scan.cli import run  # noqa: E402
from hcr_scan.document import Source  # noqa: E402
from hcr_scan.journal.identity import RunIdentity  # noqa: E402
from hcr_scan.journal.journal import Journal, _packed  # noqa: E402
from hcr_scan.settings import Settings  # noqa: E402
from hcr_scan.sinks.records import Provenance  # noqa: E402
from tests.chromium import ALT, Browser, chromium  # noqa: E402

ENTER = "\ue007"
#: So many decisions are made at the pace of a quick person, who looks so many seconds; all others one on the other.
PACED, PAUSE = 100, 0.7

#: Notes, in the page itself, how long each key takes until the next field stands there and was painted, and whether its
#: ink was there with it.
WATCH = """
window.times = []; let pressed = null;
document.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
const done = () => { const at = pressed; pressed = null; if (at === null) return;
  requestAnimationFrame(() => setTimeout(() => {
    const ink = document.getElementById('ink-image');
    const there = ink.complete && ink.naturalWidth > 0 && !ink.closest('.waiting');
    window.times.push([performance.now() - at, there]); })); };
new MutationObserver(done).observe(document.getElementById('said-more'), {childList: true, subtree: true});
new MutationObserver(done).observe(document.getElementById('done'), {attributes: true});
"""

#: What the page shows of the field that is to be decided.
FIELD = """
if (document.getElementById('item').hidden) return null;
return [document.getElementById('item-name').textContent, document.getElementById('item-place').textContent,
  document.getElementById('value').value,
  [...document.querySelectorAll('#readings .text')].map((reading) => reading.textContent),
  document.getElementById('counts').textContent];
"""


@dataclass
class Strokes:
    """What it took."""

    keys: list[int] = field(default_factory=list)
    accepted: int = 0
    chosen: int = 0
    typed: int = 0
    marked: int = 0


@contextlib.contextmanager
def reviewing(target: Path, *options: str) -> Iterator[tuple[str, int, float]]:
    """The program over a scan: its address, its process, and the seconds until it said the address."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "hcr_scan", "review", str(target), *options], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "http://" in line)
        yield re.findall(r"http://\S+", line)[0], process.pid, time.perf_counter() - started
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()


def opened(browser: Browser, address: str) -> float:
    """Open the page; the milliseconds until the first field stood there, by the browser's own clock."""
    browser.open(address)
    browser.wait(lambda: browser.script("return !document.getElementById('item').hidden"))
    browser.script(WATCH)
    return float(browser.script("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"))


def decided(browser: Browser, truth: str, found: list[object], path: Strokes) -> str:
    """The keys that make a field say the truth, in as few strokes as the page allows; a key with Alt counts as one."""
    _, _, value, readings, _ = found
    if value == truth:
        path.accepted += 1
        keys = [ENTER]
    elif truth == "":
        path.marked += 1
        keys = [ALT + "b"]
    elif truth in readings[:9]:  # type: ignore[index]
        path.chosen += 1
        keys = [ALT + str(readings.index(truth) + 1), ENTER]  # type: ignore[attr-defined]
    else:
        path.typed += 1
        keys = [truth, ENTER]
    path.keys.append(sum(1 if key.startswith(ALT) else len(key) for key in keys))
    browser.press(*keys)
    return keys[0]


def review_all(browser: Browser, truths: dict[tuple[str, str], str]) -> Strokes:
    """Decide every field that is open."""
    path = Strokes()
    before = None
    while True:
        found = browser.wait(lambda before=before: _next(browser, before))
        if found == "done":
            return path
        name, place, *_ = found
        file = re.findall(r"(\d+\.png)", place)[-1]
        before = found
        decided(browser, truths[file, name], found, path)


def _next(browser: Browser, before: object) -> object:
    found = browser.script(FIELD)
    if found is None:
        return "done" if browser.shown("done") else None
    if browser.shown("broken"):
        # The truth of a form that is filled in wrongly breaks a rule: it is meant.
        browser.press(ENTER)
        return None
    # The count tells the next field from the one before it, also where the two look alike.
    return found if before is None or found[4].partition(" ")[0] != before[4].partition(" ")[0] else None  # type: ignore[index]


def persons_path(folder: Path, forms: int, seed: int) -> None:
    truths = {}
    scans = folder / "scans"
    scans.mkdir()
    for number, (image, written) in enumerate(filled_forms.pages(forms, seed)):
        Image.fromarray(np.asarray(image.pixels)).save(scans / f"{number}.png", dpi=(image.dpi, image.dpi))
        truths |= {(f"{number}.png", name): value for name, value in written.items()}
    target, final = folder / "out.csv", folder / "final.csv"
    assert run([str(scans), "--template", str(filled_forms.KYC / "kyc.toml"), "--out", str(target), "--quiet"]) == 0
    with chromium() as browser, reviewing(target) as (address, _, _):
        opened(browser, address)
        started = time.perf_counter()
        path = review_all(browser, truths)
        seconds = time.perf_counter() - started
        times = browser.script("return window.times")
    run(["apply", str(target), "-o", str(final)])
    print(f"| {forms} forms | before | after |\n|---|---|---|")
    before, after = _right(target, truths), _right(final, truths)
    print(f"| fields | {before[1]} | {after[1]} |\n| exactly right | {before[0]} | {after[0]} |")
    keys = path.keys
    print(f"| looked at | | {len(keys)} |\n| accepted, a reading chosen, typed, blank | | "
          f"{path.accepted}, {path.chosen}, {path.typed}, {path.marked} |")  # fmt: skip
    print(f"| keystrokes a field looked at | | {statistics.mean(keys):.2f} |")
    print(f"| keystrokes a form | | {sum(keys) / forms:.1f} |")
    print(f"| seconds a field, of program, page and driver | | {seconds / len(keys):.2f} |")
    print(f"| from key to next field painted, ms | | {_spread([spent for spent, _ in times])} |")
    print(f"| its ink was there at once | | {sum(ink for _, ink in times)} of {len(times)} |")


def _right(table: Path, truths: dict[tuple[str, str], str]) -> tuple[int, int]:
    """How many fields of the table say the truth, and how many there are."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (Path(row["file"]).name, row["name"]) in truths]
    return sum(row["value"] == truths[Path(row["file"]).name, row["name"]] for row in rows), len(rows)


def _spread(values: list[float]) -> str:
    ordered = sorted(values)
    cut = {share: ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.1, 0.5, 0.95)}
    return ", ".join(f"{share:.0%} within {value:.0f}" for share, value in cut.items()) + f", most {ordered[-1]:.0f}"


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
                record = (journal.document(page.source.path).id, 1, _packed(page, provenance))
                database.write("INSERT INTO records VALUES (?, ?, 0, 0.1, 1, ?)", record)
    return target


def large_review(folder: Path, fields: int, decisions: int) -> None:
    target = large_journal(folder, fields)
    # Every field is to be looked at.
    with reviewing(target, "--accept-above", "1") as (_, _, first):
        pass
    with chromium() as browser, reviewing(target) as (address, process, again):
        painted = opened(browser, address)
        ready = browser.script(
            "return performance.getEntriesByType('mark').find(m => m.name === 'first-field')?.startTime"
        )
        total = browser.text("counts")
        memory, worked, painted_for = [], _seconds(process), _rendering(browser)
        for number in range(decisions + PACED):
            before = browser.script(FIELD)
            browser.press(ENTER)
            browser.wait(lambda before=before: browser.script(FIELD) != before)
            if number < PACED:
                time.sleep(PAUSE)
            if number % 200 == 199:
                memory.append(_memory(process))
        worked, painted_for = _seconds(process) - worked, _rendering(browser) - painted_for
        times = browser.script("return window.times")
        heap = browser.script("return performance.memory.usedJSHeapSize")
    print(f"\n| {fields:,} fields | |\n|---|---|\n| {total} | |")
    print(f"| from the command to the address, the first time and again, s | {first:.1f}, {again:.1f} |")
    print(f"| page painted, first field shown, ms | {painted:.0f}, {ready or 0:.0f} |")
    for pace, some in (("a person's pace", times[:PACED]), ("one on the other", times[PACED:])):
        print(f"| from key to next field painted, {pace}, ms | {_spread([spent for spent, _ in some])} |")
        print(f"| its ink was there at once | {sum(ink for _, ink in some)} of {len(some)} |")
    done = (decisions + PACED) / 1000
    own, drawn = worked / done, painted_for / done
    print(f"| of CPU a decision, ms: program (pictures ahead included), page | {own:.1f}, {drawn:.1f} |")
    print(f"| memory of the program after each 200 decisions, MB | {', '.join(f'{value:.0f}' for value in memory)} |")
    print(f"| memory of the page's scripts at the end, MB | {heap / 1e6:.1f} |")


def _seconds(process: int) -> float:
    """Of CPU, without the workers'."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rendering(browser: Browser) -> float:
    """Seconds of CPU that the page's main thread took, scripts, layout and painting."""
    browser.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def _memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:", 1)[1].split()[0]) / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--forms", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=2)
    arguments.add_argument("--fields", type=int, default=100_000)
    arguments.add_argument("--decisions", type=int, default=2_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.forms:
            persons_path(Path(folder), chosen.forms, chosen.seed)
        if chosen.fields:
            large_review(Path(folder), chosen.fields, chosen.decisions)


if __name__ == "__main__":
    main()
