"""The border: documents and pages go in, pages or failures come out, whatever a decoder raises.

These functions run in worker processes. Decoders are imported when first needed, so that the parent, which only lists
files, loads none, and a worker that sees no PDF never loads pdfium.
"""

from __future__ import annotations

import logging
import shutil
import warnings

from hcr_scan.document import PageFailure, Source
from hcr_scan.errors import MissingDependency, description_of
from hcr_scan.settings import PdfRenderer, SourceSettings
from hcr_scan.sources.page_ranges import chosen_pages, parse_page_ranges
from hcr_scan.sources.pages import PageImage, PageRef, Raster, SourceError, place_of
from hcr_scan.sources.reading import Document, Kind, read_document

logger = logging.getLogger(__name__)

NEEDS_MEMORY = "needs more memory than there is; scan it smaller or raise --worker-memory"


def check_settings(settings: SourceSettings) -> None:
    """Find out before a run starts what would go wrong in every worker.

    Raises:
        UsageError: ``pages`` is malformed.
        MissingDependency: the chosen renderer is not installed.
    """
    if settings.pages is not None:
        parse_page_ranges(settings.pages)
    check_renderer(settings)


def check_renderer(settings: SourceSettings) -> None:
    """See that the chosen PDF renderer is there.

    Raises:
        MissingDependency: it is not; the message says how to install it.
    """
    if settings.pdf_renderer is not PdfRenderer.POPPLER:
        return
    for program in ("pdftoppm", "pdfinfo"):
        if shutil.which(program) is None:
            raise MissingDependency(
                f"--pdf-renderer poppler needs the program {program}, which is not installed. Debian and Ubuntu: "
                "apt install poppler-utils; macOS: brew install poppler; Windows: choco install poppler. "
                "Or leave the option out: pdfium needs nothing."
            )


def count_pages(
    path: str, settings: SourceSettings, *, follow_links: bool = True, place: str | None = None
) -> tuple[PageRef, ...] | PageFailure:
    """The pages of a document that are to be read, or why it cannot be opened.

    Empty where ``settings.pages`` chooses none of the pages the document has. ``place`` is where the document lies, if
    not under its name.

    Raises:
        UsageError: ``settings.pages`` is malformed.
    """
    ranges = None if settings.pages is None else parse_page_ranges(settings.pages)
    source = Source(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks about metadata are not for the user
            document = read_document(path, settings.max_file_size, follow_links=follow_links, place=place)
            source = Source(path, sha256=document.sha256)
            pages = _page_count(document, settings)
        chosen = chosen_pages(ranges, pages)
        if len(chosen) > settings.max_pages:
            raise SourceError(
                "too_large",
                f"has {len(chosen):,} pages to read and the limit is {settings.max_pages:,}; "
                "choose some with --pages or raise --max-pages",
            )
        return tuple(PageRef(path, index, pages, document.sha256) for index in chosen)
    except Exception as error:
        return _failure(source, "open", error)


def load_page(ref: PageRef, settings: SourceSettings, place: str | None = None) -> PageImage | PageFailure:
    """One page's grey pixels, or why there are none; ``place`` is where its document lies, if not under its name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = read_document(ref.path, settings.max_file_size, place=place)
            if document.sha256 != ref.sha256:
                raise SourceError("changed", "changed while the run went on; run again when it is complete")
            raster = _load(document, ref.index, settings)
        return PageImage(ref, raster.pixels, raster.dpi, raster.dpi_known)
    except Exception as error:
        return _failure(ref.source, "decode", error)


def _page_count(document: Document, settings: SourceSettings) -> int:
    if document.kind is Kind.PDF:
        from hcr_scan.sources.pdf import count_pdf_pages

        return count_pdf_pages(document, settings)
    from hcr_scan.sources.raster import count_image_pages

    return count_image_pages(document, settings)


def _load(document: Document, index: int, settings: SourceSettings) -> Raster:
    if document.kind is Kind.PDF:
        from hcr_scan.sources.pdf import load_pdf_page

        return load_pdf_page(document, index, settings)
    from hcr_scan.sources.raster import load_image

    return load_image(document, index, settings)


def _failure(source: Source, stage: str, error: Exception) -> PageFailure:
    """The one place where an exception becomes a record."""
    if isinstance(error, SourceError):
        return PageFailure(source, stage, error.code, error.message)
    if isinstance(error, MemoryError):
        return PageFailure(source, stage, "memory", NEEDS_MEMORY)
    logger.debug("unexpected trouble with %s", place_of(source), exc_info=error)
    message = f"cannot be read ({description_of(error)}); open it in a viewer and save it again"
    return PageFailure(source, stage, "damaged", message)
