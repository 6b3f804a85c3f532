"""Scans of an S3 bucket, and into one: the same bytes as of files, whatever goes wrong on the way."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hcr_scan import Layout, PageFailure, Settings, SourceSettings, load_classifier, transcribe
from hcr_scan.cli import run
from hcr_scan.document import Source, Verdict
from hcr_scan.engines.cluster.engine import Cluster, RayEngine
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal, journal_path
from hcr_scan.model.classifier import ClusterClassifier
from hcr_scan.remote import stores
from hcr_scan.review.items import Filter, ItemPage, State
from hcr_scan.review.page_images import NoPixels, PageImages
from hcr_scan.review.store import ReviewStore
from hcr_scan.settings import Limits
from hcr_scan.worker import fetched_near, prepare_worker
from tests.object_store import ObjectStore, serving
from tests.reviews import indexed
from tests.runs import READING, command, digest, digit_pages, living, mixed_pages, scan, start

pytest.importorskip("s3fs")

INPUT = "s3://scans/in"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Single pages, a document of several, one that is no image, and names that stores and shells make much of."""
    folder = mixed_pages(tmp_path_factory.mktemp("pages") / "in", 6)
    (folder / "0005.png").rename(folder / "below" / "ä b+c%20::?#&=[1].png")
    return folder


@pytest.fixture(scope="module")
def local(pages: Path) -> bytes:
    """What a scan of the files gives, under the names that the objects have."""
    target = pages.parent / "local.csv"
    assert scan(pages, "--out", target) == ExitCode.SOME_PAGES_FAILED
    return target.read_bytes().replace(str(pages).encode(), INPUT.encode())


@pytest.fixture
def store(pages: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ObjectStore]:
    """A bucket with the pages, while this test is in a folder of its own."""
    with serving(ObjectStore(page_size=2)) as served:
        served.put_files(pages)
        for name, value in served.environment().items():
            monkeypatch.setenv(name, value)
        (tmp_path / "scratch").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
        monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
        monkeypatch.setattr(stores, "PAUSE", 0.01)
        monkeypatch.chdir(tmp_path)
        stores._stores.clear()
        yield served
        stores._stores.clear()


def rows(target: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(target).read_text(encoding="utf-8"))))


def left_over() -> list[str]:
    return [path.name for path in Path(tempfile.gettempdir()).iterdir()]


def test_a_bucket_reads_as_the_same_files_do(store: ObjectStore, local: bytes) -> None:
    assert scan(INPUT, "--out", "results.csv") == ExitCode.SOME_PAGES_FAILED
    assert Path("results.csv").read_bytes() == local
    assert not left_over()
    asked = [key for key in store.requests if key.startswith("GET in/")]
    assert sorted(asked) == sorted(f"GET {key}" for key in store.objects if key.startswith("in/") and ".txt" not in key)
    assert all(store.requests[key] == 1 for key in asked)


def test_an_output_is_put_there_whole_and_its_journal_stays_here(store: ObjectStore, local: bytes) -> None:
    target = "s3://scans/out/results.csv"
    assert scan(INPUT, "--out", target) == ExitCode.SOME_PAGES_FAILED
    assert store.objects["out/results.csv"] == local
    assert b'"exit_code": 1' in store.objects["out/results.csv.run-manifest.json"]
    assert Path("scans-out-results.csv.journal").exists()
    assert scan(INPUT, "--out", target) == ExitCode.JOURNAL
    assert run(["export", target, "-o", "other.csv"]) == 0
    assert Path("other.csv").read_bytes() == local
    Path("scans-out-results.csv.journal").unlink()
    assert scan(INPUT, "--out", target) == ExitCode.OUTPUT
    assert store.requests["PUT out/results.csv"] == 1
    assert not left_over()


def test_an_output_that_the_store_does_not_take_is_written_when_the_run_is_resumed(
    store: ObjectStore, local: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--out", "s3://scans/results.csv", "--journal", "mine.journal"]
    store.objects["results.csv"] = b"earlier"
    store.faults["results.csv"] = "denied"
    assert scan(INPUT, *target, "--overwrite") == ExitCode.OUTPUT
    assert "credentials" in capsys.readouterr().err
    assert store.objects["results.csv"] == b"earlier"
    del store.faults["results.csv"]
    store.requests.clear()
    assert scan(INPUT, *target, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert store.objects["results.csv"] == local
    assert not any(key.startswith("GET in/") for key in store.requests)


def test_what_goes_wrong_costs_that_document_alone_and_retry_mends_it(store: ObjectStore, local: bytes) -> None:
    faults = {
        "in/0000.png": ("denied", "unreadable"),
        "in/0001.png": ("vanishing", "missing"),
        "in/0002.png": ("cut", "unreadable"),
        "in/0004.png": ("changing", "changed"),
        "in/several.tif": ("broken", "unreadable"),
        "in/below/ä b+c%20::?#&=[1].png": ("flaky", ""),
    }
    store.faults |= {key: fault for key, (fault, _) in faults.items()}
    assert scan(INPUT, "--out", "results.csv") == ExitCode.SOME_PAGES_FAILED
    found = {row["file"]: row["error"].partition(":")[2].strip().partition(":")[0] for row in rows("results.csv")}
    assert found == {f"s3://scans/{key}": code for key, (_, code) in faults.items()} | {
        f"{INPUT}/0003.png": "not_an_image"
    }
    assert not left_over()
    store.faults.clear()
    assert run(["retry", "results.csv", "--jobs", "1", "--quiet"]) == ExitCode.SOME_PAGES_FAILED
    assert Path("results.csv").read_bytes() == local


def test_a_document_over_the_limit_is_not_fetched(store: ObjectStore) -> None:
    limit = len(store.objects["in/several.tif"]) - 1
    assert scan(f"{INPUT}/several.tif", f"{INPUT}/0000.png", "--out", "r.csv", "--max-file-size", limit) == 1
    assert [row["error"].split(": ")[1:2] for row in rows("r.csv")] == [["too_large"], []]
    assert store.requests["GET in/several.tif"] == 0


def test_a_document_that_is_another_when_a_run_goes_on_is_not_mixed(store: ObjectStore) -> None:
    assert scan(f"{INPUT}/several.tif", "--out", "r.csv") == 0
    with Journal(journal_path("r.csv")) as journal:
        journal._database.write("DELETE FROM records WHERE page = 2")
    store.objects["in/several.tif"] = store.objects["in/0000.png"]
    assert scan(f"{INPUT}/several.tif", "--out", "r.csv", "--resume") == 1
    assert [row["error"].split(": ")[1:2] for row in rows("r.csv")] == [[], ["changed"], []]


def test_shards_of_a_bucket_are_merged_into_it(store: ObjectStore, local: bytes) -> None:
    parts = [f"part-{number}.jsonl" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        assert scan(INPUT, "--out", part, "--shard", f"{number}/2") in (0, 1)
    assert run(["merge", *parts, "-o", "s3://scans/merged.csv", "--quiet"]) == ExitCode.SOME_PAGES_FAILED
    assert store.objects["merged.csv"] == local


def test_formats_with_a_file_a_page_fill_a_folder_of_the_store(store: ObjectStore) -> None:
    arguments = [f"{INPUT}/several.tif", "--out", "s3://scans/alto/", "--format", "alto"]
    assert scan(*arguments) == 0
    names = [key for key in store.objects if key.startswith("alto/")]
    assert [name[-len(".p0001.alto.xml") :] for name in names if "manifest" not in name] == [
        f".p000{number}.alto.xml" for number in (1, 2, 3)
    ]
    Path("scans-alto.journal").unlink()
    assert scan(*arguments) == ExitCode.OUTPUT


def test_addresses_in_lists_are_links(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = f"{INPUT}/0000.png\n{INPUT}/0000.png\n{INPUT}/0001.png\n"
    for more, statuses in (([], ["failed", "failed"]), (["--follow-links"], ["ok", "ok"])):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(listed.encode())))
        scan("-", "--out", "r.csv", "--overwrite", *more)
        assert [row["status"].replace("review", "ok") for row in rows("r.csv")] == statuses
        if not more:
            assert {row["error"].split(": ")[1] for row in rows("r.csv")} == {"symlink"}
            assert not store.requests


def test_a_page_of_the_web_is_read_by_its_address(store: ObjectStore) -> None:
    assert scan(f"{store.address}/scans/in/0000.png", "--out", "r.csv") == 0
    assert [row["file"] for row in rows("r.csv")] == [f"{store.address}/scans/in/0000.png"]


def test_a_file_address_is_that_file(pages: Path, tmp_path: Path) -> None:
    assert scan(f"file://{pages}/0000.png", "--out", f"file://{tmp_path}/r.csv") == 0
    assert [row["file"] for row in rows(tmp_path / "r.csv")] == [f"{pages}/0000.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([INPUT, "--out", "https://example.org/r.csv"], ExitCode.USAGE, "can be read and not written to"),
        ([INPUT, "--out", f"{INPUT}/pdf/", "--format", "pdf"], ExitCode.USAGE, "would be read; name another place"),
        (
            [f"{INPUT}/0000.png", "--out", f"{INPUT}/0000.png", "--format", "csv"],
            ExitCode.USAGE,
            "documents that are read",
        ),
        ([INPUT, "--out", f"{INPUT}/new.png", "--format", "csv"], ExitCode.USAGE, "documents that are read"),
        (["s3://scans/nowhere", "--out", "r.csv"], ExitCode.INPUT, "no pages to read at"),
        (["s3://scans/in/*.png", "--out", "r.csv"], ExitCode.INPUT, "patterns are not taken"),
        (["sftp://host/in", "--out", "r.csv"], ExitCode.INPUT, "an address that is not read"),
        (["s3://key:hunter2@scans/in", "--out", "r.csv"], ExitCode.USAGE, "password or a signature"),
        ([INPUT, "--out", "r.csv", "--journal", "x.journal"], ExitCode.USAGE, "databases and object stores"),
        (["watch", INPUT, "--out", "results"], ExitCode.USAGE, "watch works on a folder"),
        (["inspect", f"{INPUT}/0000.png", "-o", "overlay.png"], ExitCode.INPUT, "not fetched for this"),
    ],
)
def test_what_is_not_done_with_addresses_is_refused(
    store: ObjectStore, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert run(arguments) == code
    assert said in capsys.readouterr().err
    assert not any(key.startswith("PUT") for key in store.requests)


def test_a_bucket_that_may_not_be_listed_is_no_input(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.faults["in/"] = "denied"
    assert scan(f"{INPUT}/", "--out", "r.csv") == ExitCode.INPUT
    assert "check the credentials" in capsys.readouterr().err


def test_nothing_that_a_scan_is_made_of_is_written_over(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(f"{INPUT}/0000.png", "--out", "s3://scans/r.csv") == 0
    for name in ("s3://scans/r.csv", f"{INPUT}/0000.png"):
        assert run(["export", "s3://scans/r.csv", "-o", name, "--format", "csv"]) == ExitCode.USAGE
        assert "name another output" in capsys.readouterr().err
    assert store.requests["PUT r.csv"] == 1


def test_ink_of_fetched_pages_is_shown_as_that_of_files_is(store: ObjectStore, pages: Path) -> None:
    data = (pages / "several.tif").read_bytes()
    shown = []
    with contextlib.closing(PageImages(SourceSettings(), Limits(), "elsewhere")) as images:
        for name in (str(pages / "several.tif"), f"{INPUT}/several.tif"):
            for number in (1, 2):
                source = Source(name, number, 3, hashlib.sha256(data).hexdigest())
                shown.append(images.picture(ItemPage(len(shown), source, 60, 60, 200, 0)))
        assert len(left_over()) == 1
        store.faults["in/0000.png"] = "denied"
        with pytest.raises(NoPixels, match="check the credentials"):
            images.picture(ItemPage(9, Source(f"{INPUT}/0000.png", 1, 1, ""), 60, 60, 200, 0))
    assert shown[:2] == shown[2:]
    assert store.requests["GET in/several.tif"] == 1
    assert not left_over()


@pytest.mark.skipif(find_spec("pypdf") is None, reason="the pdf extra is not installed")
def test_searchable_pdfs_hold_what_is_fetched_again(store: ObjectStore, pages: Path) -> None:
    assert scan(pages / "several.tif", "--out", "local.pdf") == 0
    assert scan(f"{INPUT}/several.tif", "--out", "s3://scans/out/scan.pdf") == 0
    assert store.objects["out/scan.pdf"] == Path("local.pdf").read_bytes()
    store.objects["in/several.tif"] += b"."
    assert run(["export", "s3://scans/out/scan.pdf", "-o", "again.pdf"]) == ExitCode.OUTPUT
    assert not Path("again.pdf").exists()
    assert not left_over()


def test_crops_of_decided_characters_are_cut_out_of_what_is_fetched_again(store: ObjectStore, pages: Path) -> None:
    written = []
    for name, target in ((str(pages), "l.csv"), (INPUT, "r.csv")):
        scan(name, "--out", target)
        with ReviewStore(f"{target}.review") as review:
            indexed(Path(f"{target}.journal"), review)
            for state in (State.ALL, State.UNSEEN):
                for item in review.queue(Filter(state), limit=100):
                    review.decide(item.id, 1, "ann", Verdict.ACCEPTED, "", 0.0)
        assert run(["apply", target, "-o", f"f-{target}", "--crops", f"crops-{target}", "--jobs", "2"]) == 0
        written.append(sorted(path.read_bytes() for path in Path(f"crops-{target}").rglob("*.png")))
    assert len(written[0]) > 5
    assert written[0] == written[1]
    assert not left_over()


def test_a_killed_run_goes_on_to_the_same_bytes_and_leaves_no_copies(store: ObjectStore, tmp_path: Path) -> None:
    many = digit_pages(tmp_path / "many", 40)
    store.put_files(many, "many")
    assert scan(many, "--out", "local.jsonl") == 0
    store.delay = 0.1
    program = start(command("s3://scans/many", "--out", "r.jsonl", "--batch-size", "1"), "killed")
    wait_until(lambda: store.requests["GET many/0020.png"] > 0)
    os.killpg(program.pid, signal.SIGKILL)
    program.communicate()
    wait_until(lambda: not living("killed"))
    assert left_over()
    store.delay = 0.0
    before = sum(count for key, count in store.requests.items() if key.startswith("GET many"))
    assert scan("s3://scans/many", "--out", "r.jsonl", "--resume") == 0
    fetched = sum(count for key, count in store.requests.items() if key.startswith("GET many")) - before
    assert 0 < fetched < 40
    text = Path("r.jsonl").read_text(encoding="utf-8").replace("s3://scans/many", str(many))
    Path("r.jsonl").write_text(text, encoding="utf-8")
    assert digest(Path("r.jsonl")) == digest(Path("local.jsonl"))
    assert not left_over()


def test_a_signal_ends_a_run_whose_document_does_not_come(store: ObjectStore) -> None:
    store.faults["in/0002.png"] = "hanging"
    program = start(command(INPUT, "--out", "r.csv"), "hanging")
    wait_until(lambda: store.requests["GET in/0002.png"] > 0)
    with_time = time.monotonic()
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == ExitCode.INTERRUPTED
    assert time.monotonic() - with_time < 30
    assert not left_over()
    store.released.set()
    store.faults.clear()
    assert run([INPUT, "--out", "r.csv", *READING, "--jobs", "1", "--resume", "--quiet"]) == 1
    assert len(rows("r.csv")) == 9


def wait_until(true: object, seconds: float = 60.0) -> None:
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(find_spec("ray") is None, reason="the ray extra is not installed")
def test_machines_of_a_cluster_fetch_for_themselves(store: ObjectStore) -> None:
    store.faults["in/0001.png"] = "denied"
    settings = Settings(layout=Layout.GLYPH, charset="0123456789")
    with contextlib.closing(RayEngine(Cluster(jobs=2), prepare_worker, Limits(), fetched_near)) as engine:
        engine.elsewhere = True
        spread = list(transcribe([INPUT], ClusterClassifier(None), settings, engine))
    assert list(transcribe([INPUT], load_classifier(), settings)) == spread
    assert [page.error for page in spread if isinstance(page, PageFailure)] == ["unreadable", "not_an_image"]
    assert store.requests["GET in/0000.png"] > 2
