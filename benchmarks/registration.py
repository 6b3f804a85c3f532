"""How well pages are laid onto blanks: python benchmarks/registration.py [--warps 500] [--forms 20] [--seed 1]

Draws forms (benchmarks/warped_pages.py), fills them in, and warps each page in another way: turned, scaled, in
perspective, cropped, unevenly lit, noisy, stamped. Each is registered among the blanks of all forms, a twin of each
(the same frames with other labels) included, and then among all but its own. Prints Markdown for RESULTS.md.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.drawing import Page, alphabet
from benchmarks.frames import hands
from benchmarks.warped_pages import DPI, DrawnForm, Warp, corners_of, draw_form, draw_warp, warped
from hcr_scan.forms.registration.register import Blank, Registration, prepare_blank, register
from hcr_scan.geometry import Homography
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light
from hcr_scan.segmentation.segment import _sheet

#: An error of more than this many pixels at 200 dpi is no registration but a wrong one.
WRONG = 10.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one page: ``error`` of its worst corner in pixels of the blank, ``None`` if it was refused."""

    form: int
    warp: Warp
    error: float | None
    match: float
    index: int | None
    stranger: float | None
    seconds: float


def corner_error(found: Registration, truth: Homography, blank: Blank) -> float:
    """How far, in pixels of the blank at 200 dpi, the worst corner of a page is off."""
    back = found.to_page.inverse()
    corners = corners_of(blank.width, blank.height)
    return max(math.dist(back.point(*truth.point(x, y)), (x, y)) for x, y in corners)


def paper_of(pixels: Page) -> tuple[Paper, Homography]:
    """What registration is given of a page, and the map to it from the page's pixels."""
    flat, sheet, to_working = _sheet(pixels)
    return flatten_light(flat, sheet), to_working


def try_warp(number: int, forms: list[DrawnForm], blanks: list[Blank], seed: int) -> tuple[Trial, Page]:
    random = np.random.default_rng((seed, number))
    form = number % len(forms)
    how = draw_warp(random)
    page, to_page = warped(forms[form].filled, how, random)
    paper, to_working = paper_of(page)
    before = time.process_time()
    found = register(paper, blanks)
    seconds = time.process_time() - before
    stranger = register(paper, [blank for k, blank in enumerate(blanks) if k != form])
    if found is None:
        return Trial(form, how, None, 0.0, None, None if stranger is None else stranger.match, seconds), page
    error = corner_error(found, to_working @ to_page, blanks[found.index])
    return Trial(
        form, how, error, found.match, found.index, None if stranger is None else stranger.match, seconds
    ), page


def summarize(trials: list[Trial]) -> list[str]:
    right = [t for t in trials if t.index == t.form and t.error is not None]
    errors = np.array([t.error for t in right] or [np.nan])
    return [
        str(len(trials)),
        str(len(right)),
        str(sum(t.index is None for t in trials)),
        str(sum(t.index not in (None, t.form) for t in trials)),
        str(sum((t.error or 0) > WRONG for t in right)),
        *(f"{float(np.nanquantile(errors, q)):.2f}" for q in (0.5, 0.9, 0.99, 1.0)),
        f"{np.median([t.match for t in right]) if right else 0:.2f}",
        str(sum(t.stranger is not None for t in trials)),
        f"{1000 * np.median([t.seconds for t in trials]):.0f}",
    ]


GROUPS: dict[str, Callable[[Warp], bool]] = {
    "all": lambda _: True,
    "turned by a quarter or more": lambda w: w.quarters > 0,
    "tilted by 5 degrees or more": lambda w: abs(w.angle) >= 5,
    "scale below 0.7": lambda w: w.scale < 0.7,
    "perspective": lambda w: w.perspective > 0,
    "desk around": lambda w: w.desk,
    "cropped": lambda w: w.crop > 0,
    "1 bit": lambda w: w.bilevel,
    "noise above 8": lambda w: w.noise > 8,
    "stretched": lambda w: w.stretch != 1,
    "stamped": lambda w: w.stamp,
}
HEADER = (
    *("pages", "right", "refused", "wrong form", "off", "median px", "90 %", "99 %", "worst", "match"),
    *("stranger", "ms"),
)


def print_table(trials: list[Trial]) -> None:
    print(f"\n| warp | {' | '.join(HEADER)} |\n|---|{'---|' * len(HEADER)}")
    for name, belongs in GROUPS.items():
        chosen = [t for t in trials if belongs(t.warp)]
        if chosen:
            print(f"| {name} | {' | '.join(summarize(chosen))} |", flush=True)


def draw_forms(count: int, seed: int, text: float) -> list[DrawnForm]:
    """Pairs of twins: the same frames with other labels."""
    write = (hands() or [alphabet])[0](4.0, 0.8)
    return [draw_form(1000 * seed + k // 2, 1000 * seed + k, write, text) for k in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warps", type=int, default=500)
    parser.add_argument("--forms", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text", type=float, default=1.0, help="share of the labels that are printed")
    parser.add_argument("--keep", type=Path, help="leave pictures of the forms and of the pages that went wrong here")
    chosen = parser.parse_args()
    forms = draw_forms(chosen.forms, chosen.seed, chosen.text)
    blanks = [prepare_blank(form.blank) for form in forms]
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        for k, form in enumerate(forms):
            Image.fromarray(form.filled).save(chosen.keep / f"form{k:02}.png")
    trials = []
    for number in range(chosen.warps):
        trial, page = try_warp(number, forms, blanks, chosen.seed)
        trials.append(trial)
        if trial.index != trial.form or (trial.error or 0) > WRONG / 3 or trial.stranger is not None:
            print(number, trial, file=sys.stderr, flush=True)
            if chosen.keep:
                Image.fromarray(page).save(chosen.keep / f"page{number:03}.png")
    print(f"{len(blanks)} blanks at {DPI} dpi, {chosen.warps} pages, seed {chosen.seed}, labels {chosen.text:g}.")
    print_table(trials)


if __name__ == "__main__":
    main()
