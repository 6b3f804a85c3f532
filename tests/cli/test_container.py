"""The container is made from what is tracked and locked alone, and what it runs needs no rights."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.privileges import NOBODY

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in order, as name and arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def copied() -> list[tuple[list[str], str]]:
    """What is copied from the checkout, and where to."""
    return [
        (arguments.split()[:-1], arguments.split()[-1])
        for name, arguments in instructions()
        if name in ("COPY", "ADD") and "--from" not in arguments
    ]


def tracked(path: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", path], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no checkout of git")
    return done.stdout.splitlines()


def test_it_copies_what_is_tracked_and_nothing_else() -> None:
    sources = [source for group, _ in copied() for source in group]
    assert sources
    for source in sources:
        assert tracked(source), source
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == set(sources)
    assert {"**/__pycache__", "**/*.pyc"} <= set(rules)


def test_it_runs_as_a_user_and_names_no_host() -> None:
    found = instructions()
    assert [arguments for name, arguments in found if name == "FROM"] == [
        "python:3.12-slim AS build",
        "python:3.12-slim",
    ]
    last = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    user = [arguments for name, arguments in found[last:] if name == "USER"]
    assert user
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user[-1])
    assert ("ENTRYPOINT", '["hcr-scan"]') in found
    assert ("WORKDIR", "/data") in found
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"https?://|index-url|--index|find-links|trusted-host", text)


def test_it_has_no_training_library_and_every_version_is_locked() -> None:
    export = next(arguments for name, arguments in instructions() if name == "RUN" and " export " in arguments)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed")
    command = [uv, *export.split(" export ")[1].split(" --output-file")[0].split()]
    command.insert(1, "export")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = set(re.findall(r"^([\w-]+)==", done.stdout, re.MULTILINE))
    assert {"numpy", "onnxruntime", "opencv-python-headless", "pypdfium2", "sqlalchemy", "pg8000"} <= names
    assert not names & {"tensorflow", "keras", "pandas", "pytest", "matplotlib", "hcr-scan"}
    assert done.stdout.count("--hash=") >= len(names)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can reach, as those of pytest cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="hcr-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_another_user(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run as nobody where the tests run as root, without a home as in the image."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, cwd=folder, env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=False, **user,
    )  # fmt: skip


def interpreter(folder: Path) -> str:
    """A Python that makes virtual environments and that other users may run."""
    for name in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            program = os.fsdecode(Path(name).resolve(strict=True))
            code = "import ensurepip, sys; assert sys.version_info >= (3, 11)"
            if as_another_user([program, "-c", code], folder).returncode == 0:
                return program
    pytest.skip("no Python here that makes virtual environments and that a user without rights may run")


@pytest.mark.slow
def test_its_steps_make_a_program_that_a_user_without_rights_runs(place: Path) -> None:
    """What the first stage runs, run here, in a folder in place of the image; needs the package index."""
    prefix, source, python = place / "image", place / "source", interpreter(place)
    for group, target in copied():
        for path in (each for name in group for each in tracked(name)):
            file = source / target / (path if target == "./" else Path(path).relative_to(group[0]))
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, file)
    second = [number for number, (name, _) in enumerate(instructions()) if name == "FROM"][1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for name, arguments in instructions()[:second]:
        if name == "RUN":
            command = arguments.replace("/opt/", f"{prefix}/").replace("python -m", f"{python} -m")
            done = subprocess.run(
                ["sh", "-ec", command], cwd=source, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
    packages = {path.name.lower() for path in (prefix / "hcr-scan").glob("lib/*/site-packages/*")}
    assert not {"tensorflow", "keras", "pandas"} & packages
    data = place / "data"
    shutil.copytree(ROOT / "examples" / "forms", data / "forms")
    data.chmod(0o777)
    program = prefix / "hcr-scan" / "bin" / "hcr-scan"
    done = as_another_user([program, "forms", "--out", "results.csv"], data)
    assert done.returncode == 0, done.stderr
    assert (data / "results.csv").read_text(encoding="utf-8").count("\n") > 30
    done = as_another_user([program, "export", "results.csv", "-o", "sqlite:///results.db"], data)
    assert done.returncode == 0, done.stderr
