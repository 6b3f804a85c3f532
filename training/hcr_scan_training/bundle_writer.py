"""A finished model as a bundle: a folder with the networks and the manifest that scanning believes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hcr_scan.model.bundle import BUNDLE_FORMAT, MANIFEST, NETWORK_KERAS, NETWORK_ONNX, PAGE_MODEL, STYLE
from hcr_scan.normalization import CropSpec
from hcr_scan.writer_style import StyleTable
from hcr_scan_training.corpus import LABELS
from hcr_scan_training.export import to_onnx


def write_bundle(
    folder: Path,
    glyph: Any,
    page: Any,
    spec: CropSpec,
    temperature: float,
    reject_below: float,
    metrics: dict[str, Any],
    recipe_sha256: str,
    card: str,
    labels: Sequence[str] = LABELS,
    extra: Mapping[str, Any] | None = None,
    style: StyleTable | None = None,
) -> None:
    """Write a bundle into ``folder``: the networks, ``style.json``, ``README.md`` and ``model.json``.

    ``glyph`` and ``page`` are Keras networks; ``page`` may also be the bytes of another bundle's ``page.onnx``, or
    ``None`` for a bundle without one, as ``style`` may be. ``card`` is the text of the README, ``labels`` name the
    columns of the logits. ``extra`` goes into the manifest as it is, such as another bundle's ``placement``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NETWORK_ONNX).write_bytes(to_onnx(glyph))
    if page is not None:
        (folder / PAGE_MODEL).write_bytes(page if isinstance(page, bytes) else to_onnx(page, "float32"))
    glyph.save(folder / NETWORK_KERAS, include_optimizer=False)
    _deflate(folder / NETWORK_KERAS)
    if style is not None:
        _write_style(folder, style)
    (folder / "README.md").write_text(card, encoding="utf-8")
    optional = [name for name, part in ((PAGE_MODEL, page), (STYLE, style)) if part is not None]
    files = {name: _sha256(folder / name) for name in (NETWORK_ONNX, NETWORK_KERAS, *optional)}
    manifest = {
        "format": BUNDLE_FORMAT,
        "labels": list(labels),
        "crop_spec": {"size": spec.size, "box": spec.box, "version": spec.version},
        "temperature": temperature,
        "reject_below": reject_below,
        "trained_with": versions(),
        "recipe_sha256": recipe_sha256,
        "metrics": metrics,
        "files": files,
        **(extra or {}),
    }
    _write_manifest(folder, manifest)


def replace_style(folder: Path, style: StyleTable) -> None:
    """Give the bundle in ``folder`` another ``style.json``, or its first."""
    _write_style(folder, style)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][STYLE] = _sha256(folder / STYLE)
    _write_manifest(folder, manifest)


def _write_style(folder: Path, style: StyleTable) -> None:
    (folder / STYLE).write_text(json.dumps(style.document()) + "\n", encoding="utf-8")


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _deflate(archive: Path) -> None:
    """Compress a Keras file, which is a zip archive that Keras writes uncompressed."""
    partial = archive.with_suffix(".partial")
    with (
        zipfile.ZipFile(archive) as plain,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
    ):
        for entry in plain.infolist():
            name = zipfile.ZipInfo(entry.filename, entry.date_time)
            packed.writestr(name, plain.read(entry), zipfile.ZIP_DEFLATED, 9)
    partial.replace(archive)


def versions() -> dict[str, str]:
    """Versions of what the weights depend on."""
    found = {"python": platform.python_version()}
    for package in ("hcr-scan", "keras", "tensorflow", "numpy", "opencv-python-headless"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
