"""Crops of many pages read in batches: pages go in, and come out in the same order with the logits of their crops."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hcr_scan.document import PageFailure
from hcr_scan.errors import HcrScanError, ModelError, description_of
from hcr_scan.model.classifier import Classifier, Crops
from hcr_scan.model.probabilities import Logits
from hcr_scan.segmentation.candidates import SegmentedPage, SegmentedResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClassifiedPage:
    """A segmented page and the logits of its crops, float32 ``(n, classes)``, row for row."""

    segmented: SegmentedPage
    logits: Logits


def classify_pages(
    segmented: Iterable[SegmentedResult], classifier: Classifier, batch_size: int
) -> Iterator[ClassifiedPage | PageFailure]:
    """The same pages, in the same order, with the logits of their crops; what could not be segmented passes through.

    Batches are filled across page and document borders. A page whose crops the classifier cannot take is a failure of
    its own: the batch it was in is asked again page by page.
    """
    waiting: deque[_Pending] = deque()
    unread = 0
    for result in segmented:
        waiting.append(_Pending.of(result, len(classifier.info.labels)))
        unread += waiting[-1].unread
        # Pages without a crop fill no batch, so their number is bounded too.
        while unread and (unread >= batch_size or len(waiting) > batch_size):
            _read_batch(waiting, classifier, batch_size)
            unread = sum(page.unread for page in waiting)
        while waiting and not waiting[0].unread:
            yield waiting.popleft().outcome()
    while any(page.unread for page in waiting):
        _read_batch(waiting, classifier, batch_size)
    yield from (page.outcome() for page in waiting)


@dataclass(slots=True)
class _Pending:
    """A page on its way through the classifier: the first ``read`` of its crops have logits."""

    result: SegmentedResult
    logits: Logits
    read: int = 0

    @classmethod
    def of(cls, result: SegmentedResult, classes: int) -> _Pending:
        count = len(result.crops) if isinstance(result, SegmentedPage) else 0
        return cls(result, np.empty((count, classes), np.float32))

    @property
    def unread(self) -> int:
        return 0 if isinstance(self.result, PageFailure) else len(self.logits) - self.read

    def crops(self, count: int) -> Crops:
        assert isinstance(self.result, SegmentedPage)
        return self.result.crops[self.read : self.read + count]

    def accept(self, logits: Logits) -> None:
        """Take the logits of the next crops; logits that are not numbers fail the page."""
        if np.isfinite(logits).all():
            self.logits[self.read : self.read + len(logits)] = logits
            self.read += len(logits)
        else:
            self.fail("not_finite", "got no numbers from the model; report the page, or try --engine keras")

    def fail(self, error: str, message: str) -> None:
        self.result = PageFailure(self.result.source, "classify", error, message)

    def outcome(self) -> ClassifiedPage | PageFailure:
        return self.result if isinstance(self.result, PageFailure) else ClassifiedPage(self.result, self.logits)


def _read_batch(waiting: Iterable[_Pending], classifier: Classifier, batch_size: int) -> None:
    """Read the next ``batch_size`` crops, or all there are."""
    parts: list[tuple[_Pending, Crops]] = []
    room = batch_size
    for page in waiting:
        if page.unread and room:
            parts.append((page, page.crops(room)))
            room -= len(parts[-1][1])
    if len(parts) > 1:
        try:
            logits = _predict(classifier, np.concatenate([crops for _, crops in parts]))
        except HcrScanError:
            raise
        except Exception:
            logger.debug("the classifier failed on a batch; asking page by page", exc_info=True)
        else:
            start = 0
            for page, crops in parts:
                page.accept(logits[start : start + len(crops)])
                start += len(crops)
            return
    for page, crops in parts:
        _read_alone(page, crops, classifier)


def _read_alone(page: _Pending, crops: Crops, classifier: Classifier) -> None:
    try:
        page.accept(_predict(classifier, crops))
    except HcrScanError:
        raise
    except Exception as error:
        logger.debug("the classifier failed on %s", page.result.source, exc_info=True)
        page.fail("classifier", f"could not be classified ({description_of(error)}); report this page")


def _predict(classifier: Classifier, crops: Crops) -> Logits:
    logits = classifier.predict(crops)
    expected = (len(crops), len(classifier.info.labels))
    if logits.shape != expected:
        raise ModelError(f"the classifier answered with shape {logits.shape} instead of {expected}; export it again")
    return logits
