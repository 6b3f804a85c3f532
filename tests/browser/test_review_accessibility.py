"""The page of a review for people who zoom, who use no mouse, and who listen. ``axe.min.js`` is axe-core (MPL-2.0)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import ALT, Browser, chromium, require_chromium
from tests.review_program import begin, four, reviewing

ENTER, ESCAPE, TAB, RIGHT = "\ue007", "\ue00c", "\ue004", "\ue014"
AXE = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")
#: What of the rules is asked: WCAG 2.2 up to AA, and what is good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module", autouse=True)
def _chromium() -> None:
    require_chromium()


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with chromium(dark=request.param == "dark") as found:
        assert found.script("return matchMedia('(prefers-color-scheme: dark)').matches") == (request.param == "dark")
        yield found


def violations(browser: Browser) -> list[str]:
    """What axe-core says against the page as it is now."""
    browser.script(AXE)
    script = (
        "const [tags, done] = arguments;"
        "axe.run(document, {runOnly: tags}).then(done, (error) => done({error: error.message}))"
    )
    result: dict[str, Any] = browser.driver.execute_async_script(script, TAGS)
    assert result["passes"], result
    return [f"{found['id']}: {node['html']}" for found in result["violations"] for node in found["nodes"]]


def test_axe_finds_nothing_in_any_view(browser: Browser, tmp_path: Path) -> None:
    with reviewing(tmp_path, four(tmp_path), options=("--passes", "2")) as address:
        begin(browser, address)
        assert violations(browser) == []
        browser.press(ALT + "k")
        assert violations(browser) == []
        browser.press(ESCAPE, ALT + "f")
        assert violations(browser) == []
        browser.press(ESCAPE, ALT + "g")
        browser.wait(lambda: browser.focus == "option")
        browser.press("X")
        assert violations(browser) == []
        browser.press(ALT + "g")
        browser.wait(lambda: browser.shown("item") and browser.focus == "value")
        for following in ("b", "c", "d"):
            browser.press(ALT + "u")
            browser.wait_for("item-name", following)
        browser.press(ALT + "u")
        browser.wait(lambda: browser.shown("done"))
        assert violations(browser) == []


@pytest.mark.parametrize("width", [1280, 640])
def test_zoomed_to_200_and_400_percent_nothing_is_to_be_scrolled_sideways(tmp_path: Path, width: int) -> None:
    with chromium(width, 900, 2.0) as browser, reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        assert browser.script("return innerWidth") <= max(width / 2, 500)
        for key in ("", ALT + "f", ALT + "g", ENTER):
            browser.press(*([key] if key else []))
            browser.wait(lambda: browser.shown("item") or browser.shown("group-list"))
            assert browser.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_zoomed_the_value_is_seen_as_soon_as_its_field_comes(tmp_path: Path) -> None:
    with chromium(1280, 800, 2.0) as browser, reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        place = "const r = document.getElementById('value').getBoundingClientRect();"
        for following in ("b", "c"):
            browser.wait(lambda: browser.script(f"{place} return r.top >= 0 && r.bottom <= innerHeight + 1"))
            browser.script("window.scrollTo(0, 0)")
            browser.press(ENTER)
            browser.wait_for("item-name", following)


def test_the_tab_key_goes_through_everything_and_is_always_seen(tmp_path: Path) -> None:
    with chromium() as browser, reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        seen = []
        for _ in range(60):
            browser.press(TAB)
            found = browser.script(
                "const e = document.activeElement; if (e === document.body) return ['body', true];"
                "const s = getComputedStyle(e), r = e.getBoundingClientRect();"
                "return [e.id || e.textContent, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2"
                " && r.bottom > 0 && r.top < innerHeight]"
            )
            assert found[1], f"the focus is not seen on {found[0]}"
            if found[0] in seen:
                break
            seen.append(found[0])
        assert {
            "save",
            "unreadable",
            "blank",
            "undo",
            "previous",
            "next",
            "page-view",
            "view-groups",
            "reviewer",
        } <= set(seen)


def test_each_control_has_a_name_and_what_happens_is_announced(tmp_path: Path) -> None:
    with chromium() as browser, reviewing(tmp_path, four(tmp_path)) as address:
        begin(browser, address)
        status = browser.script("return document.querySelector('[role=status]').textContent")
        assert "a, read ABC" in status
        assert "not sure enough" in status
        browser.press(ENTER)
        browser.wait_for("item-name", "b")
        status = browser.script("return document.querySelector('[role=status]').textContent")
        assert status.startswith("Accepted: ABC.")
        assert "b, read B22" in status
        browser.press(ALT + "z")
        browser.wait_for("item-name", "a")
        assert browser.text("said") == "Undone."
        description = browser.script(
            "const names = document.getElementById('value').getAttribute('aria-describedby').split(' ');"
            "return names.map((name) => document.getElementById(name).textContent).join(' ')"
        )
        assert "Least sure: A at 1" in description


def test_who_wants_no_motion_gets_none(tmp_path: Path) -> None:
    with chromium() as browser, reviewing(tmp_path, four(tmp_path)) as address:
        command = "Emulation.setEmulatedMedia"
        browser.driver.execute_cdp_cmd(command, {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
        begin(browser, address)
        moving = "const moves = (e) => getComputedStyle(e).transitionDuration !== '0s';"
        assert browser.script(f"{moving} return [...document.querySelectorAll('*')].filter(moves).length") == 0
