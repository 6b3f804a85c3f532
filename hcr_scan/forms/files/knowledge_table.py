"""What may stand in a field, from its table in a template file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hcr_scan.errors import UsageError
from hcr_scan.forms.files.toml_table import Problems, Table, quoted
from hcr_scan.forms.knowledge.languages import check_knowledge, check_mask, check_pattern, check_type
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType
from hcr_scan.settings import NAMED_CHARSETS, parse_charset

KNOWLEDGE_KEYS = ("charset", "mask", "pattern", "lexicon", "closed_lexicon", "type")
_TYPE_KEYS = ("kind", "formats", "least", "most", "decimals", "system")
MOST_DECIMALS = 12


@dataclass
class Files:
    """The files that a template names, and their bytes for its hash, in the order they were read."""

    folder: Path
    contents: list[bytes] = field(default_factory=list)

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a list: UTF-8, one a line; what follows a ``#`` at the start of a line is a comment.

        Raises:
            ValueError: it cannot be read or has no words.
        """
        path = self.folder / name
        try:
            data = path.read_bytes()
            text = data.decode("utf-8-sig")
        except OSError as error:
            raise ValueError(f"{path} cannot be read ({error.strerror}); check the name and its permissions") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8; save it as UTF-8") from error
        self.contents.append(data)
        lines = (line.strip() for line in text.splitlines())
        words = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
        if not words:
            raise ValueError(f"{path} has no words; write one a line")
        return words


def read_knowledge(table: Table, files: Files, problems: Problems) -> Knowledge:
    """What a field's table says of its values; of keys that cannot be meant a complaint is added."""
    before = len(problems.found)
    lexicon = problems.attempt(lambda: _lexicon(table, files))
    knowledge = Knowledge(
        problems.attempt(lambda: _charset(table)),
        problems.attempt(lambda: _language(table, "mask", check_mask)),
        problems.attempt(lambda: _language(table, "pattern", check_pattern)),
        lexicon or (),
        problems.attempt(lambda: _closed(table)) or False,
        problems.attempt(lambda: _type(table)) or ValueType(),
    )
    if len(problems.found) == before:
        problems.attempt(lambda: _check_together(table, knowledge))
    return knowledge


def _check_together(table: Table, knowledge: Knowledge) -> None:
    """Complain about what cannot be so at once."""
    given = [key for key in KNOWLEDGE_KEYS if key in table] or ["kind"]
    # Fields that name no characters have those of the run, which are not known yet: all are allowed.
    _checked(table, given[-1], lambda: check_knowledge(knowledge, NAMED_CHARSETS["text"]))


def _checked(table: Table, key: str, check: Callable[[], None]) -> None:
    try:
        check()
    except ValueError as error:
        raise table.problem(key, str(error)) from error


def _language(table: Table, key: str, check: Callable[[str], None]) -> str | None:
    """A mask or a pattern that can be meant."""
    text = table.optional_text(key)
    if text is None:
        return None
    if not text:
        raise table.problem(key, "is empty, so nothing could be written; leave it out or say what may stand there")
    _checked(table, key, lambda: check(text))
    return text


def _closed(table: Table) -> bool:
    closed = table.flag("closed_lexicon")
    if closed and "lexicon" not in table:
        raise table.problem("closed_lexicon", "there is no lexicon to be closed; add lexicon = [...] or take this out")
    return closed


def _charset(table: Table) -> str | None:
    text = table.optional_text("charset")
    if text is None:
        return None
    try:
        return parse_charset(text)
    except UsageError as error:
        raise table.problem("charset", str(error).removeprefix("--charset ")) from None


def _lexicon(table: Table, files: Files) -> tuple[str, ...]:
    if "lexicon" not in table:
        return ()
    if isinstance(table.value("lexicon"), str):
        try:
            return files.words(table.text("lexicon"))
        except ValueError as error:
            raise table.problem("lexicon", str(error)) from error
    words = table.texts("lexicon")
    if not words or not all(word.strip() for word in words):
        raise table.problem("lexicon", "must name a file of words or be a list of words that are not empty")
    return tuple(dict.fromkeys(words))


def _type(table: Table) -> ValueType:
    type_ = _type_named(table)
    _checked(table, "type", lambda: check_type(type_))
    return type_


def _type_named(table: Table) -> ValueType:
    value = table.value("type")
    if value is None:
        return ValueType()
    if isinstance(value, str):
        return ValueType(table.choice("type", ValueKind))
    inner = Table(value, table.at("type"), _TYPE_KEYS)
    return ValueType(
        inner.choice("kind", ValueKind),
        inner.texts("formats"),
        _bound(inner, "least"),
        _bound(inner, "most"),
        inner.whole("decimals", 0, MOST_DECIMALS),
        inner.optional_text("system"),
    )


def _bound(table: Table, key: str) -> str | None:
    """A bound as text, however it is written: a date, a number, or either in quotes."""
    value = table.value(key)
    if value is None or isinstance(value, str):
        return value
    if type(value) in (int, float, dt.date):
        return str(value)
    raise table.problem(key, f"must be a number or a date, not {quoted(value)}")
