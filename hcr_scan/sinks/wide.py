"""Forms as rows of a table, one column a field; and as JSON records, one a form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from hcr_scan.document import Field, Form, Page, PageFailure, PageResult, rounded
from hcr_scan.sinks.records import (
    Provenance,
    Record,
    error_record,
    error_text,
    field_record,
    line_record,
    source_record,
)
from hcr_scan.sinks.tabular import BYTE_ORDER_MARK, Cell, Row, csv_bytes, guarded
from hcr_scan.sources.pages import path_text

SCHEMA = "hcr-scan-form/1"

#: What a row begins with; ``pages`` lists ``file:page`` of each page where a form has several.
FORM_COLUMNS = ("file", "pages", "template", "status", "reasons", "error")
#: Between the name of a field and what is said of it.
SEPARATOR = "__"


class Extra(StrEnum):
    """What may be said of each field in a column of its own, ``name__confidence`` or ``name__status``."""

    CONFIDENCE = "confidence"
    STATUS = "status"


def wide_columns(names: Sequence[str], extras: Sequence[Extra]) -> tuple[str, ...]:
    """The head of the table: what is said of the form, then each field, followed by its extras."""
    fields = (column for name in names for column in (name, *(f"{name}{SEPARATOR}{extra.value}" for extra in extras)))
    return (*FORM_COLUMNS, *fields)


def wide_row(form: Form, names: Sequence[str], extras: Sequence[Extra]) -> Row:
    """One form in the columns of :func:`wide_columns`; fields of other templates stay empty."""
    fields = {field.name: field for field in form.fields} if form.template is not None else {}
    first = form.pages[0].source
    row: Row = [
        path_text(first.path),
        ";".join(_places(form.pages)),
        form.template,
        form.status.value,
        ";".join(form.reasons),
        "; ".join(_errors(form.pages)) or None,
    ]
    for name in names:
        field = fields.get(name)
        row += [field.value if field else None, *(_extra(field, extra) for extra in extras)]
    return row


def wide_encoder(
    names: Sequence[str], extras: Sequence[Extra], *, excel: bool
) -> tuple[bytes, Callable[[Form], bytes]]:
    """The table's head, and a function that gives a form's row, as CSV (RFC 4180, UTF-8)."""

    def encode(form: Form) -> bytes:
        row = wide_row(form, names, extras)
        return csv_bytes([guarded(row) if excel else row])

    return (BYTE_ORDER_MARK if excel else b"") + csv_bytes([wide_columns(names, extras)]), encode


def form_record(form: Form, provenance: Provenance) -> Record:
    """One form as plain JSON values: where its pages are from, its values by name, and all that is known of each."""
    return {
        "schema": SCHEMA,
        "template": form.template,
        "complete": form.complete,
        "status": form.status.value,
        "reasons": [reason.value for reason in form.reasons],
        "pages": [_page_record(page) for page in form.pages],
        "values": {field.name: field.value for field in form.fields},
        "fields": [
            {**field_record(field), "page": number}
            for number, page in enumerate(form.pages)
            if isinstance(page, Page)
            for field in page.fields
        ],
        "lines": [
            {**line_record(line), "page": number}
            for number, page in enumerate(form.pages)
            if isinstance(page, Page)
            for line in page.lines
        ],
        "provenance": provenance.as_record(),
    }


def _page_record(page: PageResult) -> Record:
    read = page if isinstance(page, Page) else None
    return {
        "source": source_record(page.source),
        "template_page": read and read.template_page,
        "match": None if read is None or read.template_match is None else rounded(read.template_match),
        "status": page.status.value,
        "error": error_record(page) if isinstance(page, PageFailure) else None,
    }


def _places(pages: Sequence[PageResult]) -> Iterator[str]:
    """The numbers of a document's pages, with the file where it is another than the first page's."""
    for page in pages:
        source = page.source
        own = "" if source.path == pages[0].source.path else f"{path_text(source.path)}:"
        yield f"{own}{source.page}"


def _errors(pages: Sequence[PageResult]) -> Iterator[str]:
    for page in pages:
        if isinstance(page, PageFailure):
            yield error_text(page)


def _extra(field: Field | None, extra: Extra) -> Cell:
    if field is None:
        return None
    return rounded(field.confidence) if extra is Extra.CONFIDENCE else field.status.value
