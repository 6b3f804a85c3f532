"""Word lists as automata: the values that begin like a word of the list."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hcr_scan.forms.knowledge.automata import Automaton

#: Log-weight of one value outside an open list beside one inside. A list of names holds most but not all of those that
#: come; 1 : 150 reads a name with one doubtful letter as the list has it, and leaves a clear other name alone.
OUTSIDE = -5.0

_OUTSIDE = -1


class Lexicon(Automaton[int]):
    """Values of a list (all equally likely), and where it is open any other at a price.

    The list is a trie: a state is a node of it, or -1 outside of it. Building it takes some 100 ms for 50,000 words.
    """

    start = 0

    def __init__(self, words: Iterable[str], closed: bool) -> None:
        self._children: list[dict[str, int]] = [{}]
        self._words: set[int] = set()
        self._closed = closed
        for word in words:
            node = 0
            for character in word:
                children = self._children[node]
                node = children.get(character, 0)
                if not node:
                    node = children[character] = len(self._children)
                    self._children.append({})
            self._words.add(node)

    def step(self, state: int, character: str) -> int | None:
        following = self._children[state].get(character) if state != _OUTSIDE else None
        return following if following is not None or self._closed else _OUTSIDE

    def final(self, state: int) -> float:
        if state in self._words:
            return 0.0
        return -math.inf if self._closed else OUTSIDE


def fitted(words: Iterable[str], charset: str) -> list[str]:
    """The words as they are written with ``charset``: capitals for a set without small letters, and the like.

    Words that cannot be written with it are left out.
    """
    allowed = frozenset(charset) | {" "}
    cases = {
        c: c.swapcase() for c in {c for word in words for c in word} if c not in allowed and c.swapcase() in allowed
    }
    table = str.maketrans(cases)
    written = (word.strip().translate(table) for word in words)
    return [word for word in written if word and allowed.issuperset(word)]
