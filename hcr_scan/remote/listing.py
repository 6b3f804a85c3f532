"""Names of the objects below an address, one after the other, in the byte order of their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hcr_scan.errors import InputError
from hcr_scan.remote.stores import asked, store_of
from hcr_scan.sources.addresses import is_web, scheme_of
from hcr_scan.sources.pages import SourceError, printable


def find_objects(address: str) -> Iterator[str]:
    """The address itself where it is an object, else those of all objects below it; none where there is nothing.

    Raises:
        InputError: the store does not answer, or may not be listed.
        MissingDependency: what it needs is not installed.
    """
    if is_web(address):
        yield address  # a web server lists nothing, and what is there shows when it is read
        return
    try:
        store, path = store_of(address)
        if not address.endswith("/") and is_object(store, path):
            yield address
            return
        folder = address.rstrip("/")
        page = _PAGES.get(scheme_of(address) or "")
        root = path.rstrip("/")
        for key in _walked(store, root) if page is None else _paged(page, store, root):
            yield f"{folder}/{key}"
    except SourceError as error:
        raise InputError(f"{printable(address)} {error.message}") from error


def is_object(store: Any, path: str) -> bool:
    """Whether there is an object by this name.

    Raises:
        SourceError: the store does not say.
    """
    try:
        return bool(asked(lambda: store.info(path))["type"] == "file")
    except SourceError as error:
        if error.code != "missing":
            raise
        return False


#: Keys of a bucket that begin with a prefix, from where a token says, and the token to go on with.
_Page = Callable[[Any, str, str, str | None], tuple[list[str], str | None]]


def _page_of_s3(store: Any, bucket: str, prefix: str, token: str | None) -> tuple[list[str], str | None]:
    more = {} if token is None else {"ContinuationToken": token}
    page = store.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
    return [entry["Key"] for entry in page.get("Contents", ())], page.get("NextContinuationToken")


def _page_of_gcs(store: Any, bucket: str, prefix: str, token: str | None) -> tuple[list[str], str | None]:
    more = {} if token is None else {"pageToken": token}
    page = store.call("GET", "b/{}/o", bucket, prefix=prefix, maxResults=1000, json_out=True, **more)
    return [entry["name"] for entry in page.get("items", ())], page.get("nextPageToken")


#: Stores that give keys in order, a thousand a request. What fsspec has for it would hold all of them.
_PAGES: dict[str, _Page] = {"s3": _page_of_s3, "s3a": _page_of_s3, "gs": _page_of_gcs, "gcs": _page_of_gcs}


def _paged(page: _Page, store: Any, path: str) -> Iterator[str]:
    """Keys below a path, relative to it, as they come."""
    bucket, prefix, _ = store.split_path(path)
    prefix, token = prefix and f"{prefix}/", None
    while True:
        keys, token = asked(partial(page, store, bucket, prefix, token))
        # What ends in a slash is what some programs make for an empty folder.
        yield from (key[len(prefix) :] for key in keys if not key.endswith("/"))
        if token is None:
            return


def _walked(store: Any, path: str) -> Iterator[str]:
    """The same for any store, folder by folder; the names of a folder are held."""
    stack = [("", iter(_names(store, path)))]
    while stack:
        below, names = stack[-1]
        name = next(names, None)
        if name is None:
            stack.pop()
        elif name.endswith("/"):
            folder = below + name
            stack.append((folder, iter(_names(store, f"{path}/{folder}".rstrip("/")))))
        else:
            yield below + name


def _names(store: Any, folder: str) -> list[str]:
    """Names in a folder, those of folders with a slash behind them, so that they sort as the keys below them do."""
    try:
        found = asked(lambda: store.ls(folder, detail=True))
    except SourceError as error:
        if error.code != "missing":
            raise
        return []
    names = []
    for entry in found:
        name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
        if entry["type"] == "directory":
            names.append(f"{name}/")
        elif not entry["name"].endswith("/"):
            names.append(name)
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))
