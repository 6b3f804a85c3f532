from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hcr_scan.segmentation.cells.writing import read_comb
from tests.frames import as_paper, draw_comb, fill, nearly
from tests.strokes import blank_page

TEXTS = st.text("ACEFGHKMNPRSUVWXYZ2345679 ", min_size=2, max_size=8).filter(lambda text: text.strip())


@settings(max_examples=25)
@given(TEXTS, st.integers(0, 10**6), st.sampled_from([25, 100, 180]), st.integers(36, 56))
def test_drawn_glyphs_are_found_once_in_the_right_cell(text, seed, darkness, width):
    page = blank_page(620, 160)
    cells = draw_comb(page, 60, 50, len(text), width=width, height=52, darkness=darkness)
    drawn = fill(page, cells, text, np.random.default_rng(seed))
    found = read_comb(as_paper(page), tuple(cells))
    assert [cell.chunk is not None for cell in found] == [character != " " for character in text]
    boxes = [cell.chunk.candidates[0].box for cell in found if cell.chunk is not None]
    assert all(nearly(box, there, 3) for box, there in zip(boxes, drawn, strict=True))
