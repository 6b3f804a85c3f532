"""``hcr-scan merge``: the shards of a run become its output."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import message_options, output_options, plain, target_option


@click.command(short_help="Put the shards of a run together.")
@click.argument("shards", nargs=-1, required=True, metavar="JOURNAL|OUT...", callback=plain)
@target_option
@output_options
@click.option("--overwrite", is_flag=True, help="Start anew; FILE and its journal are replaced.")
@message_options
def merge(**options: Any) -> int:
    """Put the outputs of all shards of a run together, or the journals beside them, in any order.

    FILE is, byte for byte, what the run would have left if one machine had read everything, and its journal holds the
    same records. No page is read and no model is needed. Shards that are missing, unfinished or of another run are
    refused.
    """
    from hcr_scan.cli.merging import merge_shards
    from hcr_scan.cli.progress import Progress

    return int(merge_shards(options["shards"], options["out"], options, Progress.of(options)))
