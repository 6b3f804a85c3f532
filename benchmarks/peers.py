"""Speed and accuracy beside general OCR: python benchmarks/peers.py [--copies 12] [--jobs 2] [--rapidocr PYTHON]

The same JPEG pages, the same cores, one after the other in the same run: hcr-scan, Tesseract 5 (Debian's
tesseract-ocr) and PP-OCRv4 (rapidocr-onnxruntime, in the environment of the Python that --rapidocr names). A peer that
is not installed is left out, and said so. Prints Markdown for RESULTS.md.

Peers are made for print; what is compared is what it costs to have a hand-printed page read at all, and how well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.drawing import draw_known_page, encode

#: Reads the files named as arguments, one text a line of JSON; one thread, as the processes share the cores.
RAPIDOCR = """
import json, sys
from rapidocr_onnxruntime import RapidOCR
read = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
for name in sys.argv[1:]:
    found, _ = read(name)
    print(json.dumps("".join(text for _, text, _ in found or [])))
"""

Reader = Callable[[list[Path], int], str]


def read_with_hcr_scan(pages: list[Path], jobs: int) -> str:
    """The text of the first page, after all were read."""
    target = pages[0].parent.parent / "hcr-scan.jsonl"
    command = [sys.executable, "-m", "hcr_scan", str(pages[0].parent), "--out", str(target), "--jobs", str(jobs)]
    subprocess.run([*command, "--overwrite", "--quiet"], check=True)
    with target.open(encoding="utf-8") as lines:
        record = json.loads(next(lines))
    return "".join(part["raw"] for part in record["fields"]) + "".join(part["text"] for part in record["lines"])


def read_with_tesseract(pages: list[Path], jobs: int) -> str:
    """A process for each page, ``jobs`` at a time, one thread each; page segmentation mode 6, one block of text."""
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}

    def read(page: Path) -> str:
        command = ["tesseract", str(page), "-", "--psm", "6"]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    with ThreadPoolExecutor(jobs) as pool:
        return next(iter([*pool.map(read, pages)]))


def reader_with_rapidocr(python: str) -> Reader:
    """``jobs`` processes that share the pages, each loading the models once."""

    def read(pages: list[Path], jobs: int) -> str:
        def share(number: int) -> str:
            command = [python, "-c", RAPIDOCR, *map(str, pages[number::jobs])]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        with ThreadPoolExecutor(jobs) as pool:
            shares = list(pool.map(share, range(jobs)))
        text: str = json.loads(shares[0].splitlines()[0])
        return text

    return read


def error_rate(read: str, written: str) -> float:
    """Edits to get from what was read to what was written, a character written; spaces do not count."""
    read = "".join(read.split())
    row = list(range(len(written) + 1))
    for i, found in enumerate(read, 1):
        before, row[0] = row[0], i
        for j, true in enumerate(written, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (found != true))
    return row[-1] / len(written)


def readers(rapidocr: str) -> dict[str, Reader]:
    found: dict[str, Reader] = {"hcr-scan": read_with_hcr_scan}
    if shutil.which("tesseract"):
        found["Tesseract 5"] = read_with_tesseract
    if (
        subprocess.run([rapidocr, "-c", "import rapidocr_onnxruntime"], check=False, capture_output=True).returncode
        == 0
    ):
        found["PP-OCRv4"] = reader_with_rapidocr(rapidocr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rapidocr", default=sys.executable, metavar="PYTHON")
    chosen = parser.parse_args()
    found = readers(chosen.rapidocr)
    for name in ("Tesseract 5", "PP-OCRv4"):
        if name not in found:
            print(f"{name} is not installed and left out.", file=sys.stderr)
    when, python = time.strftime("%Y-%m-%d"), platform.python_version()
    print(f"{when}, Python {python}, {chosen.copies} JPEG pages, start-up included.")
    print("\n| page | program | pages/s | hcr-scan is faster by | characters wrong |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for kind in ("lines", "cells"):
            page, written = draw_known_page(kind)
            suffix, data = encode(page, "jpeg")
            folder = Path(work) / kind
            folder.mkdir()
            pages = [folder / f"{number:03}{suffix}" for number in range(chosen.copies)]
            for path in pages:
                path.write_bytes(data)
            print_readers(kind, pages, written, found, chosen.jobs)


def print_readers(kind: str, pages: list[Path], written: str, found: dict[str, Reader], jobs: int) -> None:
    ours = 0.0
    for name, read in found.items():
        started = time.perf_counter()
        text = read(pages, jobs)
        rate = len(pages) / (time.perf_counter() - started)
        ours = ours or rate
        print(f"| {kind} | {name} | {rate:.2f} | {ours / rate:.1f} | {error_rate(text, written):.1%} |", flush=True)


if __name__ == "__main__":
    main()
