"""Hypothesis strategies for results: any page a scan could yield, with any text in it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from hcr_scan.document import (
    Alternative,
    Correction,
    Field,
    FieldAlternative,
    Glyph,
    Line,
    MachineReading,
    Page,
    PageFailure,
    Reason,
    Source,
    Status,
    Verdict,
    Word,
)
from hcr_scan.geometry import BoundingBox

#: Any string Python can hold: control characters, quotes, line ends, astral planes, lone surrogates.
texts = st.text(st.characters(), max_size=12)
confidences = st.floats(0, 1)
reasons = st.lists(st.sampled_from(list(Reason)), unique=True, max_size=3).map(tuple)
statuses = st.sampled_from([Status.OK, Status.REVIEW, Status.REJECTED, Status.BLANK])


@st.composite
def boxes(draw: st.DrawFn) -> BoundingBox:
    left, top = draw(st.integers(0, 5000)), draw(st.integers(0, 5000))
    return BoundingBox(left, top, left + draw(st.integers(0, 500)), top + draw(st.integers(0, 500)))


def glyphs(cell: st.SearchStrategy[int | None]) -> st.SearchStrategy[Glyph]:
    alternatives = st.lists(st.builds(Alternative, texts, confidences), max_size=3).map(tuple)
    return st.builds(Glyph, boxes(), texts, confidences, alternatives, statuses, cell, reasons)


#: What a person said of few of them; the reviewer's name as it is written.
corrections = st.none() | st.builds(
    Correction,
    st.sampled_from(Verdict),
    texts,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.builds(MachineReading, texts, confidences, statuses, reasons),
)


def _corrected(part: Field, correction: Correction | None) -> Field:
    """A field with a person's word on it, whose value is the field's own."""
    return part if correction is None else replace(part, correction=replace(correction, value=part.value))


fields = st.builds(
    Field,
    name=texts,
    kind=st.sampled_from(["cells", "box"]),
    box=boxes(),
    value=texts,
    raw=texts,
    confidence=confidences,
    status=statuses,
    reasons=reasons,
    alternatives=st.lists(st.builds(FieldAlternative, texts, confidences), max_size=3).map(tuple),
    glyphs=st.lists(glyphs(st.integers(0, 50)), max_size=3).map(tuple),
)
corrected_fields = st.builds(_corrected, fields, corrections)
words = st.builds(Word, st.lists(glyphs(st.none()), min_size=1, max_size=3).map(tuple))
lines = st.builds(Line, st.lists(words, min_size=1, max_size=2).map(tuple), statuses, reasons, corrections)

#: Paths as the system gives them: undecodable bytes are surrogates, as os.fsdecode makes them.
paths = st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"?").decode("utf-8", "surrogateescape"))
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
sources = st.builds(Source, paths, st.integers(1, 9999), st.integers(1, 9999), digests)
#: What a page was found to be: the form, how well it matches and which page of it; or of no form.
templates = st.none() | st.tuples(texts, st.none() | confidences, st.integers(1, 9))


def _of_template(page: Page, template: tuple[str, float | None, int] | None) -> Page:
    if template is None:
        return page
    return replace(page, template=template[0], template_match=template[1], template_page=template[2])


pages = st.builds(
    _of_template,
    st.builds(
        Page,
        source=sources,
        width=st.integers(1, 9999),
        height=st.integers(1, 9999),
        dpi=st.integers(36, 1200),
        rotation=st.sampled_from([0, 90, 180, 270]),
        skew=st.floats(-45, 45).map(lambda degrees: round(degrees, 2)),  # as pages have it
        fields=st.lists(corrected_fields, max_size=2).map(tuple),
        lines=st.lists(lines, max_size=2).map(tuple),
    ),
    templates,
)
failures = st.builds(PageFailure, sources, st.sampled_from(["open", "decode", "segment", "classify"]), texts, texts)
results = pages | failures
