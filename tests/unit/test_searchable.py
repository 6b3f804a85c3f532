"""Searchable PDFs show the scan upright as it is, and the text on it is found where it is written."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hcr_scan.document import Glyph, Line, Page, PageFailure, PageResult, Source, Status, Word
from hcr_scan.errors import OutputError
from hcr_scan.geometry import BoundingBox
from hcr_scan.searchable.documents import DocumentSink
from hcr_scan.searchable.stamping import NoStamp, Stamp, StampTask, stamp
from hcr_scan.searchable.text_layer import CharacterCodes
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources.loading import load_page
from hcr_scan.sources.pages import PageImage, PageRef

pypdf = pytest.importorskip("pypdf")
pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")

#: The upright page: half a page, with ink exactly where its words are.
SIZE = (600, 400)
DPI = 100
WORDS = (
    ("WORD", BoundingBox(40, 60, 200, 90)),
    ("Ünï", BoundingBox(215, 58, 300, 92)),
    ("42", BoundingBox(420, 330, 500, 350)),
)
#: Points by which a word may be off.
NEAR = 1.0


def upright() -> Image.Image:
    pixels = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    for _, box in WORDS:
        pixels[box.top : box.bottom, box.left : box.right] = 0
    return Image.fromarray(pixels)


def turned(rotation: int) -> Image.Image:
    """The page as it lies in a file that must be turned clockwise by so much."""
    return upright().rotate(rotation, expand=True)


def page_of(path: Path, rotation: int = 0, number: int = 1, pages: int = 1) -> Page:
    """What would be read on it, in pixels of the page as the program reads it."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    image = load_page(PageRef(str(path), number - 1, pages, sha256), SourceSettings())
    assert isinstance(image, PageImage)
    height, width = image.pixels.shape
    if rotation % 180:
        width, height = height, width
    across, down = width / SIZE[0], height / SIZE[1]
    words = tuple(Word((Glyph(scaled(box, across, down), text, 0.9),)) for text, box in WORDS)
    smudge = Line((Word((Glyph(BoundingBox(5, 5, 9, 9), "", 0.9, status=Status.REJECTED),)),))
    lines = (Line(words[:2]), smudge, Line(words[2:]))
    source = Source(str(path), number, pages, sha256)
    return Page(source, width, height, image.dpi, rotation, 0.0, (), lines)


def scaled(box: BoundingBox, across: float, down: float) -> BoundingBox:
    return BoundingBox(*(round(v * f) for v, f in zip(box.as_list(), (across, down) * 2, strict=True)))


def write(target: Path, pages: list[PageResult], *, folder: bool = True) -> None:
    with DocumentSink(str(target), Settings(), "hcr-scan 0", folder=folder) as sink:
        for page in pages:
            sink.write(page)


@dataclass(frozen=True)
class Found:
    """A page of a PDF as poppler sees it: size in points, and words with left, top, right and bottom."""

    size: tuple[float, float]
    words: list[tuple[str, tuple[float, ...]]]


def found_in(pdf: Path) -> list[Found]:
    done = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True)
    pages = []
    shown = [page.rotation for page in pypdf.PdfReader(pdf).pages]
    for (size, body), rotation in zip(
        re.findall(r"<page (.*?)>(.*?)</page>", done.stdout, re.DOTALL), shown, strict=True
    ):
        words = re.findall(r"<word (.*?)>(.*?)</word>", body)
        # Words are told as they are shown, the size as it is stored.
        width, height = numbers(size)[:: -1 if rotation % 180 else 1]
        pages.append(Found((width, height), [(unescape(text), numbers(place)) for place, text in words]))
    return pages


def numbers(attributes: str) -> tuple[float, ...]:
    return tuple(float(number) for number in re.findall(r'"(-?[\d.]+)"', attributes))


def assert_in_place(pdf: Path, pages: int = 1) -> None:
    """Every word is found where its ink is shown, on upright pages."""
    found = found_in(pdf)
    assert len(found) == pages
    for number, page in enumerate(found, 1):
        across, down = page.size[0] / SIZE[0], page.size[1] / SIZE[1]
        assert sorted(text for text, _ in page.words) == sorted(text for text, _ in WORDS)
        for text, place in page.words:
            box = dict(WORDS)[text]
            expected = [v * f for v, f in zip(box.as_list(), (across, down) * 2, strict=True)]
            assert place == pytest.approx(expected, abs=NEAR), text
        assert_ink(pdf, number)


def assert_ink(pdf: Path, number: int) -> None:
    command = ["pdftoppm", "-gray", "-r", "72", "-f", str(number), "-l", str(number), str(pdf)]
    done = subprocess.run(command, capture_output=True, check=True)
    shown = np.asarray(Image.open(io.BytesIO(done.stdout)).resize(SIZE))
    expected = np.asarray(upright())
    assert np.mean(np.abs(shown.astype(int) - expected) > 100) < 0.01


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def save(form: str, path: Path, rotation: int) -> None:
    """A file of one of the forms that scans have."""
    image = turned(rotation)
    if form == "exif.jpg":  # stored a quarter counterclockwise of how it is shown
        image.rotate(90, expand=True).save(path, dpi=(DPI, DPI), exif=exif(6), quality=95)
    elif form == "mirrored.jpg":
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path, dpi=(DPI, DPI), exif=exif(2), quality=95)
    elif form == "cmyk.jpg":
        image.convert("CMYK").save(path, dpi=(DPI, DPI), quality=95)
    elif form == "palette.png":
        image.convert("P").save(path, dpi=(DPI, DPI))
    elif form == "alpha.png":
        paper = Image.new("RGBA", image.size, (255, 255, 255, 0))
        paper.paste((0, 0, 0, 255), mask=Image.eval(image, lambda v: 255 - v))
        paper.save(path, dpi=(DPI, DPI))
    elif form == "g4.tif":
        image.convert("1").save(path, compression="group4", dpi=(DPI, DPI))
    elif form == "lzw.tif":
        image.convert("1").save(path, compression="tiff_lzw", dpi=(DPI, DPI))
    else:
        image.save(path, resolution=DPI) if form.endswith("pdf") else image.save(path, dpi=(DPI, DPI))
    if form in PDF_CHANGES:
        writer = pypdf.PdfWriter(clone_from=str(path))
        PDF_CHANGES[form](writer.pages[0])
        writer.write(str(path))


def rotated(page: Any) -> None:
    """Stored a quarter counterclockwise of how it is shown."""
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    # A quarter counterclockwise: (x, y) to (height - y, x).
    page.add_transformation((0, 1, -1, 0, height, 0))
    page.mediabox = page.cropbox = pypdf.generic.RectangleObject((0, 0, height, width))
    page.rotate(90)


def offset(page: Any) -> None:
    """With the corner of its coordinates elsewhere, and coordinates left changed behind it."""
    box = page.mediabox
    page.add_transformation(pypdf.Transformation().translate(50, 70))
    moved = pypdf.generic.RectangleObject((50, 70, 50 + float(box.width), 70 + float(box.height)))
    page.mediabox = page.cropbox = moved


PDF_CHANGES: dict[str, Callable[[Any], None]] = {"offset.pdf": offset, "rotated.pdf": rotated}

FORMS = (
    "plain.jpg", "exif.jpg", "mirrored.jpg", "cmyk.jpg", "plain.png", "palette.png", "alpha.png", "g4.tif", "lzw.tif",
    "plain.webp", "plain.bmp", "plain.pdf", "offset.pdf", "rotated.pdf",
)  # fmt: skip


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PDFs of files of all forms, lying all ways."""
    folder = tmp_path_factory.mktemp("searchable")
    pages: list[PageResult] = []
    for form in FORMS:
        for rotation in (0, 90, 180, 270):
            path = folder / f"{rotation}-{form}"
            save(form, path, rotation)
            pages.append(page_of(path, rotation))
    write(folder / "out", pages)
    return folder


def pdf_of(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"{name}.*.pdf")
    return found


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("form", FORMS)
def test_words_are_found_where_they_are_seen_whatever_the_file(everything: Path, form: str, rotation: int) -> None:
    assert_in_place(pdf_of(everything / "out", f"{rotation}-{form}"))


@pytest.mark.parametrize("name", ["90-plain.jpg", "0-exif.jpg", "180-g4.tif", "0-plain.pdf"])
def test_what_was_scanned_is_passed_through(everything: Path, name: str) -> None:
    source, pdf = (everything / name).read_bytes(), pdf_of(everything / "out", name).read_bytes()
    if name.endswith("tif"):
        with Image.open(io.BytesIO(source)) as image:
            (start,), (size,) = image.tag_v2[273], image.tag_v2[279]
        source = source[start : start + size]
    assert source in pdf
    if name.endswith("pdf"):
        assert pdf.startswith(source)


def test_layers_are_not_shown_and_the_same_twice(everything: Path, tmp_path: Path) -> None:
    again = tmp_path / "out"
    names = ("90-plain.jpg", "270-plain.pdf", "0-g4.tif")
    write(again, [page_of(everything / name, int(name.split("-")[0])) for name in names])
    for name in names:
        pdf = pdf_of(again, name)
        assert pdf.read_bytes() == pdf_of(everything / "out", name).read_bytes()
        content = pypdf.PdfReader(pdf).pages[0].get_contents().get_data()
        assert content.count(b"3 Tr") == content.count(b"BT") == 1


def test_a_document_of_several_pages_has_those_that_failed_in_their_places(tmp_path: Path) -> None:
    path = tmp_path / "several.tif"
    turned(0).save(path, save_all=True, append_images=[turned(90), turned(0)], dpi=(DPI, DPI))
    first, third = page_of(path, 0, 1, 3), page_of(path, 0, 3, 3)
    failed = PageFailure(replace(first.source, page=2), "segment", "timeout", "it took too long")
    write(tmp_path / "out", [first, failed, third])
    found = found_in(pdf_of(tmp_path / "out", "several.tif"))
    assert [len(page.words) for page in found] == [3, 0, 3]


def test_any_character_is_found(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    save("plain.png", path, 0)
    page = page_of(path)
    texts = ["<&>\"'\\()", "Ωж漢字", "😀𝔘", "مرحبا", "e\u0301", "a\x00b\ud800c"]
    lines = tuple(
        Line((Word((Glyph(BoundingBox(20, 40 * i + 10, 500, 40 * i + 34), text, 0.9),)),))
        for i, text in enumerate(texts)
    )
    write(tmp_path / "out", [replace(page, lines=lines)])
    (pdf,) = (tmp_path / "out").iterdir()
    text = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    for expected in ("<&>\"'\\()", "Ωж漢字", "😀𝔘", "abc"):
        assert expected in text
    assert unicodedata.normalize("NFC", "e\u0301") in unicodedata.normalize("NFC", text)
    assert "مرحبا" in text


def test_a_document_that_changed_or_is_encrypted_has_none_and_the_others_do(tmp_path: Path) -> None:
    changed, locked, fine = (tmp_path / name for name in ("changed.png", "locked.pdf", "fine.png"))
    for path in (changed, fine):
        save("plain.png", path, 0)
    save("plain.pdf", locked, 0)
    writer = pypdf.PdfWriter(clone_from=str(locked))
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(str(locked))
    pages: list[PageResult] = [page_of(path) for path in (changed, locked, fine)]
    changed.write_bytes(changed.read_bytes() + b"\0")
    missing = PageFailure(Source(str(tmp_path / "gone.png")), "open", "missing", "it is not there")
    with pytest.raises(OutputError, match=r"changed\.png changed since.*; .*locked\.pdf is encrypted") as told:
        write(tmp_path / "out", [*pages, missing])
    assert "gone" not in str(told.value)
    assert [path.name.split(".png")[0] for path in (tmp_path / "out").iterdir()] == ["fine"]


def test_a_pdf_that_cannot_be_added_to_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "odd.pdf"
    save("plain.pdf", path, 0)
    # The objects are not where the table says: pdfium finds them all the same.
    path.write_bytes(
        path.read_bytes().replace(b"%PDF-1.4", b"%PDF-1.4\n% one line more", 1).replace(b"startxref", b"startxxxx")
    )
    write(tmp_path / "out", [page_of(path)])
    assert_in_place(pdf_of(tmp_path / "out", "odd.pdf"))


def test_one_file_holds_one_document(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        save("plain.png", path, 0)
    target = tmp_path / "one.pdf"
    write(target, [page_of(paths[0])], folder=False)
    assert_in_place(target)
    before = target.read_bytes()
    with pytest.raises(OutputError, match="name a folder"):
        write(target, [page_of(path) for path in paths], folder=False)
    assert target.read_bytes() == before


def test_stamps_tell_why_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    save("plain.pdf", path, 0)
    page = page_of(path)
    task = StampTask(str(path), page.source.sha256, (page,), SourceSettings())
    assert isinstance(stamp(task), Stamp)
    assert stamp(replace(task, sha256="0" * 64)) == NoStamp("it changed")
    found = stamp(replace(task, path=str(tmp_path / "missing.pdf")))
    assert isinstance(found, NoStamp)
    assert "is not there" in found.reason


def test_codes_are_given_once_and_run_out_gracefully() -> None:
    codes = CharacterCodes()
    assert codes.code("A") == codes.code("A") == 2
    everything = [chr(number) for number in range(0x10000, 0x10000 + 70_000)]
    assert max(map(codes.code, everything)) < 0xFFFF
    assert codes.code(everything[-1]) == 1
    assert b"<0002> <0041>" in codes.to_unicode()
