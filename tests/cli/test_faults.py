"""Rows F2, F4, F6 and F8 of the fault table: hostile files among good ones, through the whole program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.candidates import SegmentedPage
from hcr_scan.settings import Limits, Settings, SourceSettings
from hcr_scan.sources import PageImage
from hcr_scan.worker import ListTask, PageTask, load_first_page, segment_page
from tests.pages import draw_comb_page
from tests.pdf_writer import CATALOG, billion_laughs, build_pdf

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory limits need Linux")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose first and last page are good."""
    folder = tmp_path / "in"
    folder.mkdir()
    draw_comb_page(folder / "a.png", ["7294"])
    draw_comb_page(folder / "z.png", ["2024"])
    return folder


def pages_tree(*pages: bytes) -> bytes:
    kids = b" ".join(b"%d 0 R" % (3 + number) for number in range(len(pages)))
    return build_pdf([CATALOG, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)), *pages])


def test_hostile_files_cost_their_own_pages_alone(folder: Path, tmp_path: Path) -> None:
    small, endless = (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] >>" % (n, n) for n in (200, 2_000_000))
    (folder / "bomb.pdf").write_bytes(billion_laughs(9))
    (folder / "endless.pdf").write_bytes(pages_tree(endless))
    (folder / "loop.pdf").write_bytes(build_pdf([CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]))
    (folder / "ten.pdf").write_bytes(pages_tree(*[small] * 4, b"(no page at all)", *[small] * 5))
    target = tmp_path / "r.jsonl"
    limits = ("--page-timeout", "3", "--worker-memory", "600", "--jobs", "2")

    started = time.monotonic()
    # By a process of its own: of workers of a large parent, as tests can be, it cannot be told how large they were.
    code = subprocess.run([sys.executable, "-m", "hcr_scan", str(folder), "--out", str(target), *limits]).returncode
    assert time.monotonic() - started < 20

    assert code == ExitCode.SOME_PAGES_FAILED
    records: list[dict[str, Any]] = [json.loads(line) for line in target.read_text().splitlines()]
    ends: dict[str, list[str]] = {}
    for record in records:
        end = record["error"]["error"] if record["error"] else "read"
        ends.setdefault(Path(record["source"]["path"]).name, []).append(end)
    assert ends.pop("bomb.pdf") in (["timeout"], ["memory"])
    assert set(ends.pop("loop.pdf")) <= {"bad_page", "damaged", "no_pages", "read"}
    assert ends == {
        "a.png": ["read"],
        "endless.pdf": ["too_large"],
        "ten.pdf": ["read"] * 4 + ["bad_page"] + ["read"] * 5,
        "z.png": ["read"],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", "png"), ("RGB", "jpg"), ("RGBA", "png"), ("CMYK", "tif"), ("I;16", "png")]
)
def test_the_largest_page_that_is_allowed_fits_into_a_worker(tmp_path: Path, mode: str, suffix: str) -> None:
    page = Image.new("L", (10_000, 10_000), 255)
    page.paste(0, (1000, 1000, 1030, 4000))
    path = tmp_path / f"page.{suffix}"
    page.convert("I" if mode == "I;16" else mode).convert(mode).save(path)
    del page
    with closing(local_engine(1, limits=Limits(page_timeout=120))) as engine:
        tasks = [ListTask(str(path), SourceSettings())]
        (image,) = engine.map(load_first_page, tasks)
        assert isinstance(image, PageImage)
        (result,) = engine.map(segment_page, [PageTask(image.ref, Settings(), CropSpec())])
    assert isinstance(result, SegmentedPage)
