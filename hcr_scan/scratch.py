"""A private folder for a while; it goes with its process, or with the next one if that was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import weakref
from pathlib import Path

LOCK = "lock"


class Scratch:
    """A new folder, held by a lock that ends with this process however it ends; those that nobody holds are removed.

    Args:
        prefix: What its name begins with; only folders of such names are taken for what others left.
        place: Where it is, if not in the folder for temporary files (``TMPDIR``).

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, prefix: str, place: Path | None = None) -> None:
        place = place or Path(tempfile.gettempdir())
        _remove_left(place, prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        # Locked before it has its name: a lock that is there and free is that of a process which is dead.
        lock = os.open(self.path / "new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (self.path / "new").rename(self.path / LOCK)
        #: Removes the folder with all that is in it; called at the end of the interpreter too.
        self.close = weakref.finalize(self, _close, self.path, lock)


def _close(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)


def _remove_left(place: Path, prefix: str) -> None:
    """Remove the folders of this user whose processes are dead."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # others' folders, and those that are going away
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
