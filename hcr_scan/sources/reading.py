"""A file's bytes, read once, with what they are: decided by the first bytes and never by the suffix."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import SourceError


class Kind(StrEnum):
    """Formats that are read; the value is what people call it."""

    PNG = "PNG"
    JPEG = "JPEG"
    BMP = "BMP"
    WEBP = "WebP"
    GIF = "GIF"
    PNM = "PNM"
    TIFF = "TIFF"
    HEIC = "HEIC"
    PDF = "PDF"


_MAGIC: tuple[tuple[re.Pattern[bytes], Kind], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\x89PNG\r\n\x1a\n", Kind.PNG),
        (rb"\xff\xd8\xff", Kind.JPEG),
        (rb"II[*+]\0|MM\0[*+]", Kind.TIFF),
        (rb"GIF8[79]a", Kind.GIF),
        (rb"RIFF....WEBP", Kind.WEBP),
        (rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", Kind.HEIC),
        (rb"BM.{4}\0\0\0\0", Kind.BMP),
        (rb"P[1-6]\s+(#|\d)", Kind.PNM),
        # PDF readers accept rubbish before the header, so scanners' mail gateways put it there.
        (rb".{0,1020}?%PDF-", Kind.PDF),
    )
)

#: Formats people do send, so that the message can name them.
_REFUSED: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
        (rb"....ftypavi[fs]", "AVIF"),
        (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL"),
        (rb"8BPS", "Photoshop"),
        (rb"AT&TFORM", "DjVu"),
        (rb"PK\x03\x04", "ZIP (or an Office document)"),
        (rb"\xd0\xcf\x11\xe0", "old Office"),
        (rb"\x1f\x8b|7z\xbc\xaf|Rar!|BZh", "compressed archive"),
        (rb"DDS ", "DirectDraw surface"),
        (rb"\s*<(svg|\?xml.{0,400}<svg)", "SVG"),
    )
)


def sniff(data: bytes) -> Kind | None:
    """The format the first bytes say, or ``None``."""
    head = data[:1100]
    return next((kind for pattern, kind in _MAGIC if pattern.match(head)), None)


def sniff_refused(data: bytes) -> str | None:
    """The name of a known format that is not read, or ``None``."""
    head = data[:1100]
    return next((name for pattern, name in _REFUSED if pattern.match(head)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A file in memory. ``place`` is where it lies, which for what was fetched is not its name, ``path``."""

    path: str
    place: str
    kind: Kind
    data: bytes
    sha256: str


@dataclass(slots=True)
class _LastRead:
    """The document read last, so that the pages of one document do not each read and hash it again."""

    signature: tuple[str, int, int, int, int] | None = None
    document: Document | None = None


_last_read = _LastRead()


def read_document(path: str, max_file_size: int, *, follow_links: bool = True, place: str | None = None) -> Document:
    """The file's bytes, kind and SHA-256; the last one read is kept and returned again if the file is unchanged.

    With ``follow_links=False`` a link is not opened, not even one that took the place of a file since it was listed.
    ``place`` is where the file lies, if not under its name.

    Raises:
        SourceError: the file cannot be read, is too large, or is not of a kind that can be.
    """
    if place is None and is_remote(path):
        raise SourceError(
            "unreadable",
            "is an address, which is not fetched for this; download it and name the file",
        )
    try:
        with open(place or path, "rb", opener=_opener(follow_links)) as file:
            status = os.fstat(file.fileno())
            # A FIFO or a device would block or never end.
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file()
            if status.st_size > max_file_size:
                raise too_large(status.st_size, max_file_size)
            signature = (path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if _last_read.document is not None and _last_read.signature == signature:
                return _last_read.document
            # Before the next is read: two large documents at once may be more than a worker's memory.
            _last_read.signature, _last_read.document = None, None
            data = file.read(status.st_size + 1)
    except (OSError, ValueError) as error:
        if not follow_links and isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise _not_followed() from error
        raise _cannot_open(error) from error
    if len(data) != status.st_size:
        raise SourceError("changed", "changed while it was read; run again when it is complete")
    document = Document(path, place or path, _kind(data), data, hashlib.sha256(data).hexdigest())
    _last_read.signature, _last_read.document = signature, document
    return document


def _opener(follow_links: bool) -> Callable[[str, int], int]:
    """Opens without waiting, as a FIFO without a writer would make it, and if told so nothing that is a link."""
    more = getattr(os, "O_NONBLOCK", 0) | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0))
    return lambda path, flags: os.open(path, flags | more)


def _kind(data: bytes) -> Kind:
    if not data:
        raise SourceError("empty_file", "is empty; scan or copy it again")
    kind = sniff(data)
    if kind is not None:
        return kind
    name = sniff_refused(data)
    if name is not None:
        raise SourceError("unsupported_format", f"is {name}, which is not read; save it as PDF, PNG, JPEG or TIFF")
    raise SourceError("not_an_image", "is neither an image nor a PDF; leave it out")


def too_large(size: int, limit: int) -> SourceError:
    """What is said of a document with more bytes than allowed."""
    return SourceError(
        "too_large",
        f"has {size:,} bytes and the limit is {limit:,}; split it or raise --max-file-size",
    )


def _not_a_file() -> SourceError:
    return SourceError("not_a_file", "is not a regular file; name files or folders of files")


def _not_followed() -> SourceError:
    return SourceError(
        "symlink",
        "is a link, and links that are found in folders and lists are not followed; "
        "name it on the command line, or add --follow-links",
    )


def _cannot_open(error: OSError | ValueError) -> SourceError:
    number = error.errno if isinstance(error, OSError) else errno.ENOENT
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
        return SourceError("missing", "is not there (any more); check the name")
    if number in (errno.EACCES, errno.EPERM):
        return SourceError("unreadable", "may not be read; change its permissions")
    if number in (errno.ENXIO, errno.EISDIR):
        return _not_a_file()
    why = error.strerror if isinstance(error, OSError) else error
    return SourceError("unreadable", f"cannot be read ({why}); check the disk or the network")
