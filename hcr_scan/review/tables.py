"""The tables of a review, and which of its items a filter means, as SQL."""

from __future__ import annotations

import os

from hcr_scan.journal.database import DatabaseKind
from hcr_scan.review.items import Filter, State

#: What a review's name has behind that of the output.
SUFFIX = ".review"

#: The pass in which differences between the first two are settled.
SETTLING = 3

#: ``records`` are the journal's, of which an item is what is from its ``starts`` to its ``ends``, in characters.
#: ``tallies`` count items that are alike in what is mostly asked for. ``decided`` of items and glyphs has a bit
#: for each pass with a valid decision. ``glyphs`` are the doubtful ones alone, ``shown`` where their item needs a look.
#: A replaced decision stays, no longer valid, for undo. An action is what one call did, and one undo takes back.
_TABLES = """
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, page INTEGER NOT NULL, sequence INTEGER NOT NULL,
    failed INTEGER NOT NULL, pages INTEGER NOT NULL, sha256 TEXT NOT NULL, width INTEGER, height INTEGER, dpi INTEGER,
    rotation INTEGER, template TEXT, digest BLOB NOT NULL, UNIQUE (document, page)
);
CREATE INDEX page_files ON pages (sha256, page);
CREATE INDEX page_sequence ON pages (sequence);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL, place INTEGER NOT NULL, document INTEGER NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, confidence REAL NOT NULL, value TEXT NOT NULL,
    doubt TEXT NOT NULL, why TEXT, decided INTEGER NOT NULL DEFAULT 0, different INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL, ends INTEGER NOT NULL
);
CREATE INDEX item_places ON items (page, place);
CREATE TABLE tallies (
    name TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, why TEXT, decided INTEGER NOT NULL,
    different INTEGER NOT NULL, items INTEGER NOT NULL
);
CREATE INDEX named_tallies ON tallies (name);
CREATE TABLE records (page INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE actions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reviewer TEXT NOT NULL, pass INTEGER NOT NULL, decided_at REAL NOT NULL
);
CREATE INDEX latest_actions ON actions (reviewer, pass, id);
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY, action INTEGER NOT NULL, item INTEGER NOT NULL, pass INTEGER NOT NULL,
    reviewer TEXT NOT NULL, verdict TEXT NOT NULL, value TEXT NOT NULL, decided_at REAL NOT NULL, typed TEXT,
    valid INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX item_decisions ON decisions (item, pass);
CREATE INDEX action_decisions ON decisions (action);
CREATE INDEX reviewers ON decisions (pass, reviewer) WHERE valid;
CREATE TABLE glyphs (
    item INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, confidence REAL NOT NULL,
    shown INTEGER NOT NULL, decided INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (item, number)
) WITHOUT ROWID;
CREATE TABLE glyph_decisions (
    id INTEGER PRIMARY KEY, action INTEGER NOT NULL, item INTEGER NOT NULL, number INTEGER NOT NULL,
    pass INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX item_glyph_decisions ON glyph_decisions (item, number);
CREATE INDEX action_glyph_decisions ON glyph_decisions (action)
"""

REVIEW = DatabaseKind(
    0x68637276,  # "hcrv"
    2,
    _TABLES,
    "review",
    "delete it to start anew, which loses its decisions",
    "try again",
    "a review is open, which has {path}; end it with Ctrl-C in its terminal, and say this again",
)

#: The order of a queue, and all that it may be filtered by: so an index alone answers.
_ORDER = "confidence, page, place"
_CARRIED = "name, status, kind, why, document, decided, different"


def review_path(target: str) -> str:
    """Where the review of an output is: beside the file itself, as its journal."""
    return os.path.realpath(target) + SUFFIX


def bit(pass_: int) -> int:
    """The bit that stands for a pass."""
    return 1 << (pass_ - 1)


def indexes(passes: int) -> list[str]:
    """What makes queues and counts quick: each holds all that is filtered by, in the order that is asked for."""
    statements = [
        f"CREATE INDEX IF NOT EXISTS {name} ON items ({_ORDER}, {_CARRIED}) WHERE {condition}"
        for name, condition in (
            ("decided", "decided <> 0"),
            ("different", "different = 1"),
            ("selected", "why IS NOT NULL"),
            ("unseen", "why IS NULL"),
        )
    ]
    for pass_ in range(1, passes + 1):
        condition = open_condition(pass_)
        for name, first in ((f"open_{pass_}", ""), (f"named_{pass_}", "name, "), (f"filed_{pass_}", "document, ")):
            statements.append(
                f"CREATE INDEX IF NOT EXISTS {name} ON items ({first}{_ORDER}, {_CARRIED}) WHERE {condition}"
            )
        statements.append(
            f"CREATE INDEX IF NOT EXISTS glyphs_{pass_} ON glyphs (text, confidence, item, number, shown, decided) "
            f"WHERE {open_glyph_condition(pass_)}"
        )
    return statements


def source_of(filter_: Filter, pass_: int, passes: int) -> str:
    """The items by the index that suits a filter: SQLite, which knows nothing of what is in them, would guess."""
    if filter_.text is not None:
        return "items NOT INDEXED"
    if filter_.state is State.OPEN and pass_ <= passes:
        name = "filed" if filter_.path is not None else "named" if filter_.name is not None else "open"
        return f"items INDEXED BY {name}_{pass_}"
    return "items"


def open_condition(pass_: int) -> str:
    """Which items are open in a pass."""
    if pass_ == SETTLING:
        return "different = 1"
    return f"why IS NOT NULL AND decided & {bit(pass_)} = 0"


def open_glyph_condition(pass_: int) -> str:
    """Which doubtful glyphs are open in a pass."""
    return f"shown = 1 AND decided & {bit(pass_)} = 0"


def condition_of(filter_: Filter, pass_: int) -> tuple[str, list[object]]:
    """The items that a filter means, as an SQL condition and its values."""
    states = {
        State.OPEN: open_condition(pass_),
        State.DECIDED: f"decided <> 0 AND decided & {bit(pass_)} <> 0",
        State.DIFFERENT: "different = 1",
        State.ALL: "why IS NOT NULL",
        State.UNSEEN: "why IS NULL",
    }
    parts, values = [states[filter_.state]], list[object]()
    for column, wanted in (
        ("name", filter_.name), ("kind", filter_.kind), ("status", filter_.status), ("why", filter_.why),
    ):  # fmt: skip
        if wanted is not None:
            parts.append(f"{column} = ?")
            values.append(str(wanted))
    if filter_.path is not None:
        parts.append("document = (SELECT id FROM documents WHERE path = ?)")
        values.append(os.fsencode(filter_.path))
    if filter_.text is not None:
        parts.append("value LIKE ? ESCAPE '!'")
        values.append(f"%{_literal(filter_.text)}%")
    return " AND ".join(parts), values


def _literal(text: str) -> str:
    """The text without what LIKE takes for more than itself."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
