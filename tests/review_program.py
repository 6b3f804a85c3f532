"""The program ``hcr-scan review`` over drawn pages, for a browser to open."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hcr_scan.document import Page
from hcr_scan.review.store import ReviewStore
from tests.chromium import Browser
from tests.review_server import drawn_page
from tests.reviews import field, finals, write_journal
from tests.runs import PROGRAM


@contextlib.contextmanager
def reviewing(
    folder: Path, *pages: Page, options: tuple[str, ...] = (), templates: tuple[str, ...] = ()
) -> Iterator[str]:
    """The program over a journal of these pages, read with templates of the folder; gives the address to open."""
    write_journal(folder / "out.csv.journal", pages, [str(folder / name) for name in templates])
    arguments = [*PROGRAM, "review", str(folder / "out.csv"), "--reviewer", "ann", *options]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "http://" in line)
        found = re.search(r"http://\S+", line)
        assert found is not None
        yield found.group()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def decisions(folder: Path) -> dict[str, tuple[str, str]]:
    """What is decided at last: by the field's name the verdict and the value."""
    with ReviewStore(str(folder / "out.csv.review")) as store:
        return {item.name: (decision.verdict.value, decision.value) for item, decision in finals(store)}


def four(folder: Path) -> Page:
    """Fields a, b, c and d, in the order in which they come up."""
    return drawn_page(
        folder / "scan.png",
        *(
            field(name, text, sure, doubtful=[0], top=40 + 60 * number)
            for number, (name, text, sure) in enumerate(
                [("a", "ABC", 0.1), ("b", "B22", 0.2), ("c", "C33", 0.3), ("d", "D44", 0.4)]
            )
        ),
    )


def begin(browser: Browser, address: str, name: str = "a") -> None:
    browser.open("about:blank")
    browser.open(address)
    browser.script("localStorage.clear()")
    browser.open(address)
    browser.wait_for("item-name", name)
