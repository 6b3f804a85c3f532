"""A PDF written from front to back, so that a document of thousands of pages takes no more memory than one page."""

from __future__ import annotations

import base64
import zlib
from typing import BinaryIO

from hcr_scan.searchable.text_layer import ADVANCE, FONT, CharacterCodes

#: A TrueType font of two glyphs with no outlines, half as wide as high, all of it above the base line.
_FONT_FILE = base64.b64decode(
    "AAEAAAAGAEAAAgAgZ2x5ZgAAAAAAAAD4AAAAAWhlYWRfFkDgAAAAbAAAADZoaGVhA+kB9gAAAKQAAAAkaG10eAH0AAAAAADoAAAABmxvY2EAAAAA"
    "AAAA8AAAAAZtYXhwAAMAAgAAAMgAAAAgAAEAAAABAABtQpQHXw889QADA+gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADAAIAAAAAAAAAAQAA"
    "A+gAAAAAAfQAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAEAAQAAAAIAAAAAAAAAAAACAAAAAAAAAAAAAAAAAAAAAAH0AAAAAAAAAAAAAAAAAAAA"
    "AAAA"
)
_BASE_FONT = "HcrScanGlyphless"
_CODES = 65536


class PdfFile:
    """Objects one after the other; :meth:`finish` writes what ties them together.

    Args:
        stream: Where to.
        producer: The program, for the document's properties.
    """

    def __init__(self, stream: BinaryIO, producer: str) -> None:
        self._stream = stream
        self._producer = producer
        self._position = 0
        self._places: list[int] = []
        self._pages: list[int] = []
        self._write(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
        self._catalog, self._tree, self._font = (self.reserve() for _ in range(3))

    def reserve(self) -> int:
        """The number of an object that is written later."""
        self._places.append(0)
        return len(self._places)

    def add(self, body: str, stream: bytes | None = None, number: int | None = None) -> int:
        """Write an object: a dictionary's entries, or any other object, and the bytes of its stream if it has one."""
        number = self.reserve() if number is None else number
        self._places[number - 1] = self._position
        self._write(f"{number} 0 obj\n".encode("ascii"))
        if stream is None:
            self._write(f"{body}\n".encode("ascii"))
        else:
            self._write(f"<< {body} /Length {len(stream)} >>\nstream\n".encode("ascii"))
            self._write(stream)
            self._write(b"\nendstream\n")
        self._write(b"endobj\n")
        return number

    def add_packed(self, data: bytes, body: str = "") -> int:
        """Write a stream, compressed."""
        return self.add(f"{body} /Filter /FlateDecode", zlib.compress(data, 9))

    def add_page(self, size: tuple[float, float], content: bytes, image: int | None = None) -> None:
        """Write a page of so many points with an image and the text layer on it."""
        contents = self.add_packed(content)
        images = "" if image is None else f"/XObject << /Scan {image} 0 R >>"
        width, height = size
        self._pages.append(
            self.add(
                f"<< /Type /Page /Parent {self._tree} 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] "
                f"/Resources << /Font << /{FONT} {self._font} 0 R >> {images} >> /Contents {contents} 0 R >>"
            )
        )

    def finish(self, codes: CharacterCodes) -> None:
        """Write the font, the list of pages, and the end."""
        self._add_font(codes)
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self.add(f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>", number=self._tree)
        self.add(f"<< /Type /Catalog /Pages {self._tree} 0 R >>", number=self._catalog)
        info = self.add(f"<< /Producer <{self._producer.encode('ascii').hex()}> >>")
        start = self._position
        rows = "".join(f"{place:010} 00000 n \n" for place in self._places)
        size = len(self._places) + 1
        self._write(f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode("ascii"))
        trailer = f"<< /Size {size} /Root {self._catalog} 0 R /Info {info} 0 R >>"
        self._write(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode("ascii"))

    def _add_font(self, codes: CharacterCodes) -> None:
        file = self.add_packed(_FONT_FILE, f"/Length1 {len(_FONT_FILE)}")
        # Readers take a descent of nothing for a mistake, and put their own in its place.
        descriptor = self.add(
            f"<< /Type /FontDescriptor /FontName /{_BASE_FONT} /Flags 5 /FontBBox [0 0 {ADVANCE} 1000] /ItalicAngle 0 "
            f"/Ascent 1000 /Descent -1 /CapHeight 1000 /StemV 80 /FontFile2 {file} 0 R >>"
        )
        # Every code is the glyph that has no outlines.
        glyphs = self.add_packed(b"\0\1" * _CODES)
        descendant = self.add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{_BASE_FONT} /DW {ADVANCE} /CIDToGIDMap {glyphs} 0 R "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {descriptor} 0 R >>"
        )
        to_unicode = self.add_packed(codes.to_unicode())
        self.add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{_BASE_FONT} /Encoding /Identity-H "
            f"/DescendantFonts [{descendant} 0 R] /ToUnicode {to_unicode} 0 R >>",
            number=self._font,
        )

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._position += len(data)
