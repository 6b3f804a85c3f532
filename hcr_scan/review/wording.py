"""Why a reading is doubtful, in the words of people who do not know the program: for reviewers and for reports."""

from __future__ import annotations

from collections.abc import Iterable

from hcr_scan.document import Reason
from hcr_scan.review.items import Why

REASONS = {
    Reason.LOW_CONFIDENCE: "the reading is not sure enough",
    Reason.NOT_A_CHARACTER: "a mark that is no character: a tick, a blot, a stroke",
    Reason.AMBIGUOUS_SPLIT: "touching characters that may be cut apart in another way",
    Reason.CROSSED_OUT: "the writer struck it out",
    Reason.OVERWRITTEN: "written over something else, or scribbled out",
    Reason.MAYBE_PRINT: "may be a printed label rather than handwriting",
    Reason.CHARSET: "a character that may not stand in the field",
    Reason.PATTERN: "does not fit the field's pattern",
    Reason.LEXICON: "not in the field's word list",
    Reason.TYPE: "no such date, number or code, out of bounds, or a wrong check digit",
    Reason.CHECK_FAILED: "contradicts other fields of the form",
    Reason.REQUIRED: "must be filled in, and is blank",
    Reason.NONE_MARKED: "none of the boxes is marked",
    Reason.SEVERAL_MARKED: "more than one box is marked",
    Reason.UNREGISTERED: "the page matches none of the templates",
    Reason.OUTSIDE_FIELDS: "written where the form has no field",
    Reason.INCOMPLETE: "a page of the form is missing",
    Reason.UNREADABLE: "a person could not read it either",
}

_WHYS = {
    Why.REQUIRED: "must be filled in, and is blank",
    Why.THRESHOLD: "less sure than what is accepted unseen",
    Why.AUDIT: "drawn by chance, to see how good what is accepted unseen is",
}


def reasons_of(reasons: Iterable[Reason], why: Why | None) -> list[str]:
    """Why a person is asked, each reason once."""
    words = [REASONS[reason] for reason in reasons]
    if why in _WHYS:
        words.append(_WHYS[why])
    return list(dict.fromkeys(words))
