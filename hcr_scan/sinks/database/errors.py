"""What databases and their drivers say, as errors with advice. None of them holds a password."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from hcr_scan.errors import HcrScanError, OutputError
from hcr_scan.sinks.targets import is_secret, without_password

#: The kinds of trouble of PostgreSQL, by the beginning of their SQLSTATE.
_BY_STATE = {
    "28": "see that user and password are right; a password may be given in the environment as PGPASSWORD",
    "3D": "create the database first",
    "42501": "let this user create tables and write to them (GRANT), or name another database",
    "53": "free space or connections there; a scan goes on with --resume",
    "25006": "it takes no changes: name a server that does",
}
#: Those of SQLite and of drivers, by what they say.
_BY_WORDS = {
    "database or disk is full": "free space; a scan goes on with --resume",
    "disk i/o error": "see to the disk; a scan goes on with --resume",
    "readonly": "let this user write to the file and its folder, or name another",
    "unable to open": "see that its folder exists and this user may write there",
    "not a database": "it is another kind of file; name another",
    "locked": "another program holds it; when that has ended, a scan goes on with --resume",
    "password": "give the password in the environment, as PGPASSWORD",
}
_UNREACHABLE = "see that the server runs and can be reached; a scan goes on with --resume"

#: Another transaction was in the way, which is over when this one is tried again.
_PASSING = ("40001", "40P01")


def translated(target: str, url: URL, error: BaseException) -> HcrScanError:
    """The error of a database as one with advice."""
    original = getattr(error, "orig", None) or error
    said = _said(original)
    code = _code(original)
    advice = next((text for sign, text in _BY_STATE.items() if code.startswith(sign)), None)
    if advice is None:
        advice = next((text for words, text in _BY_WORDS.items() if words in said.lower()), _UNREACHABLE)
    message = f"{without_password(target)} cannot be written: {said}; {advice}"
    return OutputError(hidden(message, url))


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction may do when it is tried again."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _code(error.orig) in _PASSING
    return isinstance(error, OSError)  # as lost connections come that the driver does not wrap


def hidden(message: str, url: URL) -> str:
    """The message without the password, should a driver have put it there."""
    for password in (str(url.password or ""), *_queried(url)):
        if len(password) > 1:
            message = message.replace(password, "***")
    return message


def _queried(url: URL) -> Iterator[str]:
    """What the query of an address holds that is to stay secret."""
    for key, value in url.query.items():
        if is_secret(key):
            yield from (value,) if isinstance(value, str) else value


def _code(error: BaseException | None) -> str:
    """The SQLSTATE, as the drivers have it; empty where there is none."""
    if error is None:
        return ""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return str(told.get("C") or getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def _said(error: BaseException) -> str:
    """What the database said, in one line."""
    told = error.args[0] if error.args else ""
    text = told.get("M", "") if isinstance(told, dict) else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__
