"""``hcr-scan watch``: a folder that scans arrive in."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import (
    FloatRange,
    message_options,
    model_options,
    output_options,
    reading_options,
    scan_settings,
    source_options,
    work_options,
)


@click.command(short_help="Read scans as they arrive in a folder, until it is ended.")
@click.argument("inbox", metavar="IN")
@click.option("-o", "--out", required=True, metavar="OUT", help="Folder for the results.")
@click.option(
    "--per",
    type=click.Choice(["day", "batch"]),
    default="day",
    show_default=True,
    help="A file of results for each day, which grows, or for each batch of scans that were found together.",
)
@click.option(
    "--settle",
    type=FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="A file that has not changed for so long is complete.",
)
@click.option(
    "--poll",
    type=FloatRange(min=0.05),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look; folders on network drives tell nobody when a file arrives.",
)
@click.option("--once", is_flag=True, help="Read what is there and end, for use with a scheduler such as cron.")
@output_options
@reading_options
@click.option("--pages", metavar="RANGES", help="Pages to read of each document, such as 1-3,7,10-.  [default: all]")
@source_options
@model_options
@work_options
@message_options
def watch(**options: Any) -> int:
    """Read scans as they arrive in a folder, and write what stands on them into files of another.

    A scan that is complete is moved to IN/reading, and when it was read to IN/done, or IN/failed where one of its pages
    could not be read. Results are written after each batch, as a whole; they name each scan by where it is now. Watch
    can be ended and started again at any time: what was begun is gone on with, and nothing is in the results twice.
    With other options, or by another version, a file of results is left as it is, and a second one begun.
    """
    from hcr_scan.cli.watching import watch_folder

    settings = scan_settings(options["pages"], options, options["batch_size"], options["jobs"])
    return int(watch_folder(options["inbox"], options["out"], settings, options))
