"""Rows of pixels from every format, with and without a header, and what is said about damaged files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import DatasetError
from hcr_scan_training import tables
from hcr_scan_training.tables import characters_of, read_rows

SIDE = 28


def some_rows(count: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, SIDE, SIDE)).astype(np.uint8), np.arange(count) * 4 % 26


def lines_of(images: np.ndarray, labels: np.ndarray) -> list[str]:
    return [",".join(map(str, [label, *image.ravel()])) for image, label in zip(images, labels, strict=True)]


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    images, labels = some_rows()
    rows = read_rows(written(tmp_path / "a.csv", lines_of(images, labels)))
    assert (len(rows), rows.header, rows.swallowed) == (7, False, False)
    assert rows.images.dtype == np.uint8
    np.testing.assert_array_equal(rows.images, images)
    assert "".join(rows.labels) == "AEIMQUY"
    assert len(rows.without_first()) == 6
    assert "".join(rows.without_first().labels) == "EIMQUY"


@pytest.mark.parametrize(
    ("header", "swallowed"),
    [
        (",".join(["label", *(f"pixel{i}" for i in range(784))]), False),
        (",".join(map(str, range(785))), False),
        # What pandas writes when it took a row of zeros for names: 0, 0.1, 0.2 ...
        (",".join(["0", *(f"0.{i}" for i in range(1, 785))]), True),
    ],
)
def test_headers_are_told_from_rows(tmp_path: Path, header: str, swallowed: bool) -> None:
    images, labels = some_rows()
    rows = read_rows(written(tmp_path / "a.csv", [header, *lines_of(images, labels)]))
    assert (len(rows), rows.header, rows.swallowed) == (7, True, swallowed)
    np.testing.assert_array_equal(rows.images, images)


def test_pandas_loses_the_row_that_we_keep(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = written(tmp_path / "a.csv", lines_of(*some_rows()))
    assert len(pandas.read_csv(path)) == 6
    assert len(read_rows(path)) == 7


def test_a_first_row_of_zeros_is_a_row(tmp_path: Path) -> None:
    images = np.zeros((3, SIDE, SIDE), np.uint8)
    assert len(read_rows(written(tmp_path / "a.csv", lines_of(images, np.zeros(3, int))))) == 3


def test_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = some_rows(23)
    path = written(tmp_path / "a.csv", lines_of(images, labels))
    whole = read_rows(path)
    monkeypatch.setattr(tables, "LINES", 5)
    parts = read_rows(path)
    np.testing.assert_array_equal(whole.images, parts.images)
    assert whole.labels.tolist() == parts.labels.tolist()


def test_a_zip_a_byte_order_mark_and_pixels_with_decimals(tmp_path: Path) -> None:
    images, labels = some_rows()
    plain = read_rows(written(tmp_path / "a.csv", lines_of(images, labels)))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("deep/A_Z Handwritten Data.csv", "\r\n".join(lines_of(images, labels)))
        archive.writestr("readme.txt", "x")
    pairs = zip(images, labels, strict=True)
    decimals = [",".join([f"{label}.0", *(f"{v}.0" for v in image.ravel())]) for image, label in pairs]
    marked = tmp_path / "b.csv"
    marked.write_text("\ufeff" + "\n".join(decimals), encoding="utf-8")
    for other in (read_rows(tmp_path / "a.zip"), read_rows(marked)):
        np.testing.assert_array_equal(other.images, plain.images)
        assert other.labels.tolist() == plain.labels.tolist()
        assert not other.header


def test_npz_of_several_habits(tmp_path: Path) -> None:
    images, _ = some_rows(6)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array(list("abcABC")))
    assert "".join(read_rows(tmp_path / "a.npz").labels) == "abcABC"
    np.savez(tmp_path / "b.npz", X_train=images, y_train=np.arange(6), X_test=images[:2], y_test=np.array([8, 9]))
    assert "".join(read_rows(tmp_path / "b.npz").labels) == "012345"
    assert "".join(read_rows(tmp_path / "b.npz", part="test").labels) == "89"
    np.savez(tmp_path / "c.npz", X=(images > 99).astype(np.uint8).reshape(6, -1), y=np.arange(6))
    assert set(np.unique(read_rows(tmp_path / "c.npz").images)) == {0, 255}


def test_what_numbers_stand_for(tmp_path: Path) -> None:
    def read(tokens: list[str], numbering: str | None = None) -> str:
        return "".join(characters_of(tokens, tmp_path, numbering))

    assert read(["0", "5", "9"]) == "059"
    assert read(["0", "5", "25"]) == "AFZ"
    assert read(["0", "10", "36", "61"]) == "0Aaz"
    assert read(["0", "5"], "letters") == "AF"
    assert read(["A", "5", "b", "0"]) == "A5b0"
    for tokens in (["62"], ["AB", "C"], ["", "A"]):
        with pytest.raises(DatasetError, match="label"):
            read(tokens)
    with pytest.raises(DatasetError, match="largest of letters is 25"):
        read(["26"], "letters")


def damaged(tmp_path: Path) -> dict[str, Path]:
    lines = lines_of(*some_rows())
    return {
        "line 7: 300 columns": written(tmp_path / "cut.csv", [*lines[:-1], ",".join(lines[-1].split(",")[:300])]),
        "784 columns": written(tmp_path / "narrow.csv", [",".join(line.split(",")[1:]) for line in lines]),
        "near line 3: a pixel": written(tmp_path / "large.csv", [*lines[:2], "3," + ",".join(["256"] * 784)]),
        "whole numbers": written(tmp_path / "half.csv", [*lines[:2], "3," + ",".join(["0.5"] * 784)]),
        "could not convert": written(tmp_path / "text.csv", [*lines[:2], "3," + ",".join(["x"] * 784)]),
        "holds no rows": written(tmp_path / "head.csv", [",".join(["label", *map(str, range(784))])]),
        "not there": tmp_path / "nowhere.csv",
        "a folder": tmp_path,
    }


def test_damaged_files_are_named_with_the_line(tmp_path: Path) -> None:
    for message, path in damaged(tmp_path).items():
        with pytest.raises(DatasetError, match=message) as caught:
            read_rows(path)
        assert str(path) in str(caught.value)


def test_archives_that_are_none_or_hold_too_much(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(DatasetError, match=r"a\.zip cannot be read"):
        read_rows(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("1.csv", "")
        archive.writestr("2.csv", "")
    with pytest.raises(DatasetError, match="holds 2 CSV files"):
        read_rows(tmp_path / "b.zip")
    (tmp_path / "c.npz").write_bytes(b"no")
    with pytest.raises(DatasetError, match=r"c\.npz cannot be read"):
        read_rows(tmp_path / "c.npz")
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00,1" * 50)
    with pytest.raises(DatasetError, match="no text"):
        read_rows(tmp_path / "d.csv")
