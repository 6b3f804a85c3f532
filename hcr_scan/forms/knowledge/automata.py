"""What may be written, as automata: they take a value character by character and say where it cannot go on.

Every kind of knowledge (a mask, a regular expression, a word list, a check digit, a calendar) is an
:class:`Automaton` of its own, deterministic and built while it is walked. A :class:`Language` walks several at once, so
that everything known holds together; its states are small numbers and its steps are remembered, so the pages of a
stack share them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from hcr_scan.character_kinds import KindChain

StateT = TypeVar("StateT", bound=Hashable)

#: The state of :class:`Language` from which no value can be reached.
DEAD = -1

#: How much of what kinds of neighbors say is believed, as an exponent. On drawn fields as many are read exactly with 1,
#: but codes of letters and digits at random then suffer.
NEIGHBORS = 0.75
#: What neighbors may hold against a whole value before it is no reading any more (nats).
MOST_SURPRISING = 25.0

#: A language that has seen so many states forgets them: none of the kinds here needs them again.
MOST_STATES = 300_000


class Automaton(ABC, Generic[StateT]):
    """A deterministic automaton over characters, whose states may be any hashable values."""

    #: Whether values hold runs of characters of which only the neighbors tell the kind: ``[A-Z0-9]+``.
    kinds_open = False

    @property
    @abstractmethod
    def start(self) -> StateT:
        """The state before the first character."""

    @abstractmethod
    def step(self, state: StateT, character: str) -> StateT | None:
        """The state after one more character, or ``None`` where it cannot stand here."""

    @abstractmethod
    def final(self, state: StateT) -> float:
        """What ending here costs: 0, a negative log-weight for unlikely values, minus infinity for impossible ones."""


#: The states of a language's automata, how many spaces came after (``None`` before the first character), and the run
#: of kinds so far (:class:`~hcr_scan.character_kinds.KindChain`).
_State = tuple[tuple[Hashable, ...], int | None, int]


class Language:
    """All values that several automata allow at once, with any number of spaces before and behind.

    The empty value is always allowed: whether a field must be filled in is not a matter of reading it.
    """

    start = 0

    def __init__(
        self, alphabet: Iterable[str], automata: Sequence[Automaton[Any]] = (), neighbors: bool = False
    ) -> None:
        """Allow values of the characters of ``alphabet``, and spaces inside, that all ``automata`` allow.

        With ``neighbors`` a character of a kind that those before it do not suggest has its price.
        """
        self.alphabet = frozenset(alphabet) | {" "}
        self._chain = KindChain(self.alphabet) if neighbors else None
        #: How far a value may fall behind for its kinds alone.
        self.surprise = MOST_SURPRISING if neighbors else 0.0
        #: Whether the alphabet is all that is known.
        self.free = not automata
        self._automata = tuple(automata)
        self._columns: dict[tuple[str, ...], tuple[npt.NDArray[np.intp], tuple[str, ...]]] = {}
        self._forget()

    def _forget(self) -> None:
        first: _State = tuple(automaton.start for automaton in self._automata), None, KindChain.start
        self._states = [first]
        self._numbers = {first: 0}
        self._steps: list[dict[str, int]] = [{}]
        self._finals: list[float | None] = [0.0]
        self._prices: list[dict[str, float] | None] = [None]

    def columns(self, labels: tuple[str, ...]) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
        """The places among a classifier's labels of those in the alphabet and of ``""``, and what they are."""
        if labels not in self._columns:
            places = [k for k, label in enumerate(labels) if not label or label in self.alphabet]
            self._columns[labels] = np.array(places, np.intp), tuple(labels[k] for k in places)
        return self._columns[labels]

    def begin(self) -> int:
        """The start, for one more value; numbers of states hold until the next call."""
        if len(self._states) > MOST_STATES:
            self._forget()
        return self.start

    def steps(self, state: int) -> dict[str, int]:
        """The steps from a state that are known already; :meth:`step` adds to it."""
        return self._steps[state]

    def step(self, state: int, character: str) -> int:
        """The state after one more character, or :data:`DEAD`."""
        known = self._steps[state]
        if character not in known:
            known[character] = self._step(state, character)
        return known[character]

    def _step(self, state: int, character: str) -> int:
        if character not in self.alphabet:
            return DEAD
        parts, spaces, run = self._states[state]
        # Whether spaces are inside the value shows with the next character.
        if character == " ":
            return state if spaces is None else self._number((parts, spaces + 1, KindChain.start))
        for each in " " * (spaces or 0) + character:
            reached = [automaton.step(part, each) for automaton, part in zip(self._automata, parts, strict=True)]
            if None in reached:
                return DEAD
            parts = tuple(reached)
        return self._number((parts, 0, self._chain.after(run, character) if self._chain else run))

    def _number(self, state: _State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._steps.append({})
            self._finals.append(None)
            self._prices.append(None)
        return number

    def prices(self, state: int) -> dict[str, float]:
        """What characters cost after a state (log-weights, 0 or less) where their kind is not what neighbors suggest.

        Characters that are as likely as any allowed one are left out: a change of kind that the language demands is
        free.
        """
        known = self._prices[state]
        if known is None:
            known = self._prices[state] = self._priced(state)
        return known

    def _priced(self, state: int) -> dict[str, float]:
        if self._chain is None:
            return {}
        run = self._states[state][2]
        allowed = [c for c in self.alphabet if c != " " and self.step(state, c) != DEAD]
        weights = {character: self._chain.weight(run, character) for character in allowed}
        most = max(weights.values(), default=1.0)
        return {c: NEIGHBORS * math.log(weight / most) for c, weight in weights.items() if weight < most}

    def final(self, state: int) -> float:
        """What a value that ends here costs: 0 or less; minus infinity where none may."""
        known = self._finals[state]
        if known is None:
            parts = zip(self._automata, self._states[state][0], strict=True)
            known = self._finals[state] = sum(automaton.final(part) for automaton, part in parts)
        return known

    def weight(self, value: str) -> float:
        """The log-weight of a value: 0 or less, minus infinity where it is not allowed."""
        state, weight = self.begin(), 0.0
        for character in value:
            weight += self.prices(state).get(character, 0.0)
            state = self.step(state, character)
            if state == DEAD:
                return -math.inf
        return weight + self.final(state)

    def is_empty(self, most_states: int = 20_000) -> bool:
        """Whether nothing but the empty value is allowed; ``False`` too where so many states leave it open."""
        seen, waiting = {self.begin()}, [self.start]
        while waiting and len(seen) < most_states:
            state = waiting.pop()
            for character in sorted(self.alphabet):
                if character == " " and self._states[state][1]:  # endless gaps lead nowhere new
                    continue
                following = self.step(state, character)
                if following != DEAD and following not in seen:
                    if self.final(following) > -math.inf:
                        return False
                    seen.add(following)
                    waiting.append(following)
        return not waiting
