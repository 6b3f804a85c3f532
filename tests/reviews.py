"""Journals of pages that say what a test wants, and reviews of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hcr_scan.document import Alternative, Field, Glyph, Line, Page, PageResult, Reason, Source, Status, Word
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal
from hcr_scan.review.decisions import final_of
from hcr_scan.review.indexing import index
from hcr_scan.review.items import Decision, Item
from hcr_scan.review.selection import Selection
from hcr_scan.review.store import ReviewStore
from hcr_scan.settings import Settings

IDENTITY = RunIdentity.of(["/in"], Settings(), "0" * 64)


def glyphs_of(text: str, sure: float = 0.99, doubtful: Sequence[int] = (), top: int = 10) -> tuple[Glyph, ...]:
    """A glyph a character, ``~`` one that is no character and a space a blank cell; some of them doubtful."""
    found = []
    for number, character in enumerate(text):
        box = BoundingBox(20 * number, top, 20 * number + 15, top + 25)
        status, reasons, confidence = Status.OK, tuple[Reason, ...](), sure
        if character == " ":
            status, confidence = Status.BLANK, 1.0
        elif character == "~":
            status, reasons = Status.REJECTED, (Reason.NOT_A_CHARACTER,)
        elif number in doubtful:
            status, reasons, confidence = Status.REVIEW, (Reason.LOW_CONFIDENCE,), 0.5
        text = "" if character in " ~" else character
        found.append(Glyph(box, text, confidence, (Alternative("Q", 0.1),), status, number, reasons))
    return tuple(found)


def field(
    name: str,
    text: str,
    confidence: float = 0.97,
    *,
    doubtful: Sequence[int] = (),
    reasons: tuple[Reason, ...] | None = None,
    status: Status | None = None,
    top: int = 10,
) -> Field:
    """A field of cells that says so; its status is that of its glyphs, unless it is given."""
    glyphs = glyphs_of(text, doubtful=doubtful, top=top)
    own = tuple(reason for reason in Reason if any(reason in glyph.reasons for glyph in glyphs))
    value = "".join(glyph.text or " " for glyph in glyphs).strip()
    found = Status.REVIEW if own or reasons else Status.OK if value else Status.BLANK
    box = BoundingBox(0, top, max(20 * len(text), 20), top + 30)
    return Field(
        name, "cells", box, value, value, confidence, status or found, own if reasons is None else reasons, (), glyphs
    )  # fmt: skip


def line(*words: str, doubtful: bool = False) -> Line:
    """A line of free writing."""
    found = tuple(
        Word(tuple(replace(glyph, cell=None) for glyph in glyphs_of(word, top=500 + 40 * number)))
        for number, word in enumerate(words)
    )
    if doubtful:
        return Line(found, Status.REVIEW, (Reason.LOW_CONFIDENCE,))
    return Line(found)


def page(
    path: str, *fields: Field, number: int = 1, pages: int = 1, sha256: str | None = None, lines: Sequence[Line] = ()
) -> Page:
    source = Source(path, number, pages, path[-1] * 64 if sha256 is None else sha256)
    return Page(source, 1000, 1400, 200, 0, 0.0, tuple(fields), tuple(lines))


def write_journal(path: Path, results: Sequence[PageResult], templates: Sequence[str] = ()) -> Path:
    """A journal of a run that gave these pages; one that is there gets them in place of its own."""
    with Journal(str(path)) as journal:
        if journal.empty:
            journal.begin(IDENTITY)
            output = {"format": "csv", "level": "field", "excel": False, "shape": "long", "names": [], "extras": []}
            model = {"model": None, "engine": "onnx", "device": "cpu"}
            request = {"output": output, "model": model, "template_paths": list(templates), "form_lengths": {}}
            journal.note("request", request)
        for result in results:
            journal.add_document(result.source.path)
            document = journal.document(result.source.path)
            journal.listed(document, result.source.sha256, result.source.pages, result.source.pages)
            journal.add(result)
    return path


def indexed(journal: Path, store: ReviewStore, selection: Selection | None = None) -> object:
    with Journal(str(journal)) as opened:
        return index(opened, store, selection)


def review_of(folder: Path, results: Sequence[PageResult], selection: Selection | None = None) -> ReviewStore:
    """The review of a journal of these pages; whoever opens it closes it."""
    journal = write_journal(folder / "out.csv.journal", results)
    store = ReviewStore(str(folder / "out.csv.review"))
    indexed(journal, store, selection)
    return store


def failed_pages(store: ReviewStore) -> int:
    """How many pages could not be read, and so have no items."""
    return int(store.database.rows("SELECT count(*) FROM pages WHERE failed")[0][0])


def final(store: ReviewStore, number: int) -> Decision | None:
    """What holds of an item in the end; ``None`` where it is not settled."""
    return final_of(store.decisions(number), store.passes)


def finals(store: ReviewStore) -> list[tuple[Item, Decision]]:
    """Every settled item with what holds of it, in the order of pages."""
    query = "SELECT i.id FROM pages p JOIN items i ON i.page = p.id ORDER BY p.sequence, i.place"
    items = store.items([number for (number,) in store.database.rows(query)])
    return [(item, decision) for item in items if (decision := final(store, item.id)) is not None]
