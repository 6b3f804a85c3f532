"""What review gives: better data now, and a better model of a hand that is read badly.

python benchmarks/corrections.py [--forms 100] [--hands 3] [--glyphs 200]

First drawn forms (as in filled_forms.py) are scanned, and a reviewer who never errs decides what each of three rules
says needs a look, and an audit of the rest: how many fields were touched, how many of the final ones are wrong, and
what the audit told of that. Then combs in the hands of writers that the model reads worst, whom no training saw: so
many glyphs are decided, the most doubtful fields first, written with ``apply --crops`` and learned with
``train --from``, without characters of others at hand; other samples of the same writers are scanned before and after.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "examples"), str(ROOT / "examples" / "kyc")]

from benchmarks.drawing import CHARACTERS, DPI, SIZE, Page, digilets_writers, held_out_writers  # noqa: E402
from benchmarks.filled_forms import KYC, pages  # noqa: E402
from hcr_scan import PageFailure, Settings, load_classifier, load_template  # noqa: E402
from hcr_scan.cli import run  # noqa: E402
from hcr_scan.document import Page as ReadPage  # noqa: E402
from hcr_scan.document import PageResult, Verdict  # noqa: E402
from hcr_scan.geometry import BoundingBox  # noqa: E402
from hcr_scan.journal.identity import RunIdentity  # noqa: E402
from hcr_scan.journal.journal import Journal  # noqa: E402
from hcr_scan.pipeline import read_page  # noqa: E402
from hcr_scan.review.auditing import Audit, estimate  # noqa: E402
from hcr_scan.review.corrections import Applied, corrected_pages  # noqa: E402
from hcr_scan.review.indexing import index  # noqa: E402
from hcr_scan.review.items import Filter, Item, State  # noqa: E402
from hcr_scan.review.selection import Selection, select  # noqa: E402
from hcr_scan.review.store import ReviewStore  # noqa: E402
from hcr_scan.review.tables import review_path  # noqa: E402
from hcr_scan_training.synthesis import Pen, Writer  # noqa: E402

#: A sheet has rows of combs side by side, in pixels at 300 dpi.
ROWS, COMBS, CELLS, PITCH, HEIGHT = 20, 2, 10, 86, 94
AUDITED = 100


@dataclass(frozen=True, slots=True)
class Comb:
    """A comb of a sheet and what was written into it."""

    box: BoundingBox
    text: str


def table(*heads: str) -> None:
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|", flush=True)


RULES = (
    ("the scan's own doubts", Selection()),
    ("0.9", Selection(0.9)),
    ("0.99", Selection(0.99)),
)


def reviewed_forms(count: int, folder: Path) -> None:
    """Forms with known truth, reviewed by each rule."""
    drawn, template, classifier = list(pages(count, 1)), load_template(KYC / "kyc.toml"), load_classifier()
    truth = {image.ref.path: written for image, written in drawn}
    results = [read_page(image, classifier, Settings(), [template]) for image, _ in drawn]
    known = [page for page in results if isinstance(page, ReadPage) and page.template is not None]
    with Journal(str(folder / "forms.csv.journal")) as journal:
        journal.begin(RunIdentity.of(["/in"], Settings(), "0" * 64))
        for page in known:
            journal.add_document(page.source.path)
            journal.add(page)
        machine = wrong_share(known, truth)
        print(f"{len(known)} of {count} forms recognized; {100 * machine:.2f} % of the fields read wrongly.\n")
        table(
            "accepted above", "touched", "wrong in the end", "audited", "wrong there", "bounds from the audit", "truth"
        )
        for name, rules in RULES:
            with ReviewStore(str(folder / f"{name}.review")) as store:
                index(journal, store, rules)
                touched = store.count(Filter(State.ALL))
                decide_all(store, truth)
                final = wrong_share(corrected_pages(journal.results(), store, Applied()), truth)
                unseen = store.count(Filter(State.UNSEEN))
                wrong = sum(
                    item.value != truth[item.page.source.path].get(item.name, "") for item in unseen_items(store)
                )
                select(store, replace(rules, audit=Audit(AUDITED)))
                decide_all(store, truth)
                audit = estimate(store)
                assert audit is not None
                low, high = audit.interval
                fields = touched + unseen
                print(f"| {name} | {100 * touched / fields:.1f} % of {fields:,} | {100 * final:.2f} % | {audit.drawn} "
                      f"| {audit.wrong} | {100 * low:.2f} to {100 * high:.2f} % | {100 * wrong / unseen:.2f} % |",
                      flush=True)  # fmt: skip


def unseen_items(store: ReviewStore) -> Iterator[Item]:
    after = None
    while items := store.queue(Filter(State.UNSEEN), 1, after, 500):
        yield from items
        after = items[-1].position


def decide_all(store: ReviewStore, truth: dict[str, dict[str, str]]) -> None:
    """A reviewer who never errs: of writing outside of the fields there is none."""
    while items := store.queue(Filter(), limit=200):
        for item in items:
            value = truth[item.page.source.path].get(item.name, "")
            store.decide(item.id, 1, "perfect", Verdict.CORRECTED, value, 0.0)


def wrong_share(results: Iterator[PageResult] | Sequence[PageResult], truth: dict[str, dict[str, str]]) -> float:
    wrong = [
        field.value != truth[page.source.path][field.name]
        for page in results
        if isinstance(page, ReadPage)
        for field in page.fields
    ]
    return float(np.mean(wrong))


def hands() -> list[Writer]:
    """Writers whom no training saw, of whom there are four samples or more of most characters."""
    enough = [
        replace(hand, samples={c: drawn for c, drawn in hand.samples.items() if c in CHARACTERS and len(drawn) >= 4})
        for hand in (*held_out_writers(), *digilets_writers())
    ]
    return [hand for hand in enough if len(hand.samples) >= 20]


def half(hand: Writer, part: int) -> Writer:
    """Every other sample of each character."""
    return replace(hand, samples={character: drawn[part::2] for character, drawn in hand.samples.items()})


def sheet(hand: Writer, seed: int) -> tuple[Page, list[Comb]]:
    """A page of combs filled in by a hand, characters by chance."""
    random = np.random.default_rng(seed)
    paper, combs, characters = np.full(SIZE, 255, np.uint8), [], list(hand.characters)
    writer, pen = replace(hand, seed=seed), Pen(5.0, 0.9)
    for row in range(ROWS):
        for column in range(COMBS):
            left, top = 140 + 1_200 * column, 240 + 155 * row
            right, bottom = left + CELLS * PITCH, top + HEIGHT
            for y in (top, bottom):
                paper[y : y + 3, left:right] = 165
            for x in range(left, right + 1, PITCH):
                paper[top : bottom + 3, x : x + 3] = 165
            text = "".join(random.choice(characters, CELLS))
            # On a strip of its own: writing takes as long as the paper is large.
            strip = paper[top - 20 : bottom + 20, left - 40 : right + 40].copy()
            for number, character in enumerate(text):
                cell = BoundingBox(46 + number * PITCH, 26, 36 + (number + 1) * PITCH, 17 + HEIGHT)
                writer.write_in_cell(strip, character, cell, pen)
            paper[top - 20 : bottom + 20, left - 40 : right + 40] = strip
            combs.append(Comb(BoundingBox(left, top, right, bottom), text))
    noise = random.normal(0, 2, SIZE)
    return np.clip(paper * 0.97 + noise, 0, 255).astype(np.uint8), combs


def comb_of(box: BoundingBox, combs: Sequence[Comb]) -> Comb | None:
    return next((comb for comb in combs if box.area and box.share_in(comb.box.grown(12)) > 0.9), None)


def errors(page: PageResult, combs: Sequence[Comb]) -> float:
    """The share of the characters of a sheet that were not read, or wrongly."""
    assert not isinstance(page, PageFailure)
    glyphs = [glyph for field in page.fields for glyph in field.glyphs]
    glyphs += [glyph for line in page.lines for glyph in line.glyphs]
    right = 0
    for comb in combs:
        read = {
            int((glyph.box.center[0] - comb.box.left) // PITCH): glyph.text
            for glyph in glyphs
            if glyph.text and comb.box.top < glyph.box.center[1] < comb.box.bottom
            and comb.box.left < glyph.box.center[0] < comb.box.right
        }  # fmt: skip
        right += sum(read.get(number) == character for number, character in enumerate(comb.text))
    return 1 - right / sum(len(comb.text) for comb in combs)


def read(page: Page, model: Path | None = None) -> PageResult:
    from hcr_scan.sources import PageImage, PageRef

    return read_page(PageImage(PageRef("sheet", 0, 1, ""), page, DPI, True), load_classifier(model), Settings())


def learned(hand: Writer, glyphs: int, folder: Path) -> tuple[int, Path]:
    """Scan a sheet, decide so many glyphs of its most doubtful fields, and learn from them; the model."""
    folder.mkdir()
    page, combs = sheet(half(hand, 0), 1)
    Image.fromarray(page).save(folder / "sheet.png", dpi=(DPI, DPI))
    out = folder / "out.csv"
    assert run([str(folder / "sheet.png"), "--out", str(out), "--jobs", "1", "--quiet"]) == 0
    decided = 0
    with Journal(f"{out}.journal") as journal, ReviewStore(review_path(str(out))) as store:
        index(journal, store, Selection(1.0))
        for item in store.queue(Filter(), limit=ROWS * COMBS):
            comb = comb_of(item.box, combs)
            if comb is None or len(item.glyphs) != CELLS or decided >= glyphs:
                continue
            store.decide(item.id, 1, "perfect", Verdict.CORRECTED, comb.text, 0.0)
            decided += CELLS
    crops, model = folder / "crops", folder / "model"
    assert run(["apply", str(out), "-o", str(folder / "final.csv"), "--crops", str(crops), "--jobs", "1"]) == 0
    command = ["-m", "hcr_scan", "train", "--data", str(crops), "--from", "default", "-o", str(model), "--quiet"]
    # As with people who have no characters of other writers at hand.
    environment = {name: value for name, value in os.environ.items() if name != "HCR_SCAN_SHARED"}
    subprocess.run([sys.executable, *command], check=True, stdout=sys.stderr, env=environment, cwd=folder)
    return sum(1 for _ in crops.rglob("*.png")), model


def hands_learned(count: int, glyphs: int, writers: int, folder: Path) -> None:
    """The worst of so many hands before and after."""
    known = hands()[:writers]

    def error(hand: Writer, seeds: Sequence[int], model: Path | None = None) -> float:
        sheets = [sheet(half(hand, 1), seed) for seed in seeds]
        return float(np.mean([errors(read(page, model), combs) for page, combs in sheets]))

    before = {hand.name: error(hand, [2]) for hand in known}
    median = float(np.median(list(before.values())))
    print(f"\n{len(before)} writers; half of them are read with {100 * median:.1f} % errors or fewer.\n")
    table("writer", "characters of the hand", "crops", "wrong before", "after")
    worst = sorted(known, key=lambda hand: -before[hand.name])[:count]
    for number, hand in enumerate(worst):
        crops, model = learned(hand, glyphs, folder / str(number))
        # Other sheets than the one by which the hand was found to be badly read, which chance had a part in.
        pair = error(hand, [3, 4]), error(hand, [3, 4], model)
        wrong = f"{100 * pair[0]:.1f} % | {100 * pair[1]:.1f} %"
        print(f"| {hand.name} | {len(hand.samples)} | {crops} | {wrong} |", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--forms", type=int, default=100)
    arguments.add_argument("--hands", type=int, default=3)
    arguments.add_argument("--glyphs", type=int, default=200)
    arguments.add_argument("--writers", type=int, default=24, help="among whom the worst hands are found")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.forms:
            reviewed_forms(chosen.forms, Path(folder))
        if chosen.hands:
            hands_learned(chosen.hands, chosen.glyphs, chosen.writers, Path(folder))


if __name__ == "__main__":
    main()
