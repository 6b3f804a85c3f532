"""Pixels of the pages under review: decoded in supervised workers, kept while they are near, cut out as pictures."""

from __future__ import annotations

import io
import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hcr_scan.document import PageFailure, Source
from hcr_scan.engines.base import Lost
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import HcrScanError
from hcr_scan.geometry import BoundingBox
from hcr_scan.remote.copies import LastCopy
from hcr_scan.settings import Limits, SourceSettings
from hcr_scan.sources import PageImage, PageRef, failure_text, load_page, place_of
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import SourceError

if TYPE_CHECKING:
    from hcr_scan.images import Gray
    from hcr_scan.review.items import ItemPage

#: Bytes of decoded pages that are kept: fourteen of A4 at 300 dpi.
KEPT_BYTES = 128 << 20
#: A page that could not be decoded is not tried again for so many seconds, lest each of its fields waits anew.
FAILED_SECONDS = 20.0
#: Pages decoded at a time: one that hangs does not keep all others waiting.
JOBS = 2
#: The longest side of a picture of a whole page, in pixels; a letter of 3 mm has 25 of them on A4.
PAGE_SIDE = 2400
#: Quality of a picture of a whole page, as JPEG counts it.
PAGE_QUALITY = 80


class NoPixels(Exception):
    """A page that cannot be shown; the message says why and what to do, and that it can be decided without."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """All that a worker needs to decode one page."""

    ref: PageRef
    settings: SourceSettings
    #: Where the page's document lies, if not under its name.
    place: str | None = None


def prepare_worker() -> None:
    """Import what decoding takes, so that the first page does not wait for it."""
    import hcr_scan.sources.pdf
    import hcr_scan.sources.raster
    import hcr_scan.sources.tiff  # noqa: F401


def prepare_pictures() -> None:
    """Import what making pictures takes, here and now, so that the first one does not wait for it."""
    import PIL.JpegImagePlugin
    import PIL.PngImagePlugin  # noqa: F401

    import hcr_scan.sinks.overlay  # noqa: F401


def load_requested(request: PageRequest) -> PageImage | PageFailure:
    """The page, in a worker."""
    return load_page(request.ref, request.settings, request.place)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a page has no pixels, and until when this is taken for granted."""

    message: str
    until: float


class PageImages:
    """Pages as they were scanned, turned upright. Threads may share it.

    Args:
        settings: How the scan made pixels of its inputs, with the password where one is needed.
        limits: What a page may take of time and memory.
        folder: What relative names of files are seen from; ``None`` is the working folder.
        kept_bytes: How much is kept of what was decoded; the page decoded last is kept in any case.
    """

    def __init__(
        self, settings: SourceSettings, limits: Limits, folder: str | None = None, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._settings, self._folder, self._kept_bytes = settings, folder, kept_bytes
        self._engine = local_engine(JOBS, prepare_worker, limits)
        # One document at a time is fetched from a store, and is here until its page is decoded.
        self._copy, self._fetching = LastCopy(), threading.Lock()
        self._lock = threading.Lock()
        self._pages: OrderedDict[int, Gray] = OrderedDict()
        self._refusals: dict[int, _Refusal] = {}
        self._under_way: dict[int, threading.Event] = {}

    @property
    def kept_bytes(self) -> int:
        """How much decoded pages take."""
        with self._lock:
            return self._kept_now()

    def close(self) -> None:
        """End the workers; threads that wait for a page get :class:`NoPixels`."""
        self._engine.close()
        self._copy.close()

    def crop(self, page: ItemPage, box: BoundingBox) -> bytes:
        """A PNG of what is inside a box of the upright page, at the resolution of the scan.

        Raises:
            NoPixels: the page cannot be shown.
        """
        pixels = self.pixels(page)
        inside = box.clipped(pixels.shape[1], pixels.shape[0])
        if not inside.area:
            raise NoPixels(f"{place_of(page.source)}: the place of this field lies outside of the page")
        return _encoded(pixels[inside.top : inside.bottom, inside.left : inside.right], "PNG", compress_level=1)

    def picture(self, page: ItemPage) -> bytes:
        """A JPEG of the whole upright page, :data:`PAGE_SIDE` pixels at most.

        Raises:
            NoPixels: the page cannot be shown.
        """
        return _encoded(self.pixels(page), "JPEG", PAGE_SIDE, quality=PAGE_QUALITY)

    def pixels(self, page: ItemPage) -> Gray:
        """The upright page, uint8 (height, width).

        Raises:
            NoPixels: the page cannot be shown.
        """
        while True:
            with self._lock:
                known = self._known(page.id)
                if known is not None:
                    return known
                waiting = self._under_way.get(page.id)
                if waiting is None:
                    self._under_way[page.id] = threading.Event()
                    break
            waiting.wait()
        try:
            return self._decoded(page)
        finally:
            with self._lock:
                self._under_way.pop(page.id).set()

    def _known(self, number: int) -> Gray | None:
        if number in self._pages:
            self._pages.move_to_end(number)
            return self._pages[number]
        refusal = self._refusals.get(number)
        if refusal is not None:
            if time.monotonic() < refusal.until:
                raise NoPixels(refusal.message)
            del self._refusals[number]
        return None

    def _decoded(self, page: ItemPage) -> Gray:
        try:
            pixels = self._loaded(page)
        except NoPixels as error:
            with self._lock:
                self._refusals[page.id] = _Refusal(str(error), time.monotonic() + FAILED_SECONDS)
                self._forget_old_refusals()
            raise
        with self._lock:
            self._pages[page.id] = pixels
            while len(self._pages) > 1 and self._kept_now() > self._kept_bytes:
                self._pages.popitem(last=False)
        return pixels

    def _kept_now(self) -> int:
        return sum(kept.nbytes for kept in self._pages.values())

    def _forget_old_refusals(self) -> None:
        now = time.monotonic()
        self._refusals = {number: refusal for number, refusal in self._refusals.items() if now < refusal.until}

    def _loaded(self, page: ItemPage) -> Gray:
        from hcr_scan.sinks.overlay import upright

        source = page.source
        path = source.path
        if self._folder is not None and not is_remote(path):
            path = os.path.join(self._folder, path)  # noqa: PTH118 - bytes
        request = PageRequest(PageRef(path, source.page - 1, source.pages, source.sha256), self._settings)
        try:
            image = self._answer(request) if not is_remote(path) else self._fetched(request)
        except (HcrScanError, RuntimeError) as error:  # the second where the engine was closed meanwhile
            raise NoPixels(f"{place_of(source)} cannot be shown: {error}") from error
        if isinstance(image, Lost):
            raise NoPixels(f"{place_of(source)} {image.reason}")
        if isinstance(image, PageFailure):
            raise NoPixels(_reason(image, source))
        pixels = upright(image.pixels, page.rotation)
        if pixels.shape != (page.height, page.width):
            raise NoPixels(
                f"{place_of(source)} has {pixels.shape[1]} x {pixels.shape[0]} pixels, and had {page.width} x "
                f"{page.height} when it was read; scan it again with --overwrite"
            )
        return pixels

    def _answer(self, request: PageRequest) -> PageImage | PageFailure | Lost[PageRequest]:
        (image,) = self._engine.map(load_requested, [request])
        return image

    def _fetched(self, request: PageRequest) -> PageImage | PageFailure | Lost[PageRequest]:
        with self._fetching:
            place = self._copy.of(request.ref.path, request.settings.max_file_size)
            if isinstance(place, SourceError):
                return PageFailure(request.ref.source, "open", place.code, place.message)
            return self._answer(replace(request, place=place))


def _reason(failure: PageFailure, source: Source) -> str:
    """Why a page cannot be decoded now that could be when it was read."""
    if failure.error == "changed":
        return f"{place_of(source)} is another file than the one that was read; put that one back, or scan again"
    if failure.error == "missing":
        return f"{place_of(source)} is not there any more; put it back where it was"
    if failure.error == "password":
        return f"{place_of(source)} is encrypted; give its password with --password-file"
    return failure_text(failure)


def _encoded(pixels: Gray, form: str, side: int | None = None, **options: int) -> bytes:
    """Pixels as a picture file, made smaller where its longest side would be more than ``side``."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    if side is not None and max(picture.size) > side:
        scale = side / max(picture.size)
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        picture = picture.resize(size, Image.Resampling.BOX)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
