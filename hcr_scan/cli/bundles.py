"""How bundles are named on the command line."""

from __future__ import annotations

from pathlib import Path

#: The name of the bundle that is shipped with hcr-scan; a folder that is called so is given as ./default.
DEFAULT = "default"


def bundle_folder(name: str | None) -> Path | None:
    """The folder that a name on the command line stands for; ``None`` is the shipped bundle."""
    return None if name is None or name == DEFAULT else Path(name)
