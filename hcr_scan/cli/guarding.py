"""No command writes its output over what a scan is made of: its journal, its review, its pages, its templates."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from hcr_scan.cli.outputs import remembered_request
from hcr_scan.errors import UsageError
from hcr_scan.journal.journal import SUFFIX, Journal, journal_path
from hcr_scan.review.tables import review_path
from hcr_scan.run_manifest import manifest_path
from hcr_scan.sinks.formats import STDOUT
from hcr_scan.sinks.targets import beside, is_address, is_database, without_password
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.discovery import is_found


def guard_derived(out: str, journal: Journal) -> None:
    """See that what is made from a scan replaces nothing of it, and comes to lie beside no other scan's journal.

    Raises:
        UsageError: it would.
    """
    guard_made_of(out, journal)
    # That journal would be taken for its own.
    other = "" if is_database(out) else journal_path(beside(out))
    if os.path.isfile(other) and os.path.realpath(other) != os.path.realpath(journal.path):  # noqa: PTH113 - any bytes
        raise UsageError(f"{out} is the output of another scan, whose journal lies beside it; name another output")


def guard_made_of(out: str, journal: Journal) -> None:
    """See that writing an output replaces nothing of the scan that it is made from.

    Raises:
        UsageError: it would replace its journal, its review, its account, its output, a document or a template.
    """
    if out == STDOUT:
        return
    request = remembered_request(journal)
    target = request.get("target", "")
    if is_remote(out):
        if out == target or journal.has(out):
            raise UsageError(f"{out} is the output or one of the documents of the scan itself; name another output")
        return
    _guard_own_files(out, journal.base, elsewhere=is_address(target))
    place = os.path.realpath(beside(out))
    if not os.path.isfile(place):  # noqa: PTH113 - any bytes
        return
    seen = journal.identity.seen
    if any(_same(seen(path), place) for path in journal.documents_like(place)):
        raise UsageError(f"{without_password(out)} is one of the files that were scanned; name another output")
    guard_inputs(out, files_of_templates(seen(path) for path in request["template_paths"]))


def _guard_own_files(out: str, base: str, *, elsewhere: bool = False) -> None:
    """The same for the files of a scan alone, which are named after ``base``; ``elsewhere``: that is no output itself.

    Raises:
        UsageError: the output is one of them.
    """
    if out == STDOUT:
        return
    own = {manifest_path(base)}
    for path in (journal_path(base), review_path(base)):
        own |= {path, path + "-wal", path + "-shm"}
    if not elsewhere:
        own.add(base)
    place = os.path.realpath(beside(out))
    if place in {os.path.realpath(path) for path in own}:
        suffix = os.path.splitext(out)[1] if place == os.path.realpath(base) else ""  # noqa: PTH122 - any bytes
        example = "" if is_database(out) else f", such as other{suffix or '.csv'}"
        raise UsageError(f"{without_password(out)} is a file of the scan itself; name another output{example}")


def guard_shard(out: str, name: str) -> None:
    """The same for a shard by the name it is given, before its journal is opened.

    Raises:
        UsageError: the output is the shard, or one of its files.
    """
    base = beside(name).removesuffix(SUFFIX)
    if not is_database(name) and os.path.realpath(beside(out)) == os.path.realpath(base):
        raise UsageError(f"--out {without_password(out)} is one of the shards; name another output")
    _guard_own_files(out, base, elsewhere=is_address(name))


def guard_inputs(out: str, inputs: Iterable[str]) -> None:
    """See that an output replaces none of the files that it is made from, or pages in folders and patterns among them.

    Raises:
        UsageError: it would.
    """
    if out == STDOUT:
        return
    names = list(inputs)
    if is_remote(out):
        if is_found(names, out):
            raise UsageError(f"{out} is one of the documents that are read; name another output")
        return
    place = os.path.realpath(beside(out))
    if not os.path.isfile(place):  # noqa: PTH113 - any bytes
        return
    if any(_same(name, place) for name in names) or is_found(names, place):
        raise UsageError(f"{without_password(out)} is one of the files that are read; name another output")


def _same(name: str, place: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return os.path.samefile(name, place)  # noqa: PTH121 - any bytes
    return False


def files_of_templates(paths: Iterable[str]) -> Iterator[str]:
    """The templates, and the blanks and lexicons they name; one that cannot be read names none."""
    for path in paths:
        yield path
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            for page in tomllib.loads(Path(path).read_text(encoding="utf-8-sig")).get("pages", ()):
                lexicons = [field.get("lexicon") for field in page.get("fields", ())]
                for name in (page.get("blank", ""), *(name for name in lexicons if isinstance(name, str))):
                    yield os.path.join(os.path.dirname(path), name)  # noqa: PTH118, PTH120
