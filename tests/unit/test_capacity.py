"""The calculator of pages a day: what limits, and what more of each would bring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.capacity import Cluster, PageCost, limits, seconds

COST = PageCost(work=0.3, classify=0.08, parent=0.02, crops=500, size=1_000_000)


def rate(cluster: Cluster) -> float:
    return min(limits(COST, cluster).values())


def test_twice_the_cores_read_twice_as_much_until_the_parent_is_full() -> None:
    assert rate(Cluster(cores=2)) == pytest.approx(2 / 0.4)
    assert rate(Cluster(cores=8)) == pytest.approx(2 * rate(Cluster(cores=4)))
    assert rate(Cluster(cores=64)) == pytest.approx(1 / COST.parent)


def test_machines_go_on_until_the_storage_is_full() -> None:
    assert rate(Cluster(machines=2, cores=64)) == pytest.approx(2 * rate(Cluster(cores=64)))
    assert rate(Cluster(machines=1000, cores=64, storage=500e6)) == pytest.approx(500)


def test_a_gpu_takes_the_classifying_off_the_cores_and_is_a_limit_itself() -> None:
    gpu = Cluster(cores=8, gpus=1)
    assert rate(gpu) == pytest.approx(8 / 0.32)
    assert rate(replace(gpu, gpu_crops=5_000)) == pytest.approx(10)


def test_only_machines_that_share_a_run_merge() -> None:
    alone, shared = Cluster(cores=4), Cluster(machines=2, cores=2)
    assert seconds(10**6, COST, shared) - seconds(10**6, COST, alone) == pytest.approx(60)
