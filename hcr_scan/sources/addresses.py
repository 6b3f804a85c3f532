"""Names that are addresses in object stores or on the web, such as ``s3://bucket/in/a.pdf``. Nothing is loaded here."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from hcr_scan.errors import UsageError

#: Stores that can be listed, read and written, by what their addresses begin with. ``memory`` is this process's own.
STORES = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"))
#: What can only be read, by the full address of a document.
WEB = frozenset(("http", "https"))
#: How those that are taken are told to people.
TOLD = "s3://, gs://, abfs:// or https://"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PASSWORD = re.compile(r"[^/]*:[^/]*@")
_SECRET = re.compile("pass|secret|token|sign|sig$|key|credential", re.IGNORECASE)


def scheme_of(name: str) -> str | None:
    """What an address begins with, in small letters; ``None`` for the name of a file."""
    found = _SCHEME.match(name)
    return found[1].lower() if found else None


def is_remote(name: str) -> bool:
    """Whether a name is an address of something that has to be fetched."""
    return scheme_of(name) in STORES | WEB


def is_web(name: str) -> bool:
    """Whether it is one of those that can only be read."""
    return scheme_of(name) in WEB


def is_s3(name: str) -> bool:
    """Whether it is of a store that speaks S3."""
    return scheme_of(name) in ("s3", "s3a")


def plain_name(name: str) -> str:
    """The name as it is used from here on: ``file:///in/a.pdf`` is ``/in/a.pdf``.

    Raises:
        UsageError: an address that holds a password, or the signature that stands for one: names are written down.
    """
    scheme = scheme_of(name)
    if scheme is None:
        return name
    rest = name[len(scheme) + len("://") :]
    if scheme == "file":
        return rest
    if not is_remote(name):
        return name
    query = rest.partition("?")[2] if is_web(name) else ""
    if _PASSWORD.match(rest) or any(_SECRET.search(key) for key, _ in parse_qsl(query)):
        place = rest.partition("?")[0].rsplit("@", 1)[-1]
        raise UsageError(
            f"the address of {scheme}://{place} holds a password or a signature, and addresses stand in outputs and "
            "journals; leave it out and give credentials by the environment, or download the file first"
        )
    return f"{scheme}://{rest}"


def is_below(name: str, folder: str) -> bool:
    """Whether an address is another, or of something in the folder that this is."""
    return name == folder or name.startswith(folder.rstrip("/") + "/")
