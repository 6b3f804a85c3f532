"""From a scan's journal to the items of its review; called again, it takes over what is new and what changed."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hcr_scan.document import Status
from hcr_scan.journal.database import Database, damaged
from hcr_scan.journal.journal import Journal, PackedRecord
from hcr_scan.review.items import DOUBTFUL, Filter, State
from hcr_scan.review.page_parts import Part, parts_of, text_of
from hcr_scan.review.selection import UNSELECTED, Selection, doubt_of, select
from hcr_scan.review.store import ReviewStore
from hcr_scan.sinks.records import Record

#: Pages taken over in one transaction.
BATCH = 200


_ADD_ITEM = """
INSERT OR REPLACE INTO items (id, page, place, document, name, kind, status, doubt, confidence, value, starts, ends)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(slots=True)
class Indexed:
    """What came of it: pages that were taken over, that stayed as they were, and that are gone from the journal.

    ``dropped`` are decisions on fields that now read otherwise or are no more; ``selected`` items need a look.
    """

    taken: int = 0
    kept: int = 0
    gone: int = 0
    dropped: int = 0
    selected: int = 0


def index(journal: Journal, store: ReviewStore, selection: Selection | None = None) -> Indexed:
    """Bring the items of a review up to date with its journal, and choose those that need a look.

    Args:
        journal: The scan's.
        store: The review beside it.
        selection: What needs a look; left out, the rules that the review has.

    Raises:
        JournalError: one of the two is damaged.
        OutputError: the review cannot be written.
    """
    indexing = _Indexing(store.database, store)
    indexing.run(journal)
    result = indexing.result
    if selection is not None or store.noted(UNSELECTED) is not False:
        result.selected = select(store, selection)
    else:
        result.selected = store.count(Filter(State.ALL))
    return result


@dataclass(frozen=True, slots=True)
class _Known:
    """A page that the review has."""

    id: int
    digest: bytes
    sequence: int
    sha256: str


@dataclass(slots=True)
class _Indexing:
    database: Database
    store: ReviewStore
    result: Indexed = field(default_factory=Indexed)
    last_item: int | None = None
    any_gone: bool | None = None

    def run(self, journal: Journal) -> None:
        self.database.write("CREATE TEMP TABLE IF NOT EXISTS met (page INTEGER PRIMARY KEY)")
        self.database.write("DELETE FROM temp.met")
        sequence = 0
        for batch in _batches(journal.records()):
            with self.database.transaction():
                for record in batch:
                    sequence += 1
                    self._take(journal, record, sequence)
        with self.database.transaction(durable=True):
            self._remove_unmet()

    def _take(self, journal: Journal, record: PackedRecord, sequence: int) -> None:
        """Take one page over, unless it is as it was."""
        digest = hashlib.blake2b(record.data, digest_size=16).digest()
        document = self._document(record.path)
        known = self._known("(document, page) = (?, ?)", (document, record.page))
        if known and known[0].digest == digest:
            page = known[0].id
            if known[0].sequence != sequence:
                self.database.write("UPDATE pages SET sequence = ? WHERE id = ?", (sequence, page))
            self.result.kept += 1
        else:
            try:
                values, parts = parts_of(text_of(record.data))
            except (zlib.error, ValueError, LookupError, TypeError) as error:
                raise damaged(journal.path, error) from error
            before = known[0] if known else self._moved(journal, values["source"])
            page = self._page(before, document, values, digest, sequence)
            self._items(page, before, document, values["source"]["sha256"], parts)
            self.database.write("INSERT OR REPLACE INTO records VALUES (?, ?)", (page, record.data))
            if not self.result.taken:
                self._unselected()
            self.result.taken += 1
        self.database.write("INSERT OR IGNORE INTO temp.met VALUES (?)", (page,))

    def _known(self, condition: str, values: tuple[object, ...]) -> list[_Known]:
        query = f"SELECT id, digest, sequence, sha256 FROM pages WHERE {condition}"  # noqa: S608
        return [_Known(*row) for row in self.database.rows(query, values)]

    def _unselected(self) -> None:
        """Note, in the same transaction, that there are items of which it is not known whether they need a look."""
        self.database.write("INSERT OR REPLACE INTO notes VALUES (?, 'true')", (UNSELECTED,))

    def _document(self, path: str) -> int:
        name = os.fsencode(path)
        rows = self.database.rows("SELECT id FROM documents WHERE path = ?", (name,))
        if rows:
            return int(rows[0][0])
        return self.database.insert("INSERT INTO documents (path) VALUES (?)", (name,))

    def _moved(self, journal: Journal, source: Record) -> _Known | None:
        """The page as it was known when its file lay elsewhere."""
        if self.any_gone is None:
            self.any_gone = self._note_gone(journal)
        if not self.any_gone:
            return None
        same = "(sha256, page) = (?, ?) AND sha256 <> '' AND document IN (SELECT id FROM temp.gone) LIMIT 1"
        found = self._known(same, (source["sha256"], source["page"]))
        return found[0] if found else None

    def _note_gone(self, journal: Journal) -> bool:
        """Note which documents the journal no longer has under their names; whether there are any.

        Asked once, before new documents come: of a thousand copies of a page each would be looked up for each.
        """
        self.database.write("CREATE TEMP TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY)")
        self.database.write("DELETE FROM temp.gone")
        last, any_gone = 0, False
        query = "SELECT id, path FROM documents WHERE id > ? ORDER BY id LIMIT 1000"
        while rows := self.database.rows(query, (last,)):
            gone = [(number,) for number, path in rows if not journal.has(os.fsdecode(path))]
            self.database.write_many("INSERT INTO temp.gone VALUES (?)", gone)
            last, any_gone = rows[-1][0], any_gone or bool(gone)
        return any_gone

    def _page(self, before: _Known | None, document: int, record: Record, digest: bytes, sequence: int) -> int:
        source, page = record["source"], record["page"] or {}
        values = (
            document, source["page"], sequence, record["error"] is not None, source["pages"], source["sha256"],
            *(page.get(key) for key in ("width", "height", "dpi", "rotation")), (record["template"] or {}).get("id"),
            digest,
        )  # fmt: skip
        return self.database.insert(
            "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (before and before.id, *values),
        )

    def _items(self, page: int, before: _Known | None, document: int, sha256: str, parts: Sequence[Part]) -> None:
        """Put the items of a page in place of those it had; what reads as before keeps its number and its decisions."""
        old = {item.name: item for item in self.store.page_items(page)} if before else {}
        same_file = before is not None and before.sha256 == sha256
        numbers, kept = [], []
        for part in parts:
            known = old.get(part.name)
            if known is not None and same_file and part.reads_like(known):
                del old[part.name]
                kept.append(known.id)
                numbers.append(known.id)
            else:
                numbers.append(self._new_number())
        self.database.write_many("DELETE FROM glyphs WHERE item = ?", [(number,) for number in kept])
        self._add(page, document, list(zip(numbers, parts, strict=True)))
        for number in kept:
            self.store.settle(number)
        self._drop([item.id for item in old.values()])

    def _new_number(self) -> int:
        """A number that no item has had since the last one was added."""
        if self.last_item is None:
            self.last_item = int(self.database.rows("SELECT coalesce(max(id), 0) FROM items")[0][0])
        self.last_item += 1
        return self.last_item

    def _add(self, page: int, document: int, numbered: Sequence[tuple[int, Part]]) -> None:
        """Write the items of a page, and their doubtful glyphs."""
        self.database.write_many(_ADD_ITEM, (
            (number, page, place, document, part.name, part.kind, part.record["status"],
             doubt_of(Status(part.record["status"]), part.record["reasons"]).value, part.record["confidence"],
             part.value, part.starts, part.ends)
            for place, (number, part) in enumerate(numbered)
        ))  # fmt: skip
        self.database.write_many("INSERT INTO glyphs (item, number, text, confidence, shown) VALUES (?, ?, ?, ?, 0)", (
            (number, at, glyph["text"], glyph["confidence"])
            for number, part in numbered
            for at, glyph in enumerate(part.glyphs)
            if glyph["status"] in DOUBTFUL
        ))  # fmt: skip

    def _drop(self, items: Sequence[int]) -> None:
        """Forget items, and what was decided of them."""
        for item in items:
            own = "SELECT count(*) FROM decisions WHERE valid AND item = ?"
            self.result.dropped += int(self.database.rows(own, (item,))[0][0])
            for table in ("decisions", "glyph_decisions", "glyphs"):
                self.database.write(f"DELETE FROM {table} WHERE item = ?", (item,))  # noqa: S608
            self.database.write("DELETE FROM items WHERE id = ?", (item,))

    def _remove_unmet(self) -> None:
        """Forget pages that the journal no longer has, and documents without pages."""
        gone = [
            row[0] for row in self.database.rows("SELECT id FROM pages WHERE id NOT IN (SELECT page FROM temp.met)")
        ]
        for page in gone:
            self._drop([item for (item,) in self.database.rows("SELECT id FROM items WHERE page = ?", (page,))])
            self.database.write("DELETE FROM pages WHERE id = ?", (page,))
            self.database.write("DELETE FROM records WHERE page = ?", (page,))
        self.result.gone = len(gone)
        if gone:
            self._unselected()
            self.database.write("DELETE FROM documents WHERE id NOT IN (SELECT document FROM pages)")


def _batches(records: Iterable[PackedRecord]) -> Iterator[list[PackedRecord]]:
    batch: list[PackedRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
