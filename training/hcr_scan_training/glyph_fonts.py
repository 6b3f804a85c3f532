"""Glyphs of font files as ink."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.images import Ink, resize
from hcr_scan_training.corpus import CHARACTERS, Bitmaps, classes_of, flatten, tight

logger = logging.getLogger(__name__)

#: Height of the em in pixels.
EM = 96

#: Small letters whose form differs from the capital's: a font where these look alike has only capitals.
_TELLING = "abdeghnqrt"


def font_bitmaps(name: str, files: Iterable[Path], characters: str = CHARACTERS) -> Bitmaps:
    """One glyph for each file and character; small letters of fonts that have only capitals are left out."""
    inks: list[Ink] = []
    labels: list[str] = []
    for file in files:
        drawn = draw_font(file, characters)
        if only_capitals(drawn):
            drawn = {character: ink for character, ink in drawn.items() if not character.islower()}
        inks.extend(drawn.values())
        labels.extend(drawn)
    return flatten(name, inks, classes_of(labels))


def draw_font(file: Path, characters: str, em: int = EM) -> dict[str, Ink]:
    """Ink of each of ``characters`` that the font has."""
    font = ImageFont.truetype(str(file), em)
    missing = _draw(font, "\uffff")
    drawn = {}
    for character in characters:
        ink = _draw(font, character)
        if ink.size and not (ink.shape == missing.shape and np.array_equal(ink, missing)):
            drawn[character] = tight(ink)
    return {character: ink for character, ink in drawn.items() if ink.size}


def _draw(font: ImageFont.FreeTypeFont, text: str) -> Ink:
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    if right <= left or bottom <= top:
        return np.zeros((0, 0), np.uint8)
    picture = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, fill=255, font=font)
    return np.asarray(picture, np.uint8)


def draw_word(file: Path, text: str, em: int) -> Ink:
    """Ink of ``text`` set in a font, as wide as it comes."""
    return _draw(ImageFont.truetype(str(file), em), text)


def only_capitals(drawn: Mapping[str, Ink]) -> bool:
    alike = [_similarity(drawn[c], drawn[c.upper()]) for c in _TELLING if c in drawn and c.upper() in drawn]
    return len(alike) > 0 and float(np.median(alike)) > 0.75


def _similarity(one: Ink, other: Ink) -> float:
    a, b = (resize(ink, 24, 24).astype(np.float32).ravel() for ink in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6))
