"""Damaged images and PDFs by the thousand through the real workers: each must become a page or a record.

    python benchmarks/fuzz.py --images 20000 --pdfs 5000 --seed 1

Each input is a file of the shared collection of odd files, or one drawn here, with some bytes changed; its number and
``--seed`` make it again (``--keep FOLDER`` with ``--first N --images 1`` writes it down). What crashes a worker, hangs
or takes all memory is listed with its number: a record, so legal, but worth a guard or a line in the list of the known.
The exit code is 1 where something is not legal: a page that is lost or doubled, an error nobody foresaw, a dead
supervisor.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from hcr_scan.document import PageFailure
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.model.classifier import load_classifier
from hcr_scan.pipeline import segment_pages
from hcr_scan.segmentation.candidates import SegmentedResult
from hcr_scan.settings import Layout, Limits, Settings, SourceSettings
from hcr_scan.worker import prepare_worker

SHARED = Path(os.environ.get("HCR_SCAN_SHARED", Path(__file__).parents[2] / "shared"))
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".pbm")
#: Larger files are left out: what a change does to them is mostly seen in small ones.
LARGEST_SEED = 100_000
#: Numbers that lengths, counts and offsets go wrong with.
ODD_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: What ended a worker: legal, and listed.
NOTED = ("crashed", "memory", "timeout")
#: Nothing that an input may cause.
ILLEGAL = ("internal", "error")


def seeds(pdf: bool) -> list[bytes]:
    """The files that are changed, in a fixed order."""
    suffixes = (".pdf",) if pdf else IMAGES
    files = sorted(path for path in (SHARED / "robustness").rglob("*") if path.suffix.lower() in suffixes)
    return [path.read_bytes() for path in files if path.stat().st_size <= LARGEST_SEED] + list(drawn(pdf))


def drawn(pdf: bool) -> Iterator[bytes]:
    """A small page of strokes in each format."""
    random = np.random.default_rng(0)
    page = Image.fromarray((random.random((150, 200)) > 0.02).astype(np.uint8) * 255)
    for kind in ("PDF",) if pdf else ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM"):
        for mode in ("L", "RGB", "1"):
            stream = io.BytesIO()
            page.convert(mode).save(stream, kind)
            yield stream.getvalue()


def mutated(data: bytes, random: Random) -> bytes:
    """The bytes with one to eight changes, mostly small ones."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
        at = random.randrange(len(changed) + 1)
        length = min(random.choice((1, 2, 4, 16, 64, 512)), len(changed) - at)
        kind = random.randrange(7)
        if kind <= 1 and length:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 2:
            changed[at : at + length] = random.randbytes(length)
        elif kind == 3:
            size = random.choice((1, 2, 4))
            odd = random.choice(ODD_NUMBERS) & ((1 << 8 * size) - 1)
            changed[at : at + size] = odd.to_bytes(size, random.choice(("big", "little")))
        elif kind == 4:
            del changed[at : at + length]
        elif kind == 5:
            to = random.randrange(len(changed) + 1)
            changed[to:to] = changed[at : at + length]
        elif random.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def inputs(folder: Path, kind: str, first: int, count: int, seed: int) -> Iterator[str]:
    """The names of so many changed files, each written when it is asked for."""
    originals = seeds(kind == "pdf")
    for number in range(first, first + count):
        random = Random(f"{seed} {kind} {number}")
        path = folder / f"{kind}-{number}"
        path.write_bytes(mutated(random.choice(originals), random))
        yield str(path)


def outcome_of(result: SegmentedResult) -> str:
    """One word on what became of an input."""
    if isinstance(result, PageFailure):
        return str(result.error)
    fine = result.crops.dtype == np.uint8 and result.crops.ndim == 3 and result.geometry.width > 0
    return "page" if fine else "internal"


def fuzz(kind: str, count: int, arguments: argparse.Namespace) -> bool:
    """Run so many inputs of a kind, print what became of them, and tell whether all is well."""
    folder = Path(arguments.keep or tempfile.mkdtemp(prefix="fuzz-"))
    settings = Settings(
        source=SourceSettings(pages="1", dpi=72, max_pixels=arguments.max_pixels),
        layout=Layout(arguments.layout),
        limits=Limits(arguments.page_timeout, arguments.worker_memory << 20),
    )
    outcomes: Counter[str] = Counter()
    expected = arguments.first
    well = True
    started = time.monotonic()
    with closing(Supervisor(arguments.jobs, prepare_worker, settings.limits)) as engine:
        paths = inputs(folder, kind, arguments.first, count, arguments.seed)
        for result in segment_pages(paths, load_classifier(), settings, engine):
            path = Path(result.source.path)
            number, outcome = int(path.name.rpartition("-")[2]), outcome_of(result)
            outcomes[outcome] += 1
            well &= number == expected and outcome not in ILLEGAL
            expected = number + 1
            if outcome in NOTED + ILLEGAL:
                message = result.message if isinstance(result, PageFailure) else ""
                print(f"{kind} {number}: {outcome}: {message}", flush=True)
            if not arguments.keep:
                path.unlink()
    well &= outcomes.total() == count
    seconds = time.monotonic() - started
    print(f"{kind}: {outcomes.total():,} inputs in {seconds:,.0f} s ({outcomes.total() / seconds:.0f}/s): "
          f"{dict(outcomes.most_common())}", flush=True)  # fmt: skip
    return well


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--pdfs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", metavar="FOLDER", help="leave the inputs there")
    parser.add_argument("--layout", default="glyph", help="auto looks closely at pages, and takes ten times as long")
    parser.add_argument("--page-timeout", type=float, default=10.0)
    parser.add_argument("--worker-memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--max-pixels", type=int, default=4_000_000)
    arguments = parser.parse_args()
    results = [fuzz("image", arguments.images, arguments), fuzz("pdf", arguments.pdfs, arguments)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
