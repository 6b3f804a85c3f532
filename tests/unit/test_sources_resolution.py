"""When stated resolutions are believed, and what is made of oblong pixels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.sources.resolution import believed_dpi, estimated_dpi, square_size


@pytest.mark.parametrize(
    ("dpi", "size", "expected"),
    [
        ((300, 300), (2480, 3508), 300),
        ((299.999, 299.999), (2480, 3508), 300),
        ((300, 300), (800, 400), 300),  # a field cut out of a page
        ((72, 72), (595, 842), 72),  # A4 on a screen
        ((96, 96), (1123, 794), 96),
        ((72, 72), (3024, 4032), None),  # a camera's default
        ((96, 96), (1700, 2200), None),
        ((72, 72), (28, 28), None),  # one character
        ((180, 180), (3000, 4000), None),  # a camera: paper of 42 cm
        ((1, 1), (2480, 3508), None),
        ((0, 0), (2480, 3508), None),
        ((math.nan, 300), (2480, 3508), None),
        ((math.inf, math.inf), (2480, 3508), None),
        ((-300, -300), (2480, 3508), None),
        ((2400, 2400), (2480, 3508), None),
        ((204, 196), (1728, 2200), 200),
    ],
)
def test_believed_resolutions(dpi: tuple[float, float], size: tuple[int, int], expected: int | None) -> None:
    assert believed_dpi(*dpi, *size) == expected


def test_an_unknown_page_is_taken_for_a4() -> None:
    assert estimated_dpi(2480, 3508) == 300
    assert estimated_dpi(3300, 2550) == 282
    assert estimated_dpi(28, 28) == 50
    assert estimated_dpi(100_000, 100) == 1200


def test_oblong_pixels_become_square_by_stretching_the_coarser_axis() -> None:
    assert square_size(1728, 1143, 204, 98) == (1728, 2379, 204, 204)
    assert square_size(1143, 1728, 98, 204) == (2379, 1728, 204, 204)
    assert square_size(1728, 2200, 204, 196) == (1728, 2200, 204, 196)
    assert square_size(100, 100, 72, 1000) == (100, 100, 72, 1000)
    assert square_size(100, 100, 0, 0) == (100, 100, 0, 0)


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 3000), st.floats(0, 3000))
def test_squaring_never_shrinks_and_settles_at_once(width: int, height: int, x_dpi: float, y_dpi: float) -> None:
    once = square_size(width, height, x_dpi, y_dpi)
    assert once[0] >= width
    assert once[1] >= height
    assert square_size(*once) == once
