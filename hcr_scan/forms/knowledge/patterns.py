"""Regular expressions as automata: the values that :func:`re.fullmatch` would take, known character by character.

The standard library parses the expression, so a pattern means here what it means everywhere in Python. Its tree
becomes a nondeterministic automaton (Thompson's construction), and a state here is the set of its states that the
characters so far can have led to.
"""

from __future__ import annotations

import importlib
import math
import re
import string
from collections.abc import Iterable
from typing import Any

from hcr_scan.forms.knowledge.automata import Automaton

# The parser of re is not documented, but it is older than its name and has kept its tree since Python 2.
_parser: Any = importlib.import_module("re._parser")

#: Copies of a part that ``{m,n}`` may ask for; no field has more characters.
MOST_REPEATS = 1000
#: From so many repeats on a part makes a run of characters, whose neighbors tell their kind.
RUN = 3
KINDS = (string.digits, string.ascii_uppercase, string.ascii_lowercase)

Frontier = frozenset[int]

_REFUSED = {
    "ASSERT": "looking ahead or behind, (?=...) and the like",
    "ASSERT_NOT": "looking ahead or behind, (?!...) and the like",
    "GROUPREF": r"references back to a group, \1 and the like",
    "GROUPREF_EXISTS": "conditions on a group, (?(1)...)",
    "ATOMIC_GROUP": "atomic groups, (?>...)",
    "POSSESSIVE_REPEAT": "possessive repetition, ++ and the like",
    "AT": r"anchors inside, \b, ^ or $: a pattern always takes the whole value",
}


class Pattern(Automaton[Frontier]):
    """The values that match a regular expression from end to end.

    Raises:
        ValueError: it is no regular expression, or uses what only searching can know.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        #: For each state the states that follow without a character.
        self._skips: list[list[int]] = []
        #: For each state the characters that lead on (a class of :mod:`re`), and where to.
        self._moves: list[tuple[_Characters, int] | None] = []
        self._end = self._state()
        begin = self._sequence(_without_anchors(_parsed(pattern)), self._end, re.compile(pattern).flags)
        self._start = self._closure([begin])
        self._known: dict[tuple[Frontier, str], Frontier | None] = {}

    @property
    def start(self) -> Frontier:
        return self._start

    def step(self, state: Frontier, character: str) -> Frontier | None:
        reached = [
            to for move in map(self._moves.__getitem__, state) if move for chars, to in [move] if character in chars
        ]
        return self._closure(reached) if reached else None

    def final(self, state: Frontier) -> float:
        return 0.0 if self._end in state else -math.inf

    def literals(self) -> set[str]:
        """The characters that the expression names one by one or in ranges, without those of classes."""
        return {character for move in self._moves if move for character in move[0].named}

    def _state(self) -> int:
        self._skips.append([])
        self._moves.append(None)
        return len(self._skips) - 1

    def _closure(self, states: Iterable[int]) -> Frontier:
        seen, waiting = set(states), list(states)
        while waiting:
            for following in self._skips[waiting.pop()]:
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return frozenset(state for state in seen if self._moves[state] or state == self._end)

    def _sequence(self, nodes: Iterable[Any], end: int, flags: int) -> int:
        """The state from which ``nodes``, one after the other, lead to ``end``."""
        for operation, argument in reversed(list(nodes)):
            end = self._node(str(operation), argument, end, flags)
        return end

    def _node(self, operation: str, argument: Any, end: int, flags: int) -> int:
        if operation == "BRANCH":
            return self._either([self._sequence(branch, end, flags) for branch in argument[1]])
        if operation == "SUBPATTERN":
            _, added, removed, inner = argument
            return self._sequence(inner, end, (flags | added) & ~removed)
        if operation in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, inner = argument
            return self._repeat((least, most), inner, end, flags)
        if operation in _REFUSED:
            raise ValueError(
                f"the pattern {self._pattern!r} uses {_REFUSED[operation]}; describe the whole value without"
            )
        begin = self._state()
        self._moves[begin] = (_Characters(operation, argument, flags), end)
        return begin

    def _either(self, states: list[int]) -> int:
        begin = self._state()
        self._skips[begin] = states
        return begin

    def _repeat(self, times: tuple[int, int], inner: Any, end: int, flags: int) -> int:
        least, most = times
        endless = most == _parser.MAXREPEAT
        before = len(self._moves)
        if (least if endless else most) > MOST_REPEATS:
            raise ValueError(
                f"the pattern {self._pattern!r} repeats a part more than {MOST_REPEATS} times; ask for fewer"
            )
        if endless:
            again = self._state()
            self._skips[again] = [end, self._sequence(inner, again, flags)]
            end = again
        else:
            last = end
            for _ in range(most - least):
                end = self._either([last, self._sequence(inner, end, flags)])
        for _ in range(least):
            end = self._sequence(inner, end, flags)
        repeated = (move[0] for move in self._moves[before:] if move)
        self.kinds_open |= most >= RUN and any(characters.of_several_kinds for characters in repeated)
        return end


class _Characters:
    """One character of an expression: a literal, a dot, or a set."""

    def __init__(self, operation: str, argument: Any, flags: int) -> None:
        items = argument if operation == "IN" else [(operation, argument)]
        self._items = [(str(kind), value) for kind, value in items]
        self._flags = flags
        self._known: dict[str, bool] = {}
        self.named = {chr(code) for kind, value in self._items for code in _codes(kind, value)}

    @property
    def of_several_kinds(self) -> bool:
        """Whether it takes digits and letters, or capitals and small letters."""
        return sum(any(c in self for c in kind) for kind in KINDS) > 1

    def __contains__(self, character: str) -> bool:
        if character not in self._known:
            cases = {character, character.lower(), character.upper()} if self._flags & re.IGNORECASE else {character}
            self._known[character] = any(self._takes(case) for case in cases)
        return self._known[character]

    def _takes(self, character: str) -> bool:
        negated = any(kind in ("NEGATE", "NOT_LITERAL") for kind, _ in self._items)
        found = any(self._matches(kind, value, character) for kind, value in self._items)
        return found != negated

    def _matches(self, kind: str, value: Any, character: str) -> bool:
        if kind in ("LITERAL", "NOT_LITERAL"):
            return character == chr(value)
        if kind == "RANGE":
            return bool(value[0] <= ord(character) <= value[1])
        if kind == "CATEGORY":
            return _in_category(str(value), character, self._flags)
        return kind == "ANY" and (character != "\n" or bool(self._flags & re.DOTALL))


def _codes(kind: str, value: Any) -> Iterable[int]:
    if kind == "LITERAL":
        return (value,)
    return range(value[0], value[1] + 1) if kind == "RANGE" and value[1] - value[0] < 256 else ()


def _in_category(category: str, character: str, flags: int) -> bool:
    symbol = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[category.rsplit("_", 1)[1]]
    expression = "\\" + (symbol.upper() if "_NOT_" in category else symbol)
    return re.fullmatch(expression, character, flags & (re.ASCII | re.IGNORECASE)) is not None


def _parsed(pattern: str) -> list[Any]:
    try:
        return list(_parser.parse(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None


def _without_anchors(nodes: list[Any]) -> list[Any]:
    """The expression without a ``^`` before and a ``$`` behind, which say nothing about a whole value."""
    if nodes and str(nodes[0][0]) == "AT" and str(nodes[0][1]) in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
        nodes = nodes[1:]
    if nodes and str(nodes[-1][0]) == "AT" and str(nodes[-1][1]) in ("AT_END", "AT_END_STRING"):
        nodes = nodes[:-1]
    return nodes
