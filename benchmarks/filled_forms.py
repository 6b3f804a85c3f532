"""How whole drawn forms are read by their template: python benchmarks/filled_forms.py [--forms 200] [--log FILE]

Fills in the form of examples/kyc for invented people, in the hands of writers the model never saw, lays it askew, at
some resolution, with grain, and reads it with its template: once with all that the template knows, once with its places
alone. Each form is a line of the log, and those that are in it already are not read again, so a long run may be ended
and gone on with. Prints Markdown for RESULTS.md: characters, exact fields, what is accepted unseen and how much of that
is wrong, the calibration error of field confidences, and errors if a tenth of the fields went to a person.
"""

from __future__ import annotations

import argparse
import json
import string
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "examples"), str(ROOT / "examples" / "kyc")]

from benchmarks.drawing import held_out_writers  # noqa: E402
from examples.kyc.draw import COMBS, GENDER, filled  # noqa: E402
from hcr_scan import PageFailure, Settings, Status, load_classifier, load_template  # noqa: E402
from hcr_scan.forms.knowledge.countries import COUNTRY_CODES  # noqa: E402
from hcr_scan.forms.template import Knowledge, Template  # noqa: E402
from hcr_scan.model.classifier import Classifier  # noqa: E402
from hcr_scan.pipeline import read_page  # noqa: E402
from hcr_scan.sources import PageImage, PageRef  # noqa: E402
from hcr_scan_training.synthesis import Pen, Writer  # noqa: E402

KYC = ROOT / "examples" / "kyc"
#: Parts of invented names and streets.
SYLLABLES = (
    "AN", "BER", "CAR", "DEL", "EK", "FOR", "GAN", "HOL", "IS", "JUR", "KAM", "LIN", "MOR", "NAD", "OS", "PER", "QUI",
    "RAV", "SOL", "TUR", "UL", "VEN", "WAL", "XAN", "YOR", "ZIM",
)  # fmt: skip
BINS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One field as it was read, and as it was written."""

    name: str
    value: str
    written: str
    confidence: float
    accepted: bool

    @property
    def right(self) -> bool:
        return self.value == self.written


def person(random: np.random.Generator, cities: list[str]) -> dict[str, str]:
    """Somebody who fills in the form as it wants to be filled in."""

    def word(parts: int) -> str:
        return "".join(random.choice(SYLLABLES, parts))

    def some(characters: str, count: int) -> str:
        return "".join(random.choice(list(characters), count))

    letters, digits = string.ascii_uppercase, string.digits
    born = date(1930, 1, 1) + timedelta(days=int(random.integers(0, 28_000)))
    salary, rent = int(10 ** random.uniform(3, 6)), int(random.integers(0, 2) * 10 ** random.uniform(2, 5))
    number = some(digits, 15)
    return {
        "surname": word(int(random.integers(2, 4))),
        "given_names": " ".join(word(int(random.integers(1, 4))) for _ in range(int(random.integers(1, 3)))),
        "date_of_birth": f"{born:%d%m%Y}",
        "country": str(random.choice([code for code in sorted(COUNTRY_CODES) if len(code) == 2])),
        "tax_number": some(letters, 5) + some(digits, 4) + some(letters, 1),
        "street": f"{random.integers(1, 300)} {word(3)} {random.choice(['ROAD', 'LANE', 'STREET', 'PARK'])}"[:22],
        "city": str(random.choice(cities)) if random.random() < 0.8 else word(3),
        "postcode": some(digits, 6),
        "card": number + _luhn(number),
        "salary": str(salary),
        "rent": str(rent),
        "total": str(salary + rent),
        "gender": str(random.choice(list(GENDER))),
        "consent": "yes" if random.random() < 0.7 else "",
    }


def _luhn(number: str) -> str:
    doubled = sum(sum(divmod(2 * int(c), 10)) for c in number[::-2])
    return str(-(doubled + sum(int(c) for c in number[-2::-2])) % 10)


def delivered(who: dict[str, str]) -> dict[str, str]:
    """What the table should say."""
    born = who["date_of_birth"]
    return {**who, "date_of_birth": f"{born[4:]}-{born[2:4]}-{born[:2]}", "consent": who["consent"] or "no"}


def form(number: int, seed: int, hands: list[Writer], cities: list[str]) -> tuple[PageImage, dict[str, str]]:
    """A filled form as a scanner sees it, and what it says; the same one for the same number and seed."""
    random = np.random.default_rng([seed, number])
    who = person(random, cities)
    pen = Pen(random.uniform(2.5, 5.5), random.uniform(0.6, 0.95))
    sheet = filled(who, replace(hands[number % len(hands)], seed=number), pen, number)
    scan = sheet.scanned((40, 40, 70), (250, 249, 245), random.normal(0, 1.5), number).convert("L")
    dpi = int(random.choice([120, 150, 200, 300]))
    scan = scan.resize((A4_INCHES[0] * dpi // 100, A4_INCHES[1] * dpi // 100), Image.Resampling.LANCZOS)
    turned = scan.rotate(180) if random.random() < 0.2 else scan
    return PageImage(PageRef(f"{number}.png", 0, 1, ""), np.asarray(turned), dpi, True), delivered(who)


def pages(count: int, seed: int, first: int = 0) -> Iterator[tuple[PageImage, dict[str, str]]]:
    """The forms up to a number, in the hands of writers the model never saw, and what they say."""
    cities = [line for line in (KYC / "cities.txt").read_text().splitlines() if not line.startswith("#")]
    needed = set(string.ascii_uppercase + string.digits)
    hands = [writer for writer in held_out_writers() if needed <= set(writer.samples)]
    return (form(number, seed, hands, cities) for number in range(first, count))


#: Width and height of A4 in hundredths of an inch.
A4_INCHES = (827, 1169)


def answers(
    template: Template, image: PageImage, written: dict[str, str], classifier: Classifier
) -> list[Answer] | None:
    """Every field of a form; ``None`` where the form is not recognized."""
    page = read_page(image, classifier, Settings(), [template])
    if isinstance(page, PageFailure) or page.template is None:
        return None
    return [
        Answer(
            field.name, field.value, written[field.name], field.confidence, field.status in (Status.OK, Status.BLANK)
        )
        for field in page.fields
    ]


def read_forms(chosen: argparse.Namespace, done: int) -> Iterator[str]:
    """For each form that is not done yet a line of JSON: what was read with knowledge, and without."""
    template = load_template(KYC / "kyc.toml")
    page = template.pages[0]
    bare = tuple(replace(field, knowledge=Knowledge(), normalize=()) for field in page.fields)
    places = replace(template, pages=(replace(page, fields=bare),), checks=(), sha256="places alone")
    classifier = load_classifier()
    for number, (image, written) in enumerate(pages(chosen.forms, chosen.seed, done), done):
        started = time.process_time()
        known = answers(template, image, written, classifier)
        seconds = time.process_time() - started
        alone = answers(places, image, {**written, "date_of_birth": _as_written(written)}, classifier)
        found = {"number": number, "seconds": seconds, "known": known, "alone": alone}
        yield json.dumps(found, default=asdict)


def row(name: str, found: list[Answer]) -> str:
    """A line of the table."""
    written = [answer for answer in found if answer.name in COMBS]
    characters = sum(len(answer.written) for answer in written)
    edits = sum(_edits(answer.value, answer.written) for answer in written)
    right = np.array([answer.right for answer in found])
    sure = np.array([answer.confidence for answer in found])
    accepted = np.array([answer.accepted for answer in found])
    surest = np.argsort(-sure, kind="stable")[: round(0.9 * len(found))]
    wrong = 1 - right[accepted].mean() if accepted.any() else 0.0
    return (
        f"| {name} | {len(found)} | {1 - edits / max(characters, 1):.4f} | {right.mean():.3f} | {accepted.mean():.3f} "
        f"| {wrong:.4f} | {_calibration(sure, right):.3f} | {1 - right[surest].mean():.4f} |"
    )


def _calibration(sure: np.ndarray, right: np.ndarray) -> float:
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(np.sum(gaps))


def _edits(found: str, wanted: str) -> int:
    before = list(range(len(wanted) + 1))
    for i, a in enumerate(found, 1):
        after = [i]
        for j, b in enumerate(wanted, 1):
            after.append(min(before[j] + 1, after[-1] + 1, before[j - 1] + (a != b)))
        before = after
    return before[-1]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--forms", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--log", type=Path, help="where each form that was read is a line; forms in it are done")
    chosen = arguments.parse_args()
    lines = chosen.log.read_text("utf-8").splitlines() if chosen.log and chosen.log.exists() else []
    for line in read_forms(chosen, len(lines)):
        lines.append(line)
        if chosen.log:
            with chosen.log.open("a", encoding="utf-8") as log:
                log.write(line + "\n")
    report([json.loads(line) for line in lines[: chosen.forms]])


def report(forms: list[dict[str, Any]]) -> None:
    heads = ("read with", "fields", "characters", "exact", "accepted", "wrong of these", "calibration", "wrong of 90 %")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    known, alone = ([Answer(**a) for f in forms for a in f[way] or ()] for way in ("known", "alone"))
    print(row("places alone", alone))
    print(row("all that the template knows", known))
    by_name = defaultdict(list)
    for answer in known:
        by_name[answer.name].append(answer)
    for name, own in by_name.items():
        print(row(f"- {name}", own))
    lost, seconds = sum(f["known"] is None for f in forms), sum(f["seconds"] for f in forms)
    print(f"\n{lost} of {len(forms)} forms not recognized; {seconds / len(forms):.2f} s of CPU a form.")


def _as_written(written: dict[str, str]) -> str:
    year, month, day = written["date_of_birth"].split("-")
    return day + month + year


if __name__ == "__main__":
    main()
