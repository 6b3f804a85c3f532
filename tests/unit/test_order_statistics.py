from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.order_statistics import quantile_of, quantile_of_bytes

shares = st.floats(0, 1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), shares)
def test_a_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    assert quantile_of(np.array(values), share) == pytest.approx(float(np.quantile(values, share)), abs=1e-6)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40), shares)
def test_bytes_have_the_same_quantiles(values: list[int], share: float) -> None:
    expected = quantile_of(np.array(values, np.float64), share)
    assert quantile_of_bytes(np.array(values, np.uint8), share) == pytest.approx(expected)
