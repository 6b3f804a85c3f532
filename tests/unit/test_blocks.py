from __future__ import annotations

import logging

import numpy as np
import pytest

from hcr_scan.model.blocks import SMALLEST_BLOCK, BlockRunner, blocks_of, is_out_of_memory
from hcr_scan.model.classifier import Crops
from hcr_scan.model.probabilities import Logits

CLASSES = 3


def some_crops(count: int) -> Crops:
    return np.arange(count, dtype=np.uint8).repeat(4).reshape(count, 2, 2)


class FakeDevice:
    """A device with room for so many crops; its logits are the crops' own numbers."""

    def __init__(self, room: int, message: str = "CUDA out of memory") -> None:
        self.room = room
        self.message = message
        self.asked: list[int] = []

    def __call__(self, crops: Crops) -> Logits:
        self.asked.append(len(crops))
        if len(crops) > self.room:
            raise RuntimeError(self.message)
        return crops[:, 0, :1].repeat(CLASSES, axis=1).astype(np.float32)


def test_blocks_have_one_size_whatever_is_asked() -> None:
    device = FakeDevice(64)
    blocks = BlockRunner(device, 64)
    for count in (1, 63, 64, 65, 200):
        answer = blocks(some_crops(count), CLASSES)
        np.testing.assert_array_equal(answer[:, 0], np.arange(count, dtype=np.uint8))
    assert set(device.asked) == {64}


def test_a_full_device_is_asked_for_half_and_stays_at_that(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FakeDevice(20)
    blocks = BlockRunner(device, 64)
    # Straight at its source: where a command was run before, records do not go up to the root.
    monkeypatch.setattr(logging.getLogger("hcr_scan.model.blocks"), "handlers", [caplog.handler])
    caplog.set_level(logging.WARNING, logger="hcr_scan.model.blocks")
    answer = blocks(some_crops(50), CLASSES)
    np.testing.assert_array_equal(answer[:, 2], np.arange(50))
    assert blocks.rows == 16
    assert [record.getMessage().count("16 crops") for record in dict.fromkeys(caplog.records)] == [0, 1]
    device.asked.clear()
    blocks(some_crops(50), CLASSES)
    assert device.asked == [16] * 4


def test_a_device_without_room_for_the_smallest_block_is_an_error() -> None:
    blocks = BlockRunner(FakeDevice(SMALLEST_BLOCK - 1), 64)
    with pytest.raises(RuntimeError, match="out of memory"):
        blocks(some_crops(5), CLASSES)


def test_other_trouble_is_not_tried_again() -> None:
    device = FakeDevice(0, "unknown op")
    with pytest.raises(RuntimeError, match="unknown op"):
        BlockRunner(device, 64)(some_crops(5), CLASSES)
    assert device.asked == [64]


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch's."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA failure 2: out of memory ; GPU=0 ; hostname=x"),
        RuntimeError("Failed to allocate memory for requested buffer of size 1073741824"),
        RuntimeError("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 4096 bytes."),
        ResourceExhaustedError("OOM when allocating tensor"),
        OutOfMemoryError("tried to allocate 20.00 MiB"),
        MemoryError(),
    ],
)
def test_a_full_device_is_known_by_what_libraries_say(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_no_crops_make_no_blocks() -> None:
    assert blocks_of(some_crops(0), 8) == []
    assert BlockRunner(FakeDevice(0), 8)(some_crops(0), CLASSES).shape == (0, CLASSES)
