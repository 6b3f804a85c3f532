"""Which run a journal belongs to, and what two runs differ in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hcr_scan import __version__
from hcr_scan.settings import Settings
from hcr_scan.sinks.records import Provenance
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.sharding import Shard


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What must be the same for a run to go on with a journal.

    ``inputs`` are as given; ``folder`` is where they were given, if any of them depends on it. ``model`` and
    ``templates`` are SHA-256; ``settings`` as :meth:`hcr_scan.settings.Settings.values` tells them. ``shard`` is the
    part of the inputs that the run reads, if not all.
    """

    version: str
    inputs: tuple[str, ...]
    folder: str | None
    model: str
    settings: dict[str, Any]
    templates: tuple[str, ...]
    shard: str | None = None

    @classmethod
    def of(
        cls,
        inputs: Sequence[str],
        settings: Settings,
        model: str,
        templates: Sequence[str] = (),
        shard: Shard | None = None,
    ) -> RunIdentity:
        """The identity of a run that starts here and now."""
        # A list on standard input may hold relative names.
        relative = any(name == "-" or not (is_remote(name) or Path(name).is_absolute()) for name in inputs)
        folder = working_folder() if relative else None
        return cls(
            __version__,
            tuple(inputs),
            folder,
            model,
            settings.values(),
            tuple(templates),
            str(shard) if shard else None,
        )

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> RunIdentity:
        return cls(
            **record | {"inputs": tuple(record["inputs"]), "templates": tuple(record["templates"])},
        )

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def provenance(self) -> Provenance:
        """What this run's records say made them."""
        fingerprint = Settings.of_values(self.settings).fingerprint(self.templates)
        return Provenance(self.version, self.model, fingerprint)

    def seen(self, name: str) -> str:
        """A file's name as the run was given it, seen from wherever one is now."""
        if is_remote(name):
            return name
        return os.path.join(self.folder or "", name)  # noqa: PTH118 - a name may be any bytes

    def differences(self, other: RunIdentity) -> list[str]:
        """What the other run has otherwise, in words; empty where it may go on with this one's journal."""
        said = {
            "the version of hcr-scan": (self.version, other.version),
            "the inputs": (self.inputs, other.inputs),
            "the folder they are seen from": (self.folder, other.folder),
            "the model": (self.model, other.model),
            "the templates": (self.templates, other.templates),
            "the shard": (self.shard, other.shard),
        }
        own, others = _flat(self.settings), _flat(other.settings)
        for name in sorted(own.keys() | others.keys()):
            said[f"--{name.replace('_', '-')}"] = (own.get(name), others.get(name))
        return [name for name, (mine, theirs) in said.items() if mine != theirs]


def working_folder() -> str | None:
    """The folder that relative names are seen from; ``None`` where it was deleted."""
    with contextlib.suppress(FileNotFoundError):
        return os.getcwd()  # noqa: PTH109 - any bytes, as text
    return None


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings by the names of their options, which are in no groups."""
    source: dict[str, Any] = settings["source"]
    return {name: value for name, value in settings.items() if name != "source"} | source
