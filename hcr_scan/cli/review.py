"""``hcr-scan review``: a person settles what the machine is unsure of."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import IntRange, limit_options, password_option, plain


@click.command(short_help="Look at what is doubtful, and decide it, in the browser.")
@click.argument("scanned", metavar="JOURNAL|OUT", callback=plain)
@click.option(
    "--accept-above",
    multiple=True,
    metavar="P|NAME=P|scan",
    help="Values surer than this need no look; NAME=P for one field, scan for what the scan said. May be repeated.  "
    "[default: as before, at first scan]",
)
@click.option(
    "--audit",
    metavar="N|N%",
    help="Look at so many of the accepted ones too, drawn by chance; 0 draws none.  [default: as before, at first 0]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which ones chance draws.")
@click.option(
    "--passes",
    type=IntRange(1, 2),
    metavar="1|2",
    help="2: each field is entered twice, and settled where the entries differ.  [default: as before, at first 1]",
)
@click.option("--reviewer", metavar="NAME", help="Who decides; the page can change it.  [default: your login name]")
@click.option(
    "--port", type=IntRange(0, 65535), default=0, metavar="N", help="Port to listen at.  [default: a free one]"
)
@click.option("--open", "open_browser", is_flag=True, help="Open the browser.")
@password_option
@limit_options("are not shown")
def review(**options: Any) -> int:
    """Show what an earlier scan is unsure of, field by field with its ink, on a page for this machine's browser alone.

    JOURNAL|OUT is the output of a scan, or the journal beside it. Each decision is saved at once, in OUT.review; Ctrl-C
    ends the review, and the same command goes on with it. hcr-scan apply writes the corrected output.
    """
    from hcr_scan.cli.reviewing import review_scan

    return int(review_scan(options["scanned"], options))
