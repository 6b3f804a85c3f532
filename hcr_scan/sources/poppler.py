"""PDF pages drawn by poppler's programs through pdf2image, for documents that pdfium draws wrongly or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from hcr_scan.settings import SourceSettings
from hcr_scan.sources.pages import Raster, SourceError
from hcr_scan.sources.reading import Document

#: Seconds that each of poppler's programs may take. pdfinfo hangs on some damaged files.
TIME_LIMIT = 60

_PAGE_SIZE = re.compile(r"([\d.]+) x ([\d.]+) pts")


def count_poppler_pages(document: Document) -> int:
    """How many pages poppler sees in a document that pdfium cannot open."""
    return int(_information(str(Path(document.place).absolute()))["Pages"])


def render_with_poppler(
    document: Document, index: int, size: tuple[float, float] | None, settings: SourceSettings
) -> Raster:
    """One page, ``index`` from 0, drawn in grey with its annotations and form values.

    ``size`` is the page's width and height in points where pdfium knows them; else poppler is asked.
    """
    from pdf2image import convert_from_path, exceptions

    from hcr_scan.sources.pdf import pixel_size, render_dpi

    with _without_password(document, settings) as path:
        # pdf2image calls pdfinfo again, without a time limit: a file that hangs it must not get that far.
        information = _information(path, index + 1)
        width, height = size or _page_size(information)
        dpi = render_dpi(width, height, settings)
        try:
            images = convert_from_path(
                path, dpi=dpi, first_page=index + 1, last_page=index + 1, grayscale=True, use_cropbox=True,
                timeout=TIME_LIMIT,
            )  # fmt: skip
        except exceptions.PDFPopplerTimeoutError as error:
            raise _too_slow() from error
    # pdf2image does not look at pdftoppm's exit code; a page that could not be drawn is just not there.
    if len(images) != 1:
        raise SourceError("bad_page", "cannot be drawn by poppler; try --pdf-renderer pdfium")
    columns, rows = pixel_size(width, height, dpi)
    # pdftoppm rounds up, which adds an empty column to an A4 page.
    return Raster(np.array(images[0].convert("L"))[:rows, :columns].copy(), dpi, True)


def _information(path: str, page: int | None = None) -> dict[str, Any]:
    from pdf2image import exceptions, pdfinfo_from_path

    try:
        return dict(pdfinfo_from_path(path, timeout=TIME_LIMIT, first_page=page, last_page=page))
    except exceptions.PDFPopplerTimeoutError as error:
        raise _too_slow() from error
    except exceptions.PDFPageCountError as error:
        raise SourceError("damaged", "is damaged; open it in a viewer and save it again") from error
    except exceptions.PDFInfoNotInstalledError as error:
        raise SourceError(
            "missing_dependency", "needs poppler, which is not installed; install it or use --pdf-renderer pdfium"
        ) from error


def _page_size(information: dict[str, Any]) -> tuple[float, float]:
    """Width and height in points of the only page asked about, turned as it is shown."""
    told = {key.split()[-1]: str(value) for key, value in information.items() if key.startswith("Page ")}
    match = _PAGE_SIZE.search(told.get("size", ""))
    if match:
        width, height = float(match[1]), float(match[2])
        return (height, width) if told.get("rot") in ("90", "270") else (width, height)
    raise SourceError("bad_page", "is a page without a size; leave it out")


@contextmanager
def _without_password(document: Document, settings: SourceSettings) -> Iterator[str]:
    """A path poppler can open without a password: every user of the machine could read that in its arguments."""
    if settings.password is None:
        # Absolute, so that a name that starts with a dash is no option.
        yield str(Path(document.place).absolute())
        return
    import pypdfium2.raw as pdfium_c

    from hcr_scan.sources.pdf import open_pdf

    with _unnamed_file() as (file, path):
        with open_pdf(document, settings) as pdf:
            pdf.save(file, flags=pdfium_c.FPDF_REMOVE_SECURITY)
        file.flush()
        yield path


@contextmanager
def _unnamed_file() -> Iterator[tuple[IO[bytes], str]]:
    """A file, and the path by which programs that are started here can open it.

    On Linux it is in no folder: whatever kills this process, nothing that was encrypted is left on a disk.
    """
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("hcr-scan"), "w+b") as file:
            yield file, f"/proc/{os.getpid()}/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(prefix="hcr-scan-", suffix=".pdf") as named:
            yield named.file, named.name


def _too_slow() -> SourceError:
    return SourceError("timeout", f"took poppler more than {TIME_LIMIT} seconds; try --pdf-renderer pdfium")
