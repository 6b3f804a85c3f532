"""One scan from options to exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, TextIO

from hcr_scan import __version__
from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.progress import Progress
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode
from hcr_scan.report import RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, format_of, open_sink
from hcr_scan.sinks.tabular import Level
from hcr_scan.worker import prepare_worker


def scan_inputs(
    inputs: Sequence[str], settings: Settings, options: dict[str, Any], progress: Progress, stdin: TextIO
) -> ExitCode:
    """Read the inputs into ``options["out"]``; the verdict is the report's."""
    target: str = options["out"]
    output = OutputOptions(format_of(target, options["format_"]), Level(options["level"]), options["excel"])
    report = RunReport()
    with contextlib.closing(local_engine(settings.jobs, prepare_worker)) as engine:
        # The first worker is on its way by now: what loads slowly here loads beside it.
        from hcr_scan.model.classifier import load_classifier
        from hcr_scan.pipeline import transcribe

        classifier = load_classifier(
            bundle_folder(options["model"]), engine=options["engine"], device=options["device"]
        )
        provenance = Provenance(__version__, classifier.info.sha256, settings.fingerprint())
        pages = transcribe(inputs, classifier, settings, engine, report.timed, stdin)
        try:
            with open_sink(target, output, provenance) as sink, progress, contextlib.closing(pages):
                for page in pages:
                    sink.write(page)
                    report.add(page)
                    progress.page_done(page, report)
        except KeyboardInterrupt:
            report.interrupted = True
    progress.summary(report, target)
    return report.exit_code
