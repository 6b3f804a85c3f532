"""As many samples of every class as the rarest one has: NearMiss, version 1, fast and exact."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hcr_scan.errors import DatasetError

#: Samples compared with the rarest class at once: 50 MB of pixels as float64.
BLOCK = 8_192


def near_miss(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.str_], neighbors: int = 3) -> npt.NDArray[np.int64]:
    """Which samples ``imblearn.under_sampling.NearMiss(version=1)`` selects, in its order, as indices int64 (m,).

    Of every class but the rarest it keeps those whose mean distance to the ``neighbors`` nearest samples of the rarest
    class is smallest. Squared distances between bytes are whole numbers below 2 ** 53, so that matrix products in
    float64 give them exactly, in whatever blocks they are made; ties stay in the order of the samples, as there.

    Raises:
        DatasetError: there is one class, or the rarest has fewer samples than ``neighbors``.
    """
    counts = Counter(labels.tolist())
    names = sorted(counts)
    if len(names) < 2:
        raise DatasetError(f"the data has {len(names)} class; balancing needs two")
    wanted = min(counts.values())
    if wanted < neighbors:
        rarest = next(name for name in names if counts[name] == wanted)
        raise DatasetError(f"the class {rarest!r} has {wanted} samples; balancing needs {neighbors} of each class")
    # Where classes are equally rare, the library spares the first by name and measures from the first that occurs.
    spared = min(names, key=lambda name: counts[name])
    reference = min(counts, key=lambda name: counts[name])
    flat = images.reshape(len(images), -1)
    rarest_samples = flat[labels == reference].astype(np.float64)
    selected = []
    for name in tqdm(names, desc="balancing", disable=None):
        members = np.flatnonzero(labels == name)
        if name != spared:
            nearness = _summed_distances(flat, members, rarest_samples, neighbors)
            members = members[np.argsort(nearness, kind="stable")[:wanted]]
        selected.append(members)
    return np.concatenate(selected).astype(np.int64)


def _summed_distances(
    flat: npt.NDArray[np.uint8], members: npt.NDArray[np.intp], others: npt.NDArray[np.float64], neighbors: int
) -> npt.NDArray[np.float64]:
    """The sum of each member's distances to its nearest ``others``, float64 (n,)."""
    squares = np.einsum("ij,ij->i", others, others)
    sums = np.empty(len(members), np.float64)
    for start in range(0, len(members), BLOCK):
        block = flat[members[start : start + BLOCK]].astype(np.float64)
        products = block @ others.T
        products *= -2.0
        products += squares
        products += np.einsum("ij,ij->i", block, block)[:, None]
        nearest = np.partition(products, neighbors - 1, axis=1)[:, :neighbors]
        nearest = np.sort(nearest, axis=1)
        sums[start : start + BLOCK] = np.sum(np.sqrt(nearest), axis=1)
    return sums
