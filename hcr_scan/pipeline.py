"""The main job: pages in, text out, in order, in as little memory as one window of pages takes.

Two pull generators do it: workers segment pages a few ahead, and the parent fills batches of crops across page and
document borders and hands the pages back whole and in order. Asking for the next result is the back-pressure.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from hcr_scan.assembly.pages import assemble_page
from hcr_scan.classification import ClassifiedPage, classify_pages
from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.engines.base import Engine, Lost
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import UsageError
from hcr_scan.ledger import Ledger, Remaining
from hcr_scan.model.classifier import Classifier
from hcr_scan.model.probabilities import check_charset
from hcr_scan.remote.copies import AHEAD as FETCHES
from hcr_scan.remote.copies import Copies, Document
from hcr_scan.remote.listing import find_objects
from hcr_scan.segmentation.candidates import SegmentedResult
from hcr_scan.settings import Settings
from hcr_scan.sources import PageImage, PageRef, check_settings, find_inputs
from hcr_scan.sources.addresses import is_below, is_remote, plain_name
from hcr_scan.sources.listing import AHEAD, Listing
from hcr_scan.sources.pages import SourceError
from hcr_scan.worker import (
    ListTask,
    PageTask,
    failure_of,
    list_pages,
    loaded_page_model,
    prepare_worker,
    segment_image,
    timed_segment_page,
)

if TYPE_CHECKING:
    from hcr_scan.forms.template import Template

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reader:
    """What is done with segmented pages, of which it gives as many, in their order. It goes to where that is done."""

    classifier: Classifier
    settings: Settings
    templates: Sequence[Template] = ()

    def __call__(self, segmented: Iterable[SegmentedResult]) -> Iterator[PageResult]:
        classifier, settings = self.classifier, self.settings
        for page in classify_pages(segmented, classifier, settings.batch_size):
            yield page if isinstance(page, PageFailure) else _assembled(page, classifier, settings, self.templates)


#: Told of each page as it leaves its worker: where it is from and how many seconds it took there.
Observer = Callable[[Source, float], None]


def transcribe(
    inputs: str | Path | Iterable[str | Path],
    classifier: Classifier,
    settings: Settings | None = None,
    engine: Engine | None = None,
    observer: Observer | None = None,
    stdin: TextIO | None = None,
    templates: Sequence[Template] = (),
    ledger: Ledger | None = None,
) -> Generator[PageResult, None, None]:
    """Every page of the inputs, in order: read, or the reason it could not be.

    Nothing happens until the first result is asked for, and pages are worked on only a few ahead of the one asked for,
    so it is the same call for one page and for a million.

    >>> from hcr_scan import PageFailure, SourceSettings, Settings, load_classifier, transcribe
    >>> settings = Settings(source=SourceSettings(pages="2"), jobs=2)
    >>> pages = transcribe(["examples/forms/orders.tif", "examples/truth.json"], load_classifier(), settings)
    >>> for page in pages:
    ...     if isinstance(page, PageFailure):
    ...         print(page.stage, page.error, page.message)
    ...     else:
    ...         print(page.status.value, page.fields[1].value, page.fields[1].confidence > 0.5)
    review 70420 True
    open not_an_image is neither an image nor a PDF; leave it out

    Args:
        inputs: Files, folders, glob patterns and addresses (``s3://bucket/in``); ``-`` is a list of names on ``stdin``.
        classifier: From :func:`hcr_scan.load_classifier`.
        settings: All choices; the defaults of the command line, on one job, where left out.
        engine: Where pages are segmented; made for ``settings.jobs``, and closed at the end, where left out.
        observer: Called for each page that leaves its worker.
        stdin: What ``-`` among the inputs reads.
        templates: Forms that pages may be of; each page is held against all of them.
        ledger: Told of each document and page before it is read; may leave some out, or end the run early.

    Raises:
        InputError: there is nothing to read.
        ModelError: the network that finds writing cannot be used.
        UsageError: the settings cannot be meant, or the model cannot read the characters that they or a template name.
        MissingDependency: the chosen PDF renderer, or what an object store needs, is not installed.
    """
    settings = settings or Settings()
    check_settings(settings.source)
    check_model(classifier, settings, templates)
    given = [inputs] if isinstance(inputs, (str, Path)) else inputs
    arguments = [plain_name(str(argument)) for argument in given]
    ledger = ledger or Ledger()

    def listing() -> Listing:
        passed_over: Counter[str] = Counter()
        names = find_inputs(
            arguments,
            stdin,
            follow_links=settings.source.follow_links,
            passed_over=passed_over,
            find_objects=find_objects,
        )
        return Listing(names, 1 if "-" in arguments else AHEAD, passed_over)

    own_engine = engine is None
    engine = engine or local_engine(settings.jobs, prepare_worker, settings.limits)
    try:
        segmented = segment_pages(
            ledger.documents(listing), classifier, settings, engine, observer, tuple(templates), set(arguments), ledger
        )
        for page in engine.stage(Reader(classifier, settings, tuple(templates)), segmented):
            yield _failure_of(page, page.item.source, "classify") if isinstance(page, Lost) else page
    finally:
        if own_engine:
            engine.close()


def check_model(classifier: Classifier, settings: Settings, templates: Sequence[Template]) -> None:
    """Stop before the first page for what would fail, or never be read, on every one.

    Raises:
        ModelError: the network that finds writing cannot be used.
        UsageError: the settings, or a field of a template, name characters that the model does not know.
    """
    loaded_page_model(classifier.page_model, classifier.info.crop_spec.size)
    check_charset(classifier.info.labels, settings.charset)
    for template in templates:
        from hcr_scan.forms.knowledge.languages import check_readable

        for field in template.fields:
            try:
                check_readable(field.knowledge, settings.charset, classifier.info.characters)
            except ValueError as error:
                raise UsageError(f"{template.path or template.id}: {field.name}: {error}") from None


def segment_pages(
    documents: Iterable[Document],
    classifier: Classifier,
    settings: Settings,
    engine: Engine,
    observer: Observer | None = None,
    templates: tuple[Template, ...] = (),
    named: Collection[str] = (),
    ledger: Ledger | None = None,
) -> Iterator[SegmentedResult]:
    """Every page of the files, in order, segmented by the engine's workers; files are opened only in workers too.

    Links are followed among those ``named`` by the user, and elsewhere if the settings say so.
    """
    source, ledger = settings.source, ledger or Ledger()
    spec, page_model = classifier.info.crop_spec, classifier.page_model
    with _copies(iter(documents), named, settings, elsewhere=engine.elsewhere) as copies:

        def listing(path: str) -> ListTask | PageFailure:
            place = copies.of(path)
            if isinstance(place, SourceError):
                return PageFailure(Source(path), "open", place.code, place.message)
            return ListTask(path, source, source.follow_links or path in named, place)

        def page(ref: PageRef) -> PageTask | PageFailure:
            place = copies.of(ref.path)
            if isinstance(place, SourceError):
                return PageFailure(ref.source, "decode", place.code, place.message)
            return PageTask(ref, settings, spec, page_model, templates, place)

        while copies.left and not ledger.stopping():
            # While the ledger suspects some page, one at a time; then as many as the engine takes.
            window = 1 if ledger.careful else None
            listings = _listings(_while(copies, window, ledger), listing, engine, window)
            for outcome in engine.map(timed_segment_page, _tasks(listings, page, ledger), window):
                if isinstance(outcome, Lost) and ledger.stopping():
                    # What stops a run may have been sent to its workers as well: that is not the page's fault.
                    return
                result = _lost(outcome) if isinstance(outcome, Lost) else outcome.result
                ledger.returned(result.source)
                copies.done_before(result.source.path)
                if observer is not None and not isinstance(outcome, Lost):
                    observer(result.source, outcome.seconds)
                yield result
            copies.done()


def _copies(documents: Iterator[Document], named: Collection[str], settings: Settings, *, elsewhere: bool) -> Copies:
    """The documents with copies of those that have to be fetched: what was named, or is in it."""
    source, addresses = settings.source, [name for name in named if is_remote(name)]

    def followed(name: str) -> bool:
        return source.follow_links or any(is_below(name, address) for address in addresses)

    # A list may be written while it is read: there the next name is not waited for.
    ahead = FETCHES if addresses and "-" not in named else 1
    return Copies(documents, source.max_file_size, followed, ahead, elsewhere=elsewhere)


def read_page(
    image: PageImage, classifier: Classifier, settings: Settings, templates: Sequence[Template] = ()
) -> PageResult:
    """One page that is loaded already, read in this process."""
    task = PageTask(image.ref, settings, classifier.info.crop_spec, classifier.page_model, tuple(templates))
    (page,) = Reader(classifier, settings, templates)([segment_image(image, task)])
    return page


def _assembled(
    page: ClassifiedPage, classifier: Classifier, settings: Settings, templates: Sequence[Template]
) -> PageResult:
    try:
        if templates:
            # Imported here: runs without templates, which are most, start sooner.
            from hcr_scan.assembly.forms import assemble_form_page

            return assemble_form_page(page.segmented, page.logits, classifier.info, settings, templates)
        return assemble_page(page.segmented, page.logits, classifier.info, settings)
    except Exception as error:
        logger.debug("assembling %s failed", page.segmented.source, exc_info=True)
        return failure_of(page.segmented.source, "assemble", error)


def _while(copies: Copies, window: int | None, ledger: Ledger) -> Iterator[Document]:
    """The documents as long as they are to be gone on with so; one that is not given is left for others."""
    while copies.going_on() and not ledger.stopping() and (window is None or ledger.careful):
        document = next(copies, None)
        if document is None:
            return
        yield document


_Listing = tuple[PageRef, ...] | PageFailure | Lost[ListTask | Remaining | PageFailure]


def _listings(
    documents: Iterable[Document], task_of: Callable[[str], ListTask | PageFailure], engine: Engine, window: int | None
) -> Iterator[tuple[Document, _Listing]]:
    """Each document with what a worker found in it."""
    under_way: deque[Document] = deque()

    def tasks() -> Iterator[ListTask | Remaining | PageFailure]:
        for document in documents:
            under_way.append(document)
            yield task_of(document) if isinstance(document, str) else document

    for listing in engine.map(list_pages, tasks(), window):
        yield under_way.popleft(), listing


def _tasks(
    listings: Iterable[tuple[Document, _Listing]], task_of: Callable[[PageRef], PageTask | PageFailure], ledger: Ledger
) -> Iterator[PageTask | PageFailure]:
    """A task for each page; files that could not be opened keep their place as failures."""
    for document, listing in listings:
        if isinstance(document, Remaining):
            refs = document.refs
        elif isinstance(listing, Lost):
            if not ledger.stopping():
                yield _failure_of(listing, Source(document), "open")
            continue
        elif isinstance(listing, PageFailure):
            yield listing
            continue
        else:
            refs = ledger.listed(document, listing)
        for ref in refs:
            if ledger.stopping():
                return
            yield ledger.claim(ref) or task_of(ref)


def _lost(lost: Lost[PageTask | PageFailure]) -> PageFailure:
    if isinstance(lost.item, PageFailure):
        return lost.item
    return _failure_of(lost, lost.item.ref.source, "segment")


def _failure_of(lost: Lost[Any], source: Source, stage: str) -> PageFailure:
    return PageFailure(source, stage, lost.error, lost.reason)
