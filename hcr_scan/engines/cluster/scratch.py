"""A folder for the files of a cluster of this machine; it goes with its session, or with the next if it was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

#: Socket names must not be long, so these folders are not where a long TMPDIR says.
PLACE = Path("/tmp")  # noqa: S108 - a folder of its own in it, which nobody else may enter
PREFIX = "hcr-scan-ray-"
LOCK = "lock"


class Scratch:
    """A new folder, held by a lock that ends with this process however it ends; those that nobody holds are removed."""

    def __init__(self, place: Path = PLACE) -> None:
        _remove_left(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        # Locked before it has its name: a lock that is there and free is that of a process which is dead.
        self._lock = os.open(self.path / "new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / "new").rename(self.path / LOCK)

    @property
    def files(self) -> Path:
        """Where the cluster has its files: Ray opens that to all, so it is in a folder that nobody else may enter."""
        return self.path / "ray"

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_left(place: Path) -> None:
    """Remove the folders of this user whose processes are dead."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # others' folders, and those that are going away
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
