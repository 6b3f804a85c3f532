"""What knowledge buys: python benchmarks/decoding.py [--model BUNDLE] [--fields N] [--hands N]

Fields of cells, written by hands that the model never saw and classified by the shipped model, are read without
knowledge (capitals and digits, in context), with their character set, and with all that a template may say: a mask, a
pattern, a word list, a type with its check digit or calendar, and sums that must add up. Characters is 1 - edits /
characters; exact is the share of fields without a mistake; the calibration error is that of fields' confidences, in ten
bins of equally many. Then what is left when the least sure tenth is looked at, and how long it takes.
"""

from __future__ import annotations

import argparse
import math
import string
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training"), str(ROOT / "benchmarks")]

from punctuation import hands  # noqa: E402

from hcr_scan import load_classifier  # noqa: E402
from hcr_scan.assembly.context import CharacterKinds, reweight  # noqa: E402
from hcr_scan.document import FieldAlternative  # noqa: E402
from hcr_scan.forms.knowledge.checks import Candidates, resolve  # noqa: E402
from hcr_scan.forms.knowledge.decoding import Lattice, decode  # noqa: E402
from hcr_scan.forms.knowledge.languages import language  # noqa: E402
from hcr_scan.forms.template import Check, Knowledge, ValueKind, ValueType  # noqa: E402
from hcr_scan.geometry import BoundingBox  # noqa: E402
from hcr_scan.images import box_blur  # noqa: E402
from hcr_scan.model.bundle import ModelInfo  # noqa: E402
from hcr_scan.model.classifier import Classifier  # noqa: E402
from hcr_scan.model.probabilities import Logits, probabilities  # noqa: E402
from hcr_scan.normalization import normalize_glyph  # noqa: E402
from hcr_scan_training.synthesis import Pen, Writer  # noqa: E402

UPPER, DIGITS = string.ascii_uppercase, string.digits
CHARSET = DIGITS + UPPER
CELL = BoundingBox(20, 20, 60, 72)
CHECK = Check("total = a + b + c")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of field: what is written into it, and what a template can say of it."""

    name: str
    write: Callable[[np.random.Generator], str]
    charset: str
    known: dict[str, Knowledge]


@dataclass(slots=True)
class Written:
    """A field as it was written, and what the classifier says of its cells."""

    text: str
    logits: Logits


@dataclass(slots=True)
class Score:
    """How many characters and fields were read right, and how sure each field was."""

    edits: int = 0
    characters: int = 0
    fields: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, truth: str, value: str, confidence: float) -> None:
        self.edits += edits(truth, value)
        self.characters += len(truth)
        self.fields.append((confidence, truth == value))

    def row(self) -> str:
        sure = np.array(sorted(self.fields, key=lambda pair: -pair[0]), np.float64).reshape(-1, 2)
        accepted = sure[: round(0.9 * len(sure)), 1]
        return (
            f"{1 - self.edits / self.characters:.4f} | {sure[:, 1].mean():.3f} | {calibration_error(sure):.3f} "
            f"| {1 - accepted.mean():.3f}"
        )


def calibration_error(sure: npt.NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error of confidences (n, 2: confidence, right), in bins of equally many."""
    parts = np.array_split(sure[np.argsort(sure[:, 0])], bins)
    return float(sum(abs(part[:, 0].mean() - part[:, 1].mean()) * len(part) for part in parts if len(part)) / len(sure))


def edits(truth: str, value: str) -> int:
    row = list(range(len(value) + 1))
    for i, a in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(value, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def names(count: int, random: np.random.Generator) -> tuple[str, ...]:
    """Invented surnames, as like and unlike as real ones."""
    onsets = ["", *"BCDFGHJKLMNPRSTVWZ", "BR", "CH", "DR", "FL", "GR", "KL", "KR", "SCH", "ST", "TH", "TR", "WH"]
    ends = ["", *"BCDFGKLMNPRSTXZ", "CK", "LL", "MANN", "NG", "NN", "RD", "RT", "SEN", "SON", "SS", "TT"]
    vowels = ["A", "E", "I", "O", "U", "Y", "AI", "EA", "EE", "IE", "OO", "OU"]
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [onsets[random.integers(len(onsets))] + vowels[random.integers(len(vowels))] for _ in range(3)]
        name = "".join(parts[: random.integers(1, 4)]) + ends[random.integers(len(ends))]
        if len(name) >= 3:
            found[name] = None
    return tuple(found)


def _digits(random: np.random.Generator, count: int) -> str:
    return "".join(map(str, random.integers(10, size=count)))


def _letters(random: np.random.Generator, count: int) -> str:
    return "".join(UPPER[k] for k in random.integers(26, size=count))


def _checked(random: np.random.Generator, body: Callable[[np.random.Generator], str], type_: ValueType) -> str:
    """A value with the check characters that its type asks for, found by trying."""
    while True:
        value = body(random)
        if language(Knowledge(type=type_), CHARSET).weight(value) > -math.inf:
            return value


def _date(random: np.random.Generator) -> str:
    return _checked(random, lambda r: f"{r.integers(1, 32):02}{r.integers(1, 13):02}{r.integers(1930, 2011)}", DAY)


def _postcode(random: np.random.Generator) -> str:
    area = _letters(random, int(random.integers(1, 3)))
    district = _digits(random, 1) + (_letters(random, 1) if random.random() < 0.3 else "")
    return f"{area}{district}{_digits(random, 1)}{_letters(random, 2)}"


DAY = ValueType(ValueKind.DATE, ("DDMMYYYY",), "1925-01-01", "2026-12-31")
LUHN, IBAN = ValueType(ValueKind.LUHN), ValueType(ValueKind.IBAN)
TAX = ValueType(ValueKind.ISO7064, system="mod11-10")
QUANTITY = ValueType(ValueKind.INTEGER, least="0", most="500")


def kinds(random: np.random.Generator) -> list[Kind]:
    surnames = names(2000, random)
    # One name in twenty is in no list.
    strangers = names(4000, random)
    open_list = Knowledge(charset=UPPER, lexicon=surnames)

    def name(r: np.random.Generator) -> str:
        chosen = surnames if r.random() < 0.95 else strangers
        return chosen[r.integers(len(chosen))]

    return [
        Kind(
            "document number, AA999999", lambda r: _letters(r, 2) + _digits(r, 6), CHARSET,
            {"mask": Knowledge(mask="AA999999")},
        ),
        Kind(
            "postcode", _postcode, CHARSET,
            {"pattern": Knowledge(pattern=r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")},
        ),
        Kind("date of birth", _date, DIGITS, {"calendar": Knowledge(type=DAY)}),
        Kind("quantity, 0 to 500", lambda r: str(r.integers(501)), DIGITS, {"range": Knowledge(type=QUANTITY)}),
        Kind(
            "surname, 5 % in no list", name, UPPER, {"open list of 2,000": open_list},
        ),
        Kind(
            "surname in the list", lambda r: surnames[r.integers(len(surnames))], UPPER,
            {"closed list of 2,000": Knowledge(charset=UPPER, lexicon=surnames, closed_lexicon=True)},
        ),
        Kind(
            "card number", lambda r: _checked(r, lambda q: _digits(q, 16), LUHN), DIGITS,
            {"Luhn": Knowledge(type=LUHN)},
        ),
        Kind(
            "tax number", lambda r: _checked(r, lambda q: _digits(q, 11), TAX), DIGITS,
            {"ISO 7064 mod 11,10": Knowledge(type=TAX)},
        ),
        Kind(
            "account", lambda r: _checked(r, lambda q: "DE" + _digits(q, 20), IBAN), CHARSET,
            {"IBAN": Knowledge(type=IBAN), "IBAN and mask": Knowledge(type=IBAN, mask="AA" + "9" * 20)},
        ),
    ]  # fmt: skip


def write_crops(
    texts: Sequence[str], writers: Sequence[Writer], random: np.random.Generator, info: ModelInfo
) -> npt.NDArray[np.uint8]:
    """The crops of all characters of all texts, each text in one hand with one pen."""
    crops = []
    for number, text in enumerate(texts):
        writer = writers[number % len(writers)]
        pen = Pen(random.uniform(2.2, 4.4), random.uniform(0.55, 0.95))
        for character in text:
            page = np.full((92, 90), 255, np.uint8)
            writer.write_in_cell(page, character, CELL, pen)
            soft = box_blur(page, 3, 3).astype(np.float32) + random.normal(0, 2, page.shape)
            crops.append(normalize_glyph(np.clip(255 - soft, 0, 255).astype(np.uint8), info.crop_spec))
    return np.array(crops)


def classified(
    texts: Sequence[str], writers: Sequence[Writer], random: np.random.Generator, classifier: Classifier
) -> list[Written]:
    crops = write_crops(texts, writers, random, classifier.info)
    logits = np.concatenate([classifier.predict(crops[k : k + 512]) for k in range(0, len(crops), 512)])
    ends = np.cumsum([len(text) for text in texts])[:-1]
    return [Written(text, part) for text, part in zip(texts, np.split(logits, ends), strict=True)]


def plainly(written: Written, info: ModelInfo, charset: str) -> tuple[str, float]:
    """A field as it is read without a template: every character by itself and its kind of neighbors."""
    rows = probabilities(written.logits, info.labels, charset, info.temperature)
    rows = reweight(rows, CharacterKinds.of(info.labels, charset))
    text = "".join(info.labels[k] for k in rows.argmax(axis=1))
    return text, float(np.prod(rows.max(axis=1), dtype=np.float64))


def lattice(written: Written, info: ModelInfo) -> Lattice:
    rows = probabilities(written.logits, info.labels, CHARSET, info.temperature)
    with np.errstate(divide="ignore"):
        return Lattice.of_cells(info.labels, list(np.log(rows.astype(np.float64))))


def measure(kind: Kind, fields: Sequence[Written], info: ModelInfo) -> dict[str, Score]:
    scores = {name: Score() for name in dict.fromkeys(("nothing", "character set", *kind.known))}
    if kind.charset == CHARSET:
        del scores["character set"]
    for written in fields:
        scores["nothing"].add(written.text, *plainly(written, info, CHARSET))
        if "character set" in scores:
            scores["character set"].add(written.text, *plainly(written, info, kind.charset))
        for name, known in kind.known.items():
            found = decode(lattice(written, info), language(known, CHARSET))
            value, confidence = (found.value, found.confidence) if found else ("", 0.0)
            scores[name].add(written.text, value, confidence)
    return scores


def measure_sums(fields: Sequence[Written], info: ModelInfo) -> dict[str, Score]:
    """Four fields a form, of which the last is the sum of the others, with and without the rule."""
    scores = {"nothing": Score(), "integer": Score(), "integer and sum": Score()}
    whole = ValueType(ValueKind.INTEGER)
    spoken = language(Knowledge(type=whole), CHARSET)
    for at in range(0, len(fields), 4):
        candidates = {}
        for name, written in zip(("a", "b", "c", "total"), fields[at : at + 4], strict=True):
            scores["nothing"].add(written.text, *plainly(written, info, CHARSET))
            found = decode(lattice(written, info), spoken, 7)
            best = [FieldAlternative(found.value, found.confidence), *found.alternatives] if found else []
            scores["integer"].add(written.text, best[0].value, best[0].confidence)
            candidates[name] = Candidates(tuple(best), whole)
        found_sums = resolve([CHECK], candidates)
        for name, written in zip(("a", "b", "c", "total"), fields[at : at + 4], strict=True):
            scores["integer and sum"].add(written.text, found_sums[name].value, found_sums[name].confidence)
    return scores


def sums(count: int, random: np.random.Generator) -> list[str]:
    rows = random.integers(1, 900, size=(count, 3))
    return [str(value) for row in rows for value in (*row, row.sum())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="bundle to measure; the shipped one by default")
    parser.add_argument("--fields", type=int, default=300, help="fields of each kind")
    parser.add_argument("--hands", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    classifier, writers = load_classifier(chosen.model), hands(chosen.hands)
    info, random = classifier.info, np.random.default_rng(chosen.seed)
    print(
        f"{time.strftime('%Y-%m-%d')}, {len(writers)} hands, {chosen.fields} fields of each kind, seed {chosen.seed}\n"
    )
    print("| field | knowledge | characters | exact | calibration | wrong of the surest 90 % |")
    print("|---|---|---|---|---|---|")
    without, known = Score(), Score()
    timed: list[tuple[Kind, list[Written]]] = []
    for kind in kinds(random):
        fields = classified([kind.write(random) for _ in range(chosen.fields)], writers, random, classifier)
        timed.append((kind, fields))
        scores = measure(kind, fields, info)
        report(kind.name, scores, without, known)
    fields = classified(sums(chosen.fields // 4, random), writers, random, classifier)
    report("three numbers and their sum", measure_sums(fields, info), without, known)
    print(f"| **all** | nothing | {without.row()} |\n| **all** | all of the above | {known.row()} |")
    report_speed(timed, info, random)


def report(name: str, scores: dict[str, Score], without: Score, known: Score) -> None:
    for knowledge, score in scores.items():
        print(f"| {name} | {knowledge} | {score.row()} |", flush=True)
    for total, score in ((without, scores["nothing"]), (known, list(scores.values())[-1])):
        total.edits += score.edits
        total.characters += score.characters
        total.fields += score.fields


def report_speed(timed: list[tuple[Kind, list[Written]]], info: ModelInfo, random: np.random.Generator) -> None:
    page = [(lattice(fields[k], info), list(kind.known.values())[-1]) for k in range(5) for kind, fields in timed[:8]]
    best = min(_seconds(page) for _ in range(5))
    print(f"\nA page of {len(page)} of these fields, accounts left out: {1000 * best:.0f} ms.")
    words = names(50_000, random)
    began = time.process_time()
    big = Knowledge(charset=UPPER, lexicon=words)
    language(big, CHARSET)
    built = time.process_time() - began
    fields = [(lattice(written, info), big) for written in timed[4][1][:20]]
    first, again = _seconds(fields) / len(fields), _seconds(fields) / len(fields)
    print(f"A list of 50,000 words: {1000 * built:.0f} ms to build, then {1000 * first:.1f} ms a field at first, "
          f"{1000 * again:.1f} ms again.")  # fmt: skip


def _seconds(fields: Sequence[tuple[Lattice, Knowledge]]) -> float:
    began = time.process_time()
    for ink, known in fields:
        decode(ink, language(known, CHARSET))
    return time.process_time() - began


if __name__ == "__main__":
    main()
