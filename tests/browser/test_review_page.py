"""The page of a review as people use it: in a real browser, by keyboard alone, with the program behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chromium import ALT, SHIFT, Browser, chromium, require_chromium
from tests.review_program import begin, decisions, four, reviewing
from tests.review_server import drawn_page
from tests.reviews import field, line

ENTER, ESCAPE, TAB, DOWN, RIGHT = "\ue007", "\ue00c", "\ue004", "\ue015", "\ue014"
PAGE_UP, PAGE_DOWN, DELETE = "\ue00e", "\ue00f", "\ue017"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def _chromium() -> None:
    require_chromium()


def test_accept_correct_unreadable_and_blank_by_keys_alone(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        assert browser.focus == "value"
        assert browser.value() == "ABC"
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        assert "Accepted: ABC" in browser.text("said")
        assert "b, read B22" in browser.text("said-more")
        assert browser.focus == "value"
        # What is typed replaces what was read, letters that are commands elsewhere included.
        browser.press("UBZN?19", ENTER)
        browser.wait_for("item-name", "c")
        browser.press(ALT + "u")
        browser.wait_for("item-name", "d")
        browser.press(ALT + "b")
        browser.wait(lambda: browser.shown("done"))
        assert browser.focus == "done"
        assert "hcr-scan apply" in browser.text("done-command")
        assert browser.errors() == []
    assert decisions(tmp_path) == {
        "a": ("accepted", "ABC"), "b": ("corrected", "UBZN?19"), "c": ("unreadable", ""), "d": ("blank", ""),
    }  # fmt: skip


def test_readings_are_chosen_by_number_or_arrow(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press(ALT + "2")
        assert browser.value() == "QBC"
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        browser.press(DOWN)
        assert browser.value() == "Q22"
        browser.press(DOWN)
        assert browser.value() == "BQ2"
        browser.press(ENTER)
        browser.wait_for("item-name", "c")
        # With single keys on, digits alone do it.
        browser.press(ESCAPE)
        assert browser.focus == "item"
        browser.press("2", ENTER)
        browser.wait_for("item-name", "d")
        assert browser.focus == "item"
        browser.press(ESCAPE)
        assert browser.focus == "value"
    assert decisions(tmp_path) == {
        "a": ("corrected", "QBC"), "b": ("corrected", "BQ2"), "c": ("corrected", "Q33"),
    }  # fmt: skip


def test_single_keys_never_work_while_a_value_is_typed(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press("ubznpfgke?123")
        assert browser.text("item-name") == "a"
        assert browser.value() == "ubznpfgke?123"
        browser.press(ESCAPE, "n")
        browser.wait_for("item-name", "b")
        browser.press("u")
        browser.wait_for("item-name", "c")
        browser.press("?")
        assert browser.shown("help")
        browser.press(ESCAPE)
        assert not browser.shown("help")
        assert browser.focus == "item"
        browser.press("e", "X", ENTER)
        browser.wait_for("item-name", "d")
    assert decisions(tmp_path) == {"b": ("unreadable", ""), "c": ("corrected", "X")}


def test_undo_next_and_previous(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press("WRONG", ENTER)
        browser.wait_for("item-name", "b")
        browser.press(ALT + "z")
        browser.wait_for("item-name", "a")
        assert browser.value() == "ABC"
        assert "Undone" in browser.text("said")
        browser.press(PAGE_DOWN)
        browser.wait_for("item-name", "b")
        browser.press(PAGE_DOWN)
        browser.wait_for("item-name", "c")
        browser.press(PAGE_UP)
        browser.wait_for("item-name", "b")
        browser.press("RIGHT", ENTER)
        browser.wait_for("item-name", "c")
        # What was passed over comes again at the end.
        browser.press(ENTER)
        browser.wait_for("item-name", "d")
        browser.press(ENTER)
        browser.wait_for("item-name", "a")
        browser.press(ALT + "z")
        browser.wait_for("item-name", "d")
    assert decisions(tmp_path) == {"b": ("corrected", "RIGHT"), "c": ("accepted", "C33")}


def test_a_value_of_several_lines_keeps_them(browser: Browser, tmp_path: Path) -> None:
    lines = replace(field("a", "ABCD", 0.1, doubtful=[0]), kind="box", value="AB\nCD")
    page = drawn_page(tmp_path / "scan.png", lines, field("b", "B22", 0.2, doubtful=[0], top=80))
    page = replace(page, fields=(page.fields[0], replace(page.fields[1], kind="box")))
    with reviewing(tmp_path, page) as address:
        begin(browser, address)
        assert browser.value() == "AB\nCD"
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        assert "Accepted" in browser.text("said")
        browser.press("ONE", SHIFT + ENTER, "TWO", ENTER)
        browser.wait(lambda: browser.shown("done"))
    assert decisions(tmp_path) == {"a": ("accepted", "AB\nCD"), "b": ("corrected", "ONE\nTWO")}


def test_an_empty_value_is_not_taken_for_blank(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press(DELETE, ENTER)
        browser.wait_for("said", "Nothing is written here")
        assert browser.text("item-name") == "a"
        assert browser.focus == "value"
    assert decisions(tmp_path) == {}


def test_a_reload_goes_on_where_it_was(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        browser.press(PAGE_DOWN)
        browser.wait_for("item-name", "c")
        browser.driver.refresh()
        browser.wait_for("item-name", "c")
        assert browser.focus == "value"
        browser.wait_for("counts", "1 of 4 decided")


def test_filters_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press(ALT + "f")
        assert browser.focus == "filter-state"
        browser.press(TAB)
        assert browser.focus == "filter-name"
        browser.wait(lambda: "c (1 open)" in browser.text("filter-name"))
        browser.press("c")
        browser.press(*[TAB] * 5, ENTER)
        browser.wait_for("item-name", "c")
        assert browser.focus == "value"
        assert "name c" in browser.text("filter-text")
        browser.press(ENTER)
        browser.wait(lambda: browser.shown("done"))
        assert "No more fields here" in browser.text("done-title")


def test_characters_read_alike_are_settled_in_one_grid(browser: Browser, tmp_path: Path) -> None:
    page = drawn_page(
        tmp_path / "scan.png",
        *(field(name, "5", doubtful=[0], top=40 + 60 * number) for number, name in enumerate("abc")),
    )
    with reviewing(tmp_path, page) as address:
        begin(browser, address)
        browser.press(ALT + "g")
        # The first character's grid is there at once, and the list of all behind Escape.
        browser.wait(lambda: browser.focus == "option")
        browser.press(ESCAPE)
        browser.wait(lambda: browser.focus == "" and "5" in browser.script("return document.activeElement.textContent"))
        assert not browser.shown("group")
        browser.press(ENTER)
        browser.wait(lambda: browser.focus == "option")
        assert "3 read as 5" in browser.text("group-title")
        browser.wait(
            lambda: browser.script("return [...document.querySelectorAll('.glyph img')].every(i => i.naturalWidth)")
        )
        browser.press(RIGHT, "S")
        label = str(browser.script("return document.activeElement.textContent"))
        assert label.startswith("S, was read 5")
        browser.press(ENTER)
        browser.wait(lambda: browser.shown("group-none"))
        browser.wait_for("counts", "3 of 3 decided")
        browser.press(ALT + "z")
        browser.wait_for("counts", "0 of 3 decided")
        browser.wait(lambda: browser.focus == "option")
        browser.press(RIGHT, "S", ENTER)
        browser.wait_for("counts", "3 of 3 decided")
        assert browser.errors() == []
    assert sorted(value for _, value in decisions(tmp_path).values()) == ["5", "5", "S"]


def test_two_entries_and_what_differs(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path), options=("--passes", "2")) as address:
        begin(browser, address)
        for typed, then in (("ONE", "b"), ("BOTH", "c")):
            browser.press(typed, ENTER)
            browser.wait_for("item-name", then)
        _choose_entry(browser, "Second", "a")
        assert browser.value() == "ABC"
        assert "ONE" not in browser.script("return document.body.innerText")
        for typed, then in (("TWO", "b"), ("BOTH", "c")):
            browser.press(typed, ENTER)
            browser.wait_for("item-name", then)
        _choose_entry(browser, "Differences", "a")
        assert browser.value() == ""
        readings = browser.text("readings")
        assert "ONE" in readings
        assert "TWO" in readings
        browser.press(ENTER)
        browser.wait_for("said", "Nothing is written here")
        browser.press(ALT + "2", ENTER)
        browser.wait(lambda: browser.shown("done"))
    assert decisions(tmp_path) == {"a": ("corrected", "TWO"), "b": ("corrected", "BOTH")}


def _choose_entry(browser: Browser, which: str, name: str) -> None:
    browser.script("document.getElementById('pass').focus()")
    browser.press(which[0])
    browser.wait_for("item-name", name)
    browser.wait(lambda: browser.focus == "value")


def test_when_the_program_is_gone_what_was_typed_stays(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
    browser.press("TYPED", ENTER)
    browser.wait(lambda: browser.shown("failure"))
    assert "does not answer" in browser.text("failure")
    assert browser.value() == "TYPED"
    assert browser.text("item-name") == "a"


#: Decisions do not reach the program from now on, and that is found out after a while.
LOST = """
const real = window.fetch; window.kept = real;
window.fetch = (...asked) => asked[0] !== '/api/decisions' ? real(...asked)
  : new Promise((_, fail) => setTimeout(() => fail(new TypeError('gone')), 1000));
"""


def test_an_accepted_field_that_could_not_be_saved_comes_back(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.script(LOST)
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        browser.press("TYPED")
        browser.wait_for("item-name", "a")
        assert "does not answer" in browser.text("failure")
        assert browser.value() == "ABC"
        browser.script("window.fetch = window.kept")
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        # What was typed there meanwhile is still there.
        assert browser.value() == "TYPED"
        browser.press(ENTER)
        browser.wait_for("item-name", "c")
        assert not browser.shown("failure")
        browser.wait_for("counts", "2 of 4 decided")
    assert decisions(tmp_path) == {"a": ("accepted", "ABC"), "b": ("corrected", "TYPED")}


def test_no_second_decision_is_sent_before_the_first_is_saved(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.script(LOST)
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        browser.press(ENTER)
        browser.wait_for("item-name", "a")
        assert "does not answer" in browser.text("failure")
    assert decisions(tmp_path) == {}


def test_a_decision_is_saved_although_the_page_is_closed_at_once(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.press(ENTER)
        browser.open("about:blank")
        browser.open(address)
        browser.wait_for("counts", "1 of 4 decided")
    assert decisions(tmp_path) == {"a": ("accepted", "ABC")}


def test_what_is_typed_before_the_next_field_comes_is_not_in_half_of_it(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        browser.script(
            "const real = window.fetch; const later = () => new Promise((done) => setTimeout(done, 1500));"
            "window.fetch = async (...asked) => { await later(); return real(...asked); }"
        )
        browser.press("ONE" + ENTER + "TW")
        browser.wait_for("item-name", "b")
        assert browser.value() == "B22"
        assert "was not taken" in browser.text("said")
        browser.press("TWO", ENTER)
        browser.wait_for("item-name", "c")
        assert "was not taken" not in browser.text("said")
    assert decisions(tmp_path) == {"a": ("corrected", "ONE"), "b": ("corrected", "TWO")}


def test_a_page_whose_file_is_gone_can_still_be_decided(browser: Browser, tmp_path: Path) -> None:
    page = four(tmp_path)
    (tmp_path / "scan.png").unlink()
    with reviewing(tmp_path, page) as address:
        begin(browser, address)
        browser.wait(lambda: browser.shown("ink-trouble"))
        assert "scan.png is not there any more" in browser.text("ink-trouble")
        browser.press("X", ENTER)
        browser.wait_for("item-name", "b")
    assert decisions(tmp_path) == {"a": ("corrected", "X")}


def test_scripts_in_names_and_values_are_text(browser: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.title='pwned'>"
    page = drawn_page(tmp_path / f"{evil}.png", field("a", "AB", doubtful=[0]), lines=(line("CD", doubtful=True),))
    with reviewing(tmp_path, page) as address:
        begin(browser, address)
        assert evil in browser.text("item-place")
        browser.press(evil, ENTER)
        browser.wait_for("item-name", "line_001")
        assert evil in browser.text("said")
        assert browser.script("return document.title") == "Review of out.csv"
        assert browser.script("return document.querySelectorAll('img').length") == 2
