"""What a report counts, what it picks as the worst, and the words for numbers."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hcr_scan.document import Form, PageFailure, PageResult, Reason, Source, Status
from hcr_scan.forms.grouping import grouped
from hcr_scan.geometry import BoundingBox
from hcr_scan.review.wording import REASONS
from hcr_scan.run_manifest import manifest_path
from hcr_scan.summary import chart, numbers, wording
from hcr_scan.summary.counting import BINS, Tally, bin_of
from hcr_scan.summary.crops import LONGEST, shown_box
from hcr_scan.summary.examples import Reading, Worst
from hcr_scan.summary.run_account import read_account
from tests.reviews import field, line, page


def form_page(path: str, *fields: object, number: int = 1, template_page: int = 1) -> PageResult:
    made = page(path, *fields, number=number, pages=2)  # type: ignore[arg-type]
    return replace(made, template="kyc", template_page=template_page, template_match=0.9)


def tally_of(results: list[PageResult]) -> Tally:
    tally = Tally()
    for form in grouped(tally.counting((result, None, None, frozenset()) for result in results), {"kyc": 2}):
        tally.add_form(form)
    return tally


def test_pages_and_forms_are_clear_where_nothing_on_them_needs_a_look() -> None:
    sure, doubtful = field("city", "ROME", 0.99), field("city", "ROME", 0.5, doubtful=[1])
    tally = tally_of(
        [
            form_page("/in/a", sure), form_page("/in/a", sure, number=2, template_page=2),
            form_page("/in/b", sure), form_page("/in/b", doubtful, number=2, template_page=2),
            form_page("/in/c", sure),
            replace(page("/in/d", sure), reasons=(Reason.UNREGISTERED,)),
            page("/in/e", field("code", "", reasons=(Reason.REQUIRED,))),
            PageFailure(Source("/in/f"), "open", "missing", "gone"),
        ]
    )  # fmt: skip
    assert (tally.run.pages, tally.clear_pages, tally.documents) == (8, 4, 6)
    assert (tally.forms, tally.clear_forms, tally.incomplete_forms) == (3, 1, 1)
    assert (tally.readings.total, tally.readings.looks) == (7, 2)


def test_the_review_s_word_on_what_needs_a_look_goes_before_the_machine_s() -> None:
    tally = Tally()
    result = page("/in/a", field("city", "ROME", 0.9), field("name", "X", 0.5, doubtful=[0]), lines=[line("NOTE")])
    tally.add(result, None, frozenset({0, 2}))
    assert tally.readings.looks == 2
    assert {key: own.readings.looks for key, own in tally.fields.items()} == {
        (None, "city"): 1, (None, "name"): 0, (None, "lines"): 1,
    }  # fmt: skip
    assert tally.readings.expected == pytest.approx(0.5)


def test_what_people_decided_is_counted_and_not_shown() -> None:
    tally = Tally()
    result = page("/in/a", field("city", "ROME", 0.4, doubtful=[1]), field("name", "X", 0.5, doubtful=[0]))
    tally.add(result, None, frozenset({0, 1}), frozenset({0}))
    assert tally.readings.looks == 2
    assert {key[1]: len(own.worst.all) for key, own in tally.fields.items()} == {"city": 0, "name": 1}
    (shown,) = tally.most_looks.all
    assert shown.worst is not None
    assert shown.worst.name == "name"
    tally.add(result, None, frozenset({0, 1}), frozenset({0, 1}))
    assert len(tally.most_looks.all) == 1


def test_a_page_with_a_reason_of_its_own_is_among_the_worst() -> None:
    tally = Tally()
    tally.add(replace(page("/in/u", field("city", "ROME", 0.99)), reasons=(Reason.UNREGISTERED,)))
    for number in range(20):
        tally.add(page(f"/in/{number}", field("city", "ROME", 0.1, doubtful=[0])))
    (own,) = tally.own_reasons.all
    assert (own.source.path, own.worst, own.reasons) == ("/in/u", None, (Reason.UNREGISTERED,))


def test_a_form_s_pages_are_forgotten_when_it_is_counted() -> None:
    tally = Tally()
    result = page("/in/a", field("name", "X", 0.5, doubtful=[0]))
    tally.add(result)
    assert len(tally._unclear) == 1
    tally.add_form(Form((result,)))
    assert not tally._unclear


def test_memory_does_not_grow_with_the_pages() -> None:
    def pages(count: int) -> Iterator[tuple[PageResult, float, None, frozenset[int]]]:
        for number in range(count):
            own = [field(f"field_{at:03}", "ABC", 0.2 + number % 7 / 10, doubtful=[at % 2]) for at in range(4)]
            yield page(f"/in/{number}", *own), number % 13, None, frozenset()

    def kept(count: int) -> int:
        tracemalloc.start()
        tally = Tally()
        for form in grouped(tally.counting(pages(count)), {}):
            tally.add_form(form)
        assert tally.readings.total == 4 * count
        gc.collect()
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return used

    kept(20)
    assert kept(1500) < 1.5 * kept(150)


def test_the_worst_are_kept_and_of_equal_ones_the_first() -> None:
    worst = Worst[str](2)
    for key, name in ((1, "a"), (3, "b"), (2, "c"), (3, "d"), (3, "e")):
        worst.add((key,), name)
    assert worst.all == ["b", "d"]
    assert worst.wanted((4,))
    assert not worst.wanted((3,))


@pytest.mark.parametrize(("confidence", "number"), [(0, 0), (0.0499, 0), (0.05, 1), (0.15, 3), (0.9999, 19), (1, 19)])
def test_confidences_fall_into_bars_of_five_percent(confidence: float, number: int) -> None:
    assert bin_of(confidence) == number


def test_bars_are_as_high_as_they_count_and_stand_on_each_other() -> None:
    tally = Tally()
    for confidence, doubtful in ((0.99, ()), (0.98, ()), (0.97, (0,)), (0.3, (0,))):
        tally.add(page("/in/a", field("name", "X", confidence, doubtful=doubtful)))
    bars = chart.bars(tally.bins)
    assert len(bars) == BINS
    assert [bar.total for bar in bars if bar.total] == [1, 3]
    low, high = bars[-1].segments
    assert (low.status, low.count, high.status, high.count) == (Status.OK, 2, Status.REVIEW, 1)
    assert low.height == pytest.approx(2 * high.height)
    assert high.y + high.height == pytest.approx(low.y)
    assert low.y + low.height == pytest.approx(chart.FOOT)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(1, 3, "33.3 %"), (0, 5, "0.0 %"), (5, 5, "100.0 %"), (9999, 10000, "over 99.9 %"), (1, 10000, "under 0.1 %"),
     (0, 0, "–")],
)  # fmt: skip
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, whole: int, said: str) -> None:
    assert numbers.percent(part, whole).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 minutes"), (0.02, "under a minute"), (1.5, "about 1.5 minutes"), (300, "about 300 minutes")],
)
def test_minutes_are_estimates(value: float, said: str) -> None:
    assert numbers.minutes(value) == said


def test_a_picture_shows_the_whole_field_or_what_is_around_its_least_sure_character() -> None:
    reading = Reading.of(page("/in/a"), "name", field("name", "ABCDEFGH", 0.5, doubtful=[6]))
    around = shown_box(reading)
    assert around.left <= reading.box.left
    assert around.right >= reading.box.right
    long = replace(reading, box=BoundingBox(0, 10, 4000, 40), focus=BoundingBox(2000, 10, 2015, 35))
    assert 1400 < shown_box(long).left < 2000 < 2015 < shown_box(long).right < 2600
    assert shown_box(long).width < (LONGEST + 1) * 30
    sentence = replace(reading, box=BoundingBox(0, 10, 30 * 30, 40))
    assert (shown_box(sentence).left, shown_box(sentence).right) <= (0, 30 * 30)
    assert sentence.box.share_in(shown_box(sentence)) == 1
    high = replace(reading, box=BoundingBox(0, 0, 400, 900), focus=BoundingBox(20, 880, 35, 890))
    assert shown_box(high).height < 100
    assert shown_box(high).bottom >= 890


def test_every_status_and_reason_has_words() -> None:
    assert set(wording.STATUSES) == set(Status)
    assert set(REASONS) == set(Reason)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"schema": "other/1"}', b"\xff\xfe", b"[" * 100_000],
)
def test_an_account_that_is_none_is_left_aside(content: bytes, tmp_path: Path) -> None:
    target = str(tmp_path / "out.csv")
    assert read_account(target) is None
    Path(manifest_path(target)).write_bytes(content)
    assert read_account(target) is None


def test_what_an_account_says_wrongly_is_left_out(tmp_path: Path) -> None:
    target = str(tmp_path / "out.csv")
    told = {
        "schema": "hcr-scan-run/1", "started": 7, "exit_code": "x", "pages": [],
        "seconds": {"total": "long", "read": 2}, "pages_per_second": None,
        "peak_memory_bytes": {"parent": 5, "largest_worker": 9},
    }  # fmt: skip
    Path(manifest_path(target)).write_text(json.dumps(told), encoding="utf-8")
    account = read_account(target)
    assert account is not None
    assert (account.started, account.exit_code, account.pages, account.seconds) == (None, None, None, None)
    assert account.stages == (("reading the pages", 2),)
    assert account.peak_memory == 9
