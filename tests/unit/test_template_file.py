"""Templates from TOML: what a good file says, and what is said of bad ones."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

import hcr_scan
from hcr_scan.errors import UsageError
from hcr_scan.forms.blank import blank_of
from hcr_scan.forms.files.template_file import load_template, load_templates
from hcr_scan.forms.template import FieldKind, Knowledge, Normalization, Option, ValueKind, ValueType
from hcr_scan.geometry import BoundingBox
from tests.pdf_writer import blank_pdf

SCHEMA = json.loads((Path(hcr_scan.__file__).parent / "schema" / "template.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

FORM = """
schema = "hcr-scan-template/1"
id = "kyc-2024"
title = "Know your customer"

[[pages]]
blank = "blank.png"
size = [600, 400]
dpi = 100

[[pages.fields]]
name = "surname"
kind = "cells"
box = [20, 20, 220, 45]
cells = 8
charset = "upper"
lexicon = "names.txt"
required = true
accept_above = 0.9

[[pages.fields]]
name = "code"
kind = "crossed_cells"
cells = [[300, 20, 320, 40], [325, 20, 345, 40]]
mask = "A9"

[[pages.fields]]
name = "date_of_birth"
kind = "line"
box = [20, 60, 220, 85]
type = { kind = "date", formats = ["DDMMYYYY", "DD.MM.YYYY"], least = 1900-01-01, most = "2030-12-31" }
normalize = ["iso_date"]

[[pages.fields]]
name = "country"
kind = "box"
box = [20, 100, 220, 125]
charset = "digits+NOX"
pattern = "[N-O]+"
lexicon = ["NO", "XX"]
closed_lexicon = true
type = "country"

[[pages.fields]]
name = "consent"
kind = "checkbox"
box = [20, 140, 32, 152]

[[pages.fields]]
name = "sex"
kind = "choice"
options = [{ value = "male", box = [20, 180, 32, 192] }, { value = "female", box = [60, 180, 72, 192] }]

[[checks]]
rule = "code = surname"
message = "nonsense"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((400, 600), 255, np.uint8)).save(tmp_path / "blank.png", dpi=(100, 100))
    (tmp_path / "names.txt").write_text("\ufeff# the usual ones\nSMITH\n\n JONES \nSMITH\n", "utf-8")
    return tmp_path


def written(folder: Path, text: str = FORM, name: str = "form.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as error:
        load_template(written(folder, text))
    return str(error.value)


def test_a_file_says_what_is_known_of_a_form(folder: Path) -> None:
    form = load_template(written(folder))
    assert (form.id, form.title, form.path) == ("kyc-2024", "Know your customer", folder / "form.toml")
    (page,) = form.pages
    assert (page.number, page.width, page.height, page.dpi, page.blank) == (1, 600, 400, 100, folder / "blank.png")
    surname, code, birth, country, consent, sex = form.fields
    assert surname.cells[0] == BoundingBox(20, 20, 45, 45)
    assert surname.cells[-1].right == 220
    assert surname.knowledge.lexicon == ("SMITH", "JONES")
    assert surname.required
    assert surname.accept_above == 0.9
    assert code.kind is FieldKind.CROSSED_CELLS
    assert code.box == BoundingBox(300, 20, 345, 40)
    assert birth.normalize == (Normalization.ISO_DATE,)
    assert birth.knowledge.type == ValueType(ValueKind.DATE, ("DDMMYYYY", "DD.MM.YYYY"), "1900-01-01", "2030-12-31")
    assert country.knowledge == Knowledge(
        "0123456789NOX", None, "[N-O]+", ("NO", "XX"), True, ValueType(ValueKind.COUNTRY)
    )
    assert consent.options == (Option("yes", consent.box),)
    assert [option.value for option in sex.options] == ["male", "female"]
    assert sex.box == BoundingBox(20, 180, 72, 192)
    assert form.checks[0].rule == "code = surname"


def test_the_published_schema_allows_it() -> None:
    VALIDATOR.check_schema(SCHEMA)
    values = tomllib.loads(FORM.replace("least = 1900-01-01, ", ""))
    VALIDATOR.validate(values)


def test_millimeters_are_pixels_of_the_blank(folder: Path) -> None:
    text = """
schema = "hcr-scan-template/1"
id = "mm"
[[pages]]
blank = "blank.png"
unit = "mm"
[[pages.fields]]
name = "a"
kind = "line"
box = [25.4, 50.8, 50.8, 63.5]
"""
    expected = BoundingBox(100, 200, 200, 250)
    assert load_template(written(folder, text)).fields[0].box == expected
    # The page's measures are worth more than what a file says of its resolution.
    sized = text.replace('unit = "mm"', 'unit = "mm"\nsize = [304.8, 203.2]')
    half = BoundingBox(50, 100, 100, 125)
    form = load_template(written(folder, sized))
    assert (form.fields[0].box, form.pages[0].dpi) == (half, 50)
    Image.fromarray(np.full((400, 600), 255, np.uint8)).save(folder / "blank.png")
    assert "pages[0].unit: the blank does not say how large it is; add size" in refusal(folder, text)
    assert load_template(written(folder, sized)).fields[0].box == half


@pytest.mark.parametrize(("most", "text"), [("9999999999", "9999999999"), ("2.5e9", "2500000000.0")])
def test_bounds_of_numbers_may_be_large(folder: Path, most: str, text: str) -> None:
    number = f'name = "code"\ntype = {{ kind = "decimal", most = {most} }}'
    form = FORM.split("[[checks]]")[0].replace('name = "code"', number).replace('mask = "A9"', "")
    assert load_template(written(folder, form)).fields[1].knowledge.type == ValueType(ValueKind.DECIMAL, most=text)


def test_a_page_of_a_pdf_is_drawn_at_the_resolution_given(folder: Path) -> None:
    (folder / "blank.pdf").write_bytes(blank_pdf("0 0 144 72", "0 0 72 144"))
    text = FORM.split("[[pages]]")[0] + '[[pages]]\nblank = "blank.pdf"\nblank_page = 2\n'
    (page,) = load_template(written(folder, text)).pages
    assert (page.width, page.height, page.dpi, page.blank_page) == (200, 400, 200, 2)
    (page,) = load_template(written(folder, text + "dpi = 100\n")).pages
    assert (page.width, page.height, page.dpi) == (100, 200, 100)
    assert blank_of(page).pixels.shape == (200, 100)
    assert "has no page 3" in refusal(folder, text.replace("blank_page = 2", "blank_page = 3"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('schema = "hcr-scan-template/1"', "", 'schema: this is no template that can be read here; its first line'),
        ('id = "kyc-2024"', 'id = "a/b"', "id: 'a/b' is no id; use letters"),
        ('title = "Know', 'titel = "Know', "titel: this key is not known; did you mean title?"),
        ('blank = "blank.png"', 'blank = "gone.png"', "gone.png is not there (any more); check the name"),
        ('blank = "blank.png"', "", "pages[0].blank: this key is missing; write for example"),
        ("size = [600, 400]", "size = [600, 401]", "pages[0].size: says 600 x 401 pixels and the blank has 600 x 400"),
        ("size = [600, 400]", "size = 600", "pages[0].size: must be [width, height], not 600"),
        ("dpi = 100", "dpi = 10", "pages[0].dpi: must be a whole number from 36 to 1,200, not 10"),
        ("dpi = 100", 'unit = "cm"', "pages[0].unit: 'cm' is none of px, mm"),
        ("cells = 8", "cell = 8", "pages[0].fields[0].cell (surname): this key is not known; did you mean cells?"),
        ("cells = 8", "", "pages[0].fields[0].cells (surname): this key is missing; write for example cells = 8"),
        ("cells = 8", "cells = 101", "pages[0].fields[0].cells (surname): 101 do not fit"),
        ("cells = 8", "cells = true", "pages[0].fields[0].cells (surname): must be a whole number"),
        ("cells = 8", "cells = [[20, 20, 40, 46]]", "pages[0].fields[0].cells[0] (surname): [20, 20, 40, 46] leaves"),
        ('kind = "cells"', 'kind = "cell"', "'cell' is none of cells, box, line"),
        ('kind = "cells"', 'kind = "box"', "pages[0].fields[0].cells (surname): means nothing for a field of kind box"),
        ("box = [20, 20, 220, 45]", "box = [20, 20, 620, 45]", "(surname): [20, 20, 620, 45] leaves the page"),
        ("box = [20, 20, 220, 45]", "box = [20, 20, 20, 45]", "has no inside"),
        ("box = [20, 20, 220, 45]", "box = [20, 20, 45]", "must be four numbers"),
        ("box = [20, 20, 220, 45]", "box = [nan, 20, 30, 45]", "must be four numbers"),
        ("[300, 20, 320, 40], [325", "[330, 20, 340, 40], [325", "fields[1].cells (code): must run from left to right"),
        ('name = "code"', 'name = "surname"', "fields[1].name: surname is also the name of pages[0].fields[0]"),
        ('name = "code"', 'name = "Code"', "'Code' is no name; use small letters"),
        ('name = "code"', 'name = "a__status"', "'a__status' is no name"),
        ('charset = "upper"', 'charset = ""', "pages[0].fields[0].charset (surname): '' names no characters"),
        ('mask = "A9"', 'mask = ""', "pages[0].fields[1].mask (code): is empty"),
        ('"names.txt"', '"gone.txt"', "gone.txt cannot be read (No such file or directory)"),
        ('"names.txt"', '"blank.png"', "blank.png is not UTF-8"),
        ('lexicon = ["NO", "XX"]', "", "fields[3].closed_lexicon (country): there is no lexicon"),
        ('lexicon = ["NO", "XX"]', 'lexicon = ["NO", 2]', "fields[3].lexicon (country): must be a list of texts"),
        ('type = "country"', 'type = "contry"', "fields[3].type (country): 'contry' is none of"),
        ("least = 1900-01-01", "lest = 1900-01-01", "fields[2].type.lest: this key is not known; did you mean least?"),
        ("least = 1900-01-01", "least = true", "fields[2].type.least: must be a number or a date, not True"),
        ('normalize = ["iso_date"]', 'normalize = ["isodate"]', "'isodate' is not known; did you mean iso_date?"),
        ("accept_above = 0.9", "accept_above = 90", "accept_above (surname): must be a number from 0 to 1, not 90"),
        ("required = true", 'required = "yes"', "required (surname): must be true or false, not a text"),
        ("box = [20, 140, 32, 152]", "", "fields[4].box (consent): this key is missing"),
        ('value = "female"', 'value = "male"', "fields[5].options (sex): two have the same value"),
        ('value = "female"', 'vlaue = "female"', "options[1].vlaue: this key is not known; did you mean value?"),
        ('rule = "code = surname"', "rule = 1", "checks[0].rule: must be a rule in quotes, not 1"),
        ('rule = "code = surname"', 'rule = "kode = 1"', "checks[0].rule: the rule 'kode = 1'"),
        ('mask = "A9"', "mask = 'A9\\'", "fields[1].mask (code): the mask 'A9"),
        ('pattern = "[N-O]+"', 'pattern = "[N-O"', "fields[3].pattern (country): the pattern '[N-O' is no regular"),
        ('"DDMMYYYY", ', '"DDMM", ', "fields[2].type (date_of_birth): "),
        ('pattern = "[N-O]+"', 'pattern = "[0-9]+"', "no value satisfies charset and pattern and"),
        ("[[checks]]", "[[check]]", "check: this key is not known; did you mean checks?"),
        ("[[checks]]", "[[checks]", "is no TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_key(folder: Path, before: str, after: str, message: str) -> None:
    assert before in FORM
    told = refusal(folder, FORM.replace(before, after, 1))
    assert message in told
    assert told.startswith(f"{folder / 'form.toml'}: ")


def test_everything_wrong_is_told_at_once(folder: Path) -> None:
    told = refusal(
        folder, FORM.replace("cells = 8", "cells = 0").replace('rule = "', 'ruel = "').replace("[20, 60", "[-1, 60")
    )
    assert [line.split(": ")[1] for line in told.splitlines()] == [
        "pages[0].fields[0].cells (surname)",
        "pages[0].fields[2].box (date_of_birth)",
        "checks[0].ruel",
    ]


def test_no_mistake_of_a_field_or_of_the_file_hides_others(folder: Path) -> None:
    wrong = {
        'id = "kyc-2024"': 'id = "a/b"',
        '"names.txt"': '"gone.txt"\ntype = "dat"\nmask = ""',
        "required = true": 'required = "yes"',
        "accept_above = 0.9": "accept_above = 90",
        "cells = 8": "cells = 0",
        'rule = "code = surname"': 'rule = "code = ="',
    }
    text = FORM
    for before, after in wrong.items():
        text = text.replace(before, after, 1)
    assert [line.split(": ")[1] for line in refusal(folder, text).splitlines()] == [
        "id",
        "pages[0].fields[0].lexicon (surname)",
        "pages[0].fields[0].mask (surname)",
        "pages[0].fields[0].type (surname)",
        "pages[0].fields[0].required (surname)",
        "pages[0].fields[0].accept_above (surname)",
        "pages[0].fields[0].cells (surname)",
        "checks[0].rule",
    ]


def test_a_rule_between_pages_is_refused(folder: Path) -> None:
    second = """[[pages]]
blank = "blank.png"
unit = "px"
[[pages.fields]]
name = "total"
kind = "box"
box = [20, 100, 220, 125]
"""
    told = refusal(
        folder, FORM.replace("[[checks]]", second + "\n[[checks]]").replace("code = surname", "total = surname")
    )
    assert "checks[0].rule: the rule 'total = surname' speaks of fields of several pages" in told


def test_the_hash_knows_the_blank_and_the_words(folder: Path) -> None:
    path = written(folder)
    first = load_template(path).sha256
    assert load_template(path).sha256 == first
    (folder / "names.txt").write_text("SMITH\n", "utf-8")
    second = load_template(path).sha256
    Image.fromarray(np.full((400, 600), 254, np.uint8)).save(folder / "blank.png", dpi=(100, 100))
    third = load_template(path).sha256
    written(folder, FORM + "\n# seen\n")
    assert len({first, second, third, load_template(path).sha256}) == 4


def test_a_folder_is_all_templates_in_it(folder: Path) -> None:
    written(folder, FORM.replace("kyc-2024", "b"), "2.toml")
    written(folder, FORM.replace("kyc-2024", "a"), "10.toml")
    assert [form.id for form in load_templates([folder])] == ["a", "b"]
    twin = written(folder, FORM.replace("kyc-2024", "a"), "3.toml")
    with pytest.raises(UsageError, match=r"3\.toml: id: a is also that of .*10\.toml"):
        load_templates([folder])
    assert [form.id for form in load_templates([twin, folder / "2.toml"])] == ["a", "b"]
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match="there is no template"):
        load_templates([folder / "empty"])
    with pytest.raises(UsageError, match=r"gone\.toml: cannot be read"):
        load_template(folder / "gone.toml")


def changed(**changes: Any) -> dict[str, Any]:
    values = tomllib.loads(FORM.replace("least = 1900-01-01, ", ""))
    values["pages"][0]["fields"][0] |= changes
    return values


@pytest.mark.parametrize(
    "change", [{"kind": "box"}, {"cells": 0}, {"name": "A"}, {"size": 3}, {"kind": "choice"}, {"box": [1, 2, 3]}]
)
def test_the_published_schema_refuses_what_cannot_be_meant(change: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(changed(**change))


def test_a_picture_is_no_template(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"blank\.png: is no template.*name a \.toml file"):
        load_template(folder / "blank.png")
