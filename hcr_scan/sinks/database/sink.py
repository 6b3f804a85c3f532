"""Pages into a database: a transaction a form, in which each page takes the place of what was there of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, Insert, Table, and_, delete, or_, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from hcr_scan.document import Form
from hcr_scan.sinks.database.connection import connected
from hcr_scan.sinks.database.errors import is_passing, translated
from hcr_scan.sinks.database.rows import PageRows, Row, rows_of, unopened_key
from hcr_scan.sinks.database.tables import FIELDS, GLYPHS, PAGES
from hcr_scan.sinks.records import Provenance, json_text

#: How often a transaction is tried that lost its connection, or met another in its way.
TRIES = 3


class DatabaseSink:
    """Takes forms one after the other; each is in the database, as a whole, when :meth:`write` returns."""

    def __init__(self, target: str, engine: Engine, url: URL, provenance: Provenance, *, glyphs: bool) -> None:
        self._target, self._url = target, url
        self._engine = engine
        self._provenance = provenance
        self._glyphs = glyphs
        dialect: Any = postgresql if engine.dialect.name == "postgresql" else sqlite
        self._upsert = _upsert(dialect.insert(PAGES))

    def write(self, form: Form) -> None:
        """Put the pages of a form in the place of what was there of them.

        Raises:
            OutputError: the database cannot be reached or written any more.
        """
        rows = rows_of(form, self._provenance, glyphs=self._glyphs)
        paths = {page.source.path for page in form.pages if page.source.sha256}
        for attempt in range(1, TRIES + 1):
            try:
                with self._engine.begin() as connection:
                    self._replace(connection, rows, sorted(map(unopened_key, paths)))
                return
            except (SQLAlchemyError, OSError) as error:
                if attempt == TRIES or not is_passing(error):
                    raise translated(self._target, self._url, error) from None

    def _replace(self, connection: Connection, rows: list[PageRows], opened: list[str]) -> None:
        # First what locks the pages' rows: another run that writes the same form waits here until this one is done.
        for page in rows:
            connection.execute(self._upsert, page.page)
        for table in (GLYPHS, FIELDS):
            connection.execute(delete(table).where(or_(*(_is_of(table, page) for page in rows))))
        if opened:
            # Documents that could not be opened before, and can be now.
            connection.execute(delete(PAGES).where(PAGES.c.document.in_(opened)))
        for table, found in (
            (FIELDS, [row for page in rows for row in page.fields]),
            (GLYPHS, [row for page in rows for row in page.glyphs]),
        ):
            if found:
                _insert(connection, table, found)


@contextlib.contextmanager
def open_database(target: str, provenance: Provenance, *, glyphs: bool) -> Iterator[DatabaseSink]:
    """A sink of forms into a database.

    Args:
        target: Its address, such as ``sqlite:///entries.db``.
        provenance: What the rows say made them.
        glyphs: Whether every glyph gets a row too.

    Raises:
        UsageError: the address cannot be meant.
        MissingDependency: the driver is not installed.
        OutputError: the database cannot be reached or written.
    """
    engine, url = connected(target)
    try:
        yield DatabaseSink(target, engine, url, provenance, glyphs=glyphs)
    finally:
        engine.dispose()


def _upsert(insert: Any) -> Insert:
    keys = [column.name for column in PAGES.primary_key]
    changed = {column.name: insert.excluded[column.name] for column in PAGES.c if column.name not in keys}
    upsert: Insert = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    return upsert


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Add rows; to a server all at once, since each would be a way there and back."""
    if connection.dialect.name == "postgresql":
        statement = (
            f"INSERT INTO {table.name} SELECT * "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(CAST(NULL AS {table.name}), CAST(:rows AS jsonb))"
        )
        connection.execute(text(statement), {"rows": json_text(rows)})
    else:
        connection.execute(table.insert(), rows)


def _is_of(table: Table, page: PageRows) -> Any:
    return and_(table.c.document == page.page["document"], table.c.page == page.page["page"])
