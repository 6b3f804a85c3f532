"""A folder into which scans are put, by a scanner or by people, and from which they are taken when they are complete.

Files move through folders inside of it, each move a rename, so that at any moment a file is in one place:

    in/scan.pdf  ->  in/reading/BATCH/scan.pdf  ->  in/done/BATCH/scan.pdf  or  in/failed/BATCH/scan.pdf

A scanner that begins again at ``scan0001.pdf`` each morning overwrites nothing: every batch has a folder of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self

from hcr_scan.errors import InputError, JournalError, OutputError
from hcr_scan.sources.discovery import find_arrivals

READING, DONE, FAILED = "reading", "done", "failed"
LOCK = ".hcr-scan-watch"

#: What a file looks like from outside; while it is written to, this changes.
_Looks = tuple[int, int, int]


class WatchedFolder:
    """One such folder. A context manager: inside it no other process takes files from the folder.

    Args:
        inbox: The folder.
        settle: Seconds for which a file must not have changed before it is taken for complete.
        clock: Seconds from anywhere, never backwards.

    Raises:
        InputError: there is no such folder.
    """

    def __init__(self, inbox: str, settle: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.inbox = Path(inbox)
        if not self.inbox.is_dir():
            raise InputError(f"{inbox} is not a folder; create it, or name another for watch to look into")
        self._settle = settle
        self._clock = clock
        self._waiting: dict[str, tuple[_Looks, float]] = {}
        self._lock = -1

    def __enter__(self) -> Self:
        """Take hold of the folder.

        Raises:
            JournalError: another process holds it.
            OutputError: it may not be written to.
        """
        path = self.inbox / LOCK
        try:
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise JournalError(
                f"another hcr-scan watches {self.inbox}; end that one, or watch another folder"
            ) from error
        except OSError as error:
            raise OutputError(_unwritable(path, self.inbox, error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    @property
    def waiting(self) -> bool:
        """Whether files were there when it was looked last that are not taken yet."""
        return bool(self._waiting)

    def arrived(self) -> list[str]:
        """Files that are complete: nothing about them has changed for a while. To be asked again and again."""
        now = self._clock()
        found: dict[str, tuple[_Looks, float]] = {}
        complete = []
        for path in find_arrivals(str(self.inbox), (READING, DONE, FAILED)):
            looks = _looks(path)
            if looks is None:
                continue
            before, since = self._waiting.get(path, (None, now))
            found[path] = (looks, since if looks == before else now)
            if now - found[path][1] >= self._settle:
                complete.append(path)
        self._waiting = found
        return complete

    def new_batch(self, now: datetime) -> str:
        """A name for a batch that was not there before; names sort by time, and begin with the day."""
        name = f"{now:%Y-%m-%dT%H%M%S}"
        names = itertools.chain((name,), (f"{name}-{number}" for number in itertools.count(2)))
        places = [self.inbox / folder for folder in (READING, DONE, FAILED)]
        return next(name for name in names if not any((place / name).exists() for place in places))

    def take(self, paths: list[str], batch: str) -> Path | None:
        """Move files where nobody writes to them any more; gives the folder, or ``None`` where all have gone.

        Raises:
            OutputError: the folder may not be written to.
        """
        folder = self.inbox / READING / batch
        taken = [self._moved(Path(path), folder / Path(path).relative_to(self.inbox)) for path in paths]
        for path in paths:
            self._waiting.pop(path, None)
        return folder if any(taken) else None

    def unfinished(self) -> list[str]:
        """Batches that were taken and not put away, oldest first: an earlier run ended amid them."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in os.scandir(self.inbox / READING) if entry.is_dir())
        return []

    def folder_of(self, batch: str) -> Path:
        """Where the files of a batch are while they are read."""
        return self.inbox / READING / batch

    def put_away(self, path: str, *, failed: bool) -> str:
        """Move a file that was read to where it stays; gives its place, also if it was moved there before.

        Raises:
            OutputError: it cannot be moved.
        """
        within = Path(path).relative_to(self.inbox / READING)
        place = self.inbox / (FAILED if failed else DONE) / within
        self._moved(Path(path), place)
        return str(place)

    def clear(self, batch: str) -> None:
        """Take away the emptied folders of a batch; a folder that still holds something stays."""
        for folder, _, _ in os.walk(self.folder_of(batch), topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()

    def _moved(self, path: Path, place: Path) -> bool:
        """Move a file within the inbox; ``False`` where it is not there (any more)."""
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise OutputError(_unwritable(place, self.inbox, error)) from error
        return True


def _unwritable(path: Path, inbox: Path, error: OSError) -> str:
    return (
        f"{path} cannot be written ({error.strerror}); watch moves files within {inbox}, so it must be able to "
        "write to that folder and all that is in it"
    )


def _looks(path: str) -> _Looks | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino
