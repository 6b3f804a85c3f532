"""What the commands of ``hcr-scan template`` write. Blanks and samples are decoded in a worker."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import click
from PIL import Image

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.guarding import files_of_templates, guard_inputs
from hcr_scan.cli.outputs import print_result, refuse_pages_and_templates
from hcr_scan.engines.apart import Apart
from hcr_scan.errors import ExitCode, InputError, OutputError, UsageError
from hcr_scan.forms.drafting.checking import check_characters, check_template
from hcr_scan.forms.drafting.draft import draft_template
from hcr_scan.forms.drafting.preview import draw_preview
from hcr_scan.forms.drafting.sample_checking import SamplePage, check_samples, sample_pages
from hcr_scan.forms.files.template_file import load_template
from hcr_scan.forms.files.template_writing import write_template
from hcr_scan.forms.template import Template
from hcr_scan.images import Gray
from hcr_scan.model.bundle import load_bundle
from hcr_scan.run_report import counted
from hcr_scan.sinks.output import write_output
from hcr_scan.sources import find_inputs
from hcr_scan.sources.discovery import SUFFIXES as PAGES


def write_draft(blank: str, out: Path, *, pages: str | None, filled: bool, preview: str | None, force: bool) -> str:
    """Draft a template into ``out`` with its preview; returns a line on what was found.

    Raises:
        UsageError: ``out`` is no name for a template, or the preview is to be drawn over what is drafted.
        OutputError: there is a template or a picture under that name, or something cannot be written.
    """
    if out.suffix != ".toml":
        raise UsageError(f"-o {out}: a template is a file that ends in .toml, for its blanks and preview lie beside it")
    picture = preview or str(out.with_suffix(".png"))
    if not preview and Path(blank).resolve() == Path(picture).resolve():
        # The blank of form.toml is often called form.png.
        picture = str(out.with_suffix(".preview.png"))
    _guard(str(out), blank, replace=force)
    _guard(picture, blank, replace=force or bool(preview))
    with Apart() as apart:
        draft = apart.call(blank, draft_template, blank, out, filled=filled, pages=pages)
        for copy in draft.copies:
            _guard(str(copy.path), blank, replace=force)
        if Path(picture).resolve() in {own.resolve() for own in (out, *(copy.path for copy in draft.copies))}:
            raise UsageError(f"--preview {picture} is the template or one of its blanks; name another file")
        for copy in draft.copies:
            write_output(str(copy.path), _png(copy.pixels, copy.dpi))
        write_output(str(out), write_template(draft.template).encode())
        form = apart.call(str(out), load_template, out)
        write_output(picture, apart.call(str(out), draw_preview, form))
    kinds = [field.kind.value for field in form.fields]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "none"
    what = counted(len(kinds), "field")
    straightened = f"; straightened {', '.join(str(copy.path) for copy in draft.copies)}" if draft.copies else ""
    return f"{out}: {what} ({counts}) on {counted(len(form.pages), 'page')}; drawn in {picture}{straightened}"


def _guard(written: str, blank: str, *, replace: bool) -> None:
    """See that what is drafted replaces neither its blank nor, unless that was asked for, another file.

    Raises:
        UsageError: it would replace the blank.
        OutputError: it would replace another file.
    """
    guard_inputs(written, [blank])
    if not replace and Path(written).exists():
        raise OutputError(f"{written} exists and may hold what you made; choose another -o, or replace it with --force")


def write_preview(path: str, out: str) -> None:
    """Draw a template file into a PNG."""
    refuse_pages_and_templates(out, but=PAGES - {".pdf"})
    guard_inputs(out, files_of_templates([path]))
    with Apart() as apart:
        write_output(out, apart.call(path, draw_preview, apart.call(path, load_template, path)))


def print_findings(path: str, samples: Sequence[str], model: str | None) -> int:
    """Print what is wrong with the fields of a template file; returns the exit code."""
    readable = load_bundle(bundle_folder(model)).info.characters
    with Apart() as apart:
        form = apart.call(path, load_template, path)
        findings = check_characters(form, readable) + apart.call(path, check_template, form)
        if samples:
            pages = (_sample_pages(apart, form, sample) for sample in find_inputs(samples))
            findings += check_samples(form, itertools.chain.from_iterable(pages))
    width = max((len(finding.field) for finding in findings), default=0)
    for finding in findings:
        page = f"page {finding.page}" if finding.page else "sample"
        print_result(f"{page}  {finding.field:<{width}}  {finding.problem}")
    click.echo(f"{path}: {counted(len(form.fields), 'field')}, {counted(len(findings), 'problem')}", err=True)
    return ExitCode.SOME_PAGES_FAILED if findings else ExitCode.OK


def _sample_pages(apart: Apart, form: Template, sample: str) -> tuple[SamplePage, ...]:
    """The pages of a sample held against a form; one that brings the worker down does not keep the others from it."""
    try:
        return apart.call(sample, sample_pages, form, sample)
    except InputError as error:
        return (SamplePage(sample, unreadable=str(error)),)


def _png(pixels: Gray, dpi: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()
