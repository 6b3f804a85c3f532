"""``hcr-scan apply``: what an earlier scan read, with what people decided since."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import IntRange, output_options


@click.command(short_help="Write what an earlier scan read with people's corrections.")
@click.argument("scanned", metavar="JOURNAL|OUT")
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="FILE|FOLDER|URL",
    help="Where to write: a file or folder, - for standard output, or the URL of a database.",
)
@output_options
@click.option(
    "--crops",
    metavar="FOLDER",
    help="Also write the decided characters as labelled pictures, for hcr-scan train --data FOLDER --from default.",
)
@click.option("--require-complete", is_flag=True, help="End with 1 if a field is still open, or a page failed.")
@click.option("--jobs", type=IntRange(min=1), help="Pages at a time, for --crops.  [default: one for each core]")
@click.option("--password-file", type=click.Path(dir_okay=False), help="File whose first line opens encrypted PDFs.")
def apply(**options: Any) -> int:
    """Write what an earlier scan read, with what people decided in hcr-scan review in place of the machine's readings.

    JOURNAL|OUT is the output of a scan, or the journal beside it. An existing FILE is replaced. What nobody decided yet
    stays as it was read; how much that is, is said at the end.
    """
    from hcr_scan.cli.applying import apply_review

    return int(apply_review(options["scanned"], options))
