"""Tab-separated values as Tesseract writes them and pytesseract reads them: a row a page, block, paragraph, line, word.

Only words that could be read have a row; their confidence is from 0 to 100, that of all other rows -1. A page that
could not be read is a row of zeros. Tabs and line ends within a word, and what UTF-8 cannot hold, become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hcr_scan.document import PageFailure, PageResult
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import Block, sheet_of
from hcr_scan.sinks.markup import REPLACEMENT, possible

COLUMNS = (
    "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf",
    "text",
)  # fmt: skip

_PAGE, _BLOCK, _PARAGRAPH, _LINE, _WORD = 1, 2, 3, 4, 5
#: What readers may take for the end of a row or a cell.
_SEPARATORS = re.compile("[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

Numbers = tuple[int, int, int, int]


def head() -> bytes:
    return ("\t".join(COLUMNS) + "\n").encode()


def rows(result: PageResult, number: int) -> bytes:
    """The rows of one page, the output's ``number``-th, from 0."""
    return "".join(_rows(result, number + 1)).encode()


def _rows(result: PageResult, page: int) -> Iterator[str]:
    if isinstance(result, PageFailure):
        yield _row(_PAGE, page, (0, 0, 0, 0), BoundingBox(0, 0, 0, 0))
        return
    sheet = sheet_of(result)
    yield _row(_PAGE, page, (0, 0, 0, 0), BoundingBox(0, 0, sheet.width, sheet.height))
    for number, block in enumerate(sheet.blocks, 1):
        yield _row(_BLOCK, page, (number, 0, 0, 0), block.box)
        yield from _lines(block, page, number)


def _lines(block: Block, page: int, number: int) -> Iterator[str]:
    if block.lines:
        yield _row(_PARAGRAPH, page, (number, 1, 0, 0), block.box)
    for line_number, line in enumerate(block.lines, 1):
        yield _row(_LINE, page, (number, 1, line_number, 0), line.box)
        read = [word for word in line.words if word.text.strip()]
        for word_number, word in enumerate(read, 1):
            confidence = str(round(100 * block.word_confidence(word), 2))
            place = (number, 1, line_number, word_number)
            yield _row(_WORD, page, place, word.box, confidence, word.text)


def _row(level: int, page: int, numbers: Numbers, box: BoundingBox, confidence: str = "-1", text: str = "") -> str:
    cells = [level, page, *numbers, box.left, box.top, box.width, box.height, confidence]
    return "\t".join(map(str, cells)) + f"\t{_SEPARATORS.sub(REPLACEMENT, possible(text))}\n"
