"""Acting as a user who may not read everything, where the tests run as root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534
REACH = 0o011


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Inside, root is nobody, who can still reach ``folder``; other users stay who they are."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    # Only the user changes: root's group still counts.
    closed = [place for place in (folder, *folder.parents) if place.stat().st_mode & REACH != REACH]
    modes = [place.stat().st_mode for place in closed]
    for place, mode in zip(closed, modes, strict=True):
        place.chmod(mode | REACH)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for place, mode in zip(closed, modes, strict=True):
            place.chmod(mode)
