"""Image files: every format, mode and orientation gives the grey page a person sees."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from hcr_scan.document import PageFailure
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import count_pages, load_page
from tests.source_reading import SETTINGS, read_failure, read_page, read_pages, small_page
from tests.tiff_writer import build_tiff

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def gray() -> Pixels:
    return small_page()


@pytest.fixture(scope="module")
def color(gray: Pixels) -> Image.Image:
    """The same in blue ink on cream paper."""
    rgb = np.stack([gray, gray, np.maximum(gray, 150)], axis=2)
    rgb[gray == 255] = (250, 240, 210)
    return Image.fromarray(rgb)


LOSSLESS = ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP"]


@pytest.mark.parametrize("file_format", LOSSLESS)
def test_lossless_formats_are_exact(tmp_path: Path, gray: Pixels, file_format: str) -> None:
    path = tmp_path / "page.bin"  # the suffix says nothing
    Image.fromarray(gray).save(path, file_format, **({"lossless": True} if file_format == "WEBP" else {}))
    assert (read_page(path).pixels == gray).all()


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_colour_becomes_luma(tmp_path: Path, color: Image.Image, file_format: str) -> None:
    path = tmp_path / "page"
    color.save(path, file_format, **({"lossless": True} if file_format == "WEBP" else {}))
    assert (read_page(path).pixels == np.asarray(color.convert("L"))).all()


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_grey_within_rounding(
    tmp_path: Path, color: Image.Image, subsampling: int, progressive: bool
) -> None:
    path = tmp_path / "page.jpg"
    color.save(path, quality=95, subsampling=subsampling, progressive=progressive)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("L")).astype(int)
    # The stored luma, where converting through RGB first rounds and clips.
    assert np.abs(read_page(path).pixels - expected).mean() < 1
    assert np.abs(read_page(path).pixels - np.asarray(color.convert("L")).astype(int)).mean() < 5


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGB"])
def test_png_modes(tmp_path: Path, gray: Pixels, mode: str) -> None:
    source = Image.fromarray(np.where(gray > 128, 255, 0).astype(np.uint8) if mode == "1" else gray)
    path = tmp_path / "page.png"
    source.convert(mode).save(path)
    assert (read_page(path).pixels == np.asarray(source)).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_alpha_lies_on_white_paper(tmp_path: Path, gray: Pixels, mode: str, file_format: str) -> None:
    # Ink is in the alpha alone: what is transparent is black underneath, as drawing programs save it.
    alpha = Image.fromarray(255 - gray)
    image = Image.merge("LA", (Image.new("L", alpha.size, 0), alpha)).convert(mode)
    path = tmp_path / "page"
    image.save(path, file_format, **({"lossless": True, "exact": True} if file_format == "WEBP" else {}))
    assert np.abs(read_page(path).pixels.astype(int) - gray).max() <= 1


def test_a_transparent_palette_lies_on_white_paper(tmp_path: Path) -> None:
    image = Image.new("P", (20, 10), 0)
    image.putpalette([0, 0, 0, 0, 0, 0, 255, 0, 0])
    image.paste(1, (5, 0, 10, 10))
    image.paste(2, (10, 0, 15, 10))
    path = tmp_path / "page.png"
    image.save(path, transparency=bytes((0, 255, 128)))
    assert read_page(path).pixels[5, [2, 7, 12]].tolist() == [255, 0, 165]


def test_a_transparent_grey_lies_on_white_paper(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("L", (20, 10), 7).save(path, transparency=7)
    assert (read_page(path).pixels == 255).all()


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, gray: Pixels, file_format: str) -> None:
    path = tmp_path / "page"
    Image.fromarray(gray.astype(np.uint16) * 257).save(path, file_format)
    assert (read_page(path).pixels == gray).all()


def test_sixteen_bit_colour_and_big_endian_and_pgm(tmp_path: Path, gray: Pixels) -> None:
    deep = gray.astype(np.uint16) * 257
    path = tmp_path / "page.pgm"
    path.write_bytes(b"P5 60 90 65535\n" + deep.astype(">u2").tobytes())
    assert (read_page(path).pixels == gray).all()
    path = tmp_path / "page.tif"
    path.write_bytes(build_tiff([(deep.astype(">u2").tobytes(), 60, 90, 16, 1, {})], order=">"))
    assert (read_page(path).pixels == gray).all()


def test_twelve_bits_in_sixteen_are_not_black(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "page.png"
    Image.fromarray(gray.astype(np.uint16) * 16).save(path)
    assert np.abs(read_page(path).pixels.astype(int) - gray).max() <= 1


@pytest.mark.parametrize("scale", [1.0, 1 / 255, 257.0])
def test_floating_point_pages(tmp_path: Path, gray: Pixels, scale: float) -> None:
    values = gray.astype(np.float32) * scale
    path = tmp_path / "page.tif"
    Image.fromarray(values).save(path)
    assert np.abs(read_page(path).pixels.astype(int) - gray).max() <= 1
    values[0, 0] = np.nan
    Image.fromarray(values).save(path)
    assert np.abs(read_page(path).pixels.astype(int) - gray)[1:].max() <= 1


@pytest.mark.parametrize("highest", [255, 65535, 2**31 - 1])
def test_thirty_two_bit_pages(tmp_path: Path, gray: Pixels, highest: int) -> None:
    path = tmp_path / "page.tif"
    Image.fromarray((gray / 255 * highest).astype(np.int32)).save(path)
    assert np.abs(read_page(path).pixels.astype(int) - gray).max() <= 1


def test_cmyk(tmp_path: Path) -> None:
    ink = np.zeros((40, 60, 4), np.uint8)
    ink[10:30, 10:30, 3] = 255
    ink[10:30, 40:50, :3] = 255
    image = Image.fromarray(ink, "CMYK")
    for name in ("page.tif", "page.jpg"):  # Pillow writes CMYK JPEGs as Photoshop does, inverted
        image.save(tmp_path / name, quality=95)
        pixels = read_page(tmp_path / name).pixels
        assert pixels[20, 20] < 10, name
        assert pixels[20, 45] < 10, name
        assert pixels[35, 5] > 245, name


def test_lab_is_its_lightness(tmp_path: Path, gray: Pixels) -> None:
    neutral = Image.new("L", (60, 90), 128)
    path = tmp_path / "page.tif"
    Image.merge("LAB", (Image.fromarray(gray), neutral, neutral)).save(path)
    assert (read_page(path).pixels == gray).all()


ORIENTATIONS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.T,
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].T,
    8: lambda p: np.rot90(p, 1),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_exif_orientation_is_honoured_once(tmp_path: Path, gray: Pixels, file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "page"
    options = {"PNG": {}, "JPEG": {"quality": 100}, "WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}}
    Image.fromarray(gray).save(path, file_format, exif=exif, **options[file_format])
    expected = ORIENTATIONS[orientation](gray)
    pixels = read_page(path).pixels
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 1
    assert pixels.flags.c_contiguous


def test_a_damaged_exif_block_does_not_cost_the_page(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "page.jpg"
    Image.fromarray(gray).save(path, quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage")
    assert read_page(path).pixels.shape == gray.shape


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_the_frames_of_an_animation_are_pages(tmp_path: Path, gray: Pixels, file_format: str) -> None:
    frames = [gray, np.fliplr(gray), np.flipud(gray)]
    path = tmp_path / "page"
    first, *rest = [Image.fromarray(frame) for frame in frames]
    first.save(path, file_format, save_all=True, append_images=rest, lossless=True)
    pages = list(read_pages(path))
    assert [(page.ref.index, page.ref.pages) for page in pages] == [(0, 3), (1, 3), (2, 3)]
    for page, frame in zip(pages, frames, strict=True):
        assert np.abs(page.pixels.astype(int) - frame).max() <= 1


def test_a_gif_may_go_on_in_colors_after_a_grey_frame(tmp_path: Path, gray: Pixels) -> None:
    ramp = np.arange(256, dtype=np.uint8).repeat(24).reshape(64, 96)
    path = tmp_path / "page.gif"
    few = Image.fromarray(np.where(np.eye(64, 96, dtype=bool), 9, 200).astype(np.uint8))
    Image.fromarray(ramp).save(path, save_all=True, append_images=[few.convert("P", palette=Image.Palette.ADAPTIVE)])
    with Image.open(path) as saved:
        assert saved.mode == "L"
    first, second = read_pages(path)
    assert (first.pixels == ramp).all()
    assert np.abs(second.pixels.astype(int) - np.asarray(few)).max() <= 1


def test_frames_too_large_are_not_decoded_on_the_way_to_another(tmp_path: Path) -> None:
    path = tmp_path / "page.gif"
    first, *rest = [Image.new("L", (1000, 1000), tone) for tone in (0, 99, 255)]
    first.save(path, save_all=True, append_images=rest)
    refs = count_pages(str(path), SETTINGS)
    assert isinstance(refs, tuple)
    failed = load_page(refs[-1], SourceSettings(max_pixels=999_999))
    assert isinstance(failed, PageFailure)
    assert (failed.stage, failed.error) == ("decode", "too_large")


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_an_animation_that_is_cut_off_says_so(tmp_path: Path, gray: Pixels, file_format: str, kept: float) -> None:
    path = tmp_path / "page"
    first, *rest = [Image.fromarray(frame) for frame in (gray, np.fliplr(gray), np.flipud(gray))]
    first.save(path, file_format, save_all=True, append_images=rest, lossless=True)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    refs = count_pages(str(path), SETTINGS)
    ends = [refs] if isinstance(refs, PageFailure) else [load_page(ref, SETTINGS) for ref in refs]
    assert any(isinstance(end, PageFailure) and end.error in ("truncated", "damaged") for end in ends)


def test_a_stereo_photo_shows_its_first_picture(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "page.mpo"
    Image.fromarray(gray).save(path, save_all=True, append_images=[Image.fromarray(255 - gray)], quality=100)
    assert np.abs(read_page(path).pixels.astype(int) - gray).mean() < 1


def test_heic_without_its_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    failed = read_failure(path)
    assert failed.error == "missing_dependency"
    assert "pip install 'hcr-scan[heic]'" in failed.message


def test_heic(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pixels = np.full((128, 96), 255, np.uint8)
    pixels[10:40, 10:30] = 0
    path = tmp_path / "photo"
    pillow_heif.from_pillow(Image.fromarray(pixels).convert("RGB")).save(path, quality=95)
    found = read_page(path).pixels
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}), ("JPEG", {"quality": 90}), ("BMP", {}), ("GIF", {}), ("WEBP", {"lossless": True}),
        ("TIFF", {}), ("TIFF", {"compression": "group4"}), ("TIFF", {"compression": "tiff_lzw"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, file_format: str, options: dict[str, object], kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 150), dtype=np.uint8)
    image = Image.fromarray(noise > 128) if options.get("compression") == "group4" else Image.fromarray(noise)
    path = tmp_path / "page"
    image.save(path, file_format, **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert read_failure(path).error == "truncated"


def test_the_pixel_limit_is_checked_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("1", (1000, 1000)).save(path)
    assert read_page(path, SourceSettings(max_pixels=1_000_000)).pixels.shape == (1000, 1000)
    failed = read_failure(path, SourceSettings(max_pixels=999_999))
    assert (failed.stage, failed.error) == ("decode", "too_large")
    assert "1,000 x 1,000" in failed.message
    # A header that promises more than any limit, and no data to decode.
    header = path.read_bytes()[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1)
    path.write_bytes(header + path.read_bytes()[24:])
    assert read_failure(path).error in ("too_large", "damaged")


def test_pillows_own_pixel_limit_gives_way_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    path = tmp_path / "page.png"
    Image.new("1", (100, 100), 1).save(path)
    assert read_page(path).pixels.shape == (100, 100)
    assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "empty_file"),
        (b"name,value\n", "not_an_image"),
        (b"<html><body>Error 404</body></html>", "not_an_image"),
        (b"BMO is a character of a cartoon, and this is a text", "not_an_image"),
        (b"P6 is the sixth of six", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (b"PK\x03\x04" + b"\0" * 50, "unsupported_format"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 50, "unsupported_format"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "damaged"),
        (b"II*\0\x08\0\0\0", "truncated"),
    ],
)
def test_what_is_no_image_is_a_record(tmp_path: Path, data: bytes, error: str) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(data)
    failed = read_failure(path)
    assert failed.error == error
    assert ";" in failed.message  # what happened; what to do


def test_running_out_of_memory_is_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    path = tmp_path / "page.png"
    Image.new("L", (10, 10)).save(path)
    monkeypatch.setattr(Image.Image, "load", fail)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    assert read_failure(path).error == "memory"


def test_an_interrupt_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "page.png"
    Image.new("L", (10, 10)).save(path)
    refs = count_pages(str(path), SETTINGS)
    assert isinstance(refs, tuple)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_page(refs[0], SETTINGS)
