"""The main job: pages in, text out, in order, in as little memory as one window of pages takes.

Two pull generators do it: workers segment pages a few ahead, and the parent fills batches of crops across page and
document borders and hands the pages back whole and in order. Asking for the next result is the back-pressure.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from hcr_scan.assembly import assemble_page
from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import HcrScanError, ModelError
from hcr_scan.model.classifier import Classifier, Crops
from hcr_scan.model.probabilities import Logits, check_charset
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.candidates import SegmentedPage, SegmentedResult
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources import PageImage, PageRef, check_settings, count_pages, find_inputs, load_page

if TYPE_CHECKING:
    from hcr_scan.segmentation.page_model import PageModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageTask:
    """All a worker needs to segment one page."""

    ref: PageRef
    settings: Settings
    spec: CropSpec
    page_model_path: Path | None = None


@dataclass(frozen=True, slots=True)
class SegmentedTask:
    """What came of a :class:`PageTask`, and how long it took."""

    result: SegmentedResult
    seconds: float


@dataclass(frozen=True, slots=True)
class ClassifiedPage:
    """A segmented page and the logits of its crops, float32 ``(n, classes)``, row for row."""

    segmented: SegmentedPage
    logits: Logits


#: Told of each page as it leaves its worker: where it is from and how many seconds it took there.
Observer = Callable[[Source, float], None]


def transcribe(
    inputs: str | Path | Iterable[str | Path],
    classifier: Classifier,
    settings: Settings | None = None,
    engine: Engine | None = None,
    observer: Observer | None = None,
    stdin: TextIO | None = None,
) -> Generator[PageResult, None, None]:
    """Every page of the inputs, in order: read, or the reason it could not be.

    Nothing happens until the first result is asked for, and pages are worked on only a few ahead of the one asked for,
    so it is the same call for one page and for a million.

    Args:
        inputs: Files, folders and glob patterns; ``-`` is a list of names on ``stdin``.
        classifier: From :func:`hcr_scan.load_classifier`.
        settings: All choices; the defaults of the command line, on one job, where left out.
        engine: Where pages are segmented; made for ``settings.jobs``, and closed at the end, where left out.
        observer: Called for each page that leaves its worker.
        stdin: What ``-`` among the inputs reads.

    Raises:
        InputError: there is nothing to read.
        UsageError: the settings cannot be meant, or name characters the model does not know.
        MissingDependency: the chosen PDF renderer is not installed.
    """
    settings = settings or Settings()
    check_settings(settings.source)
    check_charset(classifier.info.labels, settings.charset)
    arguments = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    paths = find_inputs([str(argument) for argument in arguments], stdin)
    own_engine = engine is None
    engine = engine or local_engine(settings.jobs, prepare_worker)
    try:
        segmented = segment_pages(paths, classifier, settings, engine, observer)
        for page in classify_pages(segmented, classifier, settings.batch_size):
            yield page if isinstance(page, PageFailure) else _assembled(page, classifier, settings)
    finally:
        if own_engine:
            engine.close()


def segment_pages(
    paths: Iterable[str],
    classifier: Classifier,
    settings: Settings,
    engine: Engine,
    observer: Observer | None = None,
) -> Iterator[SegmentedResult]:
    """Every page of the files, in order, segmented by the engine's workers; files are opened only in workers too."""
    listings = engine.map(_list_pages, (_ListTask(path, settings.source) for path in paths))
    tasks = _tasks(listings, settings, classifier.info.crop_spec, classifier.page_model)
    for outcome in engine.map(_timed, tasks):
        if isinstance(outcome, Lost):
            yield _lost(outcome)
            continue
        if observer is not None:
            observer(outcome.result.source, outcome.seconds)
        yield outcome.result


def prepare_worker() -> None:
    """Import what segmenting needs, so that a worker is ready when its first page comes."""
    import hcr_scan.segmentation.segment  # noqa: F401


def segment_page(task: PageTask) -> SegmentedResult:
    """One page, from file to crops: the function that runs in workers. It never raises."""
    image = load_page(task.ref, task.settings.source)
    if isinstance(image, PageFailure):
        return image
    return _segmented(image, task.settings, task.spec, task.page_model_path)


def read_page(image: PageImage, classifier: Classifier, settings: Settings) -> PageResult:
    """One page that is loaded already, read in this process."""
    segmented = _segmented(image, settings, classifier.info.crop_spec, classifier.page_model)
    (page,) = classify_pages([segmented], classifier, settings.batch_size)
    return page if isinstance(page, PageFailure) else _assembled(page, classifier, settings)


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
            self.fail("not_finite", "the model's answer is not a number; report the page, or try --engine keras")

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
        page.fail("classifier", f"the classifier failed on this page: {_describe(error)}")


def _predict(classifier: Classifier, crops: Crops) -> Logits:
    logits = classifier.predict(crops)
    expected = (len(crops), len(classifier.info.labels))
    if logits.shape != expected:
        raise ModelError(f"the classifier answered with shape {logits.shape} instead of {expected}; export it again")
    return logits


def _segmented(image: PageImage, settings: Settings, spec: CropSpec, page_model: Path | None) -> SegmentedResult:
    try:
        # Imported here: the parent of a run never looks at pixels.
        from hcr_scan.segmentation.segment import segment

        return segment(image, settings.layout, spec, _page_model(page_model))
    except Exception as error:
        logger.debug("segmenting %s failed", image.ref, exc_info=True)
        return _failure(image.ref.source, "segment", error)


def _assembled(page: ClassifiedPage, classifier: Classifier, settings: Settings) -> PageResult:
    try:
        return assemble_page(page.segmented, page.logits, classifier.info, settings)
    except Exception as error:
        logger.debug("assembling %s failed", page.segmented.source, exc_info=True)
        return _failure(page.segmented.source, "assemble", error)


@dataclass(frozen=True, slots=True)
class _ListTask:
    path: str
    source: SourceSettings


def _list_pages(task: _ListTask) -> tuple[PageRef, ...] | PageFailure:
    """The pages of one file; runs in workers, since it opens the file."""
    try:
        return count_pages(task.path, task.source)
    except Exception as error:
        return _failure(Source(task.path), "open", error)


def _tasks(
    listings: Iterable[tuple[PageRef, ...] | PageFailure | Lost[_ListTask]],
    settings: Settings,
    spec: CropSpec,
    page_model: Path | None,
) -> Iterator[PageTask | PageFailure]:
    """A task for each page; files that could not be opened keep their place as failures."""
    for listing in listings:
        if isinstance(listing, Lost):
            yield PageFailure(Source(listing.item.path), "open", "worker_died", listing.reason)
        elif isinstance(listing, PageFailure):
            yield listing
        else:
            yield from (PageTask(ref, settings, spec, page_model) for ref in listing)


def _timed(task: PageTask | PageFailure) -> SegmentedTask:
    started = time.perf_counter()
    result = task if isinstance(task, PageFailure) else segment_page(task)
    return SegmentedTask(result, time.perf_counter() - started)


def _lost(lost: Lost[PageTask | PageFailure]) -> PageFailure:
    if isinstance(lost.item, PageFailure):
        return lost.item
    return PageFailure(lost.item.ref.source, "segment", "worker_died", lost.reason)


def _failure(source: Source, stage: str, error: Exception) -> PageFailure:
    return PageFailure(source, stage, "internal", f"{_describe(error)}; please report this page")


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@lru_cache(maxsize=1)
def _page_model(path: Path | None) -> PageModel | None:
    """One page model a worker process, loaded with its first page."""
    if path is None:
        return None
    from hcr_scan.segmentation.page_model import PageModel

    return PageModel.load(path)
