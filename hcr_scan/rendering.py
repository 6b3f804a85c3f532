"""Pages into one output of any format and shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hcr_scan.document import PageResult
from hcr_scan.forms.grouping import grouped
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, Shape, open_form_sink, open_sink


def write_pages(
    pages: Iterable[PageResult],
    target: str,
    options: OutputOptions,
    provenance: Provenance,
    form_lengths: Mapping[str, int],
) -> None:
    """Write the pages as they come; the file is in place, as a whole, when all are written.

    Args:
        pages: In the order of the output.
        target: The file to write; ``-`` is standard output.
        options: Format and shape.
        provenance: What the records say made them.
        form_lengths: How many pages each form has, by its template's id; for the wide shape.

    Raises:
        OutputError: it cannot be written.
    """
    if options.shape is Shape.LONG:
        with open_sink(target, options, provenance) as sink:
            for page in pages:
                sink.write(page)
    else:
        with open_form_sink(target, options, provenance) as form_sink:
            for form in grouped(pages, form_lengths):
                form_sink.write(form)
