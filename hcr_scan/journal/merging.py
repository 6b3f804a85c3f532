"""The journals of all shards of a run become the journal that the whole run would have left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hcr_scan.errors import JournalError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import LISTED, Journal
from hcr_scan.journal.ledgers import LISTING, PASSED_OVER
from hcr_scan.sources.sharding import Shard


def whole_identity(shards: Sequence[Journal]) -> RunIdentity:
    """The identity of the run that these are all the shards of.

    Raises:
        JournalError: they are of different runs, one is missing, given twice or not finished, or they found different
            documents; the message says which.
    """
    first = shards[0]
    count = _shard(first).count
    found: dict[int, Journal] = {}
    for journal in shards:
        _check_same_run(first, journal)
        shard = _shard(journal)
        if shard.number in found:
            raise JournalError(f"{found[shard.number].path} and {journal.path} are both shard {shard}; leave one out")
        found[shard.number] = journal
        _check_finished(journal, shard)
    missing = [str(Shard(number, count)) for number in range(1, count + 1) if number not in found]
    if missing:
        raise JournalError(f"shards are missing: {', '.join(missing)}; scan them, and name their outputs too")
    _check_same_listing(shards)
    return replace(first.identity, shard=None)


def merge(shards: Sequence[Journal], into: Journal) -> None:
    """Fill the journal of the whole run, which has begun, from those of all its shards."""
    into.take_over(shards)
    into.note(PASSED_OVER, shards[0].noted(PASSED_OVER))
    into.note(LISTED, True)


def _shard(journal: Journal) -> Shard:
    shard = journal.identity.shard
    if shard is None:
        raise JournalError(f"{journal.path} is of a whole run and no shard of one; scan with --shard to have some")
    return Shard.parse(shard)


def _check_same_run(first: Journal, journal: Journal) -> None:
    both = f"{first.path} and {journal.path}"
    # Which shard it is may differ, and from machine to machine where relative names are seen from.
    own, others = (replace(shard.identity, shard=None, folder=None) for shard in (first, journal))
    differences = own.differences(others)
    if differences:
        raise JournalError(f"{both} belong to different runs; what differs: {', '.join(differences)}")
    if _shard(first).count != _shard(journal).count:
        raise JournalError(f"{both} are shards {_shard(first)} and {_shard(journal)}, not of the same cut")


def _check_finished(journal: Journal, shard: Shard) -> None:
    if not journal.is_finished:
        raise JournalError(f"shard {shard} ({journal.path}) is not finished; go on with it with --resume, then merge")


def _check_same_listing(shards: Sequence[Journal]) -> None:
    listing = shards[0].noted(LISTING)
    other = next((journal for journal in shards if journal.noted(LISTING) != listing), None)
    if other is not None:
        raise JournalError(
            f"{shards[0].path} and {other.path} did not find the same documents: files came, went or were renamed "
            "between their runs; scan the shards anew that saw the old state, with --overwrite"
        )
