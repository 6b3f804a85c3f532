"""Font files from the npm registry: handwriting fonts draw letters, ordinary fonts draw print."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from hcr_scan.errors import DatasetError, MissingDependency

logger = logging.getLogger(__name__)

#: What is kept of a package: the Latin subset in the styles asked for.
STYLES = ("400-normal", "400-italic", "700-normal")


def fetch_fonts(families: list[str], cache: Path, subset: str = "latin", workers: int = 4) -> dict[str, list[Path]]:
    """Font files by family, from ``cache`` or else from ``@fontsource/FAMILY`` on the npm registry.

    A family that the registry does not have, or that lacks the subset, is left out with a warning.

    Raises:
        MissingDependency: npm is absent and the cache holds none of the families.
        DatasetError: not one family could be fetched.
    """
    cache.mkdir(parents=True, exist_ok=True)
    missing = [family for family in families if not (cache / family).is_dir()]
    if missing and shutil.which("npm") is None:
        if len(missing) == len(families):
            raise MissingDependency(
                f"fonts are fetched with npm, which is not installed; install Node.js or fill {cache}"
            )
        logger.warning("npm is not installed: %d font families are left out", len(missing))
        missing = []
    with ThreadPoolExecutor(workers) as pool:
        jobs = pool.map(lambda family: _fetch(family, cache), missing)
        list(tqdm(jobs, total=len(missing), desc="fonts", disable=not missing))
    found = {family: sorted((cache / family).glob(f"*-{subset}-*.woff")) for family in families}
    found = {family: files for family, files in found.items() if files}
    if not found:
        raise DatasetError(f"no font could be fetched into {cache}: is the npm registry reachable?")
    logger.info("fonts: %d of %d families", len(found), len(families))
    return found


def _fetch(family: str, cache: Path) -> None:
    """Unpack one family's font files and licence into ``cache/family``; a half-written folder never keeps that name."""
    with tempfile.TemporaryDirectory(dir=cache, prefix=f".{family}.") as partial:
        _unpack(family, Path(partial), cache / family)


def _unpack(family: str, partial: Path, target: Path) -> None:
    npm = shutil.which("npm") or "npm"
    command = [npm, "pack", f"@fontsource/{family}", "--pack-destination", str(partial), "--silent"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    archives = list(partial.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        logger.warning("font %s left out: %s", family, done.stderr.strip().splitlines()[-1:] or "npm pack gave no file")
        return
    whole = partial / family
    whole.mkdir()
    with tarfile.open(archives[0]) as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and (name == "LICENSE" or _wanted(name)):
                content = archive.extractfile(member)
                if content is not None:
                    (whole / name).write_bytes(content.read())
    try:
        whole.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was there first
            raise


def _wanted(name: str) -> bool:
    return any(name.endswith(f"-latin-{style}.woff") for style in STYLES)
