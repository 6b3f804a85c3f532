"""Options that several commands share, and how they become settings. Nothing here imports an array library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from hcr_scan.errors import UsageError
from hcr_scan.settings import (
    NAMED_CHARSETS,
    Layout,
    Limits,
    PdfRenderer,
    Settings,
    SourceSettings,
    available_cores,
    parse_charset,
)
from hcr_scan.sinks.formats import SUFFIXES
from hcr_scan.sources.addresses import plain_name

Function = TypeVar("Function", bound=Callable[..., Any])


class IntRange(click.IntRange):
    """Whole numbers within bounds, which help and messages tell in words."""

    def _describe_range(self) -> str:
        return in_words(self.min, self.max)


class FloatRange(click.FloatRange):
    """The same for numbers that need not be whole."""

    def _describe_range(self) -> str:
        return in_words(self.min, self.max)


def in_words(least: float | None, most: float | None) -> str:
    """What may stand between two bounds."""
    if most is None:
        return f"{least:g} or more"
    return f"up to {most:g}" if least is None else f"{least:g} to {most:g}"


_LIMITS = Limits()

_READING = (
    click.option(
        "--layout",
        type=click.Choice([layout.value for layout in Layout]),
        default=Layout.AUTO.value,
        show_default=True,
        help="What pages hold: boxes and combs, free lines, or one character an image.",
    ),
    click.option(
        "--charset",
        default="upper+digits",
        show_default=True,
        metavar="SET",
        help=f"Characters that may occur: {', '.join(NAMED_CHARSETS)}, a literal set like ABC123, or several "
        "joined by +, like upper+.-",
    ),
    click.option(
        "--review-below",
        type=float,
        default=Settings.__dataclass_fields__["review_below"].default,
        show_default=True,
        metavar="P",
        help="Glyphs less sure than this are marked for review.",
    ),
    click.option(
        "--template",
        "templates",
        multiple=True,
        type=click.Path(),
        help="Template file of a form, or a folder of them; may be repeated. Each page is read by the one it matches.",
    ),
)


def plain(context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]) -> Any:
    """Callback of names that may be addresses: a name, or all of several, as they are used from here on."""
    del context, parameter
    return plain_name(value) if isinstance(value, str) else tuple(map(plain_name, value))


#: Where the commands write that have every format.
target_option = click.option(
    "-o",
    "--out",
    required=True,
    metavar="FILE|FOLDER|URL",
    callback=plain,
    help="Where to write: a file or folder, - for standard output, or the URL of a database or object.",
)

password_option = click.option(
    "--password-file", type=click.Path(dir_okay=False), help="File whose first line opens encrypted PDFs."
)

_SOURCE = (
    password_option,
    click.option(
        "--dpi",
        type=int,
        default=SourceSettings.__dataclass_fields__["dpi"].default,
        show_default=True,
        help="Resolution for PDF pages that are not plain scans.",
    ),
    click.option(
        "--pdf-renderer",
        type=click.Choice([renderer.value for renderer in PdfRenderer]),
        default=PdfRenderer.PDFIUM.value,
        show_default=True,
        help="Library that draws such pages.",
    ),
    click.option(
        "--max-pixels",
        type=IntRange(min=1),
        default=SourceSettings.__dataclass_fields__["max_pixels"].default,
        show_default=True,
        help="Pages with more pixels fail.",
    ),
    click.option(
        "--max-file-size",
        type=IntRange(min=1),
        default=SourceSettings.__dataclass_fields__["max_file_size"].default,
        show_default=True,
        metavar="BYTES",
        help="Larger files fail.",
    ),
    click.option(
        "--max-pages",
        type=IntRange(min=1),
        default=SourceSettings.__dataclass_fields__["max_pages"].default,
        show_default=True,
        help="Documents with more pages to read fail.",
    ),
    click.option(
        "--page-timeout",
        type=float,
        default=_LIMITS.page_timeout,
        show_default=True,
        metavar="SECONDS",
        help="Pages that take longer fail.",
    ),
    click.option(
        "--worker-memory",
        type=IntRange(min=0),
        default=_LIMITS.worker_memory >> 20,
        show_default=True,
        metavar="MIB",
        help="Pages that take more memory fail; 0 is no limit.",
    ),
)

_OUTPUT = (
    click.option(
        "--format",
        "format_",
        type=click.Choice([format_.value for format_ in SUFFIXES]),
        help="Format.  [default: by the suffix of --out]",
    ),
    click.option(
        "--level",
        type=click.Choice(["field", "glyph"]),
        default="field",
        show_default=True,
        help="What a row of CSV or Parquet stands for; in a database, glyph fills a table of them.",
    ),
    click.option(
        "--shape",
        type=click.Choice(["long", "wide"]),
        default="long",
        show_default=True,
        help="A record for each field and page, or one for each form, with a column for each field of the templates.",
    ),
    click.option(
        "--with",
        "extras",
        multiple=True,
        type=click.Choice(["confidence", "status"]),
        help="More columns for each field of a wide table: name__confidence, name__status.",
    ),
    click.option(
        "--excel", is_flag=True, help="CSV for Excel: byte order mark, and no text that Excel takes for a formula."
    ),
    click.option(
        "--image-prefix",
        default="",
        metavar="URL",
        help="What stands before the paths of images in tasks for Label Studio, such as /data/local-files/?d=",
    ),
)

#: Which model reads, or is to read.
model_option = click.option(
    "--model",
    type=click.Path(),
    metavar="FOLDER",
    help="Folder of a model bundle, or default for the shipped one.  [default: default]",
)

_DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="Where the model runs.",
)

_RAY_ADDRESS = click.option(
    "--ray-address",
    metavar="HOST:PORT|auto",
    help="Cluster that --engine ray runs on.  [default: one on this machine, for this run]",
)


def _engine(names: list[str], more: str = "") -> Callable[[Function], Function]:
    return click.option(
        "--engine",
        type=click.Choice(names),
        default="onnx",
        show_default=True,
        help=f"Library that runs the model; keras needs pip install 'hcr-scan[train]'.{more}",
    )


quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")

_MESSAGES = (
    quiet_option,
    click.option("-v", "--verbose", count=True, help="Say more; twice for details of failures."),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How messages are written to standard error: for people, or a JSON object a line.",
    ),
)

_WORK = (
    click.option("--batch-size", type=int, help="Glyphs read at once; changes speed, never output.  [default: 256]"),
    click.option(
        "-j", "--jobs", type=int, help="Worker processes; changes speed, never output.  [default: one a core]"
    ),
)


def limit_options(what: str) -> Callable[[Function], Function]:
    """What a page of an earlier scan may take now; ``what`` becomes of one that takes more."""
    options = (
        click.option(
            "--page-timeout",
            type=float,
            metavar="SECONDS",
            help=f"Pages that take longer {what}.  [default: {_LIMITS.page_timeout:g}]",
        ),
        click.option(
            "--worker-memory",
            type=IntRange(min=0),
            metavar="MIB",
            help=f"Pages that take more memory {what}; 0 is no limit.  [default: {_LIMITS.worker_memory >> 20}]",
        ),
    )
    return lambda function: _decorated(function, options)


def message_options(function: Function) -> Function:
    """What is said while a command runs, and how."""
    return _decorated(function, _MESSAGES)


def work_options(function: Function) -> Function:
    """How the work is spread."""
    return _decorated(function, _WORK)


def reading_options(function: Function) -> Function:
    """How pages are to be understood."""
    return _decorated(function, _READING)


def output_options(function: Function) -> Function:
    """How the output is to look."""
    return _decorated(function, _OUTPUT)


def source_options(function: Function) -> Function:
    """How inputs become pixels, and what that may take; ``--pages`` and ``--page`` are the commands' own."""
    return _decorated(function, _SOURCE)


def model_options(function: Function) -> Function:
    """Which model reads, and where it runs."""
    return _decorated(function, (model_option, _engine(["onnx", "keras"]), _DEVICE))


def placed_model_options(function: Function) -> Function:
    """The same, and on what machines, pages too."""
    more = " ray runs pages and model (ONNX) on a Ray cluster, ray+keras with Keras; pip install 'hcr-scan[ray]'."
    engine = _engine(["onnx", "keras", "ray", "ray+keras"], more)
    return _decorated(function, (model_option, engine, _RAY_ADDRESS, _DEVICE))


def source_settings(pages: str | None, options: dict[str, Any]) -> SourceSettings:
    """The settings that :func:`source_options` stand for."""
    return SourceSettings(
        pages=pages,
        dpi=options["dpi"],
        pdf_renderer=PdfRenderer(options["pdf_renderer"]),
        password=password_of(options["password_file"]),
        max_pixels=options["max_pixels"],
        max_file_size=options["max_file_size"],
        max_pages=options["max_pages"],
        follow_links=options.get("follow_links", False),  # of the commands that look into folders
    )


def scan_settings(
    pages: str | None, options: dict[str, Any], batch_size: int | None = None, jobs: int | None = None
) -> Settings:
    """The settings that the shared options stand for, on one job a core unless told otherwise."""
    settings = Settings(
        source=source_settings(pages, options),
        layout=Layout(options["layout"]),
        charset=parse_charset(options["charset"]),
        review_below=options["review_below"],
        jobs=available_cores() if jobs is None else jobs,
        limits=Limits(options["page_timeout"], options["worker_memory"] << 20),
    )
    return settings if batch_size is None else replace(settings, batch_size=batch_size)


def _decorated(function: Function, options: tuple[Callable[[Any], Any], ...]) -> Function:
    for option in reversed(options):
        function = option(function)
    return function


def password_of(path: str | None) -> str | None:
    """The password in a file, which is its first line; ``None`` where there is no file."""
    if path is None:
        return None
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"--password-file {path} cannot be read: {reason}") from error
    if not lines or not lines[0]:
        raise UsageError(f"--password-file {path} has no password on its first line")
    return lines[0]
