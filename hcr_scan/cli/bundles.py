"""How bundles are named on the command line, and where they may lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hcr_scan.errors import ModelError

#: The name of the bundle that is shipped with hcr-scan; a folder that is called so is given as ./default.
DEFAULT = "default"


def bundle_folder(name: str | None) -> Path | None:
    """The folder that a name on the command line stands for; ``None`` is the shipped bundle."""
    return None if name is None or name == DEFAULT else Path(name)


def refuse_among_data(bundle: Path | None, inputs: Iterable[str], output: str) -> None:
    """Stop before a model is loaded that lies where data lies: whoever may put pages there could put a model there.

    Args:
        bundle: the folder of the bundle; ``None`` is the shipped one, which came with the program.
        inputs: files and folders that are read.
        output: the file or folder that is written.

    Raises:
        ModelError: the bundle lies in a folder that is read or written, or the output in the bundle.
    """
    if bundle is None:
        return
    folder, target = bundle.resolve(), Path(output).resolve()
    for name in (*inputs, output):
        place = Path(name)
        if place.is_dir() and folder.is_relative_to(place.resolve()):
            raise ModelError(
                f"the model {bundle} lies in {name}, which is a folder of pages or results; move it out of there"
            )
    if target.is_relative_to(folder):
        raise ModelError(f"{output} would be written into the model {bundle}; name another place with --out")
