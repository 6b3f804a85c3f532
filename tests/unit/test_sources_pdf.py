"""PDF pages: scans come out as scanned, everything else as drawn."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pytest
from PIL import Image

from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, count_pages, load_page
from tests.pdf_writer import (
    A4_POINTS,
    ImagePage,
    blank_pdf,
    build_pdf,
    encrypted_pdf,
    fax_page,
    flate_page,
    jpeg_page,
    stream,
)  # fmt: skip
from tests.source_reading import SETTINGS, read_failure, read_page, read_pages

WIDTH, HEIGHT = A4_POINTS


@pytest.fixture(scope="module")
def page_pixels() -> npt.NDArray[np.uint8]:
    """A4 at 100 dpi, no two corners alike, ink of single pixels that any resampling would blur."""
    rng = np.random.default_rng(7)
    pixels = np.full((1169, 827), 255, np.uint8)
    pixels[40:200, 30:300] = rng.choice(np.array([0, 90, 255], np.uint8), (160, 270))
    pixels[1000:1100, 600:640] = 20
    pixels[500:505, 100:700] = 60
    return pixels


def write(folder: Path, data: bytes) -> Path:
    path = folder / "page.pdf"
    path.write_bytes(data)
    return path


def is_native(image: PageImage, pixels: npt.NDArray[np.uint8]) -> bool:
    return image.pixels.shape == pixels.shape and bool((image.pixels == pixels).all())


def test_a_scan_is_pixel_equal_to_the_embedded_image(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    image = read_page(write(tmp_path, flate_page(page_pixels).pdf()))
    assert is_native(image, page_pixels)
    assert (image.dpi, image.dpi_known) == (100, True)


def test_a_jpeg_scan_is_decoded_as_the_jpeg_is(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    for pixels in (page_pixels, np.repeat(page_pixels[:, :, None], 3, axis=2)):
        page = jpeg_page(pixels)
        with Image.open(io.BytesIO(page.data)) as jpeg:
            expected = np.asarray(jpeg.convert("L"))
        image = read_page(write(tmp_path, page.pdf()))
        assert image.pixels.shape == expected.shape
        assert np.abs(image.pixels.astype(int) - expected).max() <= 1


def test_a_colour_scan_is_its_luma(tmp_path: Path) -> None:
    pixels = np.zeros((1169, 827, 3), np.uint8)
    pixels[:, :400] = (255, 0, 0)
    pixels[:, 400:] = (0, 0, 255)
    image = read_page(write(tmp_path, flate_page(pixels).pdf()))
    assert image.pixels.shape == (1169, 827)
    assert (image.pixels[0, 0], image.pixels[0, 800]) == (76, 29)


def test_a_fax_scan_is_pixel_equal(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    white = page_pixels > 128
    image = read_page(write(tmp_path, fax_page(white).pdf()))
    assert is_native(image, np.where(white, 255, 0).astype(np.uint8))


def test_oblong_fax_pixels_become_square(tmp_path: Path) -> None:
    white = np.ones((1146, 1728), bool)
    white[100:200, 100:304] = False
    image = read_page(write(tmp_path, fax_page(white).pdf()))
    assert image.pixels.shape == (2444, 1728)
    assert image.dpi == 209
    ink = image.pixels < 128
    assert np.flatnonzero(ink.any(axis=0))[[0, -1]].tolist() == [100, 303]
    rows = np.flatnonzero(ink.any(axis=1))
    assert abs(rows[0] - 213) <= 2
    assert abs(rows[-1] - 426) <= 2


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_page_rotation_turns_the_scan_clockwise(tmp_path: Path, page_pixels: npt.NDArray[np.uint8], turn: int) -> None:
    page = flate_page(page_pixels)
    page.page_entries = b"/Rotate %d" % turn
    image = read_page(write(tmp_path, page.pdf()))
    assert is_native(image, np.rot90(page_pixels, -turn // 90))


MATRICES = {
    "mirrored": ((-WIDTH, 0, 0, HEIGHT, WIDTH, 0), lambda p: p[:, ::-1]),
    "upside_down": ((WIDTH, 0, 0, -HEIGHT, 0, HEIGHT), lambda p: p[::-1]),
    "half_turn": ((-WIDTH, 0, 0, -HEIGHT, WIDTH, HEIGHT), lambda p: p[::-1, ::-1]),
    "quarter_turn_left": ((0, WIDTH, -HEIGHT, 0, HEIGHT, 0), lambda p: np.rot90(p, 1)),
    "quarter_turn_right": ((0, -WIDTH, HEIGHT, 0, 0, WIDTH), lambda p: np.rot90(p, -1)),
    "transposed": ((0, -WIDTH, -HEIGHT, 0, HEIGHT, WIDTH), lambda p: p.T),
    "transverse": ((0, WIDTH, HEIGHT, 0, 0, 0), lambda p: p[::-1, ::-1].T),
}


@pytest.mark.parametrize("turn", [0, 90])
@pytest.mark.parametrize("name", MATRICES)
def test_the_image_matrix_is_honoured_as_the_renderer_does(
    tmp_path: Path, page_pixels: npt.NDArray[np.uint8], name: str, turn: int
) -> None:
    matrix, expected = MATRICES[name]
    page = flate_page(page_pixels)
    page.matrix = matrix  # type: ignore[assignment]
    if matrix[0] == 0:
        page.media_box = (0, 0, HEIGHT, WIDTH)
    page.page_entries = b"/Rotate %d" % turn
    path = write(tmp_path, page.pdf())
    image = read_page(path)
    assert is_native(image, np.rot90(expected(page_pixels), -turn // 90))
    # The renderer is the judge of what the page looks like.
    height, width = image.pixels.shape
    with pdfium.PdfDocument(path) as pdf:
        drawn = np.array(pdf[0].render(scale=100 / 72).to_numpy())[:height, :width, 0]
    assert np.abs(drawn.astype(int) - image.pixels).mean() < 6


def test_a_crop_box_cuts_the_scan(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    page = flate_page(page_pixels)
    # 72 points are 100 pixels.
    page.page_entries = b"/CropBox [72 144 595.2 769.92]"
    image = read_page(write(tmp_path, page.pdf()))
    assert is_native(image, page_pixels[100:969, 100:])


def invisible_text(page: ImagePage) -> None:
    page.after = b"BT 3 Tr /F1 12 Tf 100 700 Td (hidden) Tj ET"
    page.resources = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


def page_clip(page: ImagePage) -> None:
    page.before = b"0 0 595.2 841.92 re W n"


def plain_structure(page: ImagePage) -> None:
    page.before, page.after = b"/Figure << /MCID 0 >> BDC", b"EMC"


def link(page: ImagePage) -> None:
    page.page_entries = b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 100 100] >>]"


@pytest.mark.parametrize("change", [invisible_text, page_clip, plain_structure, link])
def test_what_does_not_show_does_not_cost_the_native_pixels(
    tmp_path: Path, page_pixels: npt.NDArray[np.uint8], change: object
) -> None:
    page = flate_page(page_pixels)
    change(page)  # type: ignore[operator]
    assert is_native(read_page(write(tmp_path, page.pdf())), page_pixels)


def visible_text(page: ImagePage) -> None:
    invisible_text(page)
    page.after = page.after.replace(b"3 Tr", b"0 Tr")


def rule_over_it(page: ImagePage) -> None:
    page.after = b"0 0 100 100 re f"


def small_clip(page: ImagePage) -> None:
    page.before = b"50 50 300 300 re W n"


def half_a_page(page: ImagePage) -> None:
    page.matrix = (WIDTH, 0, 0, HEIGHT / 2, 0, HEIGHT / 2)


def tilted(page: ImagePage) -> None:
    page.matrix = (WIDTH, 5, -5, HEIGHT, 0, 0)


def soft_mask(page: ImagePage) -> None:
    page.dictionary += b" /SMask 6 0 R"
    mask = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    page.more_objects = [stream(mask, b"\x80")]


def color_key(page: ImagePage) -> None:
    page.dictionary += b" /Mask [0 100]"


def see_through(page: ImagePage) -> None:
    page.before, page.resources = b"/G gs", b"/ExtGState << /G << /ca 0.5 >> >>"


def layer(page: ImagePage) -> None:
    page.before, page.after = b"/OC /L BDC", b"EMC"
    page.resources = b"/Properties << /L 6 0 R >>"
    page.more_objects = [b"<< /Type /OCG /Name (Layer) >>"]
    page.catalog_entries = b"/OCProperties << /OCGs [6 0 R] /D << /OFF [6 0 R] >> >>"


def stamp(page: ImagePage) -> None:
    page.page_entries = b"/Annots [<< /Type /Annot /Subtype /Square /Rect [100 100 200 200] /AP << /N 6 0 R >> >>]"
    page.more_objects = [stream(b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]", b"0 0 100 100 re f")]


@pytest.mark.parametrize(
    "change",
    [
        visible_text, rule_over_it, small_clip, half_a_page, tilted, soft_mask, color_key, see_through, layer, stamp,
    ],
)  # fmt: skip
def test_any_other_page_is_drawn_as_a_viewer_shows_it(
    tmp_path: Path, page_pixels: npt.NDArray[np.uint8], change: object
) -> None:
    page = flate_page(page_pixels)
    change(page)  # type: ignore[operator]
    path = write(tmp_path, page.pdf())
    image = read_page(path, SourceSettings(dpi=150))
    assert (image.dpi, image.pixels.shape) == (150, (1754, 1240))
    with pdfium.PdfDocument(path) as pdf:
        drawn = np.array(pdf[0].render(scale=150 / 72).to_numpy())[:, :1240, 0]
    assert np.abs(drawn.astype(int) - image.pixels).mean() < 1


def test_a_stencil_is_drawn_in_its_ink(tmp_path: Path) -> None:
    bits = np.ones((1169, 832), np.uint8)
    bits[100:200, 100:300] = 0
    page = ImagePage(
        zlib.compress(np.packbits(bits, axis=1).tobytes()), 832, 1169, b"/Filter /FlateDecode /ImageMask true"
    )
    page.before = b"1 1 1 rg 0 0 595.2 841.92 re f 0.2 g"
    image = read_page(write(tmp_path, page.pdf()), SourceSettings(dpi=100))
    assert image.pixels[150, 200] == 51
    assert image.pixels[600, 600] == 255


def test_inverted_and_indexed_scans_have_the_right_tone(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    inverted = flate_page(page_pixels)
    inverted.dictionary += b" /Decode [1 0]"
    assert is_native(read_page(write(tmp_path, inverted.pdf())), 255 - page_pixels)
    indexed = flate_page((page_pixels > 128).astype(np.uint8))
    indexed.dictionary = indexed.dictionary.replace(b"/DeviceGray", b"[/Indexed /DeviceRGB 1 <c8c8c8 000000>]")
    expected = np.where(page_pixels > 128, 0, 200).astype(np.uint8)
    assert is_native(read_page(write(tmp_path, indexed.pdf())), expected)


def test_an_inverted_jpeg_scan_has_the_right_tone(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    page = jpeg_page(page_pixels)
    page.dictionary += b" /Decode [1 0]"
    image = read_page(write(tmp_path, page.pdf()))
    assert image.pixels.shape == page_pixels.shape
    assert np.abs(image.pixels.astype(int) - (255 - page_pixels.astype(int))).mean() < 8


def test_a_cmyk_jpeg_scan_has_the_right_tone(tmp_path: Path) -> None:
    ink = np.zeros((1169, 827, 4), np.uint8)
    ink[100:300, 100:300, 3] = 255
    output = io.BytesIO()
    # Pillow writes CMYK JPEGs the Adobe way, inverted, which a PDF states with /Decode.
    Image.fromarray(ink, "CMYK").save(output, "JPEG", quality=95)
    page = ImagePage(
        output.getvalue(), 827, 1169,
        b"/Filter /DCTDecode /BitsPerComponent 8 /ColorSpace /DeviceCMYK /Decode [1 0 1 0 1 0 1 0]",
    )  # fmt: skip
    image = read_page(write(tmp_path, page.pdf()))
    assert image.pixels.shape == (1169, 827)
    assert image.pixels[200, 200] < 60
    assert image.pixels[600, 600] > 250


def test_a_truncated_jpeg_in_a_pdf_is_refused(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    page = jpeg_page(page_pixels)
    page.data = page.data[: len(page.data) * 2 // 3]
    failed = read_failure(write(tmp_path, page.pdf()))
    assert (failed.stage, failed.error) == ("decode", "truncated")


def test_form_values_are_drawn(tmp_path: Path) -> None:
    appearance = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 200 40]", b"0 g 0 0 200 40 re f")
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (X) /Rect [100 700 300 740] /AP << /N 5 0 R >> /F 4 >>"
    pdf = build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.2 841.92] /Annots [4 0 R] >>",
            field,
            appearance,
        ]
    )
    image = read_page(write(tmp_path, pdf), SourceSettings(dpi=72))
    assert image.pixels[842 - 720, 200] == 0
    assert image.pixels[842 - 600, 200] == 255


def test_a_huge_page_is_drawn_coarser_and_a_monstrous_one_not_at_all(tmp_path: Path) -> None:
    path = write(tmp_path, blank_pdf("0 0 2384 3370"))  # A0
    settings = SourceSettings(max_pixels=30_000_000)
    image = read_page(path, settings)
    assert 100 <= image.dpi < 300
    assert 0.98 * 30_000_000 < image.pixels.size <= 30_000_000
    assert read_failure(path, SourceSettings(max_pixels=10_000_000)).error == "too_large"
    assert read_failure(write(tmp_path, blank_pdf("0 0 2000000 2000000"))).error == "too_large"


def test_pages_are_counted_and_each_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, blank_pdf("0 0 72 144", "0 0 144 72", "0 0 72 72"))
    refs = count_pages(str(path), SETTINGS)
    assert isinstance(refs, tuple)
    assert [(r.index, r.pages) for r in refs] == [(0, 3), (1, 3), (2, 3)]
    shapes = [page.pixels.shape for page in read_pages(path, SourceSettings(dpi=72))]
    assert shapes == [(144, 72), (72, 144), (72, 72)]


def test_a_pdf_without_pages_or_without_sense_is_a_record(tmp_path: Path) -> None:
    for data, error in (
        (blank_pdf(), "no_pages"),
        (encrypted_pdf("secret", b""), "password"),
        (blank_pdf(), "no_pages"),
        (b"%PDF-1.7\nnothing of the kind", "damaged"),
        (blank_pdf(), "no_pages"),
    ):
        failed = read_failure(write(tmp_path, data))
        assert (failed.stage, failed.error) == ("open", error)


def test_a_bad_page_costs_no_other(tmp_path: Path) -> None:
    data = blank_pdf("0 0 72 144", "0 0 72 72").replace(b"4 0 obj\n<< /Type /Page ", b"4 0 obj\n<< /Type /Bild ")
    path = write(tmp_path, data)
    refs = count_pages(str(path), SETTINGS)
    assert isinstance(refs, tuple)
    results = [load_page(ref, SETTINGS) for ref in refs]
    assert isinstance(results[0], PageImage)
    for result in results[1:]:
        assert isinstance(result, PageImage) or result.error == "bad_page"


@pytest.mark.parametrize("password", ["secret", "pässwört", "p" * 40])
def test_an_encrypted_pdf_opens_with_its_password_only(tmp_path: Path, password: str) -> None:
    path = write(tmp_path, encrypted_pdf(password, b"0 0 36 36 re f"))
    failed = read_failure(path)
    assert (failed.stage, failed.error) == ("open", "password")
    assert "--password-file" in failed.message
    for wrong in ("guess", "", "\udcff"):
        failed = read_failure(path, SourceSettings(password=wrong))
        assert (failed.error, "does not open it" in failed.message) == ("password", True)
    image = read_page(path, SourceSettings(dpi=72, password=password))
    assert image.pixels[71, 0] == 0
    assert image.pixels[0, 0] == 255


def encrypted(data: bytes, user: str) -> bytes:
    pypdf = pytest.importorskip("pypdf")
    writer, output = pypdf.PdfWriter(clone_from=io.BytesIO(data)), io.BytesIO()
    writer.encrypt(user, "owner", algorithm="RC4-128")
    writer.write(output)
    return output.getvalue()


@pytest.mark.parametrize("password", [None, "secret"])
def test_an_encrypted_scan_is_read_at_its_own_resolution(
    tmp_path: Path, page_pixels: npt.NDArray[np.uint8], password: str | None
) -> None:
    data = encrypted(flate_page(page_pixels).pdf(), password or "")
    assert is_native(read_page(write(tmp_path, data), SourceSettings(dpi=150, password=password)), page_pixels)


@pytest.mark.parametrize("change", [rule_over_it, soft_mask, color_key, layer])
def test_any_other_encrypted_page_is_drawn(
    tmp_path: Path, page_pixels: npt.NDArray[np.uint8], change: Callable[[ImagePage], None]
) -> None:
    page = flate_page(page_pixels)
    change(page)
    path = write(tmp_path, encrypted(page.pdf(), "secret"))
    assert read_page(path, SourceSettings(dpi=150, password="secret")).dpi == 150


def test_a_password_does_not_hurt_open_documents(tmp_path: Path, page_pixels: npt.NDArray[np.uint8]) -> None:
    image = read_page(write(tmp_path, flate_page(page_pixels).pdf()), SourceSettings(password="secret"))
    assert is_native(image, page_pixels)
