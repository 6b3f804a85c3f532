"""XML and XHTML as text, everything in it escaped.

XML 1.0 has no place for most control characters, lone surrogates, U+FFFE and U+FFFF: each becomes U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A parser would make a line feed of a bare carriage return, and in attributes a space of all three.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)

Attributes = Mapping[str, object]


def possible(text: str) -> str:
    """The text with a U+FFFD for each character that XML cannot hold."""
    return _IMPOSSIBLE.sub(REPLACEMENT, text)


def escaped(text: str) -> str:
    """Text as the content of an element."""
    return possible(text).translate(_IN_TEXT)


def leaf(name: str, attributes: Attributes | None = None, text: str = "") -> str:
    """An element with nothing in it but text. Attributes that are ``None`` are left out."""
    start = f"{name}{_attributes(attributes or {})}"
    return f"<{start}>{escaped(text)}</{name}>" if text else f"<{start}/>"


def branch(name: str, attributes: Attributes, children: Iterable[str]) -> str:
    """An element with others in it, which are markup already, each on a line of its own."""
    content = "\n".join(children)
    start = f"{name}{_attributes(attributes)}"
    return f"<{start}>\n{content}\n</{name}>" if content else f"<{start}/>"


def opening(name: str, attributes: Attributes | None = None) -> str:
    """The start tag alone."""
    return f"<{name}{_attributes(attributes or {})}>"


def _attributes(attributes: Attributes) -> str:
    return "".join(
        f' {name}="{possible(str(value)).translate(_IN_ATTRIBUTES)}"'
        for name, value in attributes.items()
        if value is not None
    )
