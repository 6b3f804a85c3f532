"""``hcr-scan evaluate``: what a model can and cannot read."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(short_help="Measure a model on labelled characters.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for evaluation.json and evaluation.html, a page with tables, curves and the misread characters.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON instead of a table.")
@click.option(
    "--labels",
    "numbering",
    type=click.Choice(["digits", "letters", "byclass"]),
    help="What numeric labels count: 0-9, A-Z from 0, or 0-9A-Za-z.  [default: the largest label decides]",
)
@click.option("--held-out", is_flag=True, help="Of pen strokes, only the writers that training leaves out.")
def evaluate(model: str, data: Path, output: Path | None, as_json: bool, numbering: str | None, held_out: bool) -> None:
    """Measure how well MODEL reads the labelled characters DATA.

    MODEL is the folder of a bundle, or default for the shipped one.

    \b
    DATA is one of
      a folder with a folder of pictures for each label: A/1.png, a_lower/1.png, U+002F/1.png;
        none/ is for what is no character, and a folder between label and picture names the writer
      a folder of pictures that are named after their labels: A.png, A_01.png, a_lower_01.png
      a CSV file (label, pixel, pixel ...), or a zip that holds one
      an npz with images and labels, or an npz.xz with pixels, shapes and labels
      an npz with pen strokes, which are drawn with ordinary pens

    The table says, within each character set: accuracy, macro F1, expected calibration error (ECE), the share taken for
    no character, and the error that is left when the least sure 0 to 10 % are set aside.
    """  # noqa: D301 - click wants the character, not its escape
    from hcr_scan.cli.bundles import bundle_folder
    from hcr_scan.cli.outputs import print_result
    from hcr_scan.model.classifier import load_classifier
    from hcr_scan_training.evaluation import evaluate as measure
    from hcr_scan_training.evaluation import summary
    from hcr_scan_training.evaluation_report import write_evaluation
    from hcr_scan_training.labelled import read_glyphs

    classifier = load_classifier(bundle_folder(model))
    figures, crops = measure(classifier, read_glyphs(data, numbering, held_out))
    if output is not None:
        page = write_evaluation(output, figures, crops, f"{model} on {data.name}")
        click.echo(f"report written to {page}", err=True)
    print_result(json.dumps(figures, ensure_ascii=False) if as_json else summary(figures))
