"""The report of a scan for people who listen, who zoom, and who like it dark, by axe-core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.cli import run
from hcr_scan.document import PageFailure, Reason, Source, Verdict
from hcr_scan.review.auditing import Audit
from hcr_scan.review.items import Filter
from hcr_scan.review.selection import Selection
from tests.chromium import Browser, chromium, require_chromium
from tests.reviews import field, line, page, review_of

AXE = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report with all of its parts."""
    require_chromium()
    pages = [
        replace(
            page(
                f"/a/long/folder/of/scans/{number:02}.png",
                field("surname_of_the_applicant", "SMITH", 0.4, doubtful=[2]), field("city", "ROME", 0.99),
                sha256="", lines=[line("SOME", "NOTE", doubtful=True)],
            ),
            template="kyc", template_page=1, template_match=0.9,
            reasons=(Reason.UNREGISTERED,) if number % 3 == 0 else (),
        )
        for number in range(12)
    ]  # fmt: skip
    failed = PageFailure(Source("/in/broken.pdf"), "open", "damaged", "is damaged; get it again")
    with review_of(tmp_path, [*pages, failed], Selection(audit=Audit(4))) as store:
        for number, item in enumerate(store.queue(Filter(), limit=15)):
            store.decide(item.id, 1, "Ann", Verdict.ACCEPTED, "", 4.0 * number)
    out = tmp_path / "report.html"
    assert run(["report", str(tmp_path / "out.csv"), "-o", str(out)]) == 0
    return out


def complaints(browser: Browser) -> list[str]:
    """What axe-core says against the page as it is shown."""
    browser.script(AXE)
    found: dict[str, Any] = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document).then(done, (error) => done({error: error.message}))"
    )
    assert "error" not in found, found
    return [f"{each['id']}: {[node['html'][:100] for node in each['nodes']]}" for each in found["violations"]]


@pytest.mark.parametrize(("scale", "dark"), [(1.0, False), (1.0, True), (4.0, False)])
def test_axe_finds_nothing_in_light_in_dark_and_zoomed(scale: float, dark: bool, report: Path) -> None:
    with chromium(scale=scale, dark=dark) as browser:
        browser.open(report.as_uri())
        assert complaints(browser) == []
        # Nothing is wider than the screen but what scrolls by itself.
        assert browser.script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.errors() == []
