"""What may go wrong with a template, seen before a single page is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hcr_scan.errors import UsageError
from hcr_scan.forms.blank import blank_of
from hcr_scan.forms.drafting.printed_words import runs_across
from hcr_scan.forms.knowledge.languages import check_readable
from hcr_scan.forms.template import MARK_KINDS, Template, TemplateField, TemplatePage
from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Components
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light, local_ink, strong_pieces, working_raster
from hcr_scan.settings import Settings

#: Parts of two fields collide when they share more than this many pixels across and down.
TOUCH = 2
#: A frame may reach this many pixels into a box: what lies on its very edge is erased with the frame.
HAIRLINE = 2
#: How deep a frame is looked for inside a box, as a share of its side and in working pixels: farther in, lines are to
#: write on or to guide the pen. How much of the side it takes up.
DEEP, DEEPEST, LONG = 0.45, 20, 0.85

SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a field: ``page`` counts from 1, ``problem`` says what and by how much."""

    page: int
    field: str
    problem: str


def check_template(template: Template) -> list[Finding]:
    """What is wrong with the fields of a template as far as its blanks tell, page by page, in their order.

    Raises:
        UsageError: a blank cannot be read any more.
    """
    findings: list[Finding] = []
    for page in template.pages:
        findings += [Finding(page.number, field, problem) for field, problem in _collisions(page)]
        view = _View.of(page)
        for field in page.fields:
            problems = [*_frames_inside(view, field, page.filled), *([] if page.filled else _print_inside(view, field))]
            findings += [Finding(page.number, field.name, problem) for problem in problems]
    return findings


def check_characters(template: Template, readable: str) -> list[Finding]:
    """The fields of a template that a model of these characters cannot read."""
    findings: list[Finding] = []
    for page in template.pages:
        for field in page.fields:
            try:
                check_readable(field.knowledge, Settings().charset, readable)
            except ValueError as error:
                findings.append(Finding(page.number, field.name, str(error)))
    return findings


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A blank at working size."""

    paper: Paper
    pieces: Components
    to_working: Homography

    @classmethod
    def of(cls, page: TemplatePage) -> _View:
        try:
            pixels = blank_of(page).pixels
        except ValueError as error:
            raise UsageError(f"pages[{page.number - 1}].blank: {error}") from error
        working, to_working = working_raster(pixels)
        paper = flatten_light(working)
        return cls(paper, strong_pieces(local_ink(paper)), to_working)

    def box(self, box: BoundingBox) -> BoundingBox:
        height, width = self.paper.darkness.shape
        return self.to_working.box(box).clipped(width, height)


def _collisions(page: TemplatePage) -> Iterator[tuple[str, str]]:
    for one, other in combinations(page.fields, 2):
        shared = [
            overlap
            for part in one.parts
            for other_part in other.parts
            if (overlap := part.intersection(other_part)) and min(overlap.width, overlap.height) > TOUCH
        ]
        if shared:
            widest = max(shared, key=lambda box: box.area)
            yield one.name, f"collides with {other.name} by {widest.width} x {widest.height} pixels; move one of them"


def _frames_inside(view: _View, field: TemplateField, filled: bool) -> Iterator[str]:
    """Sides of a field's parts within which a straight line runs along the side: the frame itself.

    On a filled page it must be seen in half of the parts, for a T has a straight line on top too.
    """
    depths = [_frame_depths(view, part) for part in field.parts]
    tight = []
    for side in SIDES:
        found = sorted(depth.get(side, 0) for depth in depths)
        inside = found[len(found) // 2] if filled else found[-1]
        if inside > HAIRLINE:
            tight.append(f"{side} by {inside}")
    if tight:
        yield f"the frame lies inside the box: {', '.join(tight)} pixels; make the box smaller"


def _frame_depths(view: _View, part: BoundingBox) -> dict[str, int]:
    """How far inside a box a line along each of its sides reaches, in pixels of the blank; 0 without one."""
    box = view.box(part)
    if min(box.width, box.height) < 8:
        return {}
    darkness = view.paper.darkness[box.top : box.bottom, box.left : box.right]
    # Some boxes are filled with a tint.
    dark = darkness > np.median(darkness) + max(4 * view.paper.noise, 12)
    scale = part.height / box.height
    views = (dark, dark[::-1], dark.T, dark.T[::-1])
    return {side: round(scale * _depth(rows)) for side, rows in zip(SIDES, views, strict=True)}


def _depth(rows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """The last of the first rows that is dark all along, counted from 1; 0 without one."""
    deep = min(max(1, round(DEEP * len(rows))), DEEPEST)
    solid = np.flatnonzero(rows[:deep].mean(axis=1) > LONG)
    return int(solid[-1]) + 1 if len(solid) else 0


def _print_inside(view: _View, field: TemplateField) -> Iterator[str]:
    """Print that runs across the borders of cells and check boxes, which are empty on a blank but for guides."""
    if not field.cells and field.kind not in MARK_KINDS:
        return
    cut = [str(n) for n, part in enumerate(field.parts, 1) if runs_across(view.pieces, view.box(part))]
    if cut:
        yield f"print runs across the border of {'cell' if field.cells else 'box'} {', '.join(cut)}; move the box"
