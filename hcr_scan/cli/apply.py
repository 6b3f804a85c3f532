"""``hcr-scan apply``: what an earlier scan read, with what people decided since."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import IntRange, output_options, password_option, plain, target_option


@click.command(short_help="Write what an earlier scan read with people's corrections.")
@click.argument("scanned", metavar="JOURNAL|OUT", callback=plain)
@target_option
@output_options
@click.option(
    "--crops",
    metavar="FOLDER",
    help="Also write the decided characters as labelled pictures, for hcr-scan train --data FOLDER --from default.",
)
@click.option("--require-complete", is_flag=True, help="End with 1 if a field is still open, or a page failed.")
@click.option("--jobs", type=IntRange(min=1), help="Pages at a time, for --crops.  [default: one for each core]")
@password_option
def apply(**options: Any) -> int:
    """Write what an earlier scan read, with what people decided in hcr-scan review in place of the machine's readings.

    JOURNAL|OUT is the output of a scan, or the journal beside it. An existing FILE is replaced. What nobody decided yet
    stays as it was read; how much that is, is said at the end.
    """
    from hcr_scan.cli.applying import apply_review

    return int(apply_review(options["scanned"], options))
