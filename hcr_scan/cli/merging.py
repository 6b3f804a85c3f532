"""One merge, from the journals of shards to the exit code."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hcr_scan.cli.guarding import guard_made_of, guard_shard
from hcr_scan.cli.outputs import chosen_output, open_earlier, remembered_request
from hcr_scan.cli.progress import Progress
from hcr_scan.errors import ExitCode, UsageError
from hcr_scan.journal.ledgers import passed_over
from hcr_scan.journal.merging import merge, whole_identity
from hcr_scan.journal.opening import check_target, open_journal
from hcr_scan.rendering import prepare_target, write_pages
from hcr_scan.run_report import RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.output import is_lasting
from hcr_scan.sinks.targets import beside, without_password


def merge_shards(names: Sequence[str], target: str, options: dict[str, Any], progress: Progress) -> ExitCode:
    """Write the output, and the journal, of the run that has these shards; the verdict is that of all its pages."""
    if not is_lasting(target):
        raise UsageError(f"merge needs a file for --out, not {target}: the journal of the whole run goes beside it")
    for name in names:
        guard_shard(target, name)
    check_target(target, resume=False, overwrite=options["overwrite"])
    if len({os.path.realpath(name) for name in names}) < len(names):
        raise UsageError("a shard is named twice; name each once")
    with contextlib.ExitStack() as stack:
        shards = [stack.enter_context(open_earlier(name)[0]) for name in names]
        identity, request = whole_identity(shards), remembered_request(shards[0])
        for shard in shards:
            guard_made_of(target, shard)
        prepare_target(target)
        output = chosen_output(target, options, tuple(request["output"]["names"]))
        whole = stack.enter_context(
            open_journal(beside(target), identity, resume=False, overwrite=options["overwrite"])
        )
        whole.note("request", request | {"target": without_password(target), "output": asdict(output)})
        merge(shards, whole)
        report = RunReport(verb="merged")
        pages = report.counting(whole.results())
        settings = Settings.of_values(identity.settings)
        write_pages(pages, target, output, identity.provenance, request["form_lengths"], settings, whole=True)
        report.copies, report.passed_over = whole.copies(), passed_over(whole)
    progress.passed_over(report)
    progress.summary(report, without_password(target))
    return report.exit_code
