"""PDFs for tests, written byte by byte, since no library draws the odd ones that scanners and offices send."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

A4_POINTS = (595.2, 841.92)


def build_pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of the given objects, numbered from 1; the first is the catalogue."""
    output = io.BytesIO(b"%PDF-1.7\n")
    output.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(output.tell())
        output.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = output.tell()
    output.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        output.write(b"%010d 00000 n \n" % offset)
    output.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n" % (len(objects) + 1, trailer))
    output.write(b"%d\n%%%%EOF\n" % start)
    return output.getvalue()


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(data), data)


@dataclass
class ImagePage:
    """One page that draws one image; every part can be replaced."""

    data: bytes
    width: int
    height: int
    #: Filter, colour space, masks: the part of the image's dictionary that varies.
    dictionary: bytes
    media_box: tuple[float, float, float, float] = (0, 0, *A4_POINTS)
    matrix: tuple[float, float, float, float, float, float] | None = None
    before: bytes = b""
    after: bytes = b""
    page_entries: bytes = b""
    resources: bytes = b""
    #: Objects numbered from 6.
    more_objects: list[bytes] = field(default_factory=list)
    catalog_entries: bytes = b""

    def pdf(self) -> bytes:
        left, bottom, right, top = self.media_box
        matrix = self.matrix or (right - left, 0, 0, top - bottom, left, bottom)
        content = b"%s q %s cm /Im0 Do Q %s" % (self.before, " ".join(f"{v:.6f}" for v in matrix).encode(), self.after)
        box = " ".join(str(v) for v in self.media_box).encode()
        image = b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (self.width, self.height, self.dictionary)
        return build_pdf(
            [
                b"<< /Type /Catalog /Pages 2 0 R %s >>" % self.catalog_entries,
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R "
                b"/Resources << /XObject << /Im0 5 0 R >> %s >> %s >>" % (box, self.resources, self.page_entries),
                stream(b"", content),
                stream(image, self.data),
                *self.more_objects,
            ]
        )


def jpeg_page(pixels: npt.NDArray[np.uint8], quality: int = 90) -> ImagePage:
    """A page of one grey or colour JPEG."""
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "JPEG", quality=quality)
    space = b"/DeviceGray" if pixels.ndim == 2 else b"/DeviceRGB"
    return ImagePage(
        output.getvalue(),
        pixels.shape[1],
        pixels.shape[0],
        b"/Filter /DCTDecode /BitsPerComponent 8 /ColorSpace " + space,
    )


def flate_page(pixels: npt.NDArray[np.uint8]) -> ImagePage:
    """A page of one losslessly compressed grey (2-d) or RGB (3-d) image."""
    space = b"/DeviceGray" if pixels.ndim == 2 else b"/DeviceRGB"
    return ImagePage(
        zlib.compress(pixels.tobytes(), 1),
        pixels.shape[1],
        pixels.shape[0],
        b"/Filter /FlateDecode /BitsPerComponent 8 /ColorSpace " + space,
    )


def fax_page(bilevel: npt.NDArray[np.bool_]) -> ImagePage:
    """A page of one CCITT group 4 image; true is white."""
    output = io.BytesIO()
    height, width = bilevel.shape
    Image.fromarray(bilevel).save(output, "TIFF", compression="group4", strip_size=10**9)
    with Image.open(output) as tiff:
        (offset,), (count,) = tiff.tag_v2[273], tiff.tag_v2[279]
        white_is_zero = tiff.tag_v2[262] == 0
    data = output.getvalue()[offset : offset + count]
    return ImagePage(
        data,
        width,
        height,
        b"/Filter /CCITTFaxDecode /BitsPerComponent 1 /ColorSpace /DeviceGray "
        b"/DecodeParms << /K -1 /Columns %d /Rows %d /BlackIs1 %s >>"
        % (width, height, b"false" if white_is_zero else b"true"),
    )


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def encrypted_pdf(password: str, content: bytes) -> bytes:
    """One page of 72 x 72 points that draws ``content``, encrypted the oldest way: 40-bit RC4."""
    padded = (password.encode("latin-1") + _PADDING)[:32]
    identity = b"0123456789abcdef"
    permissions = -4
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + permissions.to_bytes(4, "little", signed=True) + identity).digest()[:5]
    # Object 4, generation 0.
    object_key = hashlib.md5(key + bytes((4, 0, 0, 0, 0))).digest()[:10]
    user = _rc4(key, _PADDING)
    encryption = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P %d /O <%s> /U <%s> >> /ID [<%s> <%s>]" % (
        permissions,
        *(value.hex().encode() for value in (owner, user, identity, identity)),
    )
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] /Contents 4 0 R >>",
            stream(b"", _rc4(object_key, content)),
        ],
        encryption,
    )


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    output, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        output.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(output)


def blank_pdf(*media_boxes: str) -> bytes:
    """Empty pages of the given media boxes, ``left bottom right top`` in points."""
    kids = " ".join(f"{number} 0 R" for number in range(3, 3 + len(media_boxes)))
    pages = [f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] >>".encode() for box in media_boxes]
    tree = f"<< /Type /Pages /Kids [{kids}] /Count {len(media_boxes)} >>".encode()
    return build_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", tree, *pages])


#: The first object of a document whose second is its page tree.
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def billion_laughs(levels: int) -> bytes:
    """A page that draws a form that draws ten forms that draw ten forms each ..."""
    page = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >>"
    forms = [
        stream(
            b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /X %d 0 R >> >>"
            % (6 + level),
            b"q 0.9 0 0 0.9 1 1 cm /X Do Q " * 10,
        )
        for level in range(levels)
    ]
    last = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 600 800]", b"0 0 m 600 800 l S")
    return build_pdf(
        [CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< %s >>" % page, stream(b"", b"/X Do"), *forms, last]
    )
