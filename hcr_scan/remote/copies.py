"""Documents on their way to workers: those that are addresses are fetched a few ahead, as files of this machine."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from hcr_scan.errors import HcrScanError, OutputError
from hcr_scan.ledger import Remaining
from hcr_scan.remote.fetching import fetch
from hcr_scan.scratch import Scratch
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import SourceError

#: Documents fetched at a time.
AHEAD = 8
#: Bytes of copies from which on no fetch is begun; those that were then begun may add as much as documents may have.
ROOM = 1 << 30
#: A fetch may take so many seconds, and a second more for so many bytes.
SECONDS, BYTES_A_SECOND = 120.0, 100_000

#: What the names of folders for copies begin with.
PREFIX = "hcr-scan-copies-"

Document = str | Remaining


class Copies(Iterator[Document]):
    """Gives the documents that an iterator gives; of those that are addresses there is a copy by then, or a failure.

    A context manager; the copies are gone with it.

    Args:
        documents: In order.
        limit: Bytes a document may have.
        followed: Whether an address may be fetched.
        ahead: How many fetches are under way at a time; 1 where the next document may have to be waited for.
        room: See :data:`ROOM`.
        elsewhere: Whether others fetch the documents, so that there is no copy here.
    """

    def __init__(
        self,
        documents: Iterator[Document],
        limit: int,
        followed: Callable[[str], bool],
        ahead: int = AHEAD,
        room: int = ROOM,
        elsewhere: bool = False,
    ) -> None:
        self._documents = documents
        self._limit, self._followed, self._ahead, self._room = limit, followed, ahead, room
        self._elsewhere = elsewhere
        self._scratch: Scratch | None = None
        self._waiting: deque[tuple[Document, _Fetch | None]] = deque()
        self._given: dict[str, _Fetch] = {}
        self._number = 0
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> Document:
        while not self._ended and len(self._waiting) < self._ahead and (self._has_room() or not self._waiting):
            document = next(self._documents, None)
            if document is None:
                self._ended = True
            else:
                self._waiting.append((document, self._begun(document)))
        if not self._waiting:
            raise StopIteration
        document, fetch_ = self._waiting[0]
        if fetch_ is not None:
            fetch_.wait()
            self._given[_name(document)] = fetch_
        self._waiting.popleft()
        return document

    @property
    def left(self) -> bool:
        """Whether there may be more."""
        return bool(self._waiting) or not self._ended

    def going_on(self) -> bool:
        """Whether the next document may be asked for before those given are done with."""
        return bool(self._waiting) or not self._given or self._has_room()

    def of(self, name: str) -> str | SourceError | None:
        """Where the copy of a document is that was given, or why there is none; ``None`` where none is needed."""
        fetch_ = self._given.get(name)
        return None if fetch_ is None else fetch_.found

    def done_before(self, name: str) -> None:
        """All documents that were given before this one are done with."""
        while self._given and name in self._given and next(iter(self._given)) != name:
            self._given.pop(next(iter(self._given))).discard()

    def done(self) -> None:
        """All documents that were given are done with."""
        while self._given:
            self._given.popitem()[1].discard()

    def close(self) -> None:
        """Leave no copy; what is still on its way comes to nothing."""
        self.done()
        for _, fetch_ in self._waiting:
            if fetch_ is not None:
                fetch_.discard()
        self._waiting.clear()
        if self._scratch is not None:
            self._scratch.close()

    def _begun(self, document: Document) -> _Fetch | None:
        name = _name(document)
        if not is_remote(name):
            return None
        if not self._followed(name):
            return _Fetch.refused(name)
        if self._elsewhere:
            return None
        self._scratch = self._scratch or _folder()
        self._number += 1
        return _Fetch.begun(name, self._limit, self._scratch.path / f"{self._number}")

    def _has_room(self) -> bool:
        fetches = [*self._given.values(), *(fetch_ for _, fetch_ in self._waiting if fetch_ is not None)]
        return sum(fetch_.size for fetch_ in fetches) < self._room


class LastCopy:
    """The copy of the document that was asked for last, for who is asked for its pages one by one."""

    def __init__(self) -> None:
        self._scratch: Scratch | None = None
        self._last: _Fetch | None = None
        self._number = 0

    def of(self, name: str, limit: int) -> str | SourceError:
        """Where the copy of a document is, until another is asked for, or why there is none.

        Raises:
            HcrScanError: what keeps all documents from being fetched.
        """
        if self._last is None or self._last.name != name or self._last.failure is not None:
            if self._last is not None:
                self._last.discard()
            self._scratch = self._scratch or _folder()
            # A file of its own: one that was given up may still be on its way.
            self._number += 1
            self._last = _Fetch.begun(name, limit, self._scratch.path / f"{self._number}")
            self._last.wait()
        return self._last.found

    def close(self) -> None:
        """Leave no copy."""
        if self._scratch is not None:
            self._scratch.close()


def _folder() -> Scratch:
    try:
        return Scratch(PREFIX)
    except OSError as error:
        raise OutputError(
            f"no folder for copies of what is read can be made ({error}); name another by TMPDIR"
        ) from error


class _Fetch:
    """A document on its way, or here, or not to be had."""

    def __init__(self, name: str, place: Path | None, failure: SourceError | None = None) -> None:
        self.name, self.place, self.failure = name, place, failure
        #: Bytes it takes, as far as known.
        self.size = 0
        self._stop: HcrScanError | None = None
        self._discarded = False
        self._ended = threading.Event()

    @classmethod
    def refused(cls, name: str) -> _Fetch:
        """One that is not followed."""
        message = (
            "is an address, and those that are found in lists are not followed; name it, or what it is in, on the "
            "command line, or add --follow-links"
        )
        fetch_ = cls(name, None, SourceError("symlink", message))
        fetch_._ended.set()
        return fetch_

    @classmethod
    def begun(cls, name: str, limit: int, place: Path) -> _Fetch:
        """One that is under way from now on."""
        fetch_ = cls(name, place)
        # A thread that hangs is left behind, and does not keep the program from ending.
        threading.Thread(target=fetch_._run, args=(limit, place), name=f"fetch {name}", daemon=True).start()
        return fetch_

    @property
    def found(self) -> str | SourceError:
        """What came of it: where the copy is, or why there is none."""
        return self.failure or str(self.place)

    def wait(self) -> None:
        """Return when it has ended, or taken too long.

        Raises:
            HcrScanError: what keeps all documents from being fetched.
        """
        waited = 0.0
        while not self._ended.wait(1.0):
            waited += 1.0
            if waited > SECONDS + self.size / BYTES_A_SECOND:
                message = f"took longer than {waited:.0f} s to fetch; check the network and try again"
                self.failure = SourceError("timeout", message)
                break
        if self._stop is not None:
            raise self._stop
        if self.failure is not None:
            self._remove()

    def discard(self) -> None:
        """Take the copy away, also one that is not complete yet."""
        self._discarded = True
        self._remove()

    def _run(self, limit: int, place: Path) -> None:
        try:
            fetch(self.name, limit, place, self._expect)
        except SourceError as failure:
            self.failure = self.failure or failure
        except HcrScanError as error:
            self._stop = error
        except BaseException as error:
            self.failure = SourceError(
                "unreadable", f"cannot be fetched ({error!r}); try again, and report it if that is no help"
            )
        finally:
            self._ended.set()
            if self._discarded or self.failure is not None:
                self._remove()

    def _expect(self, size: int) -> None:
        if self._discarded or self.failure is not None:
            raise SourceError("unreadable", "nobody waits for it any more")
        self.size = max(size, self.size)

    def _remove(self) -> None:
        self.size = 0
        if self.place is not None:
            with contextlib.suppress(OSError):
                self.place.unlink(missing_ok=True)


def _name(document: Document) -> str:
    if isinstance(document, str):
        return document
    return document.refs[0].path if document.refs else ""
