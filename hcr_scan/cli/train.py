"""``hcr-scan train``: from a recipe, or from one's own handwriting, to a model bundle."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from hcr_scan.errors import UsageError


@click.command(short_help="Train a model bundle from character images.")
@click.argument("recipe", metavar="[RECIPE]", required=False, type=click.Path(path_type=Path))
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
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="What to learn from: for forms.toml the folder that holds characters/ (else HCR_SCAN_SHARED, else ../shared); "
    "for kaggle-az.toml and --from a CSV file, a zip that holds one, an npz, or a folder of pictures for each label.",
)
@click.option(
    "--from",
    "base",
    metavar="MODEL",
    help="Fine-tune this bundle (default: the shipped one) to the handwriting in --data; no RECIPE then.",
)
@click.option("--download", is_flag=True, help="Fetch what the recipe names from Kaggle (needs pip install kagglehub).")
@click.option(
    "--image",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A picture of one letter to read at the end (kaggle-az.toml).",
)
@click.option("--fonts", metavar="FOLDER", type=click.Path(path_type=Path), help="Cache of font files (FOLDER/fonts).")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings on stderr; train.log has everything.")
def train(
    recipe: Path | None,
    output: Path,
    data: Path | None,
    base: str | None,
    download: bool,
    image: Path | None,
    fonts: Path | None,
    quiet: bool,
) -> None:
    """Train the model that the file RECIPE describes, or fine-tune one to your own handwriting.

    \b
      hcr-scan train training/recipes/forms.toml -o runs/forms
      hcr-scan train training/recipes/kaggle-az.toml --data letters.csv -o runs/kaggle-az
      hcr-scan train --data my_letters/ --from default -o my_model

    The same command goes on with a run of forms.toml that was interrupted. A recipe's bundle is FOLDER/bundle; a
    fine-tuned one is FOLDER itself. Use it with `hcr-scan --model`.
    """  # noqa: D301 - click wants the character, not its escape
    from hcr_scan_training.kaggle_recipe import is_kaggle_recipe

    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    of_kaggle = recipe is not None and is_kaggle_recipe(recipe)
    _check(recipe, data, base, download, image, of_kaggle)
    if base is not None and data is not None:
        from hcr_scan.cli.bundles import bundle_folder
        from hcr_scan_training.fine_tuning import fine_tune

        click.echo(fine_tune(bundle_folder(base), data, output), err=True)
    elif recipe is not None and of_kaggle:
        from hcr_scan_training.kaggle import train_kaggle

        train_kaggle(recipe, output, data, download, image)
        click.echo(f"bundle written to {output / 'bundle'}, report to {output / 'report'}", err=True)
    elif recipe is not None:
        from hcr_scan_training.train import train as carry_out

        carry_out(recipe, output, data, fonts)
        click.echo(f"bundle written to {output / 'bundle'}", err=True)


def _check(
    recipe: Path | None, data: Path | None, base: str | None, download: bool, image: Path | None, of_kaggle: bool
) -> None:
    if recipe is None and base is None and data is not None:
        raise UsageError(f"to fit the shipped model to {data}, add --from default; to train another, name a RECIPE")
    if (recipe is None) == (base is None):
        raise UsageError("give a RECIPE, or --from MODEL with --data to fine-tune a model, and not both")
    if base is not None and data is None:
        raise UsageError("--from needs --data: a folder with a folder of pictures for each label, or a CSV file")
    if (download or image is not None) and not of_kaggle:
        raise UsageError("--download and --image go with kaggle-az.toml only")
    if download and data is not None:
        raise UsageError("--download fetches the data, and --data names it: give one of them")
