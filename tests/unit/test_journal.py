from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hcr_scan.document import Page, PageFailure, Source
from hcr_scan.errors import JournalError, OutputError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal
from hcr_scan.journal.ledgers import MOST_DEATHS, SUSPECT_DEATHS, JournalLedger, ShardLedger
from hcr_scan.ledger import Remaining
from hcr_scan.settings import Settings, SourceSettings
from hcr_scan.sources.listing import Listing
from hcr_scan.sources.pages import PageRef
from hcr_scan.sources.sharding import Shard

IDENTITY = RunIdentity.of(["/in"], Settings(), "0" * 64)
SHA = "a" * 64
#: What SQLite writes before a journal's frames, and before each page in them.
HEADER, FRAME = 32, 24 + 4096


def page(name: str, number: int = 1, pages: int = 1) -> Page:
    return Page(Source(name, number, pages, SHA), 100, 100, 300, 0, 0.0)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "r.csv.journal")


def never() -> bool:
    return False


def ledger_of(journal: Journal) -> JournalLedger:
    return JournalLedger(journal, SourceSettings(), never)


def die(path: str, code: str) -> None:
    """Do something with a journal in a process that is then killed."""
    start = (
        "import os, signal\nfrom tests.unit.test_journal import *\n"
        f"journal = Journal({path!r})\nledger = ledger_of(journal)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", start + code + "\nos.kill(os.getpid(), signal.SIGKILL)"],
        cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


def test_what_was_added_is_there_after_a_kill(path: str) -> None:
    die(path, "journal.begin(IDENTITY)\nfor n in 'abc':\n    journal.add_document(n)\n    journal.add(page(n))")
    with Journal(path) as journal:
        assert [result.source.path for result in journal.results()] == ["a", "b", "c"]
        assert journal.identity == IDENTITY


def test_a_journal_that_holds_nothing_is_taken_away(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
    assert list(Path(path).parent.iterdir()) == []


def test_only_one_process_at_a_time_has_it(path: str) -> None:
    with Journal(path) as journal:
        journal.add_document("a")
        with pytest.raises(JournalError, match="another run"):
            Journal(path)
    with Journal(path) as journal:
        assert not journal.empty


def test_a_page_that_is_read_again_takes_the_place_of_its_record(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        for name in "ab":
            journal.add_document(name)
            journal.add(PageFailure(Source(name), "decode", "damaged", "x"))
        journal.add(page("a"))
        assert [isinstance(result, Page) for result in journal.results()] == [True, False]
        assert (journal.count(), journal.count(failed=True)) == (2, 1)


def test_documents_are_gone_on_with_where_they_were_left(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        ledger = ledger_of(journal)
        assert list(ledger.documents(lambda: Listing(iter(["a", "b", "c"])))) == ["a", "b", "c"]
        ledger.listed("a", tuple(PageRef("a", n, 3, SHA) for n in range(3)))
        ledger.listed("b", (PageRef("b", 0, 1, SHA),))
        journal.add(page("a", 2, 3))
        journal.add(page("b"))

        def find() -> object:
            raise AssertionError("the listing had come to its end")

        left = list(ledger_of(journal).documents(find))  # type: ignore[arg-type]
        assert left == [Remaining((PageRef("a", 0, 3, SHA), PageRef("a", 2, 3, SHA))), "c"]


def test_a_shard_counts_its_own_documents(path: str) -> None:
    shard = Shard(2, 3)
    names = [f"{number:03}" for number in range(90)]
    with Journal(path) as journal:
        journal.begin(RunIdentity.of(["/in"], Settings(), "0" * 64, (), shard))
        ledger = ShardLedger(journal, SourceSettings(), never)
        documents = ledger.documents(lambda: Listing(iter(names)))
        next(documents)
        assert ledger.expected == 1 + len([*documents]) == sum(map(shard.holds, names))


def test_the_documents_that_are_left_are_counted(path: str) -> None:
    names = [f"{number:03}" for number in range(500)]
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        ledger = ledger_of(journal)
        documents = ledger.documents(lambda: Listing(iter(names)))
        begun = [next(documents) for _ in range(7)]
        assert ledger.expected == 500  # long before the last was begun
        for name in begun[:4]:
            journal.add(page(str(name)))

        again = ledger_of(journal)
        documents = again.documents(lambda: Listing(iter([*names, "new"])))
        assert [next(documents) for _ in range(3)] == begun[4:]
        assert len([*documents]) == 494
        assert again.expected == 3 + 494

        for name in begun[4:]:
            journal.add(page(str(name)))
        last = ledger_of(journal)
        assert len([*last.documents(lambda: Listing(iter(())))]) == last.expected == 494


CLAIM = "ledger.claim(PageRef('a', {}, 2, SHA))"


def test_a_page_that_ends_the_program_again_and_again_is_named_in_the_end(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        journal.add_document("a")
    for death in range(MOST_DEATHS):
        with Journal(path) as journal:
            ledger = ledger_of(journal)
            assert ledger.careful == (death >= SUSPECT_DEATHS)
        die(path, f"assert {CLAIM.format(0)} is None")
    with Journal(path) as journal:
        ledger = ledger_of(journal)
        failure = ledger.claim(PageRef("a", 0, 2, SHA))
        assert isinstance(failure, PageFailure)
        assert failure.error == "crashed"
        assert not ledger.careful
        ledger.add(failure)
        assert journal.claims() == {}


def test_a_page_that_came_back_is_blamed_for_nothing(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        journal.add_document("a")
    for _ in range(MOST_DEATHS + 1):
        die(path, f"assert {CLAIM.format(1)} is None\nledger.returned(Source('a', 2, 2, SHA))")
    with Journal(path) as journal:
        assert journal.claims() == {}


def test_a_run_that_ends_of_its_own_accord_blames_no_page(path: str) -> None:
    with Journal(path) as journal:
        journal.begin(IDENTITY)
        journal.add_document("a")
        ledger = ledger_of(journal)
        ledger.claim(PageRef("a", 0, 2, SHA))
        assert journal.claims() == {(1, 1): 1}
        ledger.withdraw()
        assert journal.claims() == {}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of thirty pages as a kill left it, all of it in the write-ahead log."""
    path = tmp_path_factory.mktemp("killed") / "r.csv.journal"
    die(str(path), "journal.begin(IDENTITY)\nfor n in range(30):\n    journal.add_document(str(n))\n"
                   "    journal.add(page(str(n)))")  # fmt: skip
    return path


def copied(killed: Path, tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(killed.parent, folder)
    return folder / killed.name, folder / f"{killed.name}-wal"


def pages_in(path: Path) -> int:
    """How many pages a journal has, which are the first so many."""
    with Journal(str(path)) as journal:
        found = [result.source.path for result in journal.results()]
    assert found == [str(number) for number in range(len(found))]
    return len(found)


def test_a_log_that_ends_at_any_frame_holds_the_pages_up_to_there(killed: Path, tmp_path: Path) -> None:
    """What a power cut leaves: frames that were not synced are missing, or not what they were."""
    size = Path(f"{killed}-wal").stat().st_size
    assert (size - HEADER) % FRAME == 0
    counts = []
    for frames in range(0, (size - HEADER) // FRAME + 1, 3):
        path, log = copied(killed, tmp_path)
        with log.open("r+b") as file:
            file.truncate(HEADER + frames * FRAME)
        counts.append(pages_in(path))
    assert counts == sorted(counts)
    assert set(counts) == set(range(31))


def test_garbage_at_the_end_of_a_log_is_not_read(killed: Path, tmp_path: Path) -> None:
    rng = random.Random(3)
    size = Path(f"{killed}-wal").stat().st_size
    for _ in range(25):
        path, log = copied(killed, tmp_path)
        start = rng.randrange(size)
        with log.open("r+b") as file:
            file.seek(start)
            file.write(rng.randbytes(size - start + rng.randrange(5000)))
        assert pages_in(path) <= 30


def test_damage_to_the_file_itself_is_refused_or_reads_on(killed: Path, tmp_path: Path) -> None:
    with Journal(str(copied(killed, tmp_path)[0])):
        pass  # brings the log's pages into the file
    whole = (tmp_path / "copy" / killed.name).read_bytes()
    rng = random.Random(4)
    for attempt in range(60):
        path = tmp_path / f"{attempt}.journal"
        data = bytearray(whole[: rng.randrange(len(whole))] if attempt % 2 else whole)
        start = rng.randrange(len(data) or 1)
        data[start : start + 400] = rng.randbytes(len(data[start : start + 400]))
        path.write_bytes(data)
        # Anything else that is raised would be a traceback to the user.
        with contextlib.suppress(JournalError, OutputError), Journal(str(path)) as journal:
            list(journal.results())
            list(journal.unfinished())


def test_any_other_database_is_left_alone(path: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE documents (x)")
    connection.commit()
    connection.close()
    before = Path(path).read_bytes()
    for overwrite in (False, True):
        with pytest.raises(JournalError, match="no journal"):
            Journal(path, overwrite=overwrite)
    assert sqlite3.connect(path).execute("SELECT count(*) FROM documents").fetchone() == (0,)
    assert len(Path(path).read_bytes()) == len(before)


def test_identities_tell_what_differs() -> None:
    other = RunIdentity.of(["in"], Settings(charset="AB", source=SourceSettings(dpi=200)), "1" * 64, ["2" * 64])
    said = IDENTITY.differences(other)
    assert said == ["the inputs", "the folder they are seen from", "the model", "the templates", "--charset", "--dpi"]
    assert IDENTITY.differences(RunIdentity.of_record(IDENTITY.as_record())) == []


def test_the_password_is_nowhere(path: str) -> None:
    settings = Settings(source=SourceSettings(password="Tiger-7"))
    with Journal(path) as journal:
        journal.begin(RunIdentity.of(["in"], settings, "0" * 64))
        journal.add_document("a")
    assert b"Tiger-7" not in Path(path).read_bytes()
    assert Settings.of_values(settings.values()) == Settings()
