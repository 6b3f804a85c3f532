"""What is written on a form where it has no field: a note in the margin, an answer that ran over."""

from __future__ import annotations

from statistics import median

import numpy as np

from hcr_scan.forms.prepared_pages import ASTRAY, PreparedPage
from hcr_scan.images import Gray, Ink, above, dilate
from hcr_scan.segmentation.glyphs.chunks import InkLine
from hcr_scan.segmentation.ink.binarization import FAINTEST_INK, Paper, local_ink
from hcr_scan.segmentation.lines.finding import find_lines

#: A pixel more than at fields, where it would cost writing: what is left of print here would come out as a line.
ASTRAY_OUTSIDE = ASTRAY + 1
#: What belongs to a field may reach this share of its height beyond it.
AROUND = 0.6
#: Lines of less than this share of the usual height of a field, and of fewer pieces than this, are specks and strokes.
LOWEST, FEWEST = 0.35, 2


def lines_outside(paper: Paper, form: PreparedPage) -> list[InkLine]:
    """Lines of writing on a registered page that are neither in a field nor printed on the blank."""
    if not form.page.fields:
        return []
    ink = _outside(local_ink(paper), form)
    if not above(ink, 127).any():
        return []
    usual = median(form.box(place).height for field in form.page.fields for place in field.cells or (field.box,))
    lines = find_lines(ink)
    return [
        line for line in lines if line.height >= LOWEST * usual and sum(len(w.chunks) for w in line.words) >= FEWEST
    ]


def _outside(ink: Ink, form: PreparedPage) -> Gray:
    printed = dilate(above(form.darkness, FAINTEST_INK), 2 * ASTRAY_OUTSIDE + 1, 2 * ASTRAY_OUTSIDE + 1)
    left = np.where(printed > 0, 0, ink)
    for field in form.page.fields:
        for place in (field.box, *(option.box for option in field.options)):
            box = form.box(place)
            around = box.grown(round(AROUND * min(box.height, box.width))).clipped(*form.darkness.shape[::-1])
            left[around.top : around.bottom, around.left : around.right] = 0
    return left
