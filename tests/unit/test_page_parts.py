from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.review.page_parts import part_at, parts_of
from hcr_scan.sinks.records import Provenance, json_text, record_of
from tests.reviews import field, line, page

TEXTS = st.text(st.characters(min_codepoint=33, exclude_characters="~"), max_size=8)


@given(st.lists(TEXTS, max_size=4, unique=True), st.lists(TEXTS.filter(bool), max_size=3))
def test_each_part_stands_where_it_is_said_to(values: list[str], words: list[str]) -> None:
    fields = [field(f"f{number}", value, doubtful=[0]) for number, value in enumerate(values)]
    record = record_of(page("/in/a", *fields, lines=[line(word) for word in words]), Provenance("0", "0", "0"))
    text = json_text(record)
    head, parts = parts_of(text)
    assert [part.record for part in parts] == [*record["fields"], *record["lines"]]
    assert [part_at(text, part.starts, part.ends) for part in parts] == [part.record for part in parts]
    assert head == {key: value for key, value in record.items() if key not in ("fields", "lines")}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"fields":[', '{"fields":[],"lines":[]', '{"fields":[{}{}],"lines":[]}', '{"fields": []}', "{}"]
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        parts_of(text)


def test_a_record_with_spaces_is_refused_rather_than_read_wrongly() -> None:
    record = record_of(page("/in/a", field("a", "A")), Provenance("0", "0", "0"))
    with pytest.raises(ValueError, match=r"char"):
        parts_of(json.dumps(record))
