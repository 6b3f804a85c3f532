"""How well check boxes are read on drawn boxes: python benchmarks/marks.py [--boxes 4000] [--seed 1] [--fit]

Draws boxes of many sizes, frames and pens with a mark in them (tick, cross, filling, ring, dot, stroke) or none
(nothing, dust, a stroke that strays in, a mark in the next box), as registration leaves them: up to a pixel and a half
off. ``--fit`` fits the weights of :mod:`hcr_scan.forms.marks` to them first and prints those.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from hcr_scan.forms.marks import MarkEvidence, mark_evidence, mark_probability
from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.ink.binarization import Paper

#: Everything is drawn this many times larger.
FINER = 4
#: Side of the drawn window in sides of the box.
WINDOW = 4

Points = list[tuple[float, float]]
Draw = Callable[[np.random.Generator], list[Points]]


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A check box on its page and on its blank, and whether it is marked."""

    kind: str
    marked: bool
    paper: Paper
    printed: npt.NDArray[np.uint8]
    box: BoundingBox


def tick(random: np.random.Generator) -> list[Points]:
    x, y, size = random.normal(0.45, 0.12), random.normal(0.75, 0.1), random.uniform(0.55, 1.6)
    return [[(x - 0.3 * size, y - 0.35 * size), (x, y), (x + 0.6 * size, y - random.uniform(0.6, 1.0) * size)]]


def cross(random: np.random.Generator) -> list[Points]:
    half = random.uniform(0.28, 0.7)
    x, y = random.normal(0.5, 0.08, 2)
    lean = random.normal(0, 0.1, 4)
    return [
        [(x - half + lean[0], y - half), (x + half + lean[1], y + half)],
        [(x - half + lean[2], y + half), (x + half + lean[3], y - half)],
    ]


def filling(random: np.random.Generator) -> list[Points]:
    rows = np.arange(0.1, 0.95, random.uniform(0.06, 0.2))
    zigzag: Points = []
    for k, y in enumerate(rows):
        ends = (random.normal(0.1, 0.06), random.normal(0.9, 0.06))
        zigzag += [(x, y + random.normal(0, 0.03)) for x in (ends if k % 2 else ends[::-1])]
    return [zigzag]


def ring(random: np.random.Generator) -> list[Points]:
    angles = np.linspace(0, 2 * np.pi * random.uniform(0.9, 1.1), 40) + random.uniform(0, 6)
    rx, ry = random.uniform(0.75, 1.05, 2)
    x, y = random.normal(0.5, 0.08, 2)
    return [[(x + rx * np.cos(a), y + ry * np.sin(a)) for a in angles]]


def dot(random: np.random.Generator) -> list[Points]:
    x, y = random.normal(0.5, 0.1, 2)
    return [[(x + dx, y + dy) for dx, dy in random.normal(0, 0.09, (8, 2))]]


def stroke(random: np.random.Generator) -> list[Points]:
    angle, half = random.uniform(0, np.pi), random.uniform(0.35, 0.9)
    x, y = random.normal(0.5, 0.08, 2)
    return [
        [(x - half * np.cos(angle), y - half * np.sin(angle)), (x + half * np.cos(angle), y + half * np.sin(angle))]
    ]


def dust(random: np.random.Generator) -> list[Points]:
    count = int(random.integers(1, 4))
    return [[(x, y), (x + 0.02, y)] for x, y in random.uniform(-0.5, 1.5, (count, 2))]


def stray(random: np.random.Generator) -> list[Points]:
    """A stroke of something else that ends just inside."""
    side, along, deep = random.integers(4), random.uniform(0.05, 0.95), random.uniform(-0.1, 0.28)
    far = random.uniform(0.5, 1.2)
    inner, outer = (along, deep), (along + random.normal(0, 0.5), -far)
    turned = [inner, outer]
    for _ in range(int(side)):
        turned = [(1 - y, x) for x, y in turned]
    return [turned]


def neighbor(random: np.random.Generator) -> list[Points]:
    """A mark in the next box, or a letter beside it."""
    dx, dy = ((1.5, 0.0), (-1.5, 0.0), (0.0, 1.5), (0.0, -1.5))[int(random.integers(4))]
    return [[(x * 0.8 + dx, y * 0.8 + dy) for x, y in part] for part in tick(random)]


def nothing(random: np.random.Generator) -> list[Points]:
    del random
    return []


MARKED: dict[str, Draw] = {"tick": tick, "cross": cross, "filling": filling, "ring": ring, "stroke": stroke, "dot": dot}
UNMARKED: dict[str, Draw] = {"nothing": nothing, "dust": dust, "stray stroke": stray, "neighbor": neighbor}


def draw_box(kind: str, random: np.random.Generator) -> DrawnBox:
    """One box with a mark of a kind."""
    side = random.uniform(14, 45)
    frame, pen = random.uniform(1, 3), random.uniform(0.07, 0.16) * side if side < 25 else random.uniform(2, 5)
    extent = round(WINDOW * side)
    corner = (WINDOW - 1) / 2 * side
    printed, page = _canvas(extent), _canvas(extent)
    shade = int(random.uniform(60, 255))
    dx, dy = random.uniform(-1.5, 1.5, 2)
    _frame(printed, corner, corner, side, frame, shade)
    _frame(page, corner + dx, corner + dy, side, frame, shade)
    dark = int(random.uniform(max(70, 0.5 * shade), 250))
    for part in (MARKED | UNMARKED)[kind](random):
        points = [((corner + x * side) * FINER, (corner + y * side) * FINER) for x, y in part]
        ImageDraw.Draw(page).line(points, fill=dark, width=max(1, round(pen * FINER)), joint="curve")
    noise = random.uniform(0.5, 4)
    blur = random.uniform(0, 1)
    pixels = _pixels(page, blur).astype(np.float64) + random.normal(0, noise, (extent, extent))
    inset = frame / 2
    box = BoundingBox(
        *(round(v) for v in (corner + inset, corner + inset, corner + side - inset, corner + side - inset))
    )
    paper = Paper(np.clip(pixels, 0, 255).astype(np.uint8), noise)
    return DrawnBox(kind, kind in MARKED, paper, _pixels(printed, blur), box)


def _canvas(extent: int) -> Image.Image:
    return Image.new("L", (extent * FINER, extent * FINER))


def _frame(image: Image.Image, left: float, top: float, side: float, thick: float, shade: int) -> None:
    box = [v * FINER for v in (left - thick / 2, top - thick / 2, left + side + thick / 2, top + side + thick / 2)]
    ImageDraw.Draw(image).rectangle(box, outline=shade, width=round(thick * FINER))


def _pixels(image: Image.Image, blur: float) -> npt.NDArray[np.uint8]:
    small = image.reduce(FINER)
    return np.asarray(small.filter(ImageFilter.GaussianBlur(blur)), np.uint8)


def fit(boxes: list[DrawnBox]) -> None:
    """Print the weights that suit the boxes best."""
    from sklearn.linear_model import LogisticRegression

    rows = [mark_evidence(box.paper, box.printed, box.box) for box in boxes]
    model = LogisticRegression(C=10).fit([features(row) for row in rows], [box.marked for box in boxes])
    print("WEIGHTS =", tuple(round(float(w), 1) for w in (*model.intercept_, *model.coef_[0])))


def features(seen: MarkEvidence) -> list[float]:
    return [seen.reach, seen.amount**0.5, seen.ring]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--boxes", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--fit", action="store_true")
    chosen = arguments.parse_args()
    random = np.random.default_rng(chosen.seed)
    kinds = [*MARKED, *UNMARKED]
    boxes = [draw_box(kinds[k % len(kinds)], random) for k in range(chosen.boxes)]
    if chosen.fit:
        fit(boxes)
    print("| mark | boxes | right | doubtful (0.1 to 0.9) | wrong and sure |\n|---|---|---|---|---|")
    for kind in kinds:
        own = [box for box in boxes if box.kind == kind]
        p = np.array([mark_probability(box.paper, box.printed, box.box) for box in own])
        right = np.where(own[0].marked, p, 1 - p)
        doubtful, wrong = np.mean((p > 0.1) & (p < 0.9)), np.mean(right <= 0.1)
        print(f"| {kind} | {len(own)} | {np.mean(right > 0.5):.1%} | {doubtful:.1%} | {wrong:.1%} |")


if __name__ == "__main__":
    main()
