"""Values typed on the page of a review: held against the rules of their field, and put into its form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from hcr_scan.document import Page
from tests.chromium import ALT, Browser, chromium, require_chromium
from tests.review_program import begin, decisions, reviewing
from tests.review_server import drawn_page
from tests.reviews import field

ENTER, PAGE_UP = "\ue007", "\ue00e"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_chromium()
    with chromium() as found:
        yield found


def ruled(folder: Path) -> Page:
    """A six-digit code whose ink says something else, by a form in a file beside it."""
    Image.new("L", (1000, 1400), 255).save(folder / "blank.png", dpi=(200, 200))
    (folder / "form.toml").write_text(
        'schema = "hcr-scan-template/1"\nid = "form"\n[[pages]]\nblank = "blank.png"\nunit = "px"\n'
        'size = [1000, 1400]\n[[pages.fields]]\nname = "a"\nkind = "cells"\n'
        'box = [10, 10, 130, 40]\ncells = 6\ncharset = "digits"\nmask = "999999"\n'
    )
    fields = replace(field("a", "123456", 0.1, doubtful=[0]), raw="12345S"), field("b", "B", 0.2, doubtful=[0], top=80)
    return replace(drawn_page(folder / "scan.png", *fields), template="form")


def test_a_value_that_breaks_a_rule_is_told_and_saved_by_a_second_enter(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, ruled(tmp_path), templates=("form.toml",)) as address:
        begin(browser, address)
        assert "the characters read 12345S, which" in browser.text("written")
        assert "as written" in browser.text("readings")
        assert browser.script("return [...document.querySelectorAll('mark')].map((mark) => mark.textContent)") == [
            "S", "6", "S",
        ]  # fmt: skip
        browser.press("ABC", ENTER)
        browser.wait(lambda: browser.shown("broken"))
        assert "does not fit the mask 999999. Enter saves it nevertheless." in browser.text("broken")
        assert browser.focus == "value"
        assert browser.text("item-name") == "a"
        # Another value is another question.
        browser.press("ABD")
        assert not browser.shown("broken")
        browser.press(ENTER)
        browser.wait(lambda: browser.shown("broken"))
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        browser.press(ALT + "z")
        browser.wait_for("item-name", "a")
        browser.press(ALT + "2")
        assert browser.value() == "12345S"
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
    assert decisions(tmp_path) == {"a": ("corrected", "12345S")}


def test_a_typed_value_is_told_in_the_form_that_it_gets(browser: Browser, tmp_path: Path) -> None:
    Image.new("L", (1000, 1400), 255).save(tmp_path / "blank.png", dpi=(200, 200))
    (tmp_path / "form.toml").write_text(
        'schema = "hcr-scan-template/1"\nid = "form"\n[[pages]]\nblank = "blank.png"\nunit = "px"\n'
        'size = [1000, 1400]\n[[pages.fields]]\nname = "a"\nkind = "cells"\nbox = [10, 10, 170, 40]\ncells = 8\n'
        'type = { kind = "date", formats = ["DDMMYYYY"] }\nnormalize = ["iso_date"]\n'
    )
    fields = field("a", "1968-03-11", 0.1, doubtful=[0]), field("b", "B", 0.2, doubtful=[0], top=80)
    page = replace(drawn_page(tmp_path / "scan.png", *fields), template="form")
    with reviewing(tmp_path, page, templates=("form.toml",)) as address:
        begin(browser, address)
        browser.press("17031968", ENTER)
        browser.wait_for("item-name", "b")
        assert browser.text("said") == "Saved: 1968-03-17, typed 17031968."
        browser.press(PAGE_UP)
        browser.wait_for("item-name", "a")
        assert browser.value() == "1968-03-17"
        assert browser.text("value-note") == "(corrected by ann, typed 17031968)"
    assert decisions(tmp_path) == {"a": ("corrected", "1968-03-17")}
