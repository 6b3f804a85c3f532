"""One retry, from an earlier scan's journal to the exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hcr_scan.cli.earlier import limits_of, source_of
from hcr_scan.cli.logs import say
from hcr_scan.cli.outputs import open_earlier, remembered_output, remembered_request, tell_unfinished
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.running import ModelChoice, Request, Run
from hcr_scan.cli.scanning import read_templates
from hcr_scan.cli.signals import Signals
from hcr_scan.errors import ExitCode
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.ledgers import JournalLedger, RetryLedger
from hcr_scan.journal.opening import check_identity
from hcr_scan.rendering import prepare_target
from hcr_scan.settings import Settings, available_cores
from hcr_scan.sources.sharding import Shard


def retry_failures(scanned: str, options: dict[str, Any], progress: Progress) -> ExitCode:
    """Read again what failed, and write the output anew; the verdict is the report's."""
    journal, target = open_earlier(scanned, reading=False)
    with journal:
        identity, remembered = journal.identity, remembered_request(journal)
        tell_unfinished(journal, say)
        prepare_target(target)
        request = Request(
            identity.inputs,
            _settings(identity, options),
            ModelChoice(**remembered["model"]),
            read_templates(remembered["template_paths"]),
            target,
            remembered_output(remembered["output"]),
            None if identity.shard is None else Shard.parse(identity.shard),
            base=journal.base,
        )
        with Signals() as signals:

            def ledger(now: RunIdentity) -> JournalLedger:
                check_identity(journal, now)
                return RetryLedger(journal, request.settings.source, signals.stopping)

            run = Run(request, signals, ledger)
            code = run.execute(progress)
            run.suggest_next()
            return code


def _settings(identity: RunIdentity, options: dict[str, Any]) -> Settings:
    """The scan's settings, with what may be another now."""
    settings = Settings.of_values(identity.settings)
    jobs = available_cores() if options["jobs"] is None else options["jobs"]
    batch_size = settings.batch_size if options["batch_size"] is None else options["batch_size"]
    source = source_of(identity, options)
    return replace(settings, source=source, jobs=jobs, batch_size=batch_size, limits=limits_of(options))
