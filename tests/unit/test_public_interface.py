"""The names that programs import: their examples run, their types are exported, and tables have the types they say."""

from __future__ import annotations

import csv
import doctest
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hcr_scan
from hcr_scan import (
    BoundingBox,
    Field,
    InputError,
    Layout,
    Page,
    PageFailure,
    Settings,
    Source,
    SourceSettings,
    Status,
    load_classifier,
    transcribe,
    transcribe_image,
)
from tests.runs import draw_digit_page
from tests.tiff_writer import build_tiff

ROOT = Path(__file__).parents[2]

#: Modules of public names whose examples are to be there.
SHOWN = {
    "hcr_scan", "hcr_scan.arrays", "hcr_scan.data_frames", "hcr_scan.document", "hcr_scan.forms.grouping",
    "hcr_scan.geometry", "hcr_scan.model.classifier", "hcr_scan.pipeline", "hcr_scan.settings",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({"hcr_scan", *hcr_scan._HOMES}))
def test_examples_in_docstrings_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "hcr_scan.data_frames":
        pytest.importorskip("pandas")
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(import_module(name), report=True)
    assert failed == 0
    assert (tried > 0) == (name in SHOWN)


def test_every_public_name_is_documented() -> None:
    for name in set(hcr_scan.__all__) - {"__version__", "PageResult"}:
        assert getattr(hcr_scan, name).__doc__, name


PROGRAM = """
from typing import assert_type

import numpy as np
from hcr_scan import (
    Classifier, Field, Form, Page, PageFailure, Settings, Template, filled_forms, load_classifier, load_template,
    parse_charset, to_dataframe, transcribe, transcribe_image,
)

classifier = load_classifier()
assert_type(classifier, Classifier)
templates: list[Template] = [load_template("kyc.toml")]
for page in transcribe(["in"], classifier, Settings(charset=parse_charset("digits")), templates=templates):
    assert_type(page, Page | PageFailure)
    if isinstance(page, PageFailure):
        text: str = page.message
        continue
    assert_type(page.fields, tuple[Field, ...])
    for form in filled_forms([page], templates):
        assert_type(form, Form)
assert_type(transcribe_image(np.zeros((9, 9), np.uint8), classifier), Page | PageFailure)
table = to_dataframe(transcribe("in", classifier))
"""
WRONG = PROGRAM + "Settings(charset=7)\nload_classifier(3.5)\n"


@pytest.mark.parametrize(("program", "errors"), [(PROGRAM, 0), (WRONG, 2)])
def test_a_program_is_checked_against_our_types(program: str, errors: int, tmp_path: Path) -> None:
    """As an installed package: mypy takes no types from one without ``py.typed``."""
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(program)
    cache = ROOT / ".mypy_cache" / "programs"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "program.py"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(found) == errors, done.stdout + done.stderr
    assert done.returncode == (1 if errors else 0)


DIGITS = Settings(layout=Layout.GLYPH, charset="0123456789")


def test_an_image_in_memory_reads_as_its_file(tmp_path: Path) -> None:
    path = draw_digit_page(tmp_path / "7.png", "7")
    classifier = load_classifier()
    (from_file,) = transcribe(path, classifier, DIGITS)
    assert isinstance(from_file, Page)
    with Image.open(path) as image:
        picture = image.copy()
        gray, color = np.asarray(image), np.asarray(image.convert("RGBA"))
    for each in (picture, gray, color, color[:, :, :3], np.asfortranarray(gray)):
        page = transcribe_image(each, classifier, DIGITS, name="7.png", dpi=200)
        assert isinstance(page, Page)
        assert (page.lines, page.fields, page.dpi) == (from_file.lines, from_file.fields, from_file.dpi)
        assert page.source == Source("7.png")
    assert transcribe_image(picture, classifier, DIGITS).source.path == "image"
    assert isinstance(transcribe_image(gray > 127, classifier, DIGITS), Page)


def test_an_opened_image_is_turned_and_made_square_as_its_file_is(tmp_path: Path) -> None:
    upright = Image.open(draw_digit_page(tmp_path / "7.png", "7"))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90).save(tmp_path / "turned.png", exif=exif, dpi=(200, 200))
    upright.resize((60, 30)).save(tmp_path / "fax.tif", dpi=(200, 100))
    deep = (255 - np.asarray(upright)).astype("<u2") * 257
    (tmp_path / "white_is_zero.tif").write_bytes(build_tiff([(deep.tobytes(), 60, 60, 16, 0, {})]))
    classifier = load_classifier()
    for path in (tmp_path / "turned.png", tmp_path / "fax.tif", tmp_path / "white_is_zero.tif"):
        (from_file,) = transcribe(path, classifier, DIGITS)
        assert isinstance(from_file, Page)
        assert (from_file.lines[0].text, from_file.width, from_file.height) == ("7", 60, 60), path
        with Image.open(path) as image:
            page = transcribe_image(image, classifier, DIGITS)
            assert isinstance(page, Page)
            assert (page.lines, page.width, page.height) == (from_file.lines, 60, 60)
            assert page.dpi == from_file.dpi


def test_an_image_in_memory_may_not_be_larger_than_a_file() -> None:
    small = replace(DIGITS, source=SourceSettings(max_pixels=99))
    page = transcribe_image(np.full((10, 10), 255, np.uint8), load_classifier(), small, name="7.png")
    assert isinstance(page, PageFailure)
    assert (page.source.path, page.stage, page.error) == ("7.png", "decode", "too_large")


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 5), np.float64), np.zeros(5, np.uint8), np.zeros((5, 5, 2), np.uint8), np.zeros((0, 5), np.uint8)],
)
def test_an_array_that_is_no_page_is_refused(array: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(InputError, match="is no page"):
        transcribe_image(array, load_classifier())


def pages() -> list[Page | PageFailure]:
    field = Field("code", "cells", BoundingBox(1, 2, 3, 4), "007", "OO7", 0.5, Status.REVIEW)
    named_na = Field("town", "cells", BoundingBox(1, 2, 3, 4), "NA", "NA", 0.5, Status.OK)
    page = Page(Source("a.pdf", 1, 2, "0" * 64), 10, 20, 200, 0, 0.0, (field, named_na))
    return [page, PageFailure(Source("b.pdf"), "open", "password", "is encrypted")]


def test_a_table_holds_what_csv_holds(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    from hcr_scan import to_dataframe
    from hcr_scan.sinks.records import Provenance
    from hcr_scan.sinks.sink import Format, OutputOptions, open_sink
    from hcr_scan.sinks.tabular import FIELD_COLUMNS

    table = to_dataframe(iter(pages()))
    assert list(table.columns) == list(FIELD_COLUMNS)
    assert list(table["value"][:2]) == ["007", "NA"]
    assert table["left"].tolist() == [1, 1, pd.NA]
    assert table["error"].isna().tolist() == [True, True, False]
    assert {str(table.dtypes[name]) for name in ("value", "name", "error")} == {"string"}
    target = tmp_path / "r.csv"
    with open_sink(str(target), OutputOptions(Format.CSV), Provenance("0", "m", "s")) as sink:
        for page in pages():
            sink.write(page)
    with target.open(newline="") as file:
        written = list(csv.reader(file))
    cells = [["" if pd.isna(cell) else str(cell) for cell in row] for row in table.itertuples(index=False)]
    assert [list(table.columns), *cells] == written


def test_no_pages_are_a_table_without_rows() -> None:
    pytest.importorskip("pandas")
    from hcr_scan import to_dataframe

    for level in ("field", "glyph"):
        table = to_dataframe([], level)
        assert len(table) == 0
        assert str(table.dtypes["left"]) == "Int64"


def test_without_pandas_it_is_said_what_to_install() -> None:
    code = (
        "import sys\nsys.modules['pandas'] = None\nimport hcr_scan\ntry:\n    hcr_scan.to_dataframe([])\n"
        "except hcr_scan.MissingDependency as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pip install 'hcr-scan[pandas]'" in done.stdout
