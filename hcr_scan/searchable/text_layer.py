"""What was read on a page as text that a PDF viewer finds and does not show, each word stretched over its box."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

from hcr_scan.document import Page, Word
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import TextLine, sheet_of

#: The name of the font in a page's resources.
FONT = "HcrScan"
#: Every character is so wide, in thousandths of the font's size.
ADVANCE = 500
#: Codes are of two bytes; 0 is for what a font lacks.
_MOST_CODES = 0xFFFF

#: What a word may hold that is written from right to left as a whole.
_RIGHT_TO_LEFT = frozenset(("R", "AL", "NSM"))

Matrix = tuple[float, float, float, float, float, float]


class CharacterCodes:
    """The codes of the characters of one document, given out as they come: any of Unicode, 65,534 at most."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"\N{REPLACEMENT CHARACTER}": 1}

    def code(self, character: str) -> int:
        if len(self._codes) >= _MOST_CODES - 1:
            return self._codes.get(character, 1)
        return self._codes.setdefault(character, len(self._codes) + 1)

    def to_unicode(self) -> bytes:
        """The map back, as a PDF's ToUnicode has it."""
        pairs = [f"<{code:04X}> <{text.encode('utf-16-be').hex().upper()}>" for text, code in self._codes.items()]
        # No section may have more than 100.
        sections = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
        maps = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in sections)
        return f"{_CMAP_START}{maps}{_CMAP_END}".encode("ascii")


_CMAP_START = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_END = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def text_layer(page: Page, placement: Matrix, codes: CharacterCodes) -> bytes:
    """The page's words as PDF content.

    Args:
        page: What was read.
        placement: From pixels of the upright page, counted from its lower left corner upwards, to where they belong.
        codes: Those of the document.
    """
    sheet = sheet_of(page, upright=True)
    words = [
        operators for block in sheet.blocks for line in block.lines for operators in _line(line, codes, page.height)
    ]
    if not words:
        return b""
    numbers = " ".join(map(_number, placement))
    return "\n".join([f"q {numbers} cm", "BT", "3 Tr", *words, "ET", "Q", ""]).encode("ascii")


def page_placement(area: tuple[float, float, float, float], turn: int, size: tuple[int, int]) -> Matrix:
    """From the upright page of ``size`` pixels into an area that must be turned clockwise to be upright.

    Args:
        area: Left, bottom, right and top, in points.
        turn: By so many degrees: 0, 90, 180 or 270.
        size: Width and height of the upright page.
    """
    left, bottom, right, top = area
    width, height = size
    across, up = right - left, top - bottom
    if turn == 90:
        return 0, up / width, -across / height, 0, right, bottom
    if turn == 180:
        return -across / width, 0, 0, -up / height, right, top
    if turn == 270:
        return 0, -up / width, across / height, 0, left, top
    return across / width, 0, 0, up / height, left, bottom


def _line(line: TextLine, codes: CharacterCodes, height: int) -> Iterator[str]:
    words = [(word, text) for word in line.words if (text := _shown(word))]
    nexts = [word for word, _ in words[1:]]
    for (word, text), following in zip_longest(words, nexts):
        box = word.box
        yield _run(text, box, codes, height)
        if following is not None:
            end = max(following.box.left, box.right + 1)
            yield _run(" ", BoundingBox(box.right, box.top, end, box.bottom), codes, height)


def _shown(word: Word) -> str:
    """The word from left to right, without what is no character to show, such as controls and halves of surrogates."""
    text = "".join(c for c in word.text if c.isprintable())
    kinds = {unicodedata.bidirectional(c) for c in text}
    return text[::-1] if kinds & {"R", "AL"} and kinds <= _RIGHT_TO_LEFT else text


def _run(text: str, box: BoundingBox, codes: CharacterCodes, height: int) -> str:
    size = max(box.height, 1)
    stretch = 100 * max(box.width, 1) / (len(text) * size * ADVANCE / 1000)
    shown = "".join(f"{codes.code(character):04X}" for character in text)
    return f"/{FONT} {size} Tf {_number(stretch)} Tz 1 0 0 1 {box.left} {height - box.bottom} Tm <{shown}> Tj"


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
