"""Which way up a page lies, from the shapes of its letters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components, Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.ink.rings import are_rings
from hcr_scan.segmentation.page_model import Kind, PageModel

#: Letters looked at, and the fewest that may turn a page.
MOST_LETTERS, FEWEST_LETTERS = 240, 6
#: Every so manieth letter is asked first.
QUICK_LOOK = 4
#: Evidence (nats) over any other way up, in all and by letter, that a page stands upright, and by letter that it does
#: not: specks, and letters drawn with a marker or out of focus, look a little like letters turned.
LEAST_EVIDENCE, UPRIGHT_BY_LETTER, TURNED_BY_LETTER = 6.0, 0.1, 0.15


def quarter_turns(ink: Ink, components: Components, spec: CropSpec, model: PageModel) -> int:
    """How often the page must be turned by 90 degrees clockwise to stand upright: 0, 1, 2 or 3."""
    letters = letter_like(components)
    if len(letters) < FEWEST_LETTERS:
        return 0
    upright, turned = (max(LEAST_EVIDENCE, share * len(letters)) for share in (UPRIGHT_BY_LETTER, TURNED_BY_LETTER))
    # Most pages stand upright, and a part of their letters is enough to show it.
    for share in (letters[::QUICK_LOOK], letters):
        best, evidence = _turn_of(ink, components, share, spec, model)
        if best == 0 and evidence > upright:
            return 0
    return best if evidence > turned else 0


def _turn_of(
    ink: Ink, components: Components, letters: npt.NDArray[np.intp], spec: CropSpec, model: PageModel
) -> tuple[int, float]:
    """The likeliest turn of some letters, and the evidence (nats) for it over any other."""
    crops = np.stack([normalize_glyph(_own_ink(ink, components, int(i)), spec) for i in letters])
    kinds, found = model.kinds_and_turns(crops)
    found = found[kinds[:, Kind.OTHER] < 0.5]
    if len(found) < FEWEST_LETTERS:
        return 0, 0.0
    # An O fits any turn; one clear letter must not outvote a page: evidence is bounded.
    turns = np.maximum(found.astype(np.float64), np.log(0.02)).sum(axis=0)
    second, best = np.argsort(turns)[-2:]
    return int(best), float(turns[best] - turns[second])


def letter_like(components: Components) -> npt.NDArray[np.intp]:
    """Components of about a letter's size that are no boxes, at most :data:`MOST_LETTERS`, spread over the page."""
    widths, heights = (components.boxes[:, 2:] - components.boxes[:, :2]).T
    size = np.maximum(widths, heights)
    candidates = np.flatnonzero((size >= 10) & (size <= 200) & (components.areas < 0.75 * widths * heights))
    # Boxes, and O's, which have no way up.
    candidates = candidates[~are_rings(components, candidates)]
    if len(candidates) < 1:
        return candidates
    typical = float(np.median(size[candidates]))
    good = candidates[(size[candidates] > 0.5 * typical) & (size[candidates] < 2.5 * typical)]
    spread: npt.NDArray[np.intp] = good[:: max(1, len(good) // MOST_LETTERS)]
    return spread


def _own_ink(ink: Ink, components: Components, index: int) -> Ink:
    left, top, right, bottom = components.boxes[index]
    own = components.labels[top:bottom, left:right] == index + 1
    return np.where(own, ink[top:bottom, left:right], 0).astype(np.uint8)
