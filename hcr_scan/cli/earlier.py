"""What the commands that go on from an earlier scan are told anew: its password, and limits on time and memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from hcr_scan.cli.options import password_of
from hcr_scan.errors import UsageError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.settings import Limits, Settings, SourceSettings

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template
    from hcr_scan.review.page_images import PageImages


def source_of(identity: RunIdentity, options: dict[str, Any]) -> SourceSettings:
    """How the scan's pages become pixels. Passwords are in no journal: ``--password-file`` gives them again."""
    return replace(Settings.of_values(identity.settings).source, password=password_of(options["password_file"]))


def limits_of(options: dict[str, Any]) -> Limits:
    """The usual limits, or those given: what failed for one of them may pass with another."""
    seconds, mebibytes = options["page_timeout"], options["worker_memory"]
    limits = Limits() if seconds is None else Limits(page_timeout=seconds)
    return limits if mebibytes is None else replace(limits, worker_memory=mebibytes << 20)


def images_of(identity: RunIdentity, options: dict[str, Any]) -> PageImages:
    """Pictures of the scan's pages."""
    from hcr_scan.review.page_images import PageImages

    return PageImages(source_of(identity, options), limits_of(options), identity.folder)


def templates_of(identity: RunIdentity, request: dict[str, Any]) -> tuple[tuple[Template, ...], str]:
    """The scan's templates, and the characters of the run: what is known of its fields.

    They are a help, so what asks for them goes on without those that are gone, and says so.
    """
    from hcr_scan.cli.scanning import read_templates

    charset = Settings.of_values(identity.settings).charset
    try:
        return read_templates([identity.seen(path) for path in request["template_paths"]]), charset
    except UsageError as error:
        click.echo(f"what may stand in the fields is neither shown nor checked: {error}", err=True)
        return (), charset
