from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# Machines that run the tests are shared: a slow moment is no failure.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")

# A shell that starts the tests in the background makes them, and all they start, deaf to Ctrl-C, and nohup to hang-ups.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write down what the examples give now as what is expected"
    )
