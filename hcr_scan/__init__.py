"""hcr-scan turns stacks of scanned, hand-filled forms into data.

>>> from hcr_scan import Page, Settings, load_classifier, transcribe
>>> for page in transcribe("examples/forms/orders.tif", load_classifier(), Settings(review_below=0.9)):
...     if isinstance(page, Page):  # else the reason it could not be read
...         print(page.source.page, page.fields[1].name, page.fields[1].value)
1 field_002 70419
2 field_002 70420

Examples in this package are run as tests in the folder of a checkout.

Names are loaded when first used, so that ``import hcr_scan`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "hcr_scan.arrays": ("transcribe_image",),
    "hcr_scan.data_frames": ("forms_to_dataframe", "to_dataframe"),
    "hcr_scan.document": (
        "Alternative", "Field", "FieldAlternative", "Form", "Glyph", "Line", "Page", "PageFailure", "PageResult",
        "Reason", "Source", "Status", "Word",
    ),
    "hcr_scan.errors": (
        "ExitCode", "HcrScanError", "InputError", "MissingDependency", "ModelError", "OutputError", "UsageError",
        "WorkerError",
    ),
    "hcr_scan.forms.grouping": ("filled_forms",),
    "hcr_scan.forms.template": ("Template",),
    "hcr_scan.forms.files.template_file": ("load_template", "load_templates"),
    "hcr_scan.geometry": ("BoundingBox",),
    "hcr_scan.model.bundle": ("ModelInfo",),
    "hcr_scan.model.classifier": ("Classifier", "load_classifier"),
    "hcr_scan.pipeline": ("transcribe",),
    "hcr_scan.settings": ("Layout", "Limits", "PdfRenderer", "Settings", "SourceSettings", "parse_charset"),
}  # fmt: skip

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

if TYPE_CHECKING:
    from hcr_scan.arrays import transcribe_image
    from hcr_scan.data_frames import forms_to_dataframe, to_dataframe
    from hcr_scan.document import (
        Alternative,
        Field,
        FieldAlternative,
        Form,
        Glyph,
        Line,
        Page,
        PageFailure,
        PageResult,
        Reason,
        Source,
        Status,
        Word,
    )
    from hcr_scan.errors import (
        ExitCode,
        HcrScanError,
        InputError,
        MissingDependency,
        ModelError,
        OutputError,
        UsageError,
        WorkerError,
    )
    from hcr_scan.forms.files.template_file import load_template, load_templates
    from hcr_scan.forms.grouping import filled_forms
    from hcr_scan.forms.template import Template
    from hcr_scan.geometry import BoundingBox
    from hcr_scan.model.bundle import ModelInfo
    from hcr_scan.model.classifier import Classifier, load_classifier
    from hcr_scan.pipeline import transcribe
    from hcr_scan.settings import Layout, Limits, PdfRenderer, Settings, SourceSettings, parse_charset

__all__ = [
    "Alternative",
    "BoundingBox",
    "Classifier",
    "ExitCode",
    "Field",
    "FieldAlternative",
    "Form",
    "Glyph",
    "HcrScanError",
    "InputError",
    "Layout",
    "Limits",
    "Line",
    "MissingDependency",
    "ModelError",
    "ModelInfo",
    "OutputError",
    "Page",
    "PageFailure",
    "PageResult",
    "PdfRenderer",
    "Reason",
    "Settings",
    "Source",
    "SourceSettings",
    "Status",
    "Template",
    "UsageError",
    "Word",
    "WorkerError",
    "__version__",
    "filled_forms",
    "forms_to_dataframe",
    "load_classifier",
    "load_template",
    "load_templates",
    "parse_charset",
    "to_dataframe",
    "transcribe",
    "transcribe_image",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'hcr_scan' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
