"""A watched folder: nothing half-written is taken, nothing is overwritten, and every file is in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.errors import InputError, OutputError
from hcr_scan.watched_folder import WatchedFolder
from tests.privileges import as_nobody


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(tmp_path: Path, clock: Clock) -> WatchedFolder:
    (tmp_path / "in").mkdir()
    return WatchedFolder(str(tmp_path / "in"), settle=2.0, clock=clock)


def names(watched: WatchedFolder) -> list[str]:
    return [str(Path(path).relative_to(watched.inbox)) for path in watched.arrived()]


def test_a_file_is_taken_when_it_has_not_changed_for_a_while(watched: WatchedFolder, clock: Clock) -> None:
    page = watched.inbox / "a.png"
    page.write_bytes(b"half")
    assert names(watched) == []
    clock.now = 1.5
    assert names(watched) == []
    page.write_bytes(b"half and half")  # still being written
    clock.now = 3.0
    assert names(watched) == []
    clock.now = 5.0
    assert names(watched) == ["a.png"]


def test_a_file_that_is_replaced_by_one_of_the_same_size_waits_anew(watched: WatchedFolder, clock: Clock) -> None:
    page, other = watched.inbox / "a.png", watched.inbox / "other.tmp"
    page.write_bytes(b"one")
    names(watched)
    clock.now = 1.9
    other.write_bytes(b"two")
    other.replace(page)
    names(watched)
    clock.now = 2.1
    assert names(watched) == []


def test_only_pages_are_taken_from_the_folder_and_those_below(watched: WatchedFolder, clock: Clock) -> None:
    for name in ("b.pdf", "dept/a.tif", "a.txt", ".hidden.png", "c.png.part", "scans.zip", "dept/done/x.png"):
        (watched.inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (watched.inbox / name).write_bytes(b"x")
    names(watched)
    clock.now = 3
    assert names(watched) == ["b.pdf", "dept/a.tif", "dept/done/x.png", "scans.zip"]


def test_a_file_is_in_one_place_at_each_moment(watched: WatchedFolder, clock: Clock) -> None:
    for name in ("a.png", "dept/b.png"):
        (watched.inbox / name).parent.mkdir(exist_ok=True)
        (watched.inbox / name).write_bytes(name.encode())
    names(watched)
    clock.now = 3
    folder = watched.take(watched.arrived(), "first")
    assert folder == watched.inbox / "reading/first"
    assert watched.unfinished() == ["first"]
    assert names(watched) == []
    assert watched.put_away(str(folder / "a.png"), failed=False) == str(watched.inbox / "done/first/a.png")
    place = watched.put_away(str(folder / "dept/b.png"), failed=True)
    assert place == str(watched.inbox / "failed/first/dept/b.png")
    assert watched.put_away(str(folder / "dept/b.png"), failed=True) == place  # as after a restart
    watched.clear("first")
    assert watched.unfinished() == []
    assert Path(place).read_bytes() == b"dept/b.png"
    assert sorted(p.name for p in watched.inbox.rglob("*.png")) == ["a.png", "b.png"]


def test_a_scanner_that_starts_its_numbers_again_overwrites_nothing(watched: WatchedFolder, clock: Clock) -> None:
    for batch, content in (("first", b"1"), ("second", b"2")):
        (watched.inbox / "scan0001.png").write_bytes(content)
        watched.arrived()
        clock.now += 3
        folder = watched.take(watched.arrived(), batch)
        assert folder is not None
        watched.put_away(str(folder / "scan0001.png"), failed=False)
        watched.clear(batch)
    done = sorted((watched.inbox / "done").rglob("*.png"))
    assert [path.read_bytes() for path in done] == [b"1", b"2"]


def test_a_file_that_is_gone_when_it_is_to_be_taken_is_no_trouble(watched: WatchedFolder, clock: Clock) -> None:
    page = watched.inbox / "a.png"
    page.write_bytes(b"x")
    watched.arrived()
    clock.now = 3
    arrived = watched.arrived()
    page.unlink()
    assert watched.take(arrived, "first") is None


def test_folders_that_still_hold_something_stay(watched: WatchedFolder) -> None:
    kept = watched.folder_of("first") / "dept/late.txt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    watched.clear("first")
    assert kept.exists()


def test_a_link_is_not_followed(watched: WatchedFolder, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.png").write_bytes(b"x")
    (watched.inbox / "loop").symlink_to(tmp_path / "elsewhere")
    names(watched)
    clock.now = 3
    assert names(watched) == ["loop"]  # the link itself, which becomes a record


def test_trouble_is_told(watched: WatchedFolder, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        WatchedFolder(str(tmp_path / "nothing"))
    (watched.inbox / "a.png").write_bytes(b"x")
    watched.arrived()
    clock.now = 3
    arrived = watched.arrived()
    with as_nobody(tmp_path), pytest.raises(OutputError, match="write to"):
        watched.take(arrived, "first")
