"""The only module that imports OpenCV: thin, typed wrappers; the rest of the program speaks in arrays of known type.

OpenCV never gets file names nor undecoded bytes (it crashes on some); Pillow decodes, in :mod:`hcr_scan.sources`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography

#: Shape (height, width): grey pixels, 0 = black; 0 where there is paper, up to 255 where there is ink; 0 or 255.
Gray = npt.NDArray[np.uint8]
Ink = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

#: Pixels of either depth.
Raster = TypeVar("Raster", Gray, npt.NDArray[np.float32])

#: Rasters of fewer pixels are not worth more than one call.
LARGE_RASTER = 1 << 14

# One thread: parallelism comes from processes, and OpenCV's own pool would fight with them.
cv2.setNumThreads(1)


@dataclass(frozen=True, slots=True)
class Components:
    """Connected components of a mask (8-connected).

    ``labels`` (height, width) int32 holds 0 for the background and 1..n for the components;
    ``boxes`` (n, 4) int32 holds left, top, right, bottom (half-open) and ``areas`` (n,) int32 the pixel counts.
    """

    labels: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    areas: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.areas)

    def box(self, index: int) -> BoundingBox:
        return BoundingBox(*self.boxes[index].tolist())


def connected_components(mask: Mask, connectivity: int = 8) -> Components:
    """Label the non-zero pixels of ``mask``; component ``i`` (from 0) has label ``i + 1``."""
    if mask.size < LARGE_RASTER:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity, ltype=cv2.CV_32S)
        boxes = stats[1:, :4].astype(np.int32)
        boxes[:, 2:] += boxes[:, :2]
        return Components(labels, boxes, stats[1:, 4].astype(np.int32))
    count, labels = labeled(mask, connectivity)
    return Components(labels, *_measure(mask, labels, count))


def labeled(mask: Mask, connectivity: int = 8) -> tuple[int, npt.NDArray[np.int32]]:
    """How many labels there are, 0 included, and the ``labels`` of :class:`Components` alone."""
    count, labels = cv2.connectedComponents(mask, connectivity=connectivity, ltype=cv2.CV_32S)
    return count, np.asarray(labels, np.int32)


def measured_components(mask: Mask, connectivity: int = 8) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Boxes and areas of the connected components alone, in two thirds of the time."""
    # No component begins but where a run of a row does, so this says whether 16 bits can number them all.
    starts = cv2.countNonZero(cv2.subtract(mask[:, 1:], mask[:, :-1])) + len(mask)
    if starts > np.iinfo(np.uint16).max:
        found = connected_components(mask, connectivity)
        return found.boxes, found.areas
    count, labels = cv2.connectedComponents(mask, connectivity=connectivity, ltype=cv2.CV_16U)
    return _measure(mask, labels, count)


def _measure(mask: Mask, labels: npt.NDArray[Any], count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Boxes and areas of labeled components, from their runs along rows: OpenCV's own take four times as long."""
    height, width = mask.shape
    # One long row, with paper before each row of the mask and after the last.
    framed = np.zeros((height + 1, width + 1), np.bool_)
    np.not_equal(mask, 0, out=framed[:-1, 1:])
    pixels = framed.ravel()
    edges = np.flatnonzero(pixels[1:] != pixels[:-1])
    rows, columns = np.divmod(edges.astype(np.int32), np.int32(width + 1))
    rows, starts, ends = rows[::2], columns[::2], columns[1::2]
    owners = labels[rows, starts]
    areas = np.bincount(owners, ends - starts, count).astype(np.int32)
    boxes = np.empty((count, 4), np.int32)
    # Rows come from top to bottom, and what is written last stays.
    boxes[owners[::-1], 1] = rows[::-1]
    boxes[owners, 3] = rows + 1
    boxes[:, 0], boxes[:, 2] = width, 0
    np.minimum.at(boxes[:, 0], owners, starts)
    np.maximum.at(boxes[:, 2], owners, ends)
    return boxes[1:], areas[1:]


def inked_box(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not 0, tightly; all 0 where there is nothing."""
    left, top, width, height = cv2.boundingRect(mask)
    return left, top, left + width, top + height


def ratio(image: Gray, whole: Gray) -> Gray:
    """``255 * image // whole``, 255 at most; ``whole`` must be nowhere 0."""
    result = np.empty_like(image)
    for top in range(0, len(image), 64):  # in stripes that stay in the processor's cache
        rows = slice(top, top + 64)
        exact = cv2.divide(image[rows], whole[rows], scale=255, dtype=cv2.CV_32F)
        # Quotients are whole or at least 1/255 below: this turns rounding into rounding down.
        result[rows] = cv2.subtract(exact, 0.498, dtype=cv2.CV_8U)
    return result


def above(image: Gray, threshold: float) -> Mask:
    """Where ``image`` exceeds ``threshold``."""
    return cv2.threshold(image, threshold, 255, cv2.THRESH_BINARY)[1]  # type: ignore[no-any-return]


def difference(image: Gray, other: Gray) -> Gray:
    """``image - other``, and 0 where that would be negative."""
    return cv2.subtract(image, other)  # type: ignore[no-any-return]


def at_least(image: Gray, value: int) -> Gray:
    """The image, with what is below ``value`` raised to it."""
    return cv2.max(image, value)  # type: ignore[no-any-return]


def at_most(image: Gray, value: int) -> Gray:
    """The image, with what is above ``value`` cut down to it."""
    return cv2.min(image, value)  # type: ignore[no-any-return]


def beside(image: Gray, distance: int) -> Gray:
    """For each pixel the larger of those ``distance`` rows above and below it; rows beyond the image are 0."""
    padded = cv2.copyMakeBorder(image, distance, distance, 0, 0, cv2.BORDER_CONSTANT, value=0)
    return cv2.max(padded[: -2 * distance], padded[2 * distance :])  # type: ignore[no-any-return]


def looked_up(image: Gray, table: npt.NDArray[np.uint8]) -> Gray:
    """``table[image]``, of a table of 256."""
    return cv2.LUT(image, table)  # type: ignore[no-any-return]


def transposed(image: Gray) -> Gray:
    """Rows and columns exchanged, in memory too."""
    return cv2.transpose(image)  # type: ignore[no-any-return]


def shrink(image: Gray, factor: int) -> Gray:
    """Means over squares of ``factor`` x ``factor`` pixels; the last row and column are repeated to fill theirs.

    A tenth of the time of :func:`resize`, which averages over parts of pixels.
    """
    height, width = image.shape
    down, across = -height % factor, -width % factor
    if down or across:
        image = cv2.copyMakeBorder(image, 0, down, 0, across, cv2.BORDER_REPLICATE)
    size = ((width + across) // factor, (height + down) // factor)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[no-any-return]


def enlarge(image: Gray, factor: int, width: int, height: int) -> Gray:
    """Smoothly enlarged by a whole factor, then cut to size: the way back from :func:`shrink`."""
    size = (image.shape[1] * factor, image.shape[0] * factor)
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)[:height, :width]  # type: ignore[no-any-return]


def resize(image: Gray, width: int, height: int) -> Gray:
    """Resample to the given size: area averaging when shrinking, cubic when enlarging."""
    shrinking = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    resized: Gray = cv2.resize(image, (width, height), interpolation=method).astype(np.uint8, copy=False)
    return resized


def warp(image: Gray, homography: Homography, width: int, height: int, fill: int = 255) -> Gray:
    """Resample through a map from source pixels to result pixels (bilinear; ``fill`` outside the source)."""
    matrix = np.array(homography.matrix, np.float64).reshape(3, 3)
    # Pixel centres sit at half-integers in our geometry and at integers in OpenCV's.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(half) @ matrix @ half
    if np.allclose(matrix[2], (0, 0, 1)):
        return cv2.warpAffine(  # type: ignore[no-any-return]
            image, matrix[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        )
    return cv2.warpPerspective(  # type: ignore[no-any-return]
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
    )


def box_blur(image: Gray, width: int, height: int) -> Gray:
    """Mean over a ``width`` x ``height`` window, edges replicated."""
    return cv2.blur(image, (width, height), borderType=cv2.BORDER_REPLICATE)  # type: ignore[no-any-return]


def row_sums(image: Gray, length: int) -> Gray:
    """For each pixel the sum of the ``length`` (odd) pixels of its row around it, 255 at most; edges replicated.

    Half the time of :func:`box_blur`, which goes pixel by pixel.
    """
    width = image.shape[1]
    result = np.empty_like(image)
    # Stripes of rows that stay in the processor's cache, each gone through as one long row: windows that run from one
    # row into the next begin in the margin, which is dropped.
    rows = max(1, (1 << 18) // width)
    for top in range(0, len(image), rows):
        stripe = cv2.copyMakeBorder(image[top : top + rows], 0, 0, length // 2, length // 2, cv2.BORDER_REPLICATE)
        sums = _window_sums(stripe.reshape(1, -1), length).reshape(stripe.shape)
        result[top : top + rows] = sums[:, :width]
    return result


def _window_sums(values: Gray, length: int) -> Gray:
    """Sums over windows (odd) of a row ``(1, n)``, where each begins; put together from windows of 1, 2, 4, 8 ..."""
    total, size, done = values.copy(), 1, 1
    while done < length:
        values = cv2.add(values[:, :-size], values[:, size:])
        size *= 2
        if length & size:
            room = values.shape[1] - done
            cv2.add(total[:, :room], values[:, done:], total[:, :room])
            done += size
    return total


def median_blur(image: Gray, size: int) -> Gray:
    """Median over a square window of odd ``size``."""
    return cv2.medianBlur(image, size)  # type: ignore[no-any-return]


def without_grain(image: Gray, noise: float) -> Gray:
    """Smooth grain of standard deviation ``noise`` away but no strokes (non-local means, Buades et al. 2005)."""
    return cv2.fastNlMeansDenoising(image, None, noise, 5, 11)  # type: ignore[no-any-return]


def dilate(image: Gray, width: int, height: int) -> Gray:
    """Maximum over a ``width`` x ``height`` window."""
    return cv2.dilate(image, np.ones((height, width), np.uint8))  # type: ignore[no-any-return]


def erode(image: Gray, width: int, height: int) -> Gray:
    """Minimum over a ``width`` x ``height`` window."""
    return cv2.erode(image, np.ones((height, width), np.uint8))  # type: ignore[no-any-return]


def opening(image: Gray, width: int, height: int) -> Gray:
    """Remove what is narrower than ``width`` or lower than ``height``."""
    return dilate(erode(image, width, height), width, height)


def closing(image: Gray, width: int, height: int) -> Gray:
    """Fill gaps narrower than ``width`` or lower than ``height``."""
    return erode(dilate(image, width, height), width, height)


def affine(image: Gray, matrix: npt.NDArray[np.float64], width: int, height: int, fill: int = 0) -> Gray:
    """Resample through a 2 x 3 matrix from source to result pixels, both counted from pixel centers (bilinear)."""
    return cv2.warpAffine(  # type: ignore[no-any-return]
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
    )


def remap(image: Gray, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], fill: int = 0) -> Gray:
    """The pixels of ``image`` at the float32 coordinates ``x`` and ``y``, both of the result's shape (bilinear)."""
    return cv2.remap(  # type: ignore[no-any-return]
        image, x, y, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
    )


def enlarge_field(
    field: npt.NDArray[np.float32], width: int, height: int, smooth: bool = False
) -> npt.NDArray[np.float32]:
    """A coarse float32 field (two channels at most), enlarged: what is linear stays so, unless ``smooth`` (cubic)."""
    method = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    return cv2.resize(field, (width, height), interpolation=method)  # type: ignore[no-any-return]


def gaussian_blur(image: Gray, sigma: float) -> Gray:
    """Smooth with a Gaussian of standard deviation ``sigma`` pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma)  # type: ignore[no-any-return]


def draw_line(
    image: Gray, points: npt.NDArray[np.floating], thickness: int, value: int = 255, smooth: bool = True
) -> None:
    """Draw a polyline through float ``points`` (n, 2) of x, y onto ``image`` itself, to a sixteenth of a pixel."""
    fixed = np.rint(points * 16.0).astype(np.int32).reshape(-1, 1, 2)
    line = cv2.LINE_AA if smooth else cv2.LINE_8
    cv2.polylines(image, [fixed], False, value, thickness, line, 4)


def outer_contours(mask: Mask) -> list[npt.NDArray[np.int32]]:
    """The outlines (k, 2), as x, y, of the connected regions of ``mask``; holes are passed over."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [contour.reshape(-1, 2) for contour in contours]


def polygon_area(points: npt.NDArray[np.int32]) -> float:
    """The area within a polygon (k, 2) of pixel centers, in pixels."""
    return float(cv2.contourArea(points))


def convex_hull(points: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The corners (k, 2) of the convex outline around points (n, 2), both as x, y."""
    return cv2.convexHull(points).reshape(-1, 2)  # type: ignore[no-any-return]


def rectangle_around(points: npt.NDArray[np.int32]) -> tuple[float, float]:
    """The longer and the shorter side (pixels) of the smallest rectangle around points (n, 2), however it is turned."""
    return max(sides := cv2.minAreaRect(points)[1]), min(sides)


def simplify_polygon(points: npt.NDArray[np.int32], tolerance: float) -> npt.NDArray[np.int32]:
    """Fewer corners (k, 2) of a closed polygon, off by no more than ``tolerance`` of its length around."""
    epsilon = tolerance * cv2.arcLength(points, True)
    return cv2.approxPolyDP(points, epsilon, True).reshape(-1, 2)  # type: ignore[no-any-return]


def fill_polygon(image: Gray, points: npt.NDArray[np.int32], value: int = 255) -> None:
    """Fill a polygon (k, 2) of x, y on ``image`` itself, its outline included."""
    cv2.fillPoly(image, [points], [value])


@dataclass(frozen=True, slots=True)
class Features:
    """Places of an image that can be found again at another size and angle.

    ``points`` (n, 2) float64 holds x and y in pixels of the image, edges and not centers at whole numbers, ``angles``
    (n,) float64 degrees, clockwise as one looks at the image, ``descriptors`` (n, 32) uint8 what each looks like, as
    256 bits.
    """

    points: npt.NDArray[np.float64]
    angles: npt.NDArray[np.float64]
    descriptors: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.points)

    def chosen(self, indices: npt.NDArray[np.intp]) -> Features:
        return Features(self.points[indices], self.angles[indices], self.descriptors[indices])


def find_features(image: Gray, levels: int, spacing: float) -> Features:
    """ORB features (oriented FAST corners, rotated BRIEF descriptors) spread over an image.

    Args:
        image: what to look at.
        levels: at how many sizes, each 1.25 times coarser than the one before.
        spacing: side, in pixels of its size, of the squares of which each gives its most striking feature.
    """
    orb = cv2.ORB.create(nfeatures=20000, scaleFactor=1.25, nlevels=levels, edgeThreshold=20, fastThreshold=15)
    found = orb.detect(image)
    if not found:
        return Features(np.zeros((0, 2)), np.zeros(0), np.zeros((0, 32), np.uint8))
    octaves = np.array([point.octave for point in found])
    cells = np.floor(cv2.KeyPoint.convert(found) / (spacing * 1.25 ** octaves[:, None])).astype(np.int64)
    strongest = np.argsort([-point.response for point in found], kind="stable")
    _, first = np.unique((octaves + 8 * (cells[:, 0] + 10000 * cells[:, 1]))[strongest], return_index=True)
    kept, descriptors = orb.compute(image, [found[index] for index in np.sort(strongest[first])])
    points = np.array([point.pt for point in kept]).reshape(-1, 2) + 0.5
    return Features(points, np.array([point.angle for point in kept]), descriptors)


def robust_homography(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], tolerance: float
) -> tuple[Homography, npt.NDArray[np.bool_]] | None:
    """The map that takes most points (n, 2) to the others within ``tolerance``, and which; the same every time."""
    if len(before) < 4:
        return None
    matrix, kept = cv2.findHomography(before, after, cv2.USAC_MAGSAC, tolerance, None, 3000, 0.999)
    if matrix is None:
        return None
    return Homography((*(float(v) for v in matrix.ravel()),)), kept.ravel() > 0  # type: ignore[arg-type]


def level_differences(image: Gray, width: int) -> npt.NDArray[np.float32]:
    """How much darker each pixel is than the mean of the ``width`` pixels around it in its row."""
    exact = image.astype(np.float32)
    return cv2.subtract(exact, cv2.blur(exact, (width, 1)))  # type: ignore[no-any-return]


def correlation(image: Raster, part: Raster) -> npt.NDArray[np.float32]:
    """Normalized correlation, -1 to 1, of ``part`` with ``image`` at each place where it fits in."""
    return cv2.matchTemplate(image, part, cv2.TM_CCOEFF_NORMED)  # type: ignore[no-any-return]


def least_gradient(image: Gray, size: int) -> npt.NDArray[np.float32]:
    """How well a window of ``size`` pixels around a pixel holds its place in its worst direction: 0 along a rule."""
    return cv2.cornerMinEigenVal(image, size, ksize=3)  # type: ignore[no-any-return]


def inside_distance(mask: Mask) -> npt.NDArray[np.float32]:
    """How far each pixel that is not zero lies from the nearest that is, about, in pixels."""
    return cv2.distanceTransform(mask, cv2.DIST_L2, 3)  # type: ignore[no-any-return]
