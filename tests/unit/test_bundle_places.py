"""A model is code, so it is not loaded from where pages and results lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.cli.bundles import refuse_among_data
from hcr_scan.errors import ModelError


@pytest.mark.parametrize(
    ("bundle", "inputs", "output"),
    [
        ("in/model", ["in"], "out.csv"),
        ("in/deep/model", ["other", "in"], "out.csv"),
        ("in", ["in"], "out.csv"),
        ("out/model", ["in"], "out"),
        ("model", ["in"], "model/results.csv"),
        ("link/model", ["in"], "out.csv"),
    ],
)
def test_a_bundle_among_data_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: str, inputs: list[str], output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("in/deep/model", "in/model", "other", "out/model", "model"):
        Path(folder).mkdir(parents=True)
    Path("link").symlink_to("in")
    with pytest.raises(ModelError, match=r"move it out|another place"):
        refuse_among_data(Path(bundle), inputs, output)


def test_a_bundle_beside_data_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("in", "model", "in_model"):
        Path(folder).mkdir()
    for bundle in (None, Path("model"), Path("in_model")):
        refuse_among_data(bundle, ["in", "page.png", "in/*.png", "-"], "results.csv")
