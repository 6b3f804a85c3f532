"""A page as rows of the tables, made from its record, so that they say what JSON says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hcr_scan.document import Form, PageResult, Source, Status, line_name
from hcr_scan.sinks.records import Provenance, Record, displayable, record_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageRows:
    """What the tables hold of one page."""

    page: Row
    fields: list[Row] = field(default_factory=list)
    glyphs: list[Row] = field(default_factory=list)


def rows_of(form: Form, provenance: Provenance, *, glyphs: bool) -> list[PageRows]:
    """The rows of a form's pages, in the order of their keys: in which all that write to the tables go about them."""
    first = form.pages[0].source
    place = {"form_document": document_key(first), "form_page": first.page}
    rows = [_page_rows(page, record_of(page, provenance), place, glyphs) for page in form.pages]
    return sorted(rows, key=lambda each: (each.page["document"], each.page["page"]))


def document_key(source: Source) -> str:
    """What a document is known by: its bytes, wherever it lies; its path where its bytes were not read."""
    return f"sha256:{source.sha256}" if source.sha256 else unopened_key(source.path)


def unopened_key(path: str) -> str:
    """The key of a document that could not be opened."""
    return f"path:{hashlib.sha256(os.fsencode(path)).hexdigest()}"


def _page_rows(result: PageResult, record: Record, place: Row, glyphs: bool) -> PageRows:
    source, template, error = record["source"], record["template"] or {}, record["error"] or {}
    key = {"document": document_key(result.source), "page": source["page"]}
    size = record["page"] or dict.fromkeys(("width", "height", "dpi", "rotation", "skew"))
    row = key | place | size | record["provenance"] | {
        "path": _storable(source["path"]),
        "sha256": source["sha256"] or None,
        "pages": source["pages"],
        "template": template.get("id"),
        "template_page": template.get("page"),
        "template_match": template.get("match"),
        "status": record["status"],
        "reasons": record["reasons"],
        "error_stage": error.get("stage"),
        "error": error.get("error"),
        "message": _storable(error["message"]) if error else None,
    }  # fmt: skip
    rows = PageRows(row)
    for number, (field_row, found) in enumerate(_parts(record), 1):
        rows.fields.append(key | {"number": number} | field_row)
        if glyphs:
            numbered = enumerate(found, 1)
            rows.glyphs.extend(key | {"field": number, "number": each} | _glyph_row(*glyph) for each, glyph in numbered)
    return rows


_Glyphs = list[tuple[Record, int | None]]


def _parts(record: Record) -> Iterator[tuple[Row, _Glyphs]]:
    """Fields, then lines, each with its glyphs and the number of the word that each glyph is in."""
    for found in record["fields"]:
        yield _field_row(found, found["glyphs"]), [(glyph, None) for glyph in found["glyphs"]]
    for number, line in enumerate(record["lines"], 1):
        glyphs: _Glyphs = [(glyph, word) for word, each in enumerate(line["words"], 1) for glyph in each["glyphs"]]
        named = {"name": line_name(number), "kind": "line", "value": line["text"], "raw": line["text"]}
        yield _field_row(line | named | {"alternatives": []}, [glyph for glyph, _ in glyphs]), glyphs


def _field_row(record: Record, glyphs: list[Record]) -> Row:
    written = [glyph["confidence"] for glyph in glyphs if glyph["status"] != Status.BLANK]
    machine = record.get("machine") or {}
    return {
        "name": record["name"],
        "kind": record["kind"],
        "value": _storable(record["value"]),
        "raw": _storable(record["raw"]),
        "confidence": record["confidence"],
        "status": record["status"],
        "reasons": record["reasons"],
        "alternatives": record["alternatives"],
        "min_glyph_confidence": min(written, default=None),
        **_box(record["box"]),
        "verdict": record.get("verdict"),
        "corrected_by": record.get("corrected_by"),
        "reviewer": _storable(record["reviewer"]) if "reviewer" in record else None,
        "machine_value": _storable(machine["value"]) if machine else None,
        "machine_confidence": machine.get("confidence"),
        "machine_status": machine.get("status"),
    }


def _glyph_row(record: Record, word: int | None) -> Row:
    same = ("cell", "text", "confidence", "status", "reasons", "alternatives")
    return {"word": word} | {name: record[name] for name in same} | _box(record["box"])


def _box(box: list[int]) -> Row:
    return dict(zip(("box_left", "box_top", "box_right", "box_bottom"), box, strict=True))


def _storable(text: str) -> str:
    """The text without what databases cannot hold: lone surrogates and the character zero are backslash-escaped."""
    return displayable(text).replace("\0", "\\x00")
