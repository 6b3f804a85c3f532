"""Image files become grey pixels: every mode on paper-white, the right way up, square, and no larger than allowed.

Pillow decodes, from bytes and with an allow-list of formats; OpenCV's decoders crash on some malformed files.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from hcr_scan.settings import SourceSettings
from hcr_scan.sources.pages import Raster, SourceError
from hcr_scan.sources.reading import Document, Kind
from hcr_scan.sources.resolution import believed_dpi, estimated_dpi, square_size
from hcr_scan.sources.tiff import page_frames

if TYPE_CHECKING:
    from hcr_scan.images import Gray

_PILLOW_FORMATS: dict[Kind, tuple[str, ...]] = {
    Kind.PNG: ("PNG",),
    Kind.JPEG: ("JPEG", "MPO"),
    Kind.BMP: ("BMP",),
    Kind.WEBP: ("WEBP",),
    Kind.GIF: ("GIF",),
    Kind.PNM: ("PPM",),
    Kind.TIFF: ("TIFF",),
    Kind.HEIC: ("HEIF",),
}
_ANIMATED = (Kind.GIF, Kind.PNG, Kind.WEBP)
_GRAYS = bytes(value for value in range(256) for _ in "RGB")
#: Formats recognised by so few bytes that a text may look like one.
_WEAK_MAGIC = (Kind.BMP, Kind.PNM)

# What it logs about damaged files goes into the failure's message; a run's stderr is for the user.
logging.getLogger("PIL").setLevel(logging.CRITICAL)

#: Rows of deep grey values that are turned into bytes at a time.
STRIP_ROWS = 256

_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PHOTOMETRIC, _STRIPS, _TILES = 262, (273, 279), (324, 325)
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296


def count_image_pages(document: Document, settings: SourceSettings) -> int:
    """How many pages an image file has: those of a TIFF, the frames of what may be an animation, or else one.

    Some programs put pages into a GIF as others do into a TIFF. The further pictures of a photo (MPO, HEIC) are views
    of the same.

    Raises:
        SourceError: it cannot be opened, or is so damaged that its frames cannot be counted.
    """
    if document.kind is Kind.TIFF:
        return len(page_frames(document.data))
    if document.kind not in _ANIMATED:
        return 1
    with opened_image(document, 0, settings.max_pixels) as image:
        try:
            return int(getattr(image, "n_frames", 1))
        except Exception as error:
            raise _cannot_decode(document, error) from error


def load_image(document: Document, index: int, settings: SourceSettings) -> Raster:
    """One page of an image file, ``index`` from 0.

    Raises:
        SourceError: it is damaged, too large, or needs a package that is not installed.
    """

    def decode(image: Image.Image) -> None:
        if document.kind is Kind.JPEG:
            # The decoder's own luma: the page comes out grey without ever being RGB.
            image.draft("L", None)
        decode_image(image, document)

    with opened_image(document, index, settings.max_pixels) as image:
        return upright_raster(image, settings.max_pixels, decode)


def upright_raster(
    image: Image.Image, max_pixels: int, decode: Callable[[Image.Image], object] = Image.Image.load
) -> Raster:
    """The pixels of an opened image, grey, turned and made square as its metadata say.

    Raises:
        SourceError: it is too large. What ``decode`` raises goes through.
    """
    _refuse_too_large(image.width, image.height, max_pixels)
    # These two Pillow turns itself when it decodes them.
    orientation = 1 if image.format in ("TIFF", "HEIF") else exif_orientation(image)
    x_dpi, y_dpi = _stated_resolution(image, orientation)
    white_is_zero = _white_is_zero(image)
    decode(image)
    gray = gray_image(image, white_is_zero)
    if orientation in _TRANSPOSITIONS:
        gray = gray.transpose(_TRANSPOSITIONS[orientation])
    width, height, x_dpi, y_dpi = square_size(gray.width, gray.height, x_dpi, y_dpi)
    if (width, height) != gray.size:
        _refuse_too_large(width, height, max_pixels)
        gray = gray.resize((width, height), Image.Resampling.BICUBIC)
    dpi = believed_dpi(x_dpi, y_dpi, width, height)
    return Raster(np.array(gray), dpi or estimated_dpi(width, height), dpi is not None)


def decode_gray_jpeg(data: bytes, size: tuple[int, int], max_pixels: int) -> Gray | None:
    """A grey or YCbCr/RGB JPEG's luma as stored (no EXIF turn); ``None`` if it is of another kind or size."""
    with _pixel_limit(max_pixels), Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        if image.size != size or image.mode not in ("L", "RGB"):
            return None
        image.draft("L", None)
        image.load()
        return np.array(image.convert("L"))


def gray_image(image: Image.Image, white_is_zero: bool = False) -> Image.Image:
    """The image's luminance on white paper, mode L."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image), white_is_zero))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.has_transparency_data:
        with_alpha = image.convert("LA")
        paper = Image.new("L", image.size, 255)
        paper.paste(with_alpha.getchannel("L"), mask=with_alpha.getchannel("A"))
        return paper
    return image if image.mode == "L" else image.convert("L")


def _eight_bits(values: npt.NDArray[Any], white_is_zero: bool) -> Gray:
    """Deep grey values; the smallest usual range that holds them (8, 12, 16 or 32 bits; 0-1) becomes 0-255."""
    # Some rows at a time: in double precision a large page would take more memory than a worker has.
    strips = [slice(top, top + STRIP_ROWS) for top in range(0, len(values), STRIP_ROWS)]
    highest = max((float(_finite(values[strip]).max(initial=0)) for strip in strips), default=0.0)
    full = next((scale for scale in (255.0, 4095.0, 65535.0) if highest <= scale), float(2**31 - 1))
    if values.dtype.kind == "f" and highest <= 1.0:
        full = 1.0
    gray = np.empty(values.shape, np.uint8)
    for strip in strips:
        if full == 65535.0 and values.dtype.kind == "u":
            gray[strip] = values[strip] >> 8
        else:
            gray[strip] = np.clip(_finite(values[strip]) * (255.0 / full), 0, 255)
    return 255 - gray if white_is_zero else gray


def _finite(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) if values.dtype.kind == "f" else values


@contextmanager
def opened_image(document: Document, index: int, max_pixels: int) -> Iterator[Image.Image]:
    """The image, at the page's frame, which is not decoded yet."""
    if document.kind is Kind.HEIC:
        _register_heic()
    frame = page_frames(document.data)[index] if document.kind is Kind.TIFF else index
    with _pixel_limit(max_pixels):
        try:
            image = Image.open(io.BytesIO(document.data), formats=_PILLOW_FORMATS[document.kind])
            if frame:
                _go_to_frame(image, document.kind, frame, max_pixels)
        except (MemoryError, SourceError):
            raise
        except Exception as error:
            raise _cannot_decode(document, error) from error
        with image:
            yield image


def _go_to_frame(image: Image.Image, kind: Kind, frame: int, max_pixels: int) -> None:
    if kind in _ANIMATED:
        # A frame changes those before it, which are decoded for it.
        _refuse_too_large(image.width, image.height, max_pixels)
    if kind is Kind.GIF:
        image.load()
        if image.mode == "L":
            # Pillow reads a frame in colors after one in grey as if its colors were greys.
            image.putpalette(_GRAYS)
    image.seek(frame)


@contextmanager
def _pixel_limit(max_pixels: int) -> Iterator[None]:
    """Lift Pillow's own limit where the user allows more; ours is checked before anything is decoded."""
    before = Image.MAX_IMAGE_PIXELS
    if before is not None and max_pixels > before:
        Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _register_heic() -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise SourceError("missing_dependency", "is HEIC; to read it: pip install 'hcr-scan[heic]'") from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _refuse_too_large(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise SourceError(
            "too_large",
            f"has {width:,} x {height:,} pixels and the limit is {max_pixels:,}; "
            "scan at a lower resolution or raise --max-pixels",
        )


def decode_image(image: Image.Image, document: Document) -> None:
    if document.kind is Kind.TIFF and _is_cut_off(image, len(document.data)):
        raise _truncated()
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise _cannot_decode(document, error) from error


def _is_cut_off(image: Image.Image, file_size: int) -> bool:
    """Whether strips or tiles lie beyond the end of the file; libtiff would say only that it failed."""
    tags = getattr(image, "tag_v2", {})
    for offsets_tag, counts_tag in (_STRIPS, _TILES):
        offsets, counts = tags.get(offsets_tag, ()), tags.get(counts_tag, ())
        if not isinstance(offsets, tuple) or not isinstance(counts, tuple):
            offsets, counts = (offsets,), (counts,)
        if any(o + c > file_size for o, c in zip(offsets, counts, strict=False) if isinstance(o, int)):
            return True
    return False


def _truncated() -> SourceError:
    return SourceError("truncated", "is cut off; scan or copy it again")


def _cannot_decode(document: Document, error: Exception) -> SourceError:
    if isinstance(error, Image.DecompressionBombError):
        return SourceError("too_large", "has more pixels than allowed; raise --max-pixels or scan it smaller")
    if "truncated" in str(error).lower() or _is_short_webp(document):
        return _truncated()
    if isinstance(error, UnidentifiedImageError) and document.kind in _WEAK_MAGIC:
        return SourceError("not_an_image", "is neither an image nor a PDF; leave it out")
    return SourceError(
        "damaged",
        f"is damaged or an unusual kind of {document.kind} ({_reason(error)}); save it again as PNG or scan it again",
    )


def _reason(error: Exception) -> str:
    # Pillow's text holds the address of the buffer, which differs from run to run.
    return (
        "it cannot be identified" if isinstance(error, UnidentifiedImageError) else f"{error}" or type(error).__name__
    )


def _is_short_webp(document: Document) -> bool:
    return document.kind is Kind.WEBP and int.from_bytes(document.data[4:8], "little") + 8 > len(document.data)


def exif_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged metadata must not cost the page; Pillow raises half a dozen kinds here
        return 1


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a deep grey TIFF has to be inverted by us: Pillow does it for 8 bits and fewer only."""
    return bool(getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0)


def _stated_resolution(image: Image.Image, orientation: int) -> tuple[float, float]:
    """Dots per inch across and down the upright image as the metadata has it; zeros where it has none."""
    try:
        across, down = (float(v) for v in image.info.get("dpi") or _exif_resolution(image))
        if image.format == "TIFF":
            orientation = int(getattr(image, "tag_v2", {}).get(_ORIENTATION, 1))
    except Exception:  # as above: any damage in metadata means that it says nothing
        return 0.0, 0.0
    return (down, across) if orientation >= 5 else (across, down)


def _exif_resolution(image: Image.Image) -> tuple[float, float]:
    exif = image.getexif()
    factor = 2.54 if exif.get(_RESOLUTION_UNIT) == 3 else 1.0
    return float(exif.get(_X_RESOLUTION, 0)) * factor, float(exif.get(_Y_RESOLUTION, 0)) * factor
