from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hcr_scan.engines.apart import Apart
from hcr_scan.errors import InputError, UsageError
from tests import poison


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as apart:
        yield apart


def test_results_come_back_paths_too(apart: Apart) -> None:
    assert apart.call("a.png", poison.double, 21) == 42
    assert apart.call("a.png", Path, b"\xff.png".decode("utf-8", "surrogateescape")) == Path("\udcff.png")


def test_errors_are_those_that_were_raised(apart: Apart) -> None:
    with pytest.raises(UsageError, match=r"^no such field$"):
        apart.call("form.toml", poison.refuse, "no such field")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("SIGSEGV", r"^a.png crashed .*SIGSEGV.*; open it in a viewer"),
        ("raise", r"^a.png cannot be read \(ValueError: no such glyph\); please report it$"),
    ],
)
def test_what_ends_the_worker_is_a_matter_of_the_file(apart: Apart, what: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        apart.call("a.png", poison.poisoned, (what, ""))
    assert apart.call("b.png", poison.double, 2) == 4
