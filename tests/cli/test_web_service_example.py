"""The example that posts records: whatever a service does, each arrives once, or it is said which did not."""

from __future__ import annotations

import importlib.util
import json
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "web_service" / "post.py"
EXPECTED = ROOT / "examples" / "expected" / "results.jsonl"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("post_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Service(ThreadingHTTPServer):
    """Takes records, each key once; ``moods`` are what it does before it does what it should."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moods: list[str] = []
        self.taken: dict[str, Any] = {}
        self.seen: Counter[str] = Counter()
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/pages"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"]
        self.server.seen[key] += 1
        self.server.tokens.add(self.headers["Authorization"])
        mood = self.server.moods.pop(0) if self.server.moods else "200"
        if mood == "cut":
            # A reset, as from a load balancer that gives up.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if mood in ("200", "lost"):
            self.server.taken.setdefault(key, body)
        if mood == "lost":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(int(mood))
        if mood == "429":
            self.send_header("Retry-After", "1")
        if mood == "302":
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.jsonl"
    path.write_bytes(EXPECTED.read_bytes())
    return path


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(results: Path, service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(results), service.url, "--first-pause", "0.01", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_record_arrives_at_a_flaky_service_once(results: Path, service: Service, example: ModuleType) -> None:
    # No long streaks: pauses double with each try.
    service.moods = ["200", "503", "cut", "500", "200", "lost", "408", "200", "200", "cut", "lost"] * 4
    assert run(results, service).returncode == 0
    expected = lines(results)
    assert list(service.taken) == [example.key_of(record) for record in expected]
    assert list(service.taken.values()) == expected
    assert sum(service.seen.values()) > len(expected)


def test_it_goes_on_where_it_stopped(results: Path, service: Service) -> None:
    service.moods = ["200"] * 5 + ["503"] * 3
    stopped = run(results, service, "--tries", "3")
    assert stopped.returncode == 2
    assert "in 3 tries" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    noted = Path(f"{results}.posted")
    assert len(noted.read_text().splitlines()) == 5
    # A power cut in the middle of a line.
    noted.write_text(noted.read_text() + "0123")
    first = Counter(service.seen)
    assert run(results, service).returncode == 0
    assert len(service.taken) == len(lines(results))
    assert all(service.seen[key] == 1 for key, count in first.items() if count == 1)
    assert run(results, service).returncode == 0
    assert len(noted.read_text().splitlines()) == len(lines(results))


@pytest.mark.parametrize("mood", ["400", "422", "302"])
def test_what_is_refused_for_good_is_noted_and_the_rest_goes_on(results: Path, service: Service, mood: str) -> None:
    service.moods = ["200", mood]
    done = run(results, service)
    assert done.returncode == 1
    assert f"refused: {mood}" in done.stderr
    assert len(service.taken) == len(lines(results)) - 1
    assert len(Path(f"{results}.refused").read_text().splitlines()) == 1


def test_pauses_grow_with_chance_and_as_the_service_asks(example: ModuleType, service: Service) -> None:
    record = lines(EXPECTED)[0]
    service.moods = ["503"] * 7
    pauses: list[float] = []
    example.post(service.url, record, first_pause=1.0, longest_pause=8.0, sleep=pauses.append, token="secret")
    assert len(pauses) == 7
    assert all(pause <= min(8.0, 2.0**number) for number, pause in enumerate(pauses))
    assert len(set(pauses)) == 7
    assert service.tokens == {"Bearer secret"}
    service.moods = ["429"]
    pauses.clear()
    example.post(service.url, record, first_pause=0.01, sleep=pauses.append)
    assert pauses == [1.0]


def test_a_service_that_is_not_there(results: Path, service: Service) -> None:
    results.write_bytes(results.read_bytes().splitlines(keepends=True)[0])
    command = [sys.executable, str(SCRIPT), str(results), "http://127.0.0.1:1/", "--tries", "2", "--first-pause", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "run it again" in done.stderr
    command[3] = "file:///etc/passwd"
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_a_page_that_was_read_anew_is_posted_again_and_so_is_a_copy(results: Path, service: Service) -> None:
    page = lines(results)[0]
    failed = page | {"status": "failed", "error": {"stage": "open", "error": "encrypted", "message": "is encrypted"}}
    copy = page | {"source": page["source"] | {"path": "copy.pdf"}}
    results.write_text(json.dumps(failed) + "\n")
    assert run(results, service).returncode == 0
    results.write_text("".join(json.dumps(record) + "\n" for record in (page, copy)))
    assert run(results, service).returncode == 0
    assert run(results, service).returncode == 0
    assert list(service.taken.values()) == [failed, page, copy]
    assert set(service.seen.values()) == {1}


def test_records_of_forms_are_posted_too(tmp_path: Path, service: Service) -> None:
    page = lines(EXPECTED)[0]
    form = {"schema": "hcr-scan-form/1", "pages": [{"source": page["source"]}], "values": {"name": "WHITFIELD"}}
    results = tmp_path / "forms.jsonl"
    results.write_text(json.dumps(form) + "\n")
    service.moods = ["400"]
    assert "application.pdf, page 1: refused" in run(results, service).stderr
    assert run(results, service).returncode == 0
    assert list(service.taken.values()) == [form]


@pytest.mark.parametrize(
    "text", [None, "path,page\na.png,1\n", '[\n{"schema": "hcr-scan/1"}\n]\n', '{"a": 1}\n', "\0\xff"]
)
def test_what_holds_no_records_is_3(tmp_path: Path, service: Service, text: str | None) -> None:
    results = tmp_path / "results"
    if text is not None:
        results.write_bytes(text.encode("latin-1"))
    done = run(results, service)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "hcr-scan export" in done.stderr
    assert not service.seen
