"""A night in small: python benchmarks/endurance.py [--pages 10000] [--jobs 2]

Draws so many small pages in mixed formats, one in a hundred of them broken or hostile (cut off, no image, larger than
allowed, a PDF that takes all memory), runs the real command over them, and watches the parent process meanwhile:
memory, threads, open files. Prints Markdown for RESULTS.md, and ends with 1 if a page is missing or was read that
should have failed, or memory grows.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.pdf_writer import billion_laughs
from tests.strokes import draw_strokes, shape_glyph

#: Bytes that the parent may grow in a thousand pages once it has settled, and pages until then.
MOST_GROWTH, SETTLED = 1 << 20, 500
FORMATS = (("png", "PNG"), ("jpg", "JPEG"), ("tif", "TIFF"), ("bmp", "BMP"), ("webp", "WEBP"), ("pdf", "PDF"))


@dataclass(frozen=True, slots=True)
class Sample:
    """The parent at one moment, and how many pages were done."""

    pages: int
    memory: int
    threads: int
    files: int


def draw_pages(folder: Path, count: int) -> int:
    """Write the pages; gives how many of them must fail."""
    folder.mkdir()
    pictures = {suffix: [encoded(digit, kind) for digit in "0123456789"] for suffix, kind in FORMATS}
    poison = [
        ("png", pictures["png"][0][: len(pictures["png"][0]) // 2]),
        ("jpg", b"no image at all"),
        ("tif", b""),
        ("png", too_large()),
        ("jpg", pictures["jpg"][1][: len(pictures["jpg"][1]) // 2]),
    ]
    failing = 0
    for number in range(count):
        suffix = FORMATS[number % len(FORMATS)][0]
        data = pictures[suffix][number % 10]
        if number % 100 == 37:
            suffix, data = poison[failing % len(poison)] if failing % 20 else ("pdf", billion_laughs(12))
            failing += 1
        (folder / f"{number:06}.{suffix}").write_bytes(data)
    return failing


def encoded(digit: str, kind: str) -> bytes:
    ink = np.zeros((60, 60), np.uint8)
    draw_strokes(ink, shape_glyph(digit, 22, 12, 34, np.random.default_rng(int(digit)), jitter=0.02), pen=3.0)
    stream = io.BytesIO()
    Image.fromarray(255 - ink).save(stream, kind)
    return stream.getvalue()


def too_large() -> bytes:
    """A picture that says it has four billion pixels."""
    stream = io.BytesIO()
    Image.new("1", (8, 8)).save(stream, "PNG")
    data = bytearray(stream.getvalue())
    data[16:24] = (65535).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def watched_run(folder: Path, target: Path, jobs: int) -> tuple[int, list[Sample], float]:
    """The exit code, what the parent was like every second, and seconds."""
    command = [sys.executable, "-m", "hcr_scan", str(folder), "--out", str(target), "--layout", "glyph"]
    command += ["--charset", "digits", "--jobs", str(jobs), "--log-format", "json", "-v"]
    samples: list[Sample] = []
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stderr=log)
        while process.poll() is None:
            time.sleep(1)
            place = Path(f"/proc/{process.pid}")
            try:
                status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
                files = len(list((place / "fd").iterdir()))
            except (OSError, ValueError):
                break
            if "VmRSS" in status:
                done = lines_of(log.fileno())
                samples.append(Sample(done, int(status["VmRSS"].split()[0]) << 10, int(status["Threads"]), files))
        return process.wait(), samples, time.perf_counter() - started


def lines_of(descriptor: int) -> int:
    """Lines written so far, one a page, without moving where the writer stands."""
    size, count = os.fstat(descriptor).st_size, 0
    for start in range(0, size, 1 << 20):
        count += os.pread(descriptor, 1 << 20, start).count(b"\n")
    return count


def growth(samples: list[Sample]) -> float:
    """Bytes that the parent grows in a thousand pages, by least squares once it has settled."""
    settled = [sample for sample in samples if sample.pages >= SETTLED]
    if len(settled) < 3:
        return 0.0
    pages, memory = [s.pages for s in settled], [s.memory for s in settled]
    return float(np.polyfit(pages, memory, 1)[0] * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        failing = draw_pages(work / "in", chosen.pages)
        code, samples, seconds = watched_run(work / "in", work / "r.jsonl", chosen.jobs)
        with (work / "r.jsonl").open(encoding="utf-8") as lines:
            outcomes = Counter((json.loads(line)["error"] or {"error": "read"})["error"] for line in lines)
    pages, failed = outcomes.total(), outcomes.total() - outcomes["read"]
    slope, peak = growth(samples), max(sample.memory for sample in samples)
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, `--jobs {chosen.jobs}`\n")
    print("| measured | |\n|---|---|")
    print(f"| pages | {pages:,} of {chosen.pages:,} |\n| failed | {failed} of {failing} that must |")
    print(f"| why | {', '.join(f'{error} {count}' for error, count in sorted(outcomes.items()) if error != 'read')} |")
    print(f"| exit code | {code} |\n| pages/s | {pages / seconds:.1f} |")
    print(f"| parent, peak | {peak >> 20} MB |\n| parent, growth a thousand pages | {slope / 1e6:.2f} MB |")
    print(f"| parent, threads | {sorted({s.threads for s in samples[2:]})} |")
    print(f"| parent, open files | {min(s.files for s in samples[2:])} to {max(s.files for s in samples[2:])} |")
    if (pages, failed, code) != (chosen.pages, failing, 1) or slope > MOST_GROWTH:
        sys.exit(1)


if __name__ == "__main__":
    main()
