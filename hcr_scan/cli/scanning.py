"""One scan from options to exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from hcr_scan import __version__
from hcr_scan.cli.bundles import bundle_folder, refuse_among_data
from hcr_scan.cli.progress import Progress
from hcr_scan.document import PageResult
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode
from hcr_scan.forms.grouping import filled_forms
from hcr_scan.report import RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, Shape, format_of, open_form_sink, open_sink
from hcr_scan.sinks.tabular import Level
from hcr_scan.sinks.wide import Extra
from hcr_scan.worker import prepare_worker

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template


def scan_inputs(
    inputs: Sequence[str], settings: Settings, options: dict[str, Any], progress: Progress, stdin: TextIO
) -> ExitCode:
    """Read the inputs into ``options["out"]``; the verdict is the report's."""
    target: str = options["out"]
    bundle = bundle_folder(options["model"])
    refuse_among_data(bundle, inputs, target)
    templates = _templates(options["templates"])
    output = OutputOptions(
        format_of(target, options["format_"]),
        Level(options["level"]),
        options["excel"],
        Shape(options["shape"]),
        tuple(dict.fromkeys(field.name for template in templates for field in template.fields)),
        tuple(Extra(extra) for extra in options["extras"]),
    )
    report = RunReport()
    with contextlib.closing(local_engine(settings.jobs, prepare_worker, settings.limits)) as engine:
        # The first worker is on its way by now: what loads slowly here loads beside it.
        from hcr_scan.model.classifier import load_classifier
        from hcr_scan.pipeline import transcribe

        classifier = load_classifier(bundle, engine=options["engine"], device=options["device"])
        fingerprint = settings.fingerprint([template.sha256 for template in templates])
        provenance = Provenance(__version__, classifier.info.sha256, fingerprint)
        pages = transcribe(inputs, classifier, settings, engine, report.timed, stdin, templates)
        try:
            with progress, contextlib.closing(pages):
                _write(_watched(pages, report, progress), target, output, provenance, templates)
        except KeyboardInterrupt:
            report.interrupted = True
    progress.summary(report, target)
    return report.exit_code


def _templates(paths: Sequence[str]) -> tuple[Template, ...]:
    """The templates to read with. Reading them takes numpy, which a run without any is to load beside its workers."""
    if not paths:
        return ()
    from hcr_scan.forms.files.template_file import load_templates

    return load_templates(paths)


def _watched(pages: Iterator[PageResult], report: RunReport, progress: Progress) -> Iterator[PageResult]:
    """The pages, each counted when what it is written to asks for the next."""
    for page in pages:
        yield page
        report.add(page)
        progress.page_done(page, report)


def _write(
    pages: Iterator[PageResult],
    target: str,
    output: OutputOptions,
    provenance: Provenance,
    templates: Sequence[Template],
) -> None:
    if output.shape is Shape.LONG:
        with open_sink(target, output, provenance) as sink:
            for page in pages:
                sink.write(page)
    else:
        with open_form_sink(target, output, provenance) as form_sink:
            for form in filled_forms(pages, templates):
                form_sink.write(form)
