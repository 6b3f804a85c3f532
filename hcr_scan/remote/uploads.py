"""Outputs into an object store: made on this machine, and put there whole when they are complete."""

from __future__ import annotations

import contextlib
from typing import BinaryIO

from hcr_scan.errors import InputError, OutputError, UsageError
from hcr_scan.remote.listing import find_objects, is_object
from hcr_scan.remote.stores import Trouble, asked, store_of
from hcr_scan.scratch import Scratch
from hcr_scan.sources.addresses import is_s3, is_web
from hcr_scan.sources.pages import SourceError, printable

#: Parts of a large output, in bytes, and how many are on their way at a time: what s3fs takes else is half a gigabyte.
PART, PARTS = 16 << 20, 4


class ObjectOutput:
    """Bytes on their way to an object: a file here, put in its place by :meth:`commit`.

    A store shows an object when all of it is there, so what stood there before is replaced then, or not at all.

    Raises:
        OutputError: there is no room here.
        UsageError: it is an address that cannot be written to.
    """

    def __init__(self, target: str) -> None:
        refuse_web(target)
        self.target = target
        try:
            self._scratch = Scratch("hcr-scan-output-")
            # Some stores tell the kind of an object by the name of the file it was.
            self._path = self._scratch.path / f"output{_suffix(target)}"
            self.stream: BinaryIO = self._path.open("wb")
        except OSError as error:
            raise OutputError(f"{target} cannot be prepared in the folder for temporary files: {error}") from error

    def commit(self) -> None:
        """Put it there.

        Raises:
            OutputError: the store does not take it.
        """
        self.stream.close()
        store, path = store_of(self.target)
        options = {"chunksize": PART, "max_concurrency": PARTS} if is_s3(self.target) else {}
        try:
            asked(lambda: store.put_file(str(self._path), path, **options))
        except SourceError as error:
            raise OutputError(
                f"{printable(self.target)} {error.message}. Nothing is lost: go on with --resume, or use export"
            ) from error
        self.discard()

    def discard(self) -> None:
        """Leave no trace."""
        with contextlib.suppress(OSError):
            self.stream.close()
        self._scratch.close()


def stands(target: str) -> bool:
    """Whether there is an object by this address, or anything in the folder where it ends in a slash.

    Raises:
        OutputError: the store cannot be reached.
        UsageError: it is an address that cannot be written to.
        MissingDependency: what the store needs is not installed.
    """
    refuse_web(target)
    store, path = store_of(target)
    try:
        if target.endswith("/"):
            return next(find_objects(target), None) is not None
        return is_object(store, path)
    except InputError as error:
        raise OutputError(str(error)) from error
    except SourceError as error:
        if isinstance(error, Trouble) and error.final:
            return False  # who may only write is not told what is there
        raise OutputError(f"{printable(target)} {error.message}") from error


def refuse_web(target: str) -> None:
    """See that an address is one of those that can be written to.

    Raises:
        UsageError: it is not.
    """
    if is_web(target):
        raise UsageError(
            f"{printable(target)} can be read and not written to; name a file, or an object such as s3://..."
        )


def _suffix(target: str) -> str:
    name = target.rsplit("/", 1)[-1]
    suffix = name[name.rfind(".") :] if "." in name else ""
    return suffix if suffix[1:].isalnum() else ""
