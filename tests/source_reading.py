"""Reading pages in tests of the sources, where each call is to succeed or to fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from hcr_scan.document import PageFailure
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, count_pages, load_page

SETTINGS = SourceSettings()


def small_page() -> npt.NDArray[np.uint8]:
    """A small page: white, with ink of several tones, no two corners alike."""
    pixels = np.full((90, 60), 255, np.uint8)
    pixels[5:20, 5:15] = 0
    pixels[5:20, 40:55] = 100
    pixels[60:80, 10:50] = np.linspace(0, 240, 40, dtype=np.uint8)
    return pixels


def read_pages(path: Path, settings: SourceSettings = SETTINGS) -> list[PageImage]:
    """All pages of a file, each with pixels as every later stage may rely on them."""
    refs = count_pages(str(path), settings)
    assert isinstance(refs, tuple), refs
    images = []
    for ref in refs:
        image = load_page(ref, settings)
        assert isinstance(image, PageImage), image
        assert image.pixels.dtype == np.uint8
        assert image.pixels.ndim == 2
        assert image.pixels.flags.writeable
        assert image.pixels.flags.c_contiguous
        images.append(image)
    return images


def read_page(path: Path, settings: SourceSettings = SETTINGS) -> PageImage:
    """The only page of a file."""
    (image,) = read_pages(path, settings)
    return image


def read_failure(path: Path, settings: SourceSettings = SETTINGS) -> PageFailure:
    """Why a file, or its first page, cannot be read; the message leaves the name of the file to the record."""
    result: object = count_pages(str(path), settings)
    if isinstance(result, tuple):
        result = load_page(result[0], settings)
    assert isinstance(result, PageFailure), result
    assert path.name not in result.message
    return result
