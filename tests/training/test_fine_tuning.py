"""A model fitted to one hand: it learns odd forms, keeps what it knew, and says what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hcr_scan.cli import run
from hcr_scan.errors import DatasetError, ExitCode
from hcr_scan.model.bundle import ModelInfo, load_bundle
from hcr_scan.model.classifier import load_classifier
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.writer_style import StyleTable
from hcr_scan_training.augmentation import captured, drawn_strokes
from hcr_scan_training.fine_tuning import FEWEST, Tuning, divided, fine_tune, outcome, own_crops, own_hand_loss
from hcr_scan_training.labelled import Glyphs

SPEC = CropSpec()
LABELS = ("A", "L", "T", "V", "t", "")
USUAL = {
    "A": [[(0, 1), (0.4, 0), (0.8, 1)], [(0.2, 0.6), (0.6, 0.6)]],
    "L": [[(0, 0), (0, 1), (0.7, 1)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "V": [[(0, 0), (0.4, 1), (0.8, 0)]],
    "t": [[(0.4, 0), (0.4, 1)], [(0.1, 0.35), (0.7, 0.35)]],
}
#: This writer makes A like an arch, L the wrong way around and V like a gallows.
OWN = {
    "A": [[(0, 1), (0.1, 0), (0.6, 0), (0.7, 1)]],
    "L": [[(0.7, 0), (0.7, 1), (0, 1)]],
    "V": [[(0, 1), (0, 0), (0.7, 0)]],
}


def drawn(forms: dict[str, Any], count: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.choice(sorted(forms), count)
    inks = [
        drawn_strokes([np.array(part, np.float32) for part in forms[str(label)]], random, strength=0.6)
        for label in labels
    ]
    return inks, labels


def crops_of(inks: list[np.ndarray], seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.stack([normalize_glyph(captured(ink, random), SPEC) for ink in inks])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a small network that reads the usual forms."""
    for name in ("tensorflow", "keras", "onnx"):
        pytest.importorskip(name)
    from hcr_scan_training.bundle_writer import write_bundle
    from hcr_scan_training.fit import Schedule, fit, prepare
    from hcr_scan_training.network import glyph_network, page_network

    folder = tmp_path_factory.mktemp("base") / "bundle"
    keras = prepare(1, 2)
    inks, labels = drawn(USUAL, 2400, 1)
    classes = np.array([LABELS.index(str(label)) for label in labels], np.int16)
    network = glyph_network(SPEC, len(LABELS), width=0.25)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    fit(network, [(crops_of(inks), classes)], loss, Schedule(5, 64, 4e-3, seed=1))
    write_bundle(
        folder,
        network,
        page_network(SPEC, 7),
        SPEC,
        1.3,
        0.1,
        {},
        "0" * 64,
        "# card",
        LABELS,
        {"placement": None, "other": 1},
        StyleTable("AT", np.eye(2), np.eye(2), np.ones(2)),
    )
    return folder


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of the writer's own letters, dark on light, in a folder for each."""
    folder = tmp_path_factory.mktemp("writer") / "my_letters"
    inks, labels = drawn(OWN | {"T": USUAL["T"]}, 120, 7)
    for number, (ink, label) in enumerate(zip(inks, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - ink).save(folder / str(label) / f"{number}.png")
    (folder / "B").mkdir()
    Image.fromarray(255 - inks[0]).save(folder / "B" / "unknown.png")
    return folder


@pytest.fixture(scope="module")
def tuned(base: Path, letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned") / "my_model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HCR_SCAN_SHARED", "/nowhere")
        assert run(["train", "--data", str(letters), "--from", str(base), "-o", str(folder), "--quiet"]) == ExitCode.OK
    return folder


def accuracy(bundle: Path, forms: dict[str, Any], seed: int) -> float:
    inks, labels = drawn(forms, 300, seed)
    logits = load_classifier(bundle).predict(crops_of(inks, seed))
    return float(np.mean([LABELS[k] == label for k, label in zip(logits.argmax(axis=1), labels, strict=True)]))


pytestmark = pytest.mark.train


@pytest.mark.slow
def test_the_writer_s_forms_are_learned_and_the_usual_ones_kept(base: Path, tuned: Path) -> None:
    own_before, own_after = (accuracy(bundle, OWN, 31) for bundle in (base, tuned))
    assert own_before < 0.75
    assert own_after > max(0.9, own_before + 0.2)
    others_before, others_after = (accuracy(bundle, USUAL, 32) for bundle in (base, tuned))
    assert others_before > 0.9
    assert others_after > others_before - 0.1


@pytest.mark.slow
def test_the_bundle_carries_on_what_is_not_weights(base: Path, tuned: Path) -> None:
    before, after = load_bundle(base), load_bundle(tuned)
    assert (after.info.labels, after.info.crop_spec) == (before.info.labels, before.info.crop_spec)
    assert (after.info.temperature, after.info.reject_below) == (1.3, 0.1)
    assert after.read("page.onnx") == before.read("page.onnx")
    assert after.read("style.json") == before.read("style.json")
    manifest = json.loads((tuned / "model.json").read_text())
    assert manifest["fine_tuned"]["from"] == before.info.sha256
    assert manifest["placement"] is None
    assert before.info.sha256[:16] in (tuned / "README.md").read_text()
    assert after.read("model.onnx") != before.read("model.onnx")


@pytest.mark.slow
def test_the_report_tells_before_and_after_on_what_was_held_back(base: Path, tuned: Path) -> None:
    figures = json.loads((tuned / "report" / "fine_tuning.json").read_text())
    own = figures["own"]
    assert own["before"]["data"]["characters"] == own["after"]["data"]["characters"]
    assert 15 <= own["after"]["data"]["characters"] <= 50
    assert own["after"]["sets"]["upper"]["accuracy"] > own["before"]["sets"]["upper"]["accuracy"]
    assert own["before"]["model"]["sha256"] == load_bundle(base).info.sha256
    assert figures["others"] == {}
    assert "<!doctype html>" in (tuned / "report" / "evaluation.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_scan_reads_with_it(tuned: Path, tmp_path: Path) -> None:
    inks, _ = drawn({"A": OWN["A"]}, 1, 55)
    Image.fromarray(255 - inks[0]).save(tmp_path / "a.png")
    command = [str(tmp_path / "a.png"), "--model", str(tuned), "--layout", "glyph", "--charset", "ALTV", "-j1"]
    assert run([*command, "--out", str(tmp_path / "r.jsonl")]) == ExitCode.OK
    assert json.loads((tmp_path / "r.jsonl").read_text())["lines"][0]["text"] == "A"


def glyphs_of(count: int) -> Glyphs:
    inks, labels = drawn(USUAL, count, 3)
    return Glyphs("drawn", inks, labels, np.full(count, ""))


def test_what_is_held_back_hangs_on_the_ink_alone() -> None:
    glyphs = glyphs_of(200)
    fitted, checked = divided(glyphs)
    assert len(fitted) + len(checked) == 200
    assert 25 < len(checked) < 80
    backward = glyphs.chosen(np.arange(200)[::-1])
    again = {ink.tobytes() for ink in divided(backward)[1].inks}
    assert again == {ink.tobytes() for ink in checked.inks}
    twice = glyphs.chosen(np.concatenate([np.arange(200), np.arange(200)]))
    parts = [{ink.tobytes() for ink in part.inks} for part in divided(twice)]
    assert not parts[0] & parts[1]


def test_too_little_handwriting_is_said() -> None:
    for count in (1, FEWEST - 1):
        with pytest.raises(DatasetError, match=rf"has {count} characters?, .* give 48 or more, 5 or more of each"):
            divided(glyphs_of(count))
    divided(glyphs_of(FEWEST))
    for row in range(20):  # Pictures of one and the same ink are all held back, or none.
        with pytest.raises(DatasetError, match="too few to learn from and to judge by"):
            divided(glyphs_of(20).chosen(np.full(FEWEST, row)))


def with_marks(glyphs: Glyphs, ink: np.ndarray, count: int) -> Glyphs:
    """The same, and as many pictures of what is no character."""
    labels = np.concatenate([glyphs.labels, np.full(count, "")])
    return Glyphs("drawn", [*glyphs.inks, *[ink] * count], labels, np.full(len(labels), ""))


def test_what_is_none_is_learned_from_pictures_of_it_too() -> None:
    info = ModelInfo(LABELS, SPEC)
    letters, block = glyphs_of(40), np.full((30, 30), 255, np.uint8)  # Nothing that is drawn is as full of ink.

    def blocks(fitted: Glyphs) -> tuple[int, int]:
        crops, targets = own_crops(fitted, info, 200, Tuning(none=1.0), np.random.default_rng(0))
        assert (targets % len(LABELS) == LABELS.index("")).all()
        full = (crops >= 64).mean(axis=(1, 2)) > 0.5
        return int(full.sum()), len(crops)

    few, count = blocks(letters)
    many, _ = blocks(with_marks(letters, block, 3))
    assert few < 0.2 * count
    assert 0.35 * count < many - few < 0.65 * count


def test_what_is_none_is_not_counted_among_the_characters(caplog: pytest.LogCaptureFixture) -> None:
    mark = np.full((9, 4), 255, np.uint8)
    with pytest.raises(DatasetError, match=r"has 0 characters, 0 of them held back: too few"):
        divided(with_marks(glyphs_of(0), mark, 100))
    with pytest.raises(DatasetError, match=r"has 47 characters, "):
        divided(with_marks(glyphs_of(FEWEST - 1), mark, 3))
    fitted, checked = divided(with_marks(glyphs_of(100), mark, 3))
    assert len(fitted) + len(checked) == 103
    assert fitted.characters + checked.characters == 100
    assert "fewer than" not in caplog.text


def test_labels_that_are_hardly_shown_are_named(caplog: pytest.LogCaptureFixture) -> None:
    glyphs = glyphs_of(100)
    labels = glyphs.labels.copy()
    labels[:4] = "x"
    labels[4:9] = "y"
    divided(Glyphs("drawn", glyphs.inks, labels, glyphs.writers))
    assert "fewer than 5 of x:" in caplog.text


@pytest.mark.parametrize(
    ("count", "before", "after", "doubtful"),
    [
        (12, 0.75, 1.0, True),
        (12, 1.0, 1.0, True),
        (400, 0.75, 0.96, False),
        (400, 0.96, 0.75, False),
        (12, 0.0, 1.0, False),
    ],
)
def test_what_so_few_characters_do_not_show_is_said(count: int, before: float, after: float, doubtful: bool) -> None:
    def figures(accuracy: float) -> dict[str, Any]:
        return {"sets": {"upper": {"count": count, "accuracy": accuracy}}}

    told = "\n".join(outcome({"own": {"before": figures(before), "after": figures(after)}, "others": {}}))
    assert f"({count} characters)" in told
    assert ("does not show that" in told) == doubtful
    if before == 0.75 and doubtful:
        assert "9 of 12 right before, 12 of 12 after" in told
        assert "47 to 91 % and 76 to 100 %" in told


def test_labels_that_are_never_shown_are_not_unlearned() -> None:
    keras = pytest.importorskip("keras")
    present = [LABELS.index(label) for label in ("A", "L", "")]
    loss = own_hand_loss(keras, LABELS, present)
    count = len(LABELS)

    def value(target: int, logits: dict[str, float]) -> float:
        row = np.zeros((1, count), np.float32)
        for label, logit in logits.items():
            row[0, LABELS.index(label)] = logit
        return float(np.asarray(loss(np.array([target]), row))[0])

    own_a, other_a = LABELS.index("A") + count, LABELS.index("A")
    # A high T costs one's own A nothing, and another writer's A much.
    assert value(own_a, {"A": 9, "T": 9}) == pytest.approx(value(own_a, {"A": 9}), abs=1e-6)
    assert value(other_a, {"A": 9, "T": 9}) > value(other_a, {"A": 9}) + 0.5
    # A high L, which is shown, does cost; a small t costs half of what a capital does.
    assert value(own_a, {"A": 9, "L": 9}) > 0.5
    assert value(other_a, {"A": 9, "t": 9}) < value(other_a, {"A": 9, "T": 9}) - 0.2
    # What is no character is told from every label.
    none = count - 1
    assert value(none, {"": 9, "A": 9}) > 0.6
    assert value(none + count, {"": 9, "A": 9}) > 0.6


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(base: Path, letters: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HCR_SCAN_SHARED", "/nowhere")
    tuning = Tuning(fewest=200, most=200, seed=4)
    for name in ("a", "b"):
        fine_tune(base, letters, tmp_path / name, tuning)
    # The .keras file holds the time it was written at.
    assert (tmp_path / "a" / "model.onnx").read_bytes() == (tmp_path / "b" / "model.onnx").read_bytes()


def test_what_cannot_be_done_is_said_with_its_exit_code(
    base: Path, letters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("HCR_SCAN_SHARED", "/nowhere")

    def code(**changes: str) -> int:
        options = {"data": str(letters), "from": str(base), "output": str(tmp_path / "out")} | changes
        return run(["train", "--quiet", *(part for name, value in options.items() for part in (f"--{name}", value))])

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    assert code(output=str(tmp_path / "full")) == ExitCode.OUTPUT
    assert "is there already" in capsys.readouterr().err
    assert code(**{"from": str(tmp_path / "nowhere")}) == ExitCode.MODEL
    assert code(data=str(tmp_path / "nowhere")) == ExitCode.DATASET
    (tmp_path / "greek" / "Ω").mkdir(parents=True)
    Image.fromarray(255 - drawn(USUAL, 1, 1)[0][0]).save(tmp_path / "greek" / "Ω" / "1.png")
    assert code(data=str(tmp_path / "greek")) == ExitCode.DATASET
    assert "no label for Ω" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
