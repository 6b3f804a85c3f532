"""Where things lie on a page of a template: from numbers in the file's unit to boxes in pixels of the blank."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hcr_scan.forms.files.toml_table import Problem, Table, is_number, quoted
from hcr_scan.geometry import BoundingBox
from hcr_scan.sources import PageImage

MM_PER_INCH = 25.4
#: Width and height given in millimeters may differ by this share from those of the blank: paper shrinks.
STRETCH = 0.03


class Unit(StrEnum):
    """What coordinates of a page are meant in."""

    PIXELS = "px"
    MILLIMETERS = "mm"


@dataclass(frozen=True, slots=True)
class PagePlane:
    """A page of ``width`` x ``height`` pixels, ``x_scale`` and ``y_scale`` of them to a unit of the file."""

    width: int
    height: int
    dpi: int
    unit: Unit
    x_scale: float = 1.0
    y_scale: float = 1.0

    def box(self, table: Table, key: str, value: object, within: BoundingBox | None = None) -> BoundingBox:
        """The box ``[left, top, right, bottom]`` under a key, on the page and ``within`` another.

        Raises:
            Problem: it is no such box.
        """
        if not isinstance(value, list) or len(value) != 4 or not all(is_number(number) for number in value):
            raise table.problem(key, f"must be four numbers [left, top, right, bottom], not {quoted(value)}")
        scales = (self.x_scale, self.y_scale) * 2
        left, top, right, bottom = (round(number * scale) for number, scale in zip(value, scales, strict=True))
        if right <= left or bottom <= top:
            raise table.problem(
                key, f"{quoted(value)} has no inside; write left, top, right, bottom with left < right and top < bottom"
            )
        box = BoundingBox(left, top, right, bottom)
        if not BoundingBox(0, 0, self.width, self.height).contains(box):
            raise table.problem(
                key, f"{quoted(value)} leaves the page, which measures {self.measures()}; move it inside"
            )
        if within is not None and not within.contains(box):
            raise table.problem(key, f"{quoted(value)} leaves the box of its field; enlarge that or move this inside")
        return box

    def measures(self) -> str:
        """The page's size, in words."""
        width, height = self.width / self.x_scale, self.height / self.y_scale
        if self.unit is Unit.PIXELS:
            return f"{width:.0f} x {height:.0f} pixels"
        return f"{width:.1f} x {height:.1f} mm"


def page_plane(table: Table, blank: PageImage) -> PagePlane:
    """The plane that a page's ``unit``, ``size`` and ``dpi`` stand for.

    Raises:
        Problem: they contradict the blank, or leave open how large it is.
    """
    height, width = blank.pixels.shape
    unit = table.choice("unit", Unit, Unit.PIXELS)
    size = _size(table)
    given = table.whole("dpi", 36, 1200)
    dpi = given or blank.dpi
    if unit is Unit.PIXELS:
        if size is not None and size != (width, height):
            raise table.problem(
                "size",
                f"says {size[0]:g} x {size[1]:g} pixels and the blank has {width} x {height}; "
                "draw the boxes for this blank, or name the one they were drawn for",
            )
        return PagePlane(width, height, dpi, unit)
    if size is None:
        if given is None and not blank.dpi_known:
            raise _unknown_size(table)
        scale = dpi / MM_PER_INCH
        return PagePlane(width, height, dpi, unit, scale, scale)
    x_scale, y_scale = width / size[0], height / size[1]
    if abs(x_scale / y_scale - 1) > STRETCH:
        raise table.problem(
            "size",
            f"{size[0]:g} x {size[1]:g} mm is another shape than the blank's {width} x {height} pixels; "
            "write its real width and height",
        )
    return PagePlane(width, height, given or round(x_scale * MM_PER_INCH), unit, x_scale, y_scale)


def _size(table: Table) -> tuple[float, float] | None:
    if "size" not in table:
        return None
    value = table.value("size")
    if not isinstance(value, list) or len(value) != 2 or not all(is_number(n) and n > 0 for n in value):
        raise table.problem("size", f"must be [width, height], not {quoted(value)}")
    return float(value[0]), float(value[1])


def _unknown_size(table: Table) -> Problem:
    return table.problem(
        "unit", "the blank does not say how large it is; add size = [width, height] in millimeters, or dpi"
    )
