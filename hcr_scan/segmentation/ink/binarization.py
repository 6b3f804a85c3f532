"""From grey pixels to ink: uneven light divided out, and how dark each pixel is against its own paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import Homography
from hcr_scan.images import (
    Components,
    Gray,
    Ink,
    Mask,
    above,
    at_least,
    at_most,
    box_blur,
    closing,
    connected_components,
    difference,
    dilate,
    enlarge,
    erode,
    looked_up,
    ratio,
    resize,
    shrink,
    without_grain,
)
from hcr_scan.order_statistics import quantile_of_bytes
from hcr_scan.segmentation.ink.panels import find_panels, on_panels

#: Longest side of the working raster in pixels: A4 at about 200 dpi. Everything in this package is tuned to it once, so
#: that a 72-dpi screenshot and a 600-dpi scan go through the same numbers.
WORKING_SIZE = 2300
#: Rasters within these shares of the working size are left as they are: resampling blurs.
KEEP_FROM, KEEP_TO = 0.9, 1.15
#: Light and the darkest ink nearby are looked at on a copy this many times smaller.
COARSER = 8
#: Darkness (0..255) that no pen stays under, so that the grain of paper is never amplified into ink.
FAINTEST_INK = 26
#: Soft ink from which a pixel is part of a stroke and not of its edge.
STRONG_INK = 112
#: Nor is what is fainter than this share of the page's darkest ink taken for ink where there is no other.
GRAIN_BELOW = 0.33
#: One pixel in so many, each way, tells the noise of a page; grain differs from that so many pixels beside.
SAMPLED, APART = 4, 3
#: What is darker than this is ink. Between paper and tint a level is less common than this share of what is before and
#: beyond, and more than that share of the page is tinted.
PALEST_INK, VALLEY, TRACE = 100, 0.5, 0.05

#: Tints are looked for in steps of so many pixels: what is as dark as this over so many steps each way is one, since
#: strokes and rules are narrower. It varies by no more than so much, and so many times the grain; writing hides no more
#: than so many steps of it.
TINT_STEP, PALEST_TINT, TINTED, EVEN, WRITTEN_ON = 4, 3, 5, (4.0, 2.0), 11
#: Grain above this (darkness), as of a photo in poor light, is smoothed away; so much of it is left at strokes.
GRAINY, LEFT_AT_STROKES = 6.0, 0.6


@dataclass(frozen=True)
class Paper:
    """A page without its illumination.

    ``darkness`` is uint8: 0 = as bright as the paper around it, 255 = black. ``noise`` is the standard deviation of
    ``darkness`` on bare paper, before strong grain was smoothed away: rules are as hard to tell from the rest.
    """

    darkness: Gray
    noise: float

    @property
    def noise_at_strokes(self) -> float:
        """What a stroke of a pen must stand out from, which is broader than grain."""
        return LEFT_AT_STROKES * self.noise if self.noise > GRAINY else self.noise

    @cached_property
    def beyond_tints(self) -> Gray:
        """Darkness beyond that of tints under cells, on which grain would be short rules, and of black areas."""
        height, width = self.darkness.shape
        # Smoothed no further than gaps between close walls or letters, which are no even ground.
        smooth = box_blur(self.darkness, TINT_STEP + 1, TINT_STEP + 1)
        smooth = np.pad(smooth, ((0, -height % TINT_STEP), (0, -width % TINT_STEP)), mode="edge")
        step = slice(None, None, TINT_STEP)
        least, most = (
            extreme(np.ascontiguousarray(extreme(smooth, TINT_STEP, TINT_STEP)[step, step]), TINTED, TINTED)
            for extreme in (erode, dilate)
        )
        even = difference(most, least) <= EVEN[0] + EVEN[1] * self.noise
        tint = np.where(even & (least >= max(PALEST_TINT, self.noise)), least, np.uint8(0))
        if not tint.any():
            return self.darkness
        ground = dilate(closing(tint, WRITTEN_ON, WRITTEN_ON), TINTED + 2, TINTED + 2)
        everywhere = ground.repeat(TINT_STEP, axis=0).repeat(TINT_STEP, axis=1)
        return difference(self.darkness, everywhere[:height, :width])


def working_raster(gray: Gray) -> tuple[Gray, Homography]:
    """The page at working size, and the map from source pixels to it."""
    larger = max(gray.shape) / WORKING_SIZE
    if KEEP_FROM <= larger <= KEEP_TO:
        return gray, Homography.scale(1.0)
    whole = max(1, int(larger))
    if whole > 1:
        gray = shrink(gray, whole)
    height, width = gray.shape
    scale = WORKING_SIZE / max(height, width)
    if 1 <= 1 / scale <= KEEP_TO:
        return gray, Homography.scale(1 / whole)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    resampled = resize(gray, new_width, new_height)
    exact = Homography((new_width / width, 0.0, 0.0, 0.0, new_height / height, 0.0, 0.0, 0.0, 1.0))
    return resampled, exact @ Homography.scale(1 / whole)


def flatten_light(gray: Gray, sheet: Mask | None = None, *, panels: bool = False) -> Paper:
    """Divide the page by its background, so that shadows, vignettes and coloured paper vanish.

    The background is what is left of the page, eight times smaller, after closing away everything dark and narrower
    than about 70 pixels (writing, rules, even marker strokes), smoothed. Off the ``sheet`` of a photo, where one is
    given, there is neither light nor ink. With ``panels``, those that a press laid under cells are measured against the
    paper, and what is on them against themselves; what is compared with the blank of a form has no need of that.
    """
    height, width = gray.shape
    small = shrink(gray, COARSER)
    on_sheet = np.full_like(small, 255)
    if sheet is not None:
        on_sheet[shrink(sheet, COARSER) < 255] = 0
    bare = closing(small & on_sheet, 9, 9) & on_sheet
    found = find_panels(small | (255 - on_sheet)) if panels else None
    if found is not None:
        bare = np.where(dilate(found.solid, 3, 3) > 0, found.paper & on_sheet, bare)
    background = box_blur(bare, 9, 9)
    if sheet is not None:
        weight = np.maximum(box_blur(on_sheet, 9, 9), 1)
        background = np.minimum(background.astype(np.uint16) * 255 // weight, 255).astype(np.uint8)
    background = enlarge(at_least(background, 1), COARSER, width, height)
    darkness = 255 - ratio(gray, at_least(background, 1))
    if found is not None:
        darkness = on_panels(darkness, found, COARSER)
    on_paper = slice(None) if sheet is None else sheet[::SAMPLED, ::SAMPLED] > 0
    sample, light = (raster[::SAMPLED, ::SAMPLED][on_paper].ravel() for raster in (darkness, background))
    noise = max(_paper_noise(sample), _grain(gray, on_paper) * 255 / max(quantile_of_bytes(light, 0.5), 1.0))
    if noise > GRAINY:
        darkness = without_grain(darkness, noise)
    return Paper(darkness if sheet is None else darkness & sheet, noise)


def _grain(gray: Gray, on_paper: npt.NDArray[np.bool_] | slice) -> float:
    """Half the standard deviation of what pixels a little apart differ by: of darkness, which ends at 0, half shows."""
    here = gray[::SAMPLED, ::SAMPLED]
    beside = np.roll(gray[::SAMPLED], -APART, axis=1)[:, ::SAMPLED]
    differences = np.where(here > beside, here - beside, beside - here)[on_paper].ravel()
    return 0.5 * quantile_of_bytes(differences, 0.5) / (0.6745 * math.sqrt(2)) if differences.size else 0.0


def _paper_noise(sample: Gray) -> float:
    """Standard deviation of darkness on bare paper, from the middle half of a sample ``(n,)`` (ink is in the tail)."""
    sample = sample[sample < PALEST_INK]
    if sample.size < 100:
        return 1.0
    sample = sample[sample < _palest_tint(sample)]
    return max((quantile_of_bytes(sample, 0.75) - quantile_of_bytes(sample, 0.25)) / 1.35, 1.0)


def _palest_tint(sample: Gray) -> int:
    """The darkness at which that of tinted cells and panels begins, which is no grain of the paper.

    Grain grows rarer from paper on; what is commoner again beyond a valley, and is no trace, is of another paper.
    """
    common = np.convolve(np.bincount(sample, minlength=PALEST_INK), np.ones(5) / 5, mode="same")
    before, after = np.maximum.accumulate(common), np.maximum.accumulate(common[::-1])[::-1]
    depth = common / np.maximum(np.minimum(before, after), 1.0)
    valley = int(np.argmin(depth))
    beyond = np.count_nonzero(sample >= valley) / sample.size
    return valley if depth[valley] < VALLEY and TRACE < beyond < 0.5 else PALEST_INK


def local_ink(paper: Paper, pen: float = 255.0) -> Ink:
    """Soft ink: darkness relative to the darkest ink nearby, so that pencil and marker both reach 255.

    What is much fainter than the writing around it (guide lines, show-through) fades away; bare paper stays 0. So does
    a pencil beside black print, unless it is known how dark the ``pen`` is.
    """
    height, width = paper.darkness.shape
    small = shrink(dilate(paper.darkness, 5, 5), COARSER)
    strongest = box_blur(dilate(small, 13, 13), 13, 13)
    floor = max(FAINTEST_INK / 0.6, 5 * paper.noise / 0.6, GRAIN_BELOW * quantile_of_bytes(strongest.ravel(), 0.99))
    strongest = at_least(at_most(strongest, min(round(pen), 255)), min(int(floor), 255))
    strongest = enlarge(strongest, COARSER, width, height)
    full = np.array([max(level * 7 // 10, 1) for level in range(256)], np.uint8)
    return ratio(paper.darkness, looked_up(strongest, full))


def strong_pieces(ink: Ink) -> Components:
    """The connected pieces of soft ink that is part of strokes."""
    return connected_components(above(ink, STRONG_INK - 1))
