from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.geometry import BoundingBox

corners = st.integers(-20, 20)
sides = st.integers(1, 30)
boxes = st.builds(lambda x, y, w, h: BoundingBox(x, y, x + w, y + h), corners, corners, sides, sides)


@given(boxes, boxes)
def test_a_box_lies_wholly_in_those_that_contain_it_and_in_no_others(box: BoundingBox, other: BoundingBox) -> None:
    assert (box.share_in(other) == 1) is other.contains(box)
    assert (box.share_in(other) > 0) is (box.intersection(other) is not None)
    assert box.share_in(other) * box.area == pytest.approx(other.share_in(box) * other.area)


def test_an_empty_box_lies_in_nothing() -> None:
    assert BoundingBox(3, 3, 3, 9).share_in(BoundingBox(0, 0, 10, 10)) == 0
