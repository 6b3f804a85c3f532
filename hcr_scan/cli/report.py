"""``hcr-scan report``: what a scan came to, as a page for people."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import limit_options, password_option, plain


@click.command(short_help="Write a report of an earlier scan: figures, doubtful ink, time.")
@click.argument("scanned", metavar="JOURNAL|OUT", callback=plain)
@click.option("-o", "--out", required=True, metavar="FILE", help="HTML to write; - is standard output.")
@click.option("--no-crops", is_flag=True, help="Leave out the pictures of doubtful ink; no scan is opened then.")
@password_option
@limit_options("are not shown")
def report(**options: Any) -> None:
    """Write what an earlier scan came to as one HTML file, to be read on the screen or printed.

    JOURNAL|OUT is the output of a scan, or the journal beside it. The report tells how much needs no look, what does
    and why, what people decided in the review, the worst fields and pages with their ink, and the time. It needs no
    network and no other file. No page is read again.
    """
    from hcr_scan.cli.reporting import write_report

    write_report(options["scanned"], options["out"], options)
