"""``report``: figures as counted from the output, one safe file, pictures of the ink, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hcr_scan.cli import run
from hcr_scan.document import FieldAlternative, Page, PageFailure, PageResult, Reason, Source, Status, Verdict
from hcr_scan.errors import ExitCode
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.journal import Journal
from hcr_scan.review.auditing import Audit
from hcr_scan.review.items import Filter, State, Why
from hcr_scan.review.selection import Selection
from hcr_scan.review.store import ReviewStore
from hcr_scan.sinks.record_reading import page_of
from tests.documents import results
from tests.report_page import ReportPage
from tests.reviews import field, line, page, review_of, write_journal

ROOT = Path(__file__).parents[2]
SCRIPT = "<script>alert(1)</script>"


def report(folder: Path, *options: str) -> ReportPage:
    """The report of the scan in a folder."""
    out = folder / "report.html"
    assert run(["report", str(folder / "out.csv"), "-o", str(out), *options]) == 0
    return ReportPage(out)


def counted(number: float) -> str:
    return f"{number:,.0f}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def needs_look(part: dict[str, Any]) -> bool:
    return part["status"] in ("review", "rejected") or bool({"required", "none_marked"} & set(part["reasons"]))


def check_figures(found: ReportPage, records: Sequence[dict[str, Any]]) -> None:
    """Compare a report with what is counted from the records of the JSON output alone."""
    parts = [part for record in records for part in (*record["fields"], *record["lines"])]
    glyphs = [
        glyph
        for part in parts
        for glyph in (part["glyphs"] if "glyphs" in part else [g for word in part["words"] for g in word["glyphs"]])
    ]
    looks = sum(map(needs_look, parts))
    clear = [
        record
        for record in records
        if record["error"] is None and not record["reasons"] and not any(map(needs_look, record["fields"]))
        and not any(map(needs_look, record["lines"]))
    ]  # fmt: skip
    volume = found.table("Volume")
    assert volume["Pages"] == [counted(len(records))]
    assert volume["Documents"] == [counted(len({record["source"]["path"] for record in records}))]
    assert volume["Fields"] == [counted(sum(len(record["fields"]) for record in records))]
    assert volume["Lines of free writing"] == [counted(sum(len(record["lines"]) for record in records))]
    assert volume["Characters and marks, blank cells included"] == [counted(len(glyphs))]
    assert found.tile("Fields that need no look") == (
        f"{share(len(parts) - looks, len(parts))}{counted(len(parts) - looks)} of {counted(len(parts))}"
    )
    assert found.tile("Pages that need no look").startswith(share(len(clear), len(records)))
    expected = sum(1 - part["confidence"] for part in parts if not needs_look(part))
    assert found.tile("Errors to expect in the accepted").startswith(f"{expected:.1f}")
    statuses = Counter(record["status"] for record in records)
    assert {row: int(cells[0]) for row, cells in found.table("Pages by status").items() if row != "Status"} == statuses
    by_status = found.table("Fields, lines and characters by status")
    for status in ("ok", "review", "rejected", "blank"):
        fields, lines, characters, _ = by_status[status]
        assert int(fields) == sum(part["status"] == status for record in records for part in record["fields"])
        assert int(lines) == sum(part["status"] == status for record in records for part in record["lines"])
        assert int(characters) == sum(glyph["status"] == status for glyph in glyphs)
    reasons = Counter(reason for part in parts for reason in part["reasons"])
    assert {row: int(c[0]) for row, c in found.table("Reasons for a look").items() if row != "Reason"} == reasons
    drawn = re.findall(
        r"([\d,]+) (?:ok|review|rejected|blank)\b", found.section("sure").split("confidence, percent")[0]
    )
    assert sum(int(number.replace(",", "")) for number in drawn) == 2 * len(parts)  # in words, and on the bars


def test_the_figures_of_the_examples_are_those_of_their_records(tmp_path: Path) -> None:
    lines = (ROOT / "examples" / "expected" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(text) for text in lines]
    write_journal(tmp_path / "out.csv.journal", [page_of(record) for record in records])
    check_figures(report(tmp_path, "--no-crops"), records)


def test_a_scan_with_its_templates_is_told_with_forms_time_and_ink(tmp_path: Path) -> None:
    out = tmp_path / "kyc.jsonl"
    kyc = ROOT / "examples" / "kyc"
    assert run([str(kyc / "filled.tif"), "--template", str(kyc / "kyc.toml"), "--out", str(out), "--quiet"]) == 0
    assert run(["report", str(out), "-o", str(tmp_path / "report.html")]) == 0
    found = ReportPage(tmp_path / "report.html")
    records = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    check_figures(found, records)
    clear = sum(record["status"] in ("ok", "blank") for record in records)
    assert found.tile("Whole forms that need no look") == f"{share(clear, len(records))}{clear} of {len(records)}"
    names = [part["name"] for record in records for part in record["fields"] if needs_look(part)]
    assert {row.removesuffix("kyc-k7") for row in found.table("By the share")} - {"Field"} <= set(names)
    assert found.table("The latest run")["Took"]
    assert len(found.table("The slowest pages")) == 1 + len(records)
    pictures = found.pictures()
    assert len(pictures) >= 3
    for picture in pictures:
        assert picture.get("src").startswith("data:image/png;base64,")
        assert picture.get("alt").startswith("The ink of ")
    again = tmp_path / "again.html"
    assert run(["report", f"{out}.journal", "-o", str(again)]) == 0
    assert again.read_bytes() == (tmp_path / "report.html").read_bytes()


def test_names_and_values_are_text_whatever_they_say(tmp_path: Path) -> None:
    hostile = f"/in/{SCRIPT}\"'&amp;\udcff\u202e\x07.png"
    form = page(hostile, field(f"{SCRIPT}", "A" * 3, 0.3, doubtful=[0]), sha256="0" * 64)
    value = field("value", f'"{SCRIPT}\x00\ud800]]>', 0.3, doubtful=[0])
    failed = PageFailure(Source(f"/in/b{SCRIPT}"), "open", f"{SCRIPT}", f"{SCRIPT} broke")
    write_journal(tmp_path / "out.csv.journal", [form, page("/in/a", value, sha256=""), failed])
    found = report(tmp_path, "--no-crops")
    assert "<script" not in found.text
    assert not list(found.root.iter("script"))
    assert f"{SCRIPT} broke" in found.section("volume")
    assert SCRIPT in found.section("fields")
    assert r"\xff" in found.section("pages")


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=st.lists(results, min_size=1, max_size=4, unique_by=lambda result: result.source.path))
def test_any_pages_make_a_well_formed_report(pages: list[PageResult], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    write_journal(folder / "out.csv.journal", pages)
    found = report(folder, "--no-crops")
    with Journal(str(folder / "out.csv.journal")) as journal:
        assert found.table("Volume")["Pages"] == [str(journal.count())]


def test_nothing_is_loaded_from_anywhere_and_no_script_may_run(tmp_path: Path) -> None:
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", field("name", "ABC", 0.4, doubtful=[1]), sha256="")])
    found = report(tmp_path, "--no-crops")
    assert not re.search(r"https?:|//|@import|url\(", found.text.replace("/in/", ""))
    assert not {element.tag for element in found.root.iter()} & {"script", "link", "iframe", "object", "base", "form"}
    assert not [
        name for element in found.root.iter() for name in element.attrib if name.startswith("on") or name == "style"
    ]
    (policy,) = [meta for meta in found.root.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    (style,) = found.root.iter("style")
    assert policy.get("content").startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy.get("content")


def test_people_who_cannot_see_it_find_their_way(tmp_path: Path) -> None:
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", field("name", "ABC", 0.4, doubtful=[1]), sha256="")])
    found = report(tmp_path, "--no-crops")
    assert found.root.get("lang") == "en"
    levels = [int(element.tag[1]) for element in found.root.iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    for table in found.root.iter("table"):
        assert table[0].tag == "caption"
        assert [cell for cell in table.iter("th") if cell.get("scope") not in ("row", "col")] == []
    identities = [element.get("id") for element in found.root.iter() if element.get("id")]
    assert len(identities) == len(set(identities))
    named = " ".join(element.get("aria-labelledby", "") for element in found.root.iter()).split()
    assert set(named) <= set(identities)
    for picture in found.root.iter("svg"):
        assert (
            picture.get("role") == "img"
            or picture.get("aria-hidden")
            or picture.getparent().getparent().get("aria-hidden")
        )


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_and_bars_stand_out_in_light_in_dark_and_on_paper() -> None:
    style = (ROOT / "hcr_scan" / "summary" / "page" / "report.css").read_text(encoding="utf-8")
    palettes = [
        dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(palettes) == 3
    for palette in palettes:
        for ground in ("paper", "panel", "mark"):
            assert contrast(palette["ink"], palette[ground]) >= 4.5
            assert contrast(palette["soft"], palette[ground]) >= 4.5 or ground == "mark"
        for bar in ("ok", "review", "rejected", "blank"):
            assert contrast(palette[bar], palette["paper"]) >= 3


# Reviews


def doubtful(path: str) -> Page:
    own = [field("name", "ABC", 0.5, doubtful=[1]), field("city", "ROME", 0.99), field("code", "7", 0.9)]
    return page(path, *own, sha256="", lines=[line("NOTE", doubtful=True)])


@pytest.fixture
def reviewed(tmp_path: Path) -> Path:
    """A scan with 20 pages, of which 12 fields of 40 to look at are decided, 5 seconds each."""
    selection = Selection(accept_above=0.95, audit=Audit(5, seed=1))
    with review_of(tmp_path, [doubtful(f"/in/{number:02}") for number in range(20)], selection) as store:
        verdicts = [Verdict.ACCEPTED] * 6 + [Verdict.CORRECTED] * 3 + [Verdict.UNREADABLE] * 2 + [Verdict.BLANK]
        items = [item for item in store.queue(Filter(), limit=100) if item.why is not Why.AUDIT]
        for number, (item, verdict) in enumerate(zip(items, verdicts, strict=False)):
            store.decide(item.id, 1, "Ann", verdict, "OTHER", 5.0 * number)
        for number, item in enumerate(store.queue(Filter(State.ALL, why=Why.AUDIT))):
            verdict = Verdict.CORRECTED if number == 0 else Verdict.ACCEPTED
            store.decide(item.id, 1, "Bob", verdict, "OTHER", 10_000.0 + 1_000 * number)
    return tmp_path


def test_the_review_s_figures_are_told(reviewed: Path) -> None:
    found = report(reviewed, "--no-crops")
    rows = {name: cells[0] for name, cells in found.table("The review").items()}
    assert (rows["To look at"], rows["Decided"]) == ("40", "12")
    assert (rows["accepted as the machine read them"], rows["corrected"]) == ("6", "3")
    assert (rows["unreadable for people too"], rows["blank, though something was read"]) == ("2", "1")
    said = found.section("review")
    assert "Looks still to be taken (the audit's included): 28." in said
    assert "At 5.0 s a look" in said
    assert "about 2.3 minutes" in said
    assert "of 40 fields accepted without a look, 5 were drawn by chance and looked at; 1 was wrong (20.0 %)" in said
    assert re.search(r"between 2\.5 % and \d\d\.\d % of all", said)
    assert found.tile("Fields to look at") == "4012 of 40 decided; about 2.3 minutes left"
    assert found.tile("Fields that need no look").startswith("50.0")


def test_a_report_leaves_the_review_as_it_is_and_tells_what_it_does_not_know_yet(reviewed: Path) -> None:
    write_journal(reviewed / "out.csv.journal", [doubtful("/in/new")])
    before = (reviewed / "out.csv.review").read_bytes()
    found = report(reviewed, "--no-crops")
    assert "1 page was read or removed since the review was last opened" in found.section("key")
    assert (reviewed / "out.csv.review").read_bytes() == before


def test_a_review_under_way_is_waited_for_by_the_person(reviewed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ReviewStore(str(reviewed / "out.csv.review")):
        code = run(["report", str(reviewed / "out.csv"), "-o", str(reviewed / "report.html")])
    assert code == ExitCode.JOURNAL
    assert "out.csv.review" in capsys.readouterr().err


# Pictures


def draw_page(path: Path) -> str:
    """A page of 1000 x 1400 pixels with something on it; gives the hash of its file."""
    pixels = np.full((1400, 1000), 255, np.uint8)
    pixels[12:30, 5:55] = 0
    Image.fromarray(pixels).save(path, dpi=(200, 200))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_that_is_gone_or_another_now_has_no_picture_and_says_so(tmp_path: Path) -> None:
    names = [tmp_path / f"{name}.png" for name in ("good", "gone", "other")]
    pages = [page(str(path), field("name", "ABC", 0.4, doubtful=[1]), sha256=draw_page(path)) for path in names]
    write_journal(tmp_path / "out.csv.journal", pages)
    names[1].unlink()
    Image.new("L", (1000, 1400)).save(names[2])
    found = report(tmp_path)
    # Once beside its field and once beside its page.
    assert len(found.pictures()) >= 1
    assert {picture.get("alt") for picture in found.pictures()} == {f"The ink of name on {names[0]}"}
    said = found.section("pages")
    assert f"No picture: {names[1]} is not there any more" in said
    assert f"No picture: {names[2]} is another file than the one that was read" in said
    without = report(tmp_path, "--no-crops")
    assert not without.pictures()
    assert "No picture" not in without.text


def test_long_fields_are_shown_whole_and_still_longer_ones_say_that_they_are_not(tmp_path: Path) -> None:
    short = field("short", "A" * 30, 0.4, doubtful=[1])
    long = replace(field("long", "ABC", 0.4, doubtful=[1]), box=BoundingBox(0, 10, 999, 12))
    path = tmp_path / "page.png"
    write_journal(tmp_path / "out.csv.journal", [page(str(path), short, long, sha256=draw_page(path))])
    found = report(tmp_path)
    said = {picture.get("alt").split(" on ")[0]: picture.get("alt") for picture in found.pictures()}
    assert not said["The ink of short"].endswith(", a part")
    assert said["The ink of long"].endswith(", a part")
    assert found.section("fields").count("… a part of the field, around its least sure character …") == 1


# What is said of readings


def test_a_reading_of_nothing_is_named_and_what_is_written_is_told_beside_the_value(tmp_path: Path) -> None:
    zero = replace(
        field("zero", "0", 0.9, doubtful=[0]), alternatives=(FieldAlternative("", 0.05), FieldAlternative("4", 0.01))
    )
    ruled = replace(field("city", "ROME", 0.6, doubtful=[0]), raw="ROMF")
    mark = field("mark", "~", 0.5, status=Status.REJECTED)
    missing = field("code", "", reasons=(Reason.REQUIRED,))
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", zero, ruled, mark, missing, sha256="")])
    said = report(tmp_path, "--no-crops").table("By the share")
    last = {name.removesuffix("no template"): cells[-1] for name, cells in said.items()}
    assert re.search(r"0 90\.0 %; or \(blank\) 5\.0 %, 4 1\.0 %", last["zero"].replace("\xa0", " "))
    assert "written is ROMF" in last["city"]
    assert "written is" not in last["zero"]
    assert last["mark"].startswith("(no character)")
    assert last["code"].startswith("(blank)")


def test_lists_that_are_cut_short_say_so(tmp_path: Path) -> None:
    forms = [replace(page(f"/in/{n}", sha256=""), template=f"form-{n}", template_match=1.0) for n in range(103)]
    failures = [PageFailure(Source(f"/in/x{n}"), "open", f"kind_{n}", "?") for n in range(53)]
    write_journal(tmp_path / "out.csv.journal", [*forms[:3], *failures[:3]])
    assert "left out" not in report(tmp_path, "--no-crops").section("volume")
    write_journal(tmp_path / "out.csv.journal", [*forms, *failures])
    said = report(tmp_path, "--no-crops").section("volume")
    assert "Pages by template (the first 100 of 103; the others are left out)" in said
    assert "(50 of 53 kinds; the others are left out)" in said


# What is refused


def test_no_journal_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["report", str(tmp_path / "out.csv"), "-o", str(tmp_path / "report.html")])
    assert code == ExitCode.JOURNAL
    assert "there is no journal" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", sha256="")])
    assert run(["report", str(tmp_path / "out.csv"), "-o", str(tmp_path / "no" / "report.html")]) == ExitCode.OUTPUT


@pytest.mark.parametrize("name", ["out.csv", "out.csv.journal", "out.csv.review", "out.csv.run-manifest.json"])
def test_a_report_does_not_replace_what_it_tells_of(name: str, tmp_path: Path) -> None:
    journal = write_journal(tmp_path / "out.csv.journal", [page("/in/a", sha256="")])
    assert run(["report", str(journal), "-o", str(tmp_path / name)]) == ExitCode.USAGE
    with Journal(str(journal)) as opened:
        assert opened.count() == 1


def test_an_unfinished_scan_and_one_with_nothing_on_it_are_told(tmp_path: Path) -> None:
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", sha256="")])
    with Journal(str(tmp_path / "out.csv.journal")) as journal:
        journal.add_document("/in/b")
    found = report(tmp_path, "--no-crops")
    assert "1 document has pages that were not read yet" in found.section("key")
    assert "No fields and no lines were found." in found.section("sure")
    assert found.tile("Fields that need no look") == "–0 of 0"
    assert "no account of the run" in found.section("time")


def test_reasons_of_pages_are_ranked_with_those_of_fields(tmp_path: Path) -> None:
    unregistered = [replace(page(f"/in/{n}", sha256=""), reasons=(Reason.UNREGISTERED,)) for n in range(3)]
    write_journal(
        tmp_path / "out.csv.journal", [*unregistered, page("/in/x", field("a", "A", doubtful=[0]), sha256="")]
    )
    found = report(tmp_path, "--no-crops")
    rows = [row for row in found.table("Reasons for a look") if row != "Reason"]
    assert rows == ["unregistered", "low_confidence"]
    assert found.table("Reasons for a look")["unregistered"][:2] == ["0", "3"]
    assert found.table("Volume")["Pages that match no template"] == ["3"]


def test_a_name_that_is_no_text_is_told_in_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(b"/in/\xff.png")
    write_journal(tmp_path / "out.csv.journal", [page(name, field("a", "A", 0.2, doubtful=[0]), sha256="")])
    assert r"/in/\xff.png" in report(tmp_path, "--no-crops").section("pages")
