# A million names pass through here, and strings are several times as fast as paths.
# ruff: noqa: PTH112, PTH114, PTH118, PTH119, PTH122, PTH207
"""Files, folders, patterns and lists become a stream of file names, in an order that never changes, none twice."""

from __future__ import annotations

import codecs
import glob
import itertools
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from hcr_scan.errors import InputError
from hcr_scan.sources.addresses import TOLD, is_below, is_remote, scheme_of
from hcr_scan.sources.pages import printable

#: What is taken from a folder. A file named outright is taken whatever its suffix: its content decides.
_FILE_TYPES = "png jpg jpeg jpe jfif mpo bmp dib webp tif tiff gif pbm pgm ppm pnm heic heif hif pdf"
SUFFIXES = frozenset("." + file_type for file_type in _FILE_TYPES.split())
#: Taken from a folder too, though it is refused when opened: it may hold pages, and silence would lose them.
_REFUSED_TYPES = "zip 7z rar tar tgz gz bz2 xz ps eps djvu djv jp2 j2k jpx jxl avif psd svg"
#: Files that are passed over are counted by so many suffixes, and all others together.
MOST_SUFFIXES, OTHERS = 100, "*"
_TAKEN = SUFFIXES | {"." + file_type for file_type in _REFUSED_TYPES.split()}


#: Gives what there is at an address, one after the other.
FindObjects = Callable[[str], Iterator[str]]


def find_inputs(
    arguments: Sequence[str],
    stdin: TextIO | BinaryIO | None = None,
    *,
    follow_links: bool = False,
    passed_over: Counter[str] | None = None,
    find_objects: FindObjects = lambda address: iter((address,)),
) -> Iterator[str]:
    """File names to read, from files, folders, patterns and ``-`` (a list on standard input, by newlines or NULs).

    Folders are walked in byte order of the names; hidden files and files of other kinds are skipped. A folder that
    cannot be listed is yielded itself, and so is what is refused when opened (an archive, a link): it becomes a record
    and not a silence. A pattern without a suffix of its own (``in/*``) takes what a folder would. Names hold any bytes
    (``os.fsdecode``).

    Args:
        arguments: As typed. A link among them is what it leads to.
        stdin: What ``-`` reads.
        follow_links: Whether links that were found, rather than named in ``arguments``, are followed too.
        passed_over: Counts by suffix the files that are skipped as they are of other kinds, and the pages that are
            hidden. Hidden files of other kinds, and what is in hidden folders, are nobody's pages.
        find_objects: What gives the documents of an argument that is an address.

    Raises:
        InputError: an argument matches nothing. Raised by the call, before anything is yielded.
    """
    if not arguments:
        raise InputError("no input: name files, folders or patterns, or - for a list on standard input")
    seen = _Seen(follow_links, passed_over)
    streams: list[Iterator[str]] = []
    addresses: list[str] = []
    for argument in arguments:
        if is_remote(argument):
            found = _objects(argument, find_objects, tuple(addresses), seen)
            addresses.append(argument)
        else:
            found = _listed(stdin, seen) if argument == "-" else _expanded(argument, seen)
        first = next(found, None)
        if first is None:
            raise InputError(_nothing(argument))
        streams.append(itertools.chain((first,), found))
    return (path for path in itertools.chain.from_iterable(streams) if path)


def is_found(arguments: Iterable[str], path: str) -> bool:
    """Whether :func:`find_inputs` takes an existing file or an object for these arguments, lists aside."""
    if is_remote(path):
        return any(is_remote(argument) and _is_taken(argument, path) for argument in arguments)
    real = os.path.realpath(path)
    for argument in arguments:
        named = os.path.lexists(argument)
        for match in [argument] if named else glob.iglob(argument, recursive=True):
            if os.path.isdir(match):
                if _holds(match, real):
                    return True
            elif os.path.realpath(match) == real and (named or _is_matched(argument, match)):
                return True
    return False


def _holds(folder: str, real: str) -> bool:
    """Whether a file is taken from a folder that is walked."""
    below = os.path.relpath(real, os.path.realpath(folder))
    return _is_page_name(os.path.basename(real)) and not below.startswith(".") and f"{os.sep}." not in below


class _Seen:
    """What was yielded: names of files, and folders whose readable files are all yielded sooner or later.

    Folders stand for their files, so that listing a million of them does not hold a million names.
    """

    def __init__(self, follow_links: bool, passed_over: Counter[str] | None = None) -> None:
        self.follow_links = follow_links
        self._passed_over = passed_over
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def first_time(self, path: str, *, follow: bool) -> bool:
        real = os.path.realpath(path) if follow else _own_place(path)
        folder, name = os.path.split(real)
        # A link that leads nowhere is not among the folder's files.
        there = os.path.isfile if follow else os.path.lexists
        if real in self.files or (folder in self.folders and _is_page_name(name) and there(real)):
            return False
        self.files.add(real)
        return True

    def pass_over(self, name: str) -> None:
        """Count a file that is of no kind that is taken, or a page that is hidden."""
        suffix = printable(os.path.splitext(name)[1].lower())
        hidden = name.startswith(".")
        if self._passed_over is not None and not (hidden and suffix not in _TAKEN):
            suffix = f"hidden {suffix}" if hidden else suffix
            few = len(self._passed_over) < MOST_SUFFIXES or suffix in self._passed_over
            self._passed_over[suffix if few else OTHERS] += 1


def _own_place(path: str) -> str:
    """Where a name stands, be it a link or not."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


#: An argument whose files were all named before yields this: it matched something, so it is no mistake.
_REPEATED = ""


def _expanded(argument: str, seen: _Seen) -> Iterator[str]:
    if os.path.lexists(argument):
        yield from _file_or_folder(argument, seen, follow=True)
    elif glob.has_magic(argument):
        for path in sorted(glob.iglob(argument, recursive=True), key=os.fsencode):
            if os.path.isdir(path) or _is_matched(argument, path):
                yield from _file_or_folder(path, seen, follow=seen.follow_links)
            else:
                seen.pass_over(os.path.basename(path))


def _is_matched(pattern: str, path: str) -> bool:
    """Whether a pattern takes a file that it matches: one without a suffix of its own only what a folder would."""
    return os.path.splitext(pattern)[1].strip("*?.") != "" or _is_page_name(os.path.basename(path))


def _objects(address: str, find_objects: FindObjects, before: tuple[str, ...], seen: _Seen) -> Iterator[str]:
    """What is taken at an address, as from a folder, but not what was taken at one named before."""
    for name in find_objects(address):
        if _is_taken(address, name):
            yield _REPEATED if any(_is_taken(earlier, name) for earlier in before) else name
        elif not any(is_below(name, earlier) for earlier in before):
            seen.pass_over(name.rsplit("/", 1)[-1])


def _is_taken(address: str, name: str) -> bool:
    if name == address or not is_below(name, address):
        return name == address
    folders = name[len(address.rstrip("/")) :].split("/")
    return _is_page_name(folders[-1]) and not any(folder.startswith(".") for folder in folders)


def _file_or_folder(path: str, seen: _Seen, *, follow: bool) -> Iterator[str]:
    if os.path.isdir(path) and (follow or not os.path.islink(path)):
        yield from _walked(path, seen)
    else:
        yield path if seen.first_time(path, follow=follow) else _REPEATED


def find_arrivals(folder: str, leaving_out: Collection[str]) -> Iterator[str]:
    """What :func:`find_inputs` takes from a folder, but nothing from the folders right in it of these names.

    A folder that cannot be listed is not yielded here: who asks again and again finds it when it can be.
    """
    for path in _walked(folder, _Seen(follow_links=False), leaving_out):
        if os.path.islink(path) or not os.path.isdir(path):
            yield path


def _walked(top: str, seen: _Seen, leaving_out: Collection[str] = ()) -> Iterator[str]:
    """Pages below a folder, depth first, on a stack: folders may be nested deeper than Python recurses."""
    stack: list[tuple[str, str, Iterator[_Entry]]] = []
    entries = _entries(top, os.path.realpath(top), seen)
    if isinstance(entries, str):
        yield entries
        return
    stack.append((top, os.path.realpath(top), entries))
    while stack:
        folder, real, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
            continue
        if entry.name in leaving_out and len(stack) == 1:
            continue
        path, real_path = os.path.join(folder, entry.name), os.path.join(real, entry.name)
        if entry.link and seen.follow_links:
            yield from _followed(path, seen)
        elif entry.folder and not entry.link:
            below = _entries(path, real_path, seen)
            if isinstance(below, str):
                yield below
            else:
                stack.append((path, real_path, below))
        else:
            yield path if not seen.files or real_path not in seen.files else _REPEATED


def _followed(path: str, seen: _Seen) -> Iterator[str]:
    """What a link in a folder leads to; a link to a folder that was walked, as in a loop, leads to nothing new."""
    if os.path.isdir(path) or _is_page_name(os.path.basename(path)):
        yield from _file_or_folder(path, seen, follow=True)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stands in a folder; ``folder`` says of a link too whether it leads to one."""

    name: str
    folder: bool
    link: bool


def _entries(folder: str, real: str, seen: _Seen) -> Iterator[_Entry] | str:
    """Folders and pages in a folder, sorted; or what to yield instead: nothing new, or a folder that cannot be listed.

    Only names are held, as bytes: a folder may hold a million.
    """
    if real in seen.folders:
        return _REPEATED
    names: list[bytes] = []
    folders: set[bytes] = set()
    links: set[bytes] = set()
    try:
        with os.scandir(os.fsencode(folder)) as listing:
            for entry in listing:
                name = entry.name
                if name.startswith(b"."):
                    if not _is_folder(entry):
                        seen.pass_over(os.fsdecode(name))
                    continue
                if entry.is_symlink():
                    links.add(name)
                if _is_folder(entry):
                    folders.add(name)
                if name in folders or _is_page_name(os.fsdecode(name)):
                    names.append(name)
                else:
                    seen.pass_over(os.fsdecode(name))
    except OSError:
        return folder
    seen.folders.add(real)
    names.sort()
    return (_Entry(os.fsdecode(name), name in folders, name in links) for name in names)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _listed(stdin: TextIO | BinaryIO | None, seen: _Seen) -> Iterator[str]:
    """Names on standard input. A name that is not there is yielded all the same: its record will say so."""
    if stdin is None:
        return
    for raw in _split_names(getattr(stdin, "buffer", stdin)):
        name = raw
        if raw.endswith(b"\r") and not os.path.lexists(os.fsdecode(raw)):
            name = raw[:-1]  # a list written on Windows
        path = os.fsdecode(name)
        if is_remote(path):
            yield _REPEATED if path in seen.files else path
            seen.files.add(path)
        elif path:
            yield from _file_or_folder(path, seen, follow=seen.follow_links)


def _split_names(stream: Iterable[str] | BinaryIO) -> Iterator[bytes]:
    """Names separated by NULs if the first 64 kB hold one, else by newlines; read as they come."""
    separator, rest = b"", b""
    while chunk := _read(stream):
        if not separator:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        separator = separator or (b"\0" if b"\0" in chunk else b"\n")
        *names, rest = (rest + chunk).split(separator)
        yield from names
    yield rest


def _read(stream: Iterable[str] | BinaryIO) -> bytes:
    chunk: bytes | str = stream.read(65536)  # type: ignore[union-attr]
    return os.fsencode(chunk) if isinstance(chunk, str) else chunk


def _is_page_name(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in _TAKEN


def _nothing(argument: str) -> str:
    if argument == "-":
        return "the list on standard input is empty; pipe file names to it, one a line"
    if is_remote(argument):
        return f"there are no pages to read at {printable(argument)}; check the address (patterns are not taken in one)"
    if scheme_of(argument) is not None:
        return f"{printable(argument)} is an address that is not read; those are that begin with {TOLD}"
    if os.path.isdir(argument):
        kinds = ", ".join(sorted(s[1:] for s in SUFFIXES))
        return f"{printable(argument)} holds no pages to read; files of these kinds are taken from folders: {kinds}"
    if glob.has_magic(argument):
        return f"no file matches {printable(argument)}; check the pattern and the folder it starts from"
    return f"{printable(argument)} does not exist; check the spelling and the folder you are in"
