from __future__ import annotations

import pytest
from hypothesis import settings

# Machines that run the tests are shared: a slow moment is no failure.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write down what the examples give now as what is expected"
    )
