"""Reading with knowledge: the most probable value that a field allows, and how probable it is.

The ink of a field is a :class:`Lattice`: edges between places, each a piece of ink with the classifier's probability of
every label, so that a path from the first place to the last one is a way to cut the field into characters. What may be
written is a :class:`~hcr_scan.forms.knowledge.automata.Language`.

Without knowledge, a path costs what its edges cost and the labels on it are independent, so

    P(path, text | ink)  ~  product over edges of  exp(-cost) * p(label | crop)

The classifier saw all labels equally often, so ``p(label | crop)`` is the likelihood of the crop but for a factor, and
knowledge is a prior on texts: within the language as before (times the language's own weights, such as the price of a
word that is not in an open list), outside of it nothing. That alone would be sure of anything as long as nothing else
is allowed. But people err, so the writer is taken to *mean* a text of the language and, once in :data:`SLIP`
characters, to write just any label:

    P(crop | meant)      =  (1 - slip) * p(meant | crop)  +  slip / labels            (up to the same factor)
    P(value | ink)       =  P(value meant and written)  /  sum over all texts of the language of P(text meant)

Where a pattern takes runs of characters of several kinds (``[A-Z0-9]+``, an e-mail address), texts have weights too: a
character of a kind that those before it do not suggest costs what :mod:`hcr_scan.character_kinds` says, unless the
pattern demands it. So ``MA1L`` is ``MAIL`` where the ink leaves it open.

The sum runs over states, not texts (forward algorithm), and the best texts are found exactly (Viterbi, then A* from
the end). Where the ink can be what the knowledge demands, the quotient is what Bayes' rule gives without slips. Where
it plainly says otherwise all that is left is slips, and the value is the nearest allowed one at a low probability. For
a language of an alphabet only there are no slips: nothing is forbidden that the mask before the softmax left.

Paths that fall behind the best one by :data:`MARGIN` nats are not followed, which is sure to keep all better ones.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from hcr_scan.document import FieldAlternative
from hcr_scan.forms.knowledge.automata import DEAD, Language

Scores = npt.NDArray[np.float64]

ALTERNATIVES = 3

#: Share of characters where a writer puts something else than what the field asks for. On drawn fields confidences are
#: as well calibrated with 0.001, and 0.01 makes them a little too low; of fields whose rules the writer broke, that and
#: this leave half as many above 0.95 as 0.001.
SLIP = 0.003

#: Paths this much less probable (natural logarithm) than the best are left out: 1 in 8,000; where the best is itself so
#: far behind the ink that nobody should trust it, those of the second figure.
MARGIN, LITTLE_MARGIN = 9.0, 3.0
#: Ink is read as nothing at all only where that is surer than this.
PLAINLY = 0.5

#: A value this far behind the ink (two slips) is no reading of it; and so many states at most are followed at a place.
FARTHEST, MOST_STATES = 25.0, 4_000

#: What no character reads as: nothing; or in a cell, and between words, a space, or at a price nothing: people leave
#: gaps, and where only one of the two is allowed the price does not matter.
NOTHING = (("", 0.0),)
GAP = ((" ", 0.0), ("", 7.0))


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A piece of a field's ink, from place ``start`` to place ``end``, that is one character or none.

    ``scores`` (labels,) are natural logarithms of the probabilities of the lattice's labels, ``""`` being no character;
    ``None`` where there is certainly none: a blank cell, a space between words. ``blank`` says what it then reads as,
    and at what price (nats, >= 0); ``cost`` (nats) is what else is held against the edge.
    """

    start: int
    end: int
    scores: Scores | None
    blank: tuple[tuple[str, float], ...] = NOTHING
    cost: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """The ways to read a field: every path from place 0 to ``last`` explains all its ink. Edges go forward."""

    labels: tuple[str, ...]
    edges: tuple[Edge, ...]
    last: int

    @classmethod
    def of_cells(cls, labels: Sequence[str], cells: Sequence[Scores | None]) -> Lattice:
        """A row of cells with one character each: the scores of each, ``None`` for a blank one."""
        edges = (Edge(place, place + 1, scores, GAP) for place, scores in enumerate(cells))
        return cls(tuple(labels), tuple(edges), len(cells))


@dataclass(frozen=True, slots=True)
class DecodedCharacter:
    """What edge ``edge`` of the lattice reads as (``""`` or a space where it is none), and how probable that is."""

    edge: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Decoding:
    """The most probable value of a field, other allowed ones, and how well the ink bears the knowledge out.

    ``obeyed`` is the probability that all that is written is as the knowledge has it; where it is low, the ink says
    something else. ``characters`` are the edges of the best path of ``value``, left to right.
    """

    value: str
    confidence: float
    alternatives: tuple[FieldAlternative, ...]
    characters: tuple[DecodedCharacter, ...]
    obeyed: float


def decode(lattice: Lattice, language: Language, count: int = ALTERNATIVES) -> Decoding | None:
    """The most probable value of the language; ``None`` where no path through the lattice can be any of them.

    Args:
        lattice: The ink.
        language: What may be written.
        count: How many alternatives are wanted besides.
    """
    search = _Search(lattice, language)
    if not search.run():
        return None
    texts: dict[str, list[_Option]] = {}
    for path in search.paths():
        texts.setdefault("".join(option[0] for option in path).strip(" "), path)
        if len(texts) > count:
            break
    ranked = sorted(((search.probability(text), text) for text in texts), key=lambda found: -found[0])
    if ranked[0][1] == "" and ranked[0][0] < PLAINLY:  # a way out rather than a reading
        ranked = ranked[1:]
    if not ranked:
        return None
    confidence, value = ranked[0]
    return Decoding(
        value,
        confidence,
        tuple(FieldAlternative(text, probability) for probability, text in ranked[1:]),
        search.characters(texts[value]),
        search.obeyed,
    )


#: One label of an edge: its text; how far behind the best path it falls at least (nats, <= 0); that as a weight; the
#: part of the weight in which the writer wrote what was meant; the edge, and the place it leads to.
_Option = tuple[str, float, float, float, int, int]


class _Node:
    """A state of the language at a place of the lattice: its best path's score, the weight of all paths, and arcs."""

    __slots__ = ("after", "arcs", "best", "mass", "place", "state", "written")

    def __init__(self, place: int, state: int, best: float, mass: float, written: float) -> None:
        self.place, self.state, self.best, self.mass, self.written = place, state, best, mass, written
        self.arcs: list[tuple[_Node, _Option]] = []
        self.after = 0.0


class _Search:
    """One field's search. Scores are relative to the best path that ignores the language, so they are never above 0."""

    def __init__(self, lattice: Lattice, language: Language) -> None:
        self._lattice, self._language = lattice, language
        self._readings = _Readings(lattice, language)
        self._leaving: list[list[list[_Option]]] = []
        #: For each place, of each edge that leaves it, where it leads to and how much of each text is no slip.
        self._shares: list[list[tuple[int, dict[str, float]]]] = []
        self._nodes: list[dict[int, _Node]] = []
        self._ends: list[tuple[_Node, float]] = []
        self._total = 0.0

    @property
    def obeyed(self) -> float:
        """The share of the allowed texts' probability in which nothing is a slip."""
        written = sum(node.written * math.exp(final) for node, final in self._ends)
        return min(written / self._total, 1.0)

    def run(self) -> bool:
        """Search as far as it takes to be exact; whether there is any path."""
        limit, farthest = MARGIN + 1.0, FARTHEST + self._language.surprise + LITTLE_MARGIN
        while True:
            self._leaving = self._readings.within(limit)
            self._forward(-limit)
            best = max((node.best + final for node, final in self._ends), default=-math.inf)
            margin = MARGIN if best > -MARGIN - self._language.surprise else LITTLE_MARGIN
            if best >= margin - limit:
                self._total = sum(node.mass * math.exp(final) for node, final in self._ends)
                self._shares = [
                    [(options[0][5], {option[0]: option[3] for option in options}) for options in leaving if options]
                    for leaving in self._leaving
                ]
                return self._total > 0
            if limit >= farthest:
                return False
            limit = min(margin + 1.0 - best if best > -math.inf else 2 * limit, farthest)

    def _forward(self, floor: float) -> None:
        start = self._language.begin()
        self._nodes = [{} for _ in range(self._lattice.last + 1)]
        self._nodes[0][start] = _Node(0, start, 0.0, 1.0, 1.0)
        for nodes, leaving in zip(self._nodes, self._leaving, strict=False):
            for node in _likeliest(nodes):
                for options in leaving:
                    self._follow(node, options, floor - node.best)
        finals = ((node, self._language.final(node.state)) for node in self._nodes[-1].values())
        self._ends = [(node, final) for node, final in finals if final > -math.inf]

    def _follow(self, node: _Node, options: list[_Option], floor: float) -> None:
        """Take the options of one edge, best first, as long as they are above the floor."""
        state, score, mass, written = node.state, node.best, node.mass, node.written
        steps, prices = self._language.steps(state), self._language.prices(state)
        for option in options:
            text, behind, weight, share, _, end = option
            if behind < floor:
                break
            following = state
            if text in prices:
                option = _priced(option, prices[text])
                behind, weight, share = option[1:4]
                if behind < floor:
                    continue
            if text:
                known = steps.get(text)
                following = self._language.step(state, text) if known is None else known
                if following == DEAD:
                    continue
            reached = self._nodes[end]
            to = reached.get(following)
            if to is None:
                to = reached[following] = _Node(end, following, score + behind, mass * weight, written * share)
            else:
                if score + behind > to.best:
                    to.best = score + behind
                to.mass += mass * weight
                to.written += written * share
            to.arcs.append((node, option))

    def paths(self) -> Iterator[list[_Option]]:
        """Paths from the first place to the last, the most probable first; one text may have several."""
        # What leads to a node is known exactly, so the search from the end is never led astray. Of equals the one
        # found last is followed first, or a page of equals would be searched in breadth.
        waiting: list[tuple[float, int, _Node, float, tuple[_Option, ...]]] = []
        number = 0
        for node, final in self._ends:
            heapq.heappush(waiting, (round(-node.best - final, 9), number := number - 1, node, final, ()))
        for _ in range(MOST_STATES):
            if not waiting:
                return
            _, _, node, score, rest = heapq.heappop(waiting)
            if node.place == 0:
                yield list(rest)
            for before, option in node.arcs:
                whole = score + option[1]
                entry = (round(-before.best - whole, 9), number := number - 1, before, whole, (option, *rest))
                heapq.heappush(waiting, entry)

    def probability(self, text: str) -> float:
        """How probable it is that a text is meant and written, over all ways to cut the ink into it."""
        masses: list[dict[int, float]] = [{} for _ in range(self._lattice.last + 1)]
        masses[0][0] = 1.0
        for reached, leaving in zip(masses, self._shares, strict=False):
            for read, mass in reached.items():
                wanted, outside = text[read : read + 1], read in (0, len(text))
                for end, shares in leaving:
                    arrived = masses[end]
                    if wanted in shares and wanted:
                        arrived[read + 1] = arrived.get(read + 1, 0.0) + mass * shares[wanted]
                    blank = shares.get("", 0.0) + (shares.get(" ", 0.0) if outside else 0.0)
                    if blank:
                        arrived[read] = arrived.get(read, 0.0) + mass * blank
        weight = math.exp(self._language.weight(text))
        return min(masses[-1].get(len(text), 0.0) * weight / self._total, 1.0)

    def characters(self, path: list[_Option]) -> tuple[DecodedCharacter, ...]:
        """The characters of a path, each with the probability that the edge is it, whatever the others are."""
        chosen = {(edge, text): 0.0 for text, _, _, _, edge, _ in path}
        for node, final in self._ends:
            node.after = math.exp(final)
        for nodes in reversed(self._nodes):
            for node in nodes.values():
                after = node.after
                if after:
                    for before, (text, _, weight, share, edge, _) in node.arcs:
                        before.after += after * weight
                        if (edge, text) in chosen:
                            chosen[edge, text] += before.mass * share * after
        found = [(edge, text, min(mass / self._total, 1.0)) for (edge, text), mass in chosen.items()]
        inked = [place for place, (_, text, _) in enumerate(found) if text.strip(" ")]
        inside = range(inked[0], inked[-1]) if inked else range(0)
        return tuple(
            DecodedCharacter(edge, text if text != " " or place in inside else "", confidence)
            for place, (edge, text, confidence) in enumerate(found)
        )


def _priced(option: _Option, price: float) -> _Option:
    """The option at a price (nats, <= 0) that depends on what came before."""
    text, behind, weight, share, edge, end = option
    factor = math.exp(price)
    return text, behind + price, weight * factor, share * factor, edge, end


def _likeliest(nodes: dict[int, _Node]) -> list[_Node]:
    if len(nodes) <= MOST_STATES:
        return list(nodes.values())
    return heapq.nlargest(MOST_STATES, nodes.values(), key=lambda node: node.best)


class _Readings:
    """What every edge may read as, and how far each reading falls behind the best path (nats, <= 0)."""

    def __init__(self, lattice: Lattice, language: Language) -> None:
        self._lattice = lattice
        self._columns, self._texts = language.columns(lattice.labels)
        slip = 0.0 if language.free else SLIP
        rows = [edge.scores for edge in lattice.edges if edge.scores is not None]
        scores = np.array(rows).reshape(len(rows), len(lattice.labels))[:, self._columns]
        self._written = np.exp(scores) * (1.0 - slip)
        self._weights = self._written + slip / len(lattice.labels)
        self._best = self._weights.max(axis=1, initial=0.0)
        self._leads = self._ahead()

    def _ahead(self) -> list[float]:
        """For each edge how far the best path through it is behind the best of all, less its own best reading."""
        lattice, best = self._lattice, iter(self._best.tolist())
        own = []
        for edge in lattice.edges:
            # The cheapest reading of a blank costs nothing more, so it is as good as the best label there.
            weight = 1.0 if edge.scores is None else next(best)
            cheapest = min(price for _, price in edge.blank) if edge.scores is None else 0.0
            own.append((math.log(weight) if weight > 0 else -math.inf) - edge.cost - cheapest)
        ahead = [-math.inf] * lattice.last + [0.0]
        for number in sorted(range(len(own)), key=lambda number: -lattice.edges[number].start):
            edge = lattice.edges[number]
            ahead[edge.start] = max(ahead[edge.start], own[number] + ahead[edge.end])
        return [
            own[number] + ahead[edge.end] - ahead[edge.start] if ahead[edge.start] > -math.inf else -math.inf
            for number, edge in enumerate(lattice.edges)
        ]

    def within(self, limit: float) -> list[list[list[_Option]]]:
        """For each place the options of each edge that leaves it, best first, no further behind than ``limit``."""
        found = self._labels_within(limit)
        leaving: list[list[list[_Option]]] = [[] for _ in range(self._lattice.last)]
        row = 0
        for number, edge in enumerate(self._lattice.edges):
            lead = self._leads[number]
            if edge.scores is None:
                readings = [("", 0.0, 1.0)]
                lead += min(price for _, price in edge.blank)
            else:
                readings, row = found[row], row + 1
            options: list[_Option] = []
            for text, behind, share in readings:
                for written, price in ((text, 0.0),) if text else edge.blank:
                    score = behind + lead - price
                    if score >= -limit:
                        weight = math.exp(score)
                        options.append((written, score, weight, weight * share, number, edge.end))
            options.sort(key=itemgetter(1), reverse=True)
            leaving[edge.start].append(options)
        return leaving

    def _labels_within(self, limit: float) -> list[list[tuple[str, float, float]]]:
        """For each edge with scores its labels that are near enough its best: text, log-ratio, share without slips."""
        floor = self._best[:, None] * math.exp(-limit)
        rows, columns = np.nonzero((self._weights >= floor) & (self._weights > 0))
        weights = self._weights[rows, columns]
        behind = np.log(weights / self._best[rows])
        shares = self._written[rows, columns] / weights
        found: list[list[tuple[str, float, float]]] = [[] for _ in self._best]
        for row, column, score, share in zip(
            rows.tolist(), columns.tolist(), behind.tolist(), shares.tolist(), strict=True
        ):
            found[row].append((self._texts[column], score, share))
        return found
