"""Pages that are pixels already: arrays, and images of Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hcr_scan.document import PageFailure, PageResult
from hcr_scan.errors import InputError
from hcr_scan.model.classifier import Classifier
from hcr_scan.pipeline import check_model, read_page
from hcr_scan.settings import Settings
from hcr_scan.sources import PageImage, PageRef
from hcr_scan.sources.pages import SourceError

if TYPE_CHECKING:
    from PIL import Image

    from hcr_scan.forms.template import Template


def transcribe_image(
    image: Image.Image | npt.NDArray[Any],
    classifier: Classifier,
    settings: Settings | None = None,
    *,
    name: str = "image",
    dpi: int | None = None,
    templates: Sequence[Template] = (),
) -> PageResult:
    """One page that is in memory already, read in this process, without limits on time and memory.

    >>> import numpy as np
    >>> from PIL import Image
    >>> from hcr_scan import Layout, Settings, load_classifier, transcribe_image
    >>> classifier = load_classifier()
    >>> transcribe_image(np.full((600, 400), 255, np.uint8), classifier).status.value
    'blank'
    >>> with Image.open("examples/forms/characters/K.png") as image:
    ...     page = transcribe_image(image, classifier, Settings(layout=Layout.GLYPH), name="K.png")
    >>> page.source.path, page.lines[0].text
    ('K.png', 'K')

    Args:
        image: An image of Pillow, which is turned and made square as its metadata say, or an array, (height, width)
            grey or (height, width, 3 or 4) red, green, blue and how opaque; of type uint8 from 0, black, to 255, or
            bool, where true is white.
        classifier: From :func:`hcr_scan.load_classifier`.
        settings: All choices; the defaults of the command line where left out.
        name: What the page is called in the result. Its ``source.sha256`` is empty: there is no file.
        dpi: Dots an inch; where left out, what an image says of itself, or the page is taken to be A4.
        templates: Forms that the page may be of.

    Raises:
        InputError: the array is no image.
        ModelError: the network that finds writing cannot be used.
        UsageError: the settings or a template name characters that the model does not know.
    """
    from hcr_scan.sources.raster import upright_raster

    settings = settings or Settings()
    check_model(classifier, settings, templates)
    picture = _picture(image) if isinstance(image, np.ndarray) else image
    if not picture.width or not picture.height:
        raise InputError(f"{name} has no pixels; give one that is at least one high and wide")
    ref = PageRef(name, 0, 1, "")
    try:
        raster = upright_raster(picture, settings.source.max_pixels)
    except SourceError as error:
        return PageFailure(ref.source, "decode", error.code, error.message)
    page = PageImage(ref, raster.pixels, dpi or raster.dpi, bool(dpi) or raster.dpi_known)
    return read_page(page, classifier, settings, templates)


def _picture(array: npt.NDArray[Any]) -> Image.Image:
    """The array as an image.

    Raises:
        InputError: it has other dimensions or another type.
    """
    from PIL import Image

    pixels = array.astype(np.uint8) * 255 if array.dtype == bool else array
    gray, color = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2:] in ((3,), (4,))
    if pixels.dtype != np.uint8 or not (gray or color) or not pixels.size:
        raise InputError(
            f"an array of shape {array.shape} and type {array.dtype} is no page; give (height, width) or "
            "(height, width, 3 or 4) of type uint8, from 0 for black to 255"
        )
    return Image.fromarray(np.ascontiguousarray(pixels))
