"""``hcr-scan model``: what a bundle says of itself."""

from __future__ import annotations

import click


@click.command(short_help="Show what a model bundle reads and how well.")
@click.argument("model", metavar="[MODEL]", default="default")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def model(model: str, as_json: bool) -> None:
    """Show the card of a model bundle: its labels, crops, figures, hashes and sizes.

    MODEL is the folder of a bundle; left out, or default, it is the one shipped with hcr-scan. Every file is compared
    with its SHA-256 first.
    """
    import json

    from hcr_scan.cli.bundles import bundle_folder
    from hcr_scan.cli.outputs import print_result
    from hcr_scan.model.bundle import load_bundle
    from hcr_scan.model.bundle_card import card_text, describe

    card = describe(load_bundle(bundle_folder(model)))
    print_result(json.dumps(card, indent=1, ensure_ascii=False) if as_json else card_text(card))
