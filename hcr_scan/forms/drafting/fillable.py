"""Fields of a template from the form fields of a fillable PDF."""

from __future__ import annotations

from collections.abc import Iterable

from hcr_scan.forms.drafting.field_names import Names
from hcr_scan.forms.files.field_table import MARKED, equal_cells
from hcr_scan.forms.template import FieldKind, Knowledge, Option, TemplateField
from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.segmentation.cells.fields import in_reading_order
from hcr_scan.sources.pdf_forms import Widget, WidgetKind

#: What PDFs call the state of a check box that is on, where that says no more than that.
PLAIN_STATES = ("", "on", "yes", "ja", "oui", "1", "true")


def fields_of_widgets(widgets: Iterable[Widget], width: int, height: int, names: Names) -> tuple[TemplateField, ...]:
    """The fields that the form fields of a page are, in reading order, on a raster of ``width`` x ``height`` pixels."""
    groups: dict[object, list[tuple[Widget, BoundingBox]]] = {}
    for index, widget in enumerate(widgets):
        (left, right), (top, bottom) = (
            (round(start * size), round(end * size))
            for start, end, size in ((widget.left, widget.right, width), (widget.top, widget.bottom, height))
        )
        box = BoundingBox(left, top, right, bottom)
        if min(box.width, box.height) > 1:
            marks = widget.kind in (WidgetKind.CHECKBOX, WidgetKind.RADIO)
            groups.setdefault((widget.kind, widget.name) if marks else index, []).append((widget, box))
    by_box: dict[tuple[BoundingBox, ...], list[tuple[Widget, BoundingBox]]] = {
        (union_of(box for _, box in group),): group for group in groups.values()
    }
    return tuple(_field(by_box[boxes], boxes[0], names) for boxes in in_reading_order(list(by_box)))


def _field(group: list[tuple[Widget, BoundingBox]], box: BoundingBox, names: Names) -> TemplateField:
    widget = group[0][0]
    name = names.like(widget.name)
    required = any(member.required for member, _ in group)
    if widget.kind in (WidgetKind.CHECKBOX, WidgetKind.RADIO):
        kind = FieldKind.CHOICE if len(group) > 1 else FieldKind.CHECKBOX
        return TemplateField(name, kind, box, options=_options(group), required=required)
    if widget.comb and 1 <= widget.length <= box.width // 2:
        return TemplateField(name, FieldKind.CELLS, box, equal_cells(box, widget.length), required=required)
    knowledge = Knowledge(
        lexicon=tuple(dict.fromkeys(option for option in widget.options if option.strip())),
        closed_lexicon=any(option.strip() for option in widget.options) and not widget.editable,
    )
    kind = FieldKind.BOX if widget.multiline else FieldKind.LINE
    return TemplateField(name, kind, box, knowledge=knowledge, required=required)


def _options(group: list[tuple[Widget, BoundingBox]]) -> tuple[Option, ...]:
    if len(group) == 1:
        widget, box = group[0]
        plain = widget.value.lower() in PLAIN_STATES or widget.kind is WidgetKind.CHECKBOX
        return (Option(MARKED if plain else widget.value, box),)
    ordered = sorted(group, key=lambda member: (member[1].top, member[1].left))
    options: dict[str, BoundingBox] = {}
    for number, (widget, box) in enumerate(ordered, 1):
        value = widget.value if widget.value and widget.value not in options else f"{widget.value or 'option'}_{number}"
        options[value] = box
    return tuple(Option(value, box) for value, box in options.items())
