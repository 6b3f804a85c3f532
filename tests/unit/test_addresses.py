"""Which names are addresses, and which of them are not to be written down."""

from __future__ import annotations

import pytest

from hcr_scan.errors import UsageError
from hcr_scan.sinks.targets import beside, is_database, journal_base
from hcr_scan.sources.addresses import is_below, is_remote, plain_name


@pytest.mark.parametrize(
    ("name", "remote"),
    [
        ("s3://bucket/in/a.pdf", True),
        ("S3://bucket/in", True),
        ("gs://bucket", True),
        ("abfs://container@account.dfs.core.windows.net/in", True),
        ("https://example.org/a.pdf?page=1", True),
        ("in/a.pdf", False),
        ("s3:/bucket", False),
        ("sqlite:///entries.db", False),
        ("sftp://host/a.pdf", False),
        ("in/s3://a", False),
    ],
)
def test_addresses_are_told_from_files_and_databases(name: str, remote: bool) -> None:
    assert is_remote(name) == remote


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("file:///in/a.pdf", "/in/a.pdf"),
        ("in/a.pdf", "in/a.pdf"),
        ("S3://Bucket/In", "s3://Bucket/In"),
        ("s3://bucket/a b?#%::[*].pdf", "s3://bucket/a b?#%::[*].pdf"),
        ("sqlite:///entries.db", "sqlite:///entries.db"),
        ("abfs://container@account/in", "abfs://container@account/in"),
    ],
)
def test_names_are_used_as_they_are_but_for_files(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert plain_name(plain) == plain


@pytest.mark.parametrize(
    "name",
    [
        "https://user:hunter2@example.org/a.pdf",
        "s3://AKIA:hunter2@bucket/in",
        "https://bucket.s3.amazonaws.com/a.pdf?X-Amz-Signature=hunter2",
        "https://account.blob.core.windows.net/in/a.pdf?sv=2024&sig=hunter2",
    ],
)
def test_an_address_with_a_secret_is_refused_and_the_secret_not_told(name: str) -> None:
    with pytest.raises(UsageError, match="password or a signature") as refused:
        plain_name(name)
    assert "hunter2" not in str(refused.value)


def test_an_address_is_below_a_folder_and_not_below_the_beginning_of_a_name() -> None:
    assert is_below("s3://b/in/a.png", "s3://b/in")
    assert is_below("s3://b/in/a.png", "s3://b/in/")
    assert is_below("s3://b/in", "s3://b/in")
    assert not is_below("s3://b/inner/a.png", "s3://b/in")


def test_the_journal_of_an_object_has_a_place_on_this_machine() -> None:
    assert not is_database("s3://bucket/out/results.csv")
    assert beside("s3://bucket/out/results.csv") == "bucket-out-results.csv"
    assert journal_base("s3://bucket/results.csv", "runs/1.journal", ".journal") == "runs/1"
