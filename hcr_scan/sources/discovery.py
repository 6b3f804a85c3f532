# A million names pass through here, and strings are several times as fast as paths.
# ruff: noqa: PTH112, PTH113, PTH118, PTH119, PTH122, PTH207
"""Files, folders, patterns and lists become a stream of file names, in an order that never changes, none twice."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, TextIO

from hcr_scan.errors import InputError
from hcr_scan.sources.pages import shown

#: What is taken from a folder. A file named outright is taken whatever its suffix: its content decides.
_FILE_TYPES = "png jpg jpeg jpe jfif mpo bmp dib webp tif tiff gif pbm pgm ppm pnm heic heif hif pdf"
SUFFIXES = frozenset("." + file_type for file_type in _FILE_TYPES.split())


def find_inputs(arguments: Sequence[str], stdin: TextIO | BinaryIO | None = None) -> Iterator[str]:
    """File names to read, from files, folders, patterns and ``-`` (a list on standard input, by newlines or NULs).

    Folders are walked in byte order of the names; hidden files and files of other kinds are skipped, links to folders
    are not followed. A folder that cannot be listed is yielded itself, so that it becomes a record and not a silence.
    A pattern without a suffix of its own (``in/*``) takes what a folder would. Names hold any bytes
    (``os.fsdecode``).

    Raises:
        InputError: an argument matches nothing. Raised by the call, before anything is yielded.
    """
    if not arguments:
        raise InputError("no input: name files, folders or patterns, or - for a list on standard input")
    seen = _Seen()
    streams: list[Iterator[str]] = []
    for argument in arguments:
        found = _listed(stdin, seen) if argument == "-" else _expanded(argument, seen)
        first = next(found, None)
        if first is None:
            raise InputError(_nothing(argument))
        streams.append(itertools.chain((first,), found))
    return (path for path in itertools.chain.from_iterable(streams) if path)


class _Seen:
    """What was yielded: names of files, and folders whose readable files are all yielded sooner or later.

    Folders stand for their files, so that listing a million of them does not hold a million names.
    """

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def first_time(self, path: str) -> bool:
        real = os.path.realpath(path)
        folder, name = os.path.split(real)
        # A link that leads nowhere is not among the folder's files.
        if real in self.files or (folder in self.folders and _is_page_name(name) and os.path.isfile(real)):
            return False
        self.files.add(real)
        return True


#: An argument whose files were all named before yields this: it matched something, so it is no mistake.
_REPEATED = ""


def _expanded(argument: str, seen: _Seen) -> Iterator[str]:
    if os.path.lexists(argument):
        yield from _file_or_folder(argument, seen)
    elif glob.has_magic(argument):
        stated_suffix = os.path.splitext(argument)[1].strip("*?.") != ""
        for path in sorted(glob.iglob(argument, recursive=True), key=os.fsencode):
            if stated_suffix or os.path.isdir(path) or _is_page_name(os.path.basename(path)):
                yield from _file_or_folder(path, seen)


def _file_or_folder(path: str, seen: _Seen) -> Iterator[str]:
    if os.path.isdir(path):
        yield from _walked(path, seen)
    else:
        yield path if seen.first_time(path) else _REPEATED


def _walked(top: str, seen: _Seen) -> Iterator[str]:
    """Pages below a folder, depth first, on a stack: folders may be nested deeper than Python recurses."""
    stack: list[tuple[str, str, Iterator[os.DirEntry[str]]]] = []
    real_top = os.path.realpath(top)
    entries = _entries(top, real_top, seen)
    if isinstance(entries, str):
        yield entries
        return
    stack.append((top, real_top, entries))
    while stack:
        _, real, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
        elif entry.is_dir(follow_symlinks=False):
            real_below = os.path.join(real, entry.name)
            below = _entries(entry.path, real_below, seen)
            if isinstance(below, str):
                yield below
            else:
                stack.append((entry.path, real_below, below))
        elif _is_page_name(entry.name) and not (entry.is_symlink() and os.path.isdir(entry.path)):
            yield entry.path if _is_new(entry, real, seen) else _REPEATED


def _is_new(entry: os.DirEntry[str], real_folder: str, seen: _Seen) -> bool:
    if entry.is_symlink():
        return seen.first_time(entry.path)
    return not seen.files or os.path.join(real_folder, entry.name) not in seen.files


def _entries(folder: str, real: str, seen: _Seen) -> Iterator[os.DirEntry[str]] | str:
    """What is in a folder, sorted; or what to yield instead: nothing new, or a folder that cannot be listed."""
    if real in seen.folders:
        return _REPEATED
    try:
        with os.scandir(folder) as listing:
            entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda e: os.fsencode(e.name))
    except OSError:
        return folder
    seen.folders.add(real)
    return iter(entries)


def _listed(stdin: TextIO | BinaryIO | None, seen: _Seen) -> Iterator[str]:
    """Names on standard input. A name that is not there is yielded all the same: its record will say so."""
    if stdin is None:
        return
    for raw in _split_names(getattr(stdin, "buffer", stdin)):
        name = raw
        if raw.endswith(b"\r") and not os.path.lexists(os.fsdecode(raw)):
            name = raw[:-1]  # a list written on Windows
        if name:
            yield from _file_or_folder(os.fsdecode(name), seen)


def _split_names(stream: Iterable[str] | BinaryIO) -> Iterator[bytes]:
    """Names separated by NULs if the first 64 kB hold one, else by newlines; read as they come."""
    separator, rest = b"", b""
    while chunk := _read(stream):
        separator = separator or (b"\0" if b"\0" in chunk else b"\n")
        *names, rest = (rest + chunk).split(separator)
        yield from names
    yield rest


def _read(stream: Iterable[str] | BinaryIO) -> bytes:
    chunk: bytes | str = stream.read(65536)  # type: ignore[union-attr]
    return os.fsencode(chunk) if isinstance(chunk, str) else chunk


def _is_page_name(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def _nothing(argument: str) -> str:
    if argument == "-":
        return "the list on standard input is empty; pipe file names to it, one a line"
    if os.path.isdir(argument):
        kinds = ", ".join(sorted(s[1:] for s in SUFFIXES))
        return f"{shown(argument)} holds no pages to read; files of these kinds are taken from folders: {kinds}"
    if glob.has_magic(argument):
        return f"no file matches {shown(argument)}; check the pattern and the folder it starts from"
    return f"{shown(argument)} does not exist; check the spelling and the folder you are in"
