"""One page from file to overlay."""

from __future__ import annotations

from typing import Any

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.document import PageFailure
from hcr_scan.errors import InputError
from hcr_scan.forms.files.template_file import load_templates
from hcr_scan.model.classifier import load_classifier
from hcr_scan.pipeline import read_page
from hcr_scan.report import RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.output import write_output
from hcr_scan.sinks.overlay import draw_overlay
from hcr_scan.sources import PageImage, check_settings, count_pages, load_page


def draw_page(path: str, settings: Settings, options: dict[str, Any]) -> str:
    """Draw the page that ``settings.source.pages`` chooses into ``options["out"]``; returns a line on what was found.

    Raises:
        InputError: the page cannot be read, or the document has no such page.
    """
    report = RunReport()
    image = _load(path, settings)
    classifier = load_classifier(bundle_folder(options["model"]), engine=options["engine"], device=options["device"])
    page = read_page(image, classifier, settings, load_templates(options["templates"]))
    if isinstance(page, PageFailure):
        raise InputError(page.message)
    write_output(options["out"], draw_overlay(image.pixels, page))
    report.add(page)
    return report.summary()


def _load(path: str, settings: Settings) -> PageImage:
    check_settings(settings.source)
    found = count_pages(path, settings.source)
    if isinstance(found, PageFailure):
        raise InputError(found.message)
    if not found:
        raise InputError(f"{path} has no page {settings.source.pages}; choose another with --page")
    image = load_page(found[0], settings.source)
    if isinstance(image, PageFailure):
        raise InputError(image.message)
    return image
