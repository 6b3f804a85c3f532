"""Labelled handwriting of every format becomes the same ink and labels; folders say what they mean by their names."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hcr_scan.errors import DatasetError
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.labelled import folder_rows, label_of, read_glyphs

SPEC = CropSpec(28, 20)


def letter_l(side: int = 60, thickness: int = 6) -> np.ndarray:
    """An L, light on dark."""
    image = np.zeros((side, side), np.uint8)
    image[10 : side - 10, 15 : 15 + thickness] = 255
    image[side - 10 - thickness : side - 10, 15 : side - 15] = 255
    return image


def letter_t(side: int = 60, thickness: int = 6) -> np.ndarray:
    image = np.zeros((side, side), np.uint8)
    middle = side // 2 - thickness // 2
    image[10 : side - 10, middle : middle + thickness] = 255
    image[10 : 10 + thickness, 12 : side - 12] = 255
    return image


def save(path: Path, light_on_dark: np.ndarray, dark: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(255 - light_on_dark if dark else light_on_dark).save(path)


def test_the_names_of_folders() -> None:
    named = {
        "A": "A", "a": "a", "7": "7", "&": "&", "a_lower": "a", "lower-A": "a", "UPPER_a": "A", "A small": "a",
        "41": "A", "7a": "z", "U+002F": "/", "U+2F": None, "none": "", "notes": None, "U+0020": None, "": None,
    }  # fmt: skip
    assert {name: label_of(name) for name in named} == named


def test_a_folder_of_pictures_with_writers_blank_and_broken_ones(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "L" / "1.png", letter_l())
    save(tmp_path / "L" / "anna" / "2.png", letter_l(), dark=False)
    save(tmp_path / "t_upper" / "1.jpg", letter_t())
    save(tmp_path / "none" / "1.png", letter_t())
    save(tmp_path / "T_01.png", letter_t())
    save(tmp_path / "T" / "bare.png", np.zeros((40, 40), np.uint8))
    (tmp_path / "T" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "T" / "notes.txt").write_text("x")
    glyphs = read_glyphs(tmp_path)
    assert sorted(zip(glyphs.labels.tolist(), glyphs.writers.tolist(), strict=True)) == [
        ("", ""), ("L", ""), ("L", "anna"), ("T", ""), ("T", ""),
    ]  # fmt: skip
    assert glyphs.left_out == {"blank": 1, "unreadable": 1}
    assert "broken.png" in caplog.text
    crops = glyphs.crops(SPEC)
    first, second = (crops[glyphs.labels == "L"][k].astype(int) for k in (0, 1))
    assert np.abs(first - second).mean() < 12  # dark on light and light on dark give the same
    expected = normalize_glyph(letter_l(), SPEC).astype(int)
    assert np.abs(first - expected).mean() < 12


def test_folders_that_are_no_labels_or_hold_nothing_are_said(tmp_path: Path) -> None:
    save(tmp_path / "a" / "L" / "1.png", letter_l())
    save(tmp_path / "a" / "rest" / "1.png", letter_l())
    with pytest.raises(DatasetError, match="'rest', which is no label"):
        read_glyphs(tmp_path / "a")
    (tmp_path / "b" / "A").mkdir(parents=True)
    with pytest.raises(DatasetError, match="no labelled pictures"):
        read_glyphs(tmp_path / "b")
    save(tmp_path / "c" / "A" / "1.png", np.zeros((40, 40), np.uint8))
    with pytest.raises(DatasetError, match="none of its 1 pictures"):
        read_glyphs(tmp_path / "c")


def test_pictures_named_after_no_label_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("L.png", "t_upper_2.png", "page.png", "10.png"):
        save(tmp_path / "some" / name, letter_l())
    glyphs = read_glyphs(tmp_path / "some")
    assert (sorted(glyphs.labels.tolist()), glyphs.left_out) == (["L", "T"], {"without a label in the name": 2})
    assert "2 pictures whose name says no label, such as" in caplog.text
    assert sorted(folder_rows(tmp_path / "some", SPEC).labels.tolist()) == ["L", "T"]


@pytest.mark.parametrize("folder", ["A", "upper_a", "41", "none"])
def test_the_folder_of_one_label_is_no_set(tmp_path: Path, folder: str) -> None:
    for number in (1, 9, 10):
        save(tmp_path / folder / f"{number}.png", letter_l())
    for read in (read_glyphs, lambda path: folder_rows(path, SPEC)):
        with pytest.raises(DatasetError, match="named after a label") as caught:
            read(tmp_path / folder)
        assert str(caught.value).endswith(f"give the folder that it lies in, {tmp_path}")
    save(tmp_path / folder / "L.png", letter_l())
    assert "L" in read_glyphs(tmp_path / folder).labels.tolist()


def test_a_folder_within_a_folder_and_a_folder_with_one_table_are_found(tmp_path: Path) -> None:
    save(tmp_path / "a" / "letters" / "L" / "1.png", letter_l())
    assert read_glyphs(tmp_path / "a").labels.tolist() == ["L"]
    (tmp_path / "b" / "deep").mkdir(parents=True)
    np.savez(tmp_path / "b" / "deep" / "x.npz", images=letter_l()[None], labels=np.array(["L"]))
    assert read_glyphs(tmp_path / "b").labels.tolist() == ["L"]


def ragged(path: Path, images: list[np.ndarray], labels: str) -> Path:
    arrays = {
        "pixels": np.concatenate([image.ravel() for image in images]),
        "shapes": np.array([image.shape for image in images], np.uint16),
        "labels": np.array(list(labels)),
    }
    np.savez(path.with_suffix(""), **arrays)
    data = path.with_suffix("").with_suffix(".npz").read_bytes()
    path.write_bytes(lzma.compress(data))
    return path


def test_every_format_gives_the_same_crops(tmp_path: Path) -> None:
    images, labels = [letter_l(), letter_t()], "LT"
    np.savez(tmp_path / "plain.npz", images=np.stack(images), labels=np.array(list(labels)))
    rows = [",".join(map(str, [label, *image.ravel()])) for label, image in zip(labels, images, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    dark = [255 - image for image in images]
    files = [
        tmp_path / "plain.npz",
        tmp_path / "table.csv",
        ragged(tmp_path / "light.npz.xz", images, labels),
        ragged(tmp_path / "dark.npz.xz", [image[:, 2:] for image in dark], labels),
    ]
    expected = np.stack([normalize_glyph(image, SPEC) for image in images])
    for file in files:
        glyphs = read_glyphs(file)
        assert "".join(glyphs.labels.tolist()) == labels, file
        np.testing.assert_array_equal(glyphs.crops(SPEC), expected, err_msg=str(file))


def test_pen_strokes_are_drawn_and_the_held_out_writers_alone_if_asked(tmp_path: Path) -> None:
    names = [f"w{number}" for number in range(60)]
    stroke = np.array([[0, 0], [0, 40], [25, 40]], np.int16)
    count = len(names)
    np.savez(
        tmp_path / "s.npz",
        points=np.tile(stroke, (count, 1)),
        stroke_offsets=np.arange(count + 1, dtype=np.int32) * 3,
        character_offsets=np.arange(count + 1, dtype=np.int32),
        labels=np.full(count, "L"),
        writers=np.array(names),
        suspect=np.arange(count) == 0,
    )
    everyone = read_glyphs(tmp_path / "s.npz")
    assert len(everyone) == 59
    assert everyone.writers.tolist() == names[1:]
    few = read_glyphs(tmp_path / "s.npz", held_out_only=True)
    assert 0 < len(few) < 20
    assert set(few.writers) < set(everyone.writers)
    crop = everyone.crops(SPEC)[0]
    assert crop[4:24, 4:12].max() == 255
    assert crop[4:14, 18:].max() == 0  # an L has nothing above on the right


def test_rows_of_a_folder_are_as_kaggle_lays_them_out(tmp_path: Path) -> None:
    save(tmp_path / "L" / "large.png", letter_l(150, 14))
    small = normalize_glyph(letter_t(), SPEC)
    save(tmp_path / "T" / "small.png", small, dark=False)
    save(tmp_path / "T" / "inverted.png", small)
    rows = folder_rows(tmp_path, SPEC)
    assert rows.labels.tolist() == ["L", "T", "T"]
    np.testing.assert_array_equal(rows.images[1], small)
    np.testing.assert_array_equal(rows.images[2], small)
    filled = np.flatnonzero(rows.images[0].any(axis=1))
    assert (filled[0], filled[-1]) == (4, 23)


def test_damaged_sets_are_said(tmp_path: Path) -> None:
    broken = ragged(tmp_path / "x.npz.xz", [letter_l()], "LT")
    with pytest.raises(DatasetError, match="do not belong together"):
        read_glyphs(broken)
    np.savez(tmp_path / "blank.npz", images=np.zeros((2, 9, 9), np.uint8), labels=np.array(["A", "B"]))
    with pytest.raises(DatasetError, match="blank"):
        read_glyphs(tmp_path / "blank.npz")
    with pytest.raises(DatasetError, match="not there; give a folder with a folder of pictures for each label, a CSV"):
        read_glyphs(tmp_path / "nowhere")
