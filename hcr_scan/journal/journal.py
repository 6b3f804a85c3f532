"""The journal: which documents a run has, which of their pages are done and what stands on them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from hcr_scan.document import PageFailure, PageResult
from hcr_scan.errors import HcrScanError, JournalError
from hcr_scan.journal.database import Database, Row, damaged, remove
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.sinks.record_reading import page_of
from hcr_scan.sinks.records import Provenance, Record, page_json
from hcr_scan.sources.pages import printable

#: What a journal's name has behind that of its output.
SUFFIX = ".journal"

#: Records take a tenth of their size so, for a millisecond a page.
COMPRESSION = 1

#: Rows read at a time: enough to be quick, few enough to be small.
CHUNK = 100

#: Under this name a journal keeps whether all documents were found.
LISTED = "listed"
#: What is true of documents that have something left to read, and of those with pages that failed.
UNFINISHED = "(expected IS NULL OR expected > (SELECT count(*) FROM records WHERE document = documents.id))"
FAILED = "id IN (SELECT document FROM records WHERE failed)"
#: And of those that were read as a whole, and of those below a folder, of :func:`_names_below`.
READ = "expected <= (SELECT count(*) FROM records WHERE document = documents.id)"
BELOW = "path >= ? AND path < ?"

#: A page of a document: the document's number, and the page's from 1.
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the journal. All but its path are ``None`` until it was opened."""

    id: int
    path: str
    sha256: str | None
    pages: int | None
    expected: int | None


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """A page's record as it is kept, which is the same bytes as long as the page reads the same.

    ``seconds`` is what the page took in its worker, if known.
    """

    path: str
    page: int
    data: bytes
    seconds: float | None = None


class Journal:
    """One record a page, kept as it is done. A context manager; while it is open no other process can open it.

    Args:
        path: The file.
        overwrite: Begin anew.
        reading: It is read alone, so that it may be where nothing can be written.

    Raises:
        JournalError: another run holds it, or it is damaged or no journal.
        OutputError: it cannot be written.
    """

    def __init__(self, path: str, *, overwrite: bool = False, reading: bool = False) -> None:
        self.path = path
        self._database = Database(path, overwrite=overwrite, reading=reading)
        self._provenance: Provenance | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a journal that holds nothing is taken away."""
        if self._closed:
            return
        self._closed, empty = True, False
        with contextlib.suppress(HcrScanError):
            empty = self.empty
        self._database.close()
        if empty:
            with contextlib.suppress(OSError):  # an archive
                remove(self.path)

    @property
    def base(self) -> str:
        """What the files of the run are named after: its output, or what stands for one that is a database."""
        return self.path.removesuffix(SUFFIX)

    @property
    def empty(self) -> bool:
        """Whether nothing was looked for or found yet."""
        found = "SELECT 1 FROM documents UNION ALL SELECT 1 FROM run WHERE key = 'listed' LIMIT 1"
        return not self._database.rows(found)

    # What run it is

    def note(self, key: str, value: object) -> None:
        """Keep a JSON value under a name."""
        self._database.write("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))

    def noted(self, key: str) -> Any:
        """The value kept under a name; ``None`` where there is none."""
        rows = self._database.rows("SELECT value FROM run WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else None

    @property
    def identity(self) -> RunIdentity:
        record = self.noted("identity")
        if record is None:
            raise JournalError(f"{self.path} holds no run; start anew with --overwrite")
        return RunIdentity.of_record(record)

    def begin(self, identity: RunIdentity) -> None:
        """Make this the journal of a run."""
        self.note("identity", identity.as_record())

    # Documents

    def add_document(self, path: str, number: int | None = None) -> bool:
        """Note a document; whether it is a new one. Its place is the last, or has a number that is its own for good.

        Raises:
            JournalError: the document has another number, or the number another document.
        """
        name = os.fsencode(path)
        added = self._database.write("INSERT OR IGNORE INTO documents (id, path) VALUES (?, ?)", (number, name)) == 1
        if not added and number not in (None, *(document.id for document in self._documents("path = ?", (name,)))):
            raise JournalError(
                f"{self.path}: what is to be read is not what it was when the run began, from {printable(path)} on; "
                "put the files back, or start anew with --overwrite"
            )
        return added

    def take_over(self, others: Iterable[Journal]) -> None:
        """Add all documents and records of other journals, whose documents have numbers of their own."""
        with self._database.transaction():
            for other in others:
                for known in other._chunked("true"):
                    document = (known.id, os.fsencode(known.path), known.sha256, known.pages, known.expected)
                    self._database.write("INSERT INTO documents VALUES (?, ?, ?, ?, ?)", document)
                for record in other._records("document, page, failed, seconds, attempts, record"):
                    self._database.write("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", record)

    def document(self, path: str) -> Known:
        """What is known of a document.

        Raises:
            JournalError: the journal has no such document.
        """
        found = self._documents("path = ?", (os.fsencode(path),))
        if not found:
            raise JournalError(f"{path} is not in {self.path}; start anew with --overwrite")
        return found[0]

    def unfinished(self) -> Iterator[Known]:
        """Documents that were not opened yet, and those with pages that have no record, in order."""
        return self._chunked(UNFINISHED)

    def count_unfinished(self) -> int:
        """How many they are."""
        return self._count(UNFINISHED)

    @property
    def is_finished(self) -> bool:
        """Whether all inputs were found, and every page of them has a record."""
        return bool(self.noted(LISTED)) and next(self.unfinished(), None) is None

    def failed(self) -> Iterator[Known]:
        """Documents with pages that failed, in order."""
        return self._chunked(FAILED)

    def count_failed(self) -> int:
        """How many they are."""
        return self._count(FAILED)

    def finished(self, folder: str) -> Iterator[tuple[Known, bool]]:
        """Documents below a folder whose pages all have a record, in order, and whether one of them failed.

        A document may be moved as it comes.
        """
        for document in self._chunked(f"{BELOW} AND {READ}", _names_below(folder)):
            yield document, bool(self.recorded_pages(document, failed=True))

    def forget(self, folder: str) -> None:
        """Drop documents below a folder, with all that is known of them."""
        with self._database.transaction():
            for document in list(self._chunked(BELOW, _names_below(folder))):
                for table, key in (("records", "document"), ("claims", "document"), ("documents", "id")):
                    self._database.write(f"DELETE FROM {table} WHERE {key} = ?", (document.id,))  # noqa: S608 - our own

    def moved(self, document: Known, path: str) -> None:
        """Note that a document's file is elsewhere now; its pages' records say so too from now on."""
        self._database.write("UPDATE documents SET path = ? WHERE id = ?", (os.fsencode(path), document.id))

    def copies(self) -> list[tuple[str, str]]:
        """Documents that have the same bytes as an earlier one, in order, and that one."""
        rows = self._database.rows(
            "SELECT path, first FROM "
            "(SELECT id, path, first_value(path) OVER (PARTITION BY sha256 ORDER BY id) AS first FROM documents "
            "WHERE sha256 <> '') WHERE path <> first ORDER BY id"
        )
        return [(os.fsdecode(path), os.fsdecode(first)) for path, first in rows]

    def listed(self, document: Known, sha256: str, pages: int, expected: int) -> None:
        """Note what was found when a document was opened: its pages, and how many of them are to be read."""
        self._database.write(
            "UPDATE documents SET sha256 = ?, pages = ?, expected = ? WHERE id = ?",
            (sha256, pages, expected, document.id),
        )

    def relisted(self, document: Known, sha256: str, pages: int, expected: int) -> None:
        """The same of a document whose file is another now: what was read before is forgotten."""
        with self._database.transaction():
            self._database.write("DELETE FROM records WHERE document = ?", (document.id,))
            self.listed(document, sha256, pages, expected)

    def recorded_pages(self, document: Known, *, failed: bool = False) -> set[int]:
        """The numbers of a document's pages that have a record, or of those that failed."""
        only = " AND failed" if failed else ""
        rows = self._database.rows(f"SELECT page FROM records WHERE document = ?{only}", (document.id,))  # noqa: S608
        return {page for (page,) in rows}

    def _count(self, condition: str) -> int:
        return int(self._database.rows(f"SELECT count(*) FROM documents WHERE {condition}")[0][0])  # noqa: S608

    def _chunked(self, condition: str, values: tuple[object, ...] = ()) -> Iterator[Known]:
        last = 0
        while found := self._documents(f"id > ? AND {condition} ORDER BY id LIMIT {CHUNK}", (last, *values)):
            yield from found
            last = found[-1].id

    def _documents(self, condition: str, values: tuple[object, ...]) -> list[Known]:
        query = f"SELECT id, path, sha256, pages, expected FROM documents WHERE {condition}"  # noqa: S608 - our own
        return [Known(row[0], os.fsdecode(row[1]), *row[2:]) for row in self._database.rows(query, values)]

    # Claims

    def claim(self, key: Key) -> int:
        """Count that a page is begun; gives how often it was before without coming to an end."""
        self._database.write(
            "INSERT INTO claims VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET attempts = attempts + 1", key
        )
        rows = self._database.rows("SELECT attempts FROM claims WHERE (document, page) = (?, ?)", key)
        return int(rows[0][0]) - 1

    def settle(self, key: Key) -> None:
        """The page came to an end: nothing is held against it."""
        self._database.write("DELETE FROM claims WHERE (document, page) = (?, ?)", key)

    def withdraw(self, key: Key) -> None:
        """The page was begun and left, for no fault of its own."""
        self._database.write("UPDATE claims SET attempts = attempts - 1 WHERE (document, page) = (?, ?)", key)
        self._database.write("DELETE FROM claims WHERE attempts = 0")

    def claims(self) -> dict[Key, int]:
        """Pages that were begun and came to no end, and how often."""
        rows = self._database.rows("SELECT document, page, attempts FROM claims")
        return {(document, page): attempts for document, page, attempts in rows}

    # Records

    def add(self, result: PageResult, seconds: float | None = None, attempts: int = 1) -> None:
        """Keep a page's record, in place of the one it may have had."""
        document = self.document(result.source.path)
        if document.sha256 and isinstance(result, PageFailure) and result.stage == "open":
            return  # The file cannot be opened any more: its pages keep what was said of each.
        if self._provenance is None:
            self._provenance = self.identity.provenance
        data = packed(result, self._provenance)
        failed = isinstance(result, PageFailure)
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)",
                (document.id, result.source.page, failed, seconds, attempts, data),
            )
            if document.expected is None:
                self._database.write("UPDATE documents SET expected = 1 WHERE id = ?", (document.id,))

    def results(self) -> Iterator[PageResult]:
        """Every page that has a record, in the order of the documents and their pages."""
        return (self.read(record) for record in self.records())

    def records(self) -> Iterator[PackedRecord]:
        """The same, not read yet."""
        for _, page, data, path, seconds in self._records("document, page, record, path, seconds"):
            yield PackedRecord(os.fsdecode(path), page, data, seconds)

    def _records(self, columns: str) -> Iterator[Row]:
        """These columns, of which the first two are the key, of all records in order."""
        last: Key = (0, 0)
        query = (
            f"SELECT {columns} FROM records JOIN documents ON id = document "  # noqa: S608 - our own
            "WHERE (document, page) > (?, ?) ORDER BY document, page LIMIT ?"
        )
        while rows := self._database.rows(query, (*last, CHUNK)):
            yield from rows
            last = rows[-1][:2]

    def read(self, record: PackedRecord) -> PageResult:
        """What a record says.

        Raises:
            JournalError: it is damaged.
        """
        try:
            result = page_of(self.unpacked(record))
        except (ValueError, LookupError, TypeError) as error:
            raise damaged(self.path, error) from error
        return result if result.source.path == record.path else _elsewhere(result, record.path)

    def unpacked(self, record: PackedRecord) -> Record:
        """The same as plain values; its path is where the file was when it was read.

        Raises:
            JournalError: it is damaged.
        """
        try:
            values: Record = json.loads(zlib.decompress(record.data).decode("utf-8", "surrogatepass"))
        except (zlib.error, ValueError) as error:
            raise damaged(self.path, error) from error
        return values

    def has(self, path: str) -> bool:
        """Whether there is such a document."""
        return bool(self._database.rows("SELECT 1 FROM documents WHERE path = ?", (os.fsencode(path),)))

    def documents_like(self, path: str) -> list[str]:
        """Documents that may be an existing file: those of its name, and those that had its bytes."""
        name = os.fsencode(os.path.basename(path))  # noqa: PTH119 - any bytes
        with open(path, "rb") as stream:  # noqa: PTH123
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        rows = self._database.rows(
            "SELECT path FROM documents WHERE path = ?1 OR substr(path, -length(?2)) = ?2 OR sha256 = ?3",
            (name, b"/" + name, sha256),
        )
        return [os.fsdecode(found) for (found,) in rows]

    def count(self, *, failed: bool = False) -> int:
        """How many pages have a record, or have failed."""
        only = " WHERE failed" if failed else ""
        return int(self._database.rows(f"SELECT count(*) FROM records{only}")[0][0])  # noqa: S608


def _names_below(folder: str) -> tuple[bytes, bytes]:
    """The least name below a folder, and the least of those that sort after all of them."""
    name = os.fsencode(folder)
    return name + b"/", name + bytes([ord("/") + 1])


def _elsewhere(result: PageResult, path: str) -> PageResult:
    """What was said of a page whose file was moved since, said of the file where it is now."""
    return replace(result, source=replace(result.source, path=path))


def journal_path(target: str) -> str:
    """Where the journal of an output is: beside the file itself, also if ``target`` is a link to it."""
    return os.path.realpath(target) + SUFFIX


def journal_exists(path: str) -> bool:
    return Path(path).exists()


def packed(result: PageResult, provenance: Provenance) -> bytes:
    """A record, small. Lone surrogates are kept apart: as escapes, two of them would come back as one character."""
    return zlib.compress(page_json(result, provenance).encode("utf-8", "surrogatepass"), COMPRESSION)
