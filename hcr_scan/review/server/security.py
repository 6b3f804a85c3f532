"""Who may talk to the server: whoever was given its address with the token, from a page that the server sent itself.

Everything on this machine can reach a port of it, web pages of others through the browser too. So a request must name
this server as its host (else a name that others made point here would do), bring the cookie that only the address with
the token gives, and come from our own page; and what is answered can be neither framed, nor embedded, nor kept.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Names by which this machine calls itself.
OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
#: Methods that change nothing.
READING = ("GET", "HEAD")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

STRANGER = (
    "This page is opened by the address that hcr-scan review printed, with the token in it. If the review was started "
    "again, it has another one."
)
#: The address with the token leads here with a cookie; one that did not come was not kept.
COOKIELESS = (
    f"{STRANGER} If this is that address, the browser did not keep the cookie that it set: allow cookies for "
    "this page, and open the address again."
)


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


class Guard:
    """Lets through what has the cookie, names us as its host and comes from us; answers all else itself.

    Args:
        application: What is guarded.
        token: The secret; ``/?token=...`` with it sets the cookie.
        port: Where the server listens.
    """

    def __init__(self, application: ASGIApp, token: str, port: int) -> None:
        self._application, self._token = application, token
        # Browsers leave the port out where it is the usual one.
        self._hosts = frozenset(f"{name}:{port}" for name in OWN_NAMES) | (set(OWN_NAMES) if port == 80 else set())
        # Cookies do not know ports: two reviews at once would take each other's.
        self._cookie = f"hcr_scan_review_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = self._refusal(scope, Headers(scope=scope))

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await (self._application if answer is None else answer)(scope, receive, hardened)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered instead of what was asked for; ``None`` where the request is ours."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return PlainTextResponse("This is not the host that was asked for.", 421)
        method, path = scope["method"], scope["path"]
        if method in READING and path == "/":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
            if given is not None:
                return self._welcome(given[-1])
        cookie = HTTPConnection(scope).cookies.get(self._cookie)
        if cookie is None or not _equal(cookie, self._token):
            return PlainTextResponse(COOKIELESS if cookie is None else STRANGER, 403)
        if not self._is_own(method, path, headers, hosts[0].lower()):
            return PlainTextResponse("Only the review's own page may ask for this.", 403)
        return None

    def _welcome(self, given: str) -> Response:
        if not _equal(given, self._token):
            return PlainTextResponse(STRANGER, 403)
        response = RedirectResponse("/", 303)
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return response

    def _is_own(self, method: str, path: str, headers: Headers, host: str) -> bool:
        """Whether our own page asks: another port of this machine counts as the same site, and brings the cookie."""
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not (method in READING and path == "/"):
            return False
        return method in READING or headers.getlist("origin") == [f"http://{host}"]


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
