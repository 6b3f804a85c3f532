"""What the training tests share: small drawn digits, and a skip where the train extra is missing."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")).resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = [name for name in ("tensorflow", "keras", "onnx") if importlib.util.find_spec(name) is None]
    for item in items:
        if lacking and item.get_closest_marker("train"):
            item.add_marker(pytest.mark.skip(reason=f"the train extra is not installed: no {', '.join(lacking)}"))


@pytest.fixture(scope="session")
def strokes_file() -> Path:
    path = SHARED / "characters" / "unipen_strokes.npz"
    if not path.exists():
        pytest.skip(f"{path} is not here; set HCR_SCAN_SHARED")
    return path
