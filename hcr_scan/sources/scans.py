"""A PDF page that is one full-page image - what scanners write - read from the image itself.

No resampling, so thin strokes stay as scanned, and several times faster than drawing the page. Whatever is not
certainly such a page is left to the renderer: ``None`` is always a safe answer here.
"""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from hcr_scan.sources.pages import Raster, SourceError
from hcr_scan.sources.raster import decode_gray_jpeg, gray_image
from hcr_scan.sources.resolution import HIGHEST_DPI, LOWEST_DPI, MOST_OBLONG, square_size

if TYPE_CHECKING:
    from hcr_scan.images import Gray

#: How much of the page's width or height the image may leave bare on each side and still be the page.
_BARE_MARGIN = 0.015
#: Sine of the largest tilt at which an image still counts as upright: half a pixel across a page of 2,500.
_UPRIGHT = 0.0002

#: What makes the image's own pixels differ from what the page shows: masks, and layers that may be switched off.
#: A ``#`` may hide any of these names.
_MASKED = re.compile(rb"/SMask|/Mask\b|/ImageMask(?!\s+false)|/OC\b|/Alternates|#")
#: What pdfium knows about a JPEG and Pillow would not.
_REMAPPED = re.compile(rb"/Decode\b|/ColorTransform")
#: Streams that may begin as the image's does: in an honest file at most all of its pages.
_MOST_CANDIDATES = 100_000
_OBJECT_START = re.compile(rb"\d\s+\d+\s+obj\b")

_PLAIN_COLORSPACES = frozenset(
    (
        pdfium_c.FPDF_COLORSPACE_DEVICEGRAY,
        pdfium_c.FPDF_COLORSPACE_DEVICERGB,
        pdfium_c.FPDF_COLORSPACE_CALGRAY,
        pdfium_c.FPDF_COLORSPACE_CALRGB,
        pdfium_c.FPDF_COLORSPACE_ICCBASED,
    )
)
_HARMLESS_ANNOTATIONS = frozenset((pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP))


def embedded_scan(page: Any, file_data: bytes, max_pixels: int) -> Raster | None:
    """The page's pixels and resolution if it is exactly one upright image, else ``None``.

    ``page`` is of pypdfium2. The image's dictionary is looked up in the bytes of the file, not encrypted, since pdfium
    does not tell about masks.

    Raises:
        SourceError: the image is cut off. pdfium would fill in grey what is missing and say nothing.
    """
    image = _sole_image(page)
    if image is None or _has_annotations(page):
        return None
    placed = _placement(image, page)
    if placed is None:
        return None
    width, height = image.get_px_size()
    x_dpi, y_dpi = width * 72 / placed.width, height * 72 / placed.height
    if width * height > max_pixels or not _plausible(x_dpi, y_dpi):
        return None
    stream = bytes(image.get_data())
    dictionary = _dictionary(stream, file_data)
    if dictionary is None or _MASKED.search(dictionary):
        return None
    plain = image.get_metadata().colorspace in _PLAIN_COLORSPACES and not _REMAPPED.search(dictionary)
    pixels = None
    if plain and image.get_filters() == ["DCTDecode"]:
        pixels = _decoded_jpeg(stream, (width, height), max_pixels)
    if pixels is None:
        pixels = _through_pdfium(image, (width, height))
    if pixels is None:
        return None
    return _upright(placed.cropped(pixels), placed, x_dpi, y_dpi, max_pixels)


def read_area(page: Any) -> tuple[float, float, float, float]:
    """Left, bottom, right and top, in the points of the page, of what its pixels were read from: the scan, or all."""
    left, bottom, right, top = page.get_bbox()
    image = _sole_image(page)
    if image is None or _has_annotations(page) or _placement(image, page) is None:
        return left, bottom, right, top
    matrix = image.get_matrix()
    xs = sorted((matrix.e, matrix.e + matrix.a + matrix.c))
    ys = sorted((matrix.f, matrix.f + matrix.b + matrix.d))
    return max(left, xs[0]), max(bottom, ys[0]), min(right, xs[1]), min(top, ys[1])


def _plausible(x_dpi: float, y_dpi: float) -> bool:
    low, high = sorted((x_dpi, y_dpi))
    return low >= LOWEST_DPI and high <= 2 * HIGHEST_DPI and high / low <= MOST_OBLONG


def _sole_image(page: Any) -> Any | None:
    """The page's only visible object, if that is an opaque image; text that OCR hid on the page does not count."""
    found = None
    for item in page.get_objects():
        if item.type == pdfium_c.FPDF_PAGEOBJ_FORM:
            continue  # a container: what it holds comes next
        if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            if pdfium_c.FPDFTextObj_GetTextRenderMode(item) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
                return None
        elif item.type != pdfium_c.FPDF_PAGEOBJ_IMAGE or item.level > 0 or found is not None:
            return None
        else:
            found = item
    if found is None or pdfium_c.FPDFPageObj_HasTransparency(found) or _is_optional(found):
        return None
    return found


def _is_optional(image: Any) -> bool:
    """Whether the image belongs to a layer, which may be switched off."""
    return any(
        _mark_name(pdfium_c.FPDFPageObj_GetMark(image, index)) == "OC"
        for index in range(pdfium_c.FPDFPageObj_CountMarks(image))
    )


def _mark_name(mark: Any) -> str:
    used = ctypes.c_ulong()
    buffer = ctypes.create_string_buffer(64)
    fits = pdfium_c.FPDFPageObjMark_GetName(
        mark, ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), len(buffer), used
    )
    return buffer.raw[: used.value].decode("utf-16-le", "replace").rstrip("\0") if fits else ""


def _has_annotations(page: Any) -> bool:
    """Whether anything is drawn over the page: stamps, notes, filled form fields."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            return True
        subtype = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if subtype not in _HARMLESS_ANNOTATIONS:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Placement:
    """How the image lies on the upright page.

    ``across`` and ``down`` are the directions on the upright page, (right, down), in which the image's rows and columns
    run; ``width`` and ``height`` are the image's extent in points, along its own axes; the margins are the fractions of
    the image to cut off at its own left, top, right and bottom because the page does not show them.
    """

    across: tuple[int, int]
    down: tuple[int, int]
    width: float
    height: float
    margins: tuple[float, float, float, float]

    def cropped(self, pixels: Gray) -> Gray:
        height, width = pixels.shape
        left, top, right, bottom = self.margins
        return pixels[
            round(top * height) : height - round(bottom * height), round(left * width) : width - round(right * width)
        ]


def _placement(image: Any, page: Any) -> _Placement | None:
    """Where the image lies, or ``None`` if it is tilted, clipped, or does not cover the page."""
    matrix = image.get_matrix()
    a, b, c, d, e, f = (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)
    width, height = math.hypot(a, b), math.hypot(c, d)
    if not (width > 0 and height > 0 and math.isfinite(width + height + e + f)):
        return None
    u, v = (a / width, b / width), (c / height, d / height)
    if any(_UPRIGHT < abs(x) < 1 - _UPRIGHT for x in (*u, *v)) or abs(u[0] * v[0] + u[1] * v[1]) > 0.5:
        return None
    page_box = page.get_bbox()
    if not _clips_nothing(image, page_box):
        return None
    margins = _margins((e, f), (u, v), (width, height), page_box)
    if margins is None:
        return None
    across, down = (round(u[0]), -round(u[1])), (-round(v[0]), round(v[1]))
    for _ in range(page.get_rotation() // 90):
        across, down = (-across[1], across[0]), (-down[1], down[0])
    return _Placement(across, down, width, height, margins)


def _margins(
    corner: tuple[float, float],
    axes: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
    page_box: tuple[float, float, float, float],
) -> tuple[float, float, float, float] | None:
    """Fractions of the image beyond the page at its left, top, right, bottom; ``None`` if it leaves the page bare."""
    beyond: list[tuple[float, float]] = []
    for axis, extent in zip(axes, size, strict=True):
        vertical = abs(axis[1]) > abs(axis[0])
        sign = axis[1] if vertical else axis[0]
        low, high = (page_box[1], page_box[3]) if vertical else (page_box[0], page_box[2])
        start = corner[1] if vertical else corner[0]
        near, far = ((low - start), (start + extent - high)) if sign > 0 else ((start - high), (low - (start - extent)))
        bare = _BARE_MARGIN * (high - low)
        if high <= low or near < -bare or far < -bare or near + far >= extent:
            return None
        beyond.append((max(near, 0.0) / extent, max(far, 0.0) / extent))
    (left, right), (bottom, top) = beyond
    return left, top, right, bottom


def _clips_nothing(image: Any, page_box: tuple[float, float, float, float]) -> bool:
    """Whether every clip on the image is a rectangle around the whole page."""
    clip = pdfium_c.FPDFPageObj_GetClipPath(image)
    count = pdfium_c.FPDFClipPath_CountPaths(clip) if clip else 0
    return all(_is_page_rectangle(clip, index, page_box) for index in range(max(count, 0)))


def _is_page_rectangle(clip: Any, index: int, page_box: tuple[float, float, float, float]) -> bool:
    points: list[tuple[float, float]] = []
    for number in range(pdfium_c.FPDFClipPath_CountPathSegments(clip, index)):
        segment = pdfium_c.FPDFClipPath_GetPathSegment(clip, index, number)
        x, y = ctypes.c_float(), ctypes.c_float()
        if pdfium_c.FPDFPathSegment_GetType(segment) == pdfium_c.FPDF_SEGMENT_BEZIERTO or number > 5:
            return False
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        points.append((x.value, y.value))
    if len(points) < 4:
        return False
    left, bottom = min(x for x, _ in points), min(y for _, y in points)
    right, top = max(x for x, _ in points), max(y for _, y in points)
    if any(x not in (left, right) or y not in (bottom, top) for x, y in points):
        return False
    slack_x = _BARE_MARGIN * (page_box[2] - page_box[0])
    slack_y = _BARE_MARGIN * (page_box[3] - page_box[1])
    return (
        left <= page_box[0] + slack_x
        and bottom <= page_box[1] + slack_y
        and right >= page_box[2] - slack_x
        and top >= page_box[3] - slack_y
    )


def _dictionary(stream: bytes, file_data: bytes) -> bytes | None:
    """The text of the image's dictionary, found in the file before its stream; ``None`` for inline images.

    A stream's dictionary is always plain text in the file, never in a compressed object. Where several images have the
    same bytes, their dictionaries are joined: what any of them says counts.
    """
    found: set[bytes] = set()
    for line_end in (b"\n", b"\r\n", b"\r"):
        opening = b"stream" + line_end
        beginning = opening + stream[:32]
        position = -1
        for _ in range(_MOST_CANDIDATES):
            position = file_data.find(beginning, position + 1)
            if position < 0:
                break
            if file_data.startswith(stream, position + len(opening)):
                found.add(_dictionary_before(file_data, position))
        else:
            return None
    return None if b"" in found else b"\n".join(sorted(found)) or None


def _dictionary_before(file_data: bytes, stream_keyword: int) -> bytes:
    """What lies between the object's number and its stream; nothing where no object begins."""
    for length in (1024, 65536):
        text = file_data[max(0, stream_keyword - length) : stream_keyword]
        starts = list(_OBJECT_START.finditer(text))
        if starts:
            return text[starts[-1].end() :]
    return b""


def _decoded_jpeg(stream: bytes, size: tuple[int, int], max_pixels: int) -> Gray | None:
    try:
        return decode_gray_jpeg(stream, size, max_pixels)
    except OSError as error:
        if "truncated" in str(error):
            raise SourceError("truncated", "has a scan that is cut off; scan it again") from error
        return None


def _through_pdfium(image: Any, size: tuple[int, int]) -> Gray | None:
    # A colour space that pdfium cannot name is a stencil, which has no colours of its own.
    if image.get_metadata().colorspace == pdfium_c.FPDF_COLORSPACE_UNKNOWN:
        return None
    try:
        bitmap = image.get_bitmap()
    except pdfium.PdfiumError:
        return None
    if (bitmap.width, bitmap.height) != size:
        return None
    if bitmap.n_channels == 1:
        return np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)
    if bitmap.mode not in ("BGR", "BGRX"):
        return None
    colored = Image.frombuffer("RGB", size, bitmap.buffer, "raw", bitmap.mode, bitmap.stride, 1)
    return np.array(gray_image(colored))


def _upright(pixels: Gray, placed: _Placement, x_dpi: float, y_dpi: float, max_pixels: int) -> Raster | None:
    """Turned as the page is shown, with square pixels."""
    across, down = placed.across, placed.down
    if across[0] == 0:
        # Rows run along the page's height: swap the axes, and what the directions say with them.
        pixels, x_dpi, y_dpi = pixels.T, y_dpi, x_dpi
        across, down = down, across
    if across[0] < 0:
        pixels = pixels[:, ::-1]
    if down[1] < 0:
        pixels = pixels[::-1]
    height, width = pixels.shape
    new_width, new_height, x_dpi, y_dpi = square_size(width, height, x_dpi, y_dpi)
    if new_width * new_height > max_pixels:
        return None
    pixels = np.ascontiguousarray(pixels)
    if (new_width, new_height) != (width, height):
        pixels = np.array(Image.fromarray(pixels).resize((new_width, new_height), Image.Resampling.BICUBIC))
    return Raster(pixels, round(math.sqrt(x_dpi * y_dpi)), True)
