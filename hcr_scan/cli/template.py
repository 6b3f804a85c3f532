"""``hcr-scan template``: forms with named fields, drafted, drawn and checked."""

from __future__ import annotations

from pathlib import Path

import click

from hcr_scan.cli.options import model_option


@click.group(short_help="Draft, draw and check templates of forms.")
def template() -> None:
    """Templates say where the fields of a form are, what they are called, and what may stand in them.

    \b
      hcr-scan template draft blank.pdf -o form.toml     finds the fields; then name them in form.toml
      hcr-scan template preview form.toml -o form.png    draws them
      hcr-scan template check form.toml scans/           tells what collides or is too tight
    """  # noqa: D301 - click wants the character, not its escape


@template.command(short_help="Find the fields of a blank form.")
@click.argument("blank", metavar="BLANK")
@click.option("-o", "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="TOML file to write.")
@click.option("--pages", metavar="RANGES", help="Pages of the form, like 1-2.  [default: all]")
@click.option("--filled", is_flag=True, help="BLANK is filled in, for want of a blank: pass over the writing.")
@click.option("--preview", metavar="FILE", help="PNG to draw.  [default: as --out, but .png]")
@click.option("--force", is_flag=True, help="Replace an existing template and its pictures.")
def draft(blank: str, out: Path, pages: str | None, filled: bool, preview: str | None, force: bool) -> None:
    """Find combs, boxes, lines and check boxes on a blank form and write a template of them.

    BLANK is an image or a PDF. Fields are numbered in reading order (field_001 ...); the fields of a fillable PDF keep
    their names, kinds and lengths. A preview shows which is which. A blank that lies askew or sideways is copied
    straight beside the template.
    """
    from hcr_scan.cli.templates import write_draft

    click.echo(write_draft(blank, out, pages=pages, filled=filled, preview=preview, force=force), err=True)


@template.command(short_help="Draw the fields of a template over its blanks.")
@click.argument("form", metavar="TEMPLATE")
@click.option("-o", "--out", required=True, metavar="FILE", help="PNG to write; - is standard output.")
def preview(form: str, out: str) -> None:
    """Draw all pages of the template file TEMPLATE, with the boxes and names of its fields."""
    from hcr_scan.cli.templates import write_preview

    write_preview(form, out)


@template.command(short_help="Tell which fields of a template collide or are too tight.")
@click.argument("form", metavar="TEMPLATE")
@click.argument("samples", metavar="[SAMPLES]...", nargs=-1)
@model_option
def check(form: str, samples: tuple[str, ...], model: str | None) -> int:
    """Check the template file TEMPLATE against its blanks, and against SAMPLES of filled pages.

    Prints a line for each field that the model cannot read, that collides with another, whose box has the frame inside,
    or whose cells have print running across them; and, of samples (files, folders or patterns), for each page that
    cannot be read or matches no page of the form and each field that writing leaves, and by how much. The exit code is
    0 if there is none and 1 if there are some.
    """
    from hcr_scan.cli.templates import print_findings

    return print_findings(form, samples, model)
