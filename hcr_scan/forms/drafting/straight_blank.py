"""A blank made fit to draw boxes on: upright and straight, so that boxes with level sides lie on its frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Gray, warp
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.segment import StraightPage, straight_page
from hcr_scan.sources import PageImage

#: A blank is straight enough when its corners lie within this many working pixels of where a straight page has them: a
#: row of cells over all of its width leans by less than this.
STRAIGHT = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class StraightBlank:
    """A blank as boxes are meant on it: grey ``pixels``, uint8 ``(height, width)``, and the page as it is segmented.

    ``copied`` says that the pixels are not those of the file, which lies askew or sideways. ``to_pixels`` maps the
    segmented page to them, ``from_source`` the file's pixels, turned upright, to them.
    """

    pixels: Gray
    page: StraightPage
    to_pixels: Homography
    from_source: Homography
    copied: bool

    def box(self, box: BoundingBox) -> BoundingBox:
        """A box of the segmented page in pixels of the blank."""
        height, width = self.pixels.shape
        return self.to_pixels.box(box).clipped(width, height)


def straight_blank(image: PageImage, spec: CropSpec, model: PageModel | None) -> StraightBlank:
    """The blank, or a copy of it that was turned and straightened where it has to be.

    Args:
        image: the blank as it was loaded.
        spec: how the page model wants its crops.
        model: tells which way up the page is.
    """
    page = straight_page(image, spec, model)
    rows, columns = page.paper.darkness.shape
    upright = np.ascontiguousarray(np.rot90(image.pixels, -(page.geometry.rotation // 90)))
    height, width = upright.shape
    stretched = Homography((columns / width, 0.0, 0.0, 0.0, rows / height, 0.0, 0.0, 0.0, 1.0))
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    off = max(math.dist(page.from_source.point(x, y), stretched.point(x, y)) for x, y in corners)
    if page.geometry.rotation == 0 and off < STRAIGHT:
        return StraightBlank(image.pixels, page, page.from_source.inverse(), Homography.scale(1.0), copied=False)
    scale = max(height, width) / max(rows, columns)
    to_pixels = Homography.scale(scale)
    from_source = to_pixels @ page.from_source
    pixels = warp(upright, from_source, round(columns * scale), round(rows * scale))
    return StraightBlank(pixels, page, to_pixels, from_source, copied=True)
