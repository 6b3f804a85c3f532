"""Our NearMiss against the library's: the same samples in the same order, ties and all."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.errors import DatasetError
from hcr_scan_training import balancing
from hcr_scan_training.balancing import near_miss

under_sampling = pytest.importorskip("imblearn.under_sampling", reason="the train extra is not installed")


def expected(images: np.ndarray, labels: np.ndarray, dtype: type, neighbors: int = 3) -> np.ndarray:
    sampler = under_sampling.NearMiss(version=1, n_neighbors=neighbors)
    sampler.fit_resample(images.reshape(len(images), -1).astype(dtype), labels)
    return np.asarray(sampler.sample_indices_)


def glyph_like(random: np.random.Generator, counts: dict[str, int], side: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """Blots that differ by class, with black around them as characters have."""
    labels = np.repeat(list(counts), list(counts.values()))
    random.shuffle(labels)
    images = np.zeros((len(labels), side, side), np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = (ord(label) * 7) % 9 + 3, (ord(label) * 5) % 9 + 3
        image[top : top + 12, left : left + 12] = random.integers(0, 256, (12, 12))
    return images, labels


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_several_thousand_pictures_are_chosen_as_the_library_chooses(dtype: type) -> None:
    counts = {"O": 2300, "A": 900, "I": 110, "S": 1500, "Z": 111, "B": 400}
    images, labels = glyph_like(np.random.default_rng(1), counts)
    chosen = near_miss(images, labels)
    assert chosen.tolist() == expected(images, labels, dtype).tolist()
    assert {str(name): int(n) for name, n in zip(*np.unique(labels[chosen], return_counts=True), strict=True)} == (
        dict.fromkeys(sorted(counts), 110)
    )


def test_ties_are_broken_as_the_library_breaks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two grey values on four pixels: dozens of samples at every distance. Small blocks must not show.
    monkeypatch.setattr(balancing, "BLOCK", 37)
    random = np.random.default_rng(2)
    images = (random.integers(0, 2, (3000, 2, 2)) * 255).astype(np.uint8)
    labels = random.choice(list("ABCI"), 3000, p=[0.5, 0.3, 0.18, 0.02])
    assert near_miss(images, labels).tolist() == expected(images, labels, np.float64).tolist()


@pytest.mark.parametrize("order", ["ABC", "CBA", "BCA"])
def test_equally_rare_classes_are_treated_alike(order: str) -> None:
    random = np.random.default_rng(3)
    labels = np.array(list(order) * 20 + ["D"] * 200)
    images = random.integers(0, 256, (len(labels), 5, 5)).astype(np.uint8)
    assert near_miss(images, labels).tolist() == expected(images, labels, np.float64).tolist()


def test_other_numbers_of_neighbors() -> None:
    images, labels = glyph_like(np.random.default_rng(4), {"A": 300, "I": 40})
    for neighbors in (1, 2, 7):
        assert near_miss(images, labels, neighbors).tolist() == expected(images, labels, np.uint8, neighbors).tolist()


def test_too_little_to_balance_is_said() -> None:
    images = np.zeros((5, 4, 4), np.uint8)
    with pytest.raises(DatasetError, match="'B' has 2 samples"):
        near_miss(images, np.array(list("AAABB")))
    with pytest.raises(DatasetError, match="has 1 class"):
        near_miss(images, np.array(list("AAAAA")))
