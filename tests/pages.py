"""Pages drawn for tests: hand-printed characters in boxes, so that there is something to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.strokes import draw_strokes, shape_glyph


def draw_comb_page(path: Path, rows: list[str], cell: int = 60) -> Path:
    """A page with a comb field for each row, one character a cell, saved in the format of the suffix."""
    rng = np.random.default_rng(7)
    width = max(cell * (max(map(len, rows), default=0) + 2), 900)
    page = np.full((max(2 * cell * (len(rows) + 1), 1200), width), 0, np.uint8)
    for number, row in enumerate(rows):
        top = cell * (2 * number + 1)
        for position, character in enumerate(row):
            left = cell * (position + 1)
            page[top : top + cell + 2, [left, left + 1, left + cell, left + cell + 1]] = 150
            page[[top, top + 1, top + cell, top + cell + 1], left : left + cell + 2] = 150
            if character != " ":
                height = 0.62 * cell
                strokes = shape_glyph(character, left + 0.3 * cell, top + 0.2 * cell, height, rng, jitter=0.03)
                draw_strokes(page, strokes, pen=3.2)
    Image.fromarray(255 - page).save(path, dpi=(200, 200))
    return path
