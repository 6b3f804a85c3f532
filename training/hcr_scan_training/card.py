"""The card of a bundle: what the model reads, what it was made from, and how well it does."""

from __future__ import annotations

from typing import Any

from hcr_scan_training.corpus import CHARACTERS
from hcr_scan_training.recipe import Recipe

#: Licence and attribution of every set that shapes weights.
ATTRIBUTIONS = {
    "emnist_byclass": "EMNIST ByClass (Cohen et al. 2017), from NIST Special Database 19; US government work",
    "emnist_extra": "more of EMNIST; US government work",
    "unipen_strokes": "UNIPEN train_r01_v07, Guyon et al. 1994, doi:10.5281/zenodo.1195803; CC BY 4.0",
    "mnist": "MNIST training digits, LeCun, Cortes and Burges; CC BY-SA 3.0",
    "semeion": "Semeion Handwritten Digit (Buscema 1998), UCI; CC BY 4.0",
    "sse_letters": "hand-printed capitals from scanned cards; MIT",
    "nist_sd19_vowels": "vowels of NIST Special Database 19; US government work",
    "omniglot_latin": "Latin letters of Omniglot (Lake et al. 2015); MIT",
    "kocr_fax_digits": "digits cut from faxed forms (kocr); BSD-2-Clause",
    "nsysu_digits": "pencil digits from exam boxes (NSYSU); ODbL",
    "handwriting_fonts": "handwriting fonts of the npm scope @fontsource; SIL OFL 1.1 or Apache 2.0",
    "school_fonts": "school hands of 22 countries (Playwrite), npm scope @fontsource; SIL OFL 1.1",
    "print_fonts": "ordinary fonts of the npm scope @fontsource; SIL OFL 1.1 or Apache 2.0",
    "shapes": "forms drawn by hcr-scan itself",
}

_SETS = {
    "digilets": "DigiLeTs, 55 writers",
    "digilets_marker": "the same with a marker, 20 to 32 % of the height",
    "unipen_held_out": "UNIPEN, held-out writers (labels are noisy)",
    "photo36_cmu": "photo36 (phone photos)",
    "az_kaggle_sample": "Kaggle A-Z sample (same source as EMNIST)",
    "mnist_test": "MNIST test (same source as EMNIST)",
    "mouse_upper544": "capitals drawn with a mouse",
    "mingyanying_upper": "capitals drawn with a finger",
    "notemuscle_upper": "capitals cut by a segmenter, many clipped",
    "choice": "letters cut from cursive writing, hard",
}


_HEAD = """\
# hcr-scan model `{name}`

Reads single hand-printed characters (`{characters}`)
and tells what is none of them. A second, tiny network says of a crop whether it was written or printed, and which
way up it stands. `model.onnx` and `model.keras` hold the same weights; `style.json` says how writers differ in what
the network answers; `model.json` is the manifest.

Made by `hcr-scan train training/recipes/{name}.toml` (recipe SHA-256 `{digest}`).

## Figures

Top-1 in per cent: capitals among 26, digits among 10, small letters among 26. ECE, the expected calibration
error, is how far confidences are from the share that is right, 0 at best.
No weight was fitted to any of these characters.

| set | capitals | digits | small letters | character taken for none |
|---|---|---|---|---|"""

_LIMITS = """
## Limits

A crop is scaled to fill its square: c and C, 0 and O, I, l and a bare 1, a comma and an apostrophe, a full stop and a
blot look alike. Scanning adds what size and place on the line say; where nothing does, only the character set asked for
tells them apart. Joined cursive is not what it was made for. Punctuation was learned from drawn marks and fonts alone.
"""


def bundle_card(recipe: Recipe, metrics: dict[str, Any]) -> str:
    """The README of a bundle, in Markdown."""
    lines = _HEAD.format(name=recipe.name, characters=CHARACTERS, digest=recipe.sha256[:16]).splitlines()
    for name, title in _SETS.items():
        if name in metrics:
            cells = [_cell(metrics[name].get(key)) for key in ("upper", "digits", "lower")]
            lines.append(f"| {title} | {' | '.join(cells)} | {100 * metrics[name].get('wrongly_rejected', 0):.1f} |")
    lines += ["", f"Drawn non-characters recognized as such: {100 * metrics['negatives_rejected']:.1f} %.", ""]
    lines += _page_lines(metrics["page"])
    lines += ["", "## Made from", ""]
    lines += [f"- {ATTRIBUTIONS[name]}" for name in recipe.data.sets if name in ATTRIBUTIONS]
    lines += _LIMITS.splitlines()
    return "\n".join(lines) + "\n"


def _cell(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return ""
    return f"{100 * figures['accuracy']:.1f} (ECE {figures['calibration_error']:.3f})"


def _page_lines(page: dict[str, Any]) -> list[str]:
    lines = [
        "Page network, on writers and fonts never seen; accuracy in per cent for one glyph and the mean of 8 and 30:",
        "",
        "| ink | kind: 1 | 8 | 30 | turn: 1 | 8 | 30 |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ("handwritten", "printed", "other"):
        keys = [f"{what}_{size}" for what in ("kind", "turn") for size in (1, 8, 30)]
        cells = [f"{100 * page[kind][key]:.1f}" if key in page[kind] else "" for key in keys]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return lines
