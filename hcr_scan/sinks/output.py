"""Files that appear whole or not at all, and standard output that holds data only."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hcr_scan.errors import OutputError, UsageError
from hcr_scan.remote.uploads import ObjectOutput
from hcr_scan.sinks.formats import STDOUT
from hcr_scan.sinks.targets import is_address
from hcr_scan.sources.addresses import is_remote

#: What SQLite files begin with, and the logs of what is to go into them.
_SQLITE = b"SQLite format 3\0"
_SQLITE_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


class OutputFile:
    """Bytes on their way to a file: a temporary file beside it, synced and moved into place by :meth:`commit`.

    What stood under the name is replaced then and not before, so a run that fails at once leaves it alone. Devices and
    pipes are written directly.

    Raises:
        OutputError: the file cannot be created there.
        UsageError: what stands there is a database.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        # Through a symbolic link, as a shell's `>` would.
        self._path = Path(os.path.realpath(target))
        self._temporary: Path | None = None
        with output_errors(target):
            self.stream = self._open()

    def commit(self) -> None:
        """Move what was written into place, safe from a power cut."""
        with output_errors(self.target):
            self.stream.flush()
            if self._temporary is None:
                self.stream.close()
                return
            os.fsync(self.stream.fileno())
            self.stream.close()
            self._temporary.replace(self._path)
            self._temporary = None
            _sync_folder(self._path.parent)

    def discard(self) -> None:
        """Leave no trace."""
        with contextlib.suppress(OSError):
            self.stream.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _open(self) -> BinaryIO:
        mode = None
        with contextlib.suppress(FileNotFoundError):
            found = self._path.stat().st_mode
            if stat.S_ISDIR(found):
                raise OutputError(f"--out {self.target} is a folder; name a file in it, such as results.csv")
            if not stat.S_ISREG(found):
                return self._path.open("wb")
            refuse_kept(self._path, self.target)
            mode = stat.S_IMODE(found)
        temporary = self._path.with_name(f".{self._path.name[:200]}.{secrets.token_hex(6)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        self._temporary = temporary
        if mode is not None:
            # The umask is for new files. Some file systems know no modes.
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, mode)
        return os.fdopen(descriptor, "wb")


class StandardOutput:
    """Standard output, kept for data: whatever a library prints meanwhile goes to standard error."""

    target = STDOUT

    def __init__(self) -> None:
        self._restore: tuple[int, int] | None = None
        if sys.stdout is None:
            raise OutputError("standard output is closed; open it, or name a file with --out")
        sys.stdout.flush()
        try:
            number = sys.stdout.fileno()
        except (OSError, ValueError, AttributeError):
            # Replaced by something that is no file, as test runners do.
            self.stream: BinaryIO = sys.stdout.buffer
            return
        data = os.dup(number)
        os.dup2(sys.stderr.fileno(), number)
        self._restore = (number, data)
        self.stream = os.fdopen(os.dup(data), "wb")

    def commit(self) -> None:
        try:
            with output_errors("standard output"):
                self.stream.flush()
        finally:
            self._close()

    def discard(self) -> None:
        """Stop writing; what was written is with its reader already."""
        self._close()

    def _close(self) -> None:
        if self._restore is None:
            return
        number, data = self._restore
        self._restore = None
        with contextlib.suppress(OSError):
            self.stream.close()
        os.dup2(data, number)
        os.close(data)


Output = OutputFile | StandardOutput | ObjectOutput


def open_output(target: str) -> Output:
    """The file or object to write to; ``-`` is standard output."""
    if is_remote(target):
        return ObjectOutput(target)
    return StandardOutput() if target == STDOUT else OutputFile(target)


def refuse_kept(path: Path, target: str) -> None:
    """See that a file to be replaced is no SQLite database, as journals and reviews are, nor the log of one.

    Any such database is refused, and not those of hcr-scan alone: its mark may not be in the file itself yet.

    Raises:
        UsageError: it is one.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(len(_SQLITE))
    if head == _SQLITE or head.startswith(_SQLITE_LOGS):
        raise UsageError(
            f"{target} is a database, such as a journal or a review, which would be lost; name another output"
        )


def is_lasting(target: str) -> bool:
    """Whether what is written there stays: a file, a folder of files, an address; no stream, device or pipe."""
    if target == STDOUT or is_address(target):
        return target != STDOUT
    path = os.path.realpath(target)
    return os.path.isfile(path) or os.path.isdir(path) or not os.path.lexists(path)  # noqa: PTH112, PTH113


def discard_leftovers(target: str) -> None:
    """Remove what runs that were killed left of this output. No other may be writing it now."""
    path = Path(os.path.realpath(target))
    if path.is_dir():
        folder, stem = path, r"\..+\."
    else:
        folder, stem = path.parent, re.escape(f".{path.name[:200]}.")
    name = re.compile(stem + r"[0-9a-f]{12}\.tmp", re.DOTALL)
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if name.fullmatch(entry.name):
                os.unlink(entry.path)  # noqa: PTH108 - any bytes in its name


def write_output(target: str, data: bytes) -> None:
    """Write a whole file, or to standard output; what stood there before stays if that fails.

    Raises:
        OutputError: it cannot be written.
    """
    output = open_output(target)
    try:
        with output_errors(target):
            output.stream.write(data)
        output.commit()
    finally:
        output.discard()


@contextlib.contextmanager
def output_errors(target: str) -> Iterator[None]:
    """Turn what the system says against writing into an :class:`OutputError` with advice.

    A closed pipe is passed on as it is: the reader wanted no more.
    """
    target = "standard output" if target == STDOUT else target
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        raise OutputError(f"{target} cannot be written: its folder does not exist; create it first") from error
    except OSError as error:
        forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        advice = "let this user write there" if forbidden else "free space"
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}; {advice} or name another file"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where the system lets folders be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
