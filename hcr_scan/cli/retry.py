"""``hcr-scan retry``: only what failed before."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import limit_options, message_options, password_option, plain, work_options


@click.command(short_help="Read the pages again that failed in an earlier scan.")
@click.argument("scanned", metavar="JOURNAL|OUT", callback=plain)
@password_option
@limit_options("fail")
@work_options
@message_options
def retry(**options: Any) -> int:
    """Read the pages again that failed in an earlier scan, as it was told to, and write its output anew.

    JOURNAL|OUT is the output of a scan, or the journal beside it. If the file of a page that failed was changed since,
    such as by mending it, all its pages are read again; files that were read without failure are not looked at. Run it
    in the folder where the scan was run.
    """
    from hcr_scan.cli.progress import Progress
    from hcr_scan.cli.retrying import retry_failures

    progress = Progress.of(options)
    return int(retry_failures(options["scanned"], options, progress))
