"""An S3 server of a few lines, on this machine, whose objects can be made to go wrong."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "scans"


@dataclass
class ObjectStore:
    """Objects of one bucket by key, and what is to go wrong with them.

    ``faults``: ``denied``, ``vanishing`` (gone between look and fetch), ``cut`` (half of it comes), ``changing``
    (another at each look), ``broken`` (an error of the server), ``flaky`` (that, once), ``hanging`` (nothing comes).
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    page_size: int = 1000
    #: Seconds that each fetch takes.
    delay: float = 0.0
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    #: How many objects there seem to be below ``numbered/`` when it is listed.
    numbered: int = 0
    address: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def put_files(self, folder: Path, below: str = "in") -> None:
        """Take over the files of a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.objects[f"{below}/{path.relative_to(folder)}"] = path.read_bytes()

    def environment(self) -> dict[str, str]:
        """What programs need to find it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "of no use",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }


@contextlib.contextmanager
def serving(store: ObjectStore) -> Iterator[ObjectStore]:
    """The store, for as long as the block lasts."""

    class Handler(_Handler):
        objects = store

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # Programs that were killed are nobody's news.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    store.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield store
    finally:
        store.released.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: ObjectStore

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._note()
        key, query = self._asked()
        if not key:
            self._list(query)
            return
        time.sleep(self.objects.delay)
        if self._goes_wrong(key):
            return
        data = self.objects.objects.get(key)
        if data is None or self.objects.faults.get(key) == "vanishing":
            self._error(404, "NoSuchKey")
            return
        if self.headers.get("If-Match") not in (None, self._tag(key)):
            self._error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
            return
        part, status = data, 200
        if asked := self.headers.get("Range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            part, status = data[int(first) : int(last) + 1 if last else None], 206
        self._answer(status, part, {"ETag": self._tag(key)}, cut=self.objects.faults.get(key) == "cut")

    def do_HEAD(self) -> None:
        self._note()
        key, _ = self._asked()
        if key and self._goes_wrong(key, look=True):
            return
        if key and key not in self.objects.objects:
            self._answer(404, b"")
            return
        self._answer(200, self.objects.objects.get(key, b""), {"ETag": self._tag(key)}, body=False)

    def do_PUT(self) -> None:
        self._note()
        key, query = self._asked()
        data = self._body()
        if self._goes_wrong(key):
            return
        if "uploadId" in query:
            self.objects.uploads[query["uploadId"]][int(query["partNumber"])] = data
        else:
            self.objects.objects[key] = data
        self._answer(200, b"", {"ETag": f'"{hashlib.md5(data).hexdigest()}"'})

    def do_POST(self) -> None:
        self._note()
        key, query = self._asked()
        self._body()
        if "uploads" in query:
            number = str(len(self.objects.uploads))
            self.objects.uploads[number] = {}
            self._xml(f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>")
        else:
            parts = self.objects.uploads.pop(query["uploadId"])
            self.objects.objects[key] = b"".join(parts[number] for number in sorted(parts))
            self._xml("<CompleteMultipartUploadResult><ETag>&quot;1&quot;</ETag></CompleteMultipartUploadResult>")

    def _note(self) -> None:
        key, _ = self._asked()
        self.objects.requests[f"{self.command} {key}"] += 1

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        key = unquote(parts.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        return key, {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _body(self) -> bytes:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "aws-chunked" not in (self.headers.get("Content-Encoding") or ""):
            return data
        whole, rest = b"", data
        while rest:
            head, _, rest = rest.partition(b"\r\n")
            size = int(head.partition(b";")[0], 16)
            whole, rest = whole + rest[:size], rest[size + 2 :]
            if not size:
                break
        return whole

    def _list(self, query: dict[str, str]) -> None:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        if self.objects.faults.get(prefix) == "denied":
            self._error(403, "AccessDenied")
            return
        size = min(self.objects.page_size, int(query.get("max-keys", "1000")))
        if prefix == "numbered/" and self.objects.numbered:
            first = int(after.removeprefix("numbered/").partition(".")[0] or -1) + 1
            numbers = range(first, min(first + size + 1, self.objects.numbered))
            keys = [f"numbered/{number:09}.pdf" for number in numbers]
        else:
            keys = sorted(key for key in self.objects.objects if key.startswith(prefix) and key > after)
        shown, more = keys[:size], len(keys) > size
        sizes = {key: len(self.objects.objects.get(key, b"")) for key in shown}
        contents = "".join(
            f"<Contents><Key>{escape(quote(key))}</Key><Size>{size}</Size></Contents>" for key, size in sizes.items()
        )
        following = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        self._xml(
            f"<ListBucketResult><EncodingType>url</EncodingType><KeyCount>{len(shown)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{following}{contents}</ListBucketResult>"
        )

    def _goes_wrong(self, key: str, *, look: bool = False) -> bool:
        fault = self.objects.faults.get(key)
        if fault == "denied":
            self._error(403, "AccessDenied")
        elif fault == "broken" or (fault == "flaky" and not look and self.objects.requests[f"GET {key}"] == 1):
            self._error(500, "InternalError")
        elif fault == "hanging" and not look:
            self.objects.released.wait(60)
            return False
        else:
            return False
        return True

    def _tag(self, key: str) -> str:
        changing = str(time.time_ns()) if self.objects.faults.get(key) == "changing" else ""
        return f'"{hashlib.md5(self.objects.objects.get(key, b"") + changing.encode()).hexdigest()}"'

    def _error(self, status: int, code: str, message: str = "by the test") -> None:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self._answer(status, body, {"Content-Type": "application/xml"}, body=self.command != "HEAD")

    def _xml(self, text: str) -> None:
        self._answer(200, f'<?xml version="1.0"?>{text}'.encode(), {"Content-Type": "application/xml"})

    def _answer(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, *, body: bool = True, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            if body:
                self.wfile.write(data[: len(data) // 2] if cut else data)
            if cut:
                self.close_connection = True
