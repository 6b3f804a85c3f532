"""``hcr-scan export``: what was read before, in another format."""

from __future__ import annotations

from typing import Any

import click

from hcr_scan.cli.options import output_options, plain, target_option


@click.command(short_help="Write what an earlier scan read in another format.")
@click.argument("scanned", metavar="JOURNAL|OUT", callback=plain)
@target_option
@output_options
def export(**options: Any) -> None:
    """Write what an earlier scan read in another format or shape. No page is read and no model is needed.

    JOURNAL|OUT is the output of a scan, or the journal beside it. An existing FILE is replaced, and so are files of the
    same pages in FOLDER, and their rows in a database.
    """
    from hcr_scan.cli.guarding import guard_derived
    from hcr_scan.cli.outputs import chosen_output, open_earlier, remembered_request, tell_unfinished, tell_written
    from hcr_scan.rendering import write_pages
    from hcr_scan.settings import Settings

    journal, _ = open_earlier(options["scanned"])
    with journal:
        request = remembered_request(journal)
        guard_derived(options["out"], journal)
        output = chosen_output(options["out"], options, tuple(request["output"]["names"]))
        provenance, settings = journal.identity.provenance, Settings.of_values(journal.identity.settings)
        tell_unfinished(journal)
        lengths = request["form_lengths"]
        write_pages(journal.results(), options["out"], output, provenance, lengths, settings, whole=True)
    tell_written(options["out"])
