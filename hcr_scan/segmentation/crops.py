"""The crops of a page, gathered while its glyphs are put into the types that leave the worker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Ink
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.candidates import Candidate, Chunk, PageGeometry
from hcr_scan.segmentation.glyphs.chunks import InkChunk
from hcr_scan.segmentation.ink_shapes import Shapes, ink_shapes


class CropCollector:
    """Numbers crops as they come, and maps boxes of the raster being read to the upright source."""

    def __init__(self, spec: CropSpec, from_source: Homography, geometry: PageGeometry) -> None:
        self._spec = spec
        self._to_source = from_source.inverse()
        self._geometry = geometry
        self._crops: list[npt.NDArray[np.uint8]] = []
        self._inks: list[Ink] = []
        self._whole: list[bool] = []
        #: Ink already made into a crop, by identity; the ink is kept so that its identity stays its own.
        self._known: dict[int, tuple[Ink, npt.NDArray[np.uint8]]] = {}

    def chunk(
        self, chunk: InkChunk, left: int = 0, top: int = 0, crossed_out: bool = False, maybe_print: bool = False
    ) -> Chunk:
        """The chunk with its crops numbered; ``left`` and ``top`` are where its raster lies on the page."""
        candidates = []
        for candidate in chunk.candidates:
            box = self.source_box(candidate.box.shifted(left, top))
            index = len(self._crops)
            self._crops.append(self.crop(candidate.ink))
            self._inks.append(candidate.ink)
            self._whole.append(len(chunk.candidates) == 1 and not maybe_print)
            span = candidate.start, candidate.end
            candidates.append(Candidate(*span, box, index, crossed_out, candidate.penalty, maybe_print))
        return Chunk(tuple(candidates), chunk.cuts)

    def crop(self, ink: Ink) -> npt.NDArray[np.uint8]:
        """What the model sees of a glyph. Whether it is print and what it says is asked of the same crop."""
        if id(ink) not in self._known:
            self._known[id(ink)] = (ink, normalize_glyph(ink, self._spec))
        return self._known[id(ink)][1]

    def source_box(self, box: BoundingBox) -> BoundingBox:
        """A box of the raster in pixels of the upright source."""
        return self._to_source.box(box).clipped(self._geometry.width, self._geometry.height)

    def shapes(self) -> Shapes:
        """What the ink of all crops is like, in the order of their numbers."""
        return ink_shapes(self._inks, self._whole)

    def stacked(self) -> npt.NDArray[np.uint8]:
        """All crops in the order of their numbers, uint8 ``(n, size, size)``."""
        size = self._spec.size
        return np.stack(self._crops) if self._crops else np.zeros((0, size, size), np.uint8)
