"""Scans into databases: whole, not doubled, and with every trouble told without the password."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.document import Form, PageFailure, Source, Verdict
from hcr_scan.errors import ExitCode, OutputError
from hcr_scan.journal.journal import Journal
from hcr_scan.review.indexing import index
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import review_path
from hcr_scan.sinks.records import Provenance
from tests.runs import command, digit_pages, draw_digit_page, draw_digits_file, scan, start

pytest.importorskip("sqlalchemy", reason="databases need the sql extra")

from hcr_scan.sinks.database.sink import TRIES, open_database
from tests.databases import PASSWORD, QUOTED, Server, content, may_reset, postgres_server, rows, wait_for_pages

ROOT = Path(__file__).parents[2]
KYC = ROOT / "examples" / "kyc"
PAGES = 14


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of each kind; journals fall into a folder of their own."""
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/entries.db"
    server: Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen pages in eleven documents, of which one cannot be opened and two are copies."""
    folder = digit_pages(tmp_path_factory.mktemp("drawn") / "in", 8)
    draw_digits_file(folder / "many.tif", 5)
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def test_the_tables_say_what_csv_says(folder: Path, address: str, tmp_path: Path) -> None:
    assert scan(folder, "--out", address) == ExitCode.SOME_PAGES_FAILED
    assert scan(folder, "--out", tmp_path / "r.csv") == ExitCode.SOME_PAGES_FAILED
    with (tmp_path / "r.csv").open(newline="") as file:
        expected = [
            (row["file"], int(row["page"]), row["kind"], row["value"], float(row["confidence"]), row["status"],
             int(row["left"]), int(row["bottom"]))
            for row in csv.DictReader(file)
            if row["kind"] != "page"
        ]  # fmt: skip
    found = rows(
        address,
        "SELECT path, page, kind, value, confidence, fields.status, box_left, box_bottom FROM pages "
        "JOIN fields USING (document, page) ORDER BY path, page, number",
    )
    assert found == sorted(expected)
    failed = rows(address, "SELECT path, sha256, error_stage, error, template FROM pages WHERE status = 'failed'")
    assert failed == [(str(folder / "broken.png"), None, "open", "not_an_image", None)]
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES,)]
    assert rows(address, "SELECT count(*) FROM glyphs") == [(0,)]
    assert rows(address, "SELECT version FROM hcr_scan_schema") == [(1,)]


def test_the_same_run_twice_leaves_the_same_rows(folder: Path, address: str) -> None:
    scan(folder, "--out", address, "--level", "glyph")
    before = content(address)
    assert len(before["glyphs"]) == PAGES - 1
    assert scan(folder, "--out", address, "--level", "glyph", "--overwrite") == ExitCode.SOME_PAGES_FAILED
    assert content(address) == before
    assert scan(folder, "--out", address, "--level", "glyph", "--resume") == ExitCode.SOME_PAGES_FAILED
    assert content(address) == before


def test_a_page_read_again_replaces_its_fields_wholly(address: str) -> None:
    out = ["--out", address, "-q", "-j1", "--journal"]
    form = str(KYC / "filled.tif")
    run([form, *out, "named.journal", "--template", str(KYC / "kyc.toml"), "--level", "glyph"])
    named = content(address)
    assert {row[3] for row in rows(address, "SELECT document, page, number, name FROM fields")} >= {"surname"}
    assert rows(address, "SELECT DISTINCT template FROM pages") == [("kyc-k7",)]
    run([form, *out, "plain.journal"])
    assert rows(address, "SELECT count(*) FROM fields WHERE name = 'surname'") == [(0,)]
    assert rows(address, "SELECT count(*) FROM glyphs") == [(0,)]
    assert rows(address, "SELECT count(*) FROM pages") == [(len(named["pages"]),)]
    assert run(["export", "named.journal", "-o", address, "--level", "glyph"]) == ExitCode.OK
    assert content(address) == named


def test_rows_of_other_runs_stay(folder: Path, address: str, tmp_path: Path) -> None:
    scan(folder, "--out", address)
    other = digit_pages(tmp_path / "other", 1)
    draw_digit_page(other / "0000.png", "9").rename(other / "mine.png")
    (other / "mine.png").write_bytes((other / "mine.png").read_bytes() + b"\0")
    assert scan(other, "--out", address) == ExitCode.JOURNAL
    assert scan(other, "--out", address, "--journal", "other.journal") == ExitCode.OK
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES + 1,)]
    assert Path("other.journal").exists()
    assert Path("other.run-manifest.json").exists()


def test_a_document_that_can_be_opened_now_is_no_failure_any_more(address: str, tmp_path: Path) -> None:
    page = tmp_path / "in" / "0000.png"
    page.parent.mkdir()
    page.write_bytes(b"no image")
    assert scan(page.parent, "--out", address) == ExitCode.SOME_PAGES_FAILED
    draw_digit_page(page, "3")
    assert run(["retry", address, "-q", "-j1"]) == ExitCode.OK
    assert rows(address, "SELECT status, sha256 IS NULL FROM pages") == [("ok", False)]


def test_pages_of_one_form_are_known_by_its_first(address: str) -> None:
    run([str(KYC / "filled.tif"), "--out", address, "-q", "-j1", "--template", str(KYC / "kyc.toml")])
    for document, page, form_document, form_page in rows(
        address, "SELECT document, page, form_document, form_page FROM pages"
    ):
        assert (form_document, form_page) == (document, page)  # forms of one page each


def test_kill_9_between_forms(folder: Path, address: str) -> None:
    whole = address.replace("entries", "whole")
    process = start(command(folder, "--out", address, "--batch-size", "1"))
    wait_for_pages(address, 3, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    partly = content(address)
    assert 3 <= len(partly["pages"]) < PAGES
    ended = start(command(folder, "--out", address, "--resume"))
    _, err = ended.communicate(timeout=120)
    assert ended.returncode == ExitCode.SOME_PAGES_FAILED, err
    found = content(address)
    assert len(found["pages"]) == PAGES
    if whole != address:
        scan(folder, "--out", whole)
        assert content(whole) == found


def test_two_exports_into_the_same_database_at_once(folder: Path, address: str, tmp_path: Path) -> None:
    journals = []
    for name in ("a", "b", "c"):
        scan(folder, "--out", tmp_path / f"{name}.csv")
        journals.append(tmp_path / f"{name}.csv")
    exports = [start([sys.executable, "-m", "hcr_scan", "export", str(each), "-o", address]) for each in journals]
    for export in exports:
        _, err = export.communicate(timeout=120)
        assert export.returncode == ExitCode.OK, err
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES,)]
    assert rows(address, "SELECT count(*) FROM fields") == [(PAGES - 1,)]


def test_the_password_is_nowhere(folder: Path, address: str, capfd: pytest.CaptureFixture[str]) -> None:
    secret = address
    if "sqlite" in address:
        pytest.skip("SQLite has no passwords")
    scan(folder, "--out", secret)
    run([str(folder), "--out", secret, "--resume", "-vv", "-j1"])
    run(["export", str(next(Path().glob("*.journal"))), "-o", secret])
    captured = capfd.readouterr()
    for said in (captured.out, captured.err):
        assert PASSWORD not in said
        assert QUOTED not in said
    for file in Path().iterdir():
        data = file.read_bytes()
        assert PASSWORD.encode() not in data, file
        assert QUOTED.encode() not in data, file
        assert PASSWORD not in file.name


def test_a_journal_named_alone_finds_its_database(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scan(folder, "--out", address, "--journal", "mine.journal")
    if address.startswith("postgresql"):
        assert run(["retry", "mine.journal", "-q", "-j1"]) == ExitCode.OUTPUT
        assert "PGPASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert run(["retry", "mine.journal", "-q", "-j1"]) == ExitCode.SOME_PAGES_FAILED
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES,)]


@pytest.fixture
def quiet_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return folder


def refusal(folder: Path, target: str, capsys: pytest.CaptureFixture[str], code: ExitCode = ExitCode.OUTPUT) -> str:
    """What a scan says that cannot write there."""
    assert scan(folder, "--out", target) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert QUOTED not in said
    assert not list(Path().glob("*.journal"))
    return said


def test_a_server_that_cannot_be_reached_is_said_at_once(
    quiet_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(quiet_folder, f"postgresql://me:{QUOTED}@127.0.0.1:1/x", capsys)
    assert "postgresql://me@127.0.0.1:1/x cannot be written" in said
    assert "see that the server runs" in said


def test_troubles_of_a_server_are_said(server: Server, quiet_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = server.new_database()
    name = address.rpartition("/")[2]
    assert "user and password" in refusal(quiet_folder, server.address(name, password="wrong7"), capsys)
    assert "PGPASSWORD" in refusal(quiet_folder, server.address(name, password=None), capsys)
    assert "create the database" in refusal(quiet_folder, server.address("missing"), capsys)
    server.administer("CREATE ROLE reader LOGIN PASSWORD 'reader7'")
    assert "GRANT" in refusal(quiet_folder, server.address(name, "reader", "reader7"), capsys)
    server.administer("CREATE TABLE pages (mine integer)", name)
    assert "table pages that is not hcr-scan's" in refusal(quiet_folder, address, capsys)


def test_whoever_may_write_rows_need_not_make_tables(server: Server, quiet_folder: Path) -> None:
    address = server.new_database()
    name = address.rpartition("/")[2]
    assert scan(quiet_folder, "--out", address, "--journal", "first.journal") == ExitCode.SOME_PAGES_FAILED
    server.administer("CREATE ROLE writer LOGIN PASSWORD 'writer7'")
    server.administer("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer", name)
    assert scan(quiet_folder, "--out", server.address(name, "writer", "writer7")) == ExitCode.SOME_PAGES_FAILED


def test_a_socket_of_the_server(server: Server, quiet_folder: Path) -> None:
    address = server.new_database()
    name = address.rpartition("/")[2]
    by_socket = f"postgresql://scanner@:{server.port}/{name}?host={server.folder}"
    assert scan(quiet_folder, "--out", by_socket) == ExitCode.SOME_PAGES_FAILED
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES,)]


def test_a_server_that_ends_during_a_run_costs_nothing(
    server: Server, quiet_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = server.new_database()
    more = digit_pages(tmp_path / "more", 200)
    process = start(command(more, "--out", address, "--batch-size", "1"))
    wait_for_pages(address, 3, process)
    server.control("-m", "immediate", "stop")
    try:
        _, err = process.communicate(timeout=120)
    finally:
        server.start()
    assert process.returncode == ExitCode.OUTPUT, err
    assert "Traceback" not in err
    assert "--resume" in err
    assert PASSWORD not in err
    assert scan(more, "--out", address, "--resume") == ExitCode.OK
    assert rows(address, "SELECT sum(pages) FROM (SELECT DISTINCT document, pages FROM pages) AS d") == rows(
        address, "SELECT count(*) FROM pages"
    )


def test_a_lost_connection_is_made_again(server: Server, quiet_folder: Path) -> None:
    address = server.new_database()
    process = start(command(quiet_folder, "--out", address, "--batch-size", "1"))
    wait_for_pages(address, 3, process)
    server.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{'scanner'}'")
    _, err = process.communicate(timeout=120)
    assert process.returncode == ExitCode.SOME_PAGES_FAILED, err
    assert rows(address, "SELECT count(*) FROM pages") == [(PAGES,)]


@pytest.mark.parametrize("at", [b"begin transaction", b"INSERT INTO pages", b"commit"])
def test_a_connection_reset_while_an_answer_is_awaited(server: Server, at: bytes) -> None:
    address = server.new_database()
    forms = [Form((PageFailure(Source(name), "open", "damaged", "torn"),)) for name in ("a", "b", "c")]
    with (
        may_reset(server.port) as (port, reset),
        open_database(address.replace(str(server.port), str(port)), Provenance("0", "0", "0"), glyphs=False) as sink,
    ):
        sink.write(forms[0])
        reset(at, TRIES - 1)
        sink.write(forms[1])
        reset(at, TRIES)
        with pytest.raises(OutputError, match="--resume"):
            sink.write(forms[2])
    assert rows(address, "SELECT path FROM pages ORDER BY path") == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("sqlite:///missing/entries.db", ExitCode.OUTPUT, "folder"),
        ("sqlite:///words.txt", ExitCode.OUTPUT, "another kind of file"),
        ("sqlite://", ExitCode.USAGE, "name a file"),
        ("sqlite:///:memory:", ExitCode.USAGE, "name a file"),
        (f"mysql://me:{QUOTED}@host/db", ExitCode.USAGE, "mysql://me@host/db"),
        (f"postgresql+nothing://me:{QUOTED}@host/db", ExitCode.USAGE, "postgresql+nothing://me@host/db"),
        (f"postgresql://me:{QUOTED}@host:port/db", ExitCode.USAGE, "address"),
        (f"postgresql://host/db?user=me&password={QUOTED}&connect_timeout=x", ExitCode.USAGE, "address"),
    ],
)
def test_addresses_that_cannot_be_meant(
    quiet_folder: Path, capsys: pytest.CaptureFixture[str], target: str, code: ExitCode, said: str
) -> None:
    Path("words.txt").write_text("no database, but more than sixteen bytes of text\n" * 50)
    assert said in refusal(quiet_folder, target, capsys, code)


def test_a_driver_that_is_missing_is_7(quiet_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        import psycopg2  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        said = refusal(quiet_folder, f"postgresql+psycopg2://me:{QUOTED}@host/db", capsys, ExitCode.MISSING_DEPENDENCY)
        assert "pip install psycopg2-binary" in said
    else:
        pytest.skip("psycopg2 is installed")


def test_without_sqlalchemy_it_is_said_what_to_install(quiet_folder: Path) -> None:
    code = (
        "import sys\nsys.modules['sqlalchemy'] = None\nfrom hcr_scan.cli import main\n"
        f"main([{str(quiet_folder)!r}, '--out', 'sqlite:///entries.db'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.MISSING_DEPENDENCY, done.stderr
    assert "pip install 'hcr-scan[sql]'" in done.stderr


def test_a_full_disk_is_5_and_the_run_goes_on(folder: Path, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/entries.db"
    code = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "from hcr_scan.cli import main\nmain(sys.argv[1:])"
    )
    more = digit_pages(tmp_path / "in", 120)
    arguments = [*command(more, "--out", target, jobs=1)[3:], "--journal", str(tmp_path / "x.journal")]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.OUTPUT, done.stderr
    assert "Traceback" not in done.stderr
    assert scan(more, "--out", target, "--journal", tmp_path / "x.journal", "--resume") == ExitCode.OK


def test_options_of_files_are_refused(quiet_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--excel"], ["--shape", "wide"], ["--format", "csv"]):
        assert scan(quiet_folder, "--out", "sqlite:///entries.db", *arguments) == ExitCode.USAGE
    assert scan(quiet_folder, "--out", "r.csv", "--journal", "x.journal") == ExitCode.USAGE
    assert scan(quiet_folder, "--out", "sqlite:///entries.db", "--journal", "x") == ExitCode.USAGE
    assert not Path("entries.db").exists()
    assert "--journal x:" in capsys.readouterr().err


def test_alternatives_and_reasons_can_be_asked_for(address: str) -> None:
    run([str(KYC / "filled.tif"), "--out", address, "-q", "-j1", "--template", str(KYC / "kyc.toml")])
    found = rows(address, "SELECT reasons, alternatives FROM fields WHERE name = 'surname'")
    for reasons, alternatives in found:
        lists = [json.loads(each) if isinstance(each, str) else each for each in (reasons, alternatives)]
        assert all(isinstance(each, list) for each in lists)
    if address.startswith("postgresql"):
        assert rows(address, "SELECT count(*) FROM fields WHERE alternatives -> 0 ? 'value'")[0][0] > 0
    else:
        assert rows(address, "SELECT count(*) FROM fields, json_each(alternatives)")[0][0] > 0


def test_decisions_of_people_go_into_the_rows(address: str) -> None:
    run([str(KYC / "filled.tif"), "--out", address, "-q", "-j1", "--template", str(KYC / "kyc.toml")])
    before = content(address)
    scanned = next(Path().glob("*.journal"))
    with Journal(str(scanned)) as journal, ReviewStore(review_path(str(scanned).removesuffix(".journal"))) as store:
        index(journal, store)
        item = store.page_items(1)[0]
        machine_status = item.status.value
        store.decide(item.id, 1, "anna", Verdict.CORRECTED, "CORRECTED", 1.0)
    assert run(["apply", str(scanned), "-o", address]) == ExitCode.OK
    columns = "value, corrected_by, reviewer, verdict, confidence, machine_status"
    found = rows(address, f"SELECT {columns} FROM fields WHERE verdict IS NOT NULL")
    assert found == [("CORRECTED", "human", "anna", "corrected", 1.0, machine_status)]
    assert len(content(address)["fields"]) == len(before["fields"])


def test_nothing_of_a_database_is_loaded_for_a_file(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hcr_scan.cli import run\n"
        f"run([{str(folder / '0000.png')!r}, '--out', {str(tmp_path / 'r.csv')!r}, '-q', '-j1', '--layout', 'glyph'])\n"
        "assert 'sqlalchemy' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
