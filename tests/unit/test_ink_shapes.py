from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.segmentation.ink_shapes import COLUMNS, ink_shapes


def ring(size: int, thick: int) -> np.ndarray:
    ink = np.zeros((size + 2, size + 2), np.uint8)
    ink[1:-1, 1:-1] = 255
    ink[1 + thick : -1 - thick, 1 + thick : -1 - thick] = 0
    return ink


def bar(height: int, width: int) -> np.ndarray:
    return np.pad(np.full((height, width), 255, np.uint8), 1)


def column(shapes: np.ndarray, name: str) -> list[float]:
    return [round(float(value), 2) for value in shapes[:, COLUMNS.index(name)]]


def test_holes_less_pieces_are_counted() -> None:
    eight = np.vstack([ring(20, 3)[:-1], ring(20, 3)[1:]])
    dots = np.hstack([bar(4, 4), bar(4, 4)])
    diagonal = np.pad(np.eye(8, dtype=np.uint8) * 255, 1)
    found = ink_shapes([ring(20, 3), eight, bar(30, 3), dots, diagonal])
    # Two dots are two pieces, which counts as no fewer holes than one.
    assert column(found, "holes") == [0, 1, -1, -1, -1]


def test_what_is_thicker_than_the_pen_of_the_page_is() -> None:
    found = ink_shapes([bar(30, 4), bar(30, 4), bar(30, 4), bar(30, 12)])
    assert column(found, "stroke")[:2] == [0.0, 0.0]
    assert column(found, "stroke")[3] > 0.7
    assert column(found, "thickest")[3] > column(found, "thickest")[0] + 0.7


def test_the_same_writing_twice_as_large_measures_the_same() -> None:
    small, large = [ring(20, 4), bar(24, 4)], [ring(40, 8), bar(48, 8)]
    assert np.allclose(ink_shapes(small), ink_shapes(large), atol=0.2)


def test_neighbors_in_the_strip_do_not_matter() -> None:
    glyphs = [ring(20, 3), ring(20, 3), bar(30, 3), ring(26, 3)]
    there, back = ink_shapes(glyphs), ink_shapes(glyphs[::-1])[::-1]
    assert np.allclose(there, back)


@pytest.mark.parametrize("inks", [[], [np.zeros((1, 1), np.uint8)], [np.full((400, 900), 255, np.uint8)]])
def test_nothing_and_too_much_are_measured_too(inks: list[np.ndarray]) -> None:
    found = ink_shapes(inks)
    assert found.shape == (len(inks), len(COLUMNS))
    assert np.isfinite(found).all()


def test_the_pen_is_that_of_whole_characters_where_there_are_enough() -> None:
    written, pieces_of_print = [bar(40, 9)] * 10, [bar(12, 2)] * 30
    inks, whole = [*written, *pieces_of_print], [True] * 10 + [False] * 30
    assert column(ink_shapes(inks, whole), "stroke")[0] == 0.0
    assert column(ink_shapes(inks), "stroke")[0] > 1.0
    few = [True] * 3 + [False] * 37
    assert np.array_equal(ink_shapes(inks, few), ink_shapes(inks))
