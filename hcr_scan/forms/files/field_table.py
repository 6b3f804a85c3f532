"""The fields of a page, from their tables in a template file."""

from __future__ import annotations

import re
from dataclasses import replace

from hcr_scan.forms.files.knowledge_table import KNOWLEDGE_KEYS, Files, read_knowledge
from hcr_scan.forms.files.page_plane import PagePlane
from hcr_scan.forms.files.toml_table import Problems, Table, quoted, suggestion
from hcr_scan.forms.template import MARK_KINDS, FieldKind, Knowledge, Normalization, Option, TemplateField
from hcr_scan.geometry import BoundingBox, union_of

FIELD_KEYS = ("name", "kind", "box", "cells", "options", *KNOWLEDGE_KEYS, "required", "normalize", "accept_above")
OPTION_KEYS = ("value", "box")

#: What a mark in a check box stands for unless the template says otherwise.
MARKED = "yes"
CELL_KINDS = (FieldKind.CELLS, FieldKind.CROSSED_CELLS)
MOST_CELLS = 1000
#: Two underscores are left out: wide tables have columns like ``name__confidence``.
NAME = re.compile(r"[a-z](_?[a-z0-9])*")


def read_field(values: object, path: str, plane: PagePlane, files: Files, problems: Problems) -> TemplateField:
    """The field that a table of a template file describes; of keys that cannot be meant a complaint is added.

    Raises:
        Problem: it cannot be meant.
    """
    label = values.get("name", "") if isinstance(values, dict) else ""
    table = Table(values, path, FIELD_KEYS, label if isinstance(label, str) else "")
    kind = table.choice("kind", FieldKind)
    _refuse_strangers(table, kind)
    found = TemplateField(
        problems.attempt(lambda: _name(table)) or "",
        kind,
        BoundingBox(0, 0, 0, 0),
        knowledge=Knowledge() if kind in MARK_KINDS else read_knowledge(table, files, problems),
        required=problems.attempt(lambda: table.flag("required")) or False,
        normalize=problems.attempt(lambda: _normalize(table)) or (),
        accept_above=problems.attempt(lambda: table.share("accept_above")),
    )
    if kind in MARK_KINDS:
        return _with_options(table, plane, found)
    if kind in CELL_KINDS:
        return _with_cells(table, plane, found)
    return replace(found, box=plane.box(table, "box", table.required("box", "[100, 200, 400, 240]")))


def _name(table: Table) -> str:
    name = table.required("name", '"surname"')
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise table.problem(
            "name", f"{quoted(name)} is no name; use small letters, digits and single underscores, like date_of_birth"
        )
    return name


def _refuse_strangers(table: Table, kind: FieldKind) -> None:
    """Complain about keys that mean nothing for fields of a kind."""
    strange: list[str] = [] if kind in CELL_KINDS else ["cells"]
    strange += [*KNOWLEDGE_KEYS, "normalize"] if kind in MARK_KINDS else ["options"]
    for key in strange:
        if key in table:
            raise table.problem(key, f"means nothing for a field of kind {kind}; take it out or change the kind")


def _normalize(table: Table) -> tuple[Normalization, ...]:
    names = [normalization.value for normalization in Normalization]
    texts = table.texts("normalize")
    for text in texts:
        if text not in names:
            raise table.problem("normalize", f"{quoted(text)} is not known{suggestion(text, names)}")
    return tuple(Normalization(text) for text in texts)


def _with_cells(table: Table, plane: PagePlane, field: TemplateField) -> TemplateField:
    value = table.required("cells", "8")
    if isinstance(value, list):
        box = plane.box(table, "box", table.value("box")) if "box" in table else None
        if not value:
            raise table.problem("cells", "there are none; write how many, or a list of boxes")
        cells = tuple(plane.box(table, f"cells[{i}]", cell, box) for i, cell in enumerate(value))
        centers = [cell.center[0] for cell in cells]
        if centers != sorted(set(centers)):
            raise table.problem("cells", "must run from left to right; make what stands below a field of its own")
        return replace(field, box=box or union_of(cells), cells=cells)
    box = plane.box(table, "box", table.required("box", "[100, 200, 400, 240]"))
    number = table.whole("cells", 1, MOST_CELLS)
    if number is None or 2 * number > box.width:
        raise table.problem("cells", f"{number} do not fit into a box {box.width} pixels wide; check both")
    return replace(field, box=box, cells=equal_cells(box, number))


def equal_cells(box: BoundingBox, number: int) -> tuple[BoundingBox, ...]:
    """A box cut into cells of one width, within a pixel."""
    edges = [box.left + round(i * box.width / number) for i in range(number + 1)]
    return tuple(BoundingBox(edges[i], box.top, edges[i + 1], box.bottom) for i in range(number))


def _with_options(table: Table, plane: PagePlane, field: TemplateField) -> TemplateField:
    tables = table.items("options", '[{ value = "yes", box = [100, 200, 120, 220] }]')
    if field.kind is FieldKind.CHECKBOX and "options" not in table:
        box = plane.box(table, "box", table.required("box", "[100, 200, 120, 220]"))
        return replace(field, box=box, options=(Option(MARKED, box),))
    if field.kind is FieldKind.CHECKBOX and len(tables) != 1:
        raise table.problem("options", f"a check box has one, not {len(tables)}; make it a choice")
    if field.kind is FieldKind.CHOICE and len(tables) < 2:
        raise table.problem(
            "options", f'a choice has at least two; write {{ value = "...", box = [...] }} for each, not {len(tables)}'
        )
    outer = plane.box(table, "box", table.value("box")) if "box" in table else None
    options = tuple(_option(table, index, values, plane, outer) for index, values in enumerate(tables))
    values = [option.value for option in options]
    if len(set(values)) < len(values):
        raise table.problem("options", "two have the same value; each must stand for another one")
    return replace(field, box=outer or union_of(option.box for option in options), options=options)


def _option(table: Table, index: int, values: object, plane: PagePlane, outer: BoundingBox | None) -> Option:
    inner = Table(values, table.at(f"options[{index}]"), OPTION_KEYS)
    value = inner.required("value", '"yes"')
    if not isinstance(value, str) or not value:
        raise inner.problem("value", f"must be a text in quotes that is not empty, not {quoted(value)}")
    return Option(value, plane.box(inner, "box", inner.required("box", "[100, 200, 120, 220]"), outer))
