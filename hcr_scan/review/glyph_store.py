"""Doubtful glyphs in the file of a review: all that were read as one character can be looked at side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hcr_scan.assembly.glyphs import text_of_cell
from hcr_scan.document import Glyph, Reason
from hcr_scan.journal.database import Database
from hcr_scan.review.items import Filter, Item, Why, is_doubtful
from hcr_scan.review.tables import condition_of, open_glyph_condition

#: Reasons of a field that say no more than that some of its glyphs are doubtful.
OF_GLYPHS = frozenset(
    {
        Reason.LOW_CONFIDENCE,
        Reason.NOT_A_CHARACTER,
        Reason.AMBIGUOUS_SPLIT,
        Reason.CROSSED_OUT,
        Reason.OVERWRITTEN,
        Reason.MAYBE_PRINT,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class GlyphPosition:
    """Where a glyph stands among those that were read alike: the least sure first."""

    confidence: float
    item: int
    number: int


@dataclass(frozen=True, slots=True)
class GlyphItem:
    """A doubtful glyph, its number in its item, and that item."""

    glyph: Glyph
    number: int
    item: Item

    @property
    def position(self) -> GlyphPosition:
        return GlyphPosition(self.glyph.confidence, self.item.id, self.number)


@dataclass(frozen=True, slots=True)
class GlyphDecision:
    """What a person said of one glyph of an item: its character, or that it is none (``""``)."""

    number: int
    pass_: int
    text: str


def groups(database: Database, filter_: Filter, pass_: int) -> list[tuple[str, int]]:
    """Characters, and how many open doubtful glyphs were read as each; of the items that the filter means."""
    own = open_glyph_condition(pass_)
    if filter_ == Filter():
        query = f"SELECT text, count(*) FROM glyphs WHERE {own} GROUP BY text"  # noqa: S608
        return [(str(text), int(count)) for text, count in database.rows(query)]
    condition, values = condition_of(filter_, pass_)
    query = (
        f"SELECT text, count(*) FROM (SELECT id FROM items WHERE {condition}) "  # noqa: S608
        f"JOIN glyphs ON glyphs.item = id WHERE {own} GROUP BY text"
    )
    return [(str(text), int(count)) for text, count in database.rows(query, values)]


def open_glyphs(
    database: Database, text: str, after: GlyphPosition | None, limit: int, pass_: int
) -> list[tuple[int, int]]:
    """Items and numbers of the open doubtful glyphs that were read as a character, the least sure first."""
    condition, values = f"text = ? AND {open_glyph_condition(pass_)}", list[object]([text])
    if after is not None:
        condition += " AND (confidence, item, number) > (?, ?, ?)"
        values += [after.confidence, after.item, after.number]
    rows = database.rows(
        f"SELECT item, number FROM glyphs WHERE {condition} ORDER BY confidence, item, number LIMIT ?",  # noqa: S608
        (*values, limit),
    )
    return [(int(item), int(number)) for item, number in rows]


def add(database: Database, action: int, pass_: int, decided: Sequence[tuple[int, int, str]]) -> None:
    """Note what was said of glyphs."""
    database.write_many(
        "INSERT INTO glyph_decisions (action, item, number, pass, text) VALUES (?, ?, ?, ?, ?)",
        [(action, item, number, pass_, text) for item, number, text in decided],
    )


def decisions(database: Database, item: int) -> list[GlyphDecision]:
    """What was last said of each glyph of an item in each pass."""
    rows = database.rows(
        "SELECT number, pass, text, max(id) FROM glyph_decisions WHERE item = ? GROUP BY number, pass", (item,)
    )
    return [GlyphDecision(number, pass_, text) for number, pass_, text, _ in rows]


def decided_texts(database: Database, item: int, pass_: int) -> dict[int, str]:
    """What was last said of the glyphs of an item in a pass, by their numbers."""
    return {decision.number: decision.text for decision in decisions(database, item) if decision.pass_ == pass_}


def settle(database: Database, item: int, bits: int) -> None:
    """Bring the glyphs up to date: one is decided where its item is, or it is itself."""
    database.write(
        "UPDATE glyphs SET decided = ? | (SELECT coalesce(sum(DISTINCT 1 << (pass - 1)), 0) FROM glyph_decisions d "
        "WHERE d.item = glyphs.item AND d.number = glyphs.number) WHERE item = ?",
        (bits, item),
    )


def settled_value(item: Item, decided: Mapping[int, str]) -> str | None:
    """What an item says with the glyphs that were decided; ``None`` where that does not settle it for certain."""
    if item.why is not Why.DOUBTFUL or not OF_GLYPHS.issuperset(item.reasons):
        return None
    doubtful = {number for number, glyph in enumerate(item.glyphs) if is_doubtful(glyph)}
    if not doubtful or not doubtful <= decided.keys():
        return None
    in_cells = "".join(map(text_of_cell, item.glyphs)).strip() == item.value
    return _of_cells(item.glyphs, decided) if in_cells else _of_words(item.value, item.glyphs, decided)


def _of_cells(glyphs: Sequence[Glyph], decided: Mapping[int, str]) -> str:
    """A cell that is said to hold no character says what it said when it was read as none."""
    texts = [replace(glyph, text=decided.get(number, glyph.text)) for number, glyph in enumerate(glyphs)]
    return "".join(map(text_of_cell, texts)).strip()


def _of_words(value: str, glyphs: Sequence[Glyph], decided: Mapping[int, str]) -> str | None:
    pieces = glyph_pieces(value, glyphs)
    if pieces is None:
        return None
    for number, text in decided.items():
        before, was = pieces[number]
        if text and not was and _beside_space(pieces, number):
            return None  # Which of the words it belongs to is not known.
        pieces[number] = (before, text)
    return "".join(before + text for before, text in pieces).strip()


def _beside_space(pieces: Sequence[tuple[str, str]], number: int) -> bool:
    following = next((before for before, text in pieces[number:] if text), "")
    return bool(following)


def glyph_pieces(value: str, glyphs: Sequence[Glyph]) -> list[tuple[str, str]] | None:
    """The value cut into what each glyph says and the space before it; ``None`` where its glyphs do not spell it."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for glyph in glyphs:
        start = at
        while glyph.text and at < len(value) and value[at].isspace():
            at += 1
        if not value.startswith(glyph.text, at):
            return None
        pieces.append((value[start:at], glyph.text))
        at += len(glyph.text)
    return pieces if at == len(value) else None
