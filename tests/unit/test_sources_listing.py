from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from hcr_scan.sources.listing import AHEAD, Listing


@pytest.mark.parametrize("ahead", [1, 3, AHEAD])
@pytest.mark.parametrize("count", [0, 1, 5, AHEAD, 3 * AHEAD + 1])
def test_names_come_in_their_order_and_are_counted(count: int, ahead: int) -> None:
    names = [os.fsdecode(b"line\nbreak \xff %d" % number) for number in range(count)]
    listing = Listing(iter(names), ahead)
    assert list(listing) == names
    assert listing.total == count


def test_how_many_there_are_is_known_early_and_each_is_found_once() -> None:
    found = []

    def names() -> Iterator[str]:
        for number in range(50 * AHEAD):
            found.append(number)
            yield str(number)

    listing = Listing(names())
    assert next(listing) == "0"
    assert (listing.total, len(found)) == (None, AHEAD)
    for _ in range(50):
        next(listing)
    assert (listing.total, len(found)) == (50 * AHEAD, 50 * AHEAD)


def test_one_at_a_time_waits_for_nobody() -> None:
    def slow() -> Iterator[str]:
        yield "a"
        raise AssertionError("this would have waited")

    assert next(Listing(slow(), 1)) == "a"
