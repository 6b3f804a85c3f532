"""Accuracy on drawn pages of many layouts: python benchmarks/layouts.py [--pages 3] [--hands digilets] [--pen mixed]

Draws pages of each layout (layout_pages.py, office_pages.py, crowded_pages.py) in hands that no model has seen,
captured in several ways at 100 to 600 dpi, reads them with the real command, without a template, and scores them with
$HCR_SCAN_SHARED/tools.
Some samples of UNIPEN writers are fragments or bear a wrong label, so that a few per cent are lost whatever reads them;
those of DigiLeTs are whole.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.crowded_pages import LAYOUTS as CROWDED
from benchmarks.drawing import digilets_writers, held_out_writers
from benchmarks.form_page import PENS, FormPage, capture_of, save
from benchmarks.forms import scan, score, shared
from benchmarks.layout_pages import LAYOUTS as FIRST
from benchmarks.office_pages import LAYOUTS as MORE

if TYPE_CHECKING:
    from hcr_scan_training.synthesis import Writer

LAYOUTS = FIRST | MORE | CROWDED
HANDS = {"unipen": held_out_writers, "digilets": digilets_writers}
#: The pens of ``--pen mixed``, page after page.
MIXED = ("ballpoint", "pencil", "ballpoint", "marker", "ballpoint")
#: Only who writes nearly all capitals and digits.
CHARACTERS_KNOWN = 34


def draw(folder: Path, layout: str, number: int, seed: int, writers: list[Writer], pen: str = "ballpoint") -> None:
    """One page and its ground truth; the same seed draws the same page."""
    random = np.random.default_rng([seed, list(LAYOUTS).index(layout), number])
    capture, dpi = capture_of(random, number)
    page = FormPage.blank(random, dpi, writers[int(random.integers(len(writers)))], pen)
    LAYOUTS[layout](page)
    save(page, capture, folder, f"{layout}-{number}-{capture}-{dpi}".replace(" ", "-"))


def writers_of(hands: str, known: Path) -> list[Writer]:
    """The writers of a set who write nearly all capitals and digits; ``known`` is the folder of the data."""
    writers = [writer for writer in HANDS[hands]() if len(writer.samples) >= CHARACTERS_KNOWN]
    if not writers:
        sys.exit(f"{known / 'characters'} does not exist, which holds the hands that pages are written in")
    return writers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3, help="pages of each layout")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hands", choices=HANDS, default="unipen")
    parser.add_argument("--pen", choices=(*PENS, "mixed"), default="ballpoint")
    parser.add_argument("--keep", type=Path, help="folder for pages, ground truth and results")
    arguments = parser.parse_args()
    known = shared()
    writers = writers_of(arguments.hands, known)
    folders = {layout: layout.replace(" ", "-") for layout in LAYOUTS}
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.keep or Path(temporary)
        pages, results = work / "pages", work / "results.jsonl"
        pens = cycle(MIXED if arguments.pen == "mixed" else (arguments.pen,))
        for layout, name in folders.items():
            (pages / name).mkdir(parents=True, exist_ok=True)
            for number in range(arguments.pages):
                draw(pages / name, layout, number, arguments.seed, writers, next(pens))
        scan([str(pages)], "upper+digits", results)
        scores = score(known, results, pages, folders.values())
    print("| layout | characters | accuracy |\n|---|---|---|")
    for layout, name in folders.items():
        accuracy, count = scores[name]
        print(f"| {layout} | {count} | {accuracy:.4f} |")


if __name__ == "__main__":
    main()
