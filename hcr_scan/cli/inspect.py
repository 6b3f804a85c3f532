"""``hcr-scan inspect``: one page, drawn."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import IntRange, model_options, quiet_option, reading_options, scan_settings, source_options


@click.command(short_help="Draw what was found on one page, coloured by confidence.")
@click.argument("page", metavar="PAGE")
@click.option("-o", "--out", required=True, metavar="FILE", help="PNG to write; - is standard output.")
@click.option(
    "--page",
    "number",
    type=IntRange(min=1),
    default=1,
    show_default=True,
    help="Page of the document.",
)
@reading_options
@source_options
@model_options
@quiet_option
def inspect(**options: Any) -> None:
    """Draw what was found on one page of the file PAGE.

    Glyphs are framed from green (sure) through amber to red (a guess) with the reading above, rejected marks in purple,
    blank cells in thin grey, fields and lines in blue, with the fields' names where --template gives them.
    """
    from hcr_scan.cli.drawing import draw_page

    settings = scan_settings(str(options["number"]), options, jobs=1)
    found = draw_page(options["page"], settings, options)
    if not options["quiet"]:
        click.echo(found, err=True)
