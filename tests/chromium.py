"""A Chromium that is driven by its keyboard, where one is installed."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Keys that are held, as WebDriver knows them.
ALT, SHIFT = "\ue00a", "\ue008"
#: Seconds that something may take to appear on a busy machine.
PATIENCE = 30.0


def require_chromium() -> tuple[str, str]:
    """The browser and its driver; skips the test where one of them is missing."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    browser = next((path for path in map(shutil.which, PROGRAMS) if path), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium and chromedriver are not installed, so the page is not tried in a browser")
    return browser, driver


@contextlib.contextmanager
def chromium(width: int = 1280, height: int = 900, scale: float = 1.0, *, dark: bool = False) -> Iterator[Browser]:
    """A browser of its own; ``scale`` zooms as a reader would: ``width`` is then that of the screen."""
    program, driver_program = require_chromium()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", f"--user-data-dir={profile}",
            f"--window-size={round(width / scale)},{round(height / scale)}",
            f"--force-device-scale-factor={scale}", *(["--blink-settings=preferredColorScheme=0"] if dark else []),
        ):  # fmt: skip
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_program))
        try:
            yield Browser(driver)
        finally:
            driver.quit()


class Browser:
    """What tests do with a browser."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        self.driver.get(address)

    def script(self, text: str, *values: object) -> Any:
        return self.driver.execute_script(text, *values)

    def text(self, name: str) -> str:
        return str(self.script("return document.getElementById(arguments[0]).textContent", name)).strip()

    def value(self, name: str = "value") -> str:
        return str(self.script("return document.getElementById(arguments[0]).value", name))

    def shown(self, name: str) -> bool:
        return bool(self.script("return document.getElementById(arguments[0]).checkVisibility()", name))

    @property
    def focus(self) -> str:
        return str(self.script("return document.activeElement.id || document.activeElement.getAttribute('role') || ''"))

    def press(self, *keys: str) -> None:
        """Keys, as a keyboard sends them. Alt or Shift and a key are given as one string."""
        from selenium.webdriver import ActionChains

        for key in keys:
            chain = ActionChains(self.driver)
            if key.startswith((ALT, SHIFT)):
                chain.key_down(key[0]).send_keys(key[1:]).key_up(key[0])
            else:
                chain.send_keys(key)
            chain.perform()

    def wait(self, what: Callable[[], Any], said: str = "") -> Any:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while True:
            found = what()
            if found:
                return found
            assert time.monotonic() < end, said or f"waited in vain; the page says {self.text('said')!r}"
            time.sleep(0.02)

    def wait_for(self, name: str, text: str) -> None:
        """Wait until an element holds a text."""
        self.wait(lambda: text in self.text(name), f"{name} never said {text!r}")

    def errors(self) -> list[str]:
        """What the browser complained of, failed requests that a test provokes aside."""
        return [json.dumps(entry) for entry in self.driver.get_log("browser") if entry["source"] != "network"]
