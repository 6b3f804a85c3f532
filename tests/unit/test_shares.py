from __future__ import annotations

import pytest

from hcr_scan.shares import wilson_interval


def test_wilson_s_interval() -> None:
    assert wilson_interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert wilson_interval(10, 10)[1] == 1.0
    assert wilson_interval(0, 10)[0] == pytest.approx(0.0, abs=1e-9)


def test_few_hits_promise_less_than_as_large_a_share_of_many() -> None:
    assert wilson_interval(1, 1)[0] < wilson_interval(50, 100)[0] < wilson_interval(100, 100)[0] < 1
