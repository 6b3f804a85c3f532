"""Crops through a network in blocks of one size, so that no answer depends on what else was asked with it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable

import numpy as np

from hcr_scan.model.classifier import Crops
from hcr_scan.model.probabilities import Logits

logger = logging.getLogger(__name__)

#: Below this a device that has no memory left is of no use.
SMALLEST_BLOCK = 8

#: How CUDA, ONNX Runtime, TensorFlow, JAX and PyTorch say that a device's memory is full.
_NO_MEMORY = re.compile(
    r"out.of.memory|outofmemory|resource.?exhausted|failed to allocate memory|alloc_failed|not enough memory",
    re.IGNORECASE,
)

Run = Callable[[Crops], Logits]


class BlockRunner:
    """Asks a network in blocks of ``rows`` crops exactly, the last one filled up with blanks.

    Matrix kernels may be chosen by the number of rows and differ in the last bits, so a free batch size could let an
    answer depend on what else was asked. Padding costs at most one block a batch. Where a device's memory is too full
    for a block, blocks are half as large from then on: GPUs are shared, and a slower answer is better than none.

    Args:
        run: Logits, float32 ``(rows, classes)``, of uint8 crops ``(rows, size, size)``.
        rows: Crops in a block.
        each: How blocks are gone through: one after the other like ``map``, or on threads.
    """

    def __init__(self, run: Run, rows: int, each: Callable[[Run, list[Crops]], Iterable[Logits]] = map) -> None:
        self.rows = rows
        self._run = run
        self._each = each

    def __call__(self, crops: Crops, classes: int) -> Logits:
        """The logits of all crops, float32 ``(n, classes)``."""
        if not len(crops):
            return np.zeros((0, classes), np.float32)
        while True:
            try:
                return np.concatenate(list(self._each(self._run, blocks_of(crops, self.rows))))[: len(crops)]
            except Exception as error:
                if not is_out_of_memory(error) or self.rows // 2 < SMALLEST_BLOCK:
                    raise
            self.rows //= 2
            logger.warning("the device is short of memory: reading %d crops at a time from now on", self.rows)


def blocks_of(crops: Crops, rows: int) -> list[Crops]:
    """The crops in blocks of exactly ``rows``, the last one filled up with blanks."""
    blocks = [crops[start : start + rows] for start in range(0, len(crops), rows)]
    if blocks and len(blocks[-1]) < rows:
        padding = np.zeros((rows - len(blocks[-1]), *crops.shape[1:]), np.uint8)
        blocks[-1] = np.concatenate([blocks[-1], padding])
    return blocks


def is_out_of_memory(error: Exception) -> bool:
    """Whether a library says that its device has no memory left."""
    return isinstance(error, MemoryError) or _NO_MEMORY.search(f"{type(error).__name__} {error}") is not None
