"""Listing, fetching and putting objects, and how much of them is on this machine at a time."""

from __future__ import annotations

import io
import itertools
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.errors import InputError, MissingDependency, OutputError
from hcr_scan.ledger import Remaining
from hcr_scan.remote import stores
from hcr_scan.remote.copies import Copies
from hcr_scan.remote.fetching import fetch
from hcr_scan.remote.listing import find_objects
from hcr_scan.remote.uploads import ObjectOutput, stands
from hcr_scan.scratch import LOCK
from hcr_scan.sources.discovery import find_inputs
from hcr_scan.sources.pages import PageRef, SourceError

KEYS = ["a.png", "a/1.png", "a/2.TIF", "a-b.pdf", "ä.png", "z/y/x.jpg", "b [1]?#%*.png"]
PASSED_OVER = ["notes.txt", ".hidden.png", "a/.cache/1.png", "z/no-suffix"]


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address that nothing is at yet, in the memory of this process."""
    fsspec = pytest.importorskip("fsspec")
    name = f"/{request.node.name.partition('[')[0]}"
    yield f"memory:/{name}"
    store = fsspec.filesystem("memory")
    if store.exists(name):
        store.rm(name, recursive=True)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made in this test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def put(address: str, data: bytes = b"x") -> str:
    store, path = stores.store_of(address)
    store.pipe_file(path, data)
    return address


def test_objects_are_listed_in_the_order_of_their_keys_and_taken_as_from_a_folder(bucket: str) -> None:
    for key in KEYS + PASSED_OVER:
        put(f"{bucket}/in/{key}")
    expected = [f"{bucket}/in/{key}" for key in sorted(KEYS, key=str.encode)]
    assert list(find_inputs([f"{bucket}/in"], find_objects=find_objects)) == expected
    assert list(find_inputs([f"{bucket}/in/"], find_objects=find_objects)) == expected


def test_an_object_is_taken_once_however_often_it_is_named(bucket: str) -> None:
    for key in ("1.png", "a/2.png", "a/.b/3.png"):
        put(f"{bucket}/in/{key}")
    arguments = [f"{bucket}/in/1.png", f"{bucket}/in", f"{bucket}/in/a", f"{bucket}/in/a/.b", f"{bucket}/in/1.png"]
    names = [f"{bucket}/in/{key}" for key in ("1.png", "a/2.png", "a/.b/3.png")]
    assert list(find_inputs(arguments, find_objects=find_objects)) == names


def test_an_object_that_is_named_is_taken_whatever_its_suffix(bucket: str) -> None:
    name = put(f"{bucket}/in/notes.txt")
    assert list(find_inputs([name], find_objects=find_objects)) == [name]


@pytest.mark.parametrize("below", ["", "/in", "/in/*.png"])
def test_an_address_without_pages_is_no_input(bucket: str, below: str) -> None:
    with pytest.raises(InputError, match="no pages to read at"):
        find_inputs([bucket + below], find_objects=find_objects)


class _GoogleStore:
    """Answers as gcsfs does, a few keys at a time."""

    def __init__(self, keys: list[str]) -> None:
        self.keys, self.asked = sorted(keys, key=str.encode), 0

    def _strip_protocol(self, address: str) -> str:
        return address.removeprefix("gs://").rstrip("/")

    def split_path(self, path: str) -> tuple[str, str, None]:
        bucket, _, key = path.partition("/")
        return bucket, key, None

    def info(self, path: str) -> dict[str, Any]:
        raise FileNotFoundError(path)

    def call(self, method: str, path: str, bucket: str, **options: Any) -> dict[str, Any]:
        assert (method, path, bucket) == ("GET", "b/{}/o", "scans")
        self.asked += 1
        start = int(options.get("pageToken", "0"))
        keys = [key for key in self.keys if key.startswith(options["prefix"])]
        page: dict[str, Any] = {"items": [{"name": key} for key in keys[start : start + 2]]}
        return page | ({"nextPageToken": str(start + 2)} if start + 2 < len(keys) else {})


def test_keys_are_asked_for_page_by_page_as_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    store = _GoogleStore([f"in/{number}.png" for number in range(9)] + ["in/", "other/1.png"])
    monkeypatch.setitem(stores._stores, ("gs", "scans"), store)
    names = find_objects("gs://scans/in")
    assert list(itertools.islice(names, 3)) == [f"gs://scans/in/{number}.png" for number in range(3)]
    assert store.asked == 2
    assert len(list(names)) == 6


def copies_of(names: list[Any], limit: int = 1000, **options: Any) -> Copies:
    return Copies(iter(names), limit, lambda _: True, **options)


def on_disk(scratch: Path) -> list[Path]:
    return [path for path in scratch.rglob("*") if path.is_file() and path.name != LOCK]


def test_documents_keep_their_order_and_addresses_have_a_copy(bucket: str, scratch: Path) -> None:
    ref = PageRef(put(f"{bucket}/c.png", b"ccc"), 0, 1, "")
    names = [put(f"{bucket}/a.png", b"a"), "here.png", put(f"{bucket}/b.png", b"bb"), Remaining((ref,))]
    with copies_of(names, ahead=3) as copies:
        given, found = [], []
        for document in copies:
            given.append(document)
            place = copies.of(document if isinstance(document, str) else document.refs[0].path)
            found.append(Path(place).read_bytes() if isinstance(place, str) else place)
        assert found == [b"a", None, b"bb", b"ccc"]
        assert given == names
    assert not on_disk(scratch)
    assert not list(scratch.iterdir())


def test_a_copy_goes_when_the_next_document_is_read(bucket: str, scratch: Path) -> None:
    names = [put(f"{bucket}/{number}.png") for number in range(3)]
    with copies_of(names, ahead=1) as copies:
        assert [next(copies), next(copies)] == names[:2]
        assert len(on_disk(scratch)) == 2
        copies.done_before(names[1])
        assert [str(path) for path in on_disk(scratch)] == [copies.of(names[1])]
        copies.done()
        assert not on_disk(scratch)


def test_copies_take_no_more_room_than_they_have_and_what_is_under_way(bucket: str, scratch: Path) -> None:
    names = [put(f"{bucket}/{number:02}.png", bytes(100)) for number in range(40)]
    most, passes, given = 0, 0, []
    with copies_of(names, ahead=4, room=500) as copies:
        while copies.left:
            passes += 1
            while copies.going_on() and (document := next(copies, None)) is not None:
                given.append(document)
                most = max(most, sum(path.stat().st_size for path in on_disk(scratch)))
            copies.done()
    assert given == names
    assert 500 <= most <= 500 + 4 * 100
    assert passes > 1


def test_a_document_larger_than_the_room_is_read_all_the_same(bucket: str, scratch: Path) -> None:
    names = [put(f"{bucket}/{number}.png", bytes(900)) for number in range(3)]
    with copies_of(names, ahead=1, room=500) as copies:
        for name in names:
            assert copies.going_on()
            assert next(copies) == name
            assert not copies.going_on()
            copies.done()


def test_what_cannot_be_had_is_a_failure_in_its_place(bucket: str, scratch: Path) -> None:
    names = [put(f"{bucket}/large.png", bytes(1001)), f"{bucket}/gone.png", put(f"{bucket}/good.png", bytes(1000))]
    with copies_of(names) as copies:
        assert list(copies) == names
        found = [copies.of(name) for name in names]
        assert [place.code for place in found if isinstance(place, SourceError)] == ["too_large", "missing"]
        assert [str(path) for path in on_disk(scratch)] == [found[2]]


def test_an_address_that_is_not_followed_is_not_asked_for(bucket: str) -> None:
    name = put(f"{bucket}/a.png")
    with Copies(iter([name]), 1000, lambda _: False) as copies:
        assert next(copies) == name
        place = copies.of(name)
        assert isinstance(place, SourceError)
        assert place.code == "symlink"
        assert "--follow-links" in place.message


def test_no_room_here_is_no_fault_of_a_document(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="TMPDIR"):
        fetch(put(f"{bucket}/a.png"), 1000, tmp_path / "not" / "there", lambda _: None)


class _ChangingStore:
    """Has an object that is replaced by another of its size, after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks, self.opened = looks, 0

    def _strip_protocol(self, address: str) -> str:
        return address.removeprefix("gs://")

    def info(self, path: str) -> dict[str, Any]:
        self.looks -= 1
        return {"size": 3, "generation": 1 + (self.looks < 0)}

    def open(self, path: str, *_: Any, **__: Any) -> io.BytesIO:
        stream = io.BytesIO(b"new" if self.looks <= 0 else b"old")
        stream.size, stream.details = 3, self.info(path)  # type: ignore[attr-defined]
        self.opened += 1
        return stream


def test_an_object_that_was_replaced_meanwhile_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PAUSE", 0.0)
    store = _ChangingStore(looks=1)
    monkeypatch.setitem(stores._stores, ("gs", "scans"), store)
    fetch("gs://scans/a.png", 1000, tmp_path / "a", lambda _: None)
    assert (store.opened, (tmp_path / "a").read_bytes()) == (2, b"new")


def test_what_takes_too_long_is_a_failure_and_keeps_nothing_waiting(
    bucket: str, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = stores.store_of(put(f"{bucket}/a.png"))
    released = threading.Event()
    monkeypatch.setattr(type(store), "open", lambda *_, **__: released.wait(30))
    monkeypatch.setattr("hcr_scan.remote.copies.SECONDS", 1.0)
    with copies_of([f"{bucket}/a.png"]) as copies:
        next(copies)
        place = copies.of(f"{bucket}/a.png")
        assert isinstance(place, SourceError)
        assert place.code == "timeout"
        released.set()


def test_an_output_is_there_as_a_whole_or_not_at_all(bucket: str, scratch: Path) -> None:
    target = f"{bucket}/out/results.csv"
    assert not stands(target)
    for data, committed in ((b"first", True), (b"second", False), (b"third", True)):
        output = ObjectOutput(target)
        output.stream.write(data)
        if committed:
            output.commit()
        output.discard()
        store, path = stores.store_of(target)
        assert store.cat_file(path) == (data if committed else b"first")
    assert stands(target)
    assert stands(f"{bucket}/out/")
    assert not stands(f"{bucket}/other/")
    assert not list(scratch.iterdir())


def test_a_store_that_needs_a_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    for address, package in (
        ("s3://no-such", r"'hcr-scan\[remote\]'"),
        ("gs://no-such", r"'hcr-scan\[remote\]' gcsfs"),
    ):
        with pytest.raises(MissingDependency, match=f"pip install {package}"):
            stores.store_of(address)


def _names_of_variables(_: int) -> tuple[str, ...]:
    return tuple(os.environ)


def test_workers_have_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "FSSPEC_S3_KEY", "PGPASSWORD", "MY_API_KEY"}
    for name in secrets:
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("TESSDATA_PREFIX", "/kept")
    engine = Supervisor(1)
    (names,) = engine.map(_names_of_variables, [0])
    engine.close()
    assert isinstance(names, tuple)
    assert "TESSDATA_PREFIX" in names
    assert not secrets & set(names)
