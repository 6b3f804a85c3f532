"""An evaluation as one HTML page that needs nothing else: tables, curves, and the characters that were misread."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from hcr_scan.errors import OutputError
from hcr_scan_training.evaluation import KINDS, found_none

#: Misread characters shown.
SHOWN = 120

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 0; } td, th { padding: .2rem .6rem; text-align: right; }
th { border-bottom: 1px solid #888; font-weight: 600; } td:first-child, th:first-child { text-align: left; }
tr:nth-child(even) td { background: #f4f4f4; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem; } svg { background: #fff; }
.glyphs { display: flex; flex-wrap: wrap; gap: .6rem; }
.glyphs figure { margin: 0; text-align: center; font-size: .8rem; }
.glyphs img { width: 56px; image-rendering: pixelated; }
.columns { columns: 3 18rem; } .columns table { width: 100%; } .note { color: #555; }
"""

_COLORS = {
    "free": "#555555",
    "upper": "#0b6bcb",
    "lower": "#c2410c",
    "digits": "#15803d",
    "punctuation": "#b45309",
    "upper+digits": "#7c3aed",
}
_HOW_TO_READ = (
    "Within a set all other characters are masked, and only characters of the set are asked; free means that "
    "everything may occur, and what is none too. ECE, the expected calibration error, is how far confidences are from "
    "the share that is right; 0 is best. <i>none</i> is how many characters are "
    "taken for none. Error at x %: of what is kept when the least sure x % are set aside."
)
_WIDTH, _HEIGHT, _MARGIN = 380, 260, 42


def evaluation_page(figures: dict[str, Any], crops: npt.NDArray[np.uint8], title: str) -> str:
    """The page; ``figures`` and ``crops`` come from :func:`hcr_scan_training.evaluation.evaluate`."""
    sections = [
        f"<h1>{html.escape(title)}</h1>",
        _lead(figures),
        "<h2>By character set</h2>",
        _sets(figures["sets"]),
        f'<p class="note">{_HOW_TO_READ}</p>',
        f'<div class="charts">{error_reject_chart(figures["sets"])}{reliability_chart(figures["sets"])}</div>',
        "<h2>Confused most often</h2>",
        _confusions(figures["sets"]),
        "<h2>Misread with most confidence</h2>",
        _gallery(figures["mistakes"], crops),
        "<h2>By character</h2>",
        f'<div class="columns">{_classes(figures["classes"])}</div>',
    ]
    if figures["writers"]:
        sections += ["<h2>By writer</h2>", f'<div class="columns">{_writers(figures["writers"])}</div>']
    body = "\n".join(sections)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _lead(figures: dict[str, Any]) -> str:
    data, model = figures["data"], figures["model"]
    parts = [f"{data['characters']:,} characters", f"{data['repeats']:,} exact repeats left out"]
    parts += [f"{count:,} {reason} left out" for reason, count in data["left_out"].items()]
    if data["unknown"]:
        parts.append(f"{sum(data['unknown'].values()):,} left out that the model has no label for")
    if figures["not_a_character"]:
        parts.append(found_none(figures["not_a_character"]))
    return f"<p>{html.escape('; '.join(parts))}.<br>Model sha256:{model['sha256'][:16]}.</p>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{names}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _percent(share: float | None, digits: int = 2) -> str:
    return "" if share is None else f"{100 * share:.{digits}f}"


def _sets(sets: dict[str, Any]) -> str:
    shares = list(next(iter(sets.values()))["error_at_reject"])
    head = ["set", "count", "accuracy %", "95 %", "macro F1 %", "ECE", "none %", *(f"error at {s} %" for s in shares)]
    rows = [
        [
            name,
            f"{values['count']:,}",
            _percent(values["accuracy"]),
            "-".join(_percent(bound, 1) for bound in values["accuracy_95"]),
            _percent(values["macro_f1"]),
            f"{values['calibration_error']:.4f}",
            _percent(values["taken_for_none"]),
            *(_percent(error) for error in values["error_at_reject"].values()),
        ]
        for name, values in sets.items()
    ]
    return _table(head, rows)


def _confusions(sets: dict[str, Any]) -> str:
    parts = []
    for name in (*KINDS, "free"):
        pairs = sets.get(name, {}).get("confusions", [])[:20]
        if pairs:
            listed = ", ".join(
                f"{p['was'] or 'none'} read {p['read'] or 'none'} {p['count']}&times;" for p in _safe(pairs)
            )
            parts.append(f"<p><b>{name}</b>: {listed}</p>")
    return "".join(parts) or "<p>Nothing was misread.</p>"


def _safe(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [pair | {"was": html.escape(pair["was"]), "read": html.escape(pair["read"])} for pair in pairs]


def _gallery(mistakes: list[dict[str, Any]], crops: npt.NDArray[np.uint8]) -> str:
    if not mistakes:
        return "<p>Nothing was misread.</p>"
    figures = []
    for mistake in mistakes[:SHOWN]:
        caption = f"{html.escape(mistake['was'])} &rarr; {html.escape(mistake['read'])}<br>{mistake['confidence']:.2f}"
        source = _data_uri(crops[mistake["index"]])
        figures.append(f'<figure><img alt="" src="{source}"><figcaption>{caption}</figcaption></figure>')
    return f'<div class="glyphs">{"".join(figures)}</div>'


def _data_uri(crop: npt.NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(255 - crop).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _classes(classes: dict[str, Any]) -> str:
    head = ["character", "count", "recall %", "precision %", "free %", "read as"]
    rows = [
        [
            label or "none",
            f"{values['count']:,}",
            _percent(values["recall"], 1),
            _percent(values["precision"], 1),
            _percent(values.get("free_recall"), 1),
            ", ".join(values["read_as"]),
        ]
        for label, values in classes.items()
    ]
    return _table(head, rows)


def _writers(writers: dict[str, Any]) -> str:
    names = [name for name in KINDS if any(name in values for values in writers.values())]
    rows = [[writer, *(_writer_cell(values.get(name)) for name in names)] for writer, values in writers.items()]
    return _table(["writer", *(f"{name} %" for name in names)], rows)


def _writer_cell(values: dict[str, Any] | None) -> str:
    return f"{_percent(values['accuracy'], 1)} of {values['count']}" if values else ""


def error_reject_chart(sets: dict[str, Any]) -> str:
    """The error of what is kept, in per cent, over the share set aside, as SVG."""
    curves = {name: [(p["reject"], p["error"]) for p in values["error_reject"] if p["error"] is not None]
              for name, values in sets.items()}  # fmt: skip
    top = max((error for points in curves.values() for _, error in points), default=0.0) or 0.01
    lines = [_line([(x / 0.5, y / top) for x, y in points], _COLORS[name]) for name, points in curves.items()]
    ticks = [(f"{10 * k}", k / 5) for k in range(6)]
    return _chart("set aside, %", "error, %", ticks, [(_percent(top * k / 4), k / 4) for k in range(5)], lines, curves)


def reliability_chart(sets: dict[str, Any]) -> str:
    """How often answers are right over how sure they are; on the diagonal confidence is true."""
    lines = [_line([(0, 0), (1, 1)], "#bbbbbb")]
    for name, values in sets.items():
        points = [(part["confidence"], part["accuracy"]) for part in values["reliability"] if part["count"] >= 5]
        lines.append(_line(points, _COLORS[name], dots=True))
    ticks = [(f"{20 * k}", k / 5) for k in range(6)]
    return _chart("confidence, %", "right, %", ticks, ticks, lines, sets)


def _place(x: float, y: float) -> tuple[float, float]:
    return _MARGIN + x * (_WIDTH - 2 * _MARGIN), _HEIGHT - _MARGIN - y * (_HEIGHT - 2 * _MARGIN)


def _line(points: list[tuple[float, float]], color: str, dots: bool = False) -> str:
    placed = [_place(x, y) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in placed) if dots else ""
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>{marks}'


def _chart(
    across: str,
    up: str,
    x_ticks: list[tuple[str, float]],
    y_ticks: list[tuple[str, float]],
    lines: list[str],
    names: Iterable[str],
) -> str:
    parts = []
    for text, x in x_ticks:
        left, bottom = _place(x, 0)
        parts.append(f'<text x="{left:.0f}" y="{bottom + 15:.0f}" text-anchor="middle">{text}</text>')
    for text, y in y_ticks:
        left, bottom = _place(0, y)
        parts.append(f'<text x="{left - 5:.0f}" y="{bottom + 4:.0f}" text-anchor="end">{text}</text>')
        parts.append(f'<path d="M{left:.0f} {bottom:.0f}H{_WIDTH - _MARGIN}" stroke="#ddd"/>')
    parts.append(f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{across}</text>')
    parts.append(f'<text x="{_MARGIN}" y="14">{up}</text>')
    for number, name in enumerate(names):
        y = 26 + 14 * number
        parts.append(f'<text x="{_WIDTH - _MARGIN}" y="{y}" text-anchor="end" fill="{_COLORS[name]}">{name}</text>')
    body = "".join(parts + lines)
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" font-size="11" font-family="sans-serif">{body}</svg>'


def write_evaluation(folder: Path, figures: dict[str, Any], crops: npt.NDArray[np.uint8], title: str) -> Path:
    """Write ``evaluation.json`` and ``evaluation.html`` into a folder; returns the page.

    Raises:
        OutputError: the folder cannot be written to.
    """
    page = folder / "evaluation.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        document = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
        (folder / "evaluation.json").write_text(document, encoding="utf-8")
        page.write_text(evaluation_page(figures, crops, title), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}; give another folder with -o") from error
    return page
