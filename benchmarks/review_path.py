"""From doubtful to done, by keyboard: python benchmarks/review_path.py [--forms 100]

Drawn forms with known truth are scanned, all doubtful fields are reviewed in Chromium by a script that presses the keys
a person would, and the corrected table is compared with the truth; each field that is wrong in the end is listed with
who decided it. Prints Markdown for RESULTS.md. Needs Chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

from benchmarks import filled_forms  # noqa: E402
from benchmarks.review_browser import ENTER, opened, reviewing, spread  # noqa: E402
from hcr_scan.cli import run  # noqa: E402
from tests.chromium import ALT, Browser, chromium  # noqa: E402

#: What the page shows of the field that is to be decided.
FIELD = """
if (document.getElementById('item').hidden) return null;
return [document.getElementById('item-name').textContent, document.getElementById('item-place').textContent,
  document.getElementById('value').value,
  [...document.querySelectorAll('#readings .text')].map((reading) => reading.textContent),
  document.getElementById('item').dataset.item];
"""


@dataclass
class Strokes:
    """What it took."""

    keys: list[int] = field(default_factory=list)
    accepted: int = 0
    chosen: int = 0
    typed: int = 0
    marked: int = 0


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


def _next(browser: Browser, before: list[object] | None) -> object:
    """The field that is to be decided, once it is another; ``done`` where there is none."""
    found = browser.script(FIELD)
    if found is None:
        return "done" if browser.shown("done") else None
    if browser.shown("broken"):
        # The truth of a form that is filled in wrongly breaks a rule: it is meant. One Enter, and no more, says so.
        browser.press(ENTER)
        browser.wait(lambda: not browser.shown("broken"))
        return None
    return found if before is None or found[4] != before[4] else None


def persons_path(folder: Path, forms: int, seed: int) -> None:
    truths = {}
    scans = folder / "scans"
    scans.mkdir()
    for number, (image, written) in enumerate(filled_forms.pages(forms, seed)):
        Image.fromarray(np.asarray(image.pixels)).save(scans / f"{number}.png", dpi=(image.dpi, image.dpi))
        truths |= {(f"{number}.png", name): value for name, value in written.items()}
    target, final = folder / "out.csv", folder / "final.csv"
    assert run([str(scans), "--template", str(filled_forms.KYC / "kyc.toml"), "--out", str(target), "--quiet"]) == 0
    print(f"{forms} forms scanned; load {os.getloadavg()[0]:.1f}\n", flush=True)
    with chromium() as browser, reviewing(target) as program:
        opened(browser, program.address)
        started = time.perf_counter()
        path = review_all(browser, truths)
        seconds = time.perf_counter() - started
        times = browser.script("return window.times")
    run(["apply", str(target), "-o", str(final)])
    print(f"| {forms} forms | before | after |\n|---|---|---|")
    before, after = list(_judged(target, truths)), list(_judged(final, truths))
    print(f"| fields | {len(before)} | {len(after)} |")
    print(f"| exactly right | {sum(one.right for one in before)} | {sum(one.right for one in after)} |")
    keys = path.keys
    print(f"| looked at | | {len(keys)} |\n| accepted, a reading chosen, typed, blank | | "
          f"{path.accepted}, {path.chosen}, {path.typed}, {path.marked} |")  # fmt: skip
    print(f"| keystrokes a field looked at | | {statistics.mean(keys):.2f} |")
    print(f"| keystrokes a form | | {sum(keys) / forms:.1f} |")
    print(f"| seconds a field, of program, page and driver | | {seconds / len(keys):.2f} |")
    print(f"| from key to next reading and ink painted, ms | | {spread(times)} |")
    print("\n| wrong in the end | truth | value | confidence | decided by |\n|---|---|---|---|---|")
    for one in after:
        if not one.right:
            row = one.row
            print(f"| {row['file']} {row['name']} | {one.truth} | {row['value']} | {row['confidence']} | "
                  f"{row['corrected_by'] or 'nobody: accepted unseen'} |")  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A row of a table, and what is true."""

    row: dict[str, str]
    truth: str

    @property
    def right(self) -> bool:
        return self.row["value"] == self.truth


def _judged(table: Path, truths: dict[tuple[str, str], str]) -> Iterator[Judged]:
    """The rows of a table of which the truth is known."""
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            row["file"] = Path(row["file"]).name
            if (row["file"], row["name"]) in truths:
                yield Judged(row, truths[row["file"], row["name"]])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--forms", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=2)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        persons_path(Path(folder), chosen.forms, chosen.seed)


if __name__ == "__main__":
    main()
