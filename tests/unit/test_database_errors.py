"""Which advice is given for what a database or its driver says."""

from __future__ import annotations

import pytest

sqlalchemy = pytest.importorskip("sqlalchemy")

from hcr_scan.sinks.database.errors import translated  # noqa: E402

ADDRESS = "postgresql://scanner@127.0.0.1:32885/forms"


@pytest.mark.parametrize("port", [32885, 25006, 5353])
def test_a_number_in_a_message_is_no_state(port: int) -> None:
    """A server that ended was told as a wrong password where its port has a 28."""
    error = OSError(f"Can't create a connection to host 127.0.0.1 and port {port} (timeout is None)")
    said = str(translated(ADDRESS, sqlalchemy.make_url(ADDRESS), error))
    assert "see that the server runs" in said
    assert "--resume" in said


@pytest.mark.parametrize(("state", "advice"), [("28P01", "PGPASSWORD"), ("53100", "free space"), ("42501", "GRANT")])
def test_a_state_is_told_by_its_beginning(state: str, advice: str) -> None:
    error = RuntimeError({"C": state, "M": "the server says so"})
    assert advice in str(translated(ADDRESS, sqlalchemy.make_url(ADDRESS), error))


def test_what_sqlite_says_is_known_by_its_words() -> None:
    said = str(translated("sqlite:///a.db", sqlalchemy.make_url("sqlite:///a.db"), OSError("database is locked")))
    assert "another program holds it" in said
