"""A page's image in a coding that a PDF can hold, as it is in its file where that is possible. For workers."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hcr_scan.document import PageFailure
from hcr_scan.settings import SourceSettings
from hcr_scan.sources.loading import load_page
from hcr_scan.sources.pages import PageRef
from hcr_scan.sources.reading import Document, Kind, read_document

if TYPE_CHECKING:
    from PIL import Image

_ORIENTATION, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _ROWS_PER_STRIP, _STRIPS, _STRIP_SIZES = (
    274, 259, 262, 266, 278, 273, 279,
)  # fmt: skip
_GROUP_4 = 4
#: What an image lies turned by, clockwise in degrees, by its orientation tag; mirrored ones are not passed through.
_TURNS = {1: 0, 6: 90, 3: 180, 8: 270}
#: Formats that lose detail anyway, so that JPEG of this quality may take their place.
_LOSSY = (Kind.JPEG, Kind.WEBP, Kind.HEIC)
_QUALITY = 92
#: PNG's color types without alpha or palette, and how many colors they have.
_PNG_COLORS = {0: 1, 2: 3}


class Coding(StrEnum):
    """How the bytes of a picture are coded."""

    JPEG = "jpeg"
    GROUP_4 = "group4"
    PNG = "png"


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as stored, ``turn`` degrees clockwise from upright as far as the file says."""

    coding: Coding
    width: int
    height: int
    colors: int
    bits: int
    data: bytes
    turn: int = 0
    black_is_one: bool = False


@dataclass(frozen=True, slots=True)
class PictureTask:
    """A page whose image is wanted."""

    ref: PageRef
    source: SourceSettings


def page_picture(task: PictureTask) -> Picture | PageFailure:
    """The image of a page; of a PDF's page, a drawing. ``PageFailure`` where it cannot be had."""
    try:
        document = read_document(task.ref.path, task.source.max_file_size)
        if document.sha256 == task.ref.sha256 and document.kind is not Kind.PDF:
            return _picture(document, task)
    except Exception:  # noqa: S110 - what load_page says of it is for people
        pass
    image = load_page(task.ref, task.source)
    if isinstance(image, PageFailure):
        return image
    from PIL import Image

    return _as_png(Image.fromarray(image.pixels))


def _picture(document: Document, task: PictureTask) -> Picture:
    from hcr_scan.sources.raster import decode_image, exif_orientation, opened_image

    with opened_image(document, task.ref.index, task.source.max_pixels) as image:
        if image.width * image.height > task.source.max_pixels:
            raise ValueError("larger than allowed")
        if document.kind is Kind.TIFF:
            passed = _group_4(image, document.data)
        elif document.kind is Kind.JPEG:
            passed = _jpeg(image, document.data, exif_orientation(image))
        else:
            passed = _png(document.data) if document.kind is Kind.PNG and exif_orientation(image) == 1 else None
        if passed is not None:
            return passed
        decode_image(image, document)
        return _coded(_upright(image, document.kind), lossy=document.kind in _LOSSY)


def _upright(image: Image.Image, kind: Kind) -> Image.Image:
    """The pixels the right way up as far as the file says; Pillow turns TIFFs and HEICs itself."""
    if kind in (Kind.TIFF, Kind.HEIC):
        return image
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _coded(image: Image.Image, *, lossy: bool) -> Picture:
    """An image of any mode on white paper: black and white as G4, all else in gray or color."""
    from PIL import Image

    from hcr_scan.sources.raster import gray_image

    if image.mode == "1":
        return _as_group_4(image)
    if image.mode in ("I", "F", "LA", "La") or image.mode.startswith("I;16"):
        image = gray_image(image)
    elif image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(with_alpha, mask=with_alpha.getchannel("A"))
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    return _as_jpeg(image) if lossy else _as_png(image)


def _as_jpeg(image: Image.Image) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return Picture(Coding.JPEG, image.width, image.height, len(image.getbands()), 8, buffer.getvalue())


def _as_png(image: Image.Image) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    picture = _png(buffer.getvalue())
    assert picture is not None
    return picture


def _as_group_4(image: Image.Image) -> Picture:
    from PIL import Image

    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: image.height})
    data = buffer.getvalue()
    with Image.open(io.BytesIO(data), formats=("TIFF",)) as saved:
        picture = _group_4(saved, data)
    # A version of libtiff that makes several strips of it all the same: PNG holds it as well.
    return picture or _as_png(image.convert("L"))


def _jpeg(image: Image.Image, data: bytes, orientation: int) -> Picture | None:
    """A gray or color JPEG as it is."""
    if image.mode not in ("L", "RGB") or orientation not in _TURNS:
        return None
    colors = len(image.getbands())
    return Picture(Coding.JPEG, image.width, image.height, colors, 8, data, _TURNS[orientation])


def _group_4(image: Any, data: bytes) -> Picture | None:
    """The one strip of a fax as it is."""
    tags = image.tag_v2
    starts, sizes = tags.get(_STRIPS, ()), tags.get(_STRIP_SIZES, ())
    if image.mode != "1" or tags.get(_COMPRESSION) != _GROUP_4 or tags.get(_FILL_ORDER, 1) != 1:
        return None
    if len(starts) != 1 or len(sizes) != 1 or tags.get(_ORIENTATION, 1) != 1:
        return None
    strip = data[starts[0] : starts[0] + sizes[0]]
    if len(strip) != sizes[0]:
        return None
    black_is_one = tags.get(_PHOTOMETRIC) == 1
    return Picture(Coding.GROUP_4, image.width, image.height, 1, 1, strip, black_is_one=black_is_one)


def _png(data: bytes) -> Picture | None:
    """The compressed rows of a PNG in gray or color, without transparency, as they are: a PDF unpacks them alike."""
    position, rows, head = 8, [], b""
    while position + 12 <= len(data):
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        chunk = data[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            head = chunk
        elif kind == b"IDAT":
            rows.append(chunk)
        elif kind in (b"tRNS", b"PLTE"):
            return None
        position += 12 + length
    if len(head) != 13 or head[8] > 8 or head[9] not in _PNG_COLORS or head[12] != 0:
        return None
    width, height = (int.from_bytes(head[start : start + 4], "big") for start in (0, 4))
    return Picture(Coding.PNG, width, height, _PNG_COLORS[head[9]], head[8], b"".join(rows))
