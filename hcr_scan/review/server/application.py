"""The application: what is asked for at which address, and what is answered."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hcr_scan.document import Verdict
from hcr_scan.errors import HcrScanError
from hcr_scan.review.glyph_store import GlyphPosition
from hcr_scan.review.items import Item, ItemPage
from hcr_scan.review.page_images import NoPixels, PageImages
from hcr_scan.review.server.requests import (
    MOST_GIVEN,
    BadRequest,
    DecisionRequest,
    body_of,
    decision_of,
    filter_of,
    glyphs_of,
    number_of,
    pass_of,
    text_of,
)
from hcr_scan.review.server.security import Guard
from hcr_scan.review.server.telling import Teller, crop_box, glyph_crop_box, glyph_of, totals_of
from hcr_scan.review.store import ReviewStore
from hcr_scan.sources.pages import printable

STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class NotThere(Exception):
    """There is no such item, glyph or page."""


@dataclass(slots=True)
class Review:
    """What the application works on.

    All that is asked of ``store`` is asked on the event loop's thread, which must be the one that opened it; pictures
    are made by ``threads``, so that a page that takes long keeps nobody from deciding. ``name`` is what is reviewed,
    ``apply`` the command that comes after the review, ``reviewer`` who reviews unless the page says otherwise.
    """

    store: ReviewStore
    images: PageImages
    teller: Teller
    threads: Executor
    name: str
    apply: str
    reviewer: str = ""
    clock: Callable[[], float] = time.time
    #: Files by the keys that stand for them in the page.
    paths: dict[str, str] = field(default_factory=dict)
    #: What the page consists of, by name.
    files: dict[str, bytes] = field(default_factory=lambda: {path.name: path.read_bytes() for path in STATIC.iterdir()})

    # What the page asks for

    async def page(self, request: Request) -> Response:
        del request
        return self._file("index.html")

    async def static(self, request: Request) -> Response:
        return self._file(request.path_params["name"])

    def _file(self, name: str) -> Response:
        """One of our own files, all of which are in memory: a name is a key and no path."""
        if name not in self.files:
            raise NotThere("there is no such file")
        return Response(self.files[name], media_type=_MEDIA_TYPES[Path(name).suffix])

    async def session(self, request: Request) -> Response:
        del request
        return JSONResponse(
            {"name": self.name, "passes": self.store.passes, "reviewer": self.reviewer, "apply": self.apply}
        )

    async def totals(self, request: Request) -> Response:
        return JSONResponse(totals_of(self.store.totals(pass_of(request.query_params.get("pass")))))

    async def queue(self, request: Request) -> Response:
        query = request.query_params
        pass_, limit = pass_of(query.get("pass")), min(number_of(query.get("limit", "20")), MOST_GIVEN)
        after = self._item(query["after"]).position if "after" in query else None
        items = self.store.queue(filter_of(query, self.paths), pass_, after, limit)
        return JSONResponse({"items": [self.teller.item(item, pass_) for item in items]})

    async def item(self, request: Request) -> Response:
        item = self._item(request.path_params["item"])
        return JSONResponse(self.teller.item(item, pass_of(request.query_params.get("pass"))))

    async def choices(self, request: Request) -> Response:
        pass_ = pass_of(request.query_params.get("pass"))
        names = [{"value": name, "text": name, "open": count} for name, count in self.store.names(pass_)]
        paths = []
        for path, count in self.store.paths(pass_):
            key = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
            self.paths[key] = path
            paths.append({"value": key, "text": printable(path), "open": count})
        return JSONResponse({"name": names, "path": paths})

    async def groups(self, request: Request) -> Response:
        found = self.store.glyph_groups(pass_=pass_of(request.query_params.get("pass")))
        return JSONResponse({"groups": [{"text": text, "count": count} for text, count in found]})

    async def glyphs(self, request: Request) -> Response:
        query = request.query_params
        after = None
        if "after_item" in query:
            item, number = self._glyph(query["after_item"], query.get("after_index"))
            after = GlyphPosition(item.glyphs[number].confidence, item.id, number)
        limit = min(number_of(query.get("limit", "48")), MOST_GIVEN)
        found = self.store.glyphs(text_of(query.get("character"), 2), after, limit, pass_of(query.get("pass")))
        return JSONResponse({"glyphs": [glyph_of(glyph) for glyph in found]})

    # Pictures

    async def crop(self, request: Request) -> Response:
        item = self._item(request.path_params["item"])
        return await self._picture("image/png", lambda: self.images.crop(item.page, crop_box(item)))

    async def glyph_crop(self, request: Request) -> Response:
        item, number = self._glyph(request.path_params["item"], request.path_params["number"])
        return await self._picture("image/png", lambda: self.images.crop(item.page, glyph_crop_box(item, number)))

    async def page_picture(self, request: Request) -> Response:
        page = self._page(request.path_params["page"])
        return await self._picture("image/jpeg", lambda: self.images.picture(page))

    # What is decided

    async def decide(self, request: Request) -> Response:
        said = decision_of(await body_of(request))
        item = self._item(said.item)
        corrected = said.verdict is Verdict.CORRECTED
        value = self.teller.rules.delivered(said.value, item) if corrected else said.value
        contradicted = self._contradicted(item, said, value)
        if corrected and not said.nevertheless:
            # The person has the last word, but knows then what they say.
            broken = " ".join(filter(None, (self.teller.broken(item, said.value), contradicted)))
            if broken:
                return JSONResponse({"broken": broken})
        typed = said.value if value != said.value and corrected else None
        self.store.decide(said.item, said.pass_, said.reviewer, said.verdict, value, self.clock(), typed)
        totals = totals_of(self.store.totals(said.pass_))
        return JSONResponse({"totals": totals, "value": value, "contradicted": "" if corrected else contradicted})

    def _contradicted(self, item: Item, said: DecisionRequest, value: str) -> str:
        """Which rules between fields a decision breaks with those made before, in words."""
        if said.verdict is Verdict.UNREADABLE or not self.teller.rules.ties(item.page.template, item.name):
            return ""
        value = {Verdict.ACCEPTED: item.value, Verdict.BLANK: ""}.get(said.verdict, value)
        return self.teller.contradicted(item, value, self.store.page_items(item.page.id), said.pass_)

    async def decide_glyphs(self, request: Request) -> Response:
        said = glyphs_of(await body_of(request))
        for number, index, _ in said.glyphs:
            self._glyph(number, index)
        left = 0

        def allowed(item: Item, value: str) -> bool:
            """What breaks a rule is looked at field by field, where a person is told."""
            nonlocal left
            broken = self.teller.broken(item, value)
            if not broken and self.teller.rules.ties(item.page.template, item.name):
                fellows = self.store.page_items(item.page.id)
                broken = self.teller.contradicted(item, value, fellows, said.pass_)
            left += bool(broken)
            return not broken

        self.store.decide_glyphs(said.glyphs, said.pass_, said.reviewer, self.clock(), allowed)
        return JSONResponse({"totals": totals_of(self.store.totals(said.pass_)), "left": left})

    async def undo(self, request: Request) -> Response:
        values = await body_of(request)
        pass_ = pass_of(values.get("pass"))
        number = self.store.undo(text_of(values.get("reviewer"), 100), pass_)
        item = None if number is None else self.teller.item(self._item(number), pass_)
        return JSONResponse({"item": item, "totals": totals_of(self.store.totals(pass_))})

    def _item(self, number: object) -> Item:
        try:
            return self.store.item(number_of(number))
        except KeyError as error:
            raise NotThere("there is no such field (any more); load the page again") from error

    def _glyph(self, number: object, index: object) -> tuple[Item, int]:
        item, place = self._item(number), number_of(index)
        if place >= len(item.glyphs):
            raise NotThere("there is no such character (any more); load the page again")
        return item, place

    def _page(self, number: object) -> ItemPage:
        try:
            return self.store.page(number_of(number))
        except KeyError as error:
            raise NotThere("there is no such page (any more); load the page again") from error

    async def _picture(self, kind: str, make: Callable[[], bytes]) -> Response:
        data = await asyncio.get_running_loop().run_in_executor(self.threads, make)
        return Response(data, media_type=kind)


def application(review: Review, token: str, port: int) -> ASGIApp:
    """The whole application, behind its guard."""
    routes = [
        Route("/", review.page),
        Route("/api/session", review.session),
        Route("/api/totals", review.totals),
        Route("/api/queue", review.queue),
        Route("/api/choices", review.choices),
        Route("/api/groups", review.groups),
        Route("/api/glyphs", review.glyphs),
        Route("/api/items/{item}", review.item),
        Route("/api/items/{item}/crop.png", review.crop),
        Route("/api/items/{item}/glyphs/{number}.png", review.glyph_crop),
        Route("/api/pages/{page}.jpg", review.page_picture),
        Route("/api/decisions", review.decide, methods=["POST"]),
        Route("/api/glyphs", review.decide_glyphs, methods=["POST"]),
        Route("/api/undo", review.undo, methods=["POST"]),
        Route("/static/{name}", review.static),
    ]
    handlers = {
        BadRequest: _told(400),
        NotThere: _told(404),
        NoPixels: _told(410),
        HcrScanError: _told(500),
    }
    return Guard(Starlette(routes=routes, exception_handlers=handlers), token, port)


def _told(status: int) -> Callable[[Request, Exception], Response]:
    """Says what went wrong, as JSON."""

    def handler(request: Request, error: Exception) -> Response:
        del request
        return JSONResponse({"error": str(error)}, status)

    return handler
