"""How well frames are found on drawn forms: python benchmarks/frames.py [--pages 5] [--seed 1] [--kind NAME] [--keep D]

Draws pages of each kind of frame (benchmarks/frame_pages.py), looks for their fields with no model, and prints Markdown
for RESULTS.md. A cell is found when a cell of the result shares more than 60 % of their union with it (40 % for combs
that are open above, whose height is a matter of opinion); a field is whole when its cells, all of them and no others,
are one field of the result. ``--keep`` leaves pictures of what was found and missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.drawing import Hand, alphabet, hand_of, held_out_writers
from benchmarks.frame_pages import KINDS, FramePage, draw_frame_page
from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from hcr_scan.sources import PageImage, PageRef

#: Kinds of frames that are open above.
OPEN = ("one rail, ticks", "one rail, walls")
WRITERS = 8


@dataclass(slots=True)
class Score:
    """What was found on the pages of one kind."""

    cells: int = 0
    found: int = 0
    false: int = 0
    fields: int = 0
    whole: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, name) + getattr(other, name) for name in Score.__slots__))


def hands() -> list[Callable[[float, float], Hand]]:
    """People who write, from a pen's width and darkness: UNIPEN writers, else the pen alphabet of the tests."""
    known = held_out_writers()[:WRITERS]
    return [partial(hand_of, writer, broad=0.8) for writer in known] or [alphabet]


def found_fields(page: FramePage) -> list[tuple[BoundingBox, ...]]:
    """The cells of each field that is found, in the page's pixels; a box is a field of one cell."""
    image = PageImage(PageRef("drawn.png", 0, 1, ""), page.gray, page.dpi, True)
    fields = segment(image, Layout.CELLS, CropSpec(), None).fields
    return [tuple(c.box for c in f.cells) if f.kind == "cells" else (f.box,) for f in fields]


def score(page: FramePage, found: list[tuple[BoundingBox, ...]]) -> tuple[Score, dict[BoundingBox, BoundingBox]]:
    """Counts for one page, and which result's cell each true one is.

    Boxes that are no cells of a field count as false only where they are of about a cell's size.
    """
    least = 0.4 if page.kind in OPEN else 0.6
    true = [cell for row in page.fields for cell in row]
    cells = [cell for row in found for cell in row]
    match: dict[BoundingBox, BoundingBox] = {}
    for cell in cells:
        for other in true:
            if other not in match and _overlap(cell, other) > least:
                match[other] = cell
    used = set(match.values())
    false = sum(cell not in used for row in found for cell in row if len(row) > 1 or cell.height * cell.width < 20000)
    rows = set(found)
    whole = sum(tuple(match.get(cell) for cell in row) in rows for row in page.fields)
    return Score(len(true), len(match), false, len(page.fields), whole), match


def _overlap(a: BoundingBox, b: BoundingBox) -> float:
    shared = a.intersection(b)
    return 0.0 if shared is None else shared.area / (a.area + b.area - shared.area)


def keep(
    page: FramePage, found: list[tuple[BoundingBox, ...]], match: dict[BoundingBox, BoundingBox], path: Path
) -> None:
    """A picture: found cells green, missed ones red, what is no cell blue."""
    image = Image.fromarray(page.gray).convert("RGB")
    pen = ImageDraw.Draw(image)
    for row in page.fields:
        for cell in row:
            pen.rectangle(cell.as_list(), outline=(0, 170, 0) if cell in match else (255, 0, 0), width=2)
    used = set(match.values())
    for row in found:
        for cell in row:
            if cell not in used:
                pen.rectangle(cell.as_list(), outline=(0, 0, 255), width=3)
        if len(row) > 1:
            pen.line([row[0].center, row[-1].center], fill=(200, 120, 0), width=2)
    image.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5, help="pages of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="only this kind; may be repeated")
    parser.add_argument("--keep", type=Path, help="folder for pictures")
    chosen = parser.parse_args()
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    people = hands()
    scores: dict[str, Score] = {}
    for kind in chosen.kind or KINDS:
        scores[kind] = Score()
        for number in range(chosen.pages):
            page = draw_frame_page(kind, 1000 * chosen.seed + number, people)
            found = found_fields(page)
            got, match = score(page, found)
            scores[kind] += got
            if chosen.keep:
                keep(page, found, match, chosen.keep / f"{kind.replace(' ', '-').replace(',', '')}-{number}.png")
                print(f"{kind} {number}: {page.dpi} dpi, {got}", file=sys.stderr)
    print("| frames | cells | found | false cells | fields | whole |\n|---|---|---|---|---|---|")
    for kind, got in (*scores.items(), ("**all**", sum(scores.values(), Score()))):
        shares = [f"{a / b:.1%}" if b else "" for a, b in ((got.found, got.cells), (got.whole, got.fields))]
        print(f"| {kind} | {got.cells} | {shares[0]} | {got.false} | {got.fields} | {shares[1]} |")
    print(f"\n{chosen.pages} pages of each kind, seed {chosen.seed}, {time.perf_counter() - started:.0f} s.")


if __name__ == "__main__":
    main()
