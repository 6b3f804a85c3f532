"""A bundle described for people and for scripts."""

from __future__ import annotations

from typing import Any

from hcr_scan.model.bundle import MANIFEST, Bundle


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


def shown(card: dict[str, Any]) -> str:
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
    return "\n".join([*lines, *(["", "figures", *figures] if figures else [])])


def _figures(metrics: dict[str, Any]) -> list[str]:
    """Numbers by name, one line a set; what a recipe nests deeper is named with its place."""
    lines = []
    for name, value in metrics.items():
        flat = _flat(value)
        if flat:
            lines.append(f"  {name:<18}" + "  ".join(f"{key} {number:g}".strip() for key, number in flat))
    return lines


def _flat(value: Any, place: str = "") -> list[tuple[str, float]]:
    if isinstance(value, dict):
        return [item for key, part in value.items() for item in _flat(part, f"{place}.{key}" if place else str(key))]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [(place, float(value))]
    return []
