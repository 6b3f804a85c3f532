"""The review in Chromium, for the benchmarks: the program behind it, and a watch on what a person waits for."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chromium import Browser

ENTER = "\ue007"

#: Notes, in the page itself, from its opening on and from each key on: how long until the next field's reading and its
#: ink were painted together, and until the program said that the decision is on the disk.
WATCH = """
window.opened = null; window.times = []; window.saves = [];
(() => {
  let pressed = null, last = null, item = '';
  const shown = () => document.getElementById('item').dataset.item;
  const there = () => {
    const ink = document.getElementById('ink-image');
    const done = !document.getElementById('done').hidden;
    return done || (!document.getElementById('item').hidden && ink.complete && ink.naturalWidth > 0 &&
      !ink.closest('.waiting'));
  };
  const painted = (from, put) => requestAnimationFrame(() => {
    if (there()) setTimeout(() => put(performance.now() - from)); else painted(from, put);
  });
  const real = window.fetch;
  window.fetch = async (...asked) => {
    const from = last;
    const answer = await real(...asked);
    if (asked[0] === '/api/decisions' && answer.ok) window.saves.push(performance.now() - from);
    return answer;
  };
  document.addEventListener('keydown', (event) => { pressed = last = event.timeStamp; }, true);
  document.addEventListener('DOMContentLoaded', () => {
    painted(0, (spent) => { window.opened = spent; });
    new MutationObserver(() => {
      if (shown() === item) return;
      item = shown();
      if (pressed === null) return;
      painted(pressed, (spent) => window.times.push(spent));
      pressed = null;
    }).observe(document.getElementById('said-more'), {childList: true, subtree: true, characterData: true});
  });
})();
"""


@dataclass(frozen=True)
class Program:
    """A review under way: its address, its process, and the seconds and seconds of CPU until it said the address."""

    address: str
    process: int
    seconds: float
    worked: float


@contextlib.contextmanager
def reviewing(target: Path, *options: str) -> Iterator[Program]:
    """The program over a scan."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "hcr_scan", "review", str(target), *options], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = next((line for line in process.stderr if "http://" in line), None)
        assert line is not None, "the review ended before it said its address"
        yield Program(
            re.findall(r"http://\S+", line)[0], process.pid, time.perf_counter() - started, seconds_of(process.pid)
        )
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()


def opened(browser: Browser, address: str) -> tuple[float, float]:
    """Open the page; the milliseconds until it was first painted, and until the first field and its ink were."""
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    browser.open(address)
    ready = float(browser.wait(lambda: browser.script("return window.opened")))
    painted = browser.script("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    return float(painted), ready


def seconds_of(process: int) -> float:
    """Of CPU, without the workers'."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: list[float]) -> str:
    """Milliseconds, by the shares of them that were no longer."""
    if not values:
        return "none"
    ordered = sorted(values)
    cut = {share: ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.1, 0.5, 0.95)}
    return ", ".join(f"{share:.0%} within {value:.0f}" for share, value in cut.items()) + f", most {ordered[-1]:.0f}"
