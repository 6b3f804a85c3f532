"""Values of a TOML file, taken out with the name of their key in every complaint."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


class Problem(ValueError):
    """What is wrong with a file, at which key, and what to do about it."""


class Table:
    """A table of a TOML file that may have certain keys and no others.

    Args:
        values: the table as :mod:`tomllib` gives it.
        path: its key in the file, such as ``pages[0].fields[3]``; empty for the file itself.
        known: the keys it may have.
        label: a name by which people know it, added to the key.

    Raises:
        Problem: it is no table, or has a key that is not known.
    """

    def __init__(self, values: object, path: str, known: Sequence[str], label: str = "") -> None:
        if not isinstance(values, Mapping):
            raise Problem(f"{path}: must be a table, not {_kind(values)}")
        self._values: Mapping[str, Any] = values
        self._path = path
        self._label = f" ({label})" if label else ""
        for key in values:
            if key not in known:
                raise self.problem(key, f"this key is not known{suggestion(key, known)}")

    def problem(self, key: str, sentence: str) -> Problem:
        """A complaint about one of the table's keys."""
        return Problem(f"{self.at(key)}{self._label}: {sentence}")

    def at(self, key: str) -> str:
        """The full name of a key, such as ``pages[0].fields[3].box``."""
        return f"{self._path}.{key}" if self._path else key

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> Any:
        """Whatever stands under a key; ``None`` if there is nothing."""
        return self._values.get(key)

    def required(self, key: str, example: str) -> Any:
        """What stands under a key that must be there."""
        if key not in self._values:
            raise self.problem(key, f"this key is missing; write for example {key} = {example}")
        return self._values[key]

    def text(self, key: str, default: str = "") -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self.problem(key, f"must be a text in quotes, not {_kind(value)}")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._values else None

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.problem(key, f"must be true or false, not {_kind(value)}")
        return value

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds; ``None`` if there is none."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.problem(key, f"must be a whole number from {least} to {most:,}, not {quoted(value)}")
        return value

    def share(self, key: str) -> float | None:
        """A number from 0 to 1; ``None`` if there is none."""
        value = self._values.get(key)
        if value is None:
            return None
        if not is_number(value) or not 0 <= value <= 1:
            raise self.problem(key, f"must be a number from 0 to 1, not {quoted(value)}")
        return float(value)

    def choice(self, key: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """One of the values of an enumeration; it must be there unless there is a default."""
        if key not in self._values and default is not None:
            return default
        names = [choice.value for choice in choices]
        value = self.required(key, f'"{names[0]}"')
        if value not in names:
            raise self.problem(key, f"{quoted(value)} is none of {', '.join(names)}{suggestion(value, names)}")
        return choices(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if there is none."""
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.problem(key, f'must be a list of texts like ["one", "two"], not {quoted(value)}')
        return tuple(value)

    def items(self, key: str, example: str) -> list[Any]:
        """A list; empty if there is none."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self.problem(key, f"must be a list like {example}, not {_kind(value)}")
        return value


class Problems:
    """Collects complaints, so that a person can mend them all at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def attempt(self, read: Callable[[], Value]) -> Value | None:
        """What a function returns, or ``None`` where it complains."""
        try:
            return read()
        except Problem as problem:
            self.add(problem)
            return None

    def each(self, read: Callable[[Any, int], Value], items: Sequence[Any]) -> tuple[Value, ...]:
        """What a function makes of each item and its index, those left out that it complains of."""
        found: list[Value] = []
        for index, item in enumerate(items):
            try:
                found.append(read(item, index))
            except Problem as problem:
                self.add(problem)
        return tuple(found)

    def add(self, problem: Problem) -> None:
        self.found.append(str(problem))


def is_number(value: object) -> bool:
    """Whether a value of a TOML file is a number that can be reckoned with."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


def suggestion(word: object, words: Iterable[str]) -> str:
    """``; did you mean ...?`` for a word that is much like one of the words, else a list of them."""
    words = list(words)
    close = difflib.get_close_matches(str(word), words, 1)
    return f"; did you mean {close[0]}?" if close else f"; use one of {', '.join(words)}"


def quoted(value: object) -> str:
    """A value of a TOML file as it may be shown in a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
