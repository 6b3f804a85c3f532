"""Boxes and the maps between rasters. Pure values: no images, no I/O."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class BoundingBox:
    """A half-open rectangle of pixels: ``left <= x < right`` and ``top <= y < bottom``.

    >>> box = BoundingBox(10, 20, 30, 25)
    >>> box.width, box.height, box.as_list()
    (20, 5, [10, 20, 30, 25])

    Raises:
        ValueError: the box is inverted. Empty boxes (zero width or height) are allowed.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.right < self.left or self.bottom < self.top:
            raise ValueError(f"inverted box: {self.as_list()}")

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """``(x, y)`` in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def as_list(self) -> list[int]:
        """``[left, top, right, bottom]``, the order of the output schema."""
        return [self.left, self.top, self.right, self.bottom]

    def shifted(self, dx: int, dy: int) -> BoundingBox:
        if not (dx or dy):
            return self
        return BoundingBox(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, dx: int, dy: int | None = None) -> BoundingBox:
        """Wider by ``dx`` pixels on the left and right and ``dy`` (default ``dx``) above and below."""
        dy = dx if dy is None else dy
        return BoundingBox(self.left - dx, self.top - dy, self.right + dx, self.bottom + dy)

    def clipped(self, width: int, height: int) -> BoundingBox:
        """The part inside a raster of the given size; empty (on the edge) if there is none."""
        if self.left >= 0 and self.top >= 0 and self.right <= width and self.bottom <= height:
            return self
        left, right = (min(max(x, 0), width) for x in (self.left, self.right))
        top, bottom = (min(max(y, 0), height) for y in (self.top, self.bottom))
        return BoundingBox(left, top, right, bottom)

    def union(self, other: BoundingBox) -> BoundingBox:
        return BoundingBox(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def intersection(self, other: BoundingBox) -> BoundingBox | None:
        """The shared pixels, or ``None`` where the boxes do not overlap."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return BoundingBox(left, top, right, bottom) if left < right and top < bottom else None

    def share_in(self, other: BoundingBox) -> float:
        """The share of this box's area that lies in the other, from 0 to 1."""
        shared = self.intersection(other)
        return shared.area / self.area if shared is not None else 0.0

    def contains(self, other: BoundingBox) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def union_of(boxes: Iterable[BoundingBox]) -> BoundingBox:
    """The smallest box around all the boxes.

    Raises:
        ValueError: there are no boxes.
    """
    edges = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    if not edges:
        raise ValueError("union of no boxes")
    left, top, right, bottom = zip(*edges, strict=True)
    return BoundingBox(min(left), min(top), max(right), max(bottom))


@dataclass(frozen=True, slots=True)
class Homography:
    """A projective map between two rasters, as the nine numbers of its matrix, row by row.

    Plain floats and not an array, so that it can cross a process border and be compared.
    """

    matrix: tuple[float, float, float, float, float, float, float, float, float]

    @classmethod
    def scale(cls, factor: float) -> Homography:
        """Magnify about the raster's corner, so that pixel edges (not centres) stay aligned."""
        return cls((factor, 0.0, 0.0, 0.0, factor, 0.0, 0.0, 0.0, 1.0))

    def __matmul__(self, first: Homography) -> Homography:
        """The map that applies ``first`` and then this one."""
        a, b = self.matrix, first.matrix
        cells = [sum(a[3 * i + k] * b[3 * k + j] for k in range(3)) for i in range(3) for j in range(3)]
        return Homography((*cells,))  # type: ignore[arg-type]

    def inverse(self) -> Homography:
        a, b, c, d, e, f, g, h, i = self.matrix
        minors = (
            e * i - f * h, c * h - b * i, b * f - c * e,
            f * g - d * i, a * i - c * g, c * d - a * f,
            d * h - e * g, b * g - a * h, a * e - b * d,
        )  # fmt: skip
        determinant = a * minors[0] + b * minors[3] + c * minors[6]
        if determinant == 0:
            raise ValueError("this map cannot be inverted")
        return Homography(tuple(m / determinant for m in minors))  # type: ignore[arg-type]

    def point(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f, g, h, i = self.matrix
        w = g * x + h * y + i
        return (a * x + b * y + c) / w, (d * x + e * y + f) / w

    def tilt(self, x: float, y: float) -> float:
        """Degrees by which what is level in the result ran downhill (clockwise) in the source, near a point of it."""
        (x0, y0), (x1, y1) = self.point(x - 0.5, y), self.point(x + 0.5, y)
        return math.degrees(math.atan2(y0 - y1, x1 - x0))

    def box(self, box: BoundingBox) -> BoundingBox:
        """The upright box around the mapped corners, rounded to whole pixels."""
        (x0, y0), (x1, y1) = self.point(box.left, box.top), self.point(box.right, box.top)
        (x2, y2), (x3, y3) = self.point(box.right, box.bottom), self.point(box.left, box.bottom)
        return BoundingBox(
            round(min(x0, x1, x2, x3)),
            round(min(y0, y1, y2, y3)),
            round(max(x0, x1, x2, x3)),
            round(max(y0, y1, y2, y3)),
        )


def quarter_turn(turns: int, width: int, height: int) -> Homography:
    """The map of a raster's points as it is turned clockwise by ``turns`` quarters; the result begins at 0, 0 again."""
    turns %= 4
    if turns == 0:
        return Homography.scale(1.0)
    if turns == 1:
        return Homography((0.0, -1.0, float(height), 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    if turns == 2:
        return Homography((-1.0, 0.0, float(width), 0.0, -1.0, float(height), 0.0, 0.0, 1.0))
    return Homography((0.0, 1.0, 0.0, -1.0, 0.0, float(width), 0.0, 0.0, 1.0))
