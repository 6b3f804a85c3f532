"""A model bundle: a folder with the network, and a manifest that says what it reads and how crops must look.

A model is code, so a bundle is believed only as far as its manifest goes: every file is compared with its SHA-256
before it is used, formats that run code when loaded are refused, and a network may not point at files outside the
bundle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hcr_scan.errors import ModelError
from hcr_scan.normalization import NORMALIZATION_VERSION, CropSpec
from hcr_scan.placement import PlacementTable
from hcr_scan.writer_style import StyleTable

BUNDLE_FORMAT = 1
MANIFEST = "model.json"
NETWORK_ONNX = "model.onnx"
NETWORK_KERAS = "model.keras"
PAGE_MODEL = "page.onnx"
STYLE = "style.json"

#: Larger files than this are not hashed, let alone loaded: shipped networks take less than 5 MB.
MAX_FILE_SIZE = 512 * 1024 * 1024

#: Loading one of these runs code of whoever wrote it, whatever options the loader is given.
CODE_SUFFIXES = frozenset({".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz"})

_DEFAULT_FOLDER = Path(__file__).parent.parent / "models" / "default"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model reads and how its answers are meant.

    ``labels`` name the columns of its logits; the last is ``""``, not a character. ``crop_spec`` is how crops must
    look, ``temperature`` what logits are divided by to give calibrated probabilities, and below ``reject_below`` a best
    character is no reading. ``trained_with`` names the versions of what trained it. ``sha256`` is that of the manifest,
    which names the SHA-256 of every other file. ``placement`` says where characters stand on a line and how large they
    are; without it only crops are looked at. ``style`` says how writers differ; without it a page's characters say
    nothing of each other.
    """

    labels: tuple[str, ...]
    crop_spec: CropSpec
    temperature: float = 1.0
    reject_below: float = 0.0
    trained_with: Mapping[str, str] = field(default_factory=dict)
    recipe_sha256: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    placement: PlacementTable | None = None
    style: StyleTable | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.labels) or self.labels[-1:] != ("",):
            raise ValueError('labels must differ, and the last one must be "" (not a character)')
        if any(len(label) != 1 or not label.isprintable() or label.isspace() for label in self.labels[:-1]):
            raise ValueError("each label must be one printable character")
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}")
        if not 0 <= self.reject_below <= 1:
            raise ValueError(f"reject_below must be from 0 to 1, not {self.reject_below}")
        if self.style is not None and not set(self.style.characters) <= set(self.labels):
            raise ValueError("its style knows characters that are no labels")

    @property
    def characters(self) -> str:
        """Every character the model can read, in the order of its labels."""
        return "".join(self.labels)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder whose manifest was read and found sound. Its files are checked as they are asked for."""

    folder: Path
    info: ModelInfo
    files: Mapping[str, str]

    def read(self, name: str) -> bytes:
        """The bytes of a file of the bundle, found to be those the manifest names.

        Raises:
            ModelError: the bundle has no such file, or its content is another.
        """
        data = self._bytes(name)
        found = hashlib.sha256(data).hexdigest()
        if found != self.files[name].lower():
            raise ModelError(
                f"{self.folder / name} is damaged: its SHA-256 is {found}, the manifest says {self.files[name]}; "
                f"install the bundle again{_reinstall(self.folder)}"
            )
        return data

    def verified_path(self, name: str) -> Path:
        """The path of a file of the bundle, for loaders that want a path, after the check of :meth:`read`."""
        self.read(name)
        return self.folder / name

    def _bytes(self, name: str) -> bytes:
        path = self.folder / name
        if name not in self.files:
            raise ModelError(f"the bundle {self.folder} has no {name}; export it again with `hcr-scan train`")
        try:
            if path.stat().st_size > MAX_FILE_SIZE:
                raise ModelError(f"{path} is larger than {MAX_FILE_SIZE >> 20} MB, which no hcr-scan model is")
            return path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path} cannot be read ({error.strerror}); install the bundle again{_reinstall(self.folder)}"
            ) from error


def load_bundle(path: str | Path | None = None) -> Bundle:
    """The bundle in a folder, or the one shipped with hcr-scan; its manifest is checked, its networks not loaded yet.

    Raises:
        ModelError: there is none, or it is damaged, dangerous, or made for another version.
    """
    folder = _DEFAULT_FOLDER if path is None else Path(path)
    if folder.suffix.lower() in CODE_SUFFIXES:
        raise ModelError(
            f"{folder} is not opened: files of this kind can run code when loaded; "
            "give --model a bundle folder (model.json and model.onnx), as `hcr-scan train` writes it"
        )
    manifest = _read_manifest(folder)
    try:
        document = json.loads(manifest)
    except ValueError as error:
        raise ModelError(f"{folder / MANIFEST} is not JSON ({error}); install the bundle again") from error
    if not isinstance(document, dict):
        raise ModelError(f"{folder / MANIFEST} is not a manifest; export the bundle again with `hcr-scan train`")
    _check_versions(document, folder)
    try:
        bundle = Bundle(folder, _model_info(document, manifest), _files(document, folder))
        return replace(bundle, info=replace(bundle.info, style=_style(bundle))) if STYLE in bundle.files else bundle
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"{folder / MANIFEST} is not a manifest hcr-scan can use ({reason}); "
            "export the bundle again with `hcr-scan train`"
        ) from error


def _style(bundle: Bundle) -> StyleTable:
    try:
        return StyleTable.read(json.loads(bundle.read(STYLE)))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{STYLE}: {error}") from error


def refuse_external_data(network: bytes, path: Path) -> None:
    """Stop before an ONNX file that keeps its weights in other files is loaded.

    Such a file names them under the key ``location``, with paths that have escaped from every check written so far; a
    network exported by hcr-scan has no use for that word.

    Raises:
        ModelError: the file does.
    """
    if b"location" in network:
        raise ModelError(
            f"{path} refers to files outside itself (ONNX external data), which is not allowed; "
            "export it as a single file"
        )


def _reinstall(folder: Path) -> str:
    return ": pip install --force-reinstall hcr-scan" if folder == _DEFAULT_FOLDER else ""


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_FILE_SIZE:
            raise ModelError(f"{path} is too large for a manifest")
        return path.read_bytes()
    except FileNotFoundError:
        what = "no model.json in it" if folder.is_dir() else "it does not exist"
        raise ModelError(
            f"{folder} is not a model bundle: {what}; "
            "give --model the folder `hcr-scan train` wrote, or leave --model out to use the shipped one"
            f"{_reinstall(folder)}"
        ) from None
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}); give --model the folder of a bundle (it holds model.json)"
        ) from error


def _check_versions(document: dict[str, Any], folder: Path) -> None:
    found = document.get("format")
    if found != BUNDLE_FORMAT:
        raise ModelError(
            f"{folder} has bundle format {found!r}, and this hcr-scan reads format {BUNDLE_FORMAT}; "
            "upgrade hcr-scan, or train the model again with this version"
        )
    spec = document.get("crop_spec")
    version = spec.get("version") if isinstance(spec, dict) else None
    if version != NORMALIZATION_VERSION:
        raise ModelError(
            f"{folder} was trained on crops of version {version!r}, and this hcr-scan makes version "
            f"{NORMALIZATION_VERSION}; train the model again, or use the hcr-scan it came with"
        )


def _model_info(document: dict[str, Any], manifest: bytes) -> ModelInfo:
    spec = document["crop_spec"]
    return ModelInfo(
        labels=tuple(str(label) for label in document["labels"]),
        crop_spec=CropSpec(size=int(spec["size"]), box=int(spec["box"]), version=int(spec["version"])),
        temperature=float(document["temperature"]),
        reject_below=float(document["reject_below"]),
        trained_with={str(k): str(v) for k, v in dict(document.get("trained_with") or {}).items()},
        recipe_sha256=str(document.get("recipe_sha256", "")),
        metrics=dict(document.get("metrics") or {}),
        sha256=hashlib.sha256(manifest).hexdigest(),
        placement=PlacementTable.read(document["placement"]) if document.get("placement") else None,
    )


def _files(document: dict[str, Any], folder: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    for name, digest in document["files"].items():
        if Path(name).name != name or "\\" in name or name in {"", ".", ".."}:
            raise ModelError(f"{folder / MANIFEST} names {name!r}, which is not a file of the bundle itself")
        if Path(name).suffix.lower() in CODE_SUFFIXES:
            raise ModelError(f"{folder} holds {name}, which can run code when loaded; export it as .onnx and .keras")
        files[name] = str(digest)
    return files
