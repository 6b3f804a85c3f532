"""One review, from an earlier scan's journal to the end of the server."""

from __future__ import annotations

import contextlib
import getpass
import shlex
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hcr_scan.cli.earlier import images_of, templates_of
from hcr_scan.cli.outputs import open_earlier, remembered_output, remembered_request, tell_unfinished
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import SUFFIX
from hcr_scan.review.indexing import Indexed, index
from hcr_scan.review.items import Filter
from hcr_scan.review.page_images import PageImages, prepare_pictures
from hcr_scan.review.selection import Selection, remembered
from hcr_scan.review.server.application import Review, application
from hcr_scan.review.server.security import new_token
from hcr_scan.review.server.serving import HOST, listening, serve
from hcr_scan.review.server.telling import Teller
from hcr_scan.review.server.wording import FieldWords
from hcr_scan.review.standing import standing
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import review_path
from hcr_scan.sinks.formats import SUFFIXES
from hcr_scan.sinks.sink import OutputOptions
from hcr_scan.sinks.targets import is_address, is_database, without_password
from hcr_scan.sources.pages import printable

#: Pictures made at a time; more wait.
PICTURE_THREADS = 4
#: So many fields have their pages decoded before the page is opened.
FIRST_FIELDS = 2


def review_scan(scanned: str, options: dict[str, Any]) -> ExitCode:
    """Serve the review of a scan until it is ended."""
    listener = listening(options["port"])
    with contextlib.closing(listener), contextlib.ExitStack() as stack:
        journal, target = open_earlier(scanned)
        base = journal.base
        # The journal is let go of before people begin, so that the scan can be exported and retried meanwhile.
        with journal:
            identity, request = journal.identity, remembered_request(journal)
            tell_unfinished(journal)
            # Its workers get ready while the journal is gone through.
            images = stack.enter_context(contextlib.closing(images_of(identity, options)))
            store = stack.enter_context(ReviewStore(review_path(base)))
            _tell(index(journal, store, _selection(options, store)))
        _set_passes(store, options["passes"])
        threads = stack.enter_context(ThreadPoolExecutor(PICTURE_THREADS, "pictures"))
        review = Review(
            store, images, Teller(FieldWords(*templates_of(identity, request))), threads,
            printable(Path(base).name), _next_command(base, target, remembered_output(request["output"])),
            options["reviewer"] or _login(),
        )  # fmt: skip
        token, port = new_token(), listener.getsockname()[1]

        def invite() -> None:
            _make_ready(store, images, threads)
            _invite(f"http://{HOST}:{port}/?token={token}", options["open_browser"])

        code = serve(application(review, token, port), listener, invite)
        images.close()
        click.echo(f"{standing(store)}; next: {review.apply}", err=True)
        return code


def _make_ready(store: ReviewStore, images: PageImages, threads: Executor) -> None:
    """Have the pages of the first fields decoded by the time that the browser asks for them."""
    prepare_pictures()
    for item in store.queue(Filter(), limit=FIRST_FIELDS):
        threads.submit(images.pixels, item.page)


def _selection(options: dict[str, Any], store: ReviewStore) -> Selection | None:
    """What needs a look: what is not said is as it was the last time, and ``None`` where nothing is said."""
    if not options["accept_above"] and options["audit"] is None:
        return None
    said, before = Selection.of_options(options["accept_above"], options["audit"], options["seed"]), remembered(store)
    if not options["accept_above"]:
        return replace(before, audit=said.audit)
    return replace(said, audit=before.audit) if options["audit"] is None else said


def _set_passes(store: ReviewStore, passes: int | None) -> None:
    """How often each field is entered from now on; ``None`` is as often as before."""
    if passes is None or passes == store.passes:
        return
    store.passes = passes
    once = standing(store).once
    if once:
        click.echo(
            f"each field is entered twice now; the {once:,} entered so far count as the first entry, "
            "and are decided with the second",
            err=True,
        )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _next_command(base: str, target: str, output: OutputOptions) -> str:
    """What puts the decisions into another output of its kind, or into the rows of a database."""
    if is_database(target):
        final = shlex.quote(without_password(target))
    elif output.folder:
        final = f"final/ --format {output.format.value}"
    else:
        final = f"final{SUFFIXES[output.format]}"
    return f"hcr-scan apply {shlex.quote(printable(base) + (SUFFIX if is_address(target) else ''))} -o {final}"


def _tell(result: Indexed) -> None:
    click.echo(f"{result.selected:,} fields need a look", err=True)
    if result.dropped:
        click.echo(f"{result.dropped:,} decisions were dropped: their fields read otherwise now", err=True)


def _invite(address: str, open_browser: bool) -> None:
    click.echo(f"review at {address}\nCtrl-C ends it; every decision is saved", err=True)
    if open_browser:
        import webbrowser

        webbrowser.open(address)
