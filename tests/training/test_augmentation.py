from __future__ import annotations

import numpy as np

from hcr_scan_training.augmentation import is_left


def test_capture_must_leave_nearly_half_of_the_ink() -> None:
    ink = np.full((10, 10), 255, np.uint8)

    def of(rows: int, level: int = 64) -> np.ndarray:
        seen = np.zeros_like(ink)
        seen[:rows] = level
        return seen

    assert is_left(ink, of(5))
    assert not is_left(ink, of(4))
    assert not is_left(ink, of(10, level=63))
    assert not is_left(of(0), of(0))
