"""Which frames of a TIFF are pages: counted from its directory chain, without decoding.

A scanner may put a thumbnail or a mask beside each page; Pillow counts those as frames, a reader of forms must not. The
walk costs microseconds a frame, where Pillow parses every tag.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from hcr_scan.sources.pages import SourceError

_NEW_SUBFILE_TYPE = 254
#: Bits of NewSubfileType: a smaller copy of another image, and a transparency mask.
_NOT_A_PAGE = 0b101
#: More directories than this are an attack, not a document.
_MOST_FRAMES = 1_000_000


def page_frames(data: bytes) -> list[int]:
    """Pillow's frame number of each page, in order; thumbnails and masks left out unless there is nothing else.

    Raises:
        SourceError: there is no image directory.
    """
    subfile_types = list(_subfile_types(data))
    if not subfile_types:
        raise SourceError("truncated", "lacks the image directory of a TIFF; scan or copy it again")
    pages = [frame for frame, kind in enumerate(subfile_types) if not kind & _NOT_A_PAGE]
    return pages or list(range(len(subfile_types)))


def _subfile_types(data: bytes) -> Iterator[int]:
    """NewSubfileType of each directory; ends at a loop, at the end of the chain, or where the file is cut off."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count_format, entry_size = ("Q", "Q", 20) if big else ("I", "H", 12)
    offset_size, count_size = struct.calcsize(f"={word}"), struct.calcsize(f"={count_format}")
    visited: set[int] = set()
    position = 8 if big else 4
    while position + offset_size <= len(data) and len(visited) < _MOST_FRAMES:
        (directory,) = struct.unpack_from(order + word, data, position)
        if directory == 0 or directory in visited or directory + count_size > len(data):
            return
        visited.add(directory)
        (entries,) = struct.unpack_from(order + count_format, data, directory)
        start = directory + count_size
        position = start + entries * entry_size
        yield _subfile_type(data[start : min(position, start + 64 * entry_size)], order, entry_size)


def _subfile_type(entries: bytes, order: str, entry_size: int) -> int:
    """The value in the directory's first entries (tags are sorted, and 254 is the lowest in use), or 0."""
    value_at = 12 if entry_size == 20 else 8
    for start in range(0, len(entries) - entry_size + 1, entry_size):
        tag, kind = struct.unpack_from(order + "HH", entries, start)
        if tag == _NEW_SUBFILE_TYPE:
            (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), entries, start + value_at)
            return int(value)
        if tag > _NEW_SUBFILE_TYPE:
            break
    return 0
