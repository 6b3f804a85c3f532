"""``hcr-scan review`` from the shell: it starts, answers its own page alone, and ends when it is told to."""

from __future__ import annotations

import contextlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.document import Verdict
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal, journal_path
from hcr_scan.review.items import Filter, State
from hcr_scan.review.standing import standing
from hcr_scan.review.store import ReviewStore
from hcr_scan.sinks.targets import beside
from tests.review_server import drawn_page
from tests.reviews import field, write_journal
from tests.runs import PROGRAM


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    page = drawn_page(tmp_path / "a.png", *(field(name, "AB", doubtful=[0]) for name in "ab"), field("sure", "AB"))
    return write_journal(tmp_path / "out.csv.journal", [page])


@contextlib.contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, and the address that it printed."""
    process = subprocess.Popen(
        [*PROGRAM, "review", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
            if found is not None:
                break
        else:
            raise AssertionError(said)
        yield process, found.group()
    finally:
        process.kill()
        process.wait()


def opened(address: str) -> HTTPResponse:
    cookies = urllib.request.HTTPCookieProcessor()
    return urllib.request.build_opener(cookies).open(address, timeout=20)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("ending", "code"),
    [(signal.SIGINT, ExitCode.OK), (signal.SIGTERM, ExitCode.TERMINATED), (signal.SIGHUP, ExitCode.HUNG_UP)],
)
def test_the_printed_address_opens_and_a_signal_ends_it(journal: Path, ending: signal.Signals, code: ExitCode) -> None:
    with started(str(journal).removesuffix(".journal")) as (process, address):
        assert b"<title>Review</title>" in opened(address).read()
        process.send_signal(ending)
        output, rest = process.communicate(timeout=30)
    assert process.returncode == code
    assert output == ""
    assert "0 decided, 2 open" in rest
    assert "hcr-scan apply" in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("target", "format_"),
    [("out.page.xml", "page"), ("out.label-studio.json", "label-studio"), ("out.txt", "csv"), ("alto/", "alto"),
     ("s3://bucket/out.csv", "csv")],
)  # fmt: skip
def test_the_command_that_is_told_at_the_end_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, format_: str
) -> None:
    monkeypatch.chdir(tmp_path)
    page = drawn_page(tmp_path / "a.png", field("a", "AB", doubtful=[0]))
    path = str(write_journal(Path(journal_path(beside(target))), [page]))
    with Journal(path) as journal:
        request = journal.noted("request")
        output = request["output"] | {"format": format_, "folder": target.endswith("/")}
        journal.note("request", request | {"target": target, "output": output})
    with started(target) as (process, _):
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    told = re.search("next: hcr-scan (.*)", rest)
    assert told is not None
    assert run(shlex.split(told[1])) == ExitCode.OK
    assert (tmp_path / "final").is_dir() == target.endswith("/")


def test_a_signal_at_the_moment_of_the_address_ends_it_too(journal: Path) -> None:
    with started(journal) as (process, _):
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == ExitCode.OK
    assert "0 decided, 2 open" in rest


def test_it_listens_on_this_machine_alone(journal: Path) -> None:
    with started(journal) as (_, address):
        port = int(address.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), 5):  # noqa: PT011
            pass
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
        assert error.value.code == 403


def test_each_start_has_another_token(journal: Path) -> None:
    tokens = []
    for _ in range(2):
        with started(journal) as (process, address):
            tokens.append(address.partition("token=")[2])
            process.send_signal(signal.SIGINT)
            process.wait(30)
    assert len(set(tokens)) == 2
    assert all(len(token) >= 40 for token in tokens)


def test_the_scan_can_be_exported_while_it_is_reviewed_but_not_reviewed_twice(journal: Path, tmp_path: Path) -> None:
    with started(journal):
        assert run(["export", str(journal), "-o", str(tmp_path / "other.jsonl")]) == ExitCode.OK
        assert run(["review", str(journal)]) == ExitCode.JOURNAL


def test_options_choose_what_needs_a_look_and_are_remembered(journal: Path, tmp_path: Path) -> None:
    for options in (["--accept-above", "0.999", "--passes", "2"], []):
        with started(journal, *options) as (process, _):
            process.send_signal(signal.SIGINT)
            process.wait(30)
        with ReviewStore(str(tmp_path / "out.csv.review")) as store:
            assert store.count(Filter()) == 3
            assert store.passes == 2


def test_an_audit_is_taken_back_and_what_is_not_said_stays(journal: Path, tmp_path: Path) -> None:
    for options, selected in (
        (["--accept-above", "0.9", "--audit", "100%"], 3),
        (["--audit", "0"], 0),
        (["--audit", "1"], 1),
        (["--accept-above", "0.999"], 3),
        (["--audit", "0", "--accept-above", "scan"], 2),
    ):
        with started(journal, *options) as (process, _):
            process.send_signal(signal.SIGINT)
            process.wait(30)
        with ReviewStore(str(tmp_path / "out.csv.review")) as store:
            assert store.count(Filter(State.ALL)) == selected, options


def test_two_passes_count_one_entry_as_open_as_apply_does(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(journal) as (process, _):
        process.send_signal(signal.SIGINT)
        process.wait(30)
    with ReviewStore(str(tmp_path / "out.csv.review")) as store:
        store.decide(store.queue(Filter())[0].id, 1, "ann", Verdict.CORRECTED, "XY", 0.0)
        assert str(standing(store)) == "1 decided, 1 open"
    arguments = [*PROGRAM, "review", str(journal), "--passes", "2"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "Ctrl-C" not in said:
            said += process.stderr.readline()
        found = re.search(r"http://\S+", said)
        assert found is not None
        opened(found.group()).read()
        process.send_signal(signal.SIGINT)
        ended = process.stderr.read()
    assert "the 1 entered so far count as the first entry" in said
    assert "0 decided, 2 open (1 entered once); next" in ended
    assert run(["apply", str(journal), "-o", str(tmp_path / "final.csv")]) == ExitCode.OK
    assert "2 still open" in capsys.readouterr().err


def test_what_cannot_be_meant_is_told(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", str(tmp_path / "nothing.csv")]) == ExitCode.JOURNAL
    assert "there is no journal" in capsys.readouterr().err
    assert run(["review", str(journal), "--accept-above", "2"]) == ExitCode.USAGE
    assert run(["review", str(journal), "--passes", "3"]) == ExitCode.USAGE
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run(["review", str(journal), "--port", str(taken.getsockname()[1])]) == ExitCode.USAGE
    assert "cannot be used" in capsys.readouterr().err


def test_no_other_command_loads_the_web_framework() -> None:
    code = (
        "import sys, hcr_scan.cli as cli\n"
        "[cli.group.get_command(None, name) for name in cli.COMMANDS]\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'starlette', 'uvicorn', 'anyio', 'h11'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
