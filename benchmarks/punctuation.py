"""Punctuation, and what it costs: python benchmarks/punctuation.py [--model BUNDLE] [--hands N] [--placement TABLE]

Amounts, dates, numbers, names and e-mail addresses, written on plain lines and in combs by hands that the model never
saw, are read with several character sets, each with and without the evidence of size and position. A written character
counts as read where the one glyph on it says so; a glyph on nothing counts as extra.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training")]

from hcr_scan import load_classifier  # noqa: E402
from hcr_scan.assembly.pages import assemble_page  # noqa: E402
from hcr_scan.document import Glyph  # noqa: E402
from hcr_scan.geometry import BoundingBox  # noqa: E402
from hcr_scan.images import box_blur  # noqa: E402
from hcr_scan.model.bundle import ModelInfo  # noqa: E402
from hcr_scan.model.classifier import Classifier  # noqa: E402
from hcr_scan.model.probabilities import Logits  # noqa: E402
from hcr_scan.placement import PlacementTable  # noqa: E402
from hcr_scan.segmentation.candidates import SegmentedPage  # noqa: E402
from hcr_scan.segmentation.page_model import PageModel  # noqa: E402
from hcr_scan.segmentation.segment import segment  # noqa: E402
from hcr_scan.settings import PUNCTUATION, Layout, Settings, parse_charset  # noqa: E402
from hcr_scan.sources import PageImage, PageRef  # noqa: E402
from hcr_scan_training.corpus import ALPHANUMERIC, read_strokes, writer_is_held_out  # noqa: E402
from hcr_scan_training.synthesis import Pen, Writer, load_writers  # noqa: E402

#: What is written: forms that take punctuation, and names and words without any.
TEXTS = (
    *("1,250.00", "12/03/1998", "A-12", "J.SMITH@MAIL.COM", "O'NEIL", "+49 (30) 123", "NO. 5 & 6", "#12: 7"),
    *("SMITH, JOHN A.", "31.12.2004", "7/8-B", "TEL: 555-0199", "$", "ANNA-MARIA", "10:45", "(C) 1987", "D'ARCY & SON"),
    *(
        "12,345.67",
        "R+D",
        "PO BOX #9",
        "C/O W. KLEIN",
        "INFO@A-B.ORG",
        "44.50",
        "FLAT 3, 21 HIGH ST.",
        "2+2",
        "Q: (YES)",
    ),
    *("GEORGE WASHINGTON", "4711 0815", "QUICK BROWN FOX", "ZURICH 8005", "VIXEN JUMPS"),
)
MIXED = (
    *("Smith, John", "Mary O'Neil", "j.smith@mail.com", "12 High St., Flat 3", "Cox & Vaux", "k.zuw@so-so.org"),
    *("Sue Cook: (yes)", "No. 5 + 6", "Oscar Wilde", "Vicky Zoo", "Max Power", "c/o W. Klein", "Coca-Cola", "#7: wax"),
    *("Quickly jumping zebras vow", "Pack six boxes", "Phoenix, Arizona"),
)
PAGE = (2339, 1654)
ROWS = 13
CELL = (40, 52)


@dataclass(slots=True)
class Score:
    """How many characters of each label were written and read, the mistakes, and how many glyphs are on nothing."""

    written: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    mistakes: Counter[tuple[str, str]] = field(default_factory=Counter)
    extra: int = 0
    sure: list[tuple[float, bool]] = field(default_factory=list)

    def share(self, labels: str) -> str:
        total = sum(self.written[c] for c in labels)
        return f"{100 * sum(self.read[c] for c in labels) / total:.1f}" if total else "-"

    def calibration_error(self) -> float:
        """Expected calibration error of all glyphs on characters, in 15 bins."""
        sure = np.array(self.sure).reshape(-1, 2)
        bins = np.minimum((sure[:, 0] * 15).astype(int), 14)
        gaps = [
            abs(sure[bins == k].mean(axis=0) @ (1, -1)) * np.mean(bins == k) for k in range(15) if (bins == k).any()
        ]
        return float(sum(gaps))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page and where each of its characters was written."""

    kind: str
    pixels: npt.NDArray[np.uint8]
    characters: list[tuple[str, BoundingBox]]


def hands(count: int) -> list[Writer]:
    """Writers who were kept out of training, half of them of UNIPEN and half of DigiLeTs."""
    folder = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")) / "characters"
    if not folder.is_dir():
        sys.exit(f"{folder} does not exist; set HCR_SCAN_SHARED to the folder that holds characters/")
    unipen = [w for w in load_writers(read_strokes(folder / "unipen_strokes.npz")) if writer_is_held_out(w.name)]
    digilets = load_writers(read_strokes(folder / "digilets_strokes.npz"), ALPHANUMERIC)
    chosen = unipen[: (count + 1) // 2] + digilets[: count // 2]
    return [replace(writer, natural=True, seed=7) for writer in chosen]


def pages(writer: Writer, seed: int) -> Iterator[Drawn]:
    """Lines of block letters, lines of both cases, and combs of block letters, in one hand."""
    random = np.random.default_rng([seed, 5])
    yield _lines("lines", writer, TEXTS, random)
    yield _lines("mixed lines", writer, MIXED, random)
    yield _combs("combs", writer, TEXTS, random)


def _lines(kind: str, writer: Writer, texts: tuple[str, ...], random: np.random.Generator) -> Drawn:
    page = np.full(PAGE, 255, np.uint8)
    pen = Pen(random.uniform(2.6, 5.0), random.uniform(0.6, 0.95))
    height = random.uniform(34, 56)
    written: list[tuple[str, BoundingBox]] = []
    for row in range(ROWS):
        baseline, left = 220.0 + row * 150, 120.0 + random.uniform(0, 60)
        while left < 1000:
            text = texts[int(random.integers(len(texts)))].replace("$", "")
            slope = random.normal(0, 0.004)
            for word in text.split():
                boxes = writer.write(page, word, left, baseline + slope * left, height, pen)
                written += zip(word, boxes, strict=True)
                left = boxes[-1].right + height * random.uniform(0.55, 0.8)
            left += 2.5 * height
    return Drawn(kind, _scanned(page, random), written)


def _combs(kind: str, writer: Writer, texts: tuple[str, ...], random: np.random.Generator) -> Drawn:
    page = np.full(PAGE, 255, np.uint8)
    pen = Pen(random.uniform(2.4, 4.2), random.uniform(0.7, 0.95))
    written: list[tuple[str, BoundingBox]] = []
    width, height = CELL
    for row in range(2 * ROWS - 6):
        left, top = 120, 180 + row * 100
        columns = 34
        page[top : top + 2, left : left + columns * width] = 150
        page[top + height : top + height + 2, left : left + columns * width + 2] = 150
        for column in range(columns + 1):
            page[top : top + height, left + column * width : left + column * width + 2] = 150
        text = " ".join(texts[int(k)].replace("$", "") for k in random.integers(len(texts), size=3))[:columns]
        for column, character in enumerate(text):
            if character != " ":
                x = left + column * width
                cell = BoundingBox(x + 2, top + 2, x + width, top + height)
                written.append((character, writer.write_in_cell(page, character, cell, pen)))
    return Drawn(kind, _scanned(page, random), written)


def _scanned(page: npt.NDArray[np.uint8], random: np.random.Generator) -> npt.NDArray[np.uint8]:
    soft = box_blur(page, 3, 3).astype(np.float32)
    return np.clip(soft * 0.97 + random.normal(0, 2, page.shape), 0, 255).astype(np.uint8)


def read(drawn: Drawn, classifier: Classifier, model: PageModel | None) -> tuple[SegmentedPage, Logits]:
    ref = PageRef("drawn.png", 0, 1, "0" * 64)
    found = segment(PageImage(ref, drawn.pixels, 200, True), Layout.AUTO, classifier.info.crop_spec, model)
    return found, classifier.predict(found.crops)


def count(drawn: Drawn, glyphs: list[Glyph], charset: str, score: Score) -> None:
    """Add up what was read of the characters that ``charset`` has, letter case as written."""
    boxes = np.array([glyph.box.as_list() for glyph in glyphs], float).reshape(-1, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    used = np.zeros(len(glyphs), np.bool_)
    for character, box in drawn.characters:
        inside = (middles[:, 0] > box.left - 2) & (middles[:, 0] < box.right + 2)
        inside &= (middles[:, 1] > box.top - 4) & (middles[:, 1] < box.bottom + 4)
        found = [k for k in np.flatnonzero(inside) if glyphs[k].text]
        used[inside] = True
        if character not in charset:
            score.extra += len(found)
            continue
        text = "".join(glyphs[k].text for k in found)
        score.written[character] += 1
        score.read[character] += text == character
        if len(found) == 1:
            score.sure.append((glyphs[found[0]].confidence, text == character))
        if text != character:
            score.mistakes[(character, text)] += 1
    score.extra += sum(1 for k in np.flatnonzero(~used) if glyphs[k].text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="bundle to measure; the shipped one by default")
    parser.add_argument("--placement", type=Path, help="a placement table to use instead of the bundle's, JSON")
    parser.add_argument("--hands", type=int, default=12)
    parser.add_argument("--mistakes", type=int, default=0, help="so many of the commonest mistakes are named")
    chosen = parser.parse_args()
    classifier = load_classifier(chosen.model)
    table = classifier.info.placement
    if chosen.placement:
        table = PlacementTable.read(json.loads(chosen.placement.read_text()))
    known = "".join(c for c in PUNCTUATION if c in classifier.info.characters)
    model = PageModel.load(classifier.page_model) if classifier.page_model else None
    done = []
    for number, writer in enumerate(hands(chosen.hands)):
        done += [(drawn, *read(drawn, classifier, model)) for drawn in pages(writer, number)]
    print(
        f"{time.strftime('%Y-%m-%d')}, {chosen.hands} hands, {sum(len(d.characters) for d, _, _ in done)} characters\n"
    )
    print("| page | character set | place | capitals | small | digits | punctuation | extra | calibration |")
    print("|---|---|---|---|---|---|---|---|---|")
    total: dict[str, Score] = {}
    for kind in ("lines", "mixed lines", "combs"):
        for name in ("alnum", "upper+digits"):
            if name == "upper+digits" and kind == "mixed lines":
                continue
            for charset in dict.fromkeys((parse_charset(name), parse_charset(name) + known)):
                for used in (None, table) if table else (None,):
                    info = replace(classifier.info, placement=used)
                    score = _score([d for d in done if d[0].kind == kind], info, charset)
                    label = name + ("+punct" if len(charset) > len(parse_charset(name)) else "")
                    shares = [
                        score.share(set_) for set_ in (ALPHANUMERIC[10:36], ALPHANUMERIC[36:], ALPHANUMERIC[:10], known)
                    ]
                    print(f"| {kind} | {label} | {'yes' if used else 'no'} | {' | '.join(shares)} | {score.extra} "
                          f"| {score.calibration_error():.3f} |", flush=True)  # fmt: skip
                    total[f"{kind}, {label}, {'with' if used else 'without'} placement"] = score
    _print_labels(total, known, chosen.mistakes)


def _score(done: list[tuple[Drawn, SegmentedPage, Logits]], info: ModelInfo, charset: str) -> Score:
    score = Score()
    for drawn, segmented, logits in done:
        page = assemble_page(segmented, logits, info, Settings(charset=charset))
        glyphs = [g for f in page.fields for g in f.glyphs] + [g for line in page.lines for g in line.glyphs]
        count(drawn, glyphs, charset, score)
    return score


def _print_labels(total: dict[str, Score], known: str, mistakes: int) -> None:
    names = [name for name in total if "+punct" in name and name.endswith("with placement")]
    if known and names:
        print("\n| label | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        for label in known:
            print(f"| `{label}` | " + " | ".join(total[name].share(label) for name in names) + " |")
    for name, score in total.items() if mistakes else ():
        common = ", ".join(f"{a} as {b or 'nothing'} {n}" for (a, b), n in score.mistakes.most_common(mistakes))
        print(f"\n{name}: {common}")


if __name__ == "__main__":
    main()
