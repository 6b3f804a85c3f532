"""``hcr-scan scan``: the main job."""

from __future__ import annotations

import sys
from typing import Any

import click

from hcr_scan.cli.options import (
    message_options,
    output_options,
    placed_model_options,
    plain,
    reading_options,
    scan_settings,
    source_options,
    target_option,
    work_options,
)


@click.command(short_help="Read pages and write what stands on them (the default command).")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", callback=plain)
@target_option
@output_options
@reading_options
@click.option("--pages", metavar="RANGES", help="Pages to read of each document, such as 1-3,7,10-.  [default: all]")
@source_options
@click.option(
    "--follow-links", is_flag=True, help="Follow links in folders and lists too, not only those named as INPUT."
)
@placed_model_options
@work_options
@click.option(
    "--shard", metavar="K/N", help="Read only part K of N of the documents; hcr-scan merge joins the outputs."
)
@click.option("--resume", is_flag=True, help="Go on where an earlier run of the same command ended; else start.")
@click.option("--overwrite", is_flag=True, help="Start anew; FILE and its journal are replaced.")
@click.option(
    "--journal",
    metavar="FILE.journal",
    help="Journal of a run into a database or object store.  [default: named after that]",
)
@click.option(
    "--on-failure",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    show_default=True,
    help="What to do when a page fails: note it and go on, or stop there.",
)
@click.option("--max-failures", metavar="N|P%", help="Stop when more pages failed, or a larger share of 100 or more.")
@message_options
def scan(**options: Any) -> int:
    """Read scanned forms and write what stands on them.

    INPUT is a file (PNG, JPEG, TIFF, BMP, WebP, PDF), a folder, a glob pattern, - for a list of names on standard
    input, or the URL of one or many in an object store, such as s3://bucket/in.
    FILE appears when the run ends, as a whole; a FOLDER, for formats with a file a page, fills as pages are read.
    Beside it are its journal, from which --resume goes on after an interruption and hcr-scan export writes other
    formats, and an account of the run. A URL is that of an object, such as s3://bucket/results.csv, or of a database,
    such as sqlite:///entries.db or postgresql://user@host/database: rows of the same pages are replaced, all others
    stay.
    """
    from hcr_scan.cli.progress import Progress
    from hcr_scan.cli.scanning import scan_inputs

    settings = scan_settings(options["pages"], options, options["batch_size"], options["jobs"])
    progress = Progress.of(options)
    return int(scan_inputs(options["inputs"], settings, options, progress, sys.stdin))
