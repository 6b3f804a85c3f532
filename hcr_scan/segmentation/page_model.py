"""The tiny network that says of a crop whether a hand or a press made it, and which way up it is."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import ModelError, first_line
from hcr_scan.onnx_network import OnnxNetwork

Crops = npt.NDArray[np.uint8]

TURNS = 4


class Kind(IntEnum):
    """What made the ink; the columns of :meth:`PageModel.kinds`."""

    HANDWRITTEN = 0
    PRINTED = 1
    OTHER = 2


class PageModel:
    """Reads crops in blocks, on one thread.

    One glyph is weak evidence (an O is the same upside down): sum :meth:`turns`, or the logarithm of :meth:`kinds`,
    over the glyphs of a line or page.
    """

    #: Crops a call: bounded, so that a page of 10,000 specks stays small.
    BLOCK = 512

    def __init__(self, model_bytes: bytes) -> None:
        self._network = OnnxNetwork(model_bytes)

    @classmethod
    def load(cls, path: str | Path, size: int | None = None) -> PageModel:
        """The network in an ONNX file; that it reads crops of ``size`` is tried on blank ones.

        Raises:
            ModelError: the file is missing or no such network.
        """
        try:
            model = cls(Path(path).read_bytes())
            if size is not None:
                model._check_shapes(size)
        except (OSError, ValueError) as error:
            raise ModelError(f"the page model {path} cannot be used: {error}; install the bundle again") from error
        return model

    def kinds(self, crops: Crops) -> npt.NDArray[np.float32]:
        """Probabilities float32 ``(n, 3)``, ordered as :class:`Kind`, of uint8 crops ``(n, size, size)``."""
        return np.exp(_log_softmax(self._logits(crops)[:, TURNS:]))

    def turns(self, crops: Crops) -> npt.NDArray[np.float32]:
        """Log-probabilities float32 ``(n, 4)`` that each crop stands turned by k x 90 degrees counter-clockwise.

        Column k is the chance that the crop is ``np.rot90(upright, k)``.
        """
        return _log_softmax(self._logits(crops)[:, :TURNS])

    def kinds_and_turns(self, crops: Crops) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Both answers for the price of one."""
        logits = self._logits(crops)
        return np.exp(_log_softmax(logits[:, TURNS:])), _log_softmax(logits[:, :TURNS])

    def _check_shapes(self, size: int) -> None:
        expected = (2, TURNS + len(Kind))
        try:
            shape = self._logits(np.zeros((2, size, size), np.uint8)).shape
        except Exception as error:
            raise ValueError(f"it does not take crops of {size} x {size} pixels ({first_line(error)})") from error
        if shape != expected:
            raise ValueError(f"it answers with shape {shape} in place of {expected}")

    def _logits(self, crops: Crops) -> npt.NDArray[np.float32]:
        if not len(crops):
            return np.zeros((0, TURNS + len(Kind)), np.float32)
        blocks = [crops[start : start + self.BLOCK] for start in range(0, len(crops), self.BLOCK)]
        return np.concatenate([self._network.run(block[:, None].astype(np.float32)) for block in blocks])


def _log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)
