"""How a run goes by its journal: what is done is left out, what is begun and done is written down."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator

from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.errors import InputError
from hcr_scan.journal.journal import LISTED, Journal, Key, Known
from hcr_scan.ledger import Ledger, Remaining
from hcr_scan.settings import SourceSettings
from hcr_scan.sources.listing import Listing
from hcr_scan.sources.page_ranges import numbered_pages
from hcr_scan.sources.pages import PageRef
from hcr_scan.sources.sharding import Shard

#: A page that was under way when the whole program died so many times is not tried again.
MOST_DEATHS = 5
#: From so many on it is read alone, so that others do not share its blame.
SUSPECT_DEATHS = 2

#: Under this name the journal of a shard keeps what the whole run has of documents.
LISTING = "listing"
#: Files that were not taken for documents, by suffix.
PASSED_OVER = "passed_over"


class JournalLedger(Ledger):
    """Goes on where the journal ends: pages without a record first, then documents that were not found yet."""

    def __init__(self, journal: Journal, settings: SourceSettings, stopping: Callable[[], bool]) -> None:
        super().__init__(stopping)
        self.journal = journal
        self._settings = settings
        self._unfinished = self._known = 0
        self._complete = False
        self._under_way: dict[Key, int] = {}
        self._begun: dict[Key, int] = {}
        self._seconds: dict[Key, float] = {}
        self._last = Known(0, "", None, None, None)
        self._suspects = {key for key, attempts in journal.claims().items() if attempts >= SUSPECT_DEATHS}

    @property
    def streams(self) -> bool:
        """Whether the pages that this run reads are, as they come, all pages of the output."""
        return self.journal.count() == 0

    def before_writing(self) -> None:
        """Called when all is read, and the output is about to be written from the journal."""

    def documents(self, find: Callable[[], Listing]) -> Iterator[str | Remaining]:
        self._unfinished = self.journal.count_unfinished()
        self._complete = bool(self.journal.noted(LISTED))
        for document in self.journal.unfinished():
            yield document.path if document.expected is None else self._remaining(document)
        if self._complete:
            return
        self._listing = find()
        yield from self._found(self._listing)
        self.journal.note(PASSED_OVER, self._listing.passed_over)
        self.journal.note(LISTED, True)

    @property
    def expected(self) -> int | None:
        found = 0 if self._complete else super().expected
        return None if found is None else self._unfinished + found - self._known

    @property
    def passed_over(self) -> Counter[str]:
        return super().passed_over if self._listing else passed_over(self.journal)

    def _found(self, listing: Listing) -> Iterator[str]:
        """Those that are new, in the journal now."""
        # Listed again as a whole where that came to no end; what is known keeps its place, and what is new comes last.
        return (path for path in listing if self._is_new(path))

    def _is_new(self, path: str, number: int | None = None) -> bool:
        new = self.journal.add_document(path, number)
        self._known += not new
        return new

    def listed(self, path: str, refs: tuple[PageRef, ...]) -> tuple[PageRef, ...]:
        first = refs[0] if refs else PageRef(path, 0, 0, "")
        self.journal.listed(self.journal.document(path), first.sha256, first.pages, len(refs))
        return refs

    def claim(self, ref: PageRef) -> PageFailure | None:
        key = self._key(ref.source)
        deaths = self.journal.claim(key)
        self._begun[key] = deaths + 1
        if deaths >= MOST_DEATHS:
            self._suspects.discard(key)
            self.journal.settle(key)
            message = (
                f"was under way each of the {deaths} times that the program ended; read it alone with hcr-scan retry, "
                "where there is more memory"
            )
            return PageFailure(ref.source, "segment", "crashed", message)
        self._under_way[key] = deaths + 1
        return None

    def returned(self, source: Source) -> None:
        key = self._key(source)
        if key in self._begun:
            self._under_way.pop(key, None)
            self._suspects.discard(key)
            self.journal.settle(key)

    @property
    def careful(self) -> bool:
        return bool(self._suspects)

    def timed(self, source: Source, seconds: float) -> None:
        self._seconds[self._key(source)] = seconds

    def add(self, result: PageResult) -> None:
        key = self._key(result.source)
        self.journal.add(result, self._seconds.pop(key, None), self._begun.pop(key, 1))

    def withdraw(self) -> None:
        for key in self._under_way:
            self.journal.withdraw(key)
        self._under_way.clear()

    def _remaining(self, document: Known) -> Remaining:
        return self._refs(document, without=self.journal.recorded_pages(document))

    def _refs(self, document: Known, without: set[int]) -> Remaining:
        pages, sha256 = document.pages or 0, document.sha256 or ""
        numbers = numbered_pages(self._settings.pages, pages)
        return Remaining(
            tuple(PageRef(document.path, number - 1, pages, sha256) for number in numbers if number not in without)
        )

    def _key(self, source: Source) -> Key:
        if self._last.path != source.path:
            self._last = self.journal.document(source.path)
        return self._last.id, source.page


def passed_over(journal: Journal) -> Counter[str]:
    """Files that a run whose listing is complete did not take for documents, by suffix."""
    return Counter(journal.noted(PASSED_OVER) or {})


class ShardLedger(JournalLedger):
    """Reads the documents of one shard, each under the number that it has among all, by which shards are merged."""

    def __init__(self, journal: Journal, settings: SourceSettings, stopping: Callable[[], bool]) -> None:
        super().__init__(journal, settings, stopping)
        assert journal.identity.shard is not None
        self._shard = Shard.parse(journal.identity.shard)

    def _found(self, listing: Listing) -> Iterator[str]:
        listing.counts = self._shard.holds
        digest, count = hashlib.sha256(), 0
        for count, path in enumerate(listing, 1):
            digest.update(os.fsencode(path) + b"\0")
            if self._shard.holds(path) and self._is_new(path, count):
                yield path
        self.journal.note(LISTING, {"documents": count, "sha256": digest.hexdigest()})


class RetryLedger(JournalLedger):
    """Reads what failed again: those pages alone, or their whole document where its file is another now."""

    looks_in_folders = False

    def documents(self, find: Callable[[], Listing]) -> Iterator[str | Remaining]:
        del find
        self._unfinished, self._complete = self.journal.count_failed(), True
        # Opened again, since a failure may have been the file's, and the file may have been mended.
        for document in self.journal.failed():
            yield document.path

    def listed(self, path: str, refs: tuple[PageRef, ...]) -> tuple[PageRef, ...]:
        document = self.journal.document(path)
        sha256 = refs[0].sha256 if refs else ""
        if document.sha256 == sha256:
            failed = self.journal.recorded_pages(document, failed=True)
            return tuple(ref for ref in refs if ref.index + 1 in failed)
        self.journal.relisted(document, sha256, refs[0].pages if refs else 0, len(refs))
        return refs


class ArrivalsLedger(JournalLedger):
    """Goes on with a journal for as long as documents arrive: what was not there before is added at its end.

    Args:
        put_away: Called with the journal when all is read that arrived, to move it to where the output says it is.
    """

    def __init__(
        self,
        journal: Journal,
        settings: SourceSettings,
        stopping: Callable[[], bool],
        put_away: Callable[[Journal], None],
    ) -> None:
        super().__init__(journal, settings, stopping)
        self._put_away = put_away

    @property
    def streams(self) -> bool:
        return False

    def before_writing(self) -> None:
        self._put_away(self.journal)

    def documents(self, find: Callable[[], Listing]) -> Iterator[str | Remaining]:
        def arrived() -> Listing:
            try:
                return find()
            except InputError:  # all that arrived is in the journal
                return Listing(iter(()))

        self.journal.note(LISTED, False)
        return super().documents(arrived)
