"""A report as a test reads it: well formed, and by its captions."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree


class ReportPage:
    """The report in a file, parsed as strictly as XML: elements that are open, crossed or unescaped are errors."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        self.root = etree.fromstring(self.text.encode("utf-8"), parser)

    def table(self, caption: str) -> dict[str, list[str]]:
        """The rows of the table whose caption begins so: the text of each cell, by that of the first."""
        found = [table for table in self.root.iter("table") if words(table.find("caption")).startswith(caption)]
        assert len(found) == 1, caption
        rows = [[words(cell) for cell in row] for row in found[0].iter("tr")]
        return {row[0]: row[1:] for row in rows}

    def tile(self, name: str) -> str:
        """What the figure of this name says."""
        (found,) = [tile for tile in self.root.iter("div") if tile.get("class") == "tile" and words(tile[0]) == name]
        return words(found[1])

    def section(self, identity: str) -> str:
        """All that a section says."""
        (found,) = [section for section in self.root.iter("section") if section.get("aria-labelledby") == identity]
        return words(found)

    def pictures(self) -> list[etree._Element]:
        return list(self.root.iter("img"))


def words(element: etree._Element | None) -> str:
    """The text in an element, white space as one space."""
    assert element is not None
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()
