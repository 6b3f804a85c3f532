"""What each glyph of a decided field is, where that is certain: characters to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hcr_scan.assembly.glyphs import text_of_cell
from hcr_scan.document import Glyph, Reason, Status, Verdict
from hcr_scan.review.alignment import Aligned, aligned
from hcr_scan.review.glyph_store import GlyphDecision, glyph_pieces
from hcr_scan.review.items import Decision, Item

#: So many misread glyphs may stand side by side on a line, between glyphs that were read rightly.
MOST_MISREAD = 2


@dataclass(frozen=True, slots=True)
class GlyphLabel:
    """What a glyph of an item is; ``text`` is empty for what is no character."""

    number: int
    text: str


def labels_of(item: Item, final: Decision | None, glyph_decisions: Sequence[GlyphDecision] = ()) -> list[GlyphLabel]:
    """The glyphs of an item of which it is certain what they are, in their order.

    What a person said of single glyphs is; of a field's value, what of it belongs to which glyph beyond doubt.

    Args:
        item: With the machine's glyphs.
        final: What holds of the item in the end, if anything.
        glyph_decisions: What was said of single glyphs; in several passes they must agree.
    """
    said = {} if final is None else {label.number: label.text for label in _of_value(item, final)}
    single: dict[int, set[str]] = {}
    for decision in glyph_decisions:
        single.setdefault(decision.number, set()).add(decision.text)
    for number, texts in single.items():
        # Of what is contradicted nothing is certain.
        if len(texts) == 1 and said.get(number, *texts) in texts:
            said[number] = next(iter(texts))
        else:
            said.pop(number, None)
    return [GlyphLabel(number, said[number]) for number in sorted(said) if _can_be_label(said[number])]


def _of_value(item: Item, final: Decision) -> Iterator[GlyphLabel]:
    if final.verdict is Verdict.UNREADABLE:
        return
    if final.verdict is Verdict.BLANK:
        yield from (GlyphLabel(number, "") for number, glyph in enumerate(item.glyphs) if _is_mark(glyph))
        return
    in_cells = "".join(map(text_of_cell, item.glyphs)).strip() == item.value
    if in_cells and all(glyph.cell is not None for glyph in item.glyphs):
        found = _of_cells(item.glyphs, item.value, final.value)
        if found is not None:
            yield from found
            return
    if final.value == item.value:
        yield from (GlyphLabel(number, glyph.text) for number, glyph in enumerate(item.glyphs) if _is_read(glyph))
    elif in_cells or glyph_pieces(item.value, item.glyphs) is not None:
        # Else the value was put into another form than it is written in.
        yield from _of_words(item.glyphs, final.value)


def _of_cells(glyphs: Sequence[Glyph], machine: str, value: str) -> list[GlyphLabel] | None:
    """Cell by cell, where the value has a character for each; ``None`` where it may be shifted against them."""
    texts = [text_of_cell(glyph) for glyph in glyphs]
    joined = "".join(texts)
    if len(value) != len(machine) or not _unshifted(machine, value):
        return None
    at = -(len(joined) - len(joined.lstrip()))
    labels = []
    for number, (glyph, text) in enumerate(zip(glyphs, texts, strict=True)):
        said = value[at : at + len(text)] if 0 <= at < len(value) else " "
        at += len(text)
        if len(text) != 1 or glyph.status is Status.BLANK or Reason.CROSSED_OUT in glyph.reasons:
            continue
        if said != " ":
            labels.append(GlyphLabel(number, said))
        elif _is_mark(glyph):
            labels.append(GlyphLabel(number, ""))
    return labels


def _unshifted(machine: str, value: str) -> bool:
    """Whether no shift of the value against the cells explains it better than characters read wrongly."""
    wrong = sum(a != b for a, b in zip(machine, value, strict=True))
    pairs = aligned(tuple(machine), value)
    return wrong <= 1 or len([pair for pair in pairs if pair.glyph == pair.character]) == len(value)


def _of_words(glyphs: Sequence[Glyph], value: str) -> Iterator[GlyphLabel]:
    """By laying the glyphs along the value; misread ones count between others that were read rightly."""
    written = [number for number, glyph in enumerate(glyphs) if _is_read(glyph) or _is_mark(glyph)]
    characters = "".join(value.split())
    pairs = {pair.glyph: pair for pair in aligned([glyphs[number].text for number in written], characters)}
    for place, number in enumerate(written):
        pair = pairs.get(place)
        if pair is not None and (pair.same or _is_held(pairs, pair, len(written), len(characters))):
            yield GlyphLabel(number, characters[pair.character])


def _is_held(pairs: dict[int, Aligned], pair: Aligned, glyphs: int, characters: int) -> bool:
    """Whether a misread glyph stands between two that were read rightly, or the ends, and hardly another with it."""
    misread = 0
    for step, end, last in ((-1, -1, -1), (1, glyphs, characters)):
        place, character = pair.glyph, pair.character
        while place != end and not (place in pairs and pairs[place].same):
            if place not in pairs or pairs[place].character != character:
                return False
            misread += 1
            place, character = place + step, character + step
        if place == end and character != last:
            return False
    return misread - 1 <= MOST_MISREAD


def _is_read(glyph: Glyph) -> bool:
    return len(glyph.text) == 1


def _is_mark(glyph: Glyph) -> bool:
    """Whether the machine took it for no character, which the writer did not strike out."""
    return glyph.status is Status.REJECTED and Reason.CROSSED_OUT not in glyph.reasons


def _can_be_label(text: str) -> bool:
    return text == "" or (len(text) == 1 and text.isprintable() and not text.isspace())
