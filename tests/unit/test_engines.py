from __future__ import annotations

from collections.abc import Iterator

import pytest

from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import local_engine
from tests.fakes import InProcessEngine
from tests.poison import double, slow_when_even


@pytest.fixture(params=[0, 1, 2], scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = local_engine(request.param) if request.param else InProcessEngine()
    yield engine
    engine.close()


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    assert list(engine.map(slow_when_even, range(10))) == list(range(10))
    assert list(engine.map(double, [])) == []


def test_items_are_pulled_only_a_window_ahead(engine: Engine) -> None:
    pulled = []

    def items() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    results = engine.map(double, items(), window=4)
    assert next(results) == 0
    assert len(pulled) <= 4


def test_one_map_may_feed_another(engine: Engine) -> None:
    first = engine.map(double, range(8))
    assert list(engine.map(double, (n for n in first if not isinstance(n, Lost)))) == [4 * n for n in range(8)]


def test_a_map_that_is_left_does_not_hold_up_the_next(engine: Engine) -> None:
    results = iter(engine.map(slow_when_even, range(100), window=10))
    assert next(results) == 0
    del results
    assert list(engine.map(double, range(3))) == [0, 2, 4]
