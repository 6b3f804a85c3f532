"""Runs over many small pages, in this process and in others that can be killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from hcr_scan.cli import run
from tests.strokes import draw_strokes, shape_glyph

PROGRAM = [sys.executable, "-m", "hcr_scan"]

#: How the small pages are to be read.
READING = ["--layout", "glyph", "--charset", "digits"]


#: In the environment of programs that a test looks for afterwards.
MARK = "HCR_SCAN_TEST_MARK"


def draw_digit_page(path: Path, digit: str) -> Path:
    """A picture of one digit, a page that takes a few milliseconds."""
    page = np.zeros((60, 60), np.uint8)
    draw_strokes(page, shape_glyph(digit, 22, 12, 34, np.random.default_rng(int(digit)), jitter=0.02), pen=3.0)
    Image.fromarray(255 - page).save(path, dpi=(200, 200))
    return path


def digit_pages(folder: Path, count: int, first: int = 0) -> Path:
    """A folder of so many of them."""
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        draw_digit_page(folder / f"{number:04}.png", str(number % 10))
    return folder


def draw_digits_file(path: Path, count: int) -> Path:
    """A TIFF with a digit on each of its pages."""
    pages = [Image.open(draw_digit_page(path.with_suffix(".png"), str(number % 10))).copy() for number in range(count)]
    path.with_suffix(".png").unlink()
    pages[0].save(path, save_all=True, append_images=pages[1:], dpi=(200, 200))
    return path


def mixed_pages(folder: Path, count: int) -> Path:
    """A folder of single pages, the fourth of them no image, a document of three pages, a note, and an empty folder."""
    digit_pages(folder, count)
    (folder / "0003.png").write_bytes(b"no image")
    draw_digits_file(folder / "several.tif", 3)
    (folder / "notes.txt").write_text("no page")
    (folder / "below").mkdir()
    return folder


def scan(*arguments: object) -> int:
    """A scan in this process."""
    return run([*map(str, arguments), *READING, "--jobs", "1", "--quiet"])


def command(*arguments: object, jobs: int = 2) -> list[str]:
    """The same as a command line, on worker processes."""
    return [*PROGRAM, *map(str, arguments), *READING, "--jobs", str(jobs)]


def start(arguments: Sequence[str], mark: str = "") -> subprocess.Popen[str]:
    """Start a program as a shell would, a process group of its own; :func:`living` finds what has the mark."""
    return subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {MARK: mark},
    )  # fmt: skip


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damage(target: Path) -> None:
    """Make the record of a page amid an output's journal unreadable."""
    with contextlib.closing(sqlite3.connect(f"{target}.journal")) as connection, connection:
        middle = "SELECT rowid FROM records ORDER BY document LIMIT 1 OFFSET (SELECT count(*) / 2 FROM records)"
        assert connection.execute(f"UPDATE records SET record = x'00' WHERE rowid = ({middle})").rowcount == 1


def living(mark: str) -> list[int]:
    """Processes that run with the mark, workers and their children included; those that ended do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def leftovers(folder: Path) -> list[str]:
    """Temporary files that were not removed."""
    return [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
