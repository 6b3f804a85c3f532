"""The review of a large scan: how long indexing takes, and each thing that a person waits for; and the memory.

python benchmarks/review.py [--fields 100000]
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hcr_scan.document import Alternative, Field, Glyph, Page, Reason, Source, Status, Verdict, joint_confidence
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal, packed
from hcr_scan.review.auditing import Audit, estimate
from hcr_scan.review.indexing import index
from hcr_scan.review.items import Filter, State
from hcr_scan.review.selection import Selection, select
from hcr_scan.review.store import ReviewStore
from hcr_scan.settings import Settings
from hcr_scan.sinks.records import Provenance

FIELDS = 20
NAMES = [f"field_{number:03}" for number in range(1, FIELDS + 1)]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def glyph(draw: random.Random, left: int, top: int, cell: int) -> Glyph:
    text = draw.choice(LETTERS)
    sure = 1 - draw.random() ** 8
    status = Status.REVIEW if sure < 0.85 else Status.OK
    reasons = (Reason.LOW_CONFIDENCE,) if status is Status.REVIEW else ()
    others = tuple(Alternative(draw.choice(LETTERS), (1 - sure) / 2) for _ in range(3))
    return Glyph(BoundingBox(left, top, left + 40, top + 60), text, sure, others, status, cell, reasons)


def field(draw: random.Random, number: int) -> Field:
    top = 100 + 90 * number
    glyphs = tuple(glyph(draw, 100 + 50 * cell, top, cell) for cell in range(draw.randrange(4, 16)))
    doubtful = any(found.status is Status.REVIEW for found in glyphs)
    text = "".join(found.text for found in glyphs)
    return Field(
        NAMES[number], "cells", BoundingBox(90, top, 900, top + 70), text, text, joint_confidence(glyphs),
        Status.REVIEW if doubtful else Status.OK, (Reason.LOW_CONFIDENCE,) if doubtful else (), (), glyphs,
    )  # fmt: skip


def pages(count: int) -> Iterator[Page]:
    draw = random.Random(1)
    for number in range(count):
        source = Source(f"/in/{number // 100:05}.pdf", number % 100 + 1, 100, f"{number // 100:064x}")
        yield Page(source, 1654, 2339, 200, 0, 0.0, tuple(field(draw, place) for place in range(FIELDS)))


def fill(path: Path, count: int) -> None:
    with Journal(str(path)) as journal:
        journal.begin(RunIdentity.of(["/in"], Settings(), "0" * 64))
        provenance, database = Provenance("0", "0" * 64, "0" * 64), journal._database
        with database.transaction():
            for page in pages(count):
                journal.add_document(page.source.path)
                record = (journal.document(page.source.path).id, page.source.page, packed(page, provenance))
                database.write("INSERT INTO records VALUES (?, ?, 0, 0.1, 1, ?)", record)


def measured_index(journal: Path, review: Path) -> None:
    """In a process of its own: its time, and the most memory it took."""
    started = time.process_time()
    with Journal(str(journal)) as opened, ReviewStore(str(review)) as store:
        result = index(opened, store)
        open_ = store.count(Filter())
    seconds, peak = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{result.taken:,} pages new, {result.kept:,} as they were, {open_:,} fields open: "
          f"{seconds:.1f} s of CPU, {peak:.0f} MB", flush=True)  # fmt: skip


def timed(name: str, times: int, call: Callable[[int], object]) -> None:
    """The medians of some calls, by the clock and of CPU time."""
    took, worked = [], []
    for number in range(times):
        started, began = time.perf_counter(), time.process_time()
        call(number)
        took.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - began))
    print(f"| {name} | {statistics.median(worked):.2f} | {statistics.median(took):.2f} |", flush=True)


def measure(store: ReviewStore) -> None:
    draw = random.Random(2)
    open_ = store.queue(Filter(), 1, None, 2_000)
    middle = open_[len(open_) // 2].position
    waiting = iter(draw.sample(open_, 1_000))
    print("| what | ms of CPU | ms by the clock |\n|---|---|---|")
    timed("queue, the first 20", 50, lambda _: store.queue(Filter(), 1, None, 20))
    timed("queue, further on", 50, lambda _: store.queue(Filter(), 1, middle, 20))
    timed("queue, one name", 50, lambda n: store.queue(Filter(name=NAMES[n % FIELDS]), 1, None, 20))
    timed("queue, one document", 50, lambda n: store.queue(Filter(path=f"/in/{n:05}.pdf"), 1, None, 20))
    timed("queue, a text in it", 20, lambda _: store.queue(Filter(text="AB1"), 1, None, 20))
    timed("queue, a text in none", 20, lambda _: store.queue(Filter(text="AB1AB1"), 1, None, 20))
    timed("count", 50, lambda _: store.count(Filter()))
    timed("count, one name", 50, lambda n: store.count(Filter(name=NAMES[n % FIELDS])))
    timed("totals", 50, lambda _: store.totals())
    timed("item", 50, lambda n: store.item(open_[n].id))
    timed("decide, on the disk", 500, lambda _: store.decide(next(waiting).id, 1, "ann", Verdict.ACCEPTED, "", 0.0))
    timed("undo, on the disk", 100, lambda _: store.undo("ann"))
    timed("characters of the grid", 20, lambda _: store.glyph_groups())
    timed("a hundred of one", 20, lambda n: store.glyphs(LETTERS[n], None, 100))
    timed("names", 20, lambda _: store.names())
    timed("other rules", 3, lambda n: select(store, Selection(0.95 + 0.01 * n, (), Audit(1_000, seed=n))))
    timed("the audit's estimate", 3, lambda _: estimate(store))
    print(f"\n{store.count(Filter(State.DECIDED)):,} decided.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fields", type=int, default=100_000)
    parser.add_argument("--index", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.index:
        measured_index(*arguments.index)
        return
    with tempfile.TemporaryDirectory() as folder:
        journal, review = Path(folder) / "r.csv.journal", Path(folder) / "r.csv.review"
        fill(journal, arguments.fields // FIELDS)
        for _ in range(2):
            subprocess.run([sys.executable, __file__, "--index", str(journal), str(review)], check=True)
        print(f"journal {journal.stat().st_size / 1e6:.0f} MB, review {review.stat().st_size / 1e6:.0f} MB")
        with ReviewStore(str(review)) as store:
            measure(store)


if __name__ == "__main__":
    main()
