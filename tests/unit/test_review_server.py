from __future__ import annotations

import asyncio
import io
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from hcr_scan.document import Alternative, FieldAlternative, Reason, Status
from hcr_scan.forms.template import (
    FieldKind,
    Knowledge,
    Option,
    Template,
    TemplateField,
    TemplatePage,
    ValueKind,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from tests.review_server import COOKIE, ORIGIN, TOKEN, Client, drawn_page, served
from tests.reviews import field, final, line


def ids(client: Client, query: str = "") -> list[int]:
    return [item["id"] for item in client.get(f"/api/queue?{query}")["items"]]


def names(client: Client, query: str = "") -> list[str]:
    return [item["name"] for item in client.get(f"/api/queue?{query}")["items"]]


def test_the_most_doubtful_comes_first_and_chunks_follow_each_other(tmp_path: Path) -> None:
    page = drawn_page(
        tmp_path / "a.png",
        *(field(name, "AB", sure, doubtful=[0]) for name, sure in (("c", 0.7), ("a", 0.2), ("b", 0.4))),
        field("sure", "AB"),
    )
    with served(tmp_path, page) as client:
        assert names(client) == ["a", "b", "c"]
        first = client.get("/api/queue?limit=2")["items"]
        assert [item["name"] for item in first] == ["a", "b"]
        assert names(client, f"limit=2&after={first[-1]['id']}") == ["c"]
        assert names(client, "state=unseen") == ["sure"]


def test_filters_by_name_file_status_kind_and_text(tmp_path: Path) -> None:
    first = drawn_page(
        tmp_path / "a.png", field("name", "AB", doubtful=[0]), field("city", "~", top=100, status=Status.REJECTED)
    )
    second = drawn_page(tmp_path / "b.png", field("name", "XY", doubtful=[0]), lines=(line("CD", doubtful=True),))
    with served(tmp_path, first, second) as client:
        choices = client.get("/api/choices")
        assert {(choice["text"], choice["open"]) for choice in choices["name"]} == {
            ("name", 2),
            ("city", 1),
            ("line_001", 1),
        }
        file = next(choice for choice in choices["path"] if choice["text"].endswith("b.png"))
        assert file["open"] == 2
        assert len(ids(client, f"path={file['value']}")) == 2
        assert names(client, "name=city") == ["city"]
        assert names(client, "status=rejected") == ["city"]
        assert names(client, "kind=line") == ["line_001"]
        assert [item["value"] for item in client.get("/api/queue?text=xy")["items"]] == ["XY"]


def test_a_decision_is_in_the_store_before_it_is_answered_and_counts(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", *(field(name, "AB", doubtful=[0]) for name in ("a", "b")))
    with served(tmp_path, page) as client:
        first, second = ids(client)
        assert client.get("/api/totals") == {"open": 2, "decided": 0, "different": 0}
        assert client.decide(first, " XY ")["totals"] == {"open": 1, "decided": 1, "different": 0}
        (decision,) = client.review.store.decisions(first)
        assert (decision.value, decision.verdict, decision.reviewer, decision.decided_at) == (
            "XY",
            "corrected",
            "ann",
            1000,
        )
        assert ids(client) == [second]
        assert ids(client, "state=decided") == [first]
        client.decide(second, verdict="unreadable")
        told = client.get(f"/api/items/{second}")["decision"]
        assert told == {"verdict": "unreadable", "value": "", "typed": None, "reviewer": "ann"}


def test_undo_takes_back_the_latest_of_the_same_reviewer_alone(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", *(field(name, "AB", doubtful=[0]) for name in ("a", "b")))
    with served(tmp_path, page) as client:
        first, second = ids(client)
        client.decide(first, "XY", reviewer="ann")
        client.decide(second, "XY", reviewer="ben")
        undone = client.post("/api/undo", **{"reviewer": "ann", "pass": 1})
        assert undone["item"]["id"] == first
        assert undone["item"]["decision"] is None
        assert undone["totals"]["open"] == 1
        assert client.post("/api/undo", **{"reviewer": "ann", "pass": 1})["item"] is None
        assert [item.reviewer for item in client.review.store.decisions(second)] == ["ben"]


def test_the_second_entry_sees_nothing_of_the_first_and_the_third_sees_both(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", *(field(name, "AB", doubtful=[0]) for name in ("a", "b")))
    with served(tmp_path, page, passes=2) as client:
        first, second = ids(client)
        client.decide(first, "SECRET", pass_=1)
        client.decide(second, "SAME", pass_=1)
        assert len(ids(client, "pass=2")) == 2
        for path in (f"/api/items/{first}?pass=2", "/api/queue?pass=2", "/api/queue?pass=2&state=all"):
            assert "SECRET" not in client.ask(path).text
        client.decide(first, "OTHER", pass_=2, reviewer="ben")
        client.decide(second, "SAME", pass_=2, reviewer="ben")
        assert ids(client, "pass=3") == [first]
        settled = client.get(f"/api/items/{first}?pass=3")
        assert settled["settles"] is True
        assert [(reading["value"], reading["note"]) for reading in settled["readings"]][:2] == [
            ("SECRET", "first entry, ann"), ("OTHER", "second entry, ben"),
        ]  # fmt: skip
        client.decide(first, "OTHER", pass_=3, reviewer="eve")
        assert ids(client, "pass=3") == []
        settled = final(client.review.store, first)
        assert settled is not None
        assert settled.value == "OTHER"


def test_readings_are_those_of_the_machine_or_follow_from_its_glyphs(tmp_path: Path) -> None:
    known = replace(
        field("a", "AB", 0.5, doubtful=[0]), alternatives=(FieldAlternative("XB", 0.3), FieldAlternative("YB", 0.001))
    )
    spelled = field("b", "A B", 0.4, doubtful=[0])
    glyphs = (
        replace(spelled.glyphs[0], alternatives=(Alternative("4", 0.2), Alternative("", 0.2))),
        *spelled.glyphs[1:],
    )
    changed = replace(field("c", "AB", 0.3, doubtful=[0]), value="normalized")
    page = drawn_page(tmp_path / "a.png", known, replace(spelled, glyphs=glyphs), changed)
    with served(tmp_path, page) as client:
        found = {item["name"]: item for item in client.get("/api/queue")["items"]}
        assert [(reading["value"], reading["note"]) for reading in found["a"]["readings"]] == [
            ("AB", "50 %"),
            ("XB", "30 %"),
        ]
        assert [reading["value"] for reading in found["b"]["readings"]][:2] == ["A B", "4 B"]
        assert [reading["value"] for reading in found["c"]["readings"]] == ["normalized"]
        assert found["b"]["doubts"] == [{"text": "A", "at": 1, "confidence": 0.5, "others": ["4"]}]


def test_reasons_and_what_a_template_knows_are_told_in_words(tmp_path: Path) -> None:
    box = BoundingBox(0, 0, 9, 9)
    known = Knowledge(charset="ABC", pattern="A+", type=ValueType(ValueKind.DATE, ("DDMMYYYY",), "1900-01-01"))
    fields = (
        TemplateField("born", FieldKind.CELLS, box, (box,) * 8, knowledge=known, required=True),
        TemplateField("sex", FieldKind.CHOICE, box, options=(Option("m", box), Option("f", box))),
    )
    template = Template("form", (TemplatePage(1, 100, 100, 200, Path("x"), fields),))
    page = drawn_page(
        tmp_path / "a.png",
        field("born", "AB", reasons=(Reason.TYPE, Reason.LOW_CONFIDENCE)),
        replace(field("sex", "", reasons=(Reason.NONE_MARKED,)), kind="choice", status=Status.REVIEW),
    )
    with served(tmp_path, replace(page, template="form"), templates=(template,)) as client:
        found = {item["name"]: item for item in client.get("/api/queue")["items"]}
        assert found["born"]["reasons"] == [
            "no such date, number or code, out of bounds, or a wrong check digit",
            "the reading is not sure enough",
        ]
        rules = found["born"]["rules"]
        assert "one character a cell, 8 cells" in rules
        assert "a date as DDMMYYYY, from 1900-01-01" in rules
        assert "characters: ABC" in rules
        assert "must be filled in" in rules
        assert [reading["value"] for reading in found["sex"]["readings"]] == ["", "m", "f"]


def test_pictures_are_the_field_a_glyph_and_the_page(tmp_path: Path) -> None:
    with served(tmp_path, drawn_page(tmp_path / "a.png", field("name", "AB", doubtful=[0], top=300))) as client:
        (item,) = client.get("/api/queue")["items"]
        sizes = {}
        for path in (
            f"/api/items/{item['id']}/crop.png",
            f"/api/items/{item['id']}/glyphs/1.png",
            f"/api/pages/{item['page']['id']}.jpg",
        ):
            response = client.ask(path)
            assert response.headers["content-type"] in ("image/png", "image/jpeg")
            sizes[path[-5:]] = Image.open(io.BytesIO(response.content)).size
        left, top, right, bottom = item["crop"]
        assert sizes["p.png"] == (right - left, bottom - top)
        assert sizes["1.png"] == (15 + 2 * 8, 25 + 2 * 8)
        assert sizes["1.jpg"] == (1000, 1400)


def test_without_its_file_a_field_can_still_be_decided(tmp_path: Path) -> None:
    with served(tmp_path, drawn_page(tmp_path / "a.png", field("name", "AB", doubtful=[0]))) as client:
        (tmp_path / "a.png").unlink()
        (item,) = ids(client)
        response = client.ask(f"/api/items/{item}/crop.png")
        assert response.status_code == 410
        assert "a.png is not there any more" in response.json()["error"]
        assert client.decide(item, "XY")["totals"]["open"] == 0


def test_glyphs_that_were_read_alike_are_decided_together_and_undone_together(tmp_path: Path) -> None:
    page = drawn_page(tmp_path / "a.png", *(field(name, "55", doubtful=[0, 1]) for name in ("a", "b")))
    with served(tmp_path, page) as client:
        assert client.get("/api/groups") == {"groups": [{"text": "5", "count": 4}]}
        glyphs = client.get("/api/glyphs?character=5")["glyphs"]
        assert len(glyphs) == 4
        last = glyphs[1]
        rest = client.get(f"/api/glyphs?character=5&after_item={last['item']}&after_index={last['index']}")["glyphs"]
        assert rest == glyphs[2:]
        said = [[glyph["item"], glyph["index"], "S" if number == 0 else "5"] for number, glyph in enumerate(glyphs)]
        answer = client.post("/api/glyphs", **{"pass": 1, "reviewer": "ann", "glyphs": said})
        assert answer["totals"] == {"open": 0, "decided": 2, "different": 0}
        assert sorted(d.value for n in ids(client, "state=decided") for d in client.review.store.decisions(n)) == [
            "55",
            "S5",
        ]
        assert client.post("/api/undo", **{"reviewer": "ann", "pass": 1})["totals"]["open"] == 2


@pytest.mark.parametrize("glyphs", [None, [], [[1, 0]], [[1, 9, "A"]], [[99, 0, "A"]], [[1, 0, "AB"]], [[1, "x", "A"]]])
def test_glyphs_that_there_are_not_change_nothing(tmp_path: Path, glyphs: object) -> None:
    with served(tmp_path, drawn_page(tmp_path / "a.png", field("a", "55", doubtful=[0]))) as client:
        values = {"pass": 1, "reviewer": "ann", "glyphs": glyphs}
        assert client.ask("/api/glyphs", "POST", json=values).status_code in (400, 404)
        assert client.get("/api/totals")["open"] == 1


def test_an_error_of_the_store_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hcr_scan.errors import OutputError

    with served(tmp_path, drawn_page(tmp_path / "a.png", field("a", "AB", doubtful=[0]))) as client:
        (item,) = ids(client)

        def full(*_: object) -> None:
            raise OutputError("the disk is full; free space and try again")

        monkeypatch.setattr(client.review.store.__class__, "decide", full)
        values = {"item": item, "pass": 1, "reviewer": "a", "verdict": "accepted", "value": ""}
        response = client.ask("/api/decisions", "POST", json=values)
        assert response.status_code == 500
        assert response.json() == {"error": "the disk is full; free space and try again"}


def test_while_a_page_is_decoded_others_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path, drawn_page(tmp_path / "a.png", field("a", "AB", doubtful=[0]))) as client:
        answered = threading.Event()

        def slow(*_: object) -> bytes:
            assert answered.wait(20), "the decision waited for the picture"
            return b"picture"

        monkeypatch.setattr(client.review.images.__class__, "crop", slow)
        (item,) = ids(client)

        async def both() -> bytes:
            transport = httpx.ASGITransport(client.application)
            headers = {"Cookie": f"{COOKIE}={TOKEN}", "Origin": ORIGIN}
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as asking:
                picture = asyncio.create_task(asking.get(f"/api/items/{item}/crop.png"))
                await asyncio.sleep(0.1)
                values = {"item": item, "pass": 1, "reviewer": "ann", "verdict": "accepted", "value": ""}
                assert (await asking.post("/api/decisions", json=values)).status_code == 200
                answered.set()
                return (await picture).content

        assert asyncio.run(both()) == b"picture"
