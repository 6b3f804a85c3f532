"""Real forms read by their template: python benchmarks/templates.py [--keep FOLDER]

Drafts a template for each page of $HCR_SCAN_SHARED/forms (default ../shared) that says where its fields lie: karvy from
its blank, the others from the filled page itself. Then does what a person would do with the draft: names the fields of
the ground truth, parts and joins the drafted ones where those are others, draws the ones that are missing, and types in
what the form asks for (known_forms.py). Prints the table of RESULTS.md, scored like forms.py: read without template,
with the draft as it is, and with the finished template. Letter case is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

from benchmarks.drafting import BLANKS, OFF, SETS, keep, laid_over, to_source, within  # noqa: E402
from benchmarks.forms import SETS as FREE  # noqa: E402
from benchmarks.forms import shared  # noqa: E402
from benchmarks.known_forms import KARVY_EMPTY, KARVY_TICKED, checks_of, known_of  # noqa: E402
from hcr_scan import Page, Settings, Template, load_classifier, load_template, parse_charset, transcribe  # noqa: E402
from hcr_scan.forms.blank import load_blank  # noqa: E402
from hcr_scan.forms.drafting.draft import draft_template  # noqa: E402
from hcr_scan.forms.files.field_table import equal_cells  # noqa: E402
from hcr_scan.forms.files.template_writing import write_template  # noqa: E402
from hcr_scan.forms.prepared_pages import prepared_pages  # noqa: E402
from hcr_scan.forms.reading import registered_page  # noqa: E402
from hcr_scan.forms.template import FieldKind, TemplateField  # noqa: E402
from hcr_scan.geometry import BoundingBox, Homography, union_of  # noqa: E402
from hcr_scan.model.classifier import Classifier  # noqa: E402
from hcr_scan.sinks.records import Provenance, json_text, record_of  # noqa: E402
from hcr_scan.sources import failure_text  # noqa: E402

WAYS = ("without template", "drafted template", "named, with knowledge")
SINGLE = ("single box", "grid cell")


@dataclass(slots=True)
class Made:
    """A finished template and how many fields had to be drawn, parted or joined; cutting rows into squares aside."""

    template: Template
    by_hand: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to leave templates and results in")
    chosen = parser.parse_args()
    folder = shared()
    classifier = load_classifier()
    by_hand: dict[str, int] = defaultdict(int)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        results: dict[str, list[str]] = {way: [] for way in WAYS}
        boxes = ""
        for name, page, truth in pages(folder / "forms"):
            drafted, made = templates(name, page, truth, work)
            by_hand[name] += made.by_hand
            seconds.append(registration(page, made.template))
            for way, known in zip(WAYS, ((), (drafted,), (made.template,)), strict=True):
                result = read(page, name, classifier, known)
                results[way].append(json_text(record_of(result, Provenance("", "", ""))))
                if known and result.template is None:
                    print(f"{page} does not match its template", file=sys.stderr)
            if page.name in BLANKS:
                boxes = check_boxes(result)
        scores = {way: score(folder, work / f"{WAYS.index(way)}.jsonl", lines) for way, lines in results.items()}
    print_table(scores, by_hand)
    print(
        f"\n{boxes}\nRegistration of a page: {sum(seconds) / len(seconds) * 1000:.0f} ms of CPU time on the average, "
    )
    print(f"{max(seconds) * 1000:.0f} ms at most.")


def pages(forms: Path) -> Iterable[tuple[str, Path, list[dict[str, object]]]]:
    """Set, page and ground truth of every page whose fields have a place."""
    for name in SETS:
        for path in sorted((forms / name).glob("*.gt.json")):
            truth = json.loads(path.read_text("utf-8"))
            fields = [field for field in truth["fields"] if field.get("box")]
            if fields:
                yield name, path.parent / truth["image"], fields


def templates(name: str, page: Path, truth: list[dict[str, object]], work: Path) -> tuple[Template, Made]:
    """The draft of a page's form, and what a person makes of it."""
    blank = page.with_name(BLANKS.get(page.name, page.name))
    draft = draft_template(str(blank), work / f"{page.stem}.toml", filled=blank == page)
    keep(draft)
    assert draft.template.path is not None
    to_page = laid_over(draft, page) if blank != page else to_source(draft, page)
    made = finished(draft.template, name, page, truth, to_page)
    path = work / f"{page.stem}-named.toml"
    path.write_text(write_template(made.template, work), "utf-8")
    return load_template(draft.template.path), replace(made, template=load_template(path))


def finished(draft: Template, name: str, page: Path, truth: list[dict[str, object]], to_page: Homography) -> Made:
    """The draft with the fields of the ground truth under their names, and what is known of them."""
    fields = list(draft.pages[0].fields)
    named: list[TemplateField] = []
    by_hand = 0
    for entry in truth:
        box = BoundingBox(*entry["box"])  # type: ignore[misc]
        taken, fields, mended = take(fields, box, to_page)
        field, drawn = name_field(name, entry, taken, to_page.inverse().box(box))
        named.append(field)
        by_hand += drawn or (mended and entry["style"] not in SINGLE)
    own = replace(draft.pages[0], fields=(*named, *fields))
    return Made(replace(draft, pages=(own,), checks=checks_of(page.stem)), by_hand)


def take(
    fields: list[TemplateField], box: BoundingBox, to_page: Homography
) -> tuple[list[TemplateField], list[TemplateField], bool]:
    """The drafted fields inside a place on the page, the others, and whether any had to be parted or deleted."""
    inside: list[TemplateField] = []
    others: list[TemplateField] = []
    parted = False
    for field in fields:
        parts = field.parts
        found = [part for part in parts if within(to_page.box(part), box.grown(OFF))]
        if not found:
            others.append(field)
        elif len(found) == len(parts):
            inside.append(field)
        else:
            parted = True
            rest = [part for part in parts if part not in found]
            inside.append(replace(field, cells=tuple(found), box=union_of(found)))
            others.append(replace(field, cells=tuple(rest), box=union_of(rest)))
    tallest = max((field.parts[0].height for field in inside), default=0)
    whole = [field for field in inside if field.parts[0].height > tallest / 2]
    return whole, others, parted or len(whole) < len(inside)


def name_field(
    form: str, entry: dict[str, object], taken: list[TemplateField], box: BoundingBox
) -> tuple[TemplateField, bool]:
    """The field as a person leaves it, and whether more than its name and knowledge had to be done by hand."""
    name = re.sub(r"\W", "_", str(entry["field"]).lower())
    name = name if name[0].isalpha() else f"n{name}"
    known = known_of(form, name, str(entry["text"]))
    cells = sorted((cell for field in taken for cell in field.parts), key=lambda cell: cell.left)
    single = entry["style"] in SINGLE
    wanted = known.cells or (1 if single else None)
    right = bool(cells) and (wanted is None or len(cells) == wanted)
    drawn = not right or (len(taken) != 1 and not single)
    if not right:
        cells = list(equal_cells(box, wanted)) if wanted else []
    kind = known.kind or (FieldKind.CELLS if cells else FieldKind.LINE)
    if right and len(taken) == 1 and not taken[0].cells and known.kind is None:
        kind = FieldKind.BOX if taken[0].kind is FieldKind.CHECKBOX else taken[0].kind
        cells = list(taken[0].cells)
        box = taken[0].box
    around = union_of(cells) if cells else box
    return TemplateField(name, kind, around, tuple(cells), knowledge=known.knowledge), drawn


def read(page: Path, name: str, classifier: Classifier, known: Iterable[Template]) -> Page:
    """The page as the set is read in forms.py, but with a template."""
    settings = Settings(charset=parse_charset("alnum" if FREE[name][2] else "upper+digits"))
    result = next(transcribe([page], classifier, settings, templates=tuple(known)))
    if not isinstance(result, Page):
        sys.exit(failure_text(result))
    return result


def registration(page: Path, template: Template) -> float:
    """CPU seconds to lay the page over its blank, once that is prepared."""
    image = load_blank(page)
    forms = prepared_pages([template])
    started = time.process_time()
    registered_page(image, forms)
    return time.process_time() - started


def check_boxes(page: Page) -> str:
    """How many of karvy's check boxes are found and right."""
    marks = [field for field in page.fields if field.kind == FieldKind.CHECKBOX]
    said = []
    for point, wanted in [(p, "yes") for p in KARVY_TICKED] + [(p, "no") for p in KARVY_EMPTY]:
        spot = BoundingBox(*point, *point).grown(8)
        got = next((mark.value for mark in marks if mark.box.intersection(spot)), "missing")
        said.append(got == wanted)
        if got != wanted:
            print(f"check box at {point}: {got}, not {wanted}", file=sys.stderr)
    return f"Check boxes of karvy: {sum(said)} of {len(said)} right, {len(KARVY_TICKED)} of them ticked."


def score(folder: Path, target: Path, lines: list[str]) -> dict[str, tuple[int, int, int, int]]:
    """Characters, edits, exact fields and fields of each set, and of all as ``TOTAL``."""
    target.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, str(folder / "tools" / "score_pages.py"), str(target), str(folder / "forms")]
    done = subprocess.run(command + [f"--set={name}" for name in SETS], check=True, capture_output=True, text=True)
    pattern = r"^(\w+): accuracy \S+, (\d+) characters, (\d+) edits, (\d+)/(\d+) exact"
    return {name: tuple(map(int, figures)) for name, *figures in re.findall(pattern, done.stdout, re.MULTILINE)}  # type: ignore[misc]


def print_table(scores: dict[str, dict[str, tuple[int, int, int, int]]], by_hand: dict[str, int]) -> None:
    print(f"{time.strftime('%Y-%m-%d')}, characters / fields exact\n")
    print(f"| set | fields | by hand | {' | '.join(WAYS)} |\n|---|---|---|---|---|---|")
    for name in (*SETS, "TOTAL"):
        cells = []
        for way in WAYS:
            characters, edits, exact, fields = scores[way][name]
            cells.append(f"{1 - edits / characters:.4f} / {exact / fields:.3f}")
        hand = sum(by_hand.values()) if name == "TOTAL" else by_hand[name]
        print(f"| {'**all**' if name == 'TOTAL' else name} | {fields} | {hand} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
