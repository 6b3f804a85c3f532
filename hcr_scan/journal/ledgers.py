"""How a run goes by its journal: what is done is left out, what is begun and done is written down."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.errors import InputError
from hcr_scan.journal.journal import Journal, Key, Known
from hcr_scan.ledger import Ledger, Remaining
from hcr_scan.settings import SourceSettings
from hcr_scan.sources.page_ranges import numbered_pages
from hcr_scan.sources.pages import PageRef, shown
from hcr_scan.sources.sharding import Shard

#: A page that was under way when the whole program died so many times is not tried again.
MOST_DEATHS = 5
#: From so many on it is read alone, so that others do not share its blame.
SUSPECT_DEATHS = 2

#: Under these names a journal keeps whether all documents were found, and for a shard what the whole run has of them.
LISTED = "listed"
LISTING = "listing"


class JournalLedger(Ledger):
    """Goes on where the journal ends: pages without a record first, then documents that were not found yet."""

    def __init__(self, journal: Journal, settings: SourceSettings, stopping: Callable[[], bool]) -> None:
        super().__init__(stopping)
        self._journal = journal
        self._settings = settings
        self._under_way: dict[Key, int] = {}
        self._begun: dict[Key, int] = {}
        self._seconds: dict[Key, float] = {}
        self._last = Known(0, "", None, None, None)
        self._suspects = {key for key, attempts in journal.claims().items() if attempts >= SUSPECT_DEATHS}

    def documents(self, find: Callable[[], Iterator[str]]) -> Iterator[str | Remaining]:
        for document in self._journal.unfinished():
            yield document.path if document.expected is None else self._remaining(document)
        if self._journal.noted(LISTED):
            return
        yield from self._found(find())
        self._journal.note(LISTED, True)

    def _found(self, paths: Iterator[str]) -> Iterator[str]:
        """Those that are new, in the journal now."""
        # Listed again as a whole where that came to no end; what is known keeps its place, and what is new comes last.
        return (path for path in paths if self._journal.add_document(path))

    def listed(self, path: str, refs: tuple[PageRef, ...]) -> tuple[PageRef, ...]:
        first = refs[0] if refs else PageRef(path, 0, 0, "")
        self._journal.listed(self._journal.document(path), first.sha256, first.pages, len(refs))
        return refs

    def claim(self, ref: PageRef) -> PageFailure | None:
        key = self._key(ref.source)
        deaths = self._journal.claim(key)
        self._begun[key] = deaths + 1
        if deaths >= MOST_DEATHS:
            self._suspects.discard(key)
            self._journal.settle(key)
            message = (
                f"{shown(ref.path)}, page {ref.index + 1}: the program ended {deaths} times while this page was under "
                "way; read it alone with hcr-scan retry, where there is more memory"
            )
            return PageFailure(ref.source, "segment", "crashed", message)
        self._under_way[key] = deaths + 1
        return None

    def returned(self, source: Source) -> None:
        key = self._key(source)
        if key in self._begun:
            self._under_way.pop(key, None)
            self._suspects.discard(key)
            self._journal.settle(key)

    @property
    def careful(self) -> bool:
        return bool(self._suspects)

    def timed(self, source: Source, seconds: float) -> None:
        """Note how long a page took in its worker, for its record."""
        self._seconds[self._key(source)] = seconds

    def add(self, result: PageResult) -> None:
        """Write a page's record down."""
        key = self._key(result.source)
        self._journal.add(result, self._seconds.pop(key, None), self._begun.pop(key, 1))

    def withdraw(self) -> None:
        """Hold nothing against the pages that this run began and leaves, ending of its own accord."""
        for key in self._under_way:
            self._journal.withdraw(key)
        self._under_way.clear()

    def _remaining(self, document: Known) -> Remaining:
        return self._refs(document, without=self._journal.recorded_pages(document))

    def _refs(self, document: Known, without: set[int]) -> Remaining:
        pages, sha256 = document.pages or 0, document.sha256 or ""
        numbers = numbered_pages(self._settings.pages, pages)
        return Remaining(
            tuple(PageRef(document.path, number - 1, pages, sha256) for number in numbers if number not in without)
        )

    def _key(self, source: Source) -> Key:
        if self._last.path != source.path:
            self._last = self._journal.document(source.path)
        return self._last.id, source.page


class ShardLedger(JournalLedger):
    """Reads the documents of one shard, each under the number that it has among all, by which shards are merged."""

    def __init__(self, journal: Journal, settings: SourceSettings, stopping: Callable[[], bool]) -> None:
        super().__init__(journal, settings, stopping)
        assert journal.identity.shard is not None
        self._shard = Shard.parse(journal.identity.shard)

    def _found(self, paths: Iterator[str]) -> Iterator[str]:
        listing, count = hashlib.sha256(), 0
        for count, path in enumerate(paths, 1):
            listing.update(os.fsencode(path) + b"\0")
            if self._shard.holds(path) and self._journal.add_document(path, count):
                yield path
        self._journal.note(LISTING, {"documents": count, "sha256": listing.hexdigest()})


class RetryLedger(JournalLedger):
    """Reads what failed again: those pages alone, or the whole document where its file is another now."""

    def documents(self, find: Callable[[], Iterator[str]]) -> Iterator[str | Remaining]:
        del find
        # Opened again, since a failure may have been the file's, and the file may have been mended.
        for document in self._journal.failed():
            yield document.path

    def listed(self, path: str, refs: tuple[PageRef, ...]) -> tuple[PageRef, ...]:
        document = self._journal.document(path)
        sha256 = refs[0].sha256 if refs else ""
        if document.sha256 == sha256:
            failed = self._journal.recorded_pages(document, failed=True)
            return tuple(ref for ref in refs if ref.index + 1 in failed)
        self._journal.relisted(document, sha256, refs[0].pages if refs else 0, len(refs))
        return refs


class ArrivalsLedger(JournalLedger):
    """Goes on with a journal for as long as documents arrive: what was not there before is added at its end."""

    def documents(self, find: Callable[[], Iterator[str]]) -> Iterator[str | Remaining]:
        def arrived() -> Iterator[str]:
            try:
                return find()
            except InputError:  # all that arrived is in the journal
                return iter(())

        self._journal.note(LISTED, False)
        return super().documents(arrived)
