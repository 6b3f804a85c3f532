"""TIFF: many pages, compressions and tones, thumbnails that are no pages, and fax pixels that are not square."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.source_reading import read_failure, read_page, read_pages, small_page
from tests.tiff_writer import build_tiff

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def gray() -> Pixels:
    return small_page()


def test_a_multi_page_tiff_of_mixed_compressions(tmp_path: Path, gray: Pixels) -> None:
    bilevel = Image.fromarray(gray > 128)
    frames = [
        (bilevel, "group3"),
        (bilevel, "group4"),
        (Image.fromarray(gray), "tiff_lzw"),
        (Image.fromarray(gray).convert("RGB"), "jpeg"),
        (Image.fromarray(gray), "tiff_deflate"),
        (bilevel, "packbits"),
    ]
    path = tmp_path / "pages.tif"
    parts = []
    for number, (image, compression) in enumerate(frames):
        part = tmp_path / f"{number}.tif"
        image.save(part, compression=compression)
        parts.append(Image.open(part))
    with io.BytesIO() as output:
        # Pillow's multi-page writer knows one compression a file, its appender one a page.
        from PIL.TiffImagePlugin import AppendingTiffWriter

        writer = AppendingTiffWriter(output, True)
        for (image, compression), part_image in zip(frames, parts, strict=True):
            part_image.close()
            image.encoderconfig = ()
            image.save(writer, "TIFF", compression=compression)
            writer.newFrame()
        path.write_bytes(output.getvalue())
    images = read_pages(path)
    assert [(i.ref.index, i.ref.pages) for i in images] == [(n, 6) for n in range(6)]
    white = np.where(gray > 128, 255, 0)
    for image, exact in zip(images, [white, white, gray, None, gray, white], strict=True):
        if exact is None:
            assert np.abs(image.pixels.astype(int) - gray).mean() < 6
        else:
            assert (image.pixels == exact).all()


def test_white_is_zero_is_the_right_way_up_in_tone(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "page.tif"
    bits = np.packbits(gray <= 128, axis=1).tobytes()
    deep = (65535 - gray.astype("<u2") * 257).astype("<u2").tobytes()
    for data, depth, expected in (
        ((255 - gray).tobytes(), 8, gray),
        (deep, 16, gray),
        (bits, 1, np.where(gray > 128, 255, 0)),
    ):
        path.write_bytes(build_tiff([(data, 60, 90, depth, 0, {})]))
        assert (read_page(path).pixels == expected).all(), depth


def test_thumbnails_are_not_pages(tmp_path: Path, gray: Pixels) -> None:
    page = (gray.tobytes(), 60, 90, 8, 1, {254: (4, 0)})
    second = ((gray // 2).tobytes(), 60, 90, 8, 1, {254: (4, 2)})
    thumbnail = (gray[::10, ::10].tobytes(), 6, 9, 8, 1, {254: (4, 1)})
    path = tmp_path / "pages.tif"
    path.write_bytes(build_tiff([page, thumbnail, second, thumbnail]))
    first, last = read_pages(path)
    assert (first.pixels == gray).all()
    assert (last.pixels == gray // 2).all()
    path.write_bytes(build_tiff([thumbnail, thumbnail]))
    assert len(read_pages(path)) == 2


def test_a_chain_of_directories_that_loops_ends(tmp_path: Path, gray: Pixels) -> None:
    data = bytearray(build_tiff([(gray.tobytes(), 60, 90, 8, 1, {})] * 2))
    first = struct.unpack_from("<I", data, 4)[0]
    data[-4:] = struct.pack("<I", first)
    path = tmp_path / "loop.tif"
    path.write_bytes(data)
    assert len(read_pages(path)) == 2


def test_a_big_tiff(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "page.tif"
    Image.fromarray(gray).save(path, big_tiff=True, save_all=True, append_images=[Image.fromarray(gray // 2)])
    images = read_pages(path)
    assert [int(i.pixels.max()) for i in images] == [255, 127]


def test_standard_fax_resolution_becomes_square(tmp_path: Path) -> None:
    page = np.ones((1143, 1728), bool)
    page[500:598, 600:804] = False  # one inch by one inch
    path = tmp_path / "fax.tif"
    Image.fromarray(page).save(path, compression="group3", dpi=(204, 98))
    image = read_page(path)
    assert image.pixels.shape == (2379, 1728)
    assert (image.dpi, image.dpi_known) == (204, True)
    ink = image.pixels < 128
    assert abs(int(ink.any(axis=0).sum()) - int(ink.any(axis=1).sum())) <= 3


def test_a_turned_fax_becomes_square_too(tmp_path: Path) -> None:
    page = np.ones((1143, 1728), bool)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "fax.tif"
    Image.fromarray(page).save(path, compression="group4", dpi=(204, 98), exif=exif)
    assert read_page(path).pixels.shape == (1728, 2379)


def test_fine_fax_is_not_resampled(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 2200), 1).save(path, compression="group4", dpi=(204, 196))
    image = read_page(path)
    assert image.pixels.shape == (2200, 1728)
    assert (image.dpi, image.dpi_known) == (200, True)


def test_a_fax_cut_off_after_its_directory_is_refused(tmp_path: Path, gray: Pixels) -> None:
    path = tmp_path / "fax.tif"
    Image.fromarray(gray > 128).save(path, compression="group4")
    with Image.open(path) as fax:
        (offset,), (count,), tone = fax.tag_v2[273], fax.tag_v2[279], fax.tag_v2[262]
    data = path.read_bytes()[offset : offset + count]
    # The strip claims more bytes than the file has.
    path.write_bytes(build_tiff([(data, 60, 90, 1, tone, {259: (3, 4), 279: (4, 10 * count)})]))
    assert read_failure(path).error == "truncated"
    path.write_bytes(build_tiff([(data, 60, 90, 1, tone, {259: (3, 4)})]))
    assert (read_page(path).pixels == np.where(gray > 128, 255, 0)).all()
