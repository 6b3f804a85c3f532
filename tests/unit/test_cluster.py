"""Pages on Ray: what a run asks of it, what dies there, and what is not to be noticed of either."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hcr_scan import Settings, load_classifier, transcribe
from hcr_scan.cli import run
from hcr_scan.engines.base import Loss, Lost
from hcr_scan.engines.cluster.engine import Cluster, RayEngine, shares
from hcr_scan.errors import ExitCode, UsageError, WorkerError
from hcr_scan.model.classifier import ClusterClassifier
from hcr_scan.settings import Layout, Limits
from hcr_scan.worker import prepare_worker
from tests import poison
from tests.runs import digit_pages, draw_digits_file

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the ray extra is not installed")
SETTINGS = Settings(layout=Layout.GLYPH, charset="0123456789", jobs=2)


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    """The one cluster of this module; to start it takes seconds."""
    with contextlib.closing(RayEngine(Cluster(jobs=2), prepare_worker, Limits(page_timeout=10))) as engine:
        yield engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = digit_pages(tmp_path_factory.mktemp("cluster") / "in", 10)
    draw_digits_file(folder / "several.tif", 3)
    (folder / "0004.png").write_bytes(b"no image")
    return folder


@pytest.mark.parametrize(
    ("cores", "gpus", "jobs", "expected"),
    [
        (16, 0, 0, (12, 4)),
        (16, 2, 0, (14, 2)),
        (5, 0, 2, (2, 1)),
        (9, 0, 4, (4, 1)),
        (2, 4, 0, (1, 1)),
        (8, 0, 99, (1, 7)),
    ],
)
def test_cores_are_shared_among_pages_and_what_comes_after(
    cores: int, gpus: int, jobs: int, expected: tuple[int, int]
) -> None:
    assert shares(cores, gpus, jobs) == expected


def test_a_cluster_of_one_core_is_refused() -> None:
    with pytest.raises(WorkerError, match="has 1 CPUs"):
        shares(1, 0, 0)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--ray-address", "head:6379"], "say --engine ray too"),
        (["--engine", "ray", "--ray-address", "ray://head:10001"], "write host:port"),
    ],
)
def test_options_that_cannot_be_meant(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], advice: str
) -> None:
    assert run([str(folder), "--out", str(tmp_path / "r.csv"), *options]) == ExitCode.USAGE
    assert advice in capsys.readouterr().err


def test_an_address_at_which_nothing_answers_is_told_before_ray_is_asked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        command = [str(folder), "--out", str(tmp_path / "r.csv"), "--engine", "ray", "--ray-address", address]
        assert run(command) == ExitCode.BUG
    error = capsys.readouterr().err
    assert f"nothing answers at the Ray address {address} (" in error
    assert "Traceback" not in error


def test_without_ray_it_is_told_how_to_install_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    command = [str(folder), "--out", str(tmp_path / "r.csv"), "--engine", "ray"]
    assert run(command) == ExitCode.MISSING_DEPENDENCY
    assert "pip install 'hcr-scan[ray]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@needs_ray
def test_pages_are_read_as_on_one_machine(engine: RayEngine, folder: Path) -> None:
    there = list(transcribe(folder, ClusterClassifier(), SETTINGS, engine))
    assert there == list(transcribe(folder, load_classifier(), SETTINGS))
    assert len(there) == 13


@needs_ray
def test_an_item_that_kills_its_worker_is_lost_alone(engine: RayEngine) -> None:
    results = list(engine.map(poison.poisoned, [(what, "") for what in ("a", "SIGSEGV", "b")]))
    lost = results.pop(1)
    assert results == ["a", "b"]
    assert isinstance(lost, Lost)
    assert (lost.item, lost.error) == (("SIGSEGV", ""), Loss.CRASHED)
    assert "SIGSEGV" in lost.reason


@needs_ray
def test_items_are_pulled_only_a_window_ahead(engine: RayEngine) -> None:
    pulled = []

    def items() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    results = engine.map(poison.slow_when_even, items(), window=4)
    assert [next(results), next(results)] == [0, 1]
    assert len(pulled) <= 5


@needs_ray
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_an_actor_that_is_killed_costs_nothing(engine: RayEngine, capfd: pytest.CaptureFixture[str]) -> None:
    killed = False
    found = []
    for answer in engine.map(poison.whoami, range(40), window=8):
        assert isinstance(answer, poison.Answer)
        found.append(answer.number)
        if not killed:
            os.kill(parent_of(answer.process), signal.SIGKILL)
            killed = True
    assert found == list(range(40))
    # Standard output is for data, whatever Ray has to say.
    assert capfd.readouterr().out == ""


@needs_ray
def test_a_stage_is_done_elsewhere_and_its_errors_here(engine: RayEngine) -> None:
    processes = set(engine.stage(where, range(20)))
    assert len(processes) == 1
    assert os.getpid() not in processes
    with pytest.raises(UsageError, match="not so"):
        list(engine.stage(refusing, ["not so"]))


@needs_ray
@pytest.mark.slow
def test_a_stage_that_dies_of_an_item_loses_that_alone(engine: RayEngine) -> None:
    results = list(engine.stage(deadly, range(10)))
    lost = results.pop(3)
    assert results == [number for number in range(10) if number != 3]
    assert isinstance(lost, Lost)
    assert (lost.item, lost.error) == (3, Loss.CRASHED)


def where(items: Iterable[Any]) -> Iterator[int]:
    return (os.getpid() for _ in items)


def refusing(items: Iterable[str]) -> Iterator[None]:
    return (poison.refuse(message) for message in items)


def deadly(items: Iterable[int]) -> Iterator[int]:
    for number in items:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        yield number


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
