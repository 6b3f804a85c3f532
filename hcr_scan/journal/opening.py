"""The rules by which a run gets its journal: go on, begin anew, or refuse."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hcr_scan.errors import JournalError, OutputError, UsageError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal, journal_exists, journal_path
from hcr_scan.remote.uploads import stands
from hcr_scan.run_manifest import manifest_path
from hcr_scan.sinks.output import discard_leftovers, is_lasting, output_errors, refuse_kept
from hcr_scan.sinks.targets import beside, is_address, is_database
from hcr_scan.sources.addresses import is_remote


def check_target(target: str, *, resume: bool, overwrite: bool, base: str | None = None) -> None:
    """Find out before a run starts whether what stands there may be gone on with or replaced.

    ``base`` is what the journal is named after, if not after the output. A database may hold what it will: nothing of
    it is lost.

    Raises:
        JournalError: there is a journal, and nothing is said about it.
        OutputError: there is a file, and it is not said that it may be replaced.
        UsageError: the options contradict each other.
    """
    if resume and overwrite:
        raise UsageError("--resume goes on and --overwrite starts anew; leave one out")
    if not is_lasting(target):
        if resume:
            raise UsageError(f"--resume needs a file for --out, not {target}; only files have a journal")
        return
    place = Path(os.path.realpath(beside(target)))
    if not is_address(target) and place.is_file():
        with output_errors(target):
            refuse_kept(place, target)
    if overwrite:
        return
    path = journal_path(base or beside(target))
    if journal_exists(path):
        if not resume:
            raise _unsaid(path, target)
    elif not is_database(target) and not is_new(target):
        raise OutputError(
            f"{target} exists, and has no journal to go on with; replace it with --overwrite, or name another file"
        )


def is_new(target: str) -> bool:
    """Whether nothing stands under the name, or an empty folder.

    Raises:
        OutputError: it is in a store that cannot be reached.
    """
    if is_remote(target):
        return not stands(target)
    path = os.path.realpath(target)
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        return next(entries, None) is None
    return not os.path.lexists(path)


def open_journal(target: str, identity: RunIdentity, *, resume: bool, overwrite: bool) -> Journal:
    """The journal of a run, which is in it from now on.

    Raises:
        JournalError: another run holds the journal, or it is of another run, which may not be replaced.
        OutputError: it cannot be written.
    """
    journal = Journal(journal_path(target), overwrite=overwrite)
    try:
        if journal.empty:
            journal.begin(identity)
        elif not resume:
            raise _unsaid(journal.path)
        else:
            check_identity(journal, identity)
        # What a killed run left; while the journal is held nobody else is writing these.
        discard_leftovers(target)
        discard_leftovers(manifest_path(target))
    except BaseException:
        journal.close()
        raise
    return journal


def check_identity(journal: Journal, identity: RunIdentity) -> None:
    """See that a run may go on with a journal.

    Raises:
        JournalError: it is another run's; the message says what differs.
    """
    differences = journal.identity.differences(identity)
    if differences:
        raise JournalError(
            f"{journal.path} belongs to another run; what differs: {', '.join(differences)}. Give what that run was "
            "given, start anew with --overwrite, or name another output"
        )


def _unsaid(path: str, target: str = "") -> JournalError:
    another = ", or name another with --journal" if is_address(target) else ""
    another += " (the rows of the database stay in any case)" if is_database(target) else ""
    return JournalError(
        f"there is a journal of an earlier run, {path}; go on with it with --resume, or start anew with "
        f"--overwrite{another}"
    )
