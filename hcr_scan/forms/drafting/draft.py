"""A template drafted from a blank, or from a filled page where there is no blank."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hcr_scan.document import PageFailure
from hcr_scan.errors import InputError, UsageError
from hcr_scan.forms.blank import BLANK_DPI, HIGHEST_DPI, LOWEST_DPI
from hcr_scan.forms.drafting.field_names import Names
from hcr_scan.forms.drafting.fillable import fields_of_widgets
from hcr_scan.forms.drafting.places import Place, find_places
from hcr_scan.forms.drafting.straight_blank import StraightBlank, straight_blank
from hcr_scan.forms.files.field_table import MARKED
from hcr_scan.forms.template import FieldKind, Option, Template, TemplateField, TemplatePage
from hcr_scan.geometry import union_of
from hcr_scan.images import Gray
from hcr_scan.model.bundle import load_bundle
from hcr_scan.model.classifier import page_model_of
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, PageRef, count_pages, failure_text, load_page


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A straightened copy of a blank, to be written to ``path``: grey pixels, uint8 ``(height, width)``."""

    path: Path
    pixels: Gray
    dpi: int


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A template, and the copies of blanks that it names and that are still to be written."""

    template: Template
    copies: tuple[Copy, ...]


def draft_template(blank: str, target: Path, *, filled: bool = False, pages: str | None = None) -> Draft:
    """The fields that are found on a blank, under numbers or the names that a fillable PDF has for them.

    Args:
        blank: an image or a PDF.
        target: the template's file to be; what it names is named as seen from there.
        filled: the blank was filled in: what is written there is passed over.
        pages: those to be drafted, as typed; ``None`` is all.

    Raises:
        InputError: the blank cannot be read, or has no such pages.
    """
    settings = SourceSettings(pages=pages, dpi=BLANK_DPI)
    refs = count_pages(blank, settings)
    if isinstance(refs, PageFailure):
        raise InputError(failure_text(refs))
    if not refs:
        raise InputError(f"{blank} has no page {pages}; choose others with --pages")
    drafter = _Drafter(target, filled, settings)
    drafted = [drafter.page(ref, number) for number, ref in enumerate(refs, 1)]
    template = Template(_id(target), tuple(page for page, _ in drafted), path=target)
    return Draft(template, tuple(copy for _, copy in drafted if copy is not None))


class _Drafter:
    """Drafts page after page of one form."""

    def __init__(self, target: Path, filled: bool, settings: SourceSettings) -> None:
        bundle = load_bundle()
        network = page_model_of(bundle)
        self._spec: CropSpec = bundle.info.crop_spec
        self._model = None if network is None else PageModel.load(network, self._spec.size)
        self._target = target
        self._filled = filled
        self._settings = settings
        self._names = Names()

    def page(self, ref: PageRef, number: int) -> tuple[TemplatePage, Copy | None]:
        image = load_page(ref, self._settings)
        if isinstance(image, PageFailure):
            raise InputError(failure_text(image))
        height, width = image.pixels.shape
        dpi = min(max(image.dpi, LOWEST_DPI), HIGHEST_DPI)
        fields = self._own_fields(ref, image)
        path, blank_page, copy = Path(ref.path), ref.index + 1, None
        if not fields:
            blank = straight_blank(image, self._spec, self._model)
            height, width = blank.pixels.shape
            fields = self._found_fields(blank)
            if blank.copied:
                path, blank_page = self._target.with_name(f"{self._target.stem}-blank-{number}.png"), 1
                copy = Copy(path, blank.pixels, dpi)
        return TemplatePage(number, width, height, dpi, path, fields, blank_page, self._filled), copy

    def _own_fields(self, ref: PageRef, image: PageImage) -> tuple[TemplateField, ...]:
        """The form fields of a fillable PDF."""
        from hcr_scan.sources.pdf_forms import page_widgets

        height, width = image.pixels.shape
        return fields_of_widgets(page_widgets(ref.path, ref.index, self._settings), width, height, self._names)

    def _found_fields(self, blank: StraightBlank) -> tuple[TemplateField, ...]:
        places = find_places(blank.page, self._spec, self._model if self._filled else None)
        fields = [_field(place, blank, self._names) for place in places]
        return tuple(field for field in fields if field is not None)


def _field(place: Place, blank: StraightBlank, names: Names) -> TemplateField | None:
    box = blank.box(place.box)
    cells = tuple(blank.box(cell) for cell in place.cells)
    if any(min(part.width, part.height) < 2 for part in (box, *cells)):
        return None
    options = (Option(MARKED, box),) if place.kind is FieldKind.CHECKBOX else ()
    return TemplateField(names.number(), place.kind, union_of((box, *cells)), cells, options)


def _id(target: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", target.stem).strip(".-_")
    if not name:
        raise UsageError(f"-o {target}: a form is called like its file; use letters or digits for that")
    return name
