"""Values that people give: put into the form of their field, held against the rules, and told where they break one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hcr_scan.document import Field, Page, Reason, Status, Verdict
from hcr_scan.forms.template import (
    Check,
    FieldKind,
    Knowledge,
    Normalization,
    Template,
    TemplateField,
    TemplatePage,
    ValueKind,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.review.corrections import Applied, corrected_pages
from hcr_scan.review.rules import FieldRules
from hcr_scan.sinks.record_reading import page_of
from hcr_scan.sinks.records import Provenance, record_of
from tests.review_server import Client, drawn_page, served
from tests.reviews import field, final

BOX = BoundingBox(0, 0, 9, 9)
NUMBER = Knowledge(type=ValueType(ValueKind.INTEGER))
BORN = TemplateField(
    "born", FieldKind.CELLS, BOX, (BOX,) * 8, normalize=(Normalization.ISO_DATE,), required=True,
    knowledge=Knowledge(type=ValueType(ValueKind.DATE, ("DDMMYYYY",), "1900-01-01")),
)  # fmt: skip
CODE = TemplateField("code", FieldKind.CELLS, BOX, (BOX,) * 3, knowledge=Knowledge(mask="999"))
SUMS = tuple(TemplateField(name, FieldKind.CELLS, BOX, (BOX,) * 2, knowledge=NUMBER) for name in ("a", "b", "total"))
FORM = Template(
    "form",
    (TemplatePage(1, 1000, 1400, 200, Path("x"), (BORN, CODE, *SUMS)),),
    (Check("total = a + b", "sums add up"),),
)


def form(folder: Path, *fields: Field) -> Page:
    placed = [replace(one, box=one.box) for one in fields]
    return replace(drawn_page(folder / "a.png", *placed), template="form")


def sums(a: str, b: str, total: str, doubtful: Sequence[str]) -> list[Field]:
    values = {"a": a, "b": b, "total": total}
    return [
        field(name, value, 0.5, doubtful=[0] if name in doubtful else [], top=100 * number)
        for number, (name, value) in enumerate(values.items())
    ]


def number_of(client: Client, name: str) -> int:
    found: int = next(item["id"] for item in client.get("/api/queue?state=all")["items"] if item["name"] == name)
    return found


def insist(client: Client, item: int, value: str) -> Any:
    said = {"item": item, "pass": 1, "reviewer": "ann", "verdict": "corrected", "value": value, "nevertheless": True}
    return client.post("/api/decisions", **said)


def applied(client: Client, *pages: Page) -> dict[str, Field]:
    """The fields as they are delivered, by name."""
    (page,) = corrected_pages(pages, client.review.store, Applied(), FieldRules((FORM,)))
    assert isinstance(page, Page)
    return {part.name: part for part in page.fields}


def test_a_typed_value_is_put_into_the_form_of_its_field_and_what_was_typed_is_kept(tmp_path: Path) -> None:
    page = form(tmp_path, field("born", "1968-03-11", doubtful=[2]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        born = number_of(client, "born")
        assert client.decide(born, "17031968")["value"] == "1968-03-17"
        told = client.get(f"/api/items/{born}")["decision"]
        assert (told["verdict"], told["value"], told["typed"]) == ("corrected", "1968-03-17", "17031968")
        found = applied(client, page)["born"]
        assert (found.value, found.reasons) == ("1968-03-17", ())
        assert found.correction is not None
        assert found.correction.typed == "17031968"
        delivered = next(iter(corrected_pages([page], client.review.store, Applied())))
        record = record_of(delivered, Provenance("0", "0", "0"))
        assert record["fields"][0]["typed"] == "17031968"
        assert page_of(record) == delivered


def test_what_was_read_typed_in_another_form_is_accepted(tmp_path: Path) -> None:
    page = form(tmp_path, field("born", "1968-03-17", doubtful=[2]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        born = number_of(client, "born")
        client.decide(born, "17031968")
        (decision,) = client.review.store.decisions(born)
        assert (decision.verdict, decision.value) == (Verdict.ACCEPTED, "1968-03-17")


def test_two_entries_of_one_value_in_two_forms_agree(tmp_path: Path) -> None:
    page = form(tmp_path, field("born", "1968-03-11", doubtful=[2]))
    with served(tmp_path, page, templates=(FORM,), passes=2) as client:
        born = number_of(client, "born")
        client.decide(born, "17031968", pass_=1)
        client.decide(born, "1968-03-17", pass_=2, reviewer="ben")
        assert client.get("/api/totals?pass=3")["open"] == 0
        settled = final(client.review.store, born)
        assert settled is not None
        assert settled.value == "1968-03-17"


def test_a_value_that_means_nothing_to_its_field_stays_as_it_was_typed(tmp_path: Path) -> None:
    page = form(tmp_path, field("born", "1968-03-11", doubtful=[2]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        born = number_of(client, "born")
        assert "is not a date" in client.decide(born, "31131968")["broken"]
        assert insist(client, born, "31131968")["value"] == "31131968"
        found = applied(client, page)["born"]
        assert (found.value, found.status, found.reasons) == ("31131968", Status.OK, (Reason.TYPE,))


def test_a_blank_that_must_be_filled_in_and_an_accepted_breach_say_so_and_the_unreadable_does_not(
    tmp_path: Path,
) -> None:
    page = form(
        tmp_path,
        field("born", "1968-03-11", doubtful=[2]),
        field("code", "AB1", doubtful=[0], top=100),
        field("a", "1", doubtful=[0], top=200),
    )
    with served(tmp_path, page, templates=(FORM,)) as client:
        client.decide(number_of(client, "born"), verdict="blank")
        client.decide(number_of(client, "code"), verdict="accepted")
        client.decide(number_of(client, "a"), verdict="unreadable")
        found = applied(client, page)
        assert (found["born"].status, found["born"].reasons) == (Status.BLANK, (Reason.REQUIRED,))
        assert (found["code"].status, found["code"].reasons) == (Status.OK, (Reason.PATTERN,))
        assert (found["a"].status, found["a"].reasons) == (Status.REJECTED, (Reason.UNREADABLE,))


def test_a_rule_that_leaves_the_calendar_is_broken_and_no_crash() -> None:
    late = replace(FORM, checks=(Check("born <= born + 100 * total"),))
    assert FieldRules((late,)).contradictions("form", {"born": "1968-03-17", "total": "2"}) == []
    told = FieldRules((late,)).contradictions("form", {"born": "1968-03-17", "total": "99999999"})
    assert told == [(late.checks[0], {"born", "total"})]


def test_a_number_that_would_take_all_memory_means_nothing() -> None:
    amount = replace(SUMS[2], normalize=(Normalization.NUMBER,))
    known = FieldRules((replace(FORM, pages=(replace(FORM.pages[0], fields=(*SUMS[:2], amount)),)),))
    assert known.contradictions("form", {"a": "1", "b": "2", "total": "1E999999999"}) == []
    assert known.contradictions("form", {"a": "1", "b": "2", "total": "4.00"}) == [
        (FORM.checks[0], {"a", "b", "total"})
    ]


def test_a_value_that_contradicts_what_is_settled_is_told_and_saved_when_it_is_meant(tmp_path: Path) -> None:
    page = form(tmp_path, *sums("3", "4", "1", ["total"]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        total = number_of(client, "total")
        assert client.decide(total, "9") == {"broken": "total = a + b does not hold: sums add up."}
        insist(client, total, "9")
        assert applied(client, page)["total"].reasons == (Reason.CHECK_FAILED,)
        assert client.decide(total, "7")["contradicted"] == ""
        found = applied(client, page)
        assert found["total"].reasons == ()
        assert found["a"] == page.fields[0]


def test_what_is_still_open_contradicts_nothing_and_who_accepts_it_last_is_told(tmp_path: Path) -> None:
    page = form(tmp_path, *sums("3", "4", "1", ["a", "total"]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        assert client.decide(number_of(client, "total"), "9")["totals"]["decided"] == 1
        answer = client.decide(number_of(client, "a"), verdict="accepted")
        assert answer["contradicted"] == "total = a + b does not hold: sums add up."
        assert answer["totals"]["decided"] == 2
        found = applied(client, page)
        assert {name: part.reasons for name, part in found.items()} == {
            "a": (Reason.CHECK_FAILED,), "b": (), "total": (Reason.CHECK_FAILED,),
        }  # fmt: skip


def test_the_second_entry_is_not_held_against_the_first(tmp_path: Path) -> None:
    page = form(tmp_path, *sums("3", "4", "1", ["a", "total"]))
    with served(tmp_path, page, templates=(FORM,), passes=2) as client:
        client.decide(number_of(client, "a"), "5")
        assert "broken" not in client.decide(number_of(client, "total"), "7", pass_=2)


def test_a_value_set_from_the_grid_that_breaks_a_rule_stays_open(tmp_path: Path) -> None:
    page = form(tmp_path, field("code", "128", doubtful=[2]), *sums("3", "4", "7", ["total"]))
    with served(tmp_path, page, templates=(FORM,)) as client:
        code, total = number_of(client, "code"), number_of(client, "total")

        def confirm(item: int, glyph: int, text: str) -> Any:
            return client.post("/api/glyphs", **{"pass": 1, "reviewer": "ann", "glyphs": [[item, glyph, text]]})

        answer = confirm(code, 2, "B")
        assert (answer["left"], answer["totals"]["decided"]) == (1, 0)
        answer = confirm(total, 0, "8")
        assert (answer["left"], answer["totals"]["decided"]) == (1, 0)
        answer = confirm(total, 0, "7")
        assert (answer["left"], answer["totals"]["decided"]) == (0, 1)
        assert client.review.store.decisions(code) == []
