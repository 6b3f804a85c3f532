"""Characters written over others, and scribbles: python benchmarks/overwriting.py [--pages 60] [--share 0.08]

Draws pages of cells in the hands of writers whom neither the classifier nor the weights of
hcr_scan/assembly/spoilt.json have seen, with many pens, at 120 to 300 dpi, gray and of two levels; some characters
are written over another one of the same hand, the second mostly harder, some are scribbled out with zigzags, loops or
blots. Tells what becomes of them with and without a look at the ink, and how many clean fields lose their ``ok``;
with the forms of $HCR_SCAN_SHARED (default ../shared) also how many of theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training")]

from benchmarks.forms import SETS  # noqa: E402
from hcr_scan import Settings, Status, load_classifier, parse_charset  # noqa: E402
from hcr_scan.assembly.pages import assemble_page  # noqa: E402
from hcr_scan.classification import ClassifiedPage, classify_pages  # noqa: E402
from hcr_scan.document import Field, Glyph, Line, Page, Reason  # noqa: E402
from hcr_scan.forms.blank import load_blank  # noqa: E402
from hcr_scan.model.classifier import Classifier  # noqa: E402
from hcr_scan.model.probabilities import Logits  # noqa: E402
from hcr_scan.segmentation.candidates import SegmentedPage  # noqa: E402
from hcr_scan.segmentation.ink_shapes import ink_shapes  # noqa: E402
from hcr_scan.segmentation.page_model import PageModel  # noqa: E402
from hcr_scan.segmentation.segment import segment  # noqa: E402
from hcr_scan.settings import Layout  # noqa: E402
from hcr_scan_training.spoilt_fit import classified, glyphs_of_cells, writers_for  # noqa: E402
from hcr_scan_training.spoilt_pages import Spoilt, SpoiltPage, WrittenCell, spoilt_page  # noqa: E402


@dataclass(frozen=True, slots=True)
class Seen:
    """A written cell and its glyph, read without and with a look at the ink."""

    cell: WrittenCell
    before: Glyph
    after: Glyph
    bilevel: bool

    def wrong_unseen(self, glyph: Glyph) -> bool:
        """Whether a glyph passes for right and is not; of a scribble nothing is right."""
        wrong = glyph.text != self.cell.text or self.cell.spoilt is Spoilt.SCRIBBLED
        return glyph.status is Status.OK and wrong

    @property
    def noticed(self) -> bool:
        """Whether the reason says so, or the ink is taken for no character at all."""
        return bool({Reason.OVERWRITTEN, Reason.CROSSED_OUT, Reason.NOT_A_CHARACTER} & set(self.after.reasons))


def both_ways(found: SegmentedPage, logits: Logits, classifier: Classifier, settings: Settings) -> tuple[Page, Page]:
    """The page without and with a look at the ink."""
    without = replace(found, shapes=None)
    return tuple(assemble_page(page, logits, classifier.info, settings) for page in (without, found))  # type: ignore[return-value]


def drawn_cells(drawn: SpoiltPage, before: Page, after: Page) -> Iterator[Seen]:
    for (cell, first), (_, second) in zip(glyphs_of_cells(drawn, before), glyphs_of_cells(drawn, after), strict=True):
        yield Seen(cell, first, second, drawn.bilevel)


def row(name: str, cells: Sequence[Seen]) -> str:
    """A line of the table for cells of one kind."""
    if not cells:
        return f"| {name} | 0 | | | | | |"
    count = len(cells)
    shares = (
        sum(seen.wrong_unseen(seen.before) for seen in cells),
        sum(seen.wrong_unseen(seen.after) for seen in cells),
        sum(seen.before.status is not Status.OK for seen in cells),
        sum(seen.after.status is not Status.OK for seen in cells),
        sum(seen.noticed for seen in cells),
    )
    return f"| {name} | {count} | {' | '.join(f'{share / count:.4f}' for share in shares)} |"


def alarms(before: Iterable[Field | Line], after: Iterable[Field | Line]) -> tuple[int, int]:
    """How many fields are ``ok`` without a look at the ink, and how many of these are not with it."""
    lost = [b.status is not Status.OK for a, b in zip(before, after, strict=True) if a.status is Status.OK]
    return len(lost), sum(lost)


def real_forms(classifier: Classifier, model: PageModel | None) -> Iterator[tuple[str, int, int]]:
    """Set, fields and lines that are ``ok`` without a look at the ink, and how many of them are not with it."""
    folder = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")) / "forms"
    for name, (_, _, small) in SETS.items():
        good = lost = 0
        for truth in sorted((folder / name).glob("*.gt.json")):
            image = load_blank(truth.parent / json.loads(truth.read_text("utf-8"))["image"])
            found = segment(image, Layout.AUTO, classifier.info.crop_spec, model)
            (page,) = classify_pages([found], classifier, 256)
            assert isinstance(page, ClassifiedPage)
            settings = Settings(charset=parse_charset("alnum" if small else "upper+digits"))
            before, after = both_ways(found, page.logits, classifier, settings)
            more = alarms([*before.fields, *before.lines], [*after.fields, *after.lines])
            good, lost = good + more[0], lost + more[1]
        yield name, good, lost


def seconds_of(found: SegmentedPage) -> float:
    """CPU seconds that measuring as many glyphs as the page has takes."""
    glyphs = [np.pad(crop, 6) for crop in found.crops]
    started = time.process_time()
    ink_shapes(glyphs)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--share", type=float, default=0.08, help="of characters that are overwritten or scribbled out")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    classifier = load_classifier()
    model = None if classifier.page_model is None else PageModel.load(classifier.page_model)
    writers = writers_for(Path(os.environ.get("HCR_SCAN_SHARED", "../shared")), fitting=False)
    random = np.random.default_rng(chosen.seed)
    cells: list[Seen] = []
    good, lost, seconds, glyphs = 0, 0, 0.0, 0
    for number in range(chosen.pages):
        # Every other page is clean: what it loses are false alarms.
        share = chosen.share if number % 2 else 0.0
        drawn = spoilt_page(writers[int(random.integers(len(writers)))], random, share)
        found, logits = classified(drawn, classifier, model)
        before, after = both_ways(found, logits, classifier, Settings())
        cells += drawn_cells(drawn, before, after)
        seconds, glyphs = seconds + seconds_of(found), glyphs + len(found.crops)
        if not share:
            more = alarms(before.fields, after.fields)
            good, lost = good + more[0], lost + more[1]
    heads = ("cells", "number", "ok and wrong before", "after", "in review before", "after", "noticed")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for kind in Spoilt:
        own = [seen for seen in cells if seen.cell.spoilt is kind]
        print(row(kind, own))
        for bilevel, name in ((False, "gray"), (True, "two levels")):
            print(row(f"- {name}", [seen for seen in own if seen.bilevel is bilevel]))
    print(f"\n{lost} of {good} fields that are ok on clean pages are not when ink is looked at; ", end="")
    print(f"{1e6 * seconds / max(glyphs, 1):.0f} microseconds of CPU a glyph.\n")
    for name, ok, fewer in real_forms(classifier, model):
        print(f"| {name} | {ok} | {fewer} |", flush=True)


if __name__ == "__main__":
    main()
