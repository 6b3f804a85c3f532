"""Reviews of drawn pages, and the application that shows them, called without a network."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from hcr_scan.document import Field, Line, Page
from hcr_scan.forms.template import Template
from hcr_scan.review.page_images import PageImages
from hcr_scan.review.server.application import Review, application
from hcr_scan.review.server.telling import Teller
from hcr_scan.review.server.wording import FieldWords
from hcr_scan.settings import Limits, SourceSettings
from tests.reviews import page, review_of

PORT = 8000
TOKEN = "secret"
COOKIE = f"hcr_scan_review_{PORT}"
ORIGIN = f"http://127.0.0.1:{PORT}"


def drawn_page(path: Path, *fields: Field, lines: tuple[Line, ...] = ()) -> Page:
    """A page whose file shows what its glyphs were read as."""
    image = Image.new("L", (1000, 1400), 255)
    draw = ImageDraw.Draw(image)
    for part in (*fields, *lines):
        for glyph in part.glyphs:
            draw.rectangle(glyph.box.as_list(), outline=150)
            draw.text((glyph.box.left + 4, glyph.box.top + 6), glyph.text or "~", fill=0)
    image.save(path, dpi=(200, 200))
    return page(str(path), *fields, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), lines=lines)


class Client:
    """Asks the application what a browser would; ``store`` and ``images`` are what it works on."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.application = application(review, TOKEN, PORT)

    def ask(
        self, path: str, method: str = "GET", *, cookie: str | None = TOKEN, headers: dict[str, str] | None = None,
        json: Any = None, content: bytes | None = None,
    ) -> httpx.Response:  # fmt: skip
        """An answer; writes come from our own page unless ``headers`` say otherwise (an empty one is left out)."""
        sent = {"Origin": ORIGIN} if method == "POST" else {}
        sent |= {} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"}
        sent |= headers or {}

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                request = client.build_request(method, path, json=json, content=content)
                for name, value in sent.items():
                    request.headers[name] = value
                    if not value:
                        del request.headers[name]
                return await client.send(request)

        return asyncio.run(asked())

    def get(self, path: str) -> Any:
        """The JSON at an address."""
        response = self.ask(path)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, **values: Any) -> Any:
        """The JSON that is answered to some."""
        response = self.ask(path, "POST", json=values)
        assert response.status_code == 200, response.text
        return response.json()

    def decide(
        self, item: int, value: str = "", verdict: str = "corrected", pass_: int = 1, reviewer: str = "ann"
    ) -> Any:
        return self.post(
            "/api/decisions", **{"item": item, "pass": pass_, "reviewer": reviewer, "verdict": verdict, "value": value}
        )


@contextlib.contextmanager
def served(folder: Path, *pages: Page, templates: tuple[Template, ...] = (), passes: int = 1) -> Iterator[Client]:
    """The application over a review of these pages."""
    with (
        review_of(folder, pages) as store,
        contextlib.closing(PageImages(SourceSettings(), Limits(), str(folder))) as images,
        ThreadPoolExecutor(2) as threads,
    ):
        if passes != 1:
            store.passes = passes
        teller = Teller(FieldWords(templates))
        yield Client(Review(store, images, teller, threads, "out.csv", "hcr-scan apply out.csv", clock=lambda: 1000.0))
