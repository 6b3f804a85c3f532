"""ALTO, PAGE, hOCR, TSV, Label Studio and Parquet say of a page what is so, each on its own scale."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.document import (
    Correction,
    Field,
    Glyph,
    MachineReading,
    Page,
    PageResult,
    Reason,
    Source,
    Status,
    Verdict,
)
from hcr_scan.errors import MissingDependency, OutputError, UsageError
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.formats import Format, check_installed, format_of, is_folder_target
from hcr_scan.sinks.sink import OutputOptions, Shape, open_sink
from hcr_scan.sinks.tabular import CORRECTION_COLUMNS, FIELD_COLUMNS, Level
from tests.exchange import ALTO, FAILURE, PAGE, PROVENANCE, XHTML, sample, tree, valid_tree, written

GOLDEN = Path(__file__).parents[1] / "golden" / "exchange"
GOLDEN_FORMATS = (Format.ALTO, Format.PAGE, Format.HOCR, Format.TSV, Format.LABEL_STUDIO)


def box(element: Any) -> tuple[int, ...]:
    """Left, top, width and height in ALTO."""
    return tuple(int(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))


def points(element: Any) -> list[tuple[int, ...]]:
    coords = element.find(f"{PAGE}Coords").get("points")
    return [tuple(map(int, point.split(","))) for point in coords.split()]


def readings(element: Any) -> list[tuple[str, str, str]]:
    return [
        (equiv.get("index"), equiv.get("conf"), equiv.findtext(f"{PAGE}Unicode") or "")
        for equiv in element.findall(f"{PAGE}TextEquiv")
    ]


def said(element: Any) -> dict[str, str]:
    found = element.find(f"{PAGE}UserDefined")
    return {attribute.get("name"): attribute.get("value") for attribute in found}


@pytest.mark.parametrize("format_", GOLDEN_FORMATS)
def test_what_is_written_is_as_it_was(format_: Format, request: pytest.FixtureRequest) -> None:
    pages: list[PageResult] = [sample()]
    if format_ not in (Format.ALTO, Format.PAGE):
        pages.append(FAILURE)
    data = written(pages, OutputOptions(format_))
    path = GOLDEN / f"sample.{format_.value}"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    assert data == path.read_bytes()


def test_alto_has_words_glyphs_and_variants_with_confidences_on_its_scales() -> None:
    root = valid_tree(sample(), Format.ALTO)
    assert root.findtext(f".//{ALTO}MeasurementUnit") == "pixel"
    strings = root.findall(f".//{ALTO}String")
    assert [string.get("CONTENT") for string in strings] == ["AB", "C", "01031968", "NO", "\ufffd", "\ufffd"]
    first = strings[0]
    assert box(first) == (12, 12, 36, 26)
    assert float(first.get("WC")) == pytest.approx(0.99 * 0.8)
    # 0 is sure and 9 unsure.
    assert first.get("CC") == "02"
    assert strings[3].get("CC")[1] == "4"
    glyph = first.findall(f"{ALTO}Glyph")[1]
    assert (glyph.get("CONTENT"), glyph.get("GC"), box(glyph)) == ("B", "0.8", (32, 12, 16, 26))
    assert [(v.get("CONTENT"), v.get("VC")) for v in glyph] == [("8", "0.1"), ("", "0.05")]
    assert [string.get("STYLE") for string in strings[-2:]] == [None, "strikethrough"]
    space = root.find(f".//{ALTO}SP")
    assert box(space) == (48, 12, 24, 26)


def test_alto_names_fields_by_tags_and_tells_their_values() -> None:
    root = valid_tree(sample(), Format.ALTO)
    tags = {tag.get("ID"): (tag.get("TYPE"), tag.get("LABEL")) for tag in root.find(f"{ALTO}Tags")}
    blocks = [[tags[name] for name in block.get("TAGREFS").split()] for block in root.iter(f"{ALTO}TextBlock")]
    assert blocks[0] == [
        ("field", "full_name"), ("status", "review"), ("reason", "low_confidence"), ("alternative", "A8 C"),
    ]  # fmt: skip
    assert blocks[1] == [("field", "born"), ("value", "1968-03-01"), ("status", "ok")]
    assert blocks[2] == [("field", "agreed"), ("value", "yes"), ("status", "ok")]
    assert blocks[3] == [("field", "code"), ("status", "blank")]
    other = root.find(f".//{ALTO}ALTERNATIVE")
    assert (other.text, other.get("PURPOSE"), other.getparent().get("CONTENT")) == ("1968-03-01", "value", "01031968")


def test_alto_tells_where_from_and_what_made_it() -> None:
    root = valid_tree(sample(), Format.ALTO)
    assert root.findtext(f".//{ALTO}fileName") == "in/fö<rm>.tif"
    assert root.findtext(f".//{ALTO}fileIdentifier") == "a" * 64
    assert root.findtext(f".//{ALTO}softwareVersion") == "0.1.0"
    assert f"model sha256:{'0' * 64}" in root.findtext(f".//{ALTO}processingStepSettings")
    page = root.find(f".//{ALTO}Page")
    assert (page.get("PHYSICAL_IMG_NR"), page.get("WIDTH"), page.get("HEIGHT")) == ("2", "600", "800")


@pytest.mark.parametrize(
    ("rotation", "size", "word", "counterclockwise", "clockwise"),
    [
        (0, (600, 800), (12, 12, 36, 26), 359.5, -0.5),
        # A quarter clockwise makes it upright: what is left on top was at the bottom on the left.
        (90, (800, 600), (12, 552, 26, 36), 89.5, 89.5),
        (180, (600, 800), (552, 762, 36, 26), 179.5, 179.5),
        (270, (800, 600), (762, 12, 26, 36), 269.5, -90.5),
    ],
)
def test_places_are_those_on_the_image_as_its_file_shows_it(
    rotation: int, size: tuple[int, int], word: tuple[int, ...], counterclockwise: float, clockwise: float
) -> None:
    page = sample(rotation)
    alto = valid_tree(page, Format.ALTO).find(f".//{ALTO}Page")
    assert (int(alto.get("WIDTH")), int(alto.get("HEIGHT"))) == size
    assert float(alto.get("ROTATION")) == counterclockwise
    assert box(alto.find(f".//{ALTO}String")) == word
    left, top, width, height = word
    in_page = valid_tree(page, Format.PAGE).find(f"{PAGE}Page")
    assert (int(in_page.get("imageWidth")), int(in_page.get("imageHeight"))) == size
    assert float(in_page.get("orientation")) == clockwise
    assert points(in_page.find(f".//{PAGE}Word"))[::2] == [(left, top), (left + width, top + height)]
    hocr = tree(written([page], OutputOptions(Format.HOCR)))
    line = next(element for element in hocr.iter(f"{XHTML}span") if element.get("class") == "ocr_line")
    assert ("textangle" in line.get("title")) == bool(rotation)
    assert f"bbox {left} {top} {left + width} {top + height};" in line[0].get("title")
    rows = written([page], OutputOptions(Format.TSV)).decode().splitlines()
    assert next(row.split("\t") for row in rows if row.startswith("5\t"))[6:10] == [str(number) for number in word]
    (task,) = json.loads(written([page], OutputOptions(Format.LABEL_STUDIO)))
    region = task["predictions"][0]["result"][0]
    assert (region["original_width"], region["original_height"]) == size


def test_page_xml_has_values_words_and_glyphs_with_other_readings_in_order() -> None:
    root = valid_tree(sample(), Format.PAGE)
    regions = root.findall(f".//{PAGE}TextRegion")
    assert [said(region)["name"] for region in regions] == ["full_name", "born", "agreed", "code", "line_001"]
    assert readings(regions[0]) == [("0", "0.81", "AB C"), ("1", "0.1", "A8 C")]
    assert readings(regions[1])[0] == ("0", "0.9", "1968-03-01")
    assert readings(regions[1].find(f"{PAGE}TextLine"))[0][2] == "01031968"
    assert readings(regions[2]) == [("0", "0.97", "yes")]
    glyphs = regions[0].findall(f".//{PAGE}Glyph")
    assert readings(glyphs[1]) == [("0", "0.8", "B"), ("1", "0.1", "8"), ("2", "0.05", "")]
    assert said(glyphs[2]) == {"status": "ok", "cell": "3"}
    rejected = regions[4].findall(f".//{PAGE}Glyph")[2]
    assert readings(rejected) == [("0", "0.7", ""), ("1", "0.2", "7")]
    assert said(rejected) == {"status": "rejected", "reasons": "not_a_character"}
    assert points(regions[0])[::2] == [(10, 10), (210, 40)]
    order = [ref.get("regionRef") for ref in root.iter(f"{PAGE}RegionRefIndexed")]
    assert order == [region.get("id") for region in regions]
    assert said(root.find(f"{PAGE}Page"))["template"] == "kyc"
    labels = {label.get("type"): label.get("value") for label in root.iter(f"{PAGE}Label")}
    assert labels["model"] == f"sha256:{'0' * 64}"


def test_hocr_has_confidences_of_words_and_characters_from_0_to_100() -> None:
    root = tree(written([sample(), FAILURE], OutputOptions(Format.HOCR)))
    words = [element for element in root.iter(f"{XHTML}span") if element.get("class") == "ocrx_word"]
    assert [word.text.strip() for word in words] == ["AB", "C", "01031968", "NO", "", ""]
    assert (
        words[0].get("title") == "bbox 12 12 48 38; x_wconf 79.2; x_confs 99.0 80.0; x_bboxes 12 12 28 38 32 12 48 38"
    )
    pages = [element for element in root.iter(f"{XHTML}div") if element.get("class") == "ocr_page"]
    assert [page.get("title").split("; ")[1] for page in pages] == ["ppageno 0", "ppageno 1"]
    assert pages[0].get("title").startswith('image "in/fö<rm>.tif"')
    assert pages[1].get("data-error") == "open: password: is <encrypted>"
    areas = [element for element in root.iter(f"{XHTML}div") if element.get("class") == "ocr_carea"]
    assert [area.get("data-value") for area in areas] == ["AB C", "1968-03-01", "yes", "", "NO"]


def test_tsv_is_what_pytesseract_reads() -> None:
    pandas = pytest.importorskip("pandas")
    data = written([sample(), FAILURE], OutputOptions(Format.TSV))
    table = pandas.read_csv(io.BytesIO(data), sep="\t", quoting=3, keep_default_na=False)
    assert list(table) == [
        "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf",
        "text",
    ]  # fmt: skip
    words = table[table.level == 5]
    assert list(words.text) == ["AB", "C", "01031968", "NO"]
    assert list(words.conf) == [79.2, 100.0, pytest.approx(100 * 0.98**8, abs=0.01), 45.0]
    assert list(words.word_num) == [1, 2, 1, 1]
    assert list(words.block_num) == [1, 1, 2, 5]
    assert (table[table.level != 5].conf == -1).all()
    assert list(table[table.level == 1].page_num) == [1, 2]
    assert list(table[table.level == 1].width) == [600, 0]


def test_label_studio_has_rectangles_in_percent_and_texts_under_one_id() -> None:
    options = OutputOptions(Format.LABEL_STUDIO, image_prefix="/data/local-files/?d=")
    task, failed = json.loads(written([sample(), FAILURE], options))
    assert task["data"]["image"] == "/data/local-files/?d=in/f%C3%B6%3Crm%3E.tif#page=2"
    prediction = task["predictions"][0]
    assert prediction["model_version"] == "hcr-scan 0.1.0 model 000000000000"
    assert prediction["score"] == 0.2835
    rectangle, text = prediction["result"][:2]
    assert rectangle["id"] == text["id"]
    assert (rectangle["type"], text["type"]) == ("rectanglelabels", "textarea")
    assert rectangle["value"] == {
        "x": 1.6667, "y": 1.25, "width": 33.3333, "height": 3.75, "rotation": 0, "rectanglelabels": ["cells"],
    }  # fmt: skip
    assert text["value"]["text"] == ["AB C"]
    assert rectangle["score"] == 0.81
    assert failed["predictions"] == []
    assert failed["data"]["error"].startswith("open: password")


def test_parquet_of_corrected_pages_says_what_the_machine_had_read() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    page = sample()
    machine = MachineReading("WR0NG", 0.5, Status.REVIEW, (Reason.LOW_CONFIDENCE,))
    said = replace(page.fields[0], correction=Correction(Verdict.CORRECTED, page.fields[0].value, "Ann", machine))
    pages = [replace(page, fields=(said, *page.fields[1:])), FAILURE]
    table = parquet.read_table(io.BytesIO(written(pages, OutputOptions(Format.PARQUET, corrections=True))))
    first, *others = table.select(list(CORRECTION_COLUMNS)).to_pylist()
    assert first == {
        "corrected_by": "human", "reviewer": "Ann", "machine_value": "WR0NG", "machine_confidence": 0.5,
        "machine_status": "review",
    }  # fmt: skip
    assert all(value is None for row in others for value in row.values())
    glyphs = written(pages, OutputOptions(Format.PARQUET, Level.GLYPH, corrections=True))
    assert "corrected_by" not in parquet.read_table(io.BytesIO(glyphs)).column_names


def test_parquet_has_the_columns_of_csv_with_types() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(written([sample(), FAILURE], OutputOptions(Format.PARQUET))))
    assert table.column_names == list(FIELD_COLUMNS)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["confidence"] == types["min_glyph_confidence"] == "double"
    assert types["reasons"] == "list<element: string>"
    assert {types[name] for name in ("page", "left", "top", "right", "bottom")} == {"int32"}
    rows = table.to_pylist()
    assert [row["value"] for row in rows] == ["AB C", "1968-03-01", "yes", "", "NO", None]
    assert (rows[0]["confidence"], rows[0]["reasons"], rows[3]["reasons"]) == (0.81, ["low_confidence"], [])
    assert rows[4]["reasons"] == ["low_confidence", "not_a_character"]
    assert rows[5]["error"].startswith("open: password")
    glyphs = parquet.read_table(io.BytesIO(written([sample()], OutputOptions(Format.PARQUET, Level.GLYPH))))
    assert glyphs.column("cell").to_pylist()[:5] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("format_", [Format.ALTO, Format.PAGE])
def test_a_page_that_failed_is_a_valid_file_that_says_why(format_: Format) -> None:
    root = valid_tree(FAILURE, format_)
    if format_ is Format.ALTO:
        page = root.find(f".//{ALTO}Page")
        assert (page.get("QUALITY"), page.get("QUALITY_DETAIL")) == ("Missing", f"open: password: {FAILURE.message}")
    else:
        assert said(root.find(f"{PAGE}Page"))["error"] == f"open: password: {FAILURE.message}"


def write_both(target: Path, options: OutputOptions) -> None:
    with open_sink(str(target), options, PROVENANCE) as sink:
        sink.write(sample())
        sink.write(FAILURE)


@pytest.mark.parametrize("format_", [Format.ALTO, Format.PAGE])
def test_a_file_holds_one_page_and_the_advice_is_a_folder(tmp_path: Path, format_: Format) -> None:
    target = tmp_path / f"out.{format_.value}"
    target.write_text("old")
    with pytest.raises(OutputError, match="folder"):
        write_both(target, OutputOptions(format_))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize("format_", [Format.ALTO, Format.PAGE, Format.HOCR, Format.TSV])
def test_a_folder_has_a_file_a_page_under_names_that_cannot_collide(tmp_path: Path, format_: Format) -> None:
    target = tmp_path / "out"
    names = [
        "a/scan.png",
        "b/scan.png",
        "b/SCAN.png",
        "b/scan.tif",
        "x\udcff\n\t/é?.png",
        "\ud800.png",
        "..",
        "a" * 300,
    ]
    sources = [Source(name, page, 2) for name in names for page in (1, 2)]
    for _ in range(2):
        with open_sink(str(target), OutputOptions(format_, folder=True), PROVENANCE) as sink:
            for source in sources:
                sink.write(replace(sample(), source=source))
    found = sorted(path.name for path in target.iterdir())
    assert len({name.lower() for name in found}) == len(sources)
    assert all(name.isprintable() and not name.startswith(".") and len(name.encode()) < 220 for name in found)
    assert sum(name.startswith("scan.png.") and ".p0002." in name for name in found) == 2


def test_a_folder_that_cannot_be_is_told_at_once(tmp_path: Path) -> None:
    options = OutputOptions(Format.ALTO, folder=True)
    (tmp_path / "file").write_text("")
    for name in ("file/", "missing/out/"):
        with pytest.raises(OutputError), open_sink(f"{tmp_path}/{name}", options, PROVENANCE):
            pytest.fail("the run must not begin")
    with pytest.raises(RuntimeError), open_sink(f"{tmp_path}/new/", options, PROVENANCE):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_suffixes_and_folders_say_the_format(tmp_path: Path) -> None:
    assert format_of("a/b.ALTO.xml", None) is Format.ALTO
    assert format_of("b.label-studio.json", None) is Format.LABEL_STUDIO
    assert format_of("b.tasks.json", None) is Format.JSON
    with pytest.raises(UsageError, match="alto, page, hocr"):
        format_of("b.xml", None)
    assert is_folder_target("pages", Format.ALTO)
    assert is_folder_target("pages/", Format.HOCR)
    assert is_folder_target(str(tmp_path), Format.TSV)
    assert not is_folder_target("pages.xml", Format.ALTO)
    assert not is_folder_target("pages", Format.HOCR)
    assert not is_folder_target("-", Format.PAGE)
    with pytest.raises(OutputError, match=r"name a file in it, such as results\.parquet"):
        is_folder_target(str(tmp_path), Format.PARQUET)


def test_options_that_a_format_has_no_use_for_are_refused() -> None:
    with pytest.raises(UsageError, match="--shape wide"):
        OutputOptions(Format.ALTO, shape=Shape.WIDE)
    with pytest.raises(UsageError, match="--image-prefix"):
        OutputOptions(Format.ALTO, image_prefix="http://")


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"pip install 'hcr-scan\[parquet\]'"):
        check_installed(Format.PARQUET)


def lines_written(field: Field) -> list[list[str]]:
    page = Page(Source("a.png"), 900, 900, 200, 0, 0.0, (field,))
    root = tree(written([page], OutputOptions(Format.PAGE)))
    return [
        [word.findall(f"{PAGE}TextEquiv")[0].findtext(f"{PAGE}Unicode") or "" for word in line.findall(f"{PAGE}Word")]
        for line in root.iter(f"{PAGE}TextLine")
    ]


def free(text: str, left: int, top: int) -> Glyph:
    status = Status.OK if text else Status.REJECTED
    return Glyph(BoundingBox(left, top, left + 18, top + 26), text, 0.9, status=status)


def test_a_box_of_several_lines_has_them_as_its_text_says() -> None:
    glyphs = (free("A", 10, 10), free("B", 30, 10), free("C", 70, 12), free("D", 10, 60))
    field = Field("address", "box", BoundingBox(0, 0, 200, 100), "AB C\nD", "AB C\nD", 0.9, Status.OK, glyphs=glyphs)
    assert lines_written(field) == [["AB", "C"], ["D"]]
    # Where the value is in another form, and was corrected, places tell.
    assert lines_written(replace(field, value="abcd", raw="A8 C\nD")) == [["AB", "C"], ["D"]]
    smudged = (*glyphs[:2], free("", 120, 10), *glyphs[2:])
    assert lines_written(replace(field, glyphs=smudged)) == [["AB", "", "C"], ["D"]]


def test_words_of_cells_are_parted_where_the_value_has_a_space() -> None:
    struck = replace(free("", 40, 10), reasons=(Reason.CROSSED_OUT,))
    glyphs = [free("A", 10, 10), struck, free("B", 70, 10), free("", 100, 10), free("C", 130, 10)]
    cells = tuple(replace(glyph, cell=number) for number, glyph in enumerate(glyphs))
    field = Field("code", "cells", BoundingBox(0, 0, 200, 100), "AB C", "AB C", 0.9, Status.REVIEW, glyphs=cells)
    assert lines_written(field) == [["AB", "", "C"]]
