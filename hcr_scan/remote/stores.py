"""The only module that imports fsspec: one file system a store, and what is meant by the errors they raise."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from hcr_scan.errors import HcrScanError, MissingDependency
from hcr_scan.sources.addresses import scheme_of
from hcr_scan.sources.pages import SourceError

#: How often something is asked of a store before it is given up, and for about how many seconds it is left alone in
#: between. Its own library has tried several times by then.
TRIES, PAUSE = 2, 1.0

#: What has to be installed for addresses that begin so; the rest comes with the extra.
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs"}

Answer = TypeVar("Answer")

_stores: dict[tuple[str, str], Any] = {}
_opening = threading.Lock()


def store_of(address: str) -> tuple[Any, str]:
    """The file system of a store, one for all threads, and the address as it calls it.

    It remembers nothing of what it lists, for that would be all of it.

    Raises:
        MissingDependency: what such stores need is not installed.
    """
    scheme = scheme_of(address) or ""
    key = scheme, address.split("://", 1)[1].partition("/")[0]
    with _opening:
        if key not in _stores:
            _stores[key] = _opened(scheme, address)
        store = _stores[key]
    # A part of an address may be an option elsewhere (chains, versions); here all of it is a name.
    return store, str(store._strip_protocol(address))


def _opened(scheme: str, address: str) -> Any:
    try:
        from fsspec import get_filesystem_class

        kind = get_filesystem_class(scheme)
        return kind(**kind._get_kwargs_from_urls(address), use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        package = _PACKAGES.get(scheme)
        named = "'hcr-scan[remote]'" + (f" {package}" if package else "")
        raise MissingDependency(
            f"{scheme}:// needs a package that is not installed ({error}): pip install {named}"
        ) from error


def asked(question: Callable[[], Answer]) -> Answer:
    """What a store answers, tried again where that may help.

    Raises:
        SourceError: it does not, in the codes and words of files.
    """
    for attempt in range(TRIES):
        try:
            with translated():
                return question()
        except Trouble as trouble:
            if trouble.final or attempt == TRIES - 1:
                raise
        # Others that failed with this one are not to come back with it.
        time.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    raise AssertionError


class Trouble(SourceError):
    """What a store has against something; ``final`` where asking again is of no use."""

    def __init__(self, code: str, message: str, *, final: bool = False) -> None:
        super().__init__(code, message)
        self.final = final


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn whatever a store's library raises into :class:`Trouble`."""
    try:
        yield
    except (HcrScanError, SourceError):
        raise
    except Exception as error:
        raise _trouble(error) from error


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return Trouble("missing", "is not there (any more); check the address", final=True)
    if isinstance(error, PermissionError) or type(error).__name__ in ("NoCredentialsError", "HttpError401"):
        reason = _reason(error)
        message = f"may not be read or written ({reason}); check the credentials and their rights"
        return Trouble("unreadable", message, final=True)
    if type(error).__name__ == "FileExpired":  # of s3fs: the object is another than when it was opened
        return changed()
    reason = _reason(error)
    return Trouble("unreadable", f"cannot be reached ({reason}); check the network and try again")


def changed() -> Trouble:
    """What is said of an object that was another each time before all of it was read."""
    return Trouble("changed", "changed while it was fetched; run again when it is complete")


def _reason(error: Exception) -> str:
    """An error in one line, without the addresses of requests, which may be signed."""
    words = " ".join(f"{type(error).__name__} {error}".split())
    return "".join(c for c in words.partition("?")[0] if c.isprintable())[:200].strip()
