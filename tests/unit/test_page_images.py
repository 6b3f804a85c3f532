from __future__ import annotations

import contextlib
import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hcr_scan.document import Page
from hcr_scan.geometry import BoundingBox
from hcr_scan.review.items import ItemPage
from hcr_scan.review.page_images import NoPixels, PageImages
from hcr_scan.settings import Limits, SourceSettings
from tests.pdf_writer import encrypted_pdf
from tests.review_server import drawn_page
from tests.reviews import field


def item_page(page: Page, number: int = 1) -> ItemPage:
    return ItemPage(number, page.source, page.width, page.height, page.dpi, page.rotation)


@contextlib.contextmanager
def images(**options: object) -> Iterator[PageImages]:
    limits = options.pop("limits", Limits())
    with contextlib.closing(PageImages(SourceSettings(), limits, **options)) as found:  # type: ignore[arg-type]
        yield found


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def noise(path: Path, seed: int = 0, size: tuple[int, int] = (90, 60)) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)
    Image.fromarray(pixels).save(path, dpi=(200, 200))
    return pixels


def test_crops_are_the_pixels_of_the_scan_turned_upright(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", field("name", "AB"))
    scanned = np.asarray(Image.open(tmp_path / "a.png"))
    turned = replace(item_page(page), width=1400, height=1000, rotation=90)
    with images() as pages:
        upright = pages.crop(item_page(page), BoundingBox(0, 5, 50, 45))
        assert (pixels_of(upright) == scanned[5:45, 0:50]).all()
        assert (
            pixels_of(pages.crop(replace(turned, id=2), BoundingBox(1300, 0, 1400, 90)))
            == np.rot90(scanned, -1)[0:90, 1300:1400]
        ).all()


def test_a_crop_that_reaches_beyond_the_page_is_what_is_on_it(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", field("name", "AB"))
    with images() as pages:
        assert pixels_of(pages.crop(item_page(page), BoundingBox(-20, -20, 30, 40))).shape == (40, 30)
        with pytest.raises(NoPixels, match=r"outside of the page"):
            pages.crop(item_page(page), BoundingBox(2000, 0, 2100, 40))


def test_the_picture_of_a_page_is_no_larger_than_can_be_looked_at(tmp_path: Path) -> None:
    noise(tmp_path / "a.png", size=(4000, 1000))
    page = replace(drawn_page(tmp_path / "b.png"), width=1000, height=4000)
    source = replace(
        page.source, path=str(tmp_path / "a.png"), sha256=hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    )
    with images() as pages:
        assert pixels_of(pages.picture(item_page(replace(page, source=source)))).shape == (2400, 600)


def test_relative_names_are_seen_from_the_folder_of_the_scan(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", field("name", "AB"))
    here = replace(page, source=replace(page.source, path="a.png"))
    with images(folder=str(tmp_path)) as pages:
        assert pages.pixels(item_page(here)).shape == (1400, 1000)


def test_a_file_that_is_gone_changed_or_no_image_is_told_by_name(tmp_path: Path) -> None:
    gone, changed, other = (
        drawn_page(tmp_path / name, field("n", "AB")) for name in ("gone.png", "new.png", "odd.png")
    )
    (tmp_path / "gone.png").unlink()
    noise(tmp_path / "new.png")
    size = replace(other, width=10)
    with images() as pages:
        for number, (page, words) in enumerate(
            [
                (gone, "gone.png is not there"),
                (changed, "new.png is another file"),
                (size, "1000 x 1400 pixels, and had 10"),
            ]
        ):
            with pytest.raises(NoPixels, match=words):
                pages.pixels(item_page(page, number))


def test_a_file_that_comes_back_is_shown_when_the_failure_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn_page(tmp_path / "a.png", field("n", "AB"))
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    with images() as pages:
        with pytest.raises(NoPixels):
            pages.pixels(item_page(page))
        (tmp_path / "b.png").rename(tmp_path / "a.png")
        with pytest.raises(NoPixels):
            pages.pixels(item_page(page))
        monkeypatch.setattr("hcr_scan.review.page_images.time.monotonic", lambda: 1e12)
        assert pages.pixels(item_page(page)).shape == (1400, 1000)


def test_no_more_is_kept_than_told_but_the_latest_page(tmp_path: Path) -> None:
    drawn = [item_page(drawn_page(tmp_path / f"{n}.png", field("n", "AB")), n) for n in range(4)]
    with images(kept_bytes=2 * 1400 * 1000) as pages:
        for page in drawn:
            pages.pixels(page)
            assert pages.kept_bytes <= 2 * 1400 * 1000
        (tmp_path / "3.png").unlink()
        (tmp_path / "0.png").unlink()
        assert pages.pixels(drawn[3]).shape == (1400, 1000)
        with pytest.raises(NoPixels):
            pages.pixels(drawn[0])
    with images(kept_bytes=10) as pages:
        pages.pixels(drawn[1])
        assert pages.kept_bytes == 1400 * 1000


def test_threads_that_want_the_same_page_wait_for_one_decoding(tmp_path: Path) -> None:
    page = item_page(drawn_page(tmp_path / "a.png", field("n", "AB")))
    found = []
    with images() as pages:
        threads = [threading.Thread(target=lambda: found.append(pages.pixels(page))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert all(one is found[0] for one in found)


def test_a_page_that_takes_too_long_is_told_and_the_next_is_shown(tmp_path: Path) -> None:
    slow = drawn_page(tmp_path / "slow.png", field("n", "AB"))
    pages = PageImages(SourceSettings(), Limits(page_timeout=1e-4))
    with contextlib.closing(pages), pytest.raises(NoPixels, match=r"slow.png took longer than"):
        pages.pixels(item_page(slow))


def test_after_the_end_there_are_no_pixels_and_no_crash(tmp_path: Path) -> None:
    page = item_page(drawn_page(tmp_path / "a.png", field("n", "AB")))
    pages = PageImages(SourceSettings(), Limits())
    pages.close()
    with pytest.raises(NoPixels):
        pages.pixels(page)


def test_an_encrypted_document_asks_for_its_password(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(encrypted_pdf("open", b"0 0 36 36 re f"))
    sha256 = hashlib.sha256((tmp_path / "a.pdf").read_bytes()).hexdigest()
    page = replace(drawn_page(tmp_path / "a.png"), width=300, height=300)
    locked = item_page(replace(page, source=replace(page.source, path=str(tmp_path / "a.pdf"), sha256=sha256)))
    with (
        images() as pages,
        pytest.raises(NoPixels, match=r"a.pdf is encrypted; give its password with --password-file"),
    ):
        pages.pixels(locked)
    with contextlib.closing(PageImages(SourceSettings(password="open"), Limits())) as pages:
        assert pages.pixels(locked).shape == (300, 300)
