from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.sources.sharding import Shard


@given(st.text(), st.integers(1, 50))
def test_every_document_is_in_exactly_one_shard(path: str, count: int) -> None:
    path = path.encode("utf-8", "replace").decode()
    assert sum(Shard(number, count).holds(path) for number in range(1, count + 1)) == 1


def test_shards_are_about_equal() -> None:
    paths = [f"in/{number:05}.png" for number in range(16_000)]
    sizes = Counter(next(k for k in range(1, 17) if Shard(k, 16).holds(path)) for path in paths)
    assert max(sizes.values()) < 1.15 * min(sizes.values())


def test_where_a_document_is_does_not_change_between_versions() -> None:
    """Shards of one run may be read weeks apart: what is pinned here is part of the journal's format."""
    paths = ("a.pdf", "in/b.tif", "ü/c.png")
    assert [next(k for k in range(1, 6) if Shard(k, 5).holds(path)) for path in paths] == [3, 1, 1]


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(Shard.parse("03/16")) == "3/16"
