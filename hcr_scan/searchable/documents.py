"""Pages in, a searchable PDF a document out. Whatever is decoded for it is decoded in a worker."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from hcr_scan.document import Page, PageFailure, PageResult, Source
from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import OutputError
from hcr_scan.remote.copies import LastCopy
from hcr_scan.searchable.pdf_file import PdfFile
from hcr_scan.searchable.pictures import Coding, Picture, PictureTask, page_picture
from hcr_scan.searchable.stamping import NoStamp, Stamp, StampTask, stamp
from hcr_scan.searchable.text_layer import CharacterCodes, page_placement, text_layer
from hcr_scan.settings import Settings
from hcr_scan.sinks.folder import document_stem, make_folder
from hcr_scan.sinks.formats import SUFFIXES, Format
from hcr_scan.sinks.output import Output, open_output, output_errors
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import PageRef, SourceError, printable
from hcr_scan.sources.reading import Kind, sniff

logger = logging.getLogger(__name__)

#: The end of a PDF that a page stands for that cannot be shown: A4, in points.
_NO_PAGE = (595.0, 842.0)
#: Bytes copied at a time, and of a file's head that tell what it is.
_CHUNK, _HEAD = 1 << 20, 1100
#: Documents named at the end of a run that have no PDF.
_MOST_NAMED = 5


class DocumentSink:
    """Takes pages one after the other, and writes the PDF of a document when its pages are there; a context manager.

    A document that changed since it was read, that is encrypted, or that cannot be opened any more has none; the rest
    is written, and what has none is told at the end.

    Args:
        target: A folder for a file a document, or the file for one document.
        folder: Which of the two it is.
        settings: Those of the scan: limits of sizes, time and memory.
        program: Its name and version.

    Raises:
        OutputError: something cannot be written, or documents have no PDF.
    """

    def __init__(self, target: str, settings: Settings, program: str, *, folder: bool) -> None:
        self._target, self._folder, self._settings, self._program = target, folder, settings, program
        self._workers = _Workers(settings)
        self._fetched = LastCopy()
        self._pages: list[PageResult] = []
        self._documents = 0
        self._without: list[str] = []

    def __enter__(self) -> Self:
        if self._folder:
            make_folder(self._target)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.closing(self._workers), contextlib.closing(self._fetched):
            # A document that was interrupted is not there as a whole.
            if kind is None:
                self._finish_document()
        if kind is None and self._without:
            named = "; ".join(self._without[:_MOST_NAMED])
            more = "; ..." if len(self._without) > _MOST_NAMED else ""
            raise OutputError(f"not every document has a searchable PDF: {named}{more}")

    def write(self, item: PageResult) -> None:
        """Add a page; the pages of a document follow each other."""
        if self._pages and self._pages[0].source.path != item.source.path:
            self._finish_document()
        self._pages.append(item)

    def _finish_document(self) -> None:
        pages, self._pages = self._pages, []
        if not pages or all(isinstance(page, PageFailure) and page.stage == "open" for page in pages):
            return
        self._documents += 1
        if not self._folder and self._documents > 1:
            raise OutputError("a PDF holds one document, and there are more; name a folder: --out pdf/")
        source = pages[0].source
        try:
            self._write_document(source, pages)
        except _CannotShow as error:
            self._without.append(f"{printable(source.path)} {error}")

    def _write_document(self, source: Source, pages: list[PageResult]) -> None:
        target = self._target
        if self._folder:
            target = os.path.join(target, f"{document_stem(source)}{SUFFIXES[Format.PDF]}")  # noqa: PTH118
        place = self._place(source)
        kind = _unchanged_kind(place, source)
        output = open_output(target)
        try:
            stamped = kind is Kind.PDF and self._write_stamped(place, source, pages, output)
            if not stamped:
                with output_errors(target):
                    self._write_images(place, pages, output)
            output.commit()
        finally:
            output.discard()

    def _place(self, source: Source) -> str:
        """Where a document is now: under its name, or a copy of it that is fetched."""
        if not is_remote(source.path):
            return source.path
        found = self._fetched.of(source.path, self._settings.source.max_file_size)
        if isinstance(found, SourceError):
            raise _CannotShow(found.message)
        return found

    def _write_stamped(self, place: str, source: Source, pages: list[PageResult], output: Output) -> bool:
        """Write a PDF with the layer on its pages; whether that could be done."""
        read = tuple(page for page in pages if isinstance(page, Page))
        task = StampTask(place, source.sha256, read, self._settings.source)
        found = self._workers.stamp(task)
        if isinstance(found, NoStamp) and found.encrypted:
            raise _CannotShow("is encrypted, and its copy would not be; save it without a password and scan that")
        if not isinstance(found, Stamp):
            logger.info("%s is drawn: %s", printable(source.path), found.reason)
            return False
        with output_errors(output.target):
            _copy(place, source, output)
            output.stream.write(found.appendix)
        return True

    def _write_images(self, place: str, pages: list[PageResult], output: Output) -> None:
        file, codes = PdfFile(output.stream, self._program), CharacterCodes()
        for page, picture in zip(pages, self._workers.pictures(place, pages), strict=True):
            if isinstance(picture, PageFailure) and picture.error == "changed":
                raise _CannotShow("changed since it was scanned; scan it again")
            image = None if not isinstance(picture, Picture) else _add_image(file, picture)
            size, content = _content(page, picture if isinstance(picture, Picture) else None, codes)
            file.add_page(size, content, image)
        file.finish(codes)


class _CannotShow(Exception):
    """Why a document has no PDF; goes on after its name."""


class _Workers:
    """One worker, with as much time as a document's pages would have."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._pages = 0

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def stamp(self, task: StampTask) -> Stamp | NoStamp:
        (found,) = self._engine_for(len(task.pages)).map(stamp, [task])
        return NoStamp(found.reason) if isinstance(found, Lost) else found

    def pictures(self, place: str, pages: list[PageResult]) -> Iterator[Picture | PageFailure | None]:
        tasks = (PictureTask(_ref(place, page.source), self._settings.source) for page in pages)
        for found in self._engine_for(1).map(page_picture, tasks, window=2):
            yield None if isinstance(found, Lost) else found

    def _engine_for(self, pages: int) -> Engine:
        if self._engine is None or pages > self._pages:
            self.close()
            limits = self._settings.limits
            self._pages = max(pages, 1)
            self._engine = local_engine(1, limits=replace(limits, page_timeout=limits.page_timeout * self._pages))
        return self._engine


def _ref(place: str, source: Source) -> PageRef:
    return PageRef(place, source.page - 1, source.pages, source.sha256)


def _unchanged_kind(place: str, source: Source) -> Kind | None:
    """What a file is, if it is the one that was read."""
    digest, head = hashlib.sha256(), b""
    try:
        with Path(place).open("rb") as file:
            while data := file.read(_CHUNK):
                head = head or data[:_HEAD]
                digest.update(data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _CannotShow(f"cannot be read any more ({reason}); run this where the scan was run") from error
    if digest.hexdigest() != source.sha256:
        raise _CannotShow("changed since it was scanned; scan it again")
    return sniff(head)


def _copy(place: str, source: Source, output: Output) -> None:
    digest = hashlib.sha256()
    with Path(place).open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
            output.stream.write(data)
    if digest.hexdigest() != source.sha256:
        raise _CannotShow("changed since it was scanned; scan it again")


def _add_image(file: PdfFile, picture: Picture) -> int:
    # The worker has decoded what nobody trusts: only numbers of it go into the PDF's own syntax.
    width, height, colors, bits = (int(n) for n in (picture.width, picture.height, picture.colors, picture.bits))
    space = "/DeviceRGB" if colors == 3 else "/DeviceGray"
    if picture.coding is Coding.JPEG:
        coding = "/Filter /DCTDecode"
    elif picture.coding is Coding.GROUP_4:
        black = "true" if picture.black_is_one else "false"
        parameters = f"/K -1 /Columns {width} /Rows {height} /BlackIs1 {black}"
        coding = f"/Filter /CCITTFaxDecode /DecodeParms << {parameters} >>"
    else:
        parameters = f"/Predictor 15 /Colors {colors} /BitsPerComponent {bits} /Columns {width}"
        coding = f"/Filter /FlateDecode /DecodeParms << {parameters} >>"
    body = (
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} /BitsPerComponent {bits}"
    )
    return file.add(f"{body} {coding}", picture.data)


def _content(page: PageResult, picture: Picture | None, codes: CharacterCodes) -> tuple[tuple[float, float], bytes]:
    """A page's size in points, and what is on it: the image upright, and the layer over it."""
    turn = int(picture.turn) if picture else 0
    if isinstance(page, Page):
        size = page.width * 72 / page.dpi, page.height * 72 / page.dpi
        turn = (turn + page.rotation) % 360
        layer = text_layer(page, page_placement((0, 0, *size), 0, (page.width, page.height)), codes)
    else:
        size, layer = _NO_PAGE, b""
        if picture is not None:
            across, down = (picture.height, picture.width) if turn % 180 else (picture.width, picture.height)
            size = size[0], size[0] * down / across
    if picture is None:
        return size, layer
    return size, f"q {_image_matrix(size, turn)} cm /Scan Do Q\n".encode("ascii") + layer


def _image_matrix(size: tuple[float, float], turn: int) -> str:
    """Where the square of an image goes that is turned clockwise to be upright on a page of this size."""
    width, height = size
    matrix = {
        0: (width, 0, 0, height, 0, 0),
        90: (0, -height, width, 0, 0, height),
        180: (-width, 0, 0, -height, width, height),
        270: (0, height, -width, 0, width, 0),
    }[turn]
    return " ".join(f"{value:.4f}" for value in matrix)
