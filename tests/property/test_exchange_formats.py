"""Whatever a page says, exchange formats hold it: valid by the official schemas, ids once, texts and places kept."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcr_scan.document import Page, PageFailure, PageResult, rounded
from hcr_scan.sinks.blocks import sheet_of
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.markup import possible
from hcr_scan.sinks.records import displayable
from hcr_scan.sinks.sink import OutputOptions
from hcr_scan.sinks.tabular import Level, rows_of
from hcr_scan.sources.pages import path_text
from tests.documents import pages, results
from tests.exchange import ALTO, PAGE, XHTML, tree, valid_tree, written

many = settings(max_examples=100)


@pytest.fixture(autouse=True, scope="module")
def unsynced() -> Iterator[None]:
    """Thousands of small files are written here, of which none need outlive a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def glyphs_of(page: Page) -> list[Any]:
    """The glyphs that are written, in order."""
    return [
        glyph for block in sheet_of(page).blocks for line in block.lines for word in line.words for glyph in word.glyphs
    ]


def assert_unique(root: Any, name: str) -> None:
    found = [element.get(name) for element in root.iter() if element.get(name) is not None]
    assert len(found) == len(set(found))


@many
@given(results)
def test_alto_is_valid_and_says_what_the_page_says(result: PageResult) -> None:
    root = valid_tree(result, Format.ALTO)
    assert_unique(root, "ID")
    assert root.findtext(f".//{ALTO}fileName") == possible(path_text(result.source.path))
    if isinstance(result, PageFailure):
        assert root.find(f".//{ALTO}PrintSpace") is None
        return
    glyphs = glyphs_of(result)
    contents = [string.get("CONTENT") for string in root.iter(f"{ALTO}String")]
    assert "".join(contents) == "".join(possible(glyph.text) or "\ufffd" for glyph in glyphs)
    for string in root.iter(f"{ALTO}String"):
        assert len(string.get("CC")) == len(string.get("CONTENT"))
    found = [float(glyph.get("GC")) for glyph in root.iter(f"{ALTO}Glyph")]
    assert found == [rounded(glyph.confidence) for glyph in glyphs if len(glyph.text) <= 1]
    page = root.find(f".//{ALTO}Page")
    for element in root.iter(f"{ALTO}TextBlock", f"{ALTO}TextLine", f"{ALTO}String", f"{ALTO}SP", f"{ALTO}Glyph"):
        left, top, width, height = (float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        assert min(left, top, width, height) >= 0
        assert left + width <= float(page.get("WIDTH"))
        assert top + height <= float(page.get("HEIGHT"))


@many
@given(results)
def test_page_xml_is_valid_and_says_what_the_page_says(result: PageResult) -> None:
    root = valid_tree(result, Format.PAGE)
    assert_unique(root, "id")
    if isinstance(result, PageFailure):
        return

    def first(element: Any) -> str:
        return str(element.find(f"{PAGE}TextEquiv").findtext(f"{PAGE}Unicode") or "")

    values = [*(field.value for field in result.fields), *(line.text for line in result.lines)]
    assert [first(region) for region in root.iter(f"{PAGE}TextRegion")] == list(map(possible, values))
    glyphs = glyphs_of(result)
    assert [first(glyph) for glyph in root.iter(f"{PAGE}Glyph")] == [possible(glyph.text) for glyph in glyphs]
    others = [len(glyph.findall(f"{PAGE}TextEquiv")) - 1 for glyph in root.iter(f"{PAGE}Glyph")]
    assert others == [len(glyph.alternatives) for glyph in glyphs]
    boxes = [coords.get("points").split()[::2] for coords in root.iterfind(f".//{PAGE}Glyph/{PAGE}Coords")]
    assert boxes == [[f"{glyph.box.left},{glyph.box.top}", f"{glyph.box.right},{glyph.box.bottom}"] for glyph in glyphs]


@many
@given(st.lists(results, max_size=3))
def test_hocr_is_well_formed_and_says_what_the_pages_say(found: list[PageResult]) -> None:
    root = tree(written(found, OutputOptions(Format.HOCR)))
    assert_unique(root, "id")
    by_class: dict[str, list[Any]] = {}
    for element in root.iter():
        by_class.setdefault(element.get("class"), []).append(element)
    assert len(by_class.get("ocr_page", [])) == len(found)
    read = [page for page in found if isinstance(page, Page)]
    words = [word for page in read for block in sheet_of(page).blocks for line in block.lines for word in line.words]
    assert [(word.text or "") for word in by_class.get("ocrx_word", [])] == [possible(w.text) or " " for w in words]
    for element in root.iter(f"{XHTML}span", f"{XHTML}div"):
        assert re.search(r"(^|; )bbox \d+ \d+ \d+ \d+(;|$)", element.get("title"))
    for word in by_class.get("ocrx_word", []):
        for number in re.findall(r"x_wconf ([\d.]+)", word.get("title")):
            assert 0 <= float(number) <= 100


@many
@given(st.lists(results, max_size=3))
def test_tsv_has_twelve_cells_a_row(found: list[PageResult]) -> None:
    lines = written(found, OutputOptions(Format.TSV)).decode("utf-8").splitlines()
    table = [line.split("\t") for line in lines]
    assert {len(row) for row in table} == {12}
    assert [row[1] for row in table[1:] if row[0] == "1"] == [str(number + 1) for number in range(len(found))]
    assert all(row[10] == "-1" or (row[0] == "5" and 0 <= float(row[10]) <= 100) for row in table[1:])


@many
@given(st.lists(results, max_size=3))
def test_label_studio_has_a_task_a_page_with_places_inside_the_image(found: list[PageResult]) -> None:
    tasks = json.loads(written(found, OutputOptions(Format.LABEL_STUDIO)))
    assert len(tasks) == len(found)
    for task, page in zip(tasks, found, strict=True):
        assert task["data"]["image"].isascii()
        if isinstance(page, PageFailure):
            continue
        regions = task["predictions"][0]["result"]
        texts = [region["value"]["text"][0] for region in regions if region["type"] == "textarea"]
        values = [*(field.value for field in page.fields), *(line.text for line in page.lines)]
        assert texts == [displayable(value) for value in values if value]
        for region in regions:
            value = region["value"]
            assert value["x"] + value["width"] <= 100.001
            assert value["y"] + value["height"] <= 100.001


@many
@given(st.lists(results, max_size=3), st.sampled_from(list(Level)))
def test_parquet_has_the_cells_of_csv(found: list[PageResult], level: Level) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    data = written(found, OutputOptions(Format.PARQUET, level))
    rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    expected = [row for page in found for row in rows_of(page, level)]
    assert len(rows) == len(expected)
    for row, cells in zip(rows, expected, strict=True):
        for (name, value), cell in zip(row.items(), cells, strict=True):
            if name == "reasons":
                assert ";".join(value) == (cell or "")
            else:
                assert value == (displayable(cell) if isinstance(cell, str) else cell)


@given(pages)
def test_every_written_glyph_is_in_a_word_once_and_in_order(page: Page) -> None:
    fields = tuple(replace(field, correction=None) for field in page.fields)
    lines = tuple(replace(line, correction=None) for line in page.lines)
    upright = sheet_of(replace(page, fields=fields, lines=lines), upright=True)
    glyphs = [glyph for block in upright.blocks for line in block.lines for word in line.words for glyph in word.glyphs]
    expected = [glyph for field in page.fields for glyph in field.glyphs if glyph.status.value != "blank"]
    expected += [glyph for line in page.lines for glyph in line.glyphs]
    assert [glyph.confidence for glyph in glyphs] == [glyph.confidence for glyph in expected]


@given(pages)
def test_what_a_person_wrote_in_place_of_a_reading_is_what_the_words_say(page: Page) -> None:
    parts = [*page.fields, *page.lines]
    for part, block in zip(parts, sheet_of(page, upright=True).blocks, strict=True):
        correction = part.correction
        if correction is not None and correction.value != correction.machine.value:
            assert "".join(block.written.split()) == "".join(correction.value.split())
