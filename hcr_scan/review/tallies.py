"""How many items are alike in what is mostly asked for: a count of all is a sum over a few rows."""

from __future__ import annotations

from hcr_scan.journal.database import Database

_ALIKE = "name, kind, status, why, decided, different"


def recount(database: Database) -> None:
    """Count anew, after more than decisions has changed."""
    database.write("DELETE FROM tallies")
    database.write(f"INSERT INTO tallies SELECT {_ALIKE}, count(*) FROM items GROUP BY {_ALIKE}")  # noqa: S608


def decided(database: Database, item: int, bits: int, different: bool) -> None:
    """Note the passes in which an item is decided, and whether differently, where that is news."""
    (before,) = database.rows(f"SELECT {_ALIKE} FROM items WHERE id = ?", (item,))  # noqa: S608
    if before[-2:] == (bits, different):
        return
    database.write("UPDATE items SET decided = ?, different = ? WHERE id = ?", (bits, different, item))
    for alike, more in ((before, -1), ((*before[:-2], bits, different), 1)):
        # IS, since an item that needs no look has no reason to.
        change = f"UPDATE tallies SET items = items + ? WHERE ({_ALIKE}) IS (?, ?, ?, ?, ?, ?)"  # noqa: S608
        if not database.write(change, (more, *alike)):
            database.write("INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?, ?)", (*alike, more))
