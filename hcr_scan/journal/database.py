"""An SQLite file that one process at a time holds, and whose trouble comes out as errors with advice."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hcr_scan.errors import HcrScanError, JournalError, OutputError
from hcr_scan.scratch import Scratch

#: ``expected`` is how many pages of a document are to be read, NULL until it was listed. A claim is a page under way.
_JOURNAL_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, sha256 TEXT, pages INTEGER, expected INTEGER
);
CREATE TABLE records (
    document INTEGER NOT NULL, page INTEGER NOT NULL, failed INTEGER NOT NULL, seconds REAL, attempts INTEGER NOT NULL,
    record BLOB NOT NULL, PRIMARY KEY (document, page)
);
CREATE INDEX failures ON records (document, page) WHERE failed;
CREATE TABLE claims (
    document INTEGER NOT NULL, page INTEGER NOT NULL, attempts INTEGER NOT NULL, PRIMARY KEY (document, page)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """What a database is for: the number that marks it, the version of its tables, these, and what people call it.

    ``anew`` and ``go_on`` say how to start again, and how to go on when there is room; ``held`` who has the file open,
    and what to do then.
    """

    application_id: int
    version: int
    tables: str
    noun: str
    anew: str
    go_on: str
    held: str


#: The journal of a run, marked "hcrs".
JOURNAL = DatabaseKind(
    0x68637273,
    1,
    _JOURNAL_TABLES,
    "journal",
    "start anew with --overwrite",
    "go on with --resume",
    "another run is using {path}; wait until it has ended, or name another output",
)

#: Two runs that start at the same moment may both find the other in the way: so often each tries again.
TRIES = 8

#: What a transaction may lose in a power cut is read again, so most are not waited for; one a second is.
SYNC_SECONDS = 1.0

Row = tuple[Any, ...]

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FORBIDDEN = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class Database:
    """An open file. Until :meth:`close`, or the end of this process, no other process can open it.

    Args:
        path: The file; made where it does not exist.
        kind: What the file is for.
        overwrite: Begin anew, whatever the file holds.
        reading: Nothing that is written need last: where the file cannot be written, as in an archive, work on a copy.

    Raises:
        JournalError: another run holds it, or it is something else.
        OutputError: it cannot be written.
    """

    def __init__(
        self, path: str, kind: DatabaseKind = JOURNAL, *, overwrite: bool = False, reading: bool = False
    ) -> None:
        self.path = self._place = path
        self._kind = kind
        self._synced = 0.0
        self._scratch: Scratch | None = None
        try:
            self._open(overwrite)
        except _DamagedError:
            if not overwrite:
                raise
            remove(path)
            self._open(overwrite)
        except OutputError:
            if not reading or not os.path.isfile(path):  # noqa: PTH113 - any bytes
                raise
            self._copy()
            self._open(overwrite)

    def _open(self, overwrite: bool) -> None:
        self._connection = self._locked()
        self._prepare(overwrite)

    def _copy(self) -> None:
        """Go over to a copy, with what a killed run left in the file beside it."""
        try:
            self._scratch = Scratch("hcr-scan-copy-")
            self._place = str(self._scratch.path / self._kind.noun)
            for suffix in ("", "-wal"):
                if not suffix or os.path.exists(self.path + suffix):  # noqa: PTH110 - any bytes
                    shutil.copyfile(self.path + suffix, self._place + suffix)
        except OSError as error:
            raise OutputError(
                f"the {self._kind.noun} {self.path} cannot be written, nor copied ({error.strerror}); let this user "
                "read it, and see that there is room for it where TMPDIR says"
            ) from error

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        with self._errors():
            return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query as they are asked for; nothing that it reads may be written in between."""
        with self._errors():
            yield from self._connection.execute(statement, values)

    def write(self, statement: str, values: Sequence[object] = ()) -> int:
        """Change something; gives the number of rows changed."""
        with self._errors():
            return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, values: Sequence[object] = ()) -> int:
        """Add a row; gives its number."""
        with self._errors():
            return int(self._connection.execute(statement, values).lastrowid or 0)

    def write_many(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        """The same change for each of the values."""
        with self._errors():
            self._connection.executemany(statement, values)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All that is written in the block, or nothing of it.

        Once a second, and where it is asked for (``durable``), it is on the disk afterwards.
        """
        now = time.monotonic()
        durable = durable or now - self._synced >= SYNC_SECONDS
        if durable:
            self.write("PRAGMA synchronous = FULL")
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise
        if durable:
            self._synced = now
            self.write("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Let go of the file, with all of it on the disk."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA synchronous = FULL")
        with self._errors():
            self._connection.close()
        if self._scratch is not None:
            self._scratch.close()

    def _locked(self) -> sqlite3.Connection:
        for attempt in range(1, TRIES + 1):
            try:
                return self._opened()
            except _HeldError:
                if attempt == TRIES:
                    raise
                time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - no secret
        raise AssertionError

    def _opened(self) -> sqlite3.Connection:
        with self._errors():
            connection = sqlite3.connect(self._place, timeout=0, isolation_level=None)
        try:
            with self._errors():
                # Held from the first access on; no file for shared memory is needed either.
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("COMMIT")
        except HcrScanError:
            connection.close()
            raise
        return connection

    def _prepare(self, overwrite: bool) -> None:
        """Make the tables where there are none."""
        try:
            (kind,), (version,) = self.rows("PRAGMA application_id")[0], self.rows("PRAGMA user_version")[0]
            tables = {str(name) for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and kind != self._kind.application_id:
                raise JournalError(f"{self.path} is no {self._kind.noun} of hcr-scan; name another output")
            if tables and version != self._kind.version and not overwrite:
                raise JournalError(
                    f"{self.path} was written by another version of hcr-scan; go on with that one, or {self._kind.anew}"
                )
            if tables and overwrite:
                self._clear(tables)
                tables = set()
            if not tables:
                self._create()
        except BaseException:
            self._connection.close()
            raise

    def _clear(self, tables: set[str]) -> None:
        with self.transaction():
            for table in tables:
                self.write(f'DROP TABLE "{table}"')
        # Gives the room back, which costs next to nothing when all is gone.
        self.write("VACUUM")

    def _create(self) -> None:
        with self.transaction():
            for statement in self._kind.tables.split(";"):
                self.write(statement)
            self.write(f"PRAGMA application_id = {self._kind.application_id}")
            self.write(f"PRAGMA user_version = {self._kind.version}")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translated(self.path, self._kind, error) from error


class _HeldError(JournalError):
    """Another process has the journal open."""


class _DamagedError(JournalError):
    """The file is not, or no longer, what SQLite can read."""


def remove(path: str) -> None:
    """Take a journal away, with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


def _translated(path: str, kind: DatabaseKind, error: sqlite3.Error) -> HcrScanError:
    # Errors of Python's own module have no code of SQLite; the low byte is the kind of trouble.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return _HeldError(kind.held.format(path=path))
    if code == sqlite3.SQLITE_CANTOPEN and not os.path.isdir(os.path.dirname(path) or "."):  # noqa: PTH112, PTH120
        return OutputError(f"the {kind.noun} {path} cannot be written: its folder does not exist; create it first")
    read_only = _is_read_only(path)
    if code in _FORBIDDEN or (code in _FULL and read_only):
        reason = "it is read-only" if read_only else error
        return OutputError(
            f"the {kind.noun} {path} cannot be written: {reason}; let this user write to its folder, and to it, or "
            "name another"
        )
    if code in _FULL:
        return OutputError(
            f"the {kind.noun} {path} cannot be written: {error}; free space, or name an output where there is some, "
            f"and {kind.go_on}"
        )
    return damaged(path, error, kind)


def _is_read_only(path: str) -> bool:
    """Whether a file may not be written, of which SQLite says no more than that it failed."""
    return os.path.exists(path) and not os.access(  # noqa: PTH110 - any bytes
        path, os.W_OK, effective_ids=os.access in os.supports_effective_ids
    )


def damaged(path: str, error: Exception, kind: DatabaseKind = JOURNAL) -> JournalError:
    """The error that says so."""
    return _DamagedError(f"the {kind.noun} {path} is damaged: {error}; {kind.anew}")
