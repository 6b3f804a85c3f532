"""The formats of output: their names, suffixes, and what a target may be for each. Nothing is loaded for it."""

from __future__ import annotations

import os
from enum import StrEnum

from hcr_scan.errors import MissingDependency, OutputError, UsageError
from hcr_scan.sinks.targets import is_database, without_password

#: Standard output, as a target.
STDOUT = "-"


class Format(StrEnum):
    """A format of output; the value is what ``--format`` calls it."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    ALTO = "alto"
    PAGE = "page"
    HOCR = "hocr"
    TSV = "tsv"
    LABEL_STUDIO = "label-studio"
    PDF = "pdf"
    #: The tables of a database, whose address names it: no suffix does.
    DATABASE = "database"


#: What a file of each format ends in; longer suffixes are looked for first.
SUFFIXES = {
    Format.CSV: ".csv",
    Format.JSON: ".json",
    Format.JSONL: ".jsonl",
    Format.PARQUET: ".parquet",
    Format.ALTO: ".alto.xml",
    Format.PAGE: ".page.xml",
    Format.HOCR: ".hocr",
    Format.TSV: ".tsv",
    Format.LABEL_STUDIO: ".label-studio.json",
    Format.PDF: ".pdf",
}

#: Formats of which a folder may be filled with a file a page, or a document; those of which a file holds one alone.
FOLDER_FORMATS = frozenset((Format.ALTO, Format.PAGE, Format.HOCR, Format.TSV, Format.PDF))
ONE_PAGE_FORMATS = frozenset((Format.ALTO, Format.PAGE, Format.PDF))
#: Formats that may have a record a form.
WIDE_FORMATS = frozenset((Format.CSV, Format.JSON, Format.JSONL))

#: The package that a format needs, and the extra that installs it.
_NEEDED = {
    Format.PARQUET: ("pyarrow", "parquet"),
    Format.PDF: ("pypdf", "pdf"),
    Format.DATABASE: ("sqlalchemy", "sql"),
}
#: What is wanted by who names such a file.
_HINTS = {
    ".xlsx": "Excel opens .csv files: name one, and add --excel",
    ".xls": "Excel opens .csv files: name one, and add --excel",
    ".sqlite": "a database is named like sqlite:///entries.db",
    ".db": "a database is named like sqlite:///entries.db",
}
#: How formats are asked for that have no name on the command line.
_ASKED = {Format.DATABASE: "a database for --out"}


def format_of(target: str, chosen: Format | str | None) -> Format:
    """The format chosen, or else the one the file's suffix names.

    Raises:
        UsageError: neither says, or the target is a database, which is no other format.
    """
    if is_database(target):
        if chosen not in (None, Format.DATABASE):
            raise UsageError(f"--format {chosen} is for files, not for {without_password(target)}; leave it out")
        return Format.DATABASE
    if chosen is not None:
        return Format(chosen)
    name = target.lower()
    for format_, suffix in sorted(SUFFIXES.items(), key=lambda item: -len(item[1])):
        if name.endswith(suffix):
            return format_
    names = ", ".join(format_.value for format_ in SUFFIXES)
    where = "standard output" if target == STDOUT else f"--out {target}"
    hint = next((hint for suffix, hint in _HINTS.items() if name.endswith(suffix)), f"add --format ({names})")
    raise UsageError(f"{where} does not say which format is wanted; {hint}")


def is_folder_target(target: str, format_: Format) -> bool:
    """Whether a folder is to be filled: it is there, ends in a slash, or has no suffix where a file holds one page.

    Raises:
        OutputError: it is a folder, and the format is one file.
    """
    if target == STDOUT or format_ is Format.DATABASE:
        return False
    is_folder = target.endswith(os.sep) or os.path.isdir(target)  # noqa: PTH112
    if format_ not in FOLDER_FORMATS:
        if is_folder:
            raise OutputError(f"--out {target} is a folder; name a file in it, such as results{SUFFIXES[format_]}")
        return False
    if is_folder:
        return True
    return format_ in ONE_PAGE_FORMATS and not os.path.splitext(target)[1] and not os.path.lexists(target)  # noqa: PTH122


def check_installed(format_: Format) -> None:
    """See that what a format needs is there, before anything is read for it.

    Raises:
        MissingDependency: it is not; the message says how to install it.
    """
    from importlib.util import find_spec

    if format_ in _NEEDED:
        package, extra = _NEEDED[format_]
        if find_spec(package) is None:
            raise MissingDependency(
                f"{_ASKED.get(format_) or '--format ' + format_} needs {package}: pip install 'hcr-scan[{extra}]'"
            )
