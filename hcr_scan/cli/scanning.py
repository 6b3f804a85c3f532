"""One scan from options to exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from hcr_scan.cli.bundles import bundle_folder, refuse_among_data
from hcr_scan.cli.guarding import files_of_templates, guard_inputs
from hcr_scan.cli.outputs import chosen_output, refuse_among_inputs
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.running import ModelChoice, Request, Run
from hcr_scan.cli.signals import Signals
from hcr_scan.engines.cluster.engine import Cluster
from hcr_scan.errors import ExitCode, UsageError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import SUFFIX
from hcr_scan.journal.ledgers import JournalLedger, ShardLedger
from hcr_scan.journal.opening import check_target, open_journal
from hcr_scan.rendering import prepare_target
from hcr_scan.run_report import FailureLimit
from hcr_scan.settings import Settings, available_cores
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.output import is_lasting
from hcr_scan.sinks.targets import beside, journal_base
from hcr_scan.sources.sharding import Shard

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template


def scan_inputs(
    inputs: Sequence[str], settings: Settings, options: dict[str, Any], progress: Progress, stdin: TextIO
) -> ExitCode:
    """Read the inputs into ``options["out"]``; the verdict is the report's."""
    target: str = options["out"]
    refuse_among_data(bundle_folder(options["model"]), inputs, beside(target))
    templates = read_templates(options["templates"])
    output = chosen_output(target, options, field_names(templates))
    if output.format is Format.PDF:
        refuse_among_inputs(target, inputs)
    guard_inputs(target, [*inputs, *files_of_templates(str(template.path) for template in templates)])
    limit = FailureLimit.of(options["on_failure"], options["max_failures"])
    resume, overwrite = options["resume"], options["overwrite"]
    base = journal_base(target, options["journal"], SUFFIX)
    check_target(target, resume=resume, overwrite=overwrite, base=base)
    shard = None if options["shard"] is None else Shard.parse(options["shard"])
    if shard is not None and not is_lasting(target):
        raise UsageError(f"--shard needs a file for --out, not {target}: shards are merged by their journals")
    prepare_target(target)
    cluster = chosen_cluster(options)
    request = Request(inputs, settings, ModelChoice.of(options), templates, target, output, shard, base, cluster)
    with Signals() as signals:

        def ledger(identity: RunIdentity) -> JournalLedger:
            journal = open_journal(base, identity, resume=resume, overwrite=overwrite)
            kind = ShardLedger if shard else JournalLedger
            return kind(journal, settings.source, signals.stopping)

        run = Run(request, signals, ledger, limit, stdin)
        # Of a shard it is only known of all of them together.
        run.report.wanted = None if shard else settings.source.pages
        code = run.execute(progress)
        run.suggest_next()
        return code


def chosen_cluster(options: dict[str, Any]) -> Cluster | None:
    """The Ray cluster that the options name; ``None`` for this machine without Ray.

    Raises:
        UsageError: they cannot be meant.
    """
    address: str | None = options["ray_address"]
    if not options["engine"].startswith("ray"):
        if address is not None:
            raise UsageError("--ray-address says on which cluster; say --engine ray too")
        return None
    if address is not None and "://" in address:
        raise UsageError(f"--ray-address {address!r} is none; write host:port, or auto, on a machine of the cluster")
    jobs = options["jobs"] or (0 if address else available_cores())
    return Cluster(address, jobs, gpus=options["device"] != "cpu")


def read_templates(paths: Sequence[str]) -> tuple[Template, ...]:
    """The templates to read with; their blanks are decoded in a worker."""
    if not paths:
        return ()
    # Imported here: runs without templates, which are most, start sooner.
    from hcr_scan.engines.apart import Apart
    from hcr_scan.forms.files.template_file import load_templates

    with Apart() as apart:
        return apart.call(", ".join(paths), load_templates, tuple(paths))


def field_names(templates: Sequence[Template]) -> tuple[str, ...]:
    """The names of all fields of the templates, each once, for the columns of a wide table."""
    return tuple(dict.fromkeys(field.name for template in templates for field in template.fields))
