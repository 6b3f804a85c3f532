"""One page from file to overlay."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.guarding import files_of_templates, guard_inputs
from hcr_scan.cli.outputs import refuse_pages_and_templates
from hcr_scan.cli.scanning import read_templates
from hcr_scan.document import PageFailure
from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import InputError
from hcr_scan.model.classifier import load_classifier
from hcr_scan.pipeline import transcribe
from hcr_scan.run_report import RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.output import write_output
from hcr_scan.sinks.overlay import draw_overlay
from hcr_scan.sources import PageImage, check_settings, failure_text
from hcr_scan.sources.discovery import SUFFIXES as PAGES
from hcr_scan.sources.pages import path_text
from hcr_scan.worker import ListTask, load_first_page


def draw_page(path: str, settings: Settings, options: dict[str, Any]) -> str:
    """Draw the page that ``settings.source.pages`` chooses into ``options["out"]``; returns a line on what was found.

    Raises:
        InputError: the page cannot be read, or the document has no such page.
    """
    if os.path.isdir(path):  # noqa: PTH112 - a name need not be text
        raise InputError(f"{path_text(path)} is a folder; name one of its files, and with --page a page of it")
    templates = read_templates(options["templates"])
    refuse_pages_and_templates(options["out"], but=PAGES - {".pdf"})
    guard_inputs(options["out"], [path, *files_of_templates(str(template.path) for template in templates)])
    report = RunReport()
    with contextlib.closing(local_engine(1, limits=settings.limits)) as engine:
        image = _load(path, settings, engine)
        classifier = load_classifier(
            bundle_folder(options["model"]), engine=options["engine"], device=options["device"]
        )
        (page,) = transcribe(path, classifier, settings, engine, templates=templates)
    if isinstance(page, PageFailure):
        raise InputError(failure_text(page))
    write_output(options["out"], draw_overlay(image.pixels, page))
    report.add(page)
    return report.summary()


def _load(path: str, settings: Settings, engine: Engine) -> PageImage:
    """The page's pixels, decoded where nothing but a worker suffers from a hostile file."""
    check_settings(settings.source)
    (image,) = engine.map(load_first_page, [ListTask(path, settings.source)])
    if image is None:
        raise InputError(f"{path} has no page {settings.source.pages}; choose another with --page")
    if isinstance(image, Lost):
        raise InputError(f"{path} {image.reason}")
    if isinstance(image, PageFailure):
        raise InputError(failure_text(image))
    return image
