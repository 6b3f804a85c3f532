"""Small pictures of the ink of single readings, as they stand in a report."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hcr_scan.geometry import BoundingBox
from hcr_scan.review.items import ItemPage
from hcr_scan.review.page_images import NoPixels
from hcr_scan.summary.examples import PagePlace, Reading

if TYPE_CHECKING:
    from hcr_scan.images import Gray

#: Pictures in one report, at most.
MOST_CROPS = 24
#: How large a picture is, at most; and how many times a character's height it shows of a long field: what is longer
#: still could not be read if it were made as small as that.
WIDTH, HEIGHT, LONGEST = 960, 96, 40
#: Lines that are shown of a high one; and what is shown around it all, as a share of a character's height.
LINES, MARGIN = 3, 0.15
#: Greys of a picture: enough for ink, and a fifth of the bytes.
GREYS = 16


class PagePixels(Protocol):
    """Gives the pixels of pages, such as :class:`hcr_scan.review.page_images.PageImages`."""

    def pixels(self, page: ItemPage) -> Gray:
        """The upright page, uint8 (height, width).

        Raises:
            NoPixels: it cannot be shown.
        """
        ...


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture as a ``data:`` URI with its size in pixels; or ``None``, and why there is none.

    ``part`` tells that it shows not all of the field.
    """

    uri: str | None
    width: int = 0
    height: int = 0
    missing: str = ""
    part: bool = False


def crops_of(readings: Sequence[Reading], images: PagePixels) -> dict[Reading, Crop]:
    """Pictures of the first :data:`MOST_CROPS` readings; where a page cannot be shown, what is said of it instead."""
    wanted = list(dict.fromkeys(readings))[:MOST_CROPS]
    numbers: dict[PagePlace, int] = {}
    for reading in wanted:
        numbers.setdefault(reading.page, len(numbers))
    # Page by page, so that each is decoded once.
    return {
        reading: _crop(reading, numbers[reading.page], images)
        for reading in sorted(wanted, key=lambda each: numbers[each.page])
    }


def _crop(reading: Reading, number: int, images: PagePixels) -> Crop:
    page = reading.page
    place = ItemPage(number, page.source, page.width, page.height, page.dpi, page.rotation, page.template)
    try:
        pixels = images.pixels(place)
    except NoPixels as error:
        return Crop(None, missing=str(error))
    box = shown_box(reading).clipped(page.width, page.height)
    whole = reading.box.clipped(page.width, page.height)
    if not box.area:
        return Crop(None, missing="its place lies outside of the page")
    return _encoded(pixels[box.top : box.bottom, box.left : box.right], whole.share_in(box) < 1)


def shown_box(reading: Reading) -> BoundingBox:
    """What is shown of a field: all, with a margin; of a long or high one, what is around its least sure character."""
    box, focus = reading.box, reading.focus
    high = min(box.height, max(LINES * reading.letter, focus.height))
    wide = min(box.width, max(LONGEST * min(reading.letter, high), focus.width))
    left = _around(box.left, box.right, focus.left, focus.right, wide)
    top = _around(box.top, box.bottom, focus.top, focus.bottom, high)
    margin = round(MARGIN * min(reading.letter, high))
    return BoundingBox(left - margin, top - margin, left + wide + margin, top + high + margin)


def _around(least: int, most: int, first: int, last: int, size: int) -> int:
    """Where a stretch of some size begins that has ``first`` to ``last`` in its middle, within the bounds."""
    return max(min((first + last - size) // 2, most - size), least)


def _encoded(pixels: Gray, part: bool) -> Crop:
    from PIL import Image

    picture = Image.fromarray(pixels)
    scale = min(WIDTH / picture.width, HEIGHT / picture.height, 1.0)
    if scale < 1:
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        picture = picture.resize(size, Image.Resampling.BOX)
    buffer = io.BytesIO()
    picture.quantize(GREYS).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Crop(f"data:image/png;base64,{data}", picture.width, picture.height, part=part)
