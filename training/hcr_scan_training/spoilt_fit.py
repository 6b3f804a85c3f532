"""Learns what overwritten characters look like: python -m hcr_scan_training.spoilt_fit SHARED OUT.json [--pages 160]

Draws pages on which a good part of the characters is overwritten or scribbled out, reads them as any page, and fits
the weights of :mod:`hcr_scan.assembly.spoilt` to what was measured. The writers are half of those whom the
classifier never saw, since it doubts less of those it knows; the other half is for ``benchmarks/overwriting.py``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan import Settings, load_classifier
from hcr_scan.assembly.pages import assemble_page
from hcr_scan.assembly.spoilt import Floats, measures, polynomial
from hcr_scan.classification import ClassifiedPage, classify_pages
from hcr_scan.document import Glyph, Page, Status
from hcr_scan.model.classifier import Classifier
from hcr_scan.model.probabilities import Logits
from hcr_scan.segmentation.candidates import Candidate, SegmentedPage
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from hcr_scan.sources import PageImage, PageRef
from hcr_scan_training.corpus import ALPHANUMERIC, read_strokes, writer_is_held_out
from hcr_scan_training.spoilt_pages import Spoilt, SpoiltPage, WrittenCell, spoilt_page
from hcr_scan_training.synthesis import Writer, load_writers

#: Writers whose hands are drawn, and the share of characters that is spoilt.
WRITERS, SHARE = 120, 0.3
#: Log-odds from which a character counts as spoilt: of clean ones of the other half of writers that are read as ``ok``
#: 0.02 % lie above; at 3.5 one field in a hundred that is right went to review.
THRESHOLD = 4.0
#: The inverse of the weights' penalty: they are a hundred, and learned from some 30,000 characters.
FREEDOM = 0.3
#: The median of the odds on pages that are nothing strange.
USUAL = -6.0


@dataclass(frozen=True, slots=True)
class ReadCell:
    """A written cell, and what was measured of its ink."""

    cell: WrittenCell
    measured: Floats


def writers_for(shared: Path, fitting: bool) -> list[Writer]:
    """Writers whom the classifier never saw: every other one is for fitting, the rest for measuring."""
    folder = shared / "characters"
    unipen = [w for w in load_writers(read_strokes(folder / "unipen_strokes.npz")) if writer_is_held_out(w.name)]
    digilets = load_writers(read_strokes(folder / "digilets_strokes.npz"), ALPHANUMERIC)
    chosen = unipen[: (WRITERS + 1) // 2] + digilets[: WRITERS // 2]
    return chosen[0 if fitting else 1 :: 2]


def classified(drawn: SpoiltPage, classifier: Classifier, model: PageModel | None) -> tuple[SegmentedPage, Logits]:
    """A drawn page as the classifier has it."""
    image = PageImage(PageRef("spoilt.png", 0, 1, ""), drawn.pixels, drawn.dpi, True)
    found = segment(image, Layout.AUTO, classifier.info.crop_spec, model)
    (page,) = classify_pages([found], classifier, 256)
    assert isinstance(page, ClassifiedPage)
    return found, page.logits


def glyphs_of_cells(drawn: SpoiltPage, page: Page) -> Iterator[tuple[WrittenCell, Glyph]]:
    """The written cells with one glyph each; those that were not found, or cut up, are left out."""
    glyphs = [glyph for field in page.fields for glyph in field.glyphs if glyph.status is not Status.BLANK]
    for cell in drawn.cells:
        inside = [glyph for glyph in glyphs if glyph.box.share_in(cell.box.grown(4)) > 0.6]
        if len(inside) == 1:
            yield cell, inside[0]


def read_cells(drawn: SpoiltPage, classifier: Classifier, model: PageModel | None) -> Iterator[ReadCell]:
    """The written cells of a page, read without a look at what may be spoilt, and what was measured of them."""
    found, logits = classified(drawn, classifier, model)
    page = assemble_page(replace(found, shapes=None), logits, classifier.info, Settings())
    if found.shapes is None:
        return
    measured = measures(found.shapes, logits, classifier.info.temperature)
    crops = {candidate.box: candidate.crop for candidate in _candidates(found)}
    for cell, glyph in glyphs_of_cells(drawn, page):
        if glyph.box in crops:
            yield ReadCell(cell, measured[crops[glyph.box]])


def _candidates(page: SegmentedPage) -> Iterator[Candidate]:
    for field in page.fields:
        for cell in field.cells:
            yield from cell.chunk.candidates if cell.chunk else ()


def fitted(cells: Sequence[ReadCell]) -> dict[str, Any]:
    """The weights as :mod:`hcr_scan.assembly.spoilt` wants them."""
    from sklearn.linear_model import LogisticRegression

    measured = np.array([read.measured for read in cells])
    kinds = np.array([read.cell.spoilt for read in cells])
    means, scales = measured.mean(axis=0), measured.std(axis=0)
    terms = polynomial((measured - means) / scales)
    spoilt = kinds != Spoilt.CLEAN

    def weights(rows: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> Floats:
        model = LogisticRegression(C=FREEDOM, max_iter=3000, fit_intercept=False)
        found: Floats = model.fit(terms[rows], wanted[rows]).coef_[0]
        return found

    of_spoilt = weights(np.ones(len(spoilt), bool), spoilt)
    of_scribbled = weights(spoilt, kinds == Spoilt.SCRIBBLED)
    columns = {"means": means, "scales": scales, "spoilt": of_spoilt, "scribbled": of_scribbled}
    rounded = {name: np.round(values, 4).tolist() for name, values in columns.items()}
    return {**rounded, "threshold": THRESHOLD, "usual": USUAL}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder that holds characters/")
    parser.add_argument("target", type=Path, help="JSON file to write, such as hcr_scan/assembly/spoilt.json")
    parser.add_argument("--pages", type=int, default=160)
    chosen = parser.parse_args()
    classifier, writers = load_classifier(), writers_for(chosen.shared, fitting=True)
    model = None if classifier.page_model is None else PageModel.load(classifier.page_model)
    random = np.random.default_rng(100)
    cells: list[ReadCell] = []
    for _ in range(chosen.pages):
        drawn = spoilt_page(writers[int(random.integers(len(writers)))], random, SHARE)
        cells += read_cells(drawn, classifier, model)
    chosen.target.write_text(json.dumps(fitted(cells)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
