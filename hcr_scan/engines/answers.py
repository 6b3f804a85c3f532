"""What a worker may answer: plain values and paths, our dataclasses and enumerations, arrays of numbers; nothing else.

A worker has decoded files that nobody trusts, so neither is what it sends: the pickle it answers with can name no
function and no class but these, and each object is made by its own constructor.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hcr_scan.errors import description_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Dataclasses and enumerations of these packages may be answered; others must be named with :func:`answerable`.
TRUSTED_PACKAGE = "hcr_scan."
#: Types of array elements: numbers whose bytes mean nothing but themselves.
_NUMBERS = frozenset(
    ("|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8")
)  # fmt: skip

Type = TypeVar("Type", bound=type)

_answerable: dict[tuple[str, str], type] = {}


class UntrustedAnswer(Exception):
    """An answer that holds something no worker of ours would send."""


def answerable(kind: Type) -> Type:
    """Let workers answer with a dataclass or enumeration that is not one of ``hcr_scan``'s own."""
    _answerable[kind.__module__, kind.__qualname__] = kind
    return kind


def encode(value: object) -> memoryview:
    """The bytes of an answer.

    Raises:
        Exception: it cannot be pickled.
    """
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(value)
    return stream.getbuffer()


def decode(data: bytes | bytearray | memoryview) -> Any:
    """The answer in those bytes.

    Raises:
        UntrustedAnswer: it holds something else than the kinds this module is about, or is no pickle.
    """
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except UntrustedAnswer:
        raise
    except Exception as error:
        raise UntrustedAnswer(description_of(error)) from error


def restored_array(dtype: str, shape: tuple[int, ...], data: bytes | bytearray) -> npt.NDArray[Any]:
    """An array from the parts that it was sent in."""
    import numpy as np

    if dtype not in _NUMBERS:
        raise UntrustedAnswer(f"an array of {dtype!r}")
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape)


def restored_number(dtype: str, data: bytes | bytearray) -> np.generic:
    """A number of numpy's from the parts that it was sent in."""
    number: np.generic = restored_array(dtype, (1,), data)[0]
    return number


def restored_path(text: str) -> Path:
    """A path from its text."""
    return Path(text)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        values_of = _values_getter(kind)  # type: ignore[arg-type] # mypy takes types for unhashable
        if values_of is not None:
            return kind, values_of(value)
        if isinstance(value, Enum):
            return kind, (value.value,)
        if isinstance(value, Path):
            return restored_path, (str(value),)
        numpy = sys.modules.get("numpy")
        if numpy is not None and kind is numpy.ndarray:
            buffer = pickle.PickleBuffer(numpy.ascontiguousarray(value))
            return restored_array, (value.dtype.str, value.shape, buffer)
        if numpy is not None and isinstance(value, numpy.generic):
            return restored_number, (value.dtype.str, value.tobytes())
        return NotImplemented


@cache
def _values_getter(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]] | None:
    """What gives the values of a dataclass's fields, in their order; ``None`` where it is none."""
    if not is_dataclass(kind):
        return None
    names = [field.name for field in fields(kind)]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _maker(module, name)


def _caller(make: Callable[..., Any]) -> Callable[..., Any]:
    """What a pickle can call to make a value, and do nothing else with: it has no attribute that could be set."""
    if isinstance(make, type) and issubclass(make, Enum):
        return make._value2member_map_.__getitem__
    caller: Callable[..., Any] = type(make).__call__.__get__(make)
    return caller


_CALLERS = {
    (make.__module__, make.__name__): _caller(make) for make in (restored_array, restored_number, restored_path)
}


@lru_cache(maxsize=1024)
def _maker(module: str, name: str) -> Callable[..., Any]:
    known = _CALLERS.get((module, name))
    if known is not None:
        return known
    kind = _answerable.get((module, name))
    if kind is None and module.startswith(TRUSTED_PACKAGE):
        # Only what is loaded: to import a module because a worker names it would be to run what it chooses.
        kind = vars(sys.modules.get(module, object)).get(name)
    if not isinstance(kind, type) or kind.__module__ != module or not (is_dataclass(kind) or issubclass(kind, Enum)):
        raise UntrustedAnswer(f"{module}.{name} is nothing that a worker may answer with")
    return _caller(kind)
