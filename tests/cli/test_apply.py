"""``apply``: the journal with what people decided, in every format and shape."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from hcr_scan.cli import run
from hcr_scan.document import Page, PageFailure, PageResult, Reason, Source, Verdict
from hcr_scan.review.auditing import Audit
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.selection import Selection, select
from hcr_scan.review.store import ReviewStore
from hcr_scan.sinks.record_reading import page_of
from hcr_scan.sinks.records import schema
from tests.reviews import field, indexed, line, page, review_of, write_journal

FAILED = PageFailure(Source("/in/c"), "decode", "not_an_image", "broken")


def pages() -> list[PageResult]:
    return [
        page("/in/a", field("surname", "SM1TH", 0.4, doubtful=[2]), field("city", "ROME", 0.99)),
        page(
            "/in/b",
            field("surname", "JO~ES", 0.3),
            field("city", "PARIS", 0.6, doubtful=[0]),
            field("code", "", reasons=(Reason.REQUIRED,)),
            lines=[line("SOME", "NOTE", doubtful=True)],
        ),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scan of which all but one field is decided."""
    with review_of(tmp_path, pages()) as store:
        said = {
            ("surname", "/in/a"): (Verdict.CORRECTED, "SMITH"),
            ("surname", "/in/b"): (Verdict.UNREADABLE, ""),
            ("city", "/in/b"): (Verdict.ACCEPTED, ""),
            ("code", "/in/b"): (Verdict.BLANK, ""),
        }
        for item in store.queue(Filter()):
            if item.kind != "line":
                store.decide(item.id, 1, "Ann", *said[item.name, item.page.source.path], 1.0)
    return tmp_path


def test_decided_values_that_break_a_rule_of_their_template_say_so(tmp_path: Path) -> None:
    Image.new("L", (1000, 1400), 255).save(tmp_path / "blank.png", dpi=(200, 200))
    template = tmp_path / "form.toml"
    template.write_text(
        'schema = "hcr-scan-template/1"\nid = "form"\n[[pages]]\nblank = "blank.png"\nunit = "px"\n'
        'size = [1000, 1400]\n[[pages.fields]]\nname = "code"\nkind = "cells"\nbox = [10, 10, 70, 40]\ncells = 3\n'
        'mask = "999"\n'
    )
    scanned = replace(page("/in/a", field("code", "1B3", doubtful=[1])), template="form")
    write_journal(tmp_path / "out.csv.journal", [scanned], [str(template)])
    with ReviewStore(str(tmp_path / "out.csv.review")) as store:
        indexed(tmp_path / "out.csv.journal", store)
        store.decide(1, 1, "Ann", Verdict.CORRECTED, "1A3", 1.0)
    (row,) = rows(tmp_path)
    assert (row["value"], row["status"], row["reasons"]) == ("1A3", "ok", "pattern")


def decide_line(folder: Path) -> None:
    with ReviewStore(str(folder / "out.csv.review")) as store:
        (item,) = store.queue(Filter())
        store.decide(item.id, 1, "Bob", Verdict.CORRECTED, "SOME MORE", 1.0)


def rows(folder: Path, *options: str) -> list[dict[str, str]]:
    assert run(["apply", str(folder / "out.csv"), "-o", str(folder / "final.csv"), *options]) == 0
    return list(csv.DictReader(io.StringIO((folder / "final.csv").read_text(encoding="utf-8"))))


def test_rows_are_what_people_decided_beside_what_was_read(folder: Path) -> None:
    decide_line(folder)
    found = [
        (row["name"], row["value"], row["confidence"], row["status"], row["reasons"], row["corrected_by"],
         row["reviewer"], row["machine_value"], row["machine_confidence"], row["machine_status"])
        for row in rows(folder)
    ]  # fmt: skip
    assert found == [
        ("surname", "SMITH", "1.0", "ok", "", "human", "Ann", "SM1TH", "0.4", "review"),
        ("city", "ROME", "0.99", "ok", "", "", "", "", "", ""),
        ("surname", "", "1.0", "rejected", "unreadable", "human", "Ann", "JO ES", "0.3", "review"),
        ("city", "PARIS", "1.0", "ok", "", "human", "Ann", "PARIS", "0.6", "review"),
        ("code", "", "1.0", "blank", "", "human", "Ann", "", "0.97", "review"),
        ("line_001", "SOME MORE", "1.0", "ok", "", "human", "Bob", "SOME NOTE", "0.9227", "review"),
    ]


def test_where_nobody_reviewed_the_same_is_told_without_a_review(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(tmp_path / "out.csv.journal", [*pages(), FAILED])
    unreviewed = rows(tmp_path)
    told = capsys.readouterr().err
    assert not (tmp_path / "out.csv.review").exists()
    with ReviewStore(str(tmp_path / "out.csv.review")) as store:
        indexed(tmp_path / "out.csv.journal", store)
    assert rows(tmp_path) == unreviewed
    assert capsys.readouterr().err == told
    assert "nobody has reviewed this yet" in told


def test_what_is_open_stays_and_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(folder)[-1]
    assert (found["value"], found["status"], found["corrected_by"]) == ("SOME NOTE", "review", "")
    said = capsys.readouterr().err
    assert "6 fields on 2 pages: 1 accepted unseen" in said
    assert "1 accepted, 1 corrected, 1 found blank, 1 unreadable; 1 still open" in said


def test_records_are_valid_and_come_back(folder: Path) -> None:
    decide_line(folder)
    assert run(["apply", str(folder / "out.csv"), "-o", str(folder / "final.jsonl")]) == 0
    records = [json.loads(text) for text in (folder / "final.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        jsonschema.Draft202012Validator(schema()).validate(record)
    first = records[0]["fields"][0]
    assert (first["corrected_by"], first["reviewer"], first["verdict"]) == ("human", "Ann", "corrected")
    assert first["machine"] == {"value": "SM1TH", "confidence": 0.4, "status": "review", "reasons": ["low_confidence"]}
    assert [glyph["text"] for glyph in first["glyphs"]] == list("SM1TH")
    assert "corrected_by" not in records[0]["fields"][1]
    assert records[1]["lines"][0]["text"] == "SOME MORE"
    read = page_of(records[1])
    assert isinstance(read, Page)
    assert read.lines[0].text == "SOME MORE"
    assert read.lines[0].correction is not None
    assert read.lines[0].correction.machine.value == "SOME NOTE"


def test_other_formats_and_shapes(folder: Path) -> None:
    with_glyphs = rows(folder, "--level", "glyph")
    assert "corrected_by" not in with_glyphs[0]
    assert run(["apply", str(folder / "out.csv"), "-o", str(folder / "w.jsonl"), "--shape", "wide"]) == 0
    forms = [json.loads(text) for text in (folder / "w.jsonl").read_text(encoding="utf-8").splitlines()]
    assert forms[0]["values"] == {"surname": "SMITH", "city": "ROME"}


@pytest.mark.parametrize("name", ["final.hocr", "final.tsv", "alto/", "page/", "final.label-studio.json"])
def test_exchange_formats_say_what_people_said(folder: Path, name: str) -> None:
    decide_line(folder)
    form = ["--format", name.strip("/")] if name.endswith("/") else []
    assert run(["apply", str(folder / "out.csv"), "-o", str(folder / name), *form]) == 0
    target = folder / name
    text = "".join(part.read_text("utf-8") for part in ([target] if target.is_file() else sorted(target.iterdir())))
    assert "SMITH" in text
    assert "SM1TH" not in text
    assert "MORE" in text
    assert "JO" not in text.replace("JOURNAL", "")


def test_the_same_decisions_give_the_same_bytes(folder: Path) -> None:
    rows(folder)
    first = (folder / "final.csv").read_bytes()
    rows(folder)
    assert (folder / "final.csv").read_bytes() == first


def test_a_scan_that_nobody_reviewed_is_its_export(tmp_path: Path) -> None:
    write_journal(tmp_path / "out.csv.journal", pages())
    for command in ("apply", "export"):
        assert run([command, str(tmp_path / "out.csv"), "-o", str(tmp_path / f"{command}.json")]) == 0
    assert (tmp_path / "apply.json").read_bytes() == (tmp_path / "export.json").read_bytes()


def test_complete_is_0_and_else_1_with_the_output_written(folder: Path) -> None:
    command = ["apply", str(folder / "out.csv"), "-o", str(folder / "final.csv"), "--require-complete"]
    assert run(command) == 1
    assert (folder / "final.csv").exists()
    decide_line(folder)
    assert run(command) == 0
    write_journal(folder / "out.csv.journal", [FAILED])
    assert run(command) == 1


def test_decisions_on_fields_that_read_otherwise_now_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_journal(folder / "out.csv.journal", [page("/in/a", field("surname", "SMIT", 0.4, doubtful=[2]))])
    assert rows(folder)[0]["value"] == "SMIT"
    assert "1 decisions dropped" in capsys.readouterr().err


def test_the_audit_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ReviewStore(str(folder / "out.csv.review")) as store:
        select(store, Selection(audit=Audit(1)))
        (item,) = store.queue(Filter(State.ALL, why=Why.AUDIT))
    rows(folder)
    assert "0 of 1 fields looked at" in capsys.readouterr().err
    with ReviewStore(str(folder / "out.csv.review")) as store:
        store.decide(item.id, 1, "Ann", Verdict.CORRECTED, "ROMA", 1.0)
    rows(folder)
    assert "audit: 1 of 1 readings wrong, 100.00 %" in capsys.readouterr().err


def test_no_scan_is_8(tmp_path: Path) -> None:
    assert run(["apply", str(tmp_path / "none.csv"), "-o", "-", "--format", "csv"]) == 8
