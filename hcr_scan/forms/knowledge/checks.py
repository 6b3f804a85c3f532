"""What fields say about each other: of the values that each may have, those that together obey the form's rules.

Fields were read apart, so before the rules their values are independent:

    P(values | ink)  =  product over fields of P(value | ink)

A rule is evidence. It holds for what was meant, and the writer miscalculated once in so many forms
(:data:`MISCALCULATED`); where the values read are wrong, it holds by chance (:data:`BY_CHANCE`), which is seldom for
sums and every other time for comparisons. By Bayes' rule a combination that breaks a rule is then worth

    miscalculated / (1 - miscalculated)  *  chance / (1 - chance)

of one that keeps it. What is not among a field's candidates takes part as one more value of which nothing is known.
A field with ink is never blanked: blanks escape most rules, so an unlikely one would win where a form breaks a rule.
A field's confidence is its value's share of all combinations: a sum that adds up makes its parts surer, and where it
can only add up with the second reading of a doubtful digit, that is the reading.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hcr_scan.document import FieldAlternative
from hcr_scan.forms.knowledge.field_rules import Rule, Value, check_rule, parse_rule
from hcr_scan.forms.knowledge.values import meaning
from hcr_scan.forms.template import Check, TemplateField, ValueKind, ValueType

#: Share of rules that a form breaks although all was read right.
MISCALCULATED = 0.02
#: How often wrong values obey a rule, equations (True) and comparisons (False). Misread digits are near the right ones,
#: so more often than just any numbers would.
BY_CHANCE = {True: 0.1, False: 0.5}

#: So many combinations of values are looked at: the candidates least likely beside their field's best are left out.
MOST_COMBINATIONS = 5_000
ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a field may say, before normalization, first as it was read by itself, and its type. ``""`` is blank."""

    values: tuple[FieldAlternative, ...]
    type: ValueType = field(default_factory=ValueType)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A field's value in the light of the rules, other candidates, and the rules that it breaks with its fellows."""

    value: str
    confidence: float
    alternatives: tuple[FieldAlternative, ...]
    failed: tuple[Check, ...] = ()


def check_checks(checks: Sequence[Check], fields: Sequence[TemplateField]) -> None:
    """Refuse rules that cannot be meant for a form's fields.

    Raises:
        ValueError: with a sentence for people.
    """
    samples = {known.name: _sample(known.knowledge.type) for known in fields}
    for check in checks:
        check_rule(check.rule, samples)


def resolve(checks: Sequence[Check], fields: Mapping[str, Candidates]) -> dict[str, Resolved]:
    """The values of all fields that rules speak of, chosen together.

    Args:
        checks: The form's rules; one that speaks of a field that is not there is left out.
        fields: The candidates of the fields that were read, by name.
    """
    rules = [(check, parse_rule(check.rule)) for check in checks]
    rules = [(check, rule) for check, rule in rules if rule.names <= set(fields)]
    resolved: dict[str, Resolved] = {}
    for group in _connected([rule for _, rule in rules]):
        resolved |= _resolve_group([pair for pair in rules if pair[1].names <= group], group, fields)
    return resolved


def _resolve_group(
    rules: Sequence[tuple[Check, Rule]], group: frozenset[str], fields: Mapping[str, Candidates]
) -> dict[str, Resolved]:
    names = sorted(group)
    candidates = _fewer([_candidates(fields[name]) for name in names])
    worths = [_Worth(rule, names) for _, rule in rules]
    shares: list[dict[str, float]] = [{} for _ in names]
    total, best = 0.0, -1.0
    chosen: tuple[_Candidate, ...] = ()
    for combination in itertools.product(*candidates):
        weight = math.prod(candidate.probability for candidate in combination)
        weight *= math.prod(worth.of(combination) for worth in worths)
        total += weight
        for share, candidate in zip(shares, combination, strict=True):
            if candidate.text is not None:
                share[candidate.text] = share.get(candidate.text, 0.0) + weight
        if weight > best and all(candidate.choosable for candidate in combination):
            best, chosen = weight, combination
    failed = [(check, rule) for (check, rule), worth in zip(rules, worths, strict=True) if worth.fails(chosen)]
    return {
        name: _resolved(
            candidate,
            # What was left out of a field's candidates stays as likely as it was.
            {text: part / total * sum(v.probability for v in values) for text, part in share.items()} if total else {},
            [check for check, rule in failed if name in rule.names],
        )
        for name, candidate, share, values in zip(names, chosen, shares, candidates, strict=True)
    }


def _resolved(candidate: _Candidate, confidences: dict[str, float], failed: Sequence[Check]) -> Resolved:
    value = candidate.text or ""
    others = sorted((-p, text) for text, p in confidences.items() if text != value)[:ALTERNATIVES]
    alternatives = tuple(FieldAlternative(text, min(-p, 1.0)) for p, text in others)
    return Resolved(value, min(confidences.get(value, 0.0), 1.0), alternatives, tuple(failed))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A value, its probability, and what it means in a rule. ``text`` is ``None`` for all that is not known of a field.

    ``known`` is whether a rule can be asked about it, ``choosable`` whether it may become the field's value.
    """

    text: str | None
    probability: float
    value: Value
    known: bool
    choosable: bool


def _candidates(read: Candidates) -> list[_Candidate]:
    found: list[_Candidate] = []
    for alternative in read.values:
        meant = meaning(alternative.value, read.type) if alternative.value else None
        value = Fraction(meant) if isinstance(meant, Decimal) else meant
        known = meant is not None or not alternative.value
        choosable = bool(alternative.value) or not found
        found.append(_Candidate(alternative.value, alternative.confidence, value, known, choosable))
    rest = max(1.0 - sum(candidate.probability for candidate in found), 0.0)
    return [*found, _Candidate(None, rest, None, known=False, choosable=False)]


def _fewer(candidates: list[list[_Candidate]]) -> list[list[_Candidate]]:
    """Not too many combinations of candidates, without those least likely beside the best of their field."""
    result = [list(values) for values in candidates]
    while math.prod(len(values) for values in result) > MOST_COMBINATIONS:
        _, n, k = min(
            (values[k].probability / max(values[0].probability, 1e-300), n, k)
            for n, values in enumerate(result)
            for k in range(1, len(values))
        )
        del result[n][k]
    return result


class _Worth:
    """What combinations of candidates are worth by one rule; it is asked once for the same values of its fields."""

    def __init__(self, rule: Rule, names: Sequence[str]) -> None:
        self._rule = rule
        self._places = [(place, name) for place, name in enumerate(names) if name in rule.names]
        self._known: dict[tuple[str | None, ...], bool | None] = {}
        chance = BY_CHANCE[rule.equates]
        self._broken = MISCALCULATED / (1 - MISCALCULATED) * chance / (1 - chance)
        self._unknown = chance + (1 - chance) * self._broken

    def of(self, combination: Sequence[_Candidate]) -> float:
        holds = self._holds(combination)
        if holds is None:
            return self._unknown
        return 1.0 if holds else self._broken

    def fails(self, combination: Sequence[_Candidate]) -> bool:
        return self._holds(combination) is False

    def _holds(self, combination: Sequence[_Candidate]) -> bool | None:
        key = tuple(combination[place].text for place, _ in self._places)
        if key not in self._known:
            known = all(combination[place].known for place, _ in self._places)
            values = {name: combination[place].value for place, name in self._places}
            self._known[key] = self._rule.holds(values) if known else None
        return self._known[key]


def _connected(rules: Sequence[Rule]) -> Iterator[frozenset[str]]:
    """The fields that rules tie together, in groups."""
    groups: list[frozenset[str]] = []
    for rule in rules:
        touching = [group for group in groups if group & rule.names]
        groups = [group for group in groups if not group & rule.names] + [rule.names.union(*touching)]
    yield from groups


def _sample(type_: ValueType) -> Value:
    """Any value of a type, to see whether a rule can be computed."""
    if type_.kind is ValueKind.DATE:
        return date(2000, 1, 1)
    return Fraction(1) if type_.kind in (ValueKind.INTEGER, ValueKind.DECIMAL) else "text"
