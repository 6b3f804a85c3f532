"""Accuracy on forms as a browser prints them: python benchmarks/printed_forms.py [--pages 2] [--pen mixed]

Each form is a page of HTML (printed_forms/): what is filled in says so itself, ``data-fill``. Chromium prints it; it is
filled in by hands that no model has seen, captured in several ways at 100 to 600 dpi, read with the real command,
without a template, and scored with $HCR_SCAN_SHARED/tools. It is filled in with the characters that are asked for:
block letters (``--charset upper+digits``), both cases (``alnum``), or both and punctuation (``text``).
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.form_page import NAMES, PENS, FormPage, capture_of, save
from benchmarks.forms import scan, score, shared
from benchmarks.layouts import HANDS, writers_of
from hcr_scan.settings import PUNCTUATION
from tests.chromium import Browser, chromium

if TYPE_CHECKING:
    from hcr_scan_training.synthesis import Writer

FORMS = Path(__file__).parent / "printed_forms"
#: The pens of ``--pen mixed``, page after page: forms leave less room than a marker needs.
MIXED = ("ballpoint", "pencil", "ballpoint", "felt tip", "ballpoint")
FIRST = """
ANNA PETER MARIA JOHN LUCIA AHMED SOFIE DAVID ELENA VICTOR JULIA MARK ZOE FELIX RUTH GEORGE OLGA KEVIN
"""
STREETS = ("HIGH STREET", "PARK ROAD", "MAIN ST", "OAK AVENUE", "MILL LANE", "QUAI VOLTAIRE", "RING ROAD", "BACKWAY")
WORDS = """
NURSE DRIVER TEACHER ENGINEER COOK POLAND KENYA BRAZIL JAPAN BOOKS YES BICYCLE WINDOW PUMP VALVE FLOUR
"""
SENTENCES = (
    "please call before noon", "no known allergies", "delivered to the front desk, signed by the guard",
    "left door scratched near the handle", "see attached letter & invoice", "two boxes (one open) were returned",
    "paid in cash, no receipt", "would like to be contacted by e-mail", "lives with his mother and two sisters",
    "the pump was replaced in June", "cough since Monday, no fever", "moved from Paris last year",
)  # fmt: skip
HOSTS = ("mail.com", "post.net", "web.org", "uni-oslo.edu", "office.co.uk")
CODES = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#: What is written with a capital first, where both cases are asked for.
BOTH_CASES = ("name", "first", "full", "city", "word", "street", "phrase")
#: Of each place to be filled in, in pixels of CSS: what, where, and what else is asked.
PLACES = """
const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
return [...document.querySelectorAll('[data-fill], [data-check], [data-sign]')].map((e) => ({
  kind: e.dataset.fill || (e.dataset.check === undefined ? 'sign' : 'check'), group: e.dataset.check,
  optional: !!e.closest('[data-optional]'), height: e.dataset.height, lines: Number(e.dataset.lines || 1), box: box(e),
  cells: [...e.querySelectorAll('.c')].map(box)}));
"""
CSS_DPI = 96
#: Of marks in boxes to tick, strokes in a unit square.
MARKS = (
    [[(0.1, 0.5), (0.4, 0.9), (1.1, -0.1)]],
    [[(0.15, 0.15), (0.85, 0.9)], [(0.85, 0.1), (0.1, 0.85)]],
)

Place = dict[str, Any]


def print_form(browser: Browser, file: Path, dpi: int) -> tuple[Image.Image, list[Place]]:
    """The form as RGB at ``dpi``, and its places."""
    browser.open(file.absolute().as_uri())
    width, height = browser.script("const p = document.querySelector('.page'); return [p.offsetWidth, p.offsetHeight]")
    size = {"width": width, "height": height, "deviceScaleFactor": dpi / CSS_DPI, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    return picture, browser.script(PLACES)


def fill_in(page: FormPage, places: Sequence[Place], charset: str) -> None:
    """As somebody does: every place, of the optional ones every other."""
    groups: dict[str, list[list[float]]] = {}
    for place in places:
        box = [value * 25.4 / CSS_DPI for value in place["box"]]
        if place["kind"] == "check":
            groups.setdefault(place["group"], []).append(box)
        elif place["kind"] == "sign":
            _sign(page, box)
        elif not (place["optional"] and page.random.random() < 0.5):
            _write(page, place, box, charset)
    for boxes in groups.values():
        _tick(page, boxes[int(page.random.integers(len(boxes)))])


def _write(page: FormPage, place: Place, box: list[float], charset: str) -> None:
    cells = [tuple(value * 25.4 / CSS_DPI for value in cell) for cell in place["cells"]]
    if cells:
        text = answer(page, place["kind"], len(cells), charset)
        if "date" in place["kind"]:
            text = "".join(c for c in text if c.isalnum())
        page.in_boxes(text[: len(cells)].rstrip(), cells, page.chance(0.6, 0.7))  # type: ignore[arg-type]
        return
    x0, y0, x1, y1 = box
    lines = place["lines"]
    pitch = (y1 - y0) / lines
    asked = float(str(place["height"]).removesuffix("mm")) if place["height"] else 0.55 * pitch
    height = asked * page.chance(0.85, 1.1)
    for line in range(lines):
        baseline = y0 + (line + 0.85) * pitch
        page.on_line(answer(page, place["kind"], 99, charset), x0 + page.chance(0.8, 2.5), baseline, height, x1)


def answer(page: FormPage, kind: str, room: int, charset: str) -> str:
    """What somebody may fill in, as far as the character set and the writer have the letters."""
    what, _, count = kind.partition(":")
    length = int(count or 4)
    names, firsts, words = NAMES.split(), FIRST.split(), WORDS.split()
    marks = charset == "text"
    texts: dict[str, Callable[[], str]] = {
        "name": lambda: page.one_of(names), "first": lambda: page.one_of(firsts), "city": lambda: page.one_of(names),
        "full": lambda: f"{page.one_of(firsts)} {page.one_of(names)}", "word": lambda: page.one_of(words),
        "street": lambda: f"{page.random.integers(1, 200)} {page.one_of(STREETS)}",
        "phrase": lambda: " ".join(page.one_of(words) for _ in range(int(page.random.integers(3, 6)))),
        "letters": lambda: "".join(page.one_of(CODES[:-8]) for _ in range(length)),
        "code": lambda: "".join(page.one_of(CODES) for _ in range(length)), "letter": lambda: page.one_of("ABCD"),
        "digit": lambda: page.digits(1), "digits": lambda: page.digits(length),
        "date": lambda: "{:02}{:02}{}".format(*_date(page))[: max(length, 6)],
        "dateline": lambda: ("{:02}/{:02}/{}" if marks else "{:02} {:02} {}").format(*_date(page)),
        "time": lambda: f"{page.random.integers(6, 22):02}{':' if marks else ' '}{page.random.integers(60):02}",
        "amount": lambda: f"{page.random.integers(3, 4000)}{'.50' if marks else ''}",
        "phone": lambda: f"{page.digits(3)}{'-' if marks else ' '}{page.digits(7)}", "postal": lambda: page.digits(5),
        "email": lambda: f"{page.one_of(firsts)}.{page.one_of(names)}@{page.one_of(HOSTS)}".lower(),
        "website": lambda: f"www.{page.one_of(names)}.{page.one_of(('com', 'org', 'net'))}".lower(),
        "text": lambda: page.one_of(SENTENCES), "number": lambda: f"{page.random.integers(1, 9000) / 10:,}",
    }  # fmt: skip
    text = texts[what]()
    if charset == "upper+digits":
        text = text.upper()
    elif what in BOTH_CASES:
        text = text.title() if what != "phrase" else text.capitalize()
    known = (*page.writer.samples, " ", *(PUNCTUATION if marks else ""))
    return "".join(c for c in text if c in known)[:room].strip()


def _date(page: FormPage) -> tuple[int, int, int]:
    return int(page.random.integers(1, 29)), int(page.random.integers(1, 13)), int(page.random.integers(1940, 2025))


def _tick(page: FormPage, box: list[float]) -> None:
    side = min(box[2] - box[0], box[3] - box[1])
    for stroke in MARKS[int(page.random.integers(len(MARKS)))]:
        _stroke(page, np.array(stroke) * side * page.chance(0.9, 1.2) + (box[0], box[1]))


def _sign(page: FormPage, box: list[float]) -> None:
    t, (x0, y0, x1, y1) = np.linspace(0, 1, 200), box
    wide, high = min(x1 - x0, 45.0), min(y1 - y0, 12.0)
    x = x0 + 0.05 * wide + 0.8 * wide * t + 0.05 * wide * np.sin(page.chance(30, 45) * t)
    y = y1 - high * (0.5 - 0.35 * np.sin(page.chance(20, 35) * t + 1) * np.cos(7 * t))
    _stroke(page, np.stack((x, y), axis=1))


def _stroke(page: FormPage, points: np.ndarray) -> None:
    page.stroke(points, round(255 * (1 - page.pen.darkness)))


def draw(
    browser: Browser, folder: Path, file: Path, number: int, seed: int, writers: list[Writer], pen: str, charset: str
) -> None:
    """One page and its ground truth; the same seed draws the same page."""
    random = np.random.default_rng([seed, *file.stem.encode(), number])
    capture, dpi = capture_of(random, number)
    form, places = print_form(browser, file, dpi)
    page = FormPage.printed(random, dpi, writers[int(random.integers(len(writers)))], pen, form)
    fill_in(page, places, charset)
    save(page, capture, folder, f"{file.stem}-{number}-{capture}-{dpi}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=2, help="pages of each form")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hands", choices=HANDS, default="digilets")
    parser.add_argument("--pen", choices=(*PENS, "mixed"), default="mixed")
    parser.add_argument("--charset", choices=("upper+digits", "alnum", "text"), default="upper+digits")
    parser.add_argument("--forms", type=Path, default=FORMS, help="folder of the forms, default: printed_forms/ here")
    parser.add_argument("--keep", type=Path, help="folder for pages, ground truth and results")
    chosen = parser.parse_args()
    known = shared()
    writers = writers_of(chosen.hands, known)
    files = sorted(chosen.forms.glob("*.html"))
    pens = cycle(MIXED if chosen.pen == "mixed" else (chosen.pen,))
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.keep or Path(temporary)
        pages, results = work / "pages", work / "results.jsonl"
        with chromium() as browser:
            for file in files:
                (pages / file.stem).mkdir(parents=True, exist_ok=True)
                for number in range(chosen.pages):
                    draw(browser, pages / file.stem, file, number, chosen.seed, writers, next(pens), chosen.charset)
        scan([str(pages)], chosen.charset, results)
        scores = score(known, results, pages, [file.stem for file in files])
    print("| form | characters | accuracy |\n|---|---|---|")
    for name, (accuracy, count) in sorted(scores.items()):
        print(f"| {name} | {count} | {accuracy:.4f} |")


if __name__ == "__main__":
    main()
