"""Items as the page gets them: JSON, with all that is worked out for people worked out here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from hcr_scan.document import Glyph
from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.review.decisions import final_of
from hcr_scan.review.glyph_store import GlyphItem, glyph_pieces
from hcr_scan.review.items import Decision, Item, ItemPage, Totals, is_doubtful
from hcr_scan.review.server.wording import FieldWords
from hcr_scan.review.tables import SETTLING
from hcr_scan.review.wording import reasons_of
from hcr_scan.sources.pages import printable

#: So many readings have a number key.
MOST_READINGS = 9
#: So many readings beside the best one are worth a look; a person who reads more of them would have typed by then.
MOST_ALTERNATIVES = 4
#: So many characters are told as the least sure ones, and of each so many alternatives.
MOST_DOUBTS, MOST_OTHERS = 3, 3
#: Readings less likely than this are nobody's help.
LEAST_LIKELY = 0.005
#: Around a field so much of its height is shown, in pixels this at least.
MARGIN, LEAST_MARGIN = 0.5, 24
#: The same around one glyph.
GLYPH_MARGIN, LEAST_GLYPH_MARGIN = 0.35, 8

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells items of one pass; ``rules`` are what templates know of the fields."""

    rules: FieldWords

    def item(self, item: Item, pass_: int) -> Json:
        """One item, with what was decided in this pass, and in the pass that settles differences the two entries."""
        settles = pass_ == SETTLING
        entries = [decision for decision in item.decisions if settles and decision.pass_ != SETTLING]
        own = item.decision(pass_)
        written = self.rules.written(item)
        texts = written_texts(item)
        return {
            "id": item.id,
            "name": item.name,
            "kind": item.kind,
            "value": item.value,
            "confidence": item.confidence,
            "status": item.status.value,
            "reasons": reasons_of(item.reasons, item.why),
            "page": page_of(item.page),
            "box": item.box.as_list(),
            "crop": crop_box(item).as_list(),
            "rows": _rows(item),
            "glyphs": [_glyph(glyph, text) for glyph, text in zip(item.glyphs, texts, strict=True)],
            "doubts": _doubts(item, texts),
            "written": None if written is None else self._written(item, written),
            "readings": self._readings(item, entries, written),
            "rules": self.rules.rules(item.page.template, item.name),
            "settles": settles,
            "decision": None if own is None else _decision(own),
        }

    def broken(self, item: Item, typed: str) -> str:
        """What is wrong with a value that a person gives, as a sentence; empty where nothing is, or it was read so."""
        if typed in (item.value, self.rules.written(item)):
            return ""
        broken = self.rules.broken_words(typed, item)
        return f"{typed} {', and '.join(broken)}." if broken else ""

    def contradicted(self, item: Item, value: str, fellows: Iterable[Item], pass_: int) -> str:
        """Which rules between fields a value breaks with those of the page that are settled; empty where none."""
        values = {}
        for other in fellows:
            decision = final_of(other.decisions, 2) if pass_ == SETTLING else other.decision(pass_)
            if decision is not None and not decision.unreadable:
                values[other.name] = decision.value
            elif decision is None and other.why is None:
                values[other.name] = other.value
        values[item.name] = value
        found = self.rules.contradictions(item.page.template, values)
        return " ".join(
            f"{check.rule} does not hold{f': {check.message}' if check.message else ''}."
            for check, names in found
            if item.name in names
        )

    def _written(self, item: Item, written: str) -> Json:
        """That the value is not what the characters say, why, and where the two differ."""
        broken = self.rules.broken_words(written, item)
        why = f", which {' and '.join(broken)}" if broken else ""
        cause = "the field's rule" if broken else "what the form knows of the field"
        return {
            "before": f"The value was chosen by {cause}: the characters read ",
            "value": written,
            "after": f"{why}.",
        }

    def _readings(self, item: Item, entries: list[Decision], written: str | None) -> list[Json]:
        """What the value may be, the likeliest first, each once."""
        # The two entries are told apart, also where it is only that one of them is unreadable.
        numbered: list[Json] = [{"value": entry.value, "note": _entry_note(entry)} for entry in entries]
        found = {item.value: _percent(item.confidence) + (", the machine" if entries else "")}
        if written is not None:
            found.setdefault(written, "as written")
        for value, confidence in list(alternative_values(item))[:MOST_ALTERNATIVES]:
            found.setdefault(value, _percent(confidence))
        for value in self.rules.values(item.page.template, item.name):
            found.setdefault(value, "")
        numbered += [{"value": value, "note": note} for value, note in found.items()]
        if written is not None:
            for reading in numbered:
                if reading["value"] in (item.value, written):
                    other = written if reading["value"] == item.value else item.value
                    reading["differs"] = differing(reading["value"], other)
        return numbered[:MOST_READINGS]


def differing(text: str, other: str) -> list[list[int]]:
    """The parts of a text that another one has not: from where to where, in characters."""
    blocks = SequenceMatcher(None, text, other, autojunk=False).get_opcodes()
    return [[start, end] for tag, start, end, _, _ in blocks if tag != "equal" and end > start]


def written_texts(item: Item) -> list[str]:
    """What the ink of each glyph says by itself; the glyphs' own texts where the two do not go together."""
    own = [glyph.text for glyph in item.glyphs]
    raw = iter("".join(item.raw.split()))
    if sum(map(len, own)) != len("".join(item.raw.split())) or any(len(text) > 1 for text in own):
        return own
    return [next(raw) if text else "" for text in own]


def page_of(page: ItemPage) -> Json:
    """The page of an item."""
    return {
        "id": page.id,
        "file": printable(page.source.path),
        "page": page.source.page,
        "pages": page.source.pages,
        "width": page.width,
        "height": page.height,
        "template": page.template,
    }


def totals_of(totals: Totals) -> Json:
    """How far a pass is."""
    return {"open": totals.open, "decided": totals.decided, "different": totals.different}


def glyph_of(found: GlyphItem) -> Json:
    """One glyph of the grid."""
    return {
        "item": found.item.id,
        "index": found.number,
        "text": found.glyph.text,
        "confidence": found.glyph.confidence,
        "name": found.item.name,
        "page": page_of(found.item.page),
    }


def crop_box(item: Item) -> BoundingBox:
    """What of the page is shown of a field: all its ink, with some of what is around it."""
    inked = union_of([item.box, *(glyph.box for glyph in item.glyphs)])
    return _around(inked, MARGIN, LEAST_MARGIN, item.page)


def glyph_crop_box(item: Item, number: int) -> BoundingBox:
    """The same of one of its glyphs."""
    return _around(item.glyphs[number].box, GLYPH_MARGIN, LEAST_GLYPH_MARGIN, item.page)


def alternative_values(item: Item) -> Iterable[tuple[str, float]]:
    """Other values and how likely each is: those the machine gave, and else those with one glyph read otherwise."""
    if item.alternatives:
        return [(other.value, other.confidence) for other in item.alternatives if other.confidence >= LEAST_LIKELY]
    pieces = glyph_pieces(item.value, item.glyphs)
    if pieces is None:
        return []
    found: list[tuple[str, float]] = []
    for number, glyph in enumerate(item.glyphs):
        before, was = pieces[number]
        for other in glyph.alternatives:
            if not was or not other.text or other.text == was or glyph.confidence <= 0:
                continue
            likely = item.confidence * other.confidence / glyph.confidence
            if likely >= LEAST_LIKELY:
                changed = [*pieces[:number], (before, other.text), *pieces[number + 1 :]]
                found.append(("".join(space + text for space, text in changed), likely))
    return sorted(found, key=lambda other: -other[1])


def _around(box: BoundingBox, share: float, least: int, page: ItemPage) -> BoundingBox:
    margin = max(round(min(box.height, box.width) * share), least)
    return box.grown(margin).clipped(page.width, page.height)


def _rows(item: Item) -> int:
    """How many lines of writing stand one above the other, as far as that matters: 1, or 2 for more."""
    written = [glyph.box for glyph in item.glyphs if glyph.text]
    for first, second in pairwise(written):
        if second.top >= first.bottom and second.left < first.left:
            return 2
    return 1


def _glyph(glyph: Glyph, text: str) -> Json:
    return {"text": text, "box": glyph.box.as_list(), "doubtful": is_doubtful(glyph) or text != glyph.text}


def _doubts(item: Item, texts: list[str]) -> list[Json]:
    """The characters as written that were taken for others, then the least sure ones, and what else each may be."""
    places = zip(range(1, len(texts) + 1), item.glyphs, texts, strict=True)
    doubtful = [found for found in places if is_doubtful(found[1]) or found[1].text != found[2]]
    doubtful.sort(key=lambda found: (found[1].text == found[2], found[1].confidence))
    return [
        {
            "text": text,
            "at": place,
            # How sure the ink alone is of what was not chosen, is not known.
            "confidence": glyph.confidence if glyph.text == text else None,
            "others": _others(glyph, text),
        }
        for place, glyph, text in doubtful[:MOST_DOUBTS]
    ]


def _others(glyph: Glyph, text: str) -> list[str]:
    likely = [glyph.text, *(other.text for other in glyph.alternatives if other.confidence >= LEAST_LIKELY)]
    return [other for other in dict.fromkeys(likely) if other and other != text][:MOST_OTHERS]


def _decision(decision: Decision) -> Json:
    return {
        "verdict": decision.verdict.value,
        "value": decision.value,
        "typed": decision.typed,
        "reviewer": decision.reviewer,
    }


def _entry_note(entry: Decision) -> str:
    which = "first entry" if entry.pass_ == 1 else "second entry"
    return f"{'unreadable, ' if entry.unreadable else ''}{which}{f', {entry.reviewer}' if entry.reviewer else ''}"


def _percent(confidence: float) -> str:
    return f"{confidence:.0%}".replace("%", " %") if confidence < 0.9995 else "100 %"
