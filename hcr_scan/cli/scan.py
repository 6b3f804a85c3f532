"""``hcr-scan scan``: the main job."""

from __future__ import annotations

import sys
from typing import Any

import click

from hcr_scan.cli.options import model_options, reading_options, scan_settings, source_options


@click.command(short_help="Read pages and write what stands on them (the default command).")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--out", required=True, metavar="FILE", help="Where to write; - is standard output.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "json", "jsonl"]),
    help="Format.  [default: by the suffix of --out]",
)
@click.option(
    "--level",
    type=click.Choice(["field", "glyph"]),
    default="field",
    show_default=True,
    help="What a row of CSV stands for.",
)
@click.option(
    "--shape",
    type=click.Choice(["long", "wide"]),
    default="long",
    show_default=True,
    help="A record for each field and page, or one for each form, with a column for each field of the templates.",
)
@click.option(
    "--with",
    "extras",
    multiple=True,
    type=click.Choice(["confidence", "status"]),
    help="More columns for each field of a wide table: name__confidence, name__status.",
)
@click.option(
    "--excel", is_flag=True, help="CSV for Excel: byte order mark, and no text that Excel takes for a formula."
)
@reading_options
@click.option("--pages", metavar="RANGES", help="Pages to read of each document, such as 1-3,7,10-.  [default: all]")
@source_options
@click.option(
    "--follow-links", is_flag=True, help="Follow links in folders and lists too, not only those named as INPUT."
)
@model_options
@click.option("--batch-size", type=int, help="Glyphs read at once; changes speed, never output.  [default: 256]")
@click.option("-j", "--jobs", type=int, help="Worker processes; changes speed, never output.  [default: one a core]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for details of failures.")
def scan(**options: Any) -> int:
    """Read scanned forms and write what stands on them.

    INPUT is a file (PNG, JPEG, TIFF, BMP, WebP, PDF), a folder, a glob pattern, or - for a list of names on
    standard input.
    An existing FILE is replaced when the run ends, as a whole.
    """
    from hcr_scan.cli.progress import Progress
    from hcr_scan.cli.scanning import scan_inputs

    settings = scan_settings(options["pages"], options, options["batch_size"], options["jobs"])
    progress = Progress(quiet=options["quiet"], verbosity=options["verbose"])
    return int(scan_inputs(options["inputs"], settings, options, progress, sys.stdin))
