"""Digits, capitals, small letters and punctuation, and how they follow each other in what people write into forms.

Two parts of the program ask: :mod:`hcr_scan.assembly.context`, where nothing else is known of a field, and the
languages of :mod:`hcr_scan.forms.knowledge`, where what may be written leaves the kind of a character open.
"""

from __future__ import annotations

from collections.abc import Iterable

DIGIT, CAPITAL, SMALL, PUNCTUATION = range(4)

#: How words on forms begin, and what follows what: digit, capital, small letter. Round figures on purpose: what
#: matters is that kinds tend to stay, that small letters follow capitals, and that nothing is impossible.
START = (0.40, 0.45, 0.15)
FOLLOWS = (
    (0.93, 0.05, 0.02),
    (0.05, 0.83, 0.12),
    (0.02, 0.05, 0.93),
)

#: How often a word begins with punctuation, goes over to it from a digit, capital or small letter, and goes on with it.
FIRST_MARK, MARK, MARK_AGAIN = 0.03, (0.16, 0.07, 0.07), 0.1
#: What follows punctuation that stands after a digit, a capital, a small letter.
AFTER_MARK = (
    (0.80, 0.12, 0.08),
    (0.12, 0.80, 0.08),
    (0.05, 0.10, 0.85),
)
#: How often each mark is the one; any other is as seldom as the rarest.
MARKS = {".": 22, ",": 16, "-": 16, "/": 20, "'": 6, "(": 5, ")": 5, "@": 5, ":": 4, "&": 4, "+": 3, "#": 2}


def kind_of(character: str) -> int:
    """Digit 0, capital 1, small letter 2, punctuation 3."""
    if not character.isalnum():
        return PUNCTUATION
    if character.isdigit():
        return DIGIT
    return SMALL if character.islower() else CAPITAL


def mark_weight(mark: str) -> int:
    """How often a mark is written, beside the others."""
    return MARKS.get(mark, min(MARKS.values()))


class KindChain:
    """How probable each character is after those before it, as far as kinds tell, over one alphabet.

    A run is what is known of the characters so far: :attr:`start`, the kind of the last one, or the run in which
    punctuation stands.
    """

    start = 0

    def __init__(self, alphabet: Iterable[str]) -> None:
        self._kinds = {character: kind_of(character) for character in alphabet if not character.isspace()}
        members = [[c for c, kind in self._kinds.items() if kind == wanted] for wanted in range(4)]
        marks = max(sum(mark_weight(mark) for mark in members[PUNCTUATION]), 1)
        #: Of the characters of its kind the share that is this one.
        self._shares = {
            c: mark_weight(c) / marks if kind == PUNCTUATION else 1 / len(members[kind])
            for c, kind in self._kinds.items()
        }
        begins = ((START, FIRST_MARK), *zip(FOLLOWS, MARK, strict=True))
        goes_on = ((row, MARK_AGAIN) for row in (START, *AFTER_MARK))
        self._next = tuple((*((1 - mark) * share for share in row), mark) for row, mark in (*begins, *goes_on))

    def after(self, run: int, character: str) -> int:
        """The run after one more character."""
        kind = self._kinds[character]
        return kind + 1 if kind != PUNCTUATION else run if run > PUNCTUATION else run + 4

    def weight(self, run: int, character: str) -> float:
        """How probable a character is in a run."""
        return self._next[run][self._kinds[character]] * self._shares[character]
