"""Records of schema ``hcr-scan/1`` back as pages: the reverse of :mod:`hcr_scan.sinks.records`.

What is read back says the same in every format, byte for byte, as the page the record was made from: confidences and
the tilt have the decimals that are written, and all else is as it was.
"""

from __future__ import annotations

import base64
import os

from hcr_scan.document import (
    Alternative,
    Correction,
    Field,
    FieldAlternative,
    Glyph,
    Line,
    MachineReading,
    Page,
    PageFailure,
    PageResult,
    Reason,
    Source,
    Status,
    Verdict,
    Word,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.records import Record


def page_of(record: Record) -> PageResult:
    """The page, or the failure, that a record tells of."""
    source = _source(record["source"])
    if record["error"] is not None:
        error = record["error"]
        return PageFailure(source, error["stage"], error["error"], error["message"])
    page, template = record["page"], record["template"] or {}
    return Page(
        source,
        page["width"],
        page["height"],
        page["dpi"],
        page["rotation"],
        page["skew"],
        tuple(map(field_of, record["fields"])),
        tuple(map(line_of, record["lines"])),
        template.get("id"),
        template.get("match"),
        template.get("page"),
        _reasons(record["reasons"]),
    )


def _source(record: Record) -> Source:
    path = os.fsdecode(base64.b64decode(record["path_b64"])) if "path_b64" in record else record["path"]
    return Source(path, record["page"], record["pages"], record["sha256"])


def field_of(record: Record) -> Field:
    """The field that a record tells of."""
    return Field(
        record["name"],
        record["kind"],
        BoundingBox(*record["box"]),
        record["value"],
        record["raw"],
        record["confidence"],
        Status(record["status"]),
        _reasons(record["reasons"]),
        tuple(FieldAlternative(other["value"], other["confidence"]) for other in record["alternatives"]),
        tuple(map(_glyph, record["glyphs"])),
        _correction(record, record["value"]),
    )


def line_of(record: Record) -> Line:
    """The line that a record tells of."""
    words = tuple(Word(tuple(map(_glyph, word["glyphs"]))) for word in record["words"])
    return Line(words, Status(record["status"]), _reasons(record["reasons"]), _correction(record, record["text"]))


def _correction(record: Record, value: str) -> Correction | None:
    if "corrected_by" not in record:
        return None
    machine = record["machine"]
    reading = MachineReading(
        machine["value"], machine["confidence"], Status(machine["status"]), _reasons(machine["reasons"])
    )
    return Correction(Verdict(record["verdict"]), value, record["reviewer"], reading, record.get("typed"))


def _glyph(record: Record) -> Glyph:
    return Glyph(
        BoundingBox(*record["box"]),
        record["text"],
        record["confidence"],
        tuple(Alternative(other["text"], other["confidence"]) for other in record["alternatives"]),
        Status(record["status"]),
        record["cell"],
        _reasons(record["reasons"]),
    )


def _reasons(names: list[str]) -> tuple[Reason, ...]:
    return tuple(map(Reason, names)) if names else ()
