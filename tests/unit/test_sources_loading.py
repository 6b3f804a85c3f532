"""The border of the sources: page choice, limits, changed files, and failures that say what to do."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hcr_scan.document import PageFailure, Source
from hcr_scan.errors import UsageError
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, PageRef, check_settings, count_pages, failure_text, load_page, parse_page_ranges
from hcr_scan.sources.page_ranges import chosen_pages
from hcr_scan.sources.reading import read_document
from tests.privileges import as_nobody

SETTINGS = SourceSettings()


@pytest.fixture
def five_pages(tmp_path: Path) -> Path:
    """A TIFF whose page n (from 1) is of grey 10 n."""
    pages = [Image.new("L", (30, 40), 10 * number) for number in range(1, 6)]
    path = tmp_path / "five.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    return path


def refs_of(path: Path, settings: SourceSettings = SETTINGS) -> tuple[PageRef, ...]:
    refs = count_pages(str(path), settings)
    assert isinstance(refs, tuple), refs
    return refs


def failure_of(path: Path | str, settings: SourceSettings = SETTINGS) -> PageFailure:
    failed = count_pages(str(path), settings)
    assert isinstance(failed, PageFailure)
    return failed


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (None, [1, 2, 3, 4, 5]), ("1-3,5", [1, 2, 3, 5]), ("4-", [4, 5]), ("-2", [1, 2]), ("2,2,1-2", [1, 2]),
        (" 3 , 1 ", [1, 3]), ("5-99", [5]), ("7", []), ("6-8", []), ("999999999999-", []),
        ("1-999999999999999999", [1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_pages_are_chosen_and_keep_their_numbers(five_pages: Path, text: str | None, numbers: list[int]) -> None:
    refs = refs_of(five_pages, SourceSettings(pages=text))
    assert [ref.source.page for ref in refs] == numbers
    assert {ref.source.pages for ref in refs} <= {5}
    images = [load_page(ref, SETTINGS) for ref in refs]
    assert [int(i.pixels[0, 0]) for i in images if isinstance(i, PageImage)] == [10 * n for n in numbers]


@pytest.mark.parametrize(
    "text", ["", "a", "0", "0-3", "3-1", "1,,2", "-", "1-2-3", "1.5", "1-3;5", "--2", "²", "1" * 30, "5 7", "1,5 7"]
)
def test_a_malformed_page_list_is_a_usage_error(five_pages: Path, text: str) -> None:
    for attempt in (
        lambda: parse_page_ranges(text),
        lambda: check_settings(SourceSettings(pages=text)),
        lambda: count_pages(str(five_pages), SourceSettings(pages=text)),
    ):
        with pytest.raises(UsageError, match="--pages"):
            attempt()


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1), st.integers(0, 50))
def test_chosen_pages_are_those_in_any_range(ranges: list[tuple[int, int]], count: int) -> None:
    text = ",".join(f"{first}-{first + extra}" for first, extra in ranges)
    wanted = {page for first, extra in ranges for page in range(first, first + extra + 1)}
    assert chosen_pages(parse_page_ranges(text), count) == [page - 1 for page in range(1, count + 1) if page in wanted]


def test_a_ref_tells_where_the_page_is(five_pages: Path) -> None:
    digest = hashlib.sha256(five_pages.read_bytes()).hexdigest()
    ref = refs_of(five_pages)[2]
    assert ref == PageRef(str(five_pages), 2, 5, digest)
    assert ref.source == Source(str(five_pages), 3, 5, digest)


def test_everything_that_crosses_a_process_border_pickles(five_pages: Path, tmp_path: Path) -> None:
    refs = refs_of(five_pages)
    assert pickle.loads(pickle.dumps((refs, SETTINGS, count_pages, load_page))) == (
        refs,
        SETTINGS,
        count_pages,
        load_page,
    )
    image = load_page(refs[0], SETTINGS)
    assert isinstance(image, PageImage)
    again = pickle.loads(pickle.dumps(image))
    assert (again.pixels == image.pixels).all()
    failed = failure_of(tmp_path / "gone.png")
    assert pickle.loads(pickle.dumps(failed)) == failed


def test_the_page_limit_counts_chosen_pages(five_pages: Path) -> None:
    assert len(refs_of(five_pages, SourceSettings(max_pages=5))) == 5
    failed = failure_of(five_pages, SourceSettings(max_pages=4))
    assert (failed.stage, failed.error) == ("open", "too_large")
    assert "--max-pages" in failed.message
    assert len(refs_of(five_pages, SourceSettings(max_pages=4, pages="2-5"))) == 4


def test_the_file_size_limit(five_pages: Path) -> None:
    size = five_pages.stat().st_size
    assert refs_of(five_pages, SourceSettings(max_file_size=size))
    failed = failure_of(five_pages, SourceSettings(max_file_size=size - 1))
    assert (failed.stage, failed.error) == ("open", "too_large")
    assert "--max-file-size" in failed.message


def test_a_file_that_changed_since_it_was_listed_is_not_read(five_pages: Path) -> None:
    ref = refs_of(five_pages)[4]
    Image.new("L", (30, 40)).save(five_pages, "TIFF")
    failed = load_page(ref, SETTINGS)
    assert isinstance(failed, PageFailure)
    assert (failed.stage, failed.error, failed.source) == ("decode", "changed", ref.source)
    five_pages.unlink()
    failed = load_page(ref, SETTINGS)
    assert isinstance(failed, PageFailure)
    assert failed.error == "missing"


def test_the_pages_of_a_document_read_the_file_once(five_pages: Path) -> None:
    first = read_document(str(five_pages), 10**6)
    assert read_document(str(five_pages), 10**6) is first
    os.utime(five_pages, ns=(1, 1))
    assert read_document(str(five_pages), 10**6) is not first


def test_what_cannot_be_opened_is_a_record(tmp_path: Path) -> None:
    assert failure_of(tmp_path / "gone.png").error == "missing"
    assert failure_of(tmp_path / "gone.png" / "deeper").error == "missing"
    assert failure_of("nul\0byte.png").error == "missing"
    assert failure_of(str(tmp_path / "long") * 100).error == "missing"
    assert failure_of(tmp_path).error == "not_a_file"
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert failure_of(tmp_path / "loop.png").error == "missing"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_or_a_device_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert failure_of(tmp_path / "pipe.png").error == "not_a_file"
    assert failure_of("/dev/zero").error == "not_a_file"


def test_a_link_is_opened_only_where_links_are_followed(five_pages: Path, tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to(five_pages)
    (tmp_path / "folder.tif").symlink_to(tmp_path)
    assert not isinstance(count_pages(str(tmp_path / "link.tif"), SourceSettings()), PageFailure)
    for name in ("link.tif", "folder.tif"):
        failure = count_pages(str(tmp_path / name), SourceSettings(), follow_links=False)
        assert isinstance(failure, PageFailure)
        assert failure.error == "symlink"
        assert "--follow-links" in failure.message


def test_a_file_swapped_for_a_link_after_it_was_listed_is_not_opened(five_pages: Path, tmp_path: Path) -> None:
    """A hundred races: one thread swaps a page for a link to another file and back while the page is opened."""
    secret, page = tmp_path / "secret.pgm", tmp_path / "page.pgm"
    secret.write_bytes(b"P5 1 1 255 " + bytes([1]))
    safe = b"P5 1 1 255 " + bytes([2])
    page.write_bytes(safe)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            link, file = tmp_path / "a", tmp_path / "b"
            link.symlink_to(secret)
            link.replace(page)
            file.write_bytes(safe)
            file.replace(page)

    swapping = threading.Thread(target=swap)
    swapping.start()
    outcomes = Counter[str]()
    for _ in range(100):
        listed = count_pages(str(page), SourceSettings(), follow_links=False)
        outcomes[listed.error if isinstance(listed, PageFailure) else listed[0].sha256] += 1
    done.set()
    swapping.join()
    expected = hashlib.sha256(safe).hexdigest()
    assert set(outcomes) <= {expected, "symlink", "changed"}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_file_that_may_not_be_read_is_a_record(five_pages: Path) -> None:
    five_pages.chmod(0)
    with as_nobody(five_pages.parent):
        assert failure_of(five_pages).error == "unreadable"


@pytest.mark.parametrize(
    ("number", "error"), [(errno.EACCES, "unreadable"), (errno.EIO, "unreadable"), (errno.ENOENT, "missing")]
)
def test_trouble_with_the_disk_is_a_record(
    five_pages: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: str
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    failed = failure_of(five_pages)
    assert failed.error == error
    assert failure_text(failed) == f"{five_pages} {failed.message}"


def test_an_unforeseen_exception_is_a_record_that_names_the_page(
    five_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("in a decoder")

    ref = refs_of(five_pages)[1]
    monkeypatch.setattr("hcr_scan.sources.raster.gray_image", fail)
    failed = load_page(ref, SETTINGS)
    assert isinstance(failed, PageFailure)
    assert (failed.stage, failed.error, failed.source) == ("decode", "damaged", ref.source)
    assert re.search(
        r"five\.tif, page 2 of 5 cannot be read \(ZeroDivisionError: in a decoder\); ", failure_text(failed)
    )


def test_odd_names_are_read_and_shown_on_one_line(tmp_path: Path) -> None:
    for name in (b"\xff\xfe.png", b"new\nline.png", b"-n.png", b"\x1b[31mred.png"):
        path = tmp_path / os.fsdecode(name)
        try:
            Image.new("L", (10, 10), 7).save(path)
        except OSError:
            pytest.skip("this file system takes only names in UTF-8")
        (ref,) = refs_of(path)
        assert ref.path == str(path)
        assert isinstance(load_page(ref, SETTINGS), PageImage)
        path.write_bytes(b"no image")
        message = failure_text(failure_of(path))
        message.encode()
        assert message.isprintable()


def test_metadata_decides_the_resolution_when_it_can_be_believed(tmp_path: Path) -> None:
    a4 = Image.new("L", (1654, 2339), 255)
    cases = [
        ({"dpi": (200, 200)}, "page.jpg", (200, True)),
        ({"dpi": (200, 200)}, "page.png", (200, True)),
        ({"dpi": (200, 200)}, "page.bmp", (200, True)),
        ({"dpi": (200, 200)}, "page.tif", (200, True)),
        ({"resolution_unit": 3, "x_resolution": 78.74, "y_resolution": 78.74}, "page.tif", (200, True)),
        ({}, "page.png", (200, False)),
        ({"dpi": (72, 72)}, "page.jpg", (200, False)),
        ({"dpi": (96, 96)}, "page.png", (200, False)),
        ({"dpi": (1, 1)}, "page.jpg", (200, False)),
        ({"dpi": (5, 5)}, "page.png", (200, False)),
    ]
    for options, name, expected in cases:
        path = tmp_path / name
        a4.save(path, **options)
        image = load_page(refs_of(path)[0], SETTINGS)
        assert isinstance(image, PageImage)
        assert (image.dpi, image.dpi_known) == expected, (name, options)


def test_exif_resolution_counts(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 200.0, 200.0, 2
    path = tmp_path / "page.webp"
    Image.new("L", (1654, 2339), 255).save(path, exif=exif)
    image = load_page(refs_of(path)[0], SETTINGS)
    assert isinstance(image, PageImage)
    assert (image.dpi, image.dpi_known) == (200, True)


def test_warnings_of_decoders_stay_inside(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("L", (40, 40), 255).save(path)
    script = (
        "import sys; from PIL import Image; Image.MAX_IMAGE_PIXELS = 1000\n"
        "from hcr_scan.sources import *; from hcr_scan.settings import SourceSettings\n"
        "s = SourceSettings(); print(load_page(count_pages(sys.argv[1], s)[0], s).pixels.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, str(path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("(40, 40)\n", "")


def test_listing_inputs_loads_no_decoder() -> None:
    script = (
        "import sys, hcr_scan.sources\n"
        "print(sorted({'cv2', 'numpy', 'PIL', 'pypdfium2', 'pdf2image'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "[]\n"


def test_reading_pages_loads_no_opencv(five_pages: Path) -> None:
    script = (
        "import sys; from hcr_scan.sources import *; from hcr_scan.settings import SourceSettings\n"
        "s = SourceSettings(); load_page(count_pages(sys.argv[1], s)[0], s); print('cv2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(five_pages)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_pixels_of_a_page_do_not_depend_on_what_was_read_before(five_pages: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("L", (5, 5), 99).save(other)
    refs = refs_of(five_pages)
    first = [load_page(ref, SETTINGS) for ref in refs]
    mixed = []
    for ref in reversed(refs):
        load_page(refs_of(other)[0], SETTINGS)
        mixed.append(load_page(ref, SETTINGS))
    for one, two in zip(first, reversed(mixed), strict=True):
        assert isinstance(one, PageImage)
        assert isinstance(two, PageImage)
        assert np.array_equal(one.pixels, two.pixels)
