"""How many dots an inch: what the file says when that can be believed, else an estimate from the size in pixels."""

from __future__ import annotations

import math

#: Resolutions outside this range are not those of a scanner.
LOWEST_DPI, HIGHEST_DPI = 50, 1200
#: What cameras, screens and paint programs write when they know nothing.
DEFAULT_DPIS = frozenset({72, 96})
#: Smallest and largest sides of paper, with some margin: A6 is 105 x 148 mm, A3 is 297 x 420 mm.
SHORT_SIDE_MM, LONG_SIDE_MM = (95.0, 310.0), (135.0, 440.0)
#: The long side of A4, which an unknown page is taken to be; Letter differs by 6 %.
ASSUMED_LONG_SIDE_MM = 297.0
#: Axes that differ by more than this are scaled to square pixels. Fax "fine" (204 x 196) stays: its 4 % harm no
#: character, resampling a 1-bit page would.
SQUARE_WITHIN = 1.15
#: Axes that differ by more than this are damaged metadata, not a fax.
MOST_OBLONG = 4.0


def believed_dpi(x_dpi: float, y_dpi: float, width: int, height: int) -> int | None:
    """The resolution the metadata states, rounded, or ``None`` where it is a default or cannot be.

    The size is in pixels, the resolutions in dots per inch across and down.
    """
    if not all(math.isfinite(v) and LOWEST_DPI <= v <= HIGHEST_DPI for v in (x_dpi, y_dpi)):
        return None
    short, long = sorted((width / x_dpi * 25.4, height / y_dpi * 25.4))
    dpi = round(math.sqrt(x_dpi * y_dpi))
    if short > SHORT_SIDE_MM[1]:
        return None
    if dpi in DEFAULT_DPIS and not (short >= SHORT_SIDE_MM[0] and LONG_SIDE_MM[0] <= long <= LONG_SIDE_MM[1]):
        return None
    return dpi


def estimated_dpi(width: int, height: int) -> int:
    """The resolution at which the raster would be about a page of A4."""
    return min(max(round(max(width, height) * 25.4 / ASSUMED_LONG_SIDE_MM), LOWEST_DPI), HIGHEST_DPI)


def square_size(width: int, height: int, x_dpi: float, y_dpi: float) -> tuple[int, int, float, float]:
    """The size and resolutions a raster gets when its pixels are made square; unchanged where they are, or nearly.

    The coarser axis is stretched to the finer one, so that nothing is lost.
    """
    if not all(math.isfinite(v) and LOWEST_DPI <= v <= HIGHEST_DPI for v in (x_dpi, y_dpi)):
        return width, height, x_dpi, y_dpi
    if not SQUARE_WITHIN < max(x_dpi, y_dpi) / min(x_dpi, y_dpi) <= MOST_OBLONG:
        return width, height, x_dpi, y_dpi
    finer = max(x_dpi, y_dpi)
    return max(1, round(width * finer / x_dpi)), max(1, round(height * finer / y_dpi)), finer, finer
