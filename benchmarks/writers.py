"""What a page's own hand is worth: python benchmarks/writers.py [--model BUNDLE] [--seed N]

Characters of writers that no weight was fitted to, so many on a page, each in a cell of its own and without neighbors,
read with and without what the page's other characters say of the writer (style.json). Log loss is that of the right
reading; both count rejected characters as wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "training")]

from hcr_scan import Settings, load_classifier  # noqa: E402
from hcr_scan.assembly.pages import assemble_page  # noqa: E402
from hcr_scan.document import Source  # noqa: E402
from hcr_scan.geometry import BoundingBox  # noqa: E402
from hcr_scan.model.bundle import ModelInfo  # noqa: E402
from hcr_scan.model.probabilities import Logits  # noqa: E402
from hcr_scan.segmentation.candidates import (  # noqa: E402
    Candidate,
    Chunk,
    PageGeometry,
    SegmentedCell,
    SegmentedField,
    SegmentedPage,
)
from hcr_scan_training.corpus import CHARACTERS, read_strokes  # noqa: E402
from hcr_scan_training.validation import validation_sets  # noqa: E402

FILES = {"digilets": "digilets_strokes.npz", "unipen_held_out": "unipen_strokes.npz"}
CHARSETS = {
    "capitals": CHARACTERS[10:36],
    "small letters": CHARACTERS[36:62],
    "capitals and digits": CHARACTERS[:36],
}
#: Characters and writers of a page.
PAGES = ((30, 1), (120, 1), (120, 3))
#: A probability below this counts as this.
LEAST = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a bundle instead of the shipped one")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    classifier = load_classifier(chosen.model)
    shared = Path(os.environ.get("HCR_SCAN_SHARED", "../shared"))
    sets = validation_sets(shared, classifier.info.crop_spec)
    print("| characters | on a page | of writers | number | errors without | with | log loss without | with |")
    print("|---|---|---|---|---|---|---|---|")
    for name, file in FILES.items():
        strokes = read_strokes(shared / "characters" / file)
        used = strokes.usable & strokes.held_out() if name == "unipen_held_out" else strokes.usable
        crops, classes = sets[name]
        logits, writers = classifier.predict(crops), np.asarray(strokes.writers)[used]
        for label, charset in CHARSETS.items():
            members = np.flatnonzero(np.isin(classes, [CHARACTERS.index(c) for c in charset]))
            for size, hands in PAGES:
                random = np.random.default_rng([chosen.seed, size, hands])
                drawn = list(pages(members, writers, size, hands, random))
                truth = "".join(CHARACTERS[classes[k]] for page in drawn for k in page)
                row = [f"{name}, {label}", size, hands, len(truth)]
                found = [
                    read(logits, drawn, info, charset, truth)
                    for info in (replace(classifier.info, style=None), classifier.info)
                ]
                row += [errors for errors, _ in found] + [f"{loss:.4f}" for _, loss in found]
                print("|", " | ".join(map(str, row)), "|", flush=True)


def pages(
    members: npt.NDArray[np.intp], writers: npt.NDArray[np.str_], size: int, hands: int, random: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Each writer's characters, or those of so many writers together, on pages of ``size``."""
    names = random.permutation(np.unique(writers[members]))
    for start in range(0, len(names), hands):
        own = random.permutation(members[np.isin(writers[members], names[start : start + hands])])
        yield from (own[k : k + size] for k in range(0, len(own), size))


def read(
    logits: Logits, drawn: list[npt.NDArray[np.intp]], info: ModelInfo, charset: str, truth: str
) -> tuple[int, float]:
    """Errors, and the mean log loss of the right readings."""
    answers = []
    for page in drawn:
        cells = [BoundingBox(0, 60 * k, 40, 60 * k + 50) for k in range(len(page))]
        fields = tuple(
            SegmentedField("cells", box, (SegmentedCell(box, Chunk((Candidate(0, 1, box, k),))),))
            for k, box in enumerate(cells)
        )
        empty = np.zeros((0, 1, 1), np.uint8)
        segmented = SegmentedPage(Source("page"), PageGeometry(40, 60 * len(page), 200, 0, 0.0), fields, (), empty)
        read = assemble_page(segmented, logits[page], info, Settings(charset=charset))
        answers += [field.glyphs[0] for field in read.fields]
    errors = sum(glyph.text != right for glyph, right in zip(answers, truth, strict=True))
    chances = [
        {glyph.text: glyph.confidence, **{other.text: other.confidence for other in glyph.alternatives}}.get(right, 0.0)
        for glyph, right in zip(answers, truth, strict=True)
    ]
    return errors, float(-np.log(np.maximum(chances, LEAST)).mean())


if __name__ == "__main__":
    main()
