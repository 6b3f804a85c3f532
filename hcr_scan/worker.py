"""What runs in workers: one file to its pages, one page to its crops. Nothing here raises; trouble is a value.

A worker imports no more than this module at first, and the parent may too before it loads anything else, so that a
worker is on its way while the parent gets ready.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import time
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hcr_scan.document import PageFailure, Source
from hcr_scan.engines.preparation import preparing
from hcr_scan.errors import MissingDependency, description_of
from hcr_scan.ledger import Remaining
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources import PageImage, PageRef, count_pages, load_page
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.loading import NEEDS_MEMORY
from hcr_scan.sources.pages import SourceError

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template
    from hcr_scan.normalization import CropSpec
    from hcr_scan.remote.copies import LastCopy
    from hcr_scan.segmentation.candidates import SegmentedResult
    from hcr_scan.segmentation.page_model import PageModel

logger = logging.getLogger(__name__)

#: What OpenCV and ONNX Runtime say where Python would raise MemoryError.
_NATIVE_WORDS_FOR_NO_MEMORY = ("Insufficient memory", "bad_alloc", "bad allocation")
#: glibc's M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD, in bytes.
_MALLOC_OPTIONS = ((-1, 256 << 20), (-2, 32 << 20), (-3, 128 << 20))


@dataclass(frozen=True, slots=True)
class ListTask:
    """All a worker needs to list the pages of one file."""

    path: str
    source: SourceSettings
    follow_links: bool = True
    #: Where the file lies, if not under its name.
    place: str | None = None


@dataclass(frozen=True, slots=True)
class PageTask:
    """All a worker needs to segment one page."""

    ref: PageRef
    settings: Settings
    spec: CropSpec
    page_model_path: Path | None = None
    templates: tuple[Template, ...] = ()
    #: Where the page's document lies, if not under its name.
    place: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentedTask:
    """What came of a :class:`PageTask`, and how long it took."""

    result: SegmentedResult
    seconds: float


def prepare_worker() -> None:
    """Import what reading a page needs, so that a worker is ready when its first page comes."""
    import hcr_scan.segmentation.segment
    import hcr_scan.sources.raster  # noqa: F401
    from hcr_scan.onnx_network import onnxruntime

    with contextlib.suppress(MissingDependency):  # the page that needs it says so
        onnxruntime()
    _keep_memory()
    # What is loaded by now stays: to look through it for garbage every few pages is a fortieth of a page's time.
    gc.freeze()


def _keep_memory() -> None:
    """Let this process keep what memory a page took for the next, up to a limit.

    glibc hands large arrays back to the system one by one; to fetch them again, zeroed, is a tenth of a page's time.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # other C libraries have other ways
        set_option = ctypes.CDLL(None).mallopt
        for option, size in _MALLOC_OPTIONS:
            set_option(option, size)


def list_pages(task: ListTask | Remaining | PageFailure) -> tuple[PageRef, ...] | PageFailure:
    """The pages of one file; those that are known already, and what could not be fetched, pass through."""
    if isinstance(task, PageFailure):
        return task
    if isinstance(task, Remaining):
        return task.refs
    try:
        return count_pages(task.path, task.source, follow_links=task.follow_links, place=task.place)
    except Exception as error:
        return failure_of(Source(task.path), "open", error)


_Task = TypeVar("_Task", ListTask, PageTask, Remaining, PageFailure)


def fetched_near(task: _Task, copy: LastCopy | None = None) -> _Task | PageFailure:
    """The task with a copy of its document, on the machine that the worker is on, but not by the worker.

    It is there until the next is asked for. ``copy`` has it; left out, that is this process's own.

    Raises:
        HcrScanError: what keeps all documents from being fetched.
    """
    if isinstance(task, Remaining | PageFailure) or task.place is not None:
        return task
    listed = isinstance(task, ListTask)
    source = Source(task.path) if isinstance(task, ListTask) else task.ref.source
    if not is_remote(source.path):
        return task
    settings = task.source if isinstance(task, ListTask) else task.settings.source
    place = (copy or _last_copy()).of(source.path, settings.max_file_size)
    if isinstance(place, SourceError):
        return PageFailure(source, "open" if listed else "decode", place.code, place.message)
    return replace(task, place=place)


@cache
def _last_copy() -> LastCopy:
    """One a process. Imported here: a worker has no use for what fetches."""
    from hcr_scan.remote.copies import LastCopy

    return LastCopy()


def load_first_page(task: ListTask) -> PageImage | PageFailure | None:
    """The first page of those to read in one file; ``None`` where there is none."""
    pages = list_pages(task)
    if isinstance(pages, PageFailure):
        return pages
    return load_page(pages[0], task.source) if pages else None


def timed_segment_page(task: PageTask | PageFailure) -> SegmentedTask:
    """:func:`segment_page` by the clock; a file that could not be opened passes through."""
    started = time.perf_counter()
    result = task if isinstance(task, PageFailure) else segment_page(task)
    return SegmentedTask(result, time.perf_counter() - started)


def segment_page(task: PageTask) -> SegmentedResult:
    """One page, from file to crops."""
    image = load_page(task.ref, task.settings.source, task.place)
    if isinstance(image, PageFailure):
        return image
    return segment_image(image, task)


def segment_image(image: PageImage, task: PageTask) -> SegmentedResult:
    """One page that is loaded already, to crops: by the template that it matches, if there are any and it does."""
    try:
        # Imported here: the parent of a run never looks at pixels.
        from hcr_scan.segmentation.segment import segment

        if task.templates:
            from hcr_scan.forms.reading import segment_form

            _prepare(task.templates)
            found = segment_form(image, task.templates, task.spec)
            if found is not None:
                return found
        return segment(image, task.settings.layout, task.spec, loaded_page_model(task.page_model_path, task.spec.size))
    except Exception as error:
        logger.debug("segmenting %s failed", image.ref, exc_info=True)
        return failure_of(image.ref.source, "segment", error)


def failure_of(source: Source, stage: str, error: Exception) -> PageFailure:
    """A page's failure that nobody foresaw, or for want of memory."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NATIVE_WORDS_FOR_NO_MEMORY):
        return PageFailure(source, stage, "memory", NEEDS_MEMORY)
    return PageFailure(source, stage, "internal", f"met a mistake of the program ({description_of(error)}); report it")


def _prepare(templates: tuple[Template, ...]) -> None:
    """Make the blanks ready with the first page: of a folder of forms that takes longer than a page may."""
    from hcr_scan.forms.prepared_pages import prepared_pages

    ids = tuple(template.sha256 for template in templates)
    if ids not in _prepared:
        _prepared.add(ids)
        with preparing():
            prepared_pages(templates)


_prepared: set[tuple[str, ...]] = set()


@lru_cache(maxsize=1)
def loaded_page_model(path: Path | None, size: int) -> PageModel | None:
    """The network in a file, that reads crops of this size, loaded once a process: in a worker with its first page.

    Raises:
        ModelError: it cannot be used.
    """
    if path is None:
        return None
    from hcr_scan.segmentation.page_model import PageModel

    return PageModel.load(path, size)
