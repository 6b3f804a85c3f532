"""A part of the inputs, so that several machines share one run: which documents it holds, and how it is written."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Self

from hcr_scan.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 1) of ``count``. Each document is in exactly one of them, by its path alone."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The shard that is written as ``3/16``.

        Raises:
            UsageError: it is not.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard {text!r} is no part of a whole; write 3/16 for the third of sixteen")
        return cls(int(found[1]), int(found[2]))

    def holds(self, path: str) -> bool:
        """Whether a document is in this part. The same on every machine, since nothing but its path counts."""
        digest = hashlib.sha256(os.fsencode(path)).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
