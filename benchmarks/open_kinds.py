"""Letters and digits side by side: python benchmarks/open_kinds.py [--fields 250]

Fields whose pattern or type takes letters and digits alike (e-mail addresses, words with numbers, codes), written by
hands that the model never saw, one crop a cell, are read in context without a template, with what the template knows
but for neighbors, and with neighbors too. Columns as in decoding.py.
"""

from __future__ import annotations

import argparse
import string
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training"), str(ROOT / "benchmarks")]

from decoding import Score, Written, classified, names, plainly  # noqa: E402
from punctuation import hands  # noqa: E402

from hcr_scan import load_classifier  # noqa: E402
from hcr_scan.forms.knowledge import automata  # noqa: E402
from hcr_scan.forms.knowledge.decoding import Lattice, decode  # noqa: E402
from hcr_scan.forms.knowledge.languages import language  # noqa: E402
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType  # noqa: E402
from hcr_scan.model.bundle import ModelInfo  # noqa: E402
from hcr_scan.model.probabilities import probabilities  # noqa: E402

UPPER = string.digits + string.ascii_uppercase
ENDS = ("COM", "DE", "ORG", "NET", "CO.UK", "FR")
EMAIL = ValueType(ValueKind.EMAIL)


def kinds(random: np.random.Generator) -> dict[str, tuple[Callable[[], str], Knowledge]]:
    """What is written into each kind of field, and what a template says of it."""
    words = [name for name in names(2000, random) if 3 <= len(name) <= 8]

    def word() -> str:
        return words[int(random.integers(len(words)))]

    def number(least: int, most: int) -> str:
        return str(random.integers(10 ** (least - 1), 10**most))

    def email() -> str:
        left = str(random.choice([word(), f"{word()}.{word()}", f"{word()[0]}.{word()}"]))
        return f"{left}{number(1, 4) if random.random() < 0.35 else ''}@{word()}.{random.choice(ENDS)}"

    def mixed() -> str:
        return str(random.choice([word() + number(1, 4), number(1, 4) + word(), word()]))

    def code() -> str:
        return "".join(UPPER[k] for k in random.integers(len(UPPER), size=8))

    small = "".join(sorted({*UPPER, *string.ascii_lowercase, *"@."}))
    return {
        "e-mail, capitals": (email, Knowledge(charset="".join(sorted(f"{UPPER}@.")), type=EMAIL)),
        "e-mail, small letters": (lambda: email().lower(), Knowledge(charset=small, type=EMAIL)),
        "words and numbers": (mixed, Knowledge(charset=UPPER, pattern="[A-Z0-9]{3,20}")),
        "plate": (lambda: word()[:2] + number(2, 4) + word()[:1], Knowledge(charset=UPPER, pattern="[A-Z0-9]{4,9}")),
        "random code": (code, Knowledge(charset=UPPER, pattern="[A-Z0-9]{8}")),
    }


def read(written: Written, known: Knowledge, info: ModelInfo) -> tuple[str, float]:
    """The field as its pattern has it."""
    characters = known.charset or UPPER
    rows = probabilities(written.logits, info.labels, characters, info.temperature)
    with np.errstate(divide="ignore"):
        cells = Lattice.of_cells(info.labels, list(np.log(rows.astype(np.float64))))
    found = decode(cells, language(known, characters))
    return (found.value, found.confidence) if found else ("", 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=250, help="fields of each kind")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    classifier, writers = load_classifier(), hands(60)
    info, random = classifier.info, np.random.default_rng(chosen.seed)
    believed = automata.NEIGHBORS
    print(
        "| field | read with | characters | exact | calibration | wrong of the surest 90 % |\n|---|---|---|---|---|---|"
    )
    for name, (write, known) in kinds(random).items():
        fields = classified([write() for _ in range(chosen.fields)], writers, random, classifier)
        scores = {"context": Score(), "knowledge, no neighbors": Score(), "knowledge and neighbors": Score()}
        for field in fields:
            scores["context"].add(field.text, *plainly(field, info, known.charset or UPPER))
        for way, exponent in (("knowledge, no neighbors", 0.0), ("knowledge and neighbors", believed)):
            automata.NEIGHBORS = exponent
            language.cache_clear()
            for field in fields:
                scores[way].add(field.text, *read(field, known, info))
        for way, score in scores.items():
            print(f"| {name} | {way} | {score.row()} |", flush=True)


if __name__ == "__main__":
    main()
