"""The text layer put on the pages of a PDF, whose own bytes stay as they are, since it follows them. For workers."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hcr_scan.document import Page
from hcr_scan.errors import description_of
from hcr_scan.searchable.pdf_file import PdfFile
from hcr_scan.searchable.text_layer import FONT, CharacterCodes, page_placement, text_layer
from hcr_scan.settings import SourceSettings
from hcr_scan.sources.pages import SourceError
from hcr_scan.sources.reading import Document, read_document

if TYPE_CHECKING:
    from pypdf import PdfWriter


@dataclass(frozen=True, slots=True)
class StampTask:
    """A PDF, of these bytes, and what was read on its pages."""

    path: str
    sha256: str
    pages: tuple[Page, ...]
    source: SourceSettings


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is to follow the bytes of the PDF."""

    appendix: bytes


@dataclass(frozen=True, slots=True)
class NoStamp:
    """Why there is none. ``encrypted`` documents are not to be written otherwise either; others may be drawn."""

    reason: str
    encrypted: bool = False


def stamp(task: StampTask) -> Stamp | NoStamp:
    """The text layer of a PDF."""
    try:
        document = read_document(task.path, task.source.max_file_size)
        if document.sha256 != task.sha256:
            return NoStamp("it changed")
        return _stamped(document, task)
    except SourceError as error:
        return NoStamp(f"it {error.message}")
    except Exception as error:
        return NoStamp(description_of(error))


def _stamped(document: Document, task: StampTask) -> Stamp | NoStamp:
    from pypdf import PdfReader, PdfWriter

    # What it logs about damaged files is not for the user.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if not task.pages:
        return Stamp(b"")
    if PdfReader(io.BytesIO(document.data)).is_encrypted:
        return NoStamp("it is encrypted", encrypted=True)
    writer = PdfWriter(io.BytesIO(document.data), incremental=True)
    codes = CharacterCodes()
    layers = _layers(document, task, codes)
    font = _font(writer, codes)
    for page, layer in zip(task.pages, layers, strict=True):
        _put(writer, writer.pages[page.source.page - 1], page.rotation, layer, font)
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    if not data.startswith(document.data):
        return NoStamp("it would not stay as it is")
    if not _is_read_back(replace(document, data=data), task, layers):
        return NoStamp("what is added to it would not be read")
    return Stamp(data[len(document.data) :])


def _is_read_back(stamped: Document, task: StampTask, layers: list[bytes]) -> bool:
    """Whether another reader finds all pages and the text on them: it may mend a damaged file in another way."""
    from hcr_scan.sources.pdf import open_pdf

    with open_pdf(stamped, task.source) as pdf:
        if len(pdf) != task.pages[0].source.pages:
            return False
        written = [page.source.page for page, layer in zip(task.pages, layers, strict=True) if layer]
        return all(pdf[number - 1].get_textpage().count_chars() for number in written)


def _layers(document: Document, task: StampTask, codes: CharacterCodes) -> list[bytes]:
    """The content of each page's layer, laid over what the page was read from."""
    from hcr_scan.sources.pdf import open_pdf
    from hcr_scan.sources.scans import read_area

    layers = []
    with open_pdf(document, task.source) as pdf:
        for page in task.pages:
            shown = pdf[page.source.page - 1]
            turn = (shown.get_rotation() + page.rotation) % 360
            placement = page_placement(read_area(shown), turn, (page.width, page.height))
            shown.close()
            layers.append(text_layer(page, placement, codes))
    return layers


def _font(writer: PdfWriter, codes: CharacterCodes) -> Any:
    """The font, taken over from a PDF that has nothing else."""
    from pypdf import PdfReader

    buffer = io.BytesIO()
    file = PdfFile(buffer, "hcr-scan")
    file.add_page((1, 1), b"")
    file.finish(codes)
    page = PdfReader(buffer).pages[0]
    return page["/Resources"]["/Font"].raw_get(f"/{FONT}").clone(writer)


def _put(writer: PdfWriter, page: Any, rotation: int, layer: bytes, font: Any) -> None:
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

    if rotation:
        page[NameObject("/Rotate")] = NumberObject((page.rotation + rotation) % 360)
    if not layer:
        return
    # Their get() would give references, not what these stand for.
    resources = DictionaryObject(page["/Resources"] if "/Resources" in page else {})  # noqa: SIM401
    fonts = DictionaryObject(resources["/Font"] if "/Font" in resources else {})  # noqa: SIM401
    fonts[NameObject(f"/{FONT}")] = font
    resources[NameObject("/Font")] = fonts
    page[NameObject("/Resources")] = resources
    # What is there may leave the coordinates changed: it gets a frame of its own.
    contents = page.raw_get("/Contents") if "/Contents" in page else ArrayObject()
    whole = contents.get_object()
    parts = list(whole) if isinstance(whole, ArrayObject) else [contents]
    page[NameObject("/Contents")] = ArrayObject(
        [_stream(writer, b"q\n"), *parts, _stream(writer, b"\nQ\n"), _stream(writer, layer)]
    )


def _stream(writer: PdfWriter, data: bytes) -> Any:
    from pypdf.generic import StreamObject

    stream = StreamObject()
    stream.set_data(data)
    return writer._add_object(stream.flate_encode())
