"""Where and how large characters stand on a line, measured on handwriting fonts and pen strokes.

Fonts know their baseline, so they tell where each character stands; people vary more, and the heights of UNIPEN's
characters against the same writer's capitals tell by how much. The table goes into the bundle
(:mod:`hcr_scan.placement` says what its numbers mean) and scanning reads it from there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.errors import DatasetError
from hcr_scan.placement import PlacementTable, Row
from hcr_scan_training.corpus import CHARACTERS, Strokes, read_strokes
from hcr_scan_training.fonts import fetch_fonts
from hcr_scan_training.glyph_fonts import draw_font, only_capitals
from hcr_scan_training.recipe import Data

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
#: Top and bottom of a character above the baseline, and its width.
Edges = tuple[float, float, float]

#: Height of the em in pixels at which fonts are measured.
EM = 192
#: Capitals without bowls at the top or bottom: their edges are the capital height and the baseline.
_FLAT = "EFHIKLMNTXZ"
#: Small letters that reach from the baseline to the x-height.
_LOW = "acemnorsuvwxz"
#: Marks whose size is their longer side: full stop and dash are equally low.
_LONGER = ".,-':"
#: Characters of about one size and place. They share a line of the table: how they differ there is chance, and would
#: count as evidence between 5 and S.
_ALIKE = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZbdhklt", _LOW, "gpqy", "()")
#: Capitals and characters of a kind that a writer must have left for his heights to count.
FEWEST = 10
#: A hand is less even than a font: added to every spread of position, in capital heights, as a variance.
UNEVEN_POSITION = 0.07
#: Heights (logarithms) vary at least so much from one character to the next.
UNEVEN_HEIGHT = 0.1
#: People put punctuation down with less care than letters, and no set tells how much: the same for it, a guess.
CARELESS_POSITION, CARELESS_HEIGHT = 0.09, 0.25


def placement_of(data: Data, shared: Path, fonts: Path) -> PlacementTable | None:
    """The table of a recipe: from its handwriting fonts, and from the writers of its pen strokes that training may see.

    ``None`` where the recipe names no handwriting fonts.
    """
    if not data.handwriting_fonts or data.sets.get("handwriting_fonts", 0) <= 0:
        return None
    files = [file for found in fetch_fonts(list(data.handwriting_fonts), fonts).values() for file in found]
    strokes = None
    if data.sets.get("unipen_strokes", 0) > 0:
        read = read_strokes(shared / "characters" / "unipen_strokes.npz")
        strokes = replace(read, usable=read.usable & ~read.held_out())
    return measure_placement([file for file in files if "-400-normal" in file.name], strokes)


def measure_placement(
    fonts: Iterable[Path], strokes: Strokes | None = None, characters: str = CHARACTERS
) -> PlacementTable:
    """The table of all ``characters``.

    Args:
        fonts: Handwriting fonts, one file a hand.
        strokes: Characters of writers known by name; without them spreads are the fonts' own.
        characters: What to measure.

    Raises:
        DatasetError: no font has one of the characters.
    """
    edges = [_font_edges(file, characters) for file in fonts]
    edges = [found for found in edges if found]
    heights = [] if strokes is None else _writer_heights(strokes)
    rows: dict[str, Row] = {}
    for character in characters:
        measured = [(found[character], _x_height(found)) for found in edges if character in found]
        if not measured:
            raise DatasetError(f"no handwriting font has {character!r}, so nothing tells where it stands on a line")
        rows[character] = _row(
            character in _LONGER, measured, [hand[character] for hand in heights if character in hand]
        )
    logger.info("placement: %d fonts, %d writers", len(edges), len(heights))
    return PlacementTable(_pooled(rows))


def _pooled(rows: dict[str, Row]) -> dict[str, Row]:
    """The rows, those of characters that are alike replaced by one that covers them all."""
    result = dict(rows)
    for group in _ALIKE:
        members = [c for c in group if c in rows]
        if not members:
            continue
        values = np.array([rows[c] for c in members])
        anchor, position, position_spread, size, size_spread, response, longer = (
            float(v) for v in np.median(values, axis=0)
        )
        # Positions are of each character's own anchor: brought to the common one before they are compared.
        moved = values[:, 1] + (anchor - values[:, 0]) * np.exp(values[:, 3])
        position = float(np.median(moved))
        position_spread = float(np.hypot(position_spread, _spread(moved)))
        size_spread = float(np.hypot(size_spread, _spread(values[:, 3])))
        if group is _LOW and _FLAT[0] in result:
            # As even for its size as large writing is: else a line of nothing but small letters, which could as well be
            # small capitals, would pass for whichever kind is the more even.
            position_spread, size_spread = result[_FLAT[0]][2] * float(np.exp(size)), result[_FLAT[0]][4]
        result |= dict.fromkeys(members, (anchor, position, position_spread, size, size_spread, response, longer))
    return result


def _row(longer: bool, measured: list[tuple[Edges, float]], written: list[tuple[Floats, float]]) -> Row:
    """One character's line of the table, from fonts and writers.

    ``measured`` is (edges, x-height) a font and ``written`` is (heights, x-height) a writer, all in capital heights,
    x-heights as logarithms.
    """
    edges = np.array([pair for pair, _ in measured])
    small = np.array([x for _, x in measured])
    height = edges[:, 0] - edges[:, 1]
    anchor = _steadiest(edges[:, 1], height)
    position = edges[:, 1] + anchor * height
    size = np.maximum(height, edges[:, 2]) if longer else height
    response, mean, spread = _trend(small, np.log(np.maximum(size, 0.02)))
    if written:
        of_hands = np.array([np.median(np.log(heights)) for heights, _ in written])
        response_of_hands, mean_of_hands, between = _trend(np.array([x for _, x in written]), of_hands)
        # How far one writer's own samples are apart.
        apart = [np.abs(np.log(h) - np.median(np.log(h))) for h, _ in written if len(h) > 2]
        within = float(np.median(np.concatenate(apart)) * 1.48)
        response, mean = (response + response_of_hands) / 2, (mean + mean_of_hands) / 2
        spread = float(np.hypot(within, min(spread, between)))
    uneven = UNEVEN_POSITION
    if not written:
        uneven, spread = CARELESS_POSITION, float(np.hypot(spread, CARELESS_HEIGHT))
    position_spread = float(np.hypot(_spread(position), uneven))
    return (
        *(anchor, float(np.median(position)), position_spread),
        *(mean, max(spread, UNEVEN_HEIGHT), response, float(longer)),
    )


def _steadiest(bottom: Floats, height: Floats) -> float:
    """The share of the height, from the bottom, at which a character stands most steadily whatever its height."""
    inner = np.abs(height - np.median(height)) <= 4 * _spread(height) + 1e-9
    variance = float(np.var(height[inner]))
    if variance < 1e-6:
        return 0.0
    covariance = float(np.cov(bottom[inner], height[inner], bias=True)[0, 1])
    return float(np.clip(-covariance / variance, 0.0, 1.0))


def _trend(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Slope of ``y`` over ``x``, ``y`` where ``x`` is its usual value, and the spread of what the slope leaves."""
    around = x - np.median(x)
    slope = float(np.clip(np.sum(around * (y - np.median(y))) / max(float(np.sum(around**2)), 1e-6), -0.2, 1.2))
    rest = y - slope * around
    return slope, float(np.median(rest)), _spread(rest)


def _spread(values: Floats) -> float:
    """A standard deviation that outliers do not move."""
    return float(1.48 * np.median(np.abs(values - np.median(values))))


def _x_height(edges: Mapping[str, Edges]) -> float:
    """Logarithm of the x-height in capital heights; the usual one for fonts without small letters."""
    tops = [edges[c][0] - edges[c][1] for c in _LOW if c in edges]
    return float(np.log(np.median(tops))) if tops else float(np.log(0.65))


def _font_edges(file: Path, characters: str) -> dict[str, Edges]:
    """The edges of each character, but no small letters of fonts that have only capitals."""
    font = ImageFont.truetype(str(file), EM)
    drawn = {c: _edges(font, c) for c in dict.fromkeys(characters + _FLAT)}
    present = {c: edges for c, edges in drawn.items() if edges is not None}
    flat = np.array([present[c] for c in _FLAT if c in present])
    if len(flat) < len(_FLAT):
        return {}
    top, base, _ = (float(v) for v in np.median(flat, axis=0))
    if top - base < 0.1 * EM:
        return {}
    capitals = only_capitals(draw_font(file, characters))
    return {
        c: ((edges[0] - base) / (top - base), (edges[1] - base) / (top - base), edges[2] / (top - base))
        for c, edges in present.items()
        if c in characters and not (capitals and c.islower())
    }


def _edges(font: ImageFont.FreeTypeFont, character: str) -> Edges | None:
    """The edges of a character's ink in pixels, ``None`` where the font has none."""
    picture = Image.new("L", (3 * EM, 3 * EM))
    ImageDraw.Draw(picture).text((EM, 2 * EM), character, fill=255, font=font, anchor="ls")
    ink = np.asarray(picture) >= 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return None
    return 2.0 * EM - float(rows[0]), 2.0 * EM - float(rows[-1]) - 1, float(columns[-1] - columns[0]) + 1


def _writer_heights(strokes: Strokes) -> list[dict[str, tuple[Floats, float]]]:
    """For each writer the heights of his characters in those of his capitals, and his x-height's logarithm."""
    heights = np.array([_height(strokes, index) for index in range(len(strokes))])
    order = np.argsort(strokes.writers, kind="stable")
    _, starts = np.unique(strokes.writers[order], return_index=True)
    result = []
    for members in np.split(order, starts[1:]):
        members = members[strokes.usable[members] & (heights[members] > 0)]
        by_character: dict[str, list[float]] = {}
        for index in members:
            by_character.setdefault(CHARACTERS[int(strokes.classes[index])], []).append(float(heights[index]))
        flat = [value for c in _FLAT for value in by_character.get(c, ())]
        low = [value for c in _LOW for value in by_character.get(c, ())]
        if min(len(flat), len(low)) < FEWEST:
            continue
        capital = float(np.median(flat))
        x_height = float(np.log(np.median(low) / capital))
        result.append({c: (np.array(values) / capital, x_height) for c, values in by_character.items()})
    return result


def _height(strokes: Strokes, index: int) -> float:
    drawn = strokes.strokes(index)
    return float(np.ptp(np.concatenate(drawn)[:, 1])) if drawn else 0.0
