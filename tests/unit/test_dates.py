from __future__ import annotations

from datetime import date, timedelta

import pytest

from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.dates import Dates
from tests.languages import allows

CHARACTERS = "0123456789/.-"


def accepts(value: str, *formats: str, least: str | None = None, most: str | None = None) -> bool:
    return allows(Language(CHARACTERS, [Dates(formats, least, most)]), value)


@pytest.mark.parametrize(
    ("value", "real"),
    [
        ("29022024", True), ("29022023", False), ("29021900", False), ("29022000", True), ("31042020", False),
        ("31122020", True), ("00012020", False), ("01002020", False), ("01132020", False), ("32012020", False),
        ("0101202", False), ("010120200", False), ("30022024", False), ("01010000", False),
    ],
)  # fmt: skip
def test_only_days_that_the_calendar_has(value: str, real: bool) -> None:
    assert accepts(value, "DDMMYYYY") is real
    turned = value[4:] + "-" + value[2:4] + "-" + value[:2]
    assert accepts(turned, "YYYY-MM-DD") is real
    assert accepts(f"{value[:2]}/{value[2:4]}/{value[4:]}", "DD/MM/YYYY") is real


@pytest.mark.parametrize("layout", ["DDMMYYYY", "YYYYMMDD", "MM/DD/YYYY", "DD.YYYY.MM", "DDMMYY"])
def test_bounds_hold_to_the_day(layout: str) -> None:
    least, most = date(1987, 2, 27), date(1989, 11, 3)
    dates = Dates((layout,), least.isoformat(), most.isoformat())
    language = Language(CHARACTERS, [dates])
    for days in range(-800, 1800, 1):
        day = least + timedelta(days=days)
        written = layout.replace("YYYY", f"{day.year:04}").replace("YY", f"{day.year % 100:02}")
        written = written.replace("MM", f"{day.month:02}").replace("DD", f"{day.day:02}")
        assert allows(language, written) is (least <= day <= most), written


def test_days_and_months_before_separators_may_have_one_digit() -> None:
    assert accepts("1/3/1998", "DD/MM/YYYY")
    assert Dates(("DD/MM/YYYY",)).dates("1/3/1998") == [date(1998, 3, 1)]
    assert Dates(("YYYY-MM-DD",)).dates("1998-3-1") == [date(1998, 3, 1)]
    assert not accepts("1/3/98", "DD/MM/YYYY")
    assert not accepts("131998", "DDMMYYYY")
    assert not accepts("/3/1998", "DD/MM/YYYY")


def test_several_layouts_at_once() -> None:
    assert [accepts(value, "DD/MM/YYYY", "DDMMYY") for value in ("31/12/1999", "311299", "31121999")] == [
        True, True, False,
    ]  # fmt: skip


def test_two_digit_years_are_of_the_century_that_the_bounds_leave() -> None:
    assert Dates(("DDMMYY",)).dates("010168") == [date(2068, 1, 1)]
    assert Dates(("DDMMYY",)).dates("010169") == [date(1969, 1, 1)]
    assert Dates(("DDMMYY",), most="2020-12-31", least="1921-01-01").dates("010130") == [date(1930, 1, 1)]
    assert accepts("290200", "DDMMYY")
    assert not accepts("290200", "DDMMYY", least="1899-01-01", most="1901-01-01")


def test_a_value_may_mean_several_days() -> None:
    assert Dates(("DD/MM/YYYY", "MM/DD/YYYY")).dates("01/02/2000") == [date(2000, 2, 1), date(2000, 1, 2)]


def test_states_stay_few() -> None:
    language = Language("0123456789", [Dates(("DDMMYYYY",), "1900-01-01", "2026-12-31")])
    states, seen = {language.begin()}, 1
    for _ in range(8):
        states = {language.step(state, digit) for state in states for digit in "0123456789"} - {-1}
        seen = max(seen, len(states))
    assert seen < 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((("DDMM",),), "DD, MM, and YYYY"),
        ((("DD/MM/YYYY/DD",),), "each once"),
        ((("DD/MMM/YYYY",),), "only separators"),
        (((), "1.1.2000"), "no date"),
        (((), "2001-01-01", "2000-01-01"), "exchange least and most"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Dates(*arguments)
