"""Rows of the long table as Parquet: the columns of the CSV with types of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hcr_scan.document import PageResult
from hcr_scan.sinks.formats import Format, check_installed
from hcr_scan.sinks.records import displayable
from hcr_scan.sinks.tabular import Cell, Level, table

#: Rows written together: a few megabytes.
GROUP_ROWS = 20_000

_NUMBERS = frozenset(("page", "word", "cell", "left", "top", "right", "bottom"))
_FRACTIONS = frozenset(("confidence", "min_glyph_confidence", "machine_confidence"))
_LISTS = frozenset(("reasons",))


class ParquetRows:
    """Collects rows and gives the bytes of the file as they become final."""

    def __init__(self, level: Level, *, corrections: bool = False) -> None:
        check_installed(Format.PARQUET)
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        self._names, self._rows_of = table(level, corrections=corrections)
        self._arrow: Any = pa
        self._schema = pa.schema([(name, self._type(name)) for name in self._names])
        self._written = _Written()
        file = pa.PythonFile(self._written, mode="w")
        self._writer: Any = ParquetWriter(file, self._schema, compression="zstd")
        self._columns: list[list[object]] = [[] for _ in self._names]

    def add(self, result: PageResult) -> bytes:
        """Add a page's rows; gives what is final, which is mostly nothing."""
        for row in self._rows_of(result):
            for values, name, cell in zip(self._columns, self._names, row, strict=True):
                values.append(_value(name, cell))
        if len(self._columns[0]) >= GROUP_ROWS:
            self._flush()
        return self._written.take()

    def finish(self) -> bytes:
        """What is left, and the end of the file."""
        self._flush()
        self._writer.close()
        return self._written.take()

    def _flush(self) -> None:
        if not self._columns[0]:
            return
        arrays = [
            self._arrow.array(values, field.type) for values, field in zip(self._columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.table(arrays, schema=self._schema))
        self._columns = [[] for _ in self._names]

    def _type(self, name: str) -> object:
        makers: list[tuple[frozenset[str], Callable[[], object]]] = [
            (_NUMBERS, self._arrow.int32),
            (_FRACTIONS, self._arrow.float64),
            (_LISTS, lambda: self._arrow.list_(self._arrow.string())),
        ]
        return next((make() for names, make in makers if name in names), self._arrow.string())


class _Written:
    """A file that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """What was written can be taken still."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _value(name: str, cell: Cell) -> object:
    if name in _LISTS:
        return str(cell).split(";") if cell else []
    return displayable(cell) if isinstance(cell, str) else cell
