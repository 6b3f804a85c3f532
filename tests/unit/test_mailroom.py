"""A mail-room folder: nothing half-written is taken, nothing is overwritten, and every file is in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.errors import InputError, OutputError
from hcr_scan.mailroom import Mailroom
from tests.privileges import as_nobody


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def room(tmp_path: Path, clock: Clock) -> Mailroom:
    (tmp_path / "in").mkdir()
    return Mailroom(str(tmp_path / "in"), settle=2.0, clock=clock)


def names(room: Mailroom) -> list[str]:
    return [str(Path(path).relative_to(room.inbox)) for path in room.arrived()]


def test_a_file_is_taken_when_it_has_not_changed_for_a_while(room: Mailroom, clock: Clock) -> None:
    page = room.inbox / "a.png"
    page.write_bytes(b"half")
    assert names(room) == []
    clock.now = 1.5
    assert names(room) == []
    page.write_bytes(b"half and half")  # still being written
    clock.now = 3.0
    assert names(room) == []
    clock.now = 5.0
    assert names(room) == ["a.png"]


def test_a_file_that_is_replaced_by_one_of_the_same_size_waits_anew(room: Mailroom, clock: Clock) -> None:
    page, other = room.inbox / "a.png", room.inbox / "other.tmp"
    page.write_bytes(b"one")
    names(room)
    clock.now = 1.9
    other.write_bytes(b"two")
    other.replace(page)
    names(room)
    clock.now = 2.1
    assert names(room) == []


def test_only_pages_are_taken_from_the_folder_and_those_below(room: Mailroom, clock: Clock) -> None:
    for name in ("b.pdf", "dept/a.tif", "a.txt", ".hidden.png", "c.png.part", "scans.zip", "dept/done/x.png"):
        (room.inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (room.inbox / name).write_bytes(b"x")
    names(room)
    clock.now = 3
    assert names(room) == ["b.pdf", "dept/a.tif", "dept/done/x.png", "scans.zip"]


def test_a_file_is_in_one_place_at_each_moment(room: Mailroom, clock: Clock) -> None:
    for name in ("a.png", "dept/b.png"):
        (room.inbox / name).parent.mkdir(exist_ok=True)
        (room.inbox / name).write_bytes(name.encode())
    names(room)
    clock.now = 3
    folder = room.take(room.arrived(), "first")
    assert folder == room.inbox / "reading/first"
    assert room.unfinished() == ["first"]
    assert names(room) == []
    assert room.put_away(str(folder / "a.png"), failed=False) == str(room.inbox / "done/first/a.png")
    place = room.put_away(str(folder / "dept/b.png"), failed=True)
    assert place == str(room.inbox / "failed/first/dept/b.png")
    assert room.put_away(str(folder / "dept/b.png"), failed=True) == place  # as after a restart
    room.clear("first")
    assert room.unfinished() == []
    assert Path(place).read_bytes() == b"dept/b.png"
    assert sorted(p.name for p in room.inbox.rglob("*.png")) == ["a.png", "b.png"]


def test_a_scanner_that_starts_its_numbers_again_overwrites_nothing(room: Mailroom, clock: Clock) -> None:
    for batch, content in (("first", b"1"), ("second", b"2")):
        (room.inbox / "scan0001.png").write_bytes(content)
        room.arrived()
        clock.now += 3
        folder = room.take(room.arrived(), batch)
        assert folder is not None
        room.put_away(str(folder / "scan0001.png"), failed=False)
        room.clear(batch)
    done = sorted((room.inbox / "done").rglob("*.png"))
    assert [path.read_bytes() for path in done] == [b"1", b"2"]


def test_a_file_that_is_gone_when_it_is_to_be_taken_is_no_trouble(room: Mailroom, clock: Clock) -> None:
    page = room.inbox / "a.png"
    page.write_bytes(b"x")
    room.arrived()
    clock.now = 3
    arrived = room.arrived()
    page.unlink()
    assert room.take(arrived, "first") is None


def test_folders_that_still_hold_something_stay(room: Mailroom) -> None:
    kept = room.folder_of("first") / "dept/late.txt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    room.clear("first")
    assert kept.exists()


def test_a_link_is_not_followed(room: Mailroom, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.png").write_bytes(b"x")
    (room.inbox / "loop").symlink_to(tmp_path / "elsewhere")
    names(room)
    clock.now = 3
    assert names(room) == ["loop"]  # the link itself, which becomes a record


def test_trouble_is_told(room: Mailroom, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        Mailroom(str(tmp_path / "nothing"))
    (room.inbox / "a.png").write_bytes(b"x")
    room.arrived()
    clock.now = 3
    arrived = room.arrived()
    with as_nobody(tmp_path), pytest.raises(OutputError, match="write to"):
        room.take(arrived, "first")
