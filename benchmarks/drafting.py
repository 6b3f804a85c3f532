"""Templates drafted from real forms: python benchmarks/drafting.py [--keep FOLDER]

Drafts each form of $HCR_SCAN_SHARED/forms (default ../shared) whose ground truth says where fields lie, from its filled
page with --filled (karvy: from its blank, laid over the filled page), and prints the table of RESULTS.md. --keep leaves
templates and previews for people to look at.

A field is *whole* when one drafted field covers it and nothing else; *in parts* when several do; *joined* when the
drafted field covers others too; else missed. Its cells are right when there are at least as many of one width as
characters of the text. Of squares for one character each, it is enough that one cell or box is there. What no ground
truth speaks of - other fields, left empty, and mistakes - is counted as *more*.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hcr_scan.forms.blank import load_blank
from hcr_scan.forms.drafting.draft import Draft, draft_template
from hcr_scan.forms.drafting.preview import draw_preview
from hcr_scan.forms.drafting.straight_blank import straight_blank
from hcr_scan.forms.files.template_writing import write_template
from hcr_scan.forms.registration.register import prepare_blank, register
from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.model.bundle import load_bundle
from hcr_scan.model.classifier import page_model_of
from hcr_scan.segmentation.ink.binarization import flatten_light
from hcr_scan.segmentation.page_model import PageModel

SETS = (
    "karvy_kyc_form", "boxdetect_bank_form", "openfieldreader_samples", "cdigital_election_forms", "faxocr_sheets",
    "handwrite_templates", "velfi_grid",
)  # fmt: skip
BLANKS = {"img703.jpg": "blank_template_karvy.jpg"}
#: Ground truth is drawn by hand, this many pixels off.
OFF = 6
#: Share of a field's width that is covered where it was found.
COVERED = 0.8
SINGLE = ("single box", "grid cell")


@dataclass
class Counts:
    fields: int = 0
    whole: int = 0
    cells: int = 0
    in_parts: int = 0
    joined: int = 0
    missed: int = 0
    more: int = 0

    def row(self, name: str) -> str:
        figures = (self.fields, self.whole, self.cells, self.in_parts, self.joined, self.missed, self.more)
        return f"| {name} | {' | '.join(str(figure) for figure in figures)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to leave templates and previews in")
    chosen = parser.parse_args()
    folder = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")) / "forms"
    if not folder.is_dir():
        sys.exit(f"{folder} does not exist; set HCR_SCAN_SHARED to the folder that holds forms/")
    print(f"{time.strftime('%Y-%m-%d')}\n")
    print(
        "| page | fields | whole | cells right | in parts | joined | missed | more |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for name in SETS:
            for path in sorted((folder / name).glob("*.gt.json")):
                truth = json.loads(path.read_text("utf-8"))
                if any(field.get("box") for field in truth["fields"]):
                    print(
                        measure(path.parent / truth["image"], truth, work).row(f"{name} {path.name[:-8]}"), flush=True
                    )


def measure(page: Path, truth: dict[str, list[dict[str, object]]], work: Path) -> Counts:
    blank = page.with_name(BLANKS.get(page.name, page.name))
    draft = draft_template(str(blank), work / f"{page.stem}.toml", filled=blank == page)
    keep(draft)
    to_page = laid_over(draft, page) if blank != page else to_source(draft, page)
    fields = [[to_page.box(part) for part in field.parts] for field in draft.template.fields]
    counts = Counts()
    touched: set[int] = set()
    for field in truth["fields"]:
        if field.get("box"):
            counts.fields += 1
            box = BoundingBox(*field["box"])  # type: ignore[misc]
            single = field["style"] in SINGLE
            touched |= judge(counts, fields, box.grown(OFF), 1 if single else len(str(field["text"])), single)
    counts.more = len(fields) - len(touched)
    return counts


def judge(counts: Counts, fields: list[list[BoundingBox]], box: BoundingBox, characters: int, single: bool) -> set[int]:
    """Count a field of the ground truth; returns which drafted fields have something to do with it."""
    inside = {i: [part for part in parts if within(part, box)] for i, parts in enumerate(fields)}
    inside = {i: parts for i, parts in inside.items() if parts}
    parts = [part for found in inside.values() for part in found]
    if single:
        right = len(parts) == 1 and parts[0].area > 0.4 * box.area
        counts.whole += right
        counts.cells += right
        counts.in_parts += len(parts) > 1
        counts.missed += not right and len(parts) <= 1
        return set(inside)
    if not parts or max(part.right for part in parts) - min(part.left for part in parts) < COVERED * (
        box.width - 2 * OFF
    ):
        counts.missed += 1
        return set(inside)
    counts.in_parts += len(inside) > 1
    strangers = any(len(found) < len(fields[i]) for i, found in inside.items())
    counts.joined += len(inside) == 1 and strangers
    counts.whole += len(inside) == 1 and not strangers
    widths = np.array([part.width for part in parts])
    counts.cells += len(parts) >= characters and bool((abs(widths / np.median(widths) - 1) < 0.35).all())
    return set(inside)


def within(part: BoundingBox, box: BoundingBox) -> bool:
    shared = part.intersection(box)
    return shared is not None and shared.area > 0.5 * part.area


def to_source(draft: Draft, page: Path) -> Homography:
    """From the drafted blank to the file's pixels turned upright, where it was straightened."""
    if not draft.copies:
        return Homography.scale(1.0)
    bundle = load_bundle()
    network = page_model_of(bundle)
    model = None if network is None else PageModel.load(network)
    return straight_blank(load_blank(page), bundle.info.crop_spec, model).from_source.inverse()


def laid_over(draft: Draft, page: Path) -> Homography:
    """From the drafted blank to a page that was filled in."""
    drawn = draft.template.pages[0]
    pixels = draft.copies[0].pixels if draft.copies else load_blank(drawn.blank, drawn.blank_page, drawn.dpi).pixels
    found = register(flatten_light(load_blank(page).pixels), [prepare_blank(pixels)])
    if found is None:
        sys.exit(f"{page} does not match its blank")
    return found.to_page


def keep(draft: Draft) -> None:
    assert draft.template.path is not None
    for copy in draft.copies:
        Image.fromarray(copy.pixels).save(copy.path, dpi=(copy.dpi, copy.dpi))
    draft.template.path.write_text(write_template(draft.template), "utf-8")
    draft.template.path.with_suffix(".png").write_bytes(draw_preview(draft.template))


if __name__ == "__main__":
    main()
