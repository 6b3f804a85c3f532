"""What the page may send: each value checked before anything is done with it. Nothing in it is ever a file's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from starlette.requests import Request

from hcr_scan.document import Status, Verdict
from hcr_scan.review.items import Filter, State
from hcr_scan.review.tables import SETTLING

#: Bytes of what is sent at a time; a grid of glyphs takes 2,000.
LARGEST_BODY = 64 << 10
#: Characters of a value, and of a name.
LONGEST_VALUE, LONGEST_NAME = 2_000, 100
#: Items, or glyphs, that are given at a time.
MOST_GIVEN = 100
#: The largest number that SQLite takes for one.
LARGEST_NUMBER = (1 << 63) - 1

Choice = TypeVar("Choice", bound=StrEnum)


class BadRequest(Exception):
    """Something was sent that our page never sends."""


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What a person says of an item; ``nevertheless`` they were told which rules the value breaks."""

    item: int
    pass_: int
    reviewer: str
    verdict: Verdict
    value: str
    nevertheless: bool = False


@dataclass(frozen=True, slots=True)
class GlyphsRequest:
    """What a person says of glyphs: item, number of the glyph, its character."""

    pass_: int
    reviewer: str
    glyphs: list[tuple[int, int, str]]


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        BadRequest: it is none, or too large.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("only JSON is taken")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise BadRequest("too much was sent")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest("what was sent is no JSON") from error
    if not isinstance(values, dict):
        raise BadRequest("what was sent is no object")
    return values


def decision_of(values: Mapping[str, Any]) -> DecisionRequest:
    """A decision, checked."""
    verdict = choice_of(Verdict, values.get("verdict"))
    if verdict is None:
        raise BadRequest("the verdict is missing")
    return DecisionRequest(
        number_of(values.get("item")),
        pass_of(values.get("pass")),
        text_of(values.get("reviewer"), LONGEST_NAME),
        verdict,
        lines_of(values.get("value")),
        values.get("nevertheless") is True,
    )


def glyphs_of(values: Mapping[str, Any]) -> GlyphsRequest:
    """Decisions on glyphs, checked."""
    given = values.get("glyphs")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_GIVEN:
        raise BadRequest("the glyphs are missing, or too many")
    glyphs = []
    for entry in given:
        if not isinstance(entry, list) or len(entry) != 3:
            raise BadRequest("a glyph is an item, a number and a character")
        text = text_of(entry[2], 2)
        if len(text) > 1:
            raise BadRequest("a glyph is one character")
        glyphs.append((number_of(entry[0]), number_of(entry[1]), text))
    return GlyphsRequest(pass_of(values.get("pass")), text_of(values.get("reviewer"), LONGEST_NAME), glyphs)


def filter_of(query: Mapping[str, str], paths: Mapping[str, str]) -> Filter:
    """Which items are asked for; ``paths`` are the files by the keys that the page knows them by."""
    path = query.get("path")
    if path is not None and path not in paths:
        raise BadRequest("there is no such file here; choose one from the list")
    return Filter(
        state=choice_of(State, query.get("state")) or State.OPEN,
        name=None if "name" not in query else text_of(query["name"], LONGEST_VALUE),
        path=None if path is None else paths[path],
        kind=None if "kind" not in query else text_of(query["kind"], LONGEST_NAME),
        status=choice_of(Status, query.get("status")),
        text=None if "text" not in query else text_of(query["text"], LONGEST_NAME),
    )


def choice_of(kind: type[Choice], value: object) -> Choice | None:
    """One of an enumeration; ``None`` where nothing is said."""
    if value is None:
        return None
    found = next((choice for choice in kind if choice.value == value), None)
    if found is None:
        raise BadRequest(f"there is no such {kind.__name__.lower()}")
    return found


def pass_of(value: object) -> int:
    """Which pass: 1, 2, or the one that settles differences."""
    number = number_of(1 if value is None else value)
    if number not in (1, 2, SETTLING):
        raise BadRequest("there is no such pass")
    return number


def number_of(value: object) -> int:
    """A whole number that is not negative, also where it was sent as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
        raise BadRequest("that is no number of ours")
    return value


def lines_of(value: object) -> str:
    """The value of a field, which may have several lines."""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise BadRequest("the value is missing, or too long")
    return "\n".join(text_of(line, LONGEST_VALUE) for line in value.splitlines()).strip("\n")


def text_of(value: object, longest: int) -> str:
    """One line of text without control characters."""
    if not isinstance(value, str) or len(value) > longest:
        raise BadRequest("a text is missing, or too long")
    # Lone surrogates can be neither stored nor written.
    text = value.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in text).strip()
