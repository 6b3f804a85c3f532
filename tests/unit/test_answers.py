from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
from typing import Any

import numpy as np
import pytest

from hcr_scan.document import PageFailure, Source, Status
from hcr_scan.engines.answers import UntrustedAnswer, decode, encode
from hcr_scan.geometry import BoundingBox
from hcr_scan.sources import PageRef
from hcr_scan.worker import SegmentedTask
from tests.fakes import segmented_page
from tests.poison import Answer, Foreign


def through(value: Any) -> Any:
    return decode(encode(value))


@pytest.mark.parametrize(
    "value",
    [
        None,
        (1, -2.5, "ä\udcff", b"\0", True, [1], {"a": {2}}),
        Status.REVIEW,
        BoundingBox(0, 1, 2, 3),
        PageFailure(Source("a.png"), "open", "damaged", "it is"),
        tuple(PageRef("a.pdf", index, 9, "0" * 64) for index in range(9)),
        Answer(1, 2),
        1 << 100,
    ],
)
def test_values_of_ours_come_through(value: object) -> None:
    result = through(value)
    assert result == value
    assert type(result) is type(value)


def test_a_segmented_page_comes_through_with_its_crops() -> None:
    page = segmented_page(fields=["AB C"], lines=["DE F"])
    task = through(SegmentedTask(page, 0.5))
    assert (task.seconds, task.result.source, task.result.geometry) == (0.5, page.source, page.geometry)
    assert (task.result.fields, task.result.lines) == (page.fields, page.lines)
    np.testing.assert_array_equal(task.result.crops, page.crops)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 28, 28), (3, 2), (2, 3, 4)])
def test_arrays_of_numbers_come_through(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape)
    result = through(array)
    assert (result.dtype, result.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(result, array)
    np.testing.assert_array_equal(through(array.T), array.T)
    number = np.dtype(dtype).type(1)
    assert through(number) == number
    assert type(through(number)) is type(number)


class Reduced:
    """Pickles as a call of what it is given."""

    def __init__(self, *call: Any) -> None:
        self._call = call

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize(
    "value",
    [
        Reduced(os.system, ("true",)),
        Reduced(eval, ("1",)),
        Reduced(getattr, ("a", "upper")),
        Reduced(np.dtype, ("O",)),
        Reduced(bytearray, (10,)),
        Foreign(1),
        object(),
        os.system,
        np.array([object()]),
        np.array(["a"]),
        ValueError("an exception"),
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(UntrustedAnswer):
        decode(encode(value))
    with pytest.raises(UntrustedAnswer):
        decode(pickle.dumps(value))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("hcr_scan.worker", "segment_page"),
        ("hcr_scan.worker", "Path"),
        ("hcr_scan.worker", "PageFailure"),  # by its own module alone
        ("hcr_scan.engines.answers", "_Maker.__call__"),
        ("hcr_scan.engines.answers", "sys.modules"),
        ("hcr_scan.not_loaded", "Anything"),
        ("hcr_scan", "load_classifier"),
        ("builtins", "type"),
        ("hcr_scan.errors", "UsageError"),
    ],
)
def test_a_pickle_can_name_nothing_but_values(module: str, name: str) -> None:
    with pytest.raises(UntrustedAnswer):
        decode(
            b"\x80\x04\x8c"
            + bytes([len(module)])
            + module.encode()
            + b"\x8c"
            + bytes([len(name)])
            + name.encode()
            + b"\x93."
        )


def test_an_answer_cannot_change_a_class() -> None:
    # The class itself, and then BUILD with an attribute to set on it.
    module, name = b"hcr_scan.document", b"Status"
    state = pickle.dumps((None, {"poisoned": "yes"}), protocol=2)[2:-1]
    evil = (
        b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name + b"\x93" + state + b"b."
    )
    pickletools.dis(evil, io.StringIO())
    with pytest.raises(UntrustedAnswer):
        decode(evil)
    assert not hasattr(Status, "poisoned")


@pytest.mark.parametrize(
    ("value", "module", "name"),
    [
        (PageFailure(Source("a.png"), "open", "damaged", "it is"), b"hcr_scan.document", b"PageFailure"),
        (Status.OK, b"hcr_scan.document", b"Status"),
        (np.zeros(3), b"hcr_scan.engines.answers", b"restored_array"),
    ],
)
@pytest.mark.parametrize("state", [(None, {"_make": 1}), {"_make": 1}, (None, {"__call__": 1}), {"__self__": 1}])
def test_an_answer_cannot_change_how_later_ones_are_read(
    value: object, module: bytes, name: bytes, state: object
) -> None:
    good = bytes(encode(value))
    named = b"\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name + b"\x93"
    with contextlib.suppress(UntrustedAnswer):
        decode(b"\x80\x04" + named + pickle.dumps(state, protocol=2)[2:-1] + b"b.")
    np.testing.assert_equal(decode(good), value)


def test_values_are_checked_by_their_own_constructors() -> None:
    inverted = Reduced(BoundingBox, (5, 0, 1, 1))
    with pytest.raises(UntrustedAnswer, match="inverted"):
        decode(pickle.dumps(inverted))


@pytest.mark.parametrize("data", [b"", b"\0", b"\x80\x05", b"not a pickle"])
def test_what_is_no_pickle_is_refused(data: bytes) -> None:
    with pytest.raises(UntrustedAnswer):
        decode(data)


@pytest.mark.parametrize("shape", [(1 << 40,), (2, 2), ("a",)])
def test_an_array_has_the_shape_that_its_bytes_have(shape: Any) -> None:
    from hcr_scan.engines.answers import restored_array

    with pytest.raises(UntrustedAnswer):
        decode(pickle.dumps(Reduced(restored_array, ("|u1", shape, b"abc"))))
