"""The form fields of a fillable PDF: what each is called, where it lies, and what may be put in."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pypdfium2.raw as pdfium_c

from hcr_scan.settings import SourceSettings
from hcr_scan.sources.pdf import open_pdf
from hcr_scan.sources.reading import Kind, read_document

#: Flags of ISO 32000 that pdfium has no names for: a text field cut into cells; a choice that takes other texts too.
COMB, EDITABLE = 1 << 24, 1 << 18
#: The raster that positions are asked for on; they are shares of it.
GRID = 1 << 20


class WidgetKind(StrEnum):
    """What one can do with a form field."""

    TEXT = "text"
    CHECKBOX = "checkbox"
    RADIO = "radio"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Widget:
    """One place of a form field on a page.

    ``left`` to ``bottom`` are shares of the page's width and height, from its top left corner. ``length`` is the most
    characters it takes, 0 for any; ``comb`` says that these stand in cells. ``value`` is what a mark in it stands for,
    ``options`` what may be chosen, and ``editable`` whether other texts may be put in.
    """

    name: str
    label: str
    kind: WidgetKind
    left: float
    top: float
    right: float
    bottom: float
    required: bool = False
    multiline: bool = False
    comb: bool = False
    length: int = 0
    value: str = ""
    options: tuple[str, ...] = ()
    editable: bool = False


def page_widgets(path: str, index: int, settings: SourceSettings) -> tuple[Widget, ...]:
    """The form fields on a page (``index`` from 0) of a PDF, in the order of the file; none in anything else.

    Raises:
        SourceError: the file cannot be read.
    """
    document = read_document(path, settings.max_file_size)
    if document.kind is not Kind.PDF:
        return ()
    with open_pdf(document, settings) as pdf:
        page = pdf[index]
        try:
            if page.formenv is None:
                return ()
            count = pdfium_c.FPDFPage_GetAnnotCount(page)
            found = [_annotation(page, number) for number in range(count)]
        finally:
            page.close()
    return tuple(widget for widget in found if widget is not None)


def _annotation(page: Any, number: int) -> Widget | None:
    annotation = pdfium_c.FPDFPage_GetAnnot(page, number)
    if not annotation:
        return None
    try:
        if pdfium_c.FPDFAnnot_GetSubtype(annotation) != pdfium_c.FPDF_ANNOT_WIDGET:
            return None
        return _widget(page, annotation)
    finally:
        pdfium_c.FPDFPage_CloseAnnot(annotation)


def _widget(page: Any, annotation: Any) -> Widget | None:
    form = page.formenv
    kinds = {
        pdfium_c.FPDF_FORMFIELD_TEXTFIELD: WidgetKind.TEXT,
        pdfium_c.FPDF_FORMFIELD_CHECKBOX: WidgetKind.CHECKBOX,
        pdfium_c.FPDF_FORMFIELD_RADIOBUTTON: WidgetKind.RADIO,
        pdfium_c.FPDF_FORMFIELD_COMBOBOX: WidgetKind.LIST,
        pdfium_c.FPDF_FORMFIELD_LISTBOX: WidgetKind.LIST,
    }
    kind = kinds.get(pdfium_c.FPDFAnnot_GetFormFieldType(form, annotation))
    place = _place(page, annotation)
    if kind is None or place is None:
        return None
    flags = pdfium_c.FPDFAnnot_GetFormFieldFlags(form, annotation)
    options: tuple[str, ...] = ()
    if kind is WidgetKind.LIST:
        number = max(pdfium_c.FPDFAnnot_GetOptionCount(form, annotation), 0)
        options = tuple(_text(pdfium_c.FPDFAnnot_GetOptionLabel, form, annotation, i) for i in range(number))
    marks = kind in (WidgetKind.CHECKBOX, WidgetKind.RADIO)
    return Widget(
        _text(pdfium_c.FPDFAnnot_GetFormFieldName, form, annotation),
        _text(pdfium_c.FPDFAnnot_GetFormFieldAlternateName, form, annotation),
        kind,
        *place,
        required=bool(flags & pdfium_c.FPDF_FORMFLAG_REQUIRED),
        multiline=kind is WidgetKind.TEXT and bool(flags & pdfium_c.FPDF_FORMFLAG_TEXT_MULTILINE),
        comb=kind is WidgetKind.TEXT and bool(flags & COMB),
        length=_length(annotation) if kind is WidgetKind.TEXT else 0,
        value=_text(pdfium_c.FPDFAnnot_GetFormFieldExportValue, form, annotation) if marks else "",
        options=options,
        editable=kind is WidgetKind.LIST and bool(flags & EDITABLE),
    )


def _place(page: Any, annotation: Any) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom as shares of the page as it is drawn; ``None`` for what has no place."""
    rectangle = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFAnnot_GetRect(annotation, rectangle):
        return None
    xs, ys = [], []
    for x, y in ((rectangle.left, rectangle.top), (rectangle.right, rectangle.bottom)):
        column, row = ctypes.c_int(), ctypes.c_int()
        pdfium_c.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, x, y, column, row)
        xs.append(min(max(column.value / GRID, 0.0), 1.0))
        ys.append(min(max(row.value / GRID, 0.0), 1.0))
    if max(xs) <= min(xs) or max(ys) <= min(ys):
        return None
    return min(xs), min(ys), max(xs), max(ys)


def _length(annotation: Any) -> int:
    """The most characters of a text field, where its own dictionary says so; 0 else."""
    value = ctypes.c_float()
    if not pdfium_c.FPDFAnnot_GetNumberValue(annotation, b"MaxLen", value):
        return 0
    return max(0, int(value.value))


def _text(function: Callable[..., int], *arguments: Any) -> str:
    """A text that pdfium copies into a buffer as UTF-16 with a zero at its end."""
    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = (pdfium_c.FPDF_WCHAR * (size // 2))()
    function(*arguments, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
