"""A folder with a file for each page, or document, under names that tell which and cannot collide."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from hcr_scan.document import PageResult, Source
from hcr_scan.errors import OutputError
from hcr_scan.sinks.output import output_errors, write_output
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import path_text

#: Characters of a file's own name that are kept; file systems take 255 bytes, and four may be a character.
LONGEST_STEM = 40
#: Hexadecimal digits that tell apart files of one name in different folders.
HASH_DIGITS = 16
#: What some file system or shell takes for something else.
_AWKWARD = frozenset("/\\:*?\"<>|'`$&;!#%")


class FolderSink:
    """Takes pages one after the other and writes a file of each; a context manager.

    Args:
        target: The folder. It is made if it is not there; what lies in it under other names is left alone.
        suffix: What each file's name ends in.
        page_file: Gives the bytes of a page's file.

    Raises:
        OutputError: the folder cannot be made, or a file not written.
    """

    def __init__(self, target: str, suffix: str, page_file: Callable[[PageResult], bytes]) -> None:
        self._target = target
        self._suffix = suffix
        self._page_file = page_file
        self._made = False

    def __enter__(self) -> Self:
        self._made = make_folder(self._target)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._made:
            with contextlib.suppress(OSError):  # there is something in it
                Path(self._target).rmdir()

    def write(self, item: PageResult) -> None:
        name = f"{document_stem(item.source)}.p{item.source.page:04}{self._suffix}"
        write_output(os.path.join(self._target, name), self._page_file(item))  # noqa: PTH118 - a name may be any bytes


def make_folder(target: str) -> bool:
    """Make a folder, if it is not there; whether it was not.

    Raises:
        OutputError: it cannot be made.
    """
    if is_remote(target) or os.path.isdir(target):  # noqa: PTH112 - stores have no folders
        return False
    with output_errors(target):
        if os.path.lexists(target.rstrip(os.sep)):
            raise OutputError(f"--out {target} is a file; name a folder for a file a page")
        Path(target).mkdir()
    return True


def document_stem(source: Source) -> str:
    """What names of a document's files begin with: its own name, and the beginning of the hash of its whole path."""
    own = path_text(source.path).rsplit("/", 1)[-1]
    name = "".join("_" if character in _AWKWARD or not character.isprintable() else character for character in own)
    digest = hashlib.sha256(_exact(source.path)).hexdigest()[:HASH_DIGITS]
    return f"{name[:LONGEST_STEM].strip(' .') or 'page'}.{digest}"


def _exact(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # no name the system gave
        return path.encode("utf-8", "surrogatepass")
