"""``hcr-scan template``: exit codes, what is written, and what is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode, UsageError
from hcr_scan.forms.drafting.preview import COLORS
from hcr_scan.forms.files.template_file import load_template
from hcr_scan.forms.template import FieldKind
from tests.blank_forms import draw_blank_form
from tests.frames import write


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a blank and what was drafted from it."""
    folder = tmp_path_factory.mktemp("forms")
    draw_blank_form().save(folder / "blank.png")
    assert run(["template", "draft", str(folder / "blank.png"), "-o", str(folder / "card.toml")]) == ExitCode.OK
    return folder


def colors(path: Path) -> set[object]:
    return {color for _, color in Image.open(path).getcolors(1 << 24) or ()}


def test_a_draft_is_a_template_and_a_picture(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(load_template(drafted / "card.toml").fields) == 10
    kinds = (FieldKind.CELLS, FieldKind.CHECKBOX, FieldKind.BOX, FieldKind.LINE)
    assert {COLORS[kind] for kind in kinds} <= colors(drafted / "card.png")
    target = str(drafted / "again.toml")
    assert (
        run(["template", "draft", str(drafted / "blank.png"), "-o", target, "--preview", target + ".png"])
        == ExitCode.OK
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert "again.toml: 10 fields (4 cells, 3 checkbox, 2 line, 1 box) on 1 page; drawn in" in err
    assert (drafted / "again.toml.png").exists()
    assert not (drafted / "again.png").exists()


def test_a_draft_named_like_its_blank_has_its_picture_beside_it(tmp_path: Path) -> None:
    draw_blank_form().save(tmp_path / "form.png")
    before = (tmp_path / "form.png").read_bytes()
    assert run(["template", "draft", str(tmp_path / "form.png"), "-o", str(tmp_path / "form.toml")]) == ExitCode.OK
    assert (tmp_path / "form.preview.png").exists()
    assert (tmp_path / "form.png").read_bytes() == before


def test_a_preview_is_not_drawn_over_what_is_drafted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_blank_form().save(tmp_path / "blank.png")
    Image.open(tmp_path / "blank.png").convert("L").rotate(3, fillcolor=255).save(tmp_path / "blank.png")
    draft = ["template", "draft", str(tmp_path / "blank.png"), "-o", str(tmp_path / "card.toml"), "--force"]
    (tmp_path / "card.toml").write_text("mine")
    for name in ("card.toml", "card-blank-1.png"):
        assert run([*draft, "--preview", str(tmp_path / name)]) == ExitCode.USAGE
        assert f"{name} is the template or one of its blanks" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blank.png", "card.toml"]
    assert (tmp_path / "card.toml").read_text() == "mine"
    assert run(draft) == ExitCode.OK
    assert (tmp_path / "card-blank-1.png").exists()


def test_names_that_were_given_are_not_overwritten(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = drafted / "named.toml"
    named.write_text("mine")
    command = ["template", "draft", str(drafted / "blank.png"), "-o", str(named)]
    assert run(command) == ExitCode.OUTPUT
    assert "named.toml exists and may hold what you made; choose another -o, or replace it with --force" in (
        capsys.readouterr().err
    )
    assert named.read_text() == "mine"
    assert run([*command, "--force"]) == ExitCode.OK
    assert load_template(named).id == "named"


@pytest.mark.parametrize("name", ["form.png", "form-blank-1.png"])
def test_pictures_beside_a_draft_replace_no_others(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_blank_form().save(tmp_path / "blank.png", angle=3.0)
    other = tmp_path / name
    other.write_text("mine")
    command = ["template", "draft", str(tmp_path / "blank.png"), "-o", str(tmp_path / "form.toml")]
    assert run(command) == ExitCode.OUTPUT
    assert f"{other} exists and may hold what you made" in capsys.readouterr().err
    assert other.read_text() == "mine"
    assert not (tmp_path / "form.toml").exists()
    assert run([*command, "--force"]) == ExitCode.OK
    assert Image.open(other).format == "PNG"


def test_a_straightened_copy_does_not_replace_its_blank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = draw_blank_form().save(tmp_path / "form-blank-1.png", angle=3.0)
    before = blank.read_bytes()
    assert run(["template", "draft", str(blank), "-o", str(tmp_path / "form.toml"), "--force"]) == ExitCode.USAGE
    assert f"{blank} is one of the files that are read" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [blank.name]
    assert blank.read_bytes() == before


@pytest.mark.parametrize("target", ["-", "card.png", "card"])
def test_a_template_is_a_file_of_its_own_kind(target: str, drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["template", "draft", str(drafted / "blank.png"), "-o", target]) == ExitCode.USAGE
    assert f"-o {target}: a template is a file that ends in .toml" in capsys.readouterr().err


def test_a_preview_shows_what_the_file_says(drafted: Path) -> None:
    text = (drafted / "card.toml").read_text().replace('kind = "line"', 'kind = "box"')
    (drafted / "edited.toml").write_text(text)
    assert run(["template", "preview", str(drafted / "edited.toml"), "-o", str(drafted / "edited.png")]) == ExitCode.OK
    assert COLORS[FieldKind.LINE] not in colors(drafted / "edited.png")
    assert COLORS[FieldKind.BOX] in colors(drafted / "edited.png")


def test_a_sound_template_has_no_problems(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["template", "check", str(drafted / "card.toml")]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out == ""
    assert "card.toml: 10 fields, 0 problems" in err


def test_what_is_wrong_with_a_template_is_told(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = load_template(drafted / "card.toml")
    text = (drafted / "card.toml").read_text()
    check_box, box = form.fields[5].box, form.fields[9].box
    wide = [box.left - 8, box.top, box.right, box.bottom]
    text = text.replace(f"box = {box.as_list()}", f"box = {wide}")
    moved = check_box.shifted(-330, 10).as_list()
    text = text.replace(f"box = {check_box.as_list()}", f"box = {moved}")
    (drafted / "wrong.toml").write_text(text)
    assert run(["template", "check", str(drafted / "wrong.toml")]) == 1
    out, err = capsys.readouterr()
    lines = [line.split(None, 3) for line in out.splitlines()]
    assert {line[2] for line in lines} == {"field_005", "field_006", "field_010"}
    assert all(line[:2] == ["page", "1"] for line in lines)
    assert "field_005  collides with field_006 by 2" in out
    assert "field_010  the frame lies inside the box: left by 8 pixels; make the box smaller" in out
    assert f"{len(lines)} problems" in err


def test_what_the_model_cannot_read_is_told(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (drafted / "card.toml").read_text().replace('kind = "cells"', 'kind = "cells"\ncharset = "AÄÖ"', 1)
    (drafted / "foreign.toml").write_text(text)
    check = ["template", "check", str(drafted / "foreign.toml")]
    assert run(check) == ExitCode.SOME_PAGES_FAILED
    out, err = capsys.readouterr()
    assert re.match("page 1  field_00[0-9]  the field takes 'ÄÖ', which this model cannot read; it reads 0123", out)
    assert "1 problem" in err
    assert run([*check, "--model", str(drafted)]) == ExitCode.MODEL
    blank = str(drafted / "blank.png")
    assert run([blank, "--template", check[-1], "--out", str(drafted / "foreign.csv"), "-j1"]) == ExitCode.USAGE
    assert re.search("foreign.toml: field_00[0-9]: the field takes 'ÄÖ'", capsys.readouterr().err)


def test_samples_show_where_writing_leaves_its_box(drafted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = draw_blank_form()
    rng = np.random.default_rng(5)
    for cell in form.combs[0][:6]:
        write(form.ink, cell, "8", rng)
    form.save(drafted / "tidy.png", angle=0.7)
    for cell in form.combs[1][:6]:
        write(form.ink, cell.shifted(0, 24), "8", rng)
    form.save(drafted / "untidy.png", angle=-0.5)
    Image.fromarray(np.full((2339, 1654), 255, np.uint8)).save(drafted / "empty.png")
    check = ["template", "check", str(drafted / "card.toml")]
    assert run([*check, str(drafted / "tidy.png")]) == ExitCode.OK
    assert capsys.readouterr().out == ""
    assert run([*check, *(str(drafted / name) for name in ("tidy.png", "untidy.png", "empty.png"))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("sample")
    assert "empty.png:1  matches no page of the template" in lines[0]
    assert lines[1].split()[:3] == ["page", "1", "field_002"]
    found = re.search(r"writing leaves the box in 1 of 2 samples: bottom by (\d+) pixels; give it more room", lines[1])
    assert found is not None
    # Digits are 0.62 of a cell of 48 pixels high, and so 24 - 9 pixels below it.
    assert 9 <= int(found[1]) <= 21


def test_a_broken_sample_is_named_and_the_others_are_checked(
    drafted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-broken.png").write_bytes((drafted / "blank.png").read_bytes()[:300])
    Image.fromarray(np.full((2339, 1654), 255, np.uint8)).save(tmp_path / "b-empty.png")
    assert run(["template", "check", str(drafted / "card.toml"), str(tmp_path)]) == ExitCode.SOME_PAGES_FAILED
    broken, empty = capsys.readouterr().out.splitlines()
    assert broken.startswith("sample")
    assert broken.count("a-broken.png") == 1
    assert "cut off" in broken
    assert re.search(r"b-empty\.png:1 +matches no page of the template", empty)


@pytest.mark.parametrize("command", [["check"], ["preview", "-o", "x.png"]])
def test_a_file_that_is_no_template_is_a_usage_error(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "form.toml").write_text("[tool]\n")
    assert run(["template", command[0], str(tmp_path / "form.toml"), *command[1:]]) == ExitCode.USAGE
    assert "form.toml: schema: this is no template that can be read here" in capsys.readouterr().err


def test_a_blank_that_is_not_there_is_no_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["template", "draft", str(tmp_path / "gone.png"), "-o", str(tmp_path / "f.toml")]) == ExitCode.INPUT
    assert "gone.png is not there" in capsys.readouterr().err
    assert not (tmp_path / "f.toml").exists()


def test_no_blank_and_no_sample_is_decoded_in_the_main_process(
    drafted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object, **__: object) -> None:
        raise AssertionError("decoded here")

    # Workers are other programs, in which this is not so.
    for decoder in ("hcr_scan.sources.loading.read_document", "hcr_scan.sources.pdf_forms.read_document"):
        monkeypatch.setattr(decoder, decode)
    blank, form, pdf = str(drafted / "blank.png"), str(drafted / "card.toml"), tmp_path / "blank.pdf"
    Image.open(blank).save(pdf)
    assert run(["template", "draft", blank, "-o", str(tmp_path / "a.toml")]) == ExitCode.OK
    assert run(["template", "draft", str(pdf), "-o", str(tmp_path / "b.toml"), "--filled"]) == ExitCode.OK
    assert run(["template", "preview", form, "-o", str(tmp_path / "a.png")]) == ExitCode.OK
    assert run(["template", "check", form, blank]) == ExitCode.OK
    assert run([blank, "--out", str(tmp_path / "r.csv"), "--template", form, "-j1", "-q"]) == ExitCode.OK
    assert run(["inspect", blank, "--template", form, "-o", str(tmp_path / "i.png")]) == ExitCode.OK
    with pytest.raises(UsageError, match="decoded here"):
        load_template(form)


def test_a_draft_of_a_filled_example_takes_no_page_of_another_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    forms = Path(__file__).parents[2] / "examples" / "forms"
    pages = [str(forms / name) for name in ("application.pdf", "delivery-note.jpg", "orders.tif")]
    for page in pages:
        name = Path(page).stem
        assert run(["template", "draft", page, "--filled", "-o", f"{name}.toml"]) == ExitCode.OK
        # One after the other, so that no better form is there to take a stranger away.
        command = [*pages, "--template", f"{name}.toml", "--out", f"{name}.jsonl", "--jobs", "1", "--quiet"]
        assert run(command) == ExitCode.OK
        for line in Path(f"{name}.jsonl").read_text("utf-8").splitlines():
            record = json.loads(line)
            found = record["template"] and record["template"]["id"]
            assert found == (name if record["source"]["path"] == page else None)
