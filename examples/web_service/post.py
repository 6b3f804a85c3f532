"""Posts the records of a scan to a web service, each until it has arrived, and goes on where it stopped.

    hcr-scan examples/forms --out results.jsonl
    python examples/web_service/post.py results.jsonl https://intake.example.org/pages

Each record, of a page or (--shape wide) of a form, is one POST. Its Idempotency-Key is the SHA-256 of what is posted,
so a service that has it already, because an answer was lost on the way, can tell. What was read anew since
(hcr-scan retry) says something else, and is posted again; which page it replaces, its source tells. Files with the same
content are records of their own. What has arrived is noted in results.jsonl.posted; what the service refuses for good,
in results.jsonl.refused. A token is taken from the environment (POST_TOKEN).

Needs nothing but Python. Ends with 0 when all has arrived, 1 when some was refused, 2 when the service is not reached,
3 when there is no such file, or something else than records in it.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]

#: Answers after which the same request may do: too slow, too early, too many, or trouble of the service.
PASSING = {408, 425, 429, 500, 502, 503, 504}


class UnreachableError(Exception):
    """The service did not take a record in so many tries."""


class RefusedError(Exception):
    """The service will not take this record, however often it is asked."""


class NoRecordsError(Exception):
    """A file that cannot be read, or that is not JSON Lines of hcr-scan."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A POST that is sent elsewhere would arrive as a GET, and the token with it."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


def key_of(record: Record) -> str:
    """What tells the service that it has a record: all that it says, so that a page read anew is another."""
    return hashlib.sha256(body_of(record)).hexdigest()


def body_of(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")


def name_of(record: Record) -> str:
    """The page, or the first page of the form, for people."""
    source = record["source"] if "source" in record else record["pages"][0]["source"]
    return f"{source['path']}, page {source['page']}"


def post(
    url: str,
    record: Record,
    *,
    token: str | None = None,
    tries: int = 8,
    first_pause: float = 0.5,
    longest_pause: float = 60.0,
    timeout: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Send one record until the service has it.

    Raises:
        RefusedError: the service says that it never will.
        UnreachableError: it did not in ``tries``.
    """
    headers = {"Content-Type": "application/json", "Idempotency-Key": key_of(record)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = body_of(record)
    said = ""
    for attempt in range(tries):
        trouble = _attempt(urllib.request.Request(url, body, headers, method="POST"), timeout)
        if trouble is None:
            return
        said, asked = trouble
        if attempt + 1 < tries:
            # Anywhere below a limit that doubles: clients that failed together do not come back together.
            sleep(max(asked, random.uniform(0, min(longest_pause, first_pause * 2**attempt))))
    raise UnreachableError(f"{url} did not take {name_of(record)} in {tries} tries: {said}")


def _attempt(request: urllib.request.Request, timeout: float) -> tuple[str, float] | None:
    """One try: nothing where the record has arrived, else what was said, and the seconds the service asks to wait."""
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            answer.read()
            return None
    except urllib.error.HTTPError as error:
        with error:
            said = f"{error.code} {error.reason}"
            if error.code not in PASSING:
                raise RefusedError(said) from None
            return said, _seconds(error.headers.get("Retry-After"))
    except (OSError, http.client.HTTPException) as error:  # no answer: refused, cut off, too slow
        return str(error) or type(error).__name__, 0.0


def post_all(path: Path, url: str, **options: Any) -> int:
    """Send the records of a JSON Lines file that have not arrived yet; gives how many were refused."""
    posted, refused = Path(f"{path}.posted"), Path(f"{path}.refused")
    arrived, count = known_keys(posted), 0
    for record in records(path):
        key = key_of(record)
        if key in arrived:
            continue
        try:
            post(url, record, **options)
        except RefusedError as error:
            count += 1
            print(f"{name_of(record)}: refused: {error}", file=sys.stderr)
            note(refused, f"{key} {error}")
        else:
            arrived.add(key)
            note(posted, key)
    return count


def records(path: Path) -> Iterator[Record]:
    """What hcr-scan wrote.

    Raises:
        NoRecordsError: it is something else.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                record = json.loads(line)
                if not isinstance(record, dict) or not str(record.get("schema")).startswith("hcr-scan"):
                    raise NoRecordsError(f"line {number} of {path} is no record of hcr-scan")
                yield record
    except OSError as error:
        raise NoRecordsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise NoRecordsError(f"{path} is not JSON Lines: {error}") from error


def known_keys(path: Path) -> set[str]:
    """The keys of what has arrived; a line that was cut off by a power cut does not count."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        path.write_text(text, encoding="utf-8")
    return set(text.splitlines())


def note(path: Path, line: str) -> None:
    """Append a line, and wait until it is on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _seconds(text: str | None) -> float:
    """What Retry-After asks for, in seconds; dates are not waited for."""
    return min(float(text), 600.0) if text and text.isdecimal() else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Post the records of a scan to a web service.")
    parser.add_argument("records", type=Path, help="JSON Lines that hcr-scan wrote")
    parser.add_argument("url", help="where each record is posted to")
    parser.add_argument("--tries", type=int, default=8, help="times that each record is tried (8)")
    parser.add_argument("--first-pause", type=float, default=0.5, help="longest first pause between tries, in seconds")
    arguments = parser.parse_args()
    if not arguments.url.startswith(("http://", "https://")):
        parser.error("url must begin with http:// or https://")
    try:
        refused = post_all(
            arguments.records, arguments.url, token=os.environ.get("POST_TOKEN"), tries=arguments.tries,
            first_pause=arguments.first_pause,
        )  # fmt: skip
    except UnreachableError as error:
        print(f"{error}; run it again to go on", file=sys.stderr)
        return 2
    except NoRecordsError as error:
        print(f"{error}; write the records with: hcr-scan export FILE -o results.jsonl", file=sys.stderr)
        return 3
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
