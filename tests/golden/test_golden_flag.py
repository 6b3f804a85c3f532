"""Golden pages guard nothing while they are being rewritten."""

from __future__ import annotations

import pytest


def test_golden_pages_are_not_being_rewritten(request: pytest.FixtureRequest) -> None:
    assert not request.config.getoption("--update-golden"), "run `make golden`, not the whole suite, with this flag"
