"""A template held against filled pages: is there room for what people write?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hcr_scan.document import PageFailure
from hcr_scan.forms.drafting.checking import SIDES, Finding
from hcr_scan.forms.prepared_pages import ASTRAY, PreparedPage, prepared_pages
from hcr_scan.forms.reading import RegisteredPage, registered_page
from hcr_scan.forms.template import MARK_KINDS, Template
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Mask, above, closing, connected_components, dilate
from hcr_scan.segmentation.ink.binarization import FAINTEST_INK
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageRef, count_pages, load_page

#: Writing is put together again across a frame that was taken away with the print, up to this thickness.
FRAME = 13
#: Writing may leave a box by this share of its height, and no less than this many working pixels: hands are not rulers.
LEEWAY, LEAST = 0.2, 5
#: Writing belongs to a field when this share of it lies in it.
OWN = 0.25


@dataclass(slots=True)
class _Seen:
    """What samples show of one field: in how many of them writing leaves it, and how far on each side, in pixels."""

    samples: int = 0
    beyond: dict[str, int] = field(default_factory=dict)

    def add(self, beyond: dict[str, int]) -> None:
        if beyond:
            self.samples += 1
        for side, depth in beyond.items():
            self.beyond[side] = max(self.beyond.get(side, 0), depth)


@dataclass(frozen=True, slots=True)
class SamplePage:
    """What one page of a sample shows.

    ``number`` is the page of the form that it matches, ``None`` for none; ``leaving`` tells for each field how far
    writing leaves it on each side, in pixels of the blank. ``unreadable`` says why there is nothing to be told.
    """

    name: str
    number: int | None = None
    leaving: tuple[tuple[str, dict[str, int]], ...] = ()
    unreadable: str = ""


def sample_pages(template: Template, path: str) -> tuple[SamplePage, ...]:
    """The pages of one sample held against a template; what cannot be read is one that says so.

    Raises:
        UsageError: a blank cannot be read any more.
    """
    forms, settings = prepared_pages([template]), SourceSettings()
    refs = count_pages(path, settings)
    if isinstance(refs, PageFailure):
        return (SamplePage(path, unreadable=refs.message),)
    return tuple(_sample_page(ref, settings, forms) for ref in refs)


def check_samples(template: Template, pages: Iterable[SamplePage]) -> list[Finding]:
    """Pages that cannot be read or match no page of the template, and fields that writing leaves, in that order."""
    seen = {(page.number, field.name): _Seen() for page in template.pages for field in page.fields}
    count = dict.fromkeys((page.number for page in template.pages), 0)
    findings = []
    for page in pages:
        if page.number is None:
            findings.append(Finding(0, page.name, page.unreadable or "matches no page of the template"))
            continue
        count[page.number] += 1
        for name, beyond in page.leaving:
            seen[page.number, name].add(beyond)
    for (number, name), found in seen.items():
        if found.samples:
            sides = ", ".join(f"{side} by {found.beyond[side]}" for side in SIDES if side in found.beyond)
            where = f"in {found.samples} of {count[number]} samples"
            findings.append(Finding(number, name, f"writing leaves the box {where}: {sides} pixels; give it more room"))
    return findings


def _sample_page(ref: PageRef, settings: SourceSettings, forms: Sequence[PreparedPage]) -> SamplePage:
    name = f"{ref.path}:{ref.index + 1}"
    image = load_page(ref, settings)
    if isinstance(image, PageFailure):
        return SamplePage(name, unreadable=image.message)
    page = registered_page(image, forms)
    return SamplePage(name) if page is None else SamplePage(name, page.form.page.number, tuple(_leaving(page)))


def _leaving(page: RegisteredPage) -> Iterator[tuple[str, dict[str, int]]]:
    """For each field to write in how far writing that belongs to it leaves it on each side."""
    form = page.form
    written = above(page.paper.darkness, max(FAINTEST_INK, 5 * page.paper.noise))
    reach = 2 * ASTRAY + 1
    written[dilate(above(form.darkness, FAINTEST_INK), reach, reach) > 0] = 0
    scale = form.to_frame.inverse().box(BoundingBox(0, 0, 1000, 1000)).width / 1000
    for known in form.page.fields:
        if known.kind not in MARK_KINDS:
            beyond = _beyond(written, form.box(known.box), _others(form, known.name))
            yield known.name, {side: max(1, round(scale * depth)) for side, depth in beyond.items()}


def _others(form: PreparedPage, name: str) -> list[BoundingBox]:
    return [form.box(other.box) for other in form.page.fields if other.name != name]


def _beyond(written: Mask, box: BoundingBox, others: list[BoundingBox]) -> dict[str, int]:
    """How far pieces of writing that lie mostly in a box leave it, on each side, in working pixels."""
    height, width = written.shape
    around = box.grown(2 * box.height).clipped(width, height)
    window = written[around.top : around.bottom, around.left : around.right].copy()
    for other in others:
        shared = other.intersection(around)
        if shared is not None and shared.intersection(box) is None:
            inside = shared.shifted(-around.left, -around.top)
            window[inside.top : inside.bottom, inside.left : inside.right] = 0
    inside = box.shifted(-around.left, -around.top)
    pieces = connected_components(closing(window, 1, FRAME) | closing(window, FRAME, 1))
    leeway = max(LEAST, round(LEEWAY * box.height))
    beyond: dict[str, int] = {}
    for index in range(len(pieces)):
        piece = pieces.box(index)
        shared = piece.intersection(inside.grown(-min(LEAST, inside.height // 3)))
        if shared is None:
            continue
        labels = pieces.labels[shared.top : shared.bottom, shared.left : shared.right]
        if np.count_nonzero(labels == index + 1) < OWN * pieces.areas[index]:
            continue
        depths = (
            inside.top - piece.top,
            piece.bottom - inside.bottom,
            inside.left - piece.left,
            piece.right - inside.right,
        )
        for side, depth in zip(SIDES, depths, strict=True):
            if depth > leeway:
                beyond[side] = max(beyond.get(side, 0), depth)
    return beyond
