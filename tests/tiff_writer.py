"""TIFFs for tests, written byte by byte, for the kinds that Pillow reads and does not write."""

from __future__ import annotations

import io
import struct


def build_tiff(frames: list[tuple[bytes, int, int, int, int, dict[int, tuple[int, int]]]], order: str = "<") -> bytes:
    """An uncompressed grey TIFF of (data, width, height, bits, photometric, more tags as {tag: (type, value)})."""
    header = b"II*\0" if order == "<" else b"MM\0*"
    body, link = io.BytesIO(header + b"\0\0\0\0"), 4
    for data, width, height, bits, photometric, more in frames:
        body.seek(0, io.SEEK_END)
        strip = body.tell()
        body.write(data + b"\0" * (len(data) % 2))
        directory = body.tell()
        tags = {256: (4, width), 257: (4, height), 258: (3, bits), 259: (3, 1), 262: (3, photometric), 273: (4, strip)}
        tags |= {277: (3, 1), 278: (4, height), 279: (4, len(data))} | more
        body.write(struct.pack(order + "H", len(tags)))
        for tag, (kind, value) in sorted(tags.items()):
            packed = struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
            body.write(struct.pack(order + "HHI", tag, kind, 1) + packed)
        end = body.tell()
        body.write(b"\0\0\0\0")
        body.seek(link)
        body.write(struct.pack(order + "I", directory))
        link = end
    return body.getvalue()
