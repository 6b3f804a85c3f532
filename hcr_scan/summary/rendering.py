"""Findings as one HTML file that needs nothing else: no script, no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hcr_scan.document import Status
from hcr_scan.review.wording import REASONS
from hcr_scan.sinks.markup import possible
from hcr_scan.sources.pages import failure_text, place_of, printable
from hcr_scan.summary import chart, numbers, wording
from hcr_scan.summary.counting import LINES
from hcr_scan.summary.crops import Crop
from hcr_scan.summary.examples import Reading
from hcr_scan.summary.gathering import Findings

#: The template and its style sheet.
FOLDER = Path(__file__).parent / "page"
#: Forms and kinds of failure that are told.
MOST_ROWS = 100


def report_bytes(findings: Findings, crops: Mapping[Reading, Crop] | None) -> bytes:
    """The report.

    Args:
        findings: What it tells.
        crops: Pictures of :attr:`Findings.shown_readings`; ``None`` where there are to be none.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        "percent": numbers.confidence, "about": numbers.about, "minutes": numbers.minutes, "count": numbers.count,
        "seconds": numbers.seconds, "size": numbers.size, "moment": numbers.moment,
        "place": place_of, "name": printable,
    }  # fmt: skip
    environment.globals |= {"percent": numbers.percent}
    style = (FOLDER / "report.css").read_text(encoding="utf-8")
    text = environment.get_template("report.html").render(
        _context(findings),
        crops=crops,
        # Our own file: the one thing that is not escaped.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii"),
    )
    # What no markup can hold, such as control characters in a value, is replaced wherever it stands.
    return possible(text).encode("utf-8")


def _context(findings: Findings) -> dict[str, Any]:
    tally, run = findings.tally, findings.tally.run
    reasons = tally.reasons + tally.page_reasons
    return {
        "f": findings,
        "tally": tally,
        "run": run,
        "target": printable(os.path.basename(findings.target)),  # noqa: PTH119 - any bytes
        "page_statuses": [(status, run.statuses[status], wording.STATUSES[status]) for status in Status],
        "field_statuses": [
            (status, run.fields[status], run.lines[status], run.glyphs[status], wording.STATUSES[status])
            for status in chart.STATUSES
        ],
        "failures": _failures(findings),
        "failure_kinds": len(run.codes),
        "form_pages": sorted(tally.form_pages.items())[:MOST_ROWS],
        "bars": chart.bars(tally.bins),
        "chart": chart,
        "reasons": [
            (reason, tally.reasons[reason], tally.page_reasons[reason], REASONS[reason])
            for reason, _ in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        ],
        "most_reasons": max(reasons.values(), default=1),
        "verdicts": wording.VERDICTS,
        "reason_words": REASONS,
        "lines": LINES,
    }


def _failures(findings: Findings) -> list[tuple[str, int, str, str, str]]:
    """Kinds of failures, the most frequent first: code, pages, what it is, what to do, and of the first page."""
    tally = findings.tally
    ranked = sorted(tally.failures.items(), key=lambda entry: (-tally.run.codes[entry[0]], entry[0]))
    return [
        (code, tally.run.codes[code], *wording.FAILURES.get(code, wording.UNKNOWN_FAILURE), failure_text(first))
        for code, first in ranked[:MOST_ROWS]
    ]
