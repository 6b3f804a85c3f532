"""ALTO 4.4, the XML of libraries and archives: a file a page, its words, glyphs and their variants with confidences.

A field or free line is a TextBlock. Tags tell what ALTO has no place for: the field's name with its kind and confidence
(``field``), the value where it is not what is written (``value``), other values (``alternative``), ``status`` and
``reason``. ALTERNATIVE is for other spellings, not for other readings; it has the value of a field of one word.
A glyph must have one character, so one that could not be read is U+FFFD, in its word too. Blank cells are spaces.
A page that could not be read has ``QUALITY="Missing"`` and the reason in ``QUALITY_DETAIL``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hcr_scan.document import Glyph, Page, PageFailure, PageResult, Reason, Word, rounded
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import Block, TextLine, sheet_of
from hcr_scan.sinks.markup import REPLACEMENT, XML_DECLARATION, Attributes, branch, leaf, possible
from hcr_scan.sinks.records import Provenance, error_text
from hcr_scan.sources.pages import path_text

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
#: A glyph's confidence as one digit, from 0, sure, to this, unsure.
_UNSUREST = 9
#: A variant has no more characters than this.
_LONGEST_VARIANT = 3


def alto_file(result: PageResult, provenance: Provenance) -> bytes:
    """One page as an ALTO file."""
    tags = _Tags()
    page = _failed_page(result) if isinstance(result, PageFailure) else _page(result, tags)
    root = {
        "xmlns": _NAMESPACE,
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:schemaLocation": f"{_NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-4.xsd",
        "SCHEMAVERSION": "4.4",
    }
    parts = [_description(result, provenance), *tags.element(), branch("Layout", {}, [page])]
    return f"{XML_DECLARATION}{branch('alto', root, parts)}\n".encode()


class _Tags:
    """The tags of a file, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str | None], str] = {}

    def of(self, kind: str, label: str, description: str | None = None) -> str:
        """The id of a tag."""
        return self._found.setdefault((kind, label, description), f"tag_{len(self._found) + 1}")

    def element(self) -> Iterator[str]:
        if self._found:
            yield branch(
                "Tags",
                {},
                (
                    leaf("OtherTag", {"ID": name, "TYPE": kind, "LABEL": label, "DESCRIPTION": description})
                    for (kind, label, description), name in self._found.items()
                ),
            )


def _description(result: PageResult, provenance: Provenance) -> str:
    source = result.source
    made = provenance.as_record()
    image = [leaf("fileName", text=path_text(source.path))]
    if source.sha256:
        image.append(leaf("fileIdentifier", {"fileIdentifierLocation": "sha256"}, source.sha256))
    software = [leaf("softwareName", text="hcr-scan"), leaf("softwareVersion", text=provenance.hcr_scan)]
    step = [
        leaf("processingCategory", text="contentGeneration"),
        leaf("processingStepDescription", text="recognition of handprinted characters"),
        leaf("processingStepSettings", text=f"model {made['model']}; settings {made['settings']}"),
        branch("processingSoftware", {}, software),
    ]
    return branch(
        "Description",
        {},
        [
            leaf("MeasurementUnit", text="pixel"),
            branch("sourceImageInformation", {}, image),
            branch("Processing", {"ID": "hcr_scan"}, step),
        ],
    )


def _failed_page(failure: PageFailure) -> str:
    detail = error_text(failure)
    number = failure.source.page
    return leaf("Page", {"ID": "page", "PHYSICAL_IMG_NR": number, "QUALITY": "Missing", "QUALITY_DETAIL": detail})


def _page(page: Page, tags: _Tags) -> str:
    sheet = sheet_of(page)
    # Counterclockwise, as the text lies; the tilt that is left is clockwise.
    rotation = round(sheet.turn - page.skew, 2) % 360
    attributes = {
        "ID": "page",
        "PROCESSINGREFS": "hcr_scan",
        "HEIGHT": sheet.height,
        "WIDTH": sheet.width,
        "PHYSICAL_IMG_NR": page.source.page,
        "PAGECLASS": page.template,
        "ROTATION": rotation,
    }
    space = _place(BoundingBox(0, 0, sheet.width, sheet.height))
    blocks = [_block(block, f"b{number}", tags) for number, block in enumerate(sheet.blocks, 1)]
    return branch("Page", attributes, [branch("PrintSpace", {"ID": "space", **space}, blocks)])


def _block(block: Block, name: str, tags: _Tags) -> str:
    lines = [_line(block, line, f"{name}_l{number}") for number, line in enumerate(block.lines, 1)]
    attributes = {"ID": name, "TAGREFS": " ".join(_tags_of(block, tags)), **_place(block.box)}
    return branch("TextBlock", attributes, lines)


def _tags_of(block: Block, tags: _Tags) -> Iterator[str]:
    yield tags.of("field", block.name, f"{block.kind}, confidence {block.confidence}")
    if block.value != block.written:
        yield tags.of("value", block.value)
    yield tags.of("status", block.status.value)
    for reason in block.reasons:
        yield tags.of("reason", reason.value)
    for other in block.alternatives:
        yield tags.of("alternative", other.value, f"confidence {rounded(other.confidence)}")


def _line(block: Block, line: TextLine, name: str) -> str:
    return branch("TextLine", {"ID": name, **_place(line.box)}, _words(block, line, name))


def _words(block: Block, line: TextLine, name: str) -> Iterator[str]:
    before: Word | None = None
    for number, word in enumerate(line.words, 1):
        if before is not None:
            yield leaf("SP", _place(_between(before.box, word.box)))
        yield _word(block, word, f"{name}_s{number}")
        before = word


def _between(left: BoundingBox, right: BoundingBox) -> BoundingBox:
    """The space between two words, which may be next to each other in any direction, or overlap."""
    both = left.union(right)
    x, y = sorted((left.right, right.left)), sorted((left.bottom, right.top))
    beside = left.right <= right.left or right.right <= left.left
    if beside:
        x = sorted((left.right, right.left)) if left.right <= right.left else sorted((right.right, left.left))
        return BoundingBox(x[0], both.top, x[1], both.bottom)
    if right.bottom <= left.top:
        y = [right.bottom, left.top]
    return BoundingBox(both.left, y[0], both.right, y[1])


def _word(block: Block, word: Word, name: str) -> str:
    texts = [_glyph_text(glyph) for glyph in word.glyphs]
    digits = "".join(_digit(glyph) * len(text) for glyph, text in zip(word.glyphs, texts, strict=True))
    struck = all(Reason.CROSSED_OUT in glyph.reasons for glyph in word.glyphs)
    attributes = {
        "ID": name,
        **_place(word.box),
        "CONTENT": "".join(texts),
        "STYLE": "strikethrough" if struck else None,
        "WC": block.word_confidence(word),
        "CC": digits,
    }
    children = [
        _glyph(glyph, text, f"{name}_g{number}")
        for number, (glyph, text) in enumerate(zip(word.glyphs, texts, strict=True), 1)
        if len(text) == 1
    ]
    if block.value not in ("", block.written) and len(block.lines) == 1 and len(block.lines[0].words) == 1:
        children.insert(0, leaf("ALTERNATIVE", {"PURPOSE": "value"}, block.value))
    return branch("String", attributes, children)


def _glyph_text(glyph: Glyph) -> str:
    return possible(glyph.text) or REPLACEMENT


def _digit(glyph: Glyph) -> str:
    return str(round((1 - glyph.confidence) * _UNSUREST))


def _glyph(glyph: Glyph, text: str, name: str) -> str:
    attributes = {"ID": name, **_place(glyph.box), "CONTENT": text, "GC": rounded(glyph.confidence)}
    return branch("Glyph", attributes, _variants(glyph))


def _variants(glyph: Glyph) -> Iterable[str]:
    for other in glyph.alternatives:
        if len(possible(other.text)) <= _LONGEST_VARIANT:
            yield leaf("Variant", {"CONTENT": other.text, "VC": rounded(other.confidence)})


def _place(box: BoundingBox) -> Attributes:
    return {"HPOS": box.left, "VPOS": box.top, "WIDTH": box.width, "HEIGHT": box.height}
