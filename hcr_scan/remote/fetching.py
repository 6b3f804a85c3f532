"""One object into one file, in one version and no larger than allowed; nothing here looks at what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hcr_scan.errors import OutputError
from hcr_scan.remote.stores import Trouble, asked, changed, store_of
from hcr_scan.sources.addresses import is_s3, is_web
from hcr_scan.sources.reading import too_large

#: Bytes asked for at a time: a scan in one request, and little memory for so many at once.
CHUNK = 8 << 20

#: What in a store's account of an object tells that it is another now.
_MARKS = ("size", "ETag", "etag", "generation", "mtime", "last_modified", "modified")


def fetch(address: str, limit: int, place: Path, expect: Callable[[int], None]) -> None:
    """Write an object's bytes to a file.

    Args:
        address: Of the object.
        limit: Bytes it may have.
        place: The file.
        expect: Told how many bytes there are, or will be if that is known; may raise, which ends it.

    Raises:
        SourceError: it cannot be had, with the codes and words of files.
        OutputError: there is no room for it here.
        MissingDependency: what the store needs is not installed.
    """
    store, path = store_of(address)
    asked(lambda: _fetched(store, path, address, limit, place, expect))


def _fetched(store: Any, path: str, address: str, limit: int, place: Path, expect: Callable[[int], None]) -> None:
    pinned = is_s3(address)  # s3fs asks for the version that it opened
    before: dict[str, Any] | None = store.info(path) if is_web(address) else None
    with store.open(path, "rb", block_size=CHUNK, cache_type="none") as stream:
        size: int | None = getattr(stream, "size", None)
        before = before or (None if pinned else getattr(stream, "details", None))
        if size is not None:
            if size > limit:
                raise too_large(size, limit)
            expect(size)
        written = _copied(stream, limit, place, expect)
    if size is not None and written != size:
        raise Trouble("unreadable", "was cut off on its way; check the network and try again")
    if before is not None and _marks(store.info(path)) != _marks(before):
        raise changed()


def _copied(stream: Any, limit: int, place: Path, expect: Callable[[int], None]) -> int:
    written = 0
    with _here(place, lambda: place.open("wb")) as file:
        while data := stream.read(CHUNK):
            written += len(data)
            if written > limit:
                raise too_large(written, limit)
            expect(written)
            _here(place, partial(file.write, data))
        _here(place, file.flush)
    return written


def _here(place: Path, act: Callable[[], Any]) -> Any:
    """What this machine's disk says is not the store's fault, and no document's either."""
    try:
        return act()
    except OSError as error:
        raise OutputError(
            f"no copies of what is read can be kept in {place.parent.parent} ({error.strerror or error}); free space, "
            "or name another folder by TMPDIR, and go on with --resume"
        ) from error


def _marks(account: dict[str, Any]) -> list[str]:
    return [str(account.get(mark)) for mark in _MARKS]
