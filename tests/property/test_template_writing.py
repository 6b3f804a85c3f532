"""A template that is written down is read back as it was."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hcr_scan
from hcr_scan.forms.files.field_table import CELL_KINDS, NAME, equal_cells
from hcr_scan.forms.files.template_file import ID, load_template
from hcr_scan.forms.files.template_writing import write_template
from hcr_scan.forms.knowledge.checks import check_checks
from hcr_scan.forms.knowledge.languages import check_knowledge
from hcr_scan.forms.template import (
    MARK_KINDS,
    Check,
    FieldKind,
    Knowledge,
    Normalization,
    Option,
    Template,
    TemplateField,
    TemplatePage,
    ValueKind,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.settings import NAMED_CHARSETS, parse_charset

WIDTH, HEIGHT = 120, 90
PAGE = BoundingBox(0, 0, WIDTH, HEIGHT)
SCHEMA = json.loads((Path(hcr_scan.__file__).parent / "schema" / "template.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
words = texts.filter(lambda text: bool(text.strip()))


@st.composite
def boxes(draw: st.DrawFn, within: BoundingBox = PAGE) -> BoundingBox:
    left, right = sorted(draw(st.lists(st.integers(within.left, within.right), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(st.integers(within.top, within.bottom), min_size=2, max_size=2, unique=True)))
    return BoundingBox(left, top, right, bottom)


characters = st.sets(st.characters(categories=("L", "N", "P")), min_size=1).map(lambda chosen: "".join(sorted(chosen)))
charsets = st.sampled_from(list(NAMED_CHARSETS)) | characters
#: Each may be meant by itself.
types = st.sampled_from(
    (
        ValueType(),
        ValueType(ValueKind.EMAIL),
        ValueType(ValueKind.DATE, ("DDMMYYYY", "YY-MM-DD"), "1999-12-31", "2024-02-29"),
        ValueType(ValueKind.INTEGER, least="-5", most="17"),
        ValueType(ValueKind.DECIMAL, decimals=2),
        ValueType(ValueKind.ISO7064, system="mod37-2"),
    )
)
lexicons = st.lists(words.map(str.strip), min_size=1, max_size=3, unique=True).map(tuple)
knowledge = st.one_of(
    st.builds(Knowledge, charsets.map(parse_charset)),
    st.builds(Knowledge, mask=st.sampled_from(("A9", "\\A?*", 'a"#X'))),
    st.builds(Knowledge, pattern=st.sampled_from(("[A-Z]+\\d", "a|'\\\\'"))),
    st.builds(Knowledge, lexicon=lexicons, closed_lexicon=st.booleans()),
    st.builds(Knowledge, type=types),
).filter(lambda known: is_sound(lambda: check_knowledge(known, NAMED_CHARSETS["text"])))


def is_sound(check: Callable[[], None]) -> bool:
    try:
        check()
    except ValueError:
        return False
    return True


@st.composite
def fields(draw: st.DrawFn, name: str) -> TemplateField:
    kind = draw(st.sampled_from(FieldKind))
    box = draw(boxes().filter(lambda box: box.width > 2))
    field = TemplateField(name, kind, box, required=draw(st.booleans()), accept_above=draw(st.none() | st.floats(0, 1)))
    if kind in MARK_KINDS:
        single = kind is FieldKind.CHECKBOX
        values = draw(
            st.lists(texts.filter(bool), min_size=1 if single else 2, max_size=1 if single else 3, unique=True)
        )
        if single and draw(st.booleans()):
            return replace(field, options=(Option("yes", box),))
        return replace(field, options=tuple(Option(value, draw(boxes(box))) for value in values))
    if kind in CELL_KINDS:
        number = draw(st.integers(1, box.width // 2))
        cells = equal_cells(box, number)
        if draw(st.booleans()):
            cells = tuple(BoundingBox(c.left, c.top, c.right - draw(st.integers(0, 1)), c.bottom) for c in cells)
        field = replace(field, cells=cells)
    normalize = tuple(draw(st.lists(st.sampled_from(Normalization), max_size=3)))
    return replace(field, knowledge=draw(knowledge), normalize=normalize)


@st.composite
def templates(draw: st.DrawFn, folder: Path) -> Template:
    names = iter(draw(st.lists(st.from_regex(NAME, fullmatch=True), min_size=6, max_size=6, unique=True)))
    pages = tuple(
        TemplatePage(
            number,
            WIDTH,
            HEIGHT,
            draw(st.integers(36, 1200)),
            folder / "blank.png",
            tuple(draw(fields(next(names))) for _ in range(draw(st.integers(0, 3)))),
            filled=draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 2)) + 1)
    )
    fields_ = [field for page in pages for field in page.fields]
    checks = tuple(Check(f"{field.name} = {field.name}", draw(texts)) for field in fields_[: draw(st.integers(0, 1))])
    if not is_sound(lambda: check_checks(checks, fields_)):
        checks = ()
    return Template(draw(st.from_regex(ID, fullmatch=True)), pages, checks, draw(texts), folder / "form.toml")


@settings(max_examples=100)
@given(st.data())
def test_what_is_written_is_read_back(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(np.full((HEIGHT, WIDTH), 255, np.uint8)).save(folder / "blank.png")
        template = data.draw(templates(folder))
        text = write_template(template)
        (folder / "form.toml").write_text(text, "utf-8", newline="")
        read = load_template(folder / "form.toml")
        assert replace(read, sha256="") == template
        assert write_template(read) == text
        VALIDATOR.validate(tomllib.loads(text))
