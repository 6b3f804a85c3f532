"""Names for drafted fields: numbers in reading order, or what a fillable PDF calls them."""

from __future__ import annotations

import re
import unicodedata


class Names:
    """Gives each field of a form a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def number(self) -> str:
        """``field_001`` and so on."""
        count = sum(name.startswith("field_") for name in self._taken) + 1
        return self._take(f"field_{count:03d}")

    def like(self, text: str) -> str:
        """A name made of a text, such as ``Date of Birth[0]``; a number where it has no letters."""
        last = [part for part in re.split(r"\.", re.sub(r"\[\d+\]", "", text)) if part] or [""]
        plain = unicodedata.normalize("NFKD", last[-1]).encode("ascii", "ignore").decode()
        # DateOfBirth is three words.
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
        name = re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")
        if not name:
            return self.number()
        return self._take(name if name[0].isalpha() else f"field_{name}")

    def _take(self, name: str) -> str:
        unique, count = name, 1
        while unique in self._taken:
            count += 1
            unique = f"{name}_{count}"
        self._taken.add(unique)
        return unique
