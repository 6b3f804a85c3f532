"""The fields and lines of a page's record, and where in its text each stands: one is read without the others."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

from hcr_scan.document import line_name
from hcr_scan.geometry import BoundingBox
from hcr_scan.review.items import LINE, Item
from hcr_scan.sinks.records import Record

#: Boxes of one field in two readings share at least so much of the area of both.
SAME_PLACE = 0.5

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Part:
    """A field or a line of a page: as its record has it, and from where to where that stands, in characters."""

    name: str
    kind: str
    value: str
    record: Record
    starts: int
    ends: int

    @property
    def glyphs(self) -> list[Record]:
        if self.kind == LINE:
            return [glyph for word in self.record["words"] for glyph in word["glyphs"]]
        glyphs: list[Record] = self.record["glyphs"]
        return glyphs

    def reads_like(self, item: Item) -> bool:
        """Whether it reads as an item did, so that what was decided of that still holds."""
        return (
            item.kind == self.kind
            and item.value == self.value
            and item.raw == self.record.get("raw", self.value)
            and [glyph.text for glyph in item.glyphs] == [glyph["text"] for glyph in self.glyphs]
            and _same_place(item.box, BoundingBox(*self.record["box"]))
        )


def text_of(data: bytes) -> str:
    """The text of a record as the journal keeps it.

    Raises:
        zlib.error, ValueError: it is damaged.
    """
    return zlib.decompress(data).decode("utf-8", "surrogatepass")


def part_at(text: str, starts: int, ends: int) -> Record:
    """One field or line of the text of a record.

    Raises:
        ValueError: nothing of the kind stands there.
    """
    record: Record = json.loads(text[starts:ends])
    return record


def parts_of(text: str) -> tuple[Record, list[Part]]:
    """A page's record without its fields and lines, and these in their order; a page that failed has none.

    Raises:
        ValueError, LookupError: the text is no record, or was written with spaces.
    """
    head: Record = {}
    lists: dict[str, list[tuple[Record, int, int]]] = {}
    at = _past(text, 0, "{")
    while True:
        key, at = _DECODER.raw_decode(text, at)
        at = _past(text, at, ":")
        if key in ("fields", "lines"):
            lists[key], at = _elements(text, at)
        else:
            head[key], at = _DECODER.raw_decode(text, at)
        if text[at] == "}":
            break
        at = _past(text, at, ",")
    parts = [Part(field["name"], field["kind"], field["value"], field, *place) for field, *place in lists["fields"]]
    for number, (line, *place) in enumerate(lists["lines"], 1):
        parts.append(Part(line_name(number), LINE, line["text"], line, *place))
    return head, parts


def _elements(text: str, at: int) -> tuple[list[tuple[Record, int, int]], int]:
    """The values of a list that begins there, where each begins and ends, and what is behind the list."""
    found: list[tuple[Record, int, int]] = []
    at = _past(text, at, "[")
    while text[at] != "]":
        if found:
            at = _past(text, at, ",")
        record, end = _DECODER.raw_decode(text, at)
        found.append((record, at, end))
        at = end
    return found, at + 1


def _past(text: str, at: int, sign: str) -> int:
    if text[at] != sign:
        raise ValueError(f"{sign!r} is missing at character {at}")
    return at + 1


def _same_place(first: BoundingBox, second: BoundingBox) -> bool:
    if first == second:
        return True
    shared = first.intersection(second)
    return shared is not None and shared.area >= SAME_PLACE * max(first.area, second.area)
