"""Helpers of tests of exchange formats: what is written, read back with other people's parsers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxml import etree

from hcr_scan.document import (
    Alternative,
    Field,
    FieldAlternative,
    Glyph,
    Line,
    Page,
    PageFailure,
    PageResult,
    Reason,
    Source,
    Status,
    Word,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, open_sink

PROVENANCE = Provenance("0.1.0", "0" * 64, "1" * 64)
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
PAGE = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"
XHTML = "{http://www.w3.org/1999/xhtml}"

_SCHEMAS = Path(__file__).parent / "schema"
_SCHEMA_FILES = {Format.ALTO: "alto-4-4.xsd", Format.PAGE: "pagecontent-2019-07-15.xsd"}

FAILURE = PageFailure(Source("in/b.pdf", 2, 3, "b" * 64), "open", "password", "is <encrypted>")


@cache
def schema(format_: Format) -> Any:
    return etree.XMLSchema(etree.parse(_SCHEMAS / _SCHEMA_FILES[format_]))


def written(pages: list[PageResult], options: OutputOptions) -> bytes:
    """What one file of the output holds."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        with open_sink(str(target), options, PROVENANCE) as sink:
            for page in pages:
                sink.write(page)
        assert [path.name for path in Path(folder).iterdir()] == ["out"]
        return target.read_bytes()


def tree(data: bytes) -> Any:
    """XML read strictly."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, huge_tree=True))


def valid_tree(page: PageResult, format_: Format) -> Any:
    """A page's file, which is as the official schema says."""
    root = tree(written([page], OutputOptions(format_)))
    schema(format_).assertValid(root)
    return root


def sample(rotation: int = 0) -> Page:
    """A page with one of everything: a doubtful glyph, one that is none, one struck out, a box to tick, a line."""
    return Page(
        Source("in/fö<rm>.tif", 2, 3, "a" * 64), 600, 800, 200, rotation, 0.5,
        (
            Field(
                "full_name", "cells", BoundingBox(10, 10, 210, 40), "AB C", "AB C", 0.81, Status.REVIEW,
                (Reason.LOW_CONFIDENCE,), (FieldAlternative("A8 C", 0.1),),
                (
                    _glyph("A", 12, 12, 0.99, cell=0),
                    Glyph(
                        BoundingBox(32, 12, 48, 38), "B", 0.8, (Alternative("8", 0.1), Alternative("", 0.05)),
                        Status.REVIEW, 1, (Reason.LOW_CONFIDENCE,),
                    ),
                    Glyph(BoundingBox(50, 10, 70, 40), "", 1.0, (), Status.BLANK, 2),
                    _glyph("C", 72, 12, 1.0, cell=3),
                    Glyph(BoundingBox(90, 10, 110, 40), "", 1.0, (), Status.BLANK, 4),
                ),
            ),
            Field(
                "born", "cells", BoundingBox(10, 100, 210, 140), "1968-03-01", "01031968", 0.9, Status.OK,
                glyphs=tuple(_glyph(digit, 12 + 20 * i, 102, 0.98, cell=i) for i, digit in enumerate("01031968")),
            ),
            Field("agreed", "checkbox", BoundingBox(10, 200, 40, 230), "yes", "yes", 0.97, Status.OK),
            Field("code", "cells", BoundingBox(10, 300, 210, 340), "", "", 1.0, Status.BLANK),
        ),
        (
            Line(
                (
                    Word((_glyph("N", 20, 500, 0.9), _glyph("O", 40, 500, 0.5))),
                    Word(
                        (
                            Glyph(
                                BoundingBox(90, 500, 108, 526), "", 0.7, (Alternative("7", 0.2),), Status.REJECTED,
                                None, (Reason.NOT_A_CHARACTER,),
                            ),
                        )
                    ),
                    Word(
                        (
                            Glyph(
                                BoundingBox(120, 500, 138, 526), "", 0.9, (), Status.REJECTED, None,
                                (Reason.CROSSED_OUT,),
                            ),
                        )
                    ),
                ),
                Status.REVIEW,
                (Reason.LOW_CONFIDENCE, Reason.NOT_A_CHARACTER),
            ),
        ),
        "kyc", 0.93, 1,
    )  # fmt: skip


def _glyph(text: str, left: int, top: int, confidence: float, cell: int | None = None) -> Glyph:
    return Glyph(BoundingBox(left, top, left + 16, top + 26), text, confidence, cell=cell)
