"""Blank pages made ready: once a process, however many filled pages are held against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hcr_scan.errors import UsageError
from hcr_scan.forms.blank import blank_of
from hcr_scan.forms.registration.register import Blank, prepare_blank
from hcr_scan.forms.template import MARK_KINDS, Template, TemplatePage
from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Gray, dilate
from hcr_scan.segmentation.ink.binarization import flatten_light, working_raster

#: Pages of templates kept ready in one process; more than this are prepared again and again.
MOST_PAGES = 256
#: In and about fields print is expected within this many pixels of where the blank has it.
ASTRAY = 2
#: Print within this share of a field's height from its border is taken for its frame, which reading cells can erase.
FRAME_SHARE = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class PreparedPage:
    """One page of a template with its blank at working size: the raster on which filled pages are read.

    ``darkness`` is that of what is printed, uint8 ``(height, width)``, 0 = paper; in a filled sample only outside of
    the fields, since what lies in them is writing. ``guides`` is how dark what is printed inside the places to write in
    may be near each pixel, their frames left out; 0 elsewhere. ``to_frame`` maps the blank's pixels to that raster.
    """

    template: Template
    page: TemplatePage
    blank: Blank
    darkness: Gray
    guides: Gray
    to_frame: Homography

    def box(self, box: BoundingBox) -> BoundingBox:
        """A box of the template on the raster."""
        height, width = self.darkness.shape
        return self.to_frame.box(box).clipped(width, height)


def prepared_pages(templates: Sequence[Template]) -> list[PreparedPage]:
    """Every page of the templates made ready, in their order.

    Raises:
        UsageError: a blank cannot be read any more.
    """
    return [_prepared(template, number) for template in templates for number in range(len(template.pages))]


@lru_cache(maxsize=MOST_PAGES)
def _prepared(template: Template, number: int) -> PreparedPage:
    page = template.pages[number]
    try:
        pixels = blank_of(page).pixels
    except ValueError as error:
        raise UsageError(f"template {template.id}, page {page.number}: {error}") from error
    written = tuple(box for field in page.fields for box in (field.box, *field.cells)) if page.filled else ()
    raster, to_frame = working_raster(pixels)
    darkness = flatten_light(raster).darkness
    for box in written:
        inside = to_frame.box(box)
        darkness[inside.top : inside.bottom, inside.left : inside.right] = 0
    guides = _guides(darkness, page, to_frame)
    return PreparedPage(template, page, prepare_blank(pixels, written), darkness, guides, to_frame)


def _guides(darkness: Gray, page: TemplatePage, to_frame: Homography) -> Gray:
    height, width = darkness.shape
    guides = np.zeros_like(darkness)
    for place in (part for field in page.fields if field.kind not in MARK_KINDS for part in field.parts):
        box = to_frame.box(place).clipped(width, height)
        inset = max(3, round(FRAME_SHARE * box.height))
        rows, columns = slice(box.top + inset, box.bottom - inset), slice(box.left + inset, box.right - inset)
        inside = darkness[rows, columns]
        guides[rows, columns] = np.where(inside > 25, inside, 0)
    return dilate(guides, 2 * ASTRAY + 1, 2 * ASTRAY + 1)
