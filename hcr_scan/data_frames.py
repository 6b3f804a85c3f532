"""Pages and forms as tables of pandas, which is loaded when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hcr_scan.document import Form, PageResult
from hcr_scan.errors import MissingDependency
from hcr_scan.sinks.tabular import Level, columns, rows_of
from hcr_scan.sinks.wide import SEPARATOR, Extra, wide_columns, wide_row

if TYPE_CHECKING:
    import pandas as pd

    from hcr_scan.forms.template import Template

#: Types of the columns that are no text; whole numbers may be missing, as in the row of a page that failed.
_TYPES = {
    "page": "int64", "word": "Int64", "cell": "Int64", "confidence": "float64", "min_glyph_confidence": "float64",
    "left": "Int64", "top": "Int64", "right": "Int64", "bottom": "Int64",
}  # fmt: skip


def to_dataframe(pages: Iterable[PageResult], level: Level | str = Level.FIELD) -> pd.DataFrame:
    """Pages as one table: the rows and columns of the CSV format, with types.

    >>> from hcr_scan import load_classifier, to_dataframe, transcribe
    >>> table = to_dataframe(transcribe("examples/forms/orders.tif", load_classifier()))
    >>> table[table.name == "field_002"][["page", "value", "status"]].to_dict("records")[0]
    {'page': 1, 'value': '70419', 'status': 'ok'}
    >>> str(table.dtypes["left"]), str(table.dtypes["confidence"])
    ('Int64', 'float64')

    Args:
        pages: As :func:`hcr_scan.transcribe` gives them; all are held in memory.
        level: ``field``: a row a field and line; ``glyph``: a row a character.

    Returns:
        Text is of type ``string`` (leading zeros are kept), whole numbers ``Int64``, confidences ``float64``; what a
        row does not have is missing.

    Raises:
        MissingDependency: pandas is not installed.
    """
    names = columns(Level(level))
    rows = [row for page in pages for row in rows_of(page, Level(level))]
    return _table(rows, names, _TYPES)


def forms_to_dataframe(
    forms: Iterable[Form], templates: Sequence[Template], extras: Sequence[Extra | str] = ()
) -> pd.DataFrame:
    """Forms as one table: a row a form, a column a field, as ``--shape wide`` writes them.

    >>> from hcr_scan import filled_forms, forms_to_dataframe, load_classifier, load_template, transcribe
    >>> templates = [load_template("examples/kyc/kyc.toml")]
    >>> pages = transcribe("examples/kyc/filled.tif", load_classifier(), templates=templates)
    >>> table = forms_to_dataframe(filled_forms(pages, templates), templates, extras=["confidence"])
    >>> len(table), table.template[0], str(table.dtypes["surname__confidence"])
    (4, 'kyc-k7', 'float64')

    Args:
        forms: As :func:`hcr_scan.filled_forms` gives them; all are held in memory.
        templates: Whose fields are the columns.
        extras: What else is told of each field, in columns ``name__confidence`` and ``name__status``.

    Raises:
        MissingDependency: pandas is not installed.
    """
    said = [Extra(extra) for extra in extras]
    names = list(dict.fromkeys(field.name for template in templates for field in template.fields))
    heads = wide_columns(names, said)
    numbers = {f"{name}{SEPARATOR}{Extra.CONFIDENCE.value}": "float64" for name in names}
    return _table([wide_row(form, names, said) for form in forms], heads, numbers)


def _table(rows: list[list[Any]], names: Sequence[str], types: dict[str, str]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependency("tables of pandas need pandas: pip install 'hcr-scan[pandas]'") from error
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(cell, dtype=types.get(name, "string")) for name, cell in zip(names, cells, strict=True)}
    )
