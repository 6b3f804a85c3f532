"""The command line: parses, calls the library, maps errors to exit codes. Commands are loaded when they are called."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from glob import has_magic
from importlib import import_module
from itertools import pairwise
from typing import Any, NoReturn

import click

from hcr_scan.errors import ExitCode, HcrScanError, UsageError

PROGRAM = "hcr-scan"
DEFAULT_COMMAND = "scan"

#: Command -> module:attribute, and the line of `--help`, said here so that help imports no command but the default one.
COMMANDS = {
    "scan": ("hcr_scan.cli.scan:scan", "Read pages and write what stands on them (the default command)."),
    "watch": ("hcr_scan.cli.watch:watch", "Read scans as they arrive in a folder, until it is ended."),
    "retry": ("hcr_scan.cli.retry:retry", "Read the pages again that failed in an earlier scan."),
    "export": ("hcr_scan.cli.export:export", "Write what an earlier scan read in another format."),
    "merge": ("hcr_scan.cli.merge:merge", "Put the shards of a run together."),
    "review": ("hcr_scan.cli.review:review", "Look at what is doubtful, and decide it, in the browser."),
    "apply": ("hcr_scan.cli.apply:apply", "Write what an earlier scan read with people's corrections."),
    "report": ("hcr_scan.cli.report:report", "Write a report of an earlier scan: figures, doubtful ink, time."),
    "inspect": ("hcr_scan.cli.inspect:inspect", "Draw what was found on one page, coloured by confidence."),
    "train": ("hcr_scan.cli.train:train", "Train a model bundle from character images."),
    "evaluate": ("hcr_scan.cli.evaluate:evaluate", "Measure a model on labelled characters."),
    "template": ("hcr_scan.cli.template:template", "Draft, draw and check templates of forms."),
    "model": ("hcr_scan.cli.model:model", "Show what a model bundle reads and how well."),
}

EPILOG = """\b
Exit codes:
  0 all pages read   1 finished, some pages failed or fields open (the output is complete)
  2 usage   3 no input   4 model   5 output   6 training data
  7 something to install   8 the journal   9 stopped for too many failures
  70 a bug in hcr-scan   129, 130, 143 interrupted (outputs valid up to the last page)

\b
Shell completion (bash, zsh or fish):
  eval "$(_HCR_SCAN_COMPLETE=bash_source hcr-scan)"     in ~/.bashrc
  eval "$(_HCR_SCAN_COMPLETE=zsh_source hcr-scan)"      in ~/.zshrc
  _HCR_SCAN_COMPLETE=fish_source hcr-scan | source      in ~/.config/fish/config.fish
"""


class CommandGroup(click.Group):
    """Finds commands by name without importing them, and takes ``scan`` for granted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "--version", *COMMANDS}
        if args and args[0] not in own:
            _refuse_mistyped(args[0])
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of our output (`| head`) has enough: nothing went wrong, though click would exit with 1.
            ctx.exit(ExitCode.OK)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of ``scan``, the main job, and then the commands."""
        scan = self.get_command(ctx, DEFAULT_COMMAND)
        assert scan is not None
        scan.format_options(click.Context(scan, info_name=DEFAULT_COMMAND, parent=ctx), formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _refuse_mistyped(name: str) -> None:
    """See that what is taken for a file to read is not the name of a command, mistyped.

    Raises:
        UsageError: there is no such file, and a command is called nearly so.
    """
    if os.path.lexists(name) or has_magic(name):
        return
    close = get_close_matches(name, [command for command in COMMANDS if command != DEFAULT_COMMAND], n=1, cutoff=0.75)
    if close:
        raise UsageError(f"{name} is neither a command nor a file; did you mean: {PROGRAM} {close[0]}?")


@click.group(
    cls=CommandGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    options_metavar="INPUT... --out FILE [OPTIONS]",
    subcommand_metavar="| COMMAND ...",
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM)
def group() -> None:
    """Read scanned, hand-filled forms into CSV or JSON, with confidences that can be believed. Works offline.

    \b
      hcr-scan folder/ --out results.csv
      hcr-scan a.pdf b.tif 'more/*.png' --out results.jsonl
      find . -name '*.pdf' | hcr-scan - --out - --format csv
      hcr-scan inspect a.pdf --page 3 -o overlay.png

    INPUT is a file (PNG, JPEG, TIFF, BMP, WebP, PDF), a folder, a glob pattern, or - for a list of names on
    standard input.
    A file that is called like a command is given as ./train.
    """  # noqa: D301 - click wants the character, not its escape


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    _open_standard_streams()
    code = run(arguments)
    _ignore_signals()
    _close_standard_streams()
    sys.exit(int(code))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the one place where errors become exit codes and messages on standard error."""
    try:
        result: Any = group.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        # Click would say 1 for some of these, which means something else here.
        if not _wants_json(arguments):
            error.show(sys.stderr)
            return ExitCode.USAGE
        return _ended(arguments, ExitCode.USAGE, error.format_message())
    except HcrScanError as error:
        return _ended(arguments, error.exit_code, str(error), "error: ")
    except (KeyboardInterrupt, click.Abort) as error:
        # Click wraps it, and what we raise ourselves knows which signal it was.
        code = getattr(error.__cause__ or error, "exit_code", ExitCode.INTERRUPTED)
        return _ended(arguments, code, "interrupted")
    except Exception as error:
        return _ended(arguments, ExitCode.BUG, "this is a bug; please report it with the traceback", bug=error)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _ended(
    arguments: Sequence[str] | None, code: int, text: str, prefix: str = "", bug: Exception | None = None
) -> int:
    """Say what ended the program, for people or in JSON; gives the exit code."""
    if _wants_json(arguments):
        from hcr_scan.cli.logs import tell_end

        tell_end(text, code, bug)
        return int(code)
    if bug is not None:
        traceback.print_exception(bug, file=sys.stderr)
    click.echo(f"{PROGRAM}: {prefix}{text}", err=True)
    return int(code)


def _wants_json(arguments: Sequence[str] | None) -> bool:
    """Whether messages are to be JSON; looked up here, for click may have stumbled before it came to that option."""
    given = sys.argv[1:] if arguments is None else arguments
    return "--log-format=json" in given or ("--log-format", "json") in pairwise(given)


def _open_standard_streams() -> None:
    """Put nothing in the place of streams that are closed, lest the next file that is opened be taken for one."""
    for number, mode, name in ((0, "r", "stdin"), (1, "w", "stdout"), (2, "w", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
        # Standard output stays none: what is to be written there is refused, and not lost.
        if getattr(sys, name) is None and name != "stdout":
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def _ignore_signals() -> None:
    """All is done, and the exit code says how it went: a signal in the last milliseconds is to change nothing."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _close_standard_streams() -> None:
    """Flush what is left, so that a reader that went away is met here in silence and not at exit with a traceback."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
