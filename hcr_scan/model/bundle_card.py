"""A bundle described for people and for scripts."""

from __future__ import annotations

from typing import Any

from hcr_scan.model.bundle import MANIFEST, Bundle

#: Words of the figures, and what they mean.
LEGEND = {
    "%": "characters read right where only those of the set may be read",
    "block": "capitals and digits together",
    "ECE": "expected calibration error, how far confidences are from the share that is right; 0 is best",
    "wrongly_rejected": "the share of characters taken for no character",
    "negatives_rejected": "the share of other ink that is taken for no character, as it should be",
    "kind_": "whether so many glyphs are told to be hand, print or neither, as a share; turn_: which way up they lie",
}


def describe(bundle: Bundle) -> dict[str, Any]:
    """What a bundle reads, how its crops look, its figures and its files, after every file was found undamaged.

    Raises:
        ModelError: a file is missing or damaged.
    """
    info = bundle.info
    files = {name: {"bytes": len(bundle.read(name)), "sha256": digest} for name, digest in bundle.files.items()}
    spec = info.crop_spec
    return {
        "folder": str(bundle.folder),
        "sha256": info.sha256,
        "characters": info.characters,
        "labels": len(info.labels),
        "crops": {"size": spec.size, "box": spec.box, "version": spec.version},
        "temperature": info.temperature,
        "reject_below": info.reject_below,
        "recipe_sha256": info.recipe_sha256,
        "trained_with": dict(info.trained_with),
        "metrics": dict(info.metrics),
        "manifest": MANIFEST,
        "files": files,
    }


def card_text(card: dict[str, Any]) -> str:
    """The description as lines of text."""
    crops = card["crops"]
    trained = ", ".join(f"{name} {version}" for name, version in card["trained_with"].items())
    pairs = [
        ("model", card["folder"]),
        ("sha256", card["sha256"]),
        ("reads", card["characters"]),
        ("labels", f'{card["labels"]}, the last one is "not a character"'),
        ("crops", f"{crops['size']} x {crops['size']}, ink fitted to {crops['box']} x {crops['box']}"),
        ("temperature", f"{card['temperature']:g}"),
        ("reject below", f"{card['reject_below']:g}"),
        ("recipe", card["recipe_sha256"] or "unknown"),
        ("trained with", trained or "unknown"),
    ]
    lines = [f"{name:<14}{value}" for name, value in pairs]
    lines += ["", "files"]
    lines += [f"  {name:<14}{part['bytes']:>12,} bytes  {part['sha256']}" for name, part in card["files"].items()]
    figures = _figures(card["metrics"])
    if figures:
        lines += ["", "figures", *figures, "", *_legend(figures)]
    return "\n".join(lines)


def _figures(metrics: dict[str, Any]) -> list[str]:
    """The figures by set, one line each."""
    return [f"  {name:<20}" + ", ".join(parts) for name, value in metrics.items() if (parts := _parts(value))]


def _legend(figures: list[str]) -> list[str]:
    """What the words mean that occur in figures."""
    return [f"  {word}: {meaning}" for word, meaning in LEGEND.items() if any(word in line for line in figures)]


def _parts(value: Any, place: str = "") -> list[str]:
    """Figures with the names of what they are nested in; accuracies are told in per cent."""
    if isinstance(value, dict) and isinstance(value.get("accuracy"), (int, float)):
        error = value.get("calibration_error")
        calibration = "" if error is None else f" (ECE {error:.3f})"
        count = f" of {value['count']:,}" if isinstance(value.get("count"), int) else ""
        return [f"{place} {100 * value['accuracy']:.2f} %{count}{calibration}".strip()]
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in _parts(part, f"{place} {key}".strip())]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [f"{place} {value:,}".strip()]
    return []
