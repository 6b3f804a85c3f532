"""Stand-ins that make rare trouble ordinary: classifiers that read a crop's first pixel, crash, or answer nonsense.

And an engine that has no workers, for measurements too.
"""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hcr_scan.document import Source
from hcr_scan.engines.base import Item, Lost, Result
from hcr_scan.geometry import BoundingBox
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.classifier import Crops
from hcr_scan.model.probabilities import Logits
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.candidates import (
    Candidate,
    Chunk,
    PageGeometry,
    SegmentedCell,
    SegmentedField,
    SegmentedLine,
    SegmentedPage,
)

LABELS = (*string.digits, *string.ascii_uppercase, *string.ascii_lowercase, "")
INFO = ModelInfo(labels=LABELS, crop_spec=CropSpec(), reject_below=0.1, sha256="0" * 64)
SIZE = INFO.crop_spec.size


def crops_of(text: str, doubt: Sequence[int] | None = None) -> Crops:
    """A crop a character, which :class:`EchoClassifier` reads as that character (``~`` is "not a character").

    ``doubt`` (0-255) goes into the second pixel: what the classifier adds to the logit of the character two labels on.
    """
    crops = np.zeros((len(text), SIZE, SIZE), np.uint8)
    for i, character in enumerate(text):
        crops[i, 0, 0] = LABELS.index("" if character == "~" else character)
        crops[i, 0, 1] = doubt[i] if doubt else 0
    return crops


class EchoClassifier:
    """Reads what :func:`crops_of` wrote, and remembers how many crops each call had."""

    def __init__(self, info: ModelInfo = INFO) -> None:
        self._info = info
        self.calls: list[int] = []

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def page_model(self) -> Path | None:
        return None

    def predict(self, crops: Crops) -> Logits:
        self.calls.append(len(crops))
        classes = len(self._info.labels)
        logits = np.zeros((len(crops), classes), np.float32)
        rows = np.arange(len(crops))
        logits[rows, crops[:, 0, 0]] = 12.0
        logits[rows, (crops[:, 0, 0].astype(int) + 2) % classes] = crops[:, 0, 1] / 16.0
        return logits


class SlowClassifier(EchoClassifier):
    """Takes its time over every batch."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def predict(self, crops: Crops) -> Logits:
        time.sleep(self._seconds)
        return super().predict(crops)


class CrashingClassifier(EchoClassifier):
    """Raises whenever one of the crops is a ``poison``."""

    def __init__(self, poison: str = "X") -> None:
        super().__init__()
        self._poison = LABELS.index(poison)

    def predict(self, crops: Crops) -> Logits:
        if (crops[:, 0, 0] == self._poison).any():
            raise RuntimeError("out of memory, says the driver")
        return super().predict(crops)


class NanClassifier(EchoClassifier):
    """Answers a ``poison`` with something that is not a number."""

    def __init__(self, poison: str = "X", value: float = float("nan")) -> None:
        super().__init__()
        self._poison, self._value = LABELS.index(poison), value

    def predict(self, crops: Crops) -> Logits:
        logits = super().predict(crops)
        logits[crops[:, 0, 0] == self._poison, 3] = self._value
        return logits


class WrongShapeClassifier(EchoClassifier):
    """Knows fewer classes than its info promises."""

    def predict(self, crops: Crops) -> Logits:
        return super().predict(crops)[:, :-1]


class InProcessEngine:
    """Runs each item here when its result is asked for.

    Without limits: an item that crashes, hangs or takes all memory does that to the caller.
    """

    elsewhere = False

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        del window
        return map(function, items)

    def stage(
        self, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item]
    ) -> Iterator[Result | Lost[Item]]:
        return iter(work(items))

    def close(self) -> None:
        """Nothing to end."""


def box_at(position: int) -> BoundingBox:
    return BoundingBox(30 * position, 10, 30 * position + 20, 40)


def single_chunk(crop: int, position: int = 0, *, crossed_out: bool = False) -> Chunk:
    return Chunk((Candidate(0, 1, box_at(position), crop, crossed_out),))


def segmented_page(
    name: str = "page.png",
    fields: Sequence[str] = (),
    lines: Sequence[str] = (),
    doubt: Sequence[int] | None = None,
) -> SegmentedPage:
    """A page whose fields and lines say this to :class:`EchoClassifier`; a space is a blank cell or a word space.

    ``doubt`` is for the characters of all texts together, without the spaces.
    """
    text = "".join("".join([*fields, *lines]).split())
    crop = iter(range(len(text)))
    cells = tuple(
        SegmentedField(
            "cells",
            BoundingBox(0, 0, 30 * max(len(field), 1), 50),
            tuple(
                SegmentedCell(box_at(i), None if character == " " else single_chunk(next(crop), i))
                for i, character in enumerate(field)
            ),
        )
        for field in fields
    )
    rows = tuple(
        SegmentedLine(tuple(tuple(single_chunk(next(crop), i) for i in range(len(word))) for word in words))
        for words in (line.split() for line in lines)
    )
    geometry = PageGeometry(width=600, height=800, dpi=200, rotation=0, skew=0.0)
    return SegmentedPage(Source(name, sha256="a" * 64), geometry, cells, rows, crops_of(text, doubt))
