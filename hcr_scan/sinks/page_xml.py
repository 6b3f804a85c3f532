"""PAGE XML of 2019-07-15, the format of ground truth and of editors: a file a page.

A field or free line is a TextRegion. Its first TextEquiv (``index`` 0) is the value, further ones are other values; the
same holds for glyphs. Words and lines say what is written. UserDefined has the field's name, kind, status and reasons.
A glyph that could not be read has an empty text. The schema demands dates and a size: dates are the epoch, so that the
same pages give the same bytes, and a page that could not be read measures 0 x 0 and says why in UserDefined.
"""

from __future__ import annotations

from collections.abc import Iterator

from hcr_scan.document import Glyph, Page, PageFailure, PageResult, Word, rounded
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import Block, Sheet, TextLine, sheet_of
from hcr_scan.sinks.markup import XML_DECLARATION, Attributes, branch, leaf
from hcr_scan.sinks.records import Provenance, error_text
from hcr_scan.sources.pages import path_text

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_EPOCH = "1970-01-01T00:00:00Z"


def page_xml_file(result: PageResult, provenance: Provenance) -> bytes:
    """One page as a PAGE file."""
    page = _failed_page(result) if isinstance(result, PageFailure) else _page(result)
    root = {
        "xmlns": _NAMESPACE,
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/pagecontent.xsd",
    }
    return f"{XML_DECLARATION}{branch('PcGts', root, [_metadata(provenance), page])}\n".encode()


def _metadata(provenance: Provenance) -> str:
    made = provenance.as_record()
    labels = [leaf("Label", {"type": name, "value": made[name]}) for name in ("model", "settings")]
    step = {"type": "processingStep", "name": "recognition", "value": f"hcr-scan {provenance.hcr_scan}"}
    return branch(
        "Metadata",
        {},
        [
            leaf("Creator", text=f"hcr-scan {provenance.hcr_scan}"),
            leaf("Created", text=_EPOCH),
            leaf("LastChange", text=_EPOCH),
            branch("MetadataItem", step, [branch("Labels", {}, labels)]),
        ],
    )


def _failed_page(failure: PageFailure) -> str:
    said = {
        "page": failure.source.page,
        "sha256": failure.source.sha256,
        "status": failure.status.value,
        "error": error_text(failure),
    }
    attributes = {"imageFilename": path_text(failure.source.path), "imageWidth": 0, "imageHeight": 0}
    return branch("Page", attributes, [_user_defined(said)])


def _page(page: Page) -> str:
    sheet = sheet_of(page)
    # By how much the image is to be turned clockwise, from more than -180 to 180.
    turn = round(sheet.turn - page.skew, 2)
    attributes = {
        "imageFilename": path_text(page.source.path),
        "imageWidth": sheet.width,
        "imageHeight": sheet.height,
        "imageXResolution": page.dpi,
        "imageYResolution": page.dpi,
        "imageResolutionUnit": "PPI",
        "orientation": round(turn - 360, 2) if turn > 180 else turn + 0.0,
    }
    said = {
        "page": page.source.page,
        "sha256": page.source.sha256,
        "status": page.status.value,
        "reasons": " ".join(page.reasons) or None,
        "template": page.template,
        "template_page": page.template_page,
    }
    regions = [_region(block, f"r{number}") for number, block in enumerate(sheet.blocks, 1)]
    return branch("Page", attributes, [*_reading_order(sheet), _user_defined(said), *regions])


def _reading_order(sheet: Sheet) -> Iterator[str]:
    if sheet.blocks:
        order = [
            leaf("RegionRefIndexed", {"index": index, "regionRef": f"r{index + 1}"})
            for index in range(len(sheet.blocks))
        ]
        yield branch("ReadingOrder", {}, [branch("OrderedGroup", {"id": "reading_order"}, order)])


def _region(block: Block, name: str) -> str:
    said = {
        "name": block.name,
        "kind": block.kind,
        "status": block.status.value,
        "reasons": " ".join(block.reasons) or None,
    }
    others = [(other.value, other.confidence) for other in block.alternatives]
    return branch(
        "TextRegion",
        {"id": name, "production": "handwritten-printscript"},
        [
            _coords(block.box),
            _user_defined(said),
            *(_line(block, line, f"{name}_l{number}") for number, line in enumerate(block.lines, 1)),
            *_readings(block.value, block.confidence, others),
        ],
    )


def _line(block: Block, line: TextLine, name: str) -> str:
    words = (_word(block, word, f"{name}_w{number}") for number, word in enumerate(line.words, 1))
    own = block.confidence if line.text == block.value else line.confidence
    return branch("TextLine", {"id": name}, [_coords(line.box), *words, *_readings(line.text, own)])


def _word(block: Block, word: Word, name: str) -> str:
    glyphs = (_glyph(glyph, f"{name}_g{number}") for number, glyph in enumerate(word.glyphs, 1))
    readings = _readings(word.text, block.word_confidence(word))
    return branch("Word", {"id": name}, [_coords(word.box), *glyphs, *readings])


def _glyph(glyph: Glyph, name: str) -> str:
    said = {"status": glyph.status.value, "reasons": " ".join(glyph.reasons) or None, "cell": glyph.cell}
    others = [(other.text, other.confidence) for other in glyph.alternatives]
    return branch(
        "Glyph",
        {"id": name},
        [_coords(glyph.box), *_readings(glyph.text, glyph.confidence, others), _user_defined(said)],
    )


def _readings(text: str, confidence: float, others: list[tuple[str, float]] | None = None) -> Iterator[str]:
    for index, (reading, conf) in enumerate([(text, confidence), *(others or [])]):
        yield branch("TextEquiv", {"index": index, "conf": rounded(conf)}, [leaf("Unicode", text=reading)])


def _coords(box: BoundingBox) -> str:
    left, top, right, bottom = box.as_list()
    return leaf("Coords", {"points": f"{left},{top} {right},{top} {right},{bottom} {left},{bottom}"})


def _user_defined(values: Attributes) -> str:
    return branch(
        "UserDefined",
        {},
        (
            leaf(
                "UserAttribute",
                {"name": name, "type": "xsd:integer" if isinstance(value, int) else "xsd:string", "value": value},
            )
            for name, value in values.items()
            if value is not None
        ),
    )
