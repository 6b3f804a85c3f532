"""Finding inputs: what is asked for, all of it, once, in an order that never changes."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path

import pytest

from hcr_scan.errors import InputError
from hcr_scan.sources import find_inputs
from hcr_scan.sources.discovery import MOST_SUFFIXES, OTHERS
from tests.privileges import as_nobody


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pages and other things, and the working directory above it."""
    for name in (
        "in/b.png", "in/a.PDF", "in/sub/c.tif", "in/sub/deep/d.jpeg", "in/z.jpg", "in/results.csv", "in/notes.txt",
        "in/.hidden.png", "in/.cache/e.png", "other/f.png",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


ALL_IN = ["in/a.PDF", "in/b.png", "in/sub/c.tif", "in/sub/deep/d.jpeg", "in/z.jpg"]


def test_what_is_passed_over_is_counted_once(tree: Path) -> None:
    for name in ("README", ".DS_Store", "sub/._c.tif"):
        (tree / "in" / name).touch()
    passed_over: Counter[str] = Counter()
    assert sorted(find_inputs(["in", "in/sub", "in/a.PDF"], passed_over=passed_over)) == sorted(ALL_IN)
    assert passed_over == {".csv": 1, ".txt": 1, "": 1, "hidden .png": 1, "hidden .tif": 1}
    passed_over.clear()
    list(find_inputs(["in/*"], passed_over=passed_over))
    assert passed_over == {".csv": 1, ".txt": 1, "": 1, "hidden .tif": 1}


def test_a_folder_of_many_kinds_is_counted_in_little_memory(tmp_path: Path) -> None:
    (tmp_path / "page.png").touch()
    for number in range(MOST_SUFFIXES + 20):
        (tmp_path / f"result.{number}").touch()
    passed_over: Counter[str] = Counter()
    list(find_inputs([str(tmp_path)], passed_over=passed_over))
    assert (len(passed_over), passed_over[OTHERS], passed_over.total()) == (MOST_SUFFIXES + 1, 20, MOST_SUFFIXES + 20)


def test_a_folder_is_walked_in_order_and_only_pages_are_taken(tree: Path) -> None:
    assert list(find_inputs(["in"])) == ALL_IN
    assert list(find_inputs(["in/"])) == ALL_IN
    assert list(find_inputs([str(tree / "in")])) == [str(tree / name) for name in ALL_IN]


def test_a_named_file_is_taken_whatever_it_is(tree: Path) -> None:
    names = ["in/notes.txt", "in/.hidden.png", "other/f.png"]
    assert list(find_inputs(names)) == names


def test_a_hidden_folder_that_is_named_is_walked(tree: Path) -> None:
    assert list(find_inputs(["in/.cache"])) == ["in/.cache/e.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.png", ["in/b.png"]),
        ("in/*.txt", ["in/notes.txt"]),
        ("in/[az].*", ["in/a.PDF", "in/z.jpg"]),
        ("*/f.png", ["other/f.png"]),
        ("in/**/*.jp*g", ["in/sub/deep/d.jpeg", "in/z.jpg"]),
        ("in/*", ALL_IN),
        ("in/**", ALL_IN),
    ],
)
def test_patterns(tree: Path, pattern: str, expected: list[str]) -> None:
    assert list(find_inputs([pattern])) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "page[1].png").touch()
    (tree / "page1.png").touch()
    assert list(find_inputs(["page[1].png"])) == ["page[1].png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["in", "in"],
        ["in", "in/b.png", "in/sub"],
        ["in", "./in/*", "in/../in/z.jpg"],
    ],
)
def test_no_input_twice(tree: Path, arguments: list[str]) -> None:
    found = list(find_inputs(arguments))
    assert sorted(os.path.realpath(p) for p in found) == sorted(os.path.realpath(p) for p in ALL_IN)


def test_arguments_come_in_their_order(tree: Path) -> None:
    assert list(find_inputs(["other", "in/z.jpg", "in"])) == ["other/f.png", "in/z.jpg", *ALL_IN[:-1]]
    assert list(find_inputs(["in/sub/deep", "in"])) == [ALL_IN[3], *ALL_IN[:3], ALL_IN[4]]


@pytest.fixture
def links(tree: Path) -> Path:
    (tree / "in/loop").symlink_to(tree / "in")
    (tree / "in/sub/up").symlink_to("..")
    (tree / "in/again.png").symlink_to("b.png")
    (tree / "in/zz.png").symlink_to(tree / "other/f.png")
    (tree / "in/readme").symlink_to("notes.txt")
    # Links that lead nowhere are records of missing files, not silence.
    (tree / "in/self.png").symlink_to("self.png")
    (tree / "in/lost.png").symlink_to("gone.png")
    (tree / "elsewhere").symlink_to(tree / "other")
    return tree


def test_links_in_folders_become_records_of_their_own(links: Path) -> None:
    found = list(find_inputs(["in"]))
    assert {"in/loop", "in/sub/up", "in/again.png", "in/zz.png", "in/self.png", "in/lost.png"} < set(found)
    assert sorted(found) == sorted(set(found))
    assert "in/readme" not in found


def test_links_in_folders_can_be_followed(links: Path) -> None:
    followed = list(find_inputs(["in"], follow_links=True))
    assert followed == [*ALL_IN[:2], "in/lost.png", "in/self.png", *ALL_IN[2:], "in/zz.png"]


def test_a_link_that_is_named_is_what_it_leads_to(links: Path) -> None:
    assert list(find_inputs(["elsewhere", "other"])) == ["elsewhere/f.png"]
    assert list(find_inputs(["in/zz.png", "other/f.png"])) == ["in/zz.png"]


def test_links_in_a_list_are_records_too(links: Path) -> None:
    assert list(find_inputs(["-"], io.BytesIO(b"in/zz.png\nelsewhere\n"))) == ["in/zz.png", "elsewhere"]
    assert list(find_inputs(["-"], io.BytesIO(b"elsewhere\n"), follow_links=True)) == ["elsewhere/f.png"]


def test_what_may_hold_pages_and_is_not_read_is_no_silence(tree: Path) -> None:
    for name in ("batch.zip", "letter.djvu", "scan.jp2", "notes.docx"):
        (tree / "other" / name).write_bytes(b"x")
    assert list(find_inputs(["other"])) == ["other/batch.zip", "other/f.png", "other/letter.djvu", "other/scan.jp2"]


def test_names_of_any_bytes(tmp_path: Path) -> None:
    names = [b"\xff\xfe.png", b"new\nline.png", b"-rf.png", "ä€.PNG".encode(), b"\x1b[31m.png", b"=cmd|calc.png"]
    for name in names:
        try:
            (tmp_path / os.fsdecode(name)).touch()
        except OSError:
            pytest.skip("this file system takes only names in UTF-8")
    found = list(find_inputs([str(tmp_path)]))
    assert [os.fsencode(os.path.basename(path)) for path in found] == sorted(names)  # noqa: PTH119
    assert list(find_inputs(["-"], io.BytesIO(b"\0".join(os.fsencode(p) for p in found)))) == found


@pytest.mark.parametrize(
    "listing",
    [b"in/z.jpg\nin/b.png\n", b"in/z.jpg\0in/b.png\0", b"\n\nin/z.jpg\n\nin/b.png", b"in/z.jpg\r\nin/b.png\r\n"],
)
def test_a_list_on_standard_input(tree: Path, listing: bytes) -> None:
    assert list(find_inputs(["-"], io.BytesIO(listing))) == ["in/z.jpg", "in/b.png"]
    assert list(find_inputs(["-"], io.BytesIO(b"\xef\xbb\xbf" + listing))) == ["in/z.jpg", "in/b.png"]
    assert list(find_inputs(["-"], io.TextIOWrapper(io.BytesIO(listing)))) == ["in/z.jpg", "in/b.png"]
    assert list(find_inputs(["-"], io.StringIO(listing.decode()))) == ["in/z.jpg", "in/b.png"]


def test_a_list_may_name_folders_and_what_is_gone(tree: Path) -> None:
    listing = io.BytesIO(b"other\ngone.png\nin/sub\nother/f.png\n")
    assert list(find_inputs(["-", "in/z.jpg"], listing)) == [
        "other/f.png", "gone.png", "in/sub/c.tif", "in/sub/deep/d.jpeg", "in/z.jpg",
    ]  # fmt: skip


def test_a_long_list_is_read_as_it_comes(tree: Path) -> None:
    names = [f"gone-{number:05d}.png" for number in range(20_000)]
    stream = io.BytesIO("\n".join(names).encode())
    found = find_inputs(["-"], stream)
    assert next(found) == names[0]
    assert stream.tell() < len(stream.getvalue())
    assert list(found) == names[1:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.png"], "nowhere.png does not exist"),
        (["in", "*.bmp"], r"no file matches \*.bmp"),
        (["empty"], "empty holds no pages"),
        (["-"], "standard input is empty"),
        ([], "no input"),
        (["bad\nname"], r"bad\\nname does not exist"),
    ],
)
def test_an_argument_that_matches_nothing_is_named_at_once(tree: Path, arguments: list[str], said: str) -> None:
    (tree / "empty").mkdir()
    (tree / "empty/results.csv").touch()
    with pytest.raises(InputError, match=said):
        find_inputs(arguments, io.BytesIO())


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_folder_that_cannot_be_listed_is_no_silence(tree: Path) -> None:
    (tree / "in/sub").chmod(0)
    try:
        with as_nobody(tree):
            assert list(find_inputs(["in"])) == ["in/a.PDF", "in/b.png", "in/sub", "in/z.jpg"]
    finally:
        (tree / "in/sub").chmod(0o755)


def test_a_folder_that_vanishes_is_no_silence(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: bytes) -> object:
        if path.endswith(b"sub"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert list(find_inputs(["in"])) == ["in/a.PDF", "in/b.png", "in/sub", "in/z.jpg"]


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(300):
        os.mkdir("d")  # noqa: PTH102
        os.chdir("d")
    Path("page.png").touch()
    os.chdir(tmp_path)
    import sys

    monkeypatch.setattr(sys, "setrecursionlimit", sys.setrecursionlimit)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        assert list(find_inputs(["d"])) == ["/".join(["d"] * 300) + "/page.png"]
    finally:
        sys.setrecursionlimit(limit)
