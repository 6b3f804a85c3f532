"""Small programs that large ones start, and the other way round: each is told its own memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LARGE = """
import subprocess, sys
from hcr_scan.engines.memory import own_peak
from hcr_scan.engines.supervisor import Supervisor
from tests import poison
ballast = b"x" * (400 << 20)
started = subprocess.run([sys.executable, "-c", "from hcr_scan.engines.memory import own_peak; print(own_peak())"],
                         capture_output=True, text=True, check=True)
peaks = [own_peak(), int(started.stdout)]
for item in ("small", "1 GiB", "SIGKILL"):
    supervisor = Supervisor(1)
    list(supervisor.map(poison.poisoned, [(item, "")]))
    supervisor.close()
    peaks.append(supervisor.largest_worker)
print(*(peak >> 20 for peak in peaks))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell of living processes")
def test_memory_of_others_is_not_counted() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", LARGE], env=environment, capture_output=True, text=True, check=True)
    own, started, small, large, killed = map(int, done.stdout.split())
    assert own > 400
    assert started < 200
    assert 5 < small < 200
    assert 1024 < large < 1300
    assert killed < 200
