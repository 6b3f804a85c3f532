"""A page's logits as its own hand has them: what is surely read weighs in on what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import numpy as np

from hcr_scan.document import Field, Glyph, Line, Page, Reason, Status
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.probabilities import Logits
from hcr_scan.segmentation.candidates import Chunk, SegmentedPage
from hcr_scan.writer_style import Examples, StyleTable, evidence

#: Readings surer than the first are examples of the hand; those not as sure as the second are looked at again.
EXAMPLE, SURE = 0.8, 0.99
#: Characters so many nats less likely than the likeliest are not weighed up.
UNLIKELY = 7.0
#: What shows some hand's usual way badly, or perhaps no hand's.
UNUSUAL = frozenset({Reason.OVERWRITTEN, Reason.MAYBE_PRINT})


def read_in_writers_hand(
    read: Callable[[Logits], Page], segmented: SegmentedPage, logits: Logits, info: ModelInfo, charset: str
) -> Page:
    """A page as ``read`` reads its logits, and reads them again where its own hand has something to say."""
    page = read(logits)
    adapted = in_writers_hand(segmented, page, logits, info, charset)
    return page if adapted is None else read(adapted)


def in_writers_hand(
    segmented: SegmentedPage, page: Page, logits: Logits, info: ModelInfo, charset: str
) -> Logits | None:
    """The logits with what the page's own characters say of those that are in doubt; ``None`` where that is nothing.

    How probably a crop is no character is left to its ink: one unlike all that this hand wrote may be badly cut.

    Args:
        segmented: The page's boxes and candidates.
        page: The page as it reads without this, in the context of its words and fields.
        logits: float32 ``(n, classes)``, one row a crop.
        info: The model that the logits are from.
        charset: The characters that may occur.
    """
    if info.style is None:
        return None
    ink = np.zeros(len(logits), np.intp)
    crops = {}
    for number, chunk in enumerate(_chunks(segmented), 1):
        for candidate in chunk.candidates:
            ink[candidate.crop], crops[candidate.box] = number, candidate.crop
    parts: Iterable[Field | Line] = chain(page.fields, page.lines)
    read = [(crops[glyph.box], glyph) for part in parts for glyph in part.glyphs if glyph.box in crops]
    examples = _examples(read, info.style)
    in_doubt = np.unique([ink[crop] for crop, glyph in read if _is_doubtful(glyph)])
    doubtful = np.flatnonzero(np.isin(ink, in_doubt))
    known = np.array([k for k, character in enumerate(info.style.characters) if character in charset], np.intp)
    if not len(examples.crops) or not len(doubtful) or not len(known):
        return None
    columns = np.array([info.labels.index(character) for character in info.style.characters], np.intp)
    own = logits[:, columns].astype(np.float64)
    before = own[np.ix_(doubtful, known)] / info.temperature
    rows, likely = np.nonzero(before > before.max(axis=1, keepdims=True) - UNLIKELY)
    after = before.copy()
    after[rows, likely] += evidence(info.style, own, ink, examples, doubtful[rows], known[likely])
    after += np.logaddexp.reduce(before, axis=1, keepdims=True) - np.logaddexp.reduce(after, axis=1, keepdims=True)
    adapted = logits.copy()
    adapted[np.ix_(doubtful, columns[known])] = info.temperature * after
    return adapted


def _chunks(segmented: SegmentedPage) -> Iterator[Chunk]:
    for field in segmented.fields:
        yield from (cell.chunk for cell in field.cells if cell.chunk is not None)
    for line in (*(line for field in segmented.fields for line in field.lines), *segmented.lines):
        for word in line.words:
            yield from word


def _examples(read: Iterable[tuple[int, Glyph]], style: StyleTable) -> Examples:
    sure = [
        (crop, style.characters.index(glyph.text), glyph.confidence)
        for crop, glyph in read
        if glyph.text
        and glyph.text in style.characters
        and glyph.status in (Status.OK, Status.REVIEW)
        and glyph.confidence > EXAMPLE
        and not UNUSUAL.intersection(glyph.reasons)
    ]
    chosen, characters, weights = zip(*sure, strict=True) if sure else ((), (), ())
    return Examples(np.array(chosen, np.intp), np.array(characters, np.intp), np.array(weights, np.float64))


def _is_doubtful(glyph: Glyph) -> bool:
    return Reason.CROSSED_OUT not in glyph.reasons and (glyph.status is Status.REJECTED or glyph.confidence < SURE)
