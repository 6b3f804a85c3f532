"""Decided characters as labelled pictures: exactly what the model saw of them, for ``hcr-scan train --data``."""

from __future__ import annotations

import contextlib
import io
import os
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hcr_scan.document import PageFailure, Source
from hcr_scan.engines.base import Engine, Lost
from hcr_scan.errors import JournalError, ModelError, OutputError
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.model.bundle import Bundle
from hcr_scan.model.classifier import page_model_of
from hcr_scan.remote.copies import LastCopy
from hcr_scan.review.decisions import final_of
from hcr_scan.review.glyph_labels import labels_of
from hcr_scan.review.items import Item, ItemPage
from hcr_scan.review.store import ReviewStore
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedPage
from hcr_scan.settings import Settings
from hcr_scan.sinks.folder import document_stem, make_folder
from hcr_scan.sinks.output import write_output
from hcr_scan.sources import PageRef
from hcr_scan.sources.addresses import is_remote
from hcr_scan.worker import PageTask, fetched_near, timed_segment_page

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template

#: The folder of what is no character.
NO_CHARACTER = "not-a-character"

Crop = npt.NDArray[np.uint8]


@dataclass(slots=True)
class WrittenCrops:
    """What was written: pictures by label; and what was left out.

    ``changed`` are files that are others now than when they were scanned, ``unreadable`` pages of which there is no
    picture, and ``unmatched`` characters that are cut out otherwise now than when they were read.
    """

    labels: Counter[str] = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)
    unreadable: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """How the pages were scanned, which is how they must be looked at again."""

    identity: RunIdentity
    settings: Settings
    bundle: Bundle
    templates: tuple[Template, ...] = ()

    def check(self) -> None:
        """See that the model and the templates are those that the pages were read with.

        Raises:
            ModelError: the model is another.
            JournalError: the templates are others.
        """
        if self.bundle.info.sha256 != self.identity.model:
            raise ModelError(
                f"the model {self.bundle.folder} is not the one that the pages were read with, so its characters are "
                "cut out otherwise; put that one back, or leave out --crops"
            )
        if tuple(template.sha256 for template in self.templates) != self.identity.templates:
            raise JournalError("the templates were changed since the scan; put them back, or leave out --crops")

    @property
    def fetches(self) -> bool:
        """Whether some of its documents may have to be fetched."""
        return self.settings.source.follow_links or any(map(is_remote, self.identity.inputs))

    def task(self, page: ItemPage, page_model: Path | None) -> PageTask:
        """What a worker needs to cut the page up as it was, with the bundle's page network."""
        source = page.source
        path = self.identity.seen(source.path)
        ref = PageRef(path, source.page - 1, source.pages, source.sha256)
        return PageTask(ref, self.settings, self.bundle.info.crop_spec, page_model, self.templates)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A character of which it is known what it is: its item, its number in it, its place and its label."""

    item: Item
    number: int
    box: BoundingBox
    text: str


def write_crops(folder: str, store: ReviewStore, scan: Scan, engine: Engine) -> WrittenCrops:
    """Write every decided character, a picture each, into a folder for each label with a folder for each document.

    Args:
        folder: New, or empty.
        store: The review.
        scan: How its pages were scanned.
        engine: Where the pages are looked at again.

    Raises:
        OutputError: the folder holds something, or cannot be written.
        ModelError, JournalError: model or templates are not those of the scan.
    """
    scan.check()
    page_model = page_model_of(scan.bundle)  # once: it is compared with its SHA-256
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):  # noqa: PTH112, PTH208
        raise OutputError(f"{folder} holds something already; name a new folder for --crops, or remove it")
    make_folder(folder)
    written = WrittenCrops()
    under_way: deque[tuple[ItemPage, list[_Labelled]]] = deque()

    def tasks() -> Iterator[PageTask | PageFailure]:
        for page, characters in _labelled(store):
            under_way.append((page, characters))
            yield fetched_near(scan.task(page, page_model), copy)

    with contextlib.closing(LastCopy()) as copy:
        for answer in engine.map(timed_segment_page, tasks(), 1 if scan.fetches else None):
            outcome = answer if isinstance(answer, Lost) else answer.result
            page, characters = under_way.popleft()
            if isinstance(outcome, SegmentedPage):
                _write_page(folder, page.source, characters, outcome, written)
            elif not isinstance(outcome, Lost) and outcome.error in ("changed", "missing"):
                written.changed += [] if page.source.path in written.changed[-1:] else [page.source.path]
            else:
                written.unreadable += 1
    return written


def _labelled(store: ReviewStore) -> Iterator[tuple[ItemPage, list[_Labelled]]]:
    """The pages with characters of which it is known what they are, in order."""
    passes = store.passes
    for number in _decided_pages(store):
        characters = []
        for item in store.page_items(number):
            labels = labels_of(item, final_of(item.decisions, passes), store.glyph_decisions(item.id))
            characters += [_Labelled(item, label.number, item.glyphs[label.number].box, label.text) for label in labels]
        if characters:
            yield store.page(number), characters


def _decided_pages(store: ReviewStore) -> Iterator[int]:
    """The numbers of the pages of which something is decided, in their order."""
    last = -1
    decided = "SELECT 1 FROM items i WHERE i.page = p.id AND (i.decided OR {})"
    single = "EXISTS (SELECT 1 FROM glyph_decisions d WHERE d.item = i.id)"
    query = (
        f"SELECT sequence, id FROM pages p WHERE sequence > ? AND EXISTS ({decided.format(single)}) "  # noqa: S608
        "ORDER BY sequence LIMIT 100"
    )
    while rows := store.database.rows(query, (last,)):
        yield from (number for _, number in rows)
        last = rows[-1][0]


def _write_page(
    folder: str, source: Source, characters: list[_Labelled], segmented: SegmentedPage, written: WrittenCrops
) -> None:
    crops = _crops_by_box(segmented)
    for character in characters:
        crop = crops.get(character.box)
        if crop is None or not crop.any():
            written.unmatched += 1
            continue
        place = os.path.join(folder, folder_of(character.text), document_stem(source))  # noqa: PTH118
        Path(place).mkdir(parents=True, exist_ok=True)
        name = f"{source.page:04}_{character.item.name}_{character.number + 1:03}.png"
        write_output(os.path.join(place, name), _png(crop))  # noqa: PTH118
        written.labels[character.text] += 1


def _crops_by_box(segmented: SegmentedPage) -> dict[BoundingBox, Crop | None]:
    """What the model sees at each place; ``None`` where there are different things at the same place."""
    found: dict[BoundingBox, Crop | None] = {}
    for candidate in _candidates(segmented):
        crop = segmented.crops[candidate.crop]
        known = found.setdefault(candidate.box, crop)
        if known is not None and not np.array_equal(known, crop):
            found[candidate.box] = None
    return found


def _candidates(segmented: SegmentedPage) -> Iterator[Candidate]:
    chunks: list[Chunk | None] = []
    lines = list(segmented.lines)
    for part in segmented.fields:
        chunks += [chunk for cell in part.cells for chunk in (cell.chunk, cell.speck)]
        lines += part.lines
    chunks += [chunk for line in lines for word in line.words for chunk in word]
    for chunk in chunks:
        if chunk is not None:
            yield from chunk.candidates


def folder_of(label: str) -> str:
    """The folder of a label, as ``hcr-scan train`` reads it back, also where file systems do not tell a from A."""
    if not label:
        return NO_CHARACTER
    if label.isascii() and (label.isdigit() or label.isupper()):
        return label
    if label.isascii() and label.islower():
        return f"{label}_lower"
    return f"U+{ord(label):04X}"


def _png(crop: Crop) -> bytes:
    from PIL import Image

    output = io.BytesIO()
    Image.fromarray(crop).save(output, "PNG")
    return output.getvalue()
