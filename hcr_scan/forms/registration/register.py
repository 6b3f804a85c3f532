"""A page laid onto the blank of its form: which form it is, and where each point of the blank lies on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hcr_scan.forms.registration.alignment import Anchors, Fit, choose_anchors, plausible, refine
from hcr_scan.forms.registration.bending import unbent
from hcr_scan.forms.registration.matching import agreeing, alike, blank_features, page_features
from hcr_scan.forms.registration.verification import Found, Print, find_print, print_found
from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Features, Gray, robust_homography, shrink, warp
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light, working_raster

#: Forms are recognized on a copy this many times smaller than the working raster.
COARSER = 2
#: Features that must agree on how a page lies before that is looked into.
FEWEST = 6
#: Of many blanks so many are looked into.
CANDIDATES = 3
#: They are chosen by the votes of so many features of each, and of more as long as they need no more comparisons.
VOTERS, COMPARISONS = 150, 10_000_000
#: A blank with less than this share of the votes of one that matches is not looked into.
RIVAL = 0.5
#: Share of the blank's labels, beyond chance, that must be found, and of labels and rules added up: frames may be too
#: faint for a fax, but where they are in other places some labels alike prove nothing.
ENOUGH, ENOUGH_IN_ALL = 0.6, 1.0
#: Share of its whole texts, each counted once, however long: forms of one office share long sentences, which are most
#: of the labels where fields are few.
ENOUGH_TEXTS = 0.7
#: On blanks with fewer labels than this, more must be found, in all and of texts.
MANY, ENOUGH_OF_FEW, ENOUGH_TEXTS_OF_FEW = 20, 1.4, 0.8
#: So many points of rules weigh as much as a label.
POINTS = 20


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank page made ready for finding it again.

    ``width`` and ``height`` are its pixels as loaded; ``to_working`` maps them to the raster that all else refers to:
    ``features`` and the ``coarse`` darkness at half its size.
    """

    width: int
    height: int
    to_working: Homography
    features: Features
    anchors: Anchors
    coarse_anchors: Anchors
    coarse: Gray
    print: Print

    @property
    def middle(self) -> tuple[float, float]:
        """Of the coarse raster."""
        return self.coarse.shape[1] / 2, self.coarse.shape[0] / 2


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the blank ``index`` lies on a page: ``to_page`` maps its pixels to those of the paper.

    ``match``, 0 to 1, is the share of the blank's print that was found where it should be. Of curled paper ``to_page``
    is the best plane only; ``laid`` flattens it by what ``fit`` knows, in pixels of the working raster of the blank.
    """

    index: int
    to_page: Homography
    match: float
    fit: Fit
    to_working: Homography

    def laid(self, darkness: Gray, to_frame: Homography, width: int, height: int) -> Gray:
        """The page's darkness on a raster of its blank, bent paper made flat; 0 off the page.

        Args:
            darkness: of the paper that was registered.
            to_frame: the map from the blank's pixels to that raster.
            width: of the raster.
            height: of the raster.
        """
        if self.fit.bend is None:
            return warp(darkness, to_frame @ self.to_page.inverse(), width, height, fill=0)
        frame = to_frame @ self.to_working.inverse()
        return unbent(darkness, self.fit.to_page, self.fit.bend, frame, width, height)


def prepare_blank(pixels: Gray, ignore: Sequence[BoundingBox] = ()) -> Blank:
    """A blank page made ready for :func:`register`.

    Args:
        pixels: the blank as it was loaded.
        ignore: places not to rely on, such as the insides of fields that were filled in.
    """
    height, width = pixels.shape
    raster, to_working = working_raster(pixels)
    darkness = flatten_light(raster).darkness
    usable = np.full_like(darkness, 255)
    for box in ignore:
        inside = to_working.box(box).clipped(*darkness.shape[::-1])
        usable[inside.top : inside.bottom, inside.left : inside.right] = 0
    coarse, coarse_usable = shrink(darkness, COARSER), shrink(usable, COARSER)
    printed = find_print(coarse, coarse_usable)
    return Blank(
        width,
        height,
        to_working,
        blank_features(coarse, coarse_usable, printed.labels),
        choose_anchors(darkness, usable),
        choose_anchors(coarse, coarse_usable),
        coarse,
        printed,
    )


def register(paper: Paper, blanks: Sequence[Blank]) -> Registration | None:
    """The blank that a page was made from and where it lies on the page; ``None`` where none of them matches.

    Args:
        paper: the page, lying anyhow.
        blanks: what it may be a page of.
    """
    coarse = shrink(paper.darkness, COARSER)
    features = page_features(coarse)
    best: tuple[float, int, Registration] | None = None
    for index, votes in _candidates(features, blanks):
        if best is not None and votes < RIVAL * best[1]:
            break
        blank = blanks[index]
        fit = _align(paper, coarse, features, blank)
        if fit is None:
            continue
        found = print_found(coarse, blank.print, blank.coarse, fit.scaled(1 / COARSER))
        if not _enough(blank, found):
            continue
        evidence = _evidence(blank, found)
        if best is None or evidence > best[0]:
            best = (
                evidence,
                votes,
                Registration(index, fit.to_page @ blank.to_working, found.labels, fit, blank.to_working),
            )
    return None if best is None else best[2]


def _enough(blank: Blank, found: Found) -> bool:
    """Whether so much of a blank's print is on a page that the page was made from it."""
    many = len(blank.print.labels) >= MANY
    return (
        found.labels >= ENOUGH
        and found.texts >= (ENOUGH_TEXTS if many else ENOUGH_TEXTS_OF_FEW)
        and found.labels + found.rules >= (ENOUGH_IN_ALL if many else ENOUGH_OF_FEW)
    )


def _evidence(blank: Blank, found: Found) -> float:
    """How much more of a blank's print was found than missed, in labels: what chooses among forms that are alike.

    A share would not do: one form may have all that another has, and more.
    """
    labels = len(blank.print.labels) * blank.print.every
    return (2 * found.labels - 1) * labels + (2 * found.rules - 1) * len(blank.print.rules) / POINTS


def _candidates(features: Features, blanks: Sequence[Blank]) -> list[tuple[int, int]]:
    """The blanks that most of their own features speak for, and how many do, the best first."""
    if len(blanks) <= CANDIDATES:
        return [(index, 1) for index in range(len(blanks))]
    number = max(VOTERS, COMPARISONS // (len(blanks) * max(len(features), 1)))
    votes = []
    for blank in blanks:
        voters = blank.features.chosen(np.arange(min(number, len(blank.features))))
        votes.append(len(agreeing(voters, features, alike(voters, features), blank.middle)))
    order = sorted(range(len(blanks)), key=lambda index: -votes[index])
    return [(index, votes[index]) for index in order[:CANDIDATES]]


def _align(paper: Paper, coarse: Gray, features: Features, blank: Blank) -> Fit | None:
    """The map from a blank's working raster to the page, as far as one can be found."""
    height, width = blank.coarse.shape
    pairs = agreeing(blank.features, features, alike(blank.features, features), blank.middle)
    found = robust_homography(blank.features.points[pairs[:, 0]], features.points[pairs[:, 1]], 3.0)
    if found is None or np.count_nonzero(found[1]) < FEWEST or not plausible(found[0], width, height):
        return None
    rough = refine(coarse, blank.coarse_anchors, Fit(found[0]), 10, 1.5)
    if rough is not None and rough.bend is not None:
        # Now that the curl is known roughly, its corners are within reach.
        rough = refine(coarse, blank.coarse_anchors, rough, 10, 1.5)
    if rough is None or not plausible(rough.to_page, width, height):
        return None
    return refine(paper.darkness, blank.anchors, rough.scaled(COARSER), 5, 1.0)
