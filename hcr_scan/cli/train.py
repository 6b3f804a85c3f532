"""``hcr-scan train``: from a recipe to a model bundle."""

from __future__ import annotations

import logging
from pathlib import Path

import click


@click.command(short_help="Train a model bundle from character images.")
@click.argument("recipe", metavar="RECIPE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the bundle, the log and the state that an interrupted run goes on from.",
)
@click.option(
    "--data",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder that holds characters/; else HCR_SCAN_SHARED, else ../shared.",
)
@click.option("--fonts", metavar="FOLDER", type=click.Path(path_type=Path), help="Cache of font files (FOLDER/fonts).")
@click.option("--quiet", is_flag=True, help="Only warnings on stderr; train.log has everything.")
def train(recipe: Path, output: Path, data: Path | None, fonts: Path | None, quiet: bool) -> None:
    """Train the model that the file RECIPE describes and write it as a bundle.

    The same command goes on with a run that was interrupted. Use the result with `hcr-scan --model FOLDER/bundle`.
    """
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    from hcr_scan_training.train import train as carry_out

    carry_out(recipe, output, data, fonts)
    click.echo(f"bundle written to {output / 'bundle'}", err=True)
