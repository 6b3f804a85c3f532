"""Rules between fields, such as ``total = adults + children`` or ``from <= until``: parsed, and asked.

A rule compares sums and products of fields, numbers, dates (``2024-12-31``) and texts in quotes with ``=``, ``!=``,
``<``, ``<=``, ``>`` and ``>=``; comparisons may be chained (``a <= b <= c``). Dates differ by days. Nothing is ever
evaluated as Python.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

#: A number, a date or a text in a rule; ``None`` is a blank field.
Value = Fraction | date | str | None

_KINDS: dict[type, str] = {Fraction: "a number", date: "a date", str: "a text"}

_TOKENS = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d{2}-\d{2}(?!\d))|(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<symbol><=|>=|!=|==|[-+*/()=<>]))"
)

_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}


@dataclass(frozen=True, slots=True)
class _Term:
    """A node of a rule's tree: an operator with its terms, or a name, or a constant."""

    operation: str
    terms: tuple[_Term, ...] = ()
    name: str = ""
    value: Value = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name} - {""}).union(*(term.names for term in self.terms))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its comparisons: left side, operator, right side."""

    text: str
    comparisons: tuple[tuple[_Term, str, _Term], ...]

    @property
    def names(self) -> frozenset[str]:
        """The fields it speaks of."""
        return frozenset().union(*(left.names | right.names for left, _, right in self.comparisons))

    @property
    def equates(self) -> bool:
        """Whether it is hard to satisfy by chance."""
        return any(symbol in ("=", "==") for _, symbol, _ in self.comparisons)

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether it is satisfied. A blank counts as 0 in a sum; a side of blanks only is not compared, nor a sum
        with a blank day.

        It is not where its values divide by zero, or lead to a day that no calendar has.

        Raises:
            ValueError: it adds or compares what cannot be, such as a date and a text.
        """
        try:
            return all(self._compare(left, symbol, right, values) for left, symbol, right in self.comparisons)
        except (OverflowError, ZeroDivisionError):
            return False

    def _compare(self, left: _Term, symbol: str, right: _Term, values: Mapping[str, Value]) -> bool:
        for side in (left, right):
            if side.names and all(values[name] is None for name in side.names):
                return True
        try:
            return _COMPARISONS[symbol](*_alike(_value(left, values), _value(right, values), symbol))
        except TypeError as error:
            if any(values[name] is None for name in left.names | right.names):
                return True
            raise ValueError(
                f"the rule {self.text!r} cannot be computed: {error}{_untyped(left.names | right.names, values)}"
            ) from None


def parse_rule(text: str) -> Rule:
    """A rule from its text.

    Raises:
        ValueError: it is none, with a sentence for people.
    """
    return _Parser(text).rule()


def check_rule(text: str, fields: Mapping[str, Value]) -> None:
    """Refuse a rule that is none, names unknown fields, mixes numbers, dates and texts, or leaves the calendar.

    Args:
        text: The rule.
        fields: The form's fields, each with any value of its type: a ``Fraction``, a ``date`` or a ``str``.

    Raises:
        ValueError: with a sentence for people.
    """
    rule = parse_rule(text)
    unknown = sorted(rule.names - set(fields))
    if unknown:
        raise ValueError(
            f"the rule {text!r} speaks of {', '.join(map(repr, unknown))}, which is no field; there are "
            f"{', '.join(sorted(fields))}"
        )
    for left, symbol, right in rule.comparisons:
        try:
            rule._compare(left, symbol, right, fields)
        except OverflowError:
            raise ValueError(
                f"the rule {text!r} leaves the calendar; its days are those of the years 1 to 9999"
            ) from None
        except ZeroDivisionError:
            continue  # by other values it may be divided


def _value(term: _Term, values: Mapping[str, Value]) -> Value:
    if term.operation == "name":
        return values[term.name]
    if term.operation == "constant":
        return term.value
    first, *rest = [_value(part, values) for part in term.terms]
    if not rest:
        return -_number(first)
    return _computed(first, term.operation, rest[0])


def _computed(first: Value, symbol: str, second: Value) -> Value:
    if isinstance(first, date) and symbol in "+-":
        if symbol == "-" and isinstance(second, date):
            return Fraction((first - second).days)
        days = timedelta(days=int(_number(second)))
        return first + days if symbol == "+" else first - days
    if isinstance(second, date) and symbol == "+":
        return _computed(second, symbol, first)
    a, b = _number(first), _number(second)
    if symbol == "+":
        return a + b
    if symbol == "-":
        return a - b
    return a * b if symbol == "*" else a / b


def _number(value: Value) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if value is None:
        return Fraction(0)
    raise TypeError(f"{_KINDS[type(value)]} is no number")


def _untyped(names: Iterable[str], values: Mapping[str, Value]) -> str:
    """What to do about fields that are texts where they should not be."""
    texts = [repr(name) for name in sorted(names) if isinstance(values[name], str)]
    return f'; give {" and ".join(texts)} type = "integer", "decimal" or "date"' if texts else ""


def _alike(left: Value, right: Value, symbol: str) -> tuple[object, object]:
    """Both sides, where they can be compared."""
    kinds = {type(side) for side in (left, right) if side is not None}
    if len(kinds) > 1:
        raise TypeError(f"{_KINDS[type(left)]} and {_KINDS[type(right)]} are of different types")
    if kinds == {str} and symbol not in ("=", "==", "!="):
        raise TypeError("texts are equal or not, but none is greater")
    return left, right


class _Parser:
    """Recursive descent over a rule's tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        at, text_end = 0, len(text.rstrip())
        while at < text_end:
            found = _TOKENS.match(text, at)
            if found is None:
                raise ValueError(f"the rule {text!r} has {text[at:].strip()[0]!r}, which means nothing in a rule")
            self._tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            at = found.end()
        self._at = 0

    def rule(self) -> Rule:
        comparisons = []
        left = self._sum()
        while self._peek() in _COMPARISONS:
            symbol = self._next()[1]
            right = self._sum()
            comparisons.append((left, symbol, right))
            left = right
        if self._at < len(self._tokens):
            raise ValueError(f"the rule {self._text!r} cannot be read from {self._peek()!r} on")
        if not comparisons:
            raise ValueError(f"the rule {self._text!r} compares nothing; write one like total = a + b or from <= until")
        rule = Rule(self._text, tuple(comparisons))
        if not rule.names:
            raise ValueError(f"the rule {self._text!r} names no field")
        return rule

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise ValueError(f"the rule {self._text!r} ends where a field or a number is missing")
        self._at += 1
        return self._tokens[self._at - 1]

    def _sum(self) -> _Term:
        term = self._product()
        while self._peek() in ("+", "-"):
            term = _Term(self._next()[1], (term, self._product()))
        return term

    def _product(self) -> _Term:
        term = self._factor()
        while self._peek() in ("*", "/"):
            term = _Term(self._next()[1], (term, self._factor()))
        return term

    def _factor(self) -> _Term:
        kind, read = self._next()
        if kind == "name":
            return _Term("name", name=read)
        if kind == "number":
            return _Term("constant", value=Fraction(read))
        if kind == "text":
            return _Term("constant", value=read[1:-1])
        if kind == "date":
            return _Term("constant", value=self._date(read))
        if read == "-":
            return _Term("-", (self._factor(),))
        if read == "(":
            inner = self._sum()
            if self._next()[1] != ")":
                raise ValueError(f"the rule {self._text!r} lacks a closing bracket")
            return inner
        raise ValueError(f"the rule {self._text!r} has {read!r} where a field or a number is missing")

    def _date(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"the rule {self._text!r} names {text}, which is no day") from None
