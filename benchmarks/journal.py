"""A journal of a million small pages: when a resumed run finds its first page, how long exports take, and the memory.

python benchmarks/journal.py [--pages 1000000]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hcr_scan.document import Field, Page, Source, Status
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal, packed
from hcr_scan.journal.ledgers import JournalLedger
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources.listing import Listing

BATCH = 5_000


def page(number: int) -> Page:
    value = f"{number:08}"
    field = Field("field_001", "cells", BoundingBox(10, 20, 300, 60), value, value, 0.9871, Status.OK)
    return Page(Source(f"/in/{number:07}.png", sha256=f"{number:064x}"), 600, 200, 300, 0, 0.0, (field,))


def fill(path: Path, count: int) -> None:
    """All pages but the last one, which is left for a resumed run to find."""
    with Journal(str(path)) as journal:
        journal.begin(RunIdentity.of(["/in"], Settings(), "0" * 64))
        output = {"format": "csv", "level": "field", "excel": False, "shape": "long", "names": [], "extras": []}
        journal.note("request", {"output": output, "model": {}, "template_paths": [], "form_lengths": {}})
        provenance = journal.identity.provenance
        database = journal._database
        for start in range(0, count, BATCH):
            with database.transaction():
                for number in range(start, min(start + BATCH, count)):
                    found = page(number)
                    document = (number + 1, os.fsencode(found.source.path), found.source.sha256)
                    database.write("INSERT INTO documents VALUES (?, ?, ?, 1, 1)", document)
                    if number < count - 1:
                        record = (number + 1, packed(found, provenance))
                        database.write("INSERT INTO records VALUES (?, 1, 0, 0.01, 1, ?)", record)
        journal.note("listed", True)


def first_page(path: Path) -> None:
    """What a resumed run does before its first page."""

    def find() -> Listing:
        raise AssertionError("the listing is complete")

    with Journal(str(path)) as journal:
        journal.count()
        ledger = JournalLedger(journal, SourceSettings(), lambda: False)
        assert next(iter(ledger.documents(find)))


def measured(name: str, *command: str) -> None:
    """Run in a process of its own and print its time and the most memory it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name}: {time.perf_counter() - started:.1f} s, {peak:.0f} MB so far", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--first-page", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.first_page:
        first_page(arguments.first_page)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv.journal"
        started = time.perf_counter()
        fill(path, arguments.pages)
        size = path.stat().st_size / 1e6
        print(
            f"filled with {arguments.pages:,} pages: {time.perf_counter() - started:.1f} s, {size:.0f} MB", flush=True
        )
        measured("first page of a resumed run", __file__, "--first-page", str(path))
        for suffix in ("csv", "jsonl"):
            measured(f"export to {suffix}", "-m", "hcr_scan", "export", str(path), "-o", f"{folder}/out.{suffix}")


if __name__ == "__main__":
    main()
