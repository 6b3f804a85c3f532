"""hcr-scan turns stacks of scanned, hand-filled forms into data.

>>> from hcr_scan import Settings, load_classifier, transcribe
>>> for page in transcribe(["forms/"], load_classifier(), Settings()):  # doctest: +SKIP
...     print(page.source.path, [field.value for field in page.fields])

Names are loaded when first used, so that ``import hcr_scan`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
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
    "load_classifier",
    "load_template",
    "load_templates",
    "parse_charset",
    "transcribe",
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
