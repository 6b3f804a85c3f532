"""What a run came to: counted page by page, said once at the end, and the verdict the shell sees."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from hcr_scan.document import PageFailure, PageResult, Reason, Source, Status
from hcr_scan.errors import ExitCode

SLOWEST = 5


@dataclass(slots=True)
class RunReport:
    """Counts of a run. :attr:`exit_code` alone decides what the process returns when a run ended by itself."""

    pages: int = 0
    failures: int = 0
    unregistered: int = 0
    interrupted: bool = False
    fields: Counter[Status] = field(default_factory=Counter)
    lines: Counter[Status] = field(default_factory=Counter)
    glyphs: Counter[Status] = field(default_factory=Counter)
    _slowest: list[tuple[float, int, Source]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _started: float = field(default_factory=time.perf_counter)

    def add(self, result: PageResult) -> None:
        """Count a page that was read, or that failed."""
        self.pages += 1
        if isinstance(result, PageFailure):
            self.failures += 1
            return
        self.unregistered += Reason.UNREGISTERED in result.reasons
        for part in result.fields:
            self.fields[part.status] += 1
            self.glyphs.update(glyph.status for glyph in part.glyphs)
        for line in result.lines:
            self.lines[line.status] += 1
            self.glyphs.update(glyph.status for glyph in line.glyphs)

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
    def exit_code(self) -> ExitCode:
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.SOME_PAGES_FAILED if self.failures else ExitCode.OK

    def summary(self) -> str:
        """One sentence for people."""
        seconds = self.seconds
        written = self.glyphs.total() - self.glyphs[Status.BLANK]
        parts = [f"{counted(self.pages - self.failures, 'page')} read in {seconds:.1f} s"]
        if seconds > 0 and self.pages > 1:
            parts[0] += f" ({self.pages / seconds:.1f}/s)"
        if self.fields:
            parts.append(counted(self.fields.total(), "field"))
        if self.lines:
            parts.append(counted(self.lines.total(), "line"))
        review, rejected = self.glyphs[Status.REVIEW], self.glyphs[Status.REJECTED]
        parts.append(f"{counted(written, 'glyph')} ({review} to review, {rejected} rejected)")
        if self.unregistered:
            parts.append(f"{counted(self.unregistered, 'page')} of no template (read without one)")
        if self.failures:
            parts.append(f"{counted(self.failures, 'page')} FAILED (in the output, with the reason)")
        if self.interrupted:
            parts.append("interrupted: the output holds the pages read so far")
        return "; ".join(parts)


def counted(number: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
