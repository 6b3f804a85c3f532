"""Networks run by ONNX Runtime."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import hcr_scan
from hcr_scan.onnx_network import CPU, OnnxNetwork

SHIPPED = Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx"


@pytest.fixture(scope="module")
def network() -> OnnxNetwork:
    return OnnxNetwork(SHIPPED.read_bytes())


def test_threads_that_ask_at_the_same_time_get_their_own_answers(network: OnnxNetwork) -> None:
    batches = list(np.random.default_rng(1).uniform(0, 255, (12, 8, 1, 28, 28)).astype(np.float32))
    alone = [network.run(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(network.run, batches))
    assert len({answer.tobytes() for answer in alone}) == len(batches)
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_it_says_what_runs_it(network: OnnxNetwork) -> None:
    assert network.providers == (CPU,)


def test_what_is_no_network_is_a_value_error_of_one_line() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        OnnxNetwork(b"\x00\x01junk")
    assert "\n" not in str(caught.value)


def test_nobody_is_told_about_a_run(tmp_path: Path) -> None:
    """ONNX Runtime keeps what it would report in the home folder; there must be nothing."""
    code = (
        "import sys; from pathlib import Path; import numpy as np; from hcr_scan.onnx_network import OnnxNetwork;"
        "OnnxNetwork(Path(sys.argv[1]).read_bytes()).run(np.zeros((1, 1, 28, 28), np.float32))"
    )
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code, str(SHIPPED)], env=keep | {"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
