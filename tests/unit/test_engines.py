from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import InProcessEngine, ProcessEngine, local_engine


def double(number: int) -> int:
    return 2 * number


def slow_when_even(number: int) -> int:
    time.sleep(0 if number % 2 else 0.05)
    return number


def dies_over_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def process_id(_: int) -> int:
    return os.getpid()


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@pytest.fixture(params=[1, 2])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = local_engine(request.param)
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


def test_one_job_runs_here_and_more_run_elsewhere() -> None:
    assert isinstance(local_engine(1), InProcessEngine)
    engine = ProcessEngine(2)
    try:
        (other,) = engine.map(process_id, [0])
        assert other != os.getpid()
    finally:
        engine.close()


def test_a_dying_worker_costs_exactly_its_item() -> None:
    engine = ProcessEngine(2)
    try:
        results = list(engine.map(dies_over_three, range(12)))
    finally:
        engine.close()
    assert [r for r in results if not isinstance(r, Lost)] == [n for n in range(12) if n != 3]
    assert isinstance(results[3], Lost)
    assert results[3].item == 3
    assert "died" in results[3].reason


def test_closing_ends_workers_in_the_middle_of_their_work() -> None:
    engine = ProcessEngine(1)
    results = engine.map(sleep, [0.0, 60.0, 60.0])
    next(results)
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 10
