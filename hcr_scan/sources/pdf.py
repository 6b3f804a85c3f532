"""PDF pages become grey pixels through pdfium: scans at their own resolution, anything else drawn."""

from __future__ import annotations

import ctypes
import io
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from hcr_scan.settings import PdfRenderer, SourceSettings
from hcr_scan.sources.pages import Raster, SourceError
from hcr_scan.sources.reading import Document
from hcr_scan.sources.scans import embedded_scan

#: A page too large to be drawn at the wanted resolution is drawn coarser, but not coarser than this.
LOWEST_RENDER_DPI = 100

# It warns about XFA forms, which we draw as far as any viewer without XFA does.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)


def count_pdf_pages(document: Document, settings: SourceSettings) -> int:
    """How many pages a PDF has.

    Raises:
        SourceError: it is damaged, has no pages, or needs a password.
    """
    try:
        with open_pdf(document, settings) as pdf:
            pages = len(pdf)
    except SourceError as error:
        if settings.pdf_renderer is not PdfRenderer.POPPLER or error.code not in ("damaged", "no_pages"):
            raise
        from hcr_scan.sources.poppler import count_poppler_pages

        pages = count_poppler_pages(document)
    if pages < 1:
        raise _without_pages()
    return pages


def load_pdf_page(document: Document, index: int, settings: SourceSettings) -> Raster:
    """One page of a PDF, ``index`` from 0, the right way up.

    Raises:
        SourceError: the page is damaged or too large, or the document cannot be opened.
    """
    poppler = settings.pdf_renderer is PdfRenderer.POPPLER
    try:
        with open_pdf(document, settings) as pdf, _loaded(pdf, index) as page:
            scan = embedded_scan(page, _decrypted(pdf, index, document), settings.max_pixels)
            if scan is not None:
                return scan
            if not poppler:
                return _rendered(page, settings)
            width, height = page.get_size()
    except SourceError as error:
        if not poppler or error.code not in ("damaged", "no_pages", "bad_page"):
            raise
        width, height = None, None
    from hcr_scan.sources.poppler import render_with_poppler

    size = None if width is None else (width, height)
    return render_with_poppler(document, index, size, settings)


@contextmanager
def open_pdf(document: Document, settings: SourceSettings) -> Iterator[Any]:
    """The open document, with its form fields ready to be drawn."""
    # A document without pages sets no error, so that of the document before it would stand. This one, of a file without
    # a name, is none that opening from memory gives.
    pdfium_c.FPDF_LoadDocument(b"", None)
    try:
        pdf = pdfium.PdfDocument(document.data, password=settings.password)
    except pdfium.PdfiumError as error:
        raise _cannot_open(error, settings) from error
    except UnicodeEncodeError:
        # Its text would show a part of the password.
        raise _wrong_password() from None
    try:
        # A broken form is drawn as a page without one.
        with suppress(pdfium.PdfiumError):
            pdf.init_forms()
        yield pdf
    finally:
        pdf.close()


@contextmanager
def _loaded(pdf: Any, index: int) -> Iterator[Any]:
    try:
        page = pdf[index]
    except (pdfium.PdfiumError, IndexError) as error:
        raise SourceError("bad_page", "is damaged; print it to a new PDF or scan it again") from error
    try:
        yield page
    finally:
        page.close()


def _decrypted(pdf: Any, index: int, document: Document) -> bytes:
    """Bytes of a PDF with the page in plain: the file's or, where it is encrypted, those of a copy of the page."""
    if pdfium_c.FPDF_GetSecurityHandlerRevision(pdf) < 0:
        return document.data
    copy, written = pdfium.PdfDocument.new(), io.BytesIO()
    try:
        copy.import_pages(pdf, [index])
        copy.save(written)
    except pdfium.PdfiumError:
        return b""
    finally:
        copy.close()
    return written.getvalue()


def render_dpi(width: float, height: float, settings: SourceSettings) -> int:
    """The resolution to draw a page at: the wanted one, or less where the page would be too large.

    ``width`` and ``height`` of the page are in points (1/72 inch).
    """
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise SourceError("bad_page", "is a page without a size; leave it out")
    dpi, lowest = settings.dpi, min(LOWEST_RENDER_DPI, settings.dpi)
    while math.prod(pixel_size(width, height, dpi)) > settings.max_pixels:
        dpi = min(dpi - 1, int(math.sqrt(settings.max_pixels * 72 * 72 / (width * height))))
        if dpi < lowest:
            raise SourceError(
                "too_large",
                f"measures {width / 72:,.0f} x {height / 72:,.0f} inches, more "
                f"than {settings.max_pixels:,} pixels at {lowest} dpi; raise --max-pixels or crop the page",
            )
    return dpi


def _rendered(page: Any, settings: SourceSettings) -> Raster:
    width, height = page.get_size()
    dpi = render_dpi(width, height, settings)
    columns, rows = pixel_size(width, height, dpi)
    # Drawn into our own array: pypdfium2's render() rounds up, which adds an empty column to an A4 page.
    pixels = np.full((rows, columns), 255, np.uint8)
    buffer = (ctypes.c_ubyte * pixels.size).from_buffer(pixels.data.cast("B"))
    bitmap = pdfium.PdfBitmap.new_native(columns, rows, pdfium_c.FPDFBitmap_Gray, buffer=buffer)
    flags = pdfium_c.FPDF_GRAYSCALE | pdfium_c.FPDF_ANNOT
    area = (0, 0, columns, rows, 0, flags)
    pdfium_c.FPDF_RenderPageBitmap(bitmap, page, *area)
    if page.formenv:
        pdfium_c.FPDF_FFLDraw(page.formenv, bitmap, page, *area)
    bitmap.close()
    return Raster(pixels, dpi, True)


def pixel_size(width: float, height: float, dpi: int) -> tuple[int, int]:
    """Columns and rows of a page of ``width`` x ``height`` points."""
    return max(1, round(width * dpi / 72)), max(1, round(height * dpi / 72))


def _cannot_open(error: Any, settings: SourceSettings) -> SourceError:
    code = getattr(error, "err_code", None)
    if code == pdfium_c.FPDF_ERR_FILE:
        return _without_pages()
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        if settings.password is None:
            return SourceError("password", "is encrypted; give its password with --password-file")
        return _wrong_password()
    if code == pdfium_c.FPDF_ERR_SECURITY:
        return SourceError("unsupported_format", "is encrypted in a way that is not supported; print it to a new PDF")
    return SourceError("damaged", "is damaged; open it in a viewer and save it again")


def _without_pages() -> SourceError:
    return SourceError("no_pages", "has no pages; leave it out, or save it again where it should have some")


def _wrong_password() -> SourceError:
    return SourceError("password", "is encrypted and the password given does not open it")
