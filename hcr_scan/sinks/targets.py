"""What ``--out`` names: a file, standard output, an object in a store, or a database. Neither is loaded here."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qsl, urlencode

from hcr_scan.errors import UsageError
from hcr_scan.sources.addresses import is_remote

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
#: The user and password end at the last @ before the path, as SQLAlchemy has it.
_PARTS = re.compile(
    r"(?P<scheme>[^:]+)://(?:(?P<user>[^:/@]*)(?::(?P<password>.*))?@)?(?P<place>[^@?]*)(?:\?(?P<query>.*))?\Z",
    re.DOTALL,
)
_SECRET = re.compile("pass|secret|token", re.IGNORECASE)


def is_database(target: str) -> bool:
    """Whether a target is the address of a database, such as ``sqlite:///entries.db``."""
    return is_address(target) and not is_remote(target)


def is_address(target: str) -> bool:
    """Whether a target is an address, of a database or of an object, so that its journal has a place of its own."""
    return _URL.match(target) is not None


def without_password(target: str) -> str:
    """A target as it may be shown and written down: an address of a database has no password then."""
    if not is_database(target):
        return target
    parts = _PARTS.match(target)
    if parts is None:
        return target.split("://", 1)[0] + "://..."
    user = f"{parts['user']}@" if parts["user"] else ""
    kept = [(key, value) for key, value in parse_qsl(parts["query"] or "") if not is_secret(key)]
    return f"{parts['scheme']}://{user}{parts['place']}" + (f"?{urlencode(kept, safe='/')}" if kept else "")


def is_secret(key: str) -> bool:
    """Whether a part of an address by this name is not to be shown."""
    return _SECRET.search(key) is not None


def beside(target: str) -> str:
    """The file that the journal and the account of a run are named after and lie beside.

    That is the output itself where it is a file, an SQLite file too. A server's databases, and objects in a store, have
    theirs in the current folder, under a name made from host and database, or bucket and key.

    Raises:
        UsageError: an SQLite database in memory, which is gone with the run.
    """
    if not is_address(target):
        return target
    if is_remote(target):
        return _file_name(target.split("://", 1)[1], "object")
    parts = _PARTS.match(without_password(target))
    if parts is None:
        raise unclear(target)
    if parts["scheme"].partition("+")[0] == "sqlite":
        path = sqlite_path(target)
        if path in ("", ":memory:"):
            raise UsageError(f"{target} would be gone with the run; name a file: sqlite:///entries.db")
        return path
    return _file_name(parts["place"], "database")


def _file_name(place: str, otherwise: str) -> str:
    return re.sub(r"[^\w.-]+", "-", place).strip("-.") or otherwise


def sqlite_path(target: str) -> str:
    """The file of an SQLite address: relative after three strokes, absolute after four."""
    return target.split("://", 1)[1].partition("?")[0].removeprefix("/")


def journal_base(target: str, journal: str | None, suffix: str) -> str:
    """The same as :func:`beside`, where the journal of an address may have been given a name of its own.

    Raises:
        UsageError: a name that is none for a journal, or for the journal of a file.
    """
    if journal is None:
        return beside(target)
    if not is_address(target):
        raise UsageError("--journal is for databases and object stores; the journal of a file is beside it")
    if not journal.endswith(suffix) or os.path.basename(journal) == suffix:  # noqa: PTH119 - any bytes
        raise UsageError(f"--journal {journal}: name a file that ends in {suffix}")
    return journal.removesuffix(suffix)


def unclear(target: str) -> UsageError:
    """The error that says an address cannot be meant."""
    return UsageError(
        f"{without_password(target)} is no address of a database that hcr-scan writes to; name one such as "
        "sqlite:///entries.db or postgresql://user@host/database, or an object such as s3://bucket/results.csv"
    )
