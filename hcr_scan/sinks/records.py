"""A page as plain JSON values, in the order and under the names of schema ``hcr-scan/1``."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hcr_scan.document import Correction, Field, Glyph, Line, Page, PageFailure, PageResult, Source, Word, rounded
from hcr_scan.sources.pages import path_text

SCHEMA = "hcr-scan/1"

#: Who has the last word on a field that was reviewed.
CORRECTED_BY = "human"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a record: the program's version, and the SHA-256 of the model and of the settings."""

    hcr_scan: str
    model: str
    settings: str

    def as_record(self) -> Record:
        return {
            "hcr_scan": self.hcr_scan,
            "model": f"sha256:{self.model}",
            "settings": f"sha256:{self.settings}",
        }


def record_of(result: PageResult, provenance: Provenance) -> Record:
    """One page as the schema has it; a failed page has an error and no content."""
    page = None if isinstance(result, PageFailure) else result
    return {
        "schema": SCHEMA,
        "source": source_record(result.source),
        "page": page and _page_record(page),
        "template": page and _template_record(page),
        "status": result.status.value,
        "reasons": [reason.value for reason in page.reasons] if page else [],
        "error": error_record(result) if isinstance(result, PageFailure) else None,
        "fields": [field_record(field) for field in page.fields] if page else [],
        "lines": [line_record(line) for line in page.lines] if page else [],
        "provenance": provenance.as_record(),
    }


class _PageJson:
    """:func:`json_text` of one page's record. A page goes into the journal and mostly into a JSON output: made once."""

    def __init__(self) -> None:
        self._latest: tuple[PageResult, Provenance, str] | None = None

    def __call__(self, result: PageResult, provenance: Provenance) -> str:
        latest = self._latest
        if latest is None or latest[0] is not result or latest[1] != provenance:
            self._latest = latest = result, provenance, json_text(record_of(result, provenance))
        return latest[2]


page_json = _PageJson()


def json_text(record: object, indent: int | None = None) -> str:
    """JSON of a record, characters as themselves; lone surrogates, which UTF-8 cannot hold, are left to the encoder."""
    separators = (",", ":") if indent is None else None
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent)


def schema() -> Record:
    """The JSON Schema (draft 2020-12) of one record."""
    path = Path(__file__).parent.parent / "schema" / "page.schema.json"
    document: Record = json.loads(path.read_text(encoding="utf-8"))
    return document


def displayable(text: str) -> str:
    """The text with what UTF-8 cannot hold (bytes of foreign file names) backslash-escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def source_record(source: Source) -> Record:
    """Where a page is from; ``path_b64`` holds the exact bytes of a path that is not valid UTF-8."""
    record: Record = {"path": path_text(source.path)}
    if record["path"].encode() != os.fsencode(source.path):
        record["path_b64"] = base64.b64encode(os.fsencode(source.path)).decode("ascii")
    return record | {"page": source.page, "pages": source.pages, "sha256": source.sha256}


def _page_record(page: Page) -> Record:
    return {
        "width": page.width,
        "height": page.height,
        "dpi": page.dpi,
        "rotation": page.rotation,
        # "+ 0.0" turns -0.0, which depends on the sign of nothing, into 0.0.
        "skew": round(page.skew, 2) + 0.0,
    }


def _template_record(page: Page) -> Record | None:
    if page.template is None:
        return None
    match = None if page.template_match is None else rounded(page.template_match)
    return {"id": page.template, "page": page.template_page, "match": match}


def error_text(failure: PageFailure) -> str:
    """What went wrong with a page in one line, the same of a page just read and of one from a journal."""
    return displayable(f"{failure.stage}: {failure.error}: {failure.message}")


def error_record(failure: PageFailure) -> Record:
    """What went wrong with a page, and what to do."""
    return {"stage": failure.stage, "error": failure.error, "message": displayable(failure.message)}


def field_record(field: Field) -> Record:
    """A field with all its glyphs."""
    return {
        "name": field.name,
        "kind": field.kind,
        "value": field.value,
        "raw": field.raw,
        "confidence": rounded(field.confidence),
        "status": field.status.value,
        "reasons": [reason.value for reason in field.reasons],
        "box": field.box.as_list(),
        "alternatives": [{"value": a.value, "confidence": rounded(a.confidence)} for a in field.alternatives],
        "glyphs": [_glyph_record(glyph) for glyph in field.glyphs],
        **_correction_record(field.correction),
    }


def line_record(line: Line) -> Record:
    """A line with its words and all their glyphs."""
    return {
        "text": line.text,
        "confidence": rounded(line.confidence),
        "status": line.status.value,
        "reasons": [reason.value for reason in line.reasons],
        "box": line.box.as_list(),
        "words": [_word_record(word) for word in line.words],
        **_correction_record(line.correction),
    }


def _correction_record(correction: Correction | None) -> Record:
    """What is said only where a person had the last word."""
    if correction is None:
        return {}
    machine = correction.machine
    return {
        "corrected_by": CORRECTED_BY,
        "reviewer": displayable(correction.reviewer),
        "verdict": correction.verdict.value,
        **({} if correction.typed is None else {"typed": correction.typed}),
        "machine": {
            "value": machine.value,
            "confidence": rounded(machine.confidence),
            "status": machine.status.value,
            "reasons": [reason.value for reason in machine.reasons],
        },
    }


def _word_record(word: Word) -> Record:
    return {
        "text": word.text,
        "confidence": rounded(word.confidence),
        "box": word.box.as_list(),
        "glyphs": [_glyph_record(glyph) for glyph in word.glyphs],
    }


def _glyph_record(glyph: Glyph) -> Record:
    return {
        "cell": glyph.cell,
        "text": glyph.text,
        "confidence": rounded(glyph.confidence),
        "status": glyph.status.value,
        "reasons": [reason.value for reason in glyph.reasons],
        "box": glyph.box.as_list(),
        "alternatives": [{"text": a.text, "confidence": rounded(a.confidence)} for a in glyph.alternatives],
    }
