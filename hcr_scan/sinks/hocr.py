"""hOCR 1.2: XHTML in which every page, block, line and word tells where it is and how sure, from 0 to 100.

A field or free line is an ``ocr_carea``; its name, kind, status, reasons and value are ``data-`` attributes of it.
``x_confs`` and ``x_bboxes`` tell of each character of a word; glyphs that could not be read have none. Other readings
have no place here. A page that could not be read has an empty box and ``data-error``.
"""

from __future__ import annotations

from hcr_scan.document import PageFailure, PageResult, Word, rounded
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import Block, Sheet, TextLine, sheet_of
from hcr_scan.sinks.markup import XML_DECLARATION, branch, leaf, opening
from hcr_scan.sinks.records import Provenance, error_text
from hcr_scan.sources.pages import path_text

_CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word"


def head(provenance: Provenance) -> bytes:
    """What stands before the first page."""
    made = provenance.as_record()
    named = {
        "ocr-system": f"hcr-scan {provenance.hcr_scan}",
        "ocr-capabilities": _CAPABILITIES,
        "hcr-scan-model": made["model"],
        "hcr-scan-settings": made["settings"],
    }
    metas = [leaf("meta", {"name": name, "content": value}) for name, value in named.items()]
    charset = leaf("meta", {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    page = branch("head", {}, [leaf("title", text="hcr-scan"), charset, *metas])
    root = opening("html", {"xmlns": "http://www.w3.org/1999/xhtml"})
    return f"{XML_DECLARATION}<!DOCTYPE html>\n{root}\n{page}\n<body>\n".encode()


def tail() -> bytes:
    """What stands after the last page."""
    return b"</body>\n</html>\n"


def page_element(result: PageResult, number: int) -> bytes:
    """One page; ``number`` counts the pages of the output from 0."""
    name = f"page_{number + 1}"
    said: dict[str, object] = {"class": "ocr_page", "id": name}
    # A title's strings are quoted and have no escapes.
    image = path_text(result.source.path).replace("\\", "%5C").replace('"', "%22").replace("\n", "%0A")
    place = f'image "{image}"; ppageno {number}; x_source "page {result.source.page}"'
    if isinstance(result, PageFailure):
        error = error_text(result)
        said |= {"title": f"{place}; bbox 0 0 0 0", "data-status": result.status.value, "data-error": error}
        return f"{leaf('div', said, ' ')}\n".encode()
    sheet = sheet_of(result)
    box = _bbox(BoundingBox(0, 0, sheet.width, sheet.height))
    said |= {
        "title": f"{place}; {box}; scan_res {result.dpi} {result.dpi}",
        "data-status": result.status.value,
        "data-reasons": " ".join(result.reasons) or None,
        "data-template": result.template,
    }
    areas = [_area(sheet, block, f"{name}_b{index}") for index, block in enumerate(sheet.blocks, 1)]
    return f"{branch('div', said, areas or [' '])}\n".encode()


def _area(sheet: Sheet, block: Block, name: str) -> str:
    attributes = {
        "class": "ocr_carea",
        "id": name,
        "title": _bbox(block.box),
        "data-name": block.name,
        "data-kind": block.kind,
        "data-status": block.status.value,
        "data-reasons": " ".join(block.reasons) or None,
        "data-value": block.value,
        "data-confidence": block.confidence,
    }
    lines = [_line(sheet, block, line, f"{name}_l{number}") for number, line in enumerate(block.lines, 1)]
    paragraph = branch("p", {"class": "ocr_par", "id": f"{name}_p", "title": _bbox(block.box)}, lines)
    return branch("div", attributes, [paragraph] if lines else [" "])


def _line(sheet: Sheet, block: Block, line: TextLine, name: str) -> str:
    angle = f"; textangle {sheet.turn}" if sheet.turn else ""
    attributes = {"class": "ocr_line", "id": name, "title": f"{_bbox(line.box)}{angle}"}
    words = (_word(block, word, f"{name}_w{number}") for number, word in enumerate(line.words, 1))
    return branch("span", attributes, words)


def _word(block: Block, word: Word, name: str) -> str:
    of_characters = [glyph for glyph in word.glyphs for _ in glyph.text]
    title = f"{_bbox(word.box)}; x_wconf {_percent(block.word_confidence(word))}"
    if of_characters:
        confidences = " ".join(str(_percent(glyph.confidence)) for glyph in of_characters)
        boxes = " ".join(" ".join(map(str, glyph.box.as_list())) for glyph in of_characters)
        title += f"; x_confs {confidences}; x_bboxes {boxes}"
    # An element that holds nothing would be taken for an open one by readers of HTML.
    return leaf("span", {"class": "ocrx_word", "id": name, "title": title}, word.text or " ")


def _percent(confidence: float) -> float:
    return round(100 * rounded(confidence), 2)


def _bbox(box: BoundingBox) -> str:
    return f"bbox {box.left} {box.top} {box.right} {box.bottom}"
