"""What a run came to: counted page by page, said once at the end, and the verdict the shell sees."""

from __future__ import annotations

import heapq
import itertools
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hcr_scan.document import PageFailure, PageResult, Reason, Source, Status
from hcr_scan.errors import ExitCode, UsageError

SLOWEST = 5
#: So many kinds of files that were passed over are named.
MOST_KINDS = 4

#: Of fewer pages a share says little.
ENOUGH = 100

#: What shells add to the number of the signal that ended a program.
SIGNALLED = 128


@dataclass(slots=True)
class RunReport:
    """Counts of a run. :attr:`exit_code` alone decides what the process returns when a run ended by itself."""

    pages: int = 0
    failures: int = 0
    unregistered: int = 0
    #: Pages that earlier runs are to be thanked for, and those of them that failed.
    before: int = 0
    failed_before: int = 0
    #: What became of the pages.
    verb: str = "read"
    #: The signal that ended the run, and whether it stopped for too many failures.
    signal: int | None = None
    stopped: bool = False
    #: Whether the output could not be written anew before the run had to end.
    unwritten: bool = False
    #: The pages of documents that the run was for, where it has failed if there is none of them.
    wanted: str | None = None
    #: The most memory that one of the workers had, in bytes; 0 where that cannot be told.
    largest_worker: int = 0
    #: Files with the same bytes as another, and that one.
    copies: list[tuple[str, str]] = field(default_factory=list)
    #: Files in folders that were not taken for pages, by suffix.
    passed_over: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[Status] = field(default_factory=Counter)
    fields: Counter[Status] = field(default_factory=Counter)
    lines: Counter[Status] = field(default_factory=Counter)
    glyphs: Counter[Status] = field(default_factory=Counter)
    _slowest: list[tuple[float, int, Source]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _started: float = field(default_factory=time.perf_counter)

    def add(self, result: PageResult) -> None:
        """Count a page that was read, or that failed."""
        self.pages += 1
        self.statuses[result.status] += 1
        if isinstance(result, PageFailure):
            self.failures += 1
            self.codes[result.error] += 1
            return
        self.unregistered += Reason.UNREGISTERED in result.reasons
        for part in result.fields:
            self.fields[part.status] += 1
            self.glyphs.update(glyph.status for glyph in part.glyphs)
        for line in result.lines:
            self.lines[line.status] += 1
            self.glyphs.update(glyph.status for glyph in line.glyphs)

    def counting(self, results: Iterable[PageResult]) -> Iterator[PageResult]:
        """The same pages, each counted as it is given."""
        for result in results:
            self.add(result)
            yield result

    def anew(self) -> RunReport:
        """An empty report of the same run, to count its pages again, with those of earlier runs."""
        fresh = RunReport()
        fresh._started, fresh._slowest, fresh._order = self._started, self._slowest, self._order
        fresh.stopped, fresh.passed_over, fresh.wanted = self.stopped, self.passed_over, self.wanted
        return fresh

    def timed(self, source: Source, seconds: float) -> None:
        """Note how long a page took in its worker."""
        heapq.heappush(self._slowest, (seconds, next(self._order), source))
        if len(self._slowest) > SLOWEST:
            heapq.heappop(self._slowest)

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.perf_counter() - self._started

    @property
    def slowest(self) -> list[tuple[Source, float]]:
        """The pages that took longest, slowest first."""
        return [(source, seconds) for seconds, _, source in sorted(self._slowest, key=lambda entry: -entry[0])]

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.signal is None and not self.stopped

    @property
    def exit_code(self) -> ExitCode:
        if self.signal is not None:
            return ExitCode(SIGNALLED + self.signal)
        if self.stopped:
            return ExitCode.STOPPED
        if self.wanted is not None and not self.pages:
            return ExitCode.INPUT
        return ExitCode.SOME_PAGES_FAILED if self.failures else ExitCode.OK

    @property
    def doubtful(self) -> int:
        """Fields and lines that a person should look at."""
        return _doubtful(self.fields) + _doubtful(self.lines)

    def summary(self) -> str:
        """One sentence for people."""
        seconds = self.seconds
        written = self.glyphs.total() - self.glyphs[Status.BLANK]
        now, good = self.pages - self.before, counted(self.pages - self.failures, "page")
        if self.before and not now:
            parts = [f"{good} read before, and none now"]
        else:
            parts = [f"{good} {self.verb} in {seconds:.1f} s"]
            if self.before > self.failed_before:
                parts[0] += f" ({self.before - self.failed_before:,} of them before)"
        if seconds > 0 and now > 1 and self.verb == "read":
            parts[0] += f" ({now / seconds:.1f}/s)"
        # A field may be doubtful without a doubtful glyph: for what it must be, or as a whole.
        for found, noun in ((self.fields, "field"), (self.lines, "line")):
            if found:
                parts.append(f"{counted(found.total(), noun)} ({_doubtful(found):,} to look at)")
        review, rejected = self.glyphs[Status.REVIEW], self.glyphs[Status.REJECTED]
        parts.append(f"{counted(written, 'glyph')} ({review:,} to review, {rejected:,} rejected)")
        if self.unregistered:
            parts.append(f"{counted(self.unregistered, 'page')} of no template (read without one)")
        if self.copies:
            parts.append(f"{counted(len(self.copies), 'file')} with the same content as another (see the run manifest)")
        if self.failures:
            parts.append(f"{counted(self.failures, 'page')} FAILED (in the output, with the reason)")
        if not self.finished:
            what = "STOPPED for too many failures" if self.stopped else "interrupted"
            where = "journal, which hcr-scan export and --resume read" if self.unwritten else "output"
            parts.append(f"{what}: the pages read so far are in the {where}" if self.pages else what)
        return "; ".join(parts)

    def passed_over_text(self) -> str:
        """How many files of folders were not taken for pages, and of what kinds most of them are; empty for none."""
        kinds = self.passed_over.most_common()
        told = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in kinds[:MOST_KINDS]]
        if len(kinds) > MOST_KINDS:
            told.append(f"{sum(count for _, count in kinds[MOST_KINDS:]):,} others")
        files = counted(self.passed_over.total(), "file")
        return f"{files} passed over, hidden or of kinds that hold no pages: {', '.join(told)}" if told else ""


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many pages of one run may fail: a number, or a share of the pages read so far; ``None`` is all."""

    number: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, on_failure: str, most: str | None) -> FailureLimit:
        """What ``--on-failure`` and ``--max-failures`` mean together.

        Raises:
            UsageError: they contradict each other, or the second is neither a number nor a percentage.
        """
        if most is None:
            return cls(0) if on_failure == "stop" else cls()
        if on_failure == "stop":
            raise UsageError("--on-failure stop allows no failures, --max-failures some; leave one out")
        digits = most.removesuffix("%")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?" if digits != most else r"\d{1,9}", digits, re.ASCII):
            raise UsageError(f"--max-failures {most!r} is neither a number of pages nor a percentage, such as 20 or 5%")
        if digits == most:
            return cls(int(digits))
        if float(digits) > 100:
            raise UsageError(f"--max-failures {most!r} is more than all pages; name a share up to 100%")
        return cls(share=float(digits) / 100)

    def exceeded(self, report: RunReport) -> bool:
        """Whether a run that has come so far is to stop. A share is looked at from the hundredth page on."""
        if self.number is not None:
            return report.failures > self.number
        return self.share is not None and report.pages >= ENOUGH and report.failures > self.share * report.pages


def _doubtful(statuses: Counter[Status]) -> int:
    return statuses[Status.REVIEW] + statuses[Status.REJECTED]


def counted(number: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
