"""Chains of walls: what many rows give together is what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.segmentation.frames import wall_chains
from hcr_scan.segmentation.frames.wall_chains import WallRow, find_chains


def _row(seed: int) -> WallRow:
    """Walls at a pitch, some lost and some strange, between rails with gaps."""
    random = np.random.default_rng(seed)
    pitch, width = float(random.uniform(19, 60)), int(random.integers(200, 900))
    places = np.rint(np.arange(random.integers(3, 30), width, pitch) + random.normal(0, 1))
    places = np.concatenate((places[random.random(len(places)) < 0.8], random.integers(0, width, 6)))
    peaks = np.unique(places.clip(0, width - 1).astype(np.int64))
    railed = random.uniform(0.7, 1.0, width)
    for gap in random.integers(0, width, 2):
        railed[gap : gap + 12] = 0
    return WallRow(peaks, random.uniform(0.3, 1.0, len(peaks)), railed, pitch, 0.5, 10.0)


def test_rows_together_give_what_each_gives_alone(monkeypatch: pytest.MonkeyPatch):
    rows = [_row(seed) for seed in range(40)]
    alone = [find_chains([row])[0] for row in rows]
    assert find_chains(rows) == alone
    assert max(len(chains) for chains in alone) > 1
    monkeypatch.setattr(wall_chains, "BLOCK", 7)
    assert find_chains(rows) == alone


def test_a_row_is_left_as_it_was():
    row = _row(3)
    before = row.railed.copy()
    assert find_chains([row])[0]
    np.testing.assert_array_equal(row.railed, before)


def test_less_than_two_walls_are_no_chain():
    row = WallRow(np.array([30]), np.ones(1), np.ones(60), 20.0, 0.8, 10.0)
    assert find_chains([row, _row(1)])[0] == []
