"""Poppler as the renderer: the same pages, the same limits, and nothing that hangs or tells a password."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.engines.base import Lost
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.errors import MissingDependency
from hcr_scan.settings import Limits, PdfRenderer, SourceSettings
from hcr_scan.sources import check_renderer
from hcr_scan.worker import ListTask, load_first_page
from tests.pdf_writer import blank_pdf, encrypted_pdf, flate_page
from tests.source_reading import SETTINGS, read_failure, read_page


def write(folder: Path, data: bytes) -> Path:
    path = folder / "page.pdf"
    path.write_bytes(data)
    return path


@pytest.fixture
def poppler() -> SourceSettings:
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not installed")
    return SourceSettings(dpi=100, pdf_renderer=PdfRenderer.POPPLER)


def test_poppler_draws_the_page_pdfium_draws(tmp_path: Path, poppler: SourceSettings) -> None:
    page = flate_page(np.full((100, 100), 255, np.uint8))
    page.after = b"72 72 144 288 re f"
    page.page_entries = b"/Rotate 90"
    path = tmp_path / "-f 2.pdf"
    path.write_bytes(page.pdf())
    ours, theirs = read_page(path, SourceSettings(dpi=100)), read_page(path, poppler)
    assert theirs.dpi == 100
    assert ours.pixels.shape == theirs.pixels.shape
    assert np.abs(ours.pixels.astype(int) - theirs.pixels).mean() < 1


def test_scans_are_native_with_poppler_too(tmp_path: Path, poppler: SourceSettings) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (1169, 827), dtype=np.uint8)
    image = read_page(write(tmp_path, flate_page(pixels).pdf()), poppler)
    assert np.array_equal(image.pixels, pixels)


def test_poppler_limits_are_those_of_pdfium(tmp_path: Path, poppler: SourceSettings) -> None:
    assert read_failure(write(tmp_path, blank_pdf("0 0 2000000 2000000")), poppler).error == "too_large"
    assert read_failure(write(tmp_path, b"%PDF-1.7\nnothing of the kind"), poppler).error == "damaged"


def test_poppler_opens_encrypted_pdfs_without_seeing_the_password(
    tmp_path: Path, poppler: SourceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = tmp_path / "arguments"
    spy = tmp_path / "bin" / "pdftoppm"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {arguments}\nexec {shutil.which("pdftoppm")} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    path = write(tmp_path, encrypted_pdf("secret", b"0 0 36 36 re f"))
    image = read_page(path, replace(poppler, dpi=72, password="secret"))
    assert image.pixels[71, 0] == 0
    assert image.pixels[0, 0] == 255
    assert "secret" not in arguments.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere files have names")
def test_nothing_decrypted_is_left_when_a_worker_is_killed(
    tmp_path: Path, poppler: SourceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy, begun, temporary = tmp_path / "bin" / "pdftoppm", tmp_path / "begun", tmp_path / "tmp"
    spy.parent.mkdir()
    temporary.mkdir()
    spy.write_text(f"#!/bin/sh\n[ $1 = -v ] && exec {shutil.which('pdftoppm')} -v\necho >> {begun}\nexec sleep 600\n")
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(temporary))
    task = ListTask(
        str(write(tmp_path, encrypted_pdf("secret", b"0 0 36 36 re f"))), replace(poppler, password="secret")
    )
    with contextlib.closing(Supervisor(1, limits=Limits(page_timeout=3.0))) as supervisor:
        (lost,) = supervisor.map(load_first_page, [task])
    assert isinstance(lost, Lost)
    assert begun.exists()
    assert list(temporary.iterdir()) == []


def test_a_hanging_poppler_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "pdfinfo"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("hcr_scan.sources.poppler.TIME_LIMIT", 0.2)
    settings = SourceSettings(pdf_renderer=PdfRenderer.POPPLER)
    assert read_failure(write(tmp_path, b"%PDF-1.7\nnothing of the kind"), settings).error == "timeout"
    assert read_failure(write(tmp_path, blank_pdf("0 0 72 72")), settings).error == "timeout"


def test_a_page_that_poppler_draws_without_end_is_given_up(
    tmp_path: Path, poppler: SourceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "pdftoppm"
    hanging.write_text("#!/bin/sh\n[ $1 = -v ] && echo version 22.12.0 >&2 && exit\nexec sleep 20\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("hcr_scan.sources.poppler.TIME_LIMIT", 2)
    started = time.monotonic()
    assert read_failure(write(tmp_path, blank_pdf("0 0 72 72")), poppler).error == "timeout"
    assert time.monotonic() - started < 15


def test_a_page_that_poppler_does_not_draw_is_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = {"pdfinfo": "echo 'Pages: 1'", "pdftoppm": "[ $1 = -v ] && echo version 22.12.0 >&2\nexit 99"}
    for name, script in scripts.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = SourceSettings(pdf_renderer=PdfRenderer.POPPLER)
    assert read_failure(write(tmp_path, blank_pdf("0 0 72 72")), settings).error == "bad_page"


def test_a_missing_renderer_is_told_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    check_renderer(SETTINGS)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependency, match=r"apt install poppler-utils.*brew install poppler"):
        check_renderer(SourceSettings(pdf_renderer=PdfRenderer.POPPLER))
