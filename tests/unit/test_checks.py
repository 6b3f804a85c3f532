from __future__ import annotations

import pytest

from hcr_scan.document import FieldAlternative
from hcr_scan.forms.knowledge.checks import MOST_COMBINATIONS, Candidates, check_checks, resolve
from hcr_scan.forms.template import Check, FieldKind, Knowledge, TemplateField, ValueKind, ValueType
from hcr_scan.geometry import BoundingBox

NUMBER = ValueType(ValueKind.INTEGER)
SUM = Check("total = a + b", "the parts do not add up")


def field(type_: ValueType = NUMBER, **values: float) -> Candidates:
    found = sorted(values.items(), key=lambda item: -item[1])
    return Candidates(tuple(FieldAlternative(text.lstrip("_"), share) for text, share in found), type_)


def test_a_sum_that_adds_up_makes_its_parts_surer() -> None:
    found = resolve([SUM], {"total": field(_7=0.9), "a": field(_3=0.95), "b": field(_4=0.85, _9=0.1)})
    assert {name: (each.value, each.failed) for name, each in found.items()} == {
        "total": ("7", ()), "a": ("3", ()), "b": ("4", ()),
    }  # fmt: skip
    assert found["b"].confidence > 0.97
    assert found["total"].confidence > 0.97


def test_a_doubtful_digit_is_read_so_that_the_sum_adds_up() -> None:
    found = resolve([SUM], {"total": field(_7=0.99), "a": field(_3=0.99), "b": field(_9=0.7, _4=0.29)})
    assert (found["b"].value, found["b"].failed) == ("4", ())
    assert found["b"].confidence > 0.9
    assert found["b"].alternatives[0].value == "9"


def test_clear_numbers_that_do_not_add_up_are_the_writers() -> None:
    found = resolve([SUM], {"total": field(_8=0.998), "a": field(_3=0.998), "b": field(_4=0.998)})
    assert [found[name].value for name in ("total", "a", "b")] == ["8", "3", "4"]
    assert all(each.failed == (SUM,) for each in found.values())
    assert found["total"].confidence < 0.998


def test_dates_out_of_order_are_put_right_by_a_doubtful_digit() -> None:
    day = ValueType(ValueKind.DATE, ("DDMMYYYY",))
    fields = {"from": field(day, _01032024=0.99), "until": field(day, _02022024=0.6, _02082024=0.39)}
    found = resolve([Check("from <= until")], fields)
    assert (found["until"].value, found["until"].failed) == ("02082024", ())


def test_rules_that_share_a_field_are_decided_together() -> None:
    checks = [Check("total = a + b"), Check("a = b")]
    fields = {"total": field(_8=0.6, _6=0.39), "a": field(_3=0.98, _4=0.01), "b": field(_5=0.6, _3=0.39)}
    found = resolve(checks, fields)
    assert [found[name].value for name in ("total", "a", "b")] == ["6", "3", "3"]


def test_fields_without_rules_and_rules_without_fields_are_left_out() -> None:
    assert resolve([SUM], {"a": field(_3=0.9), "b": field(_4=0.9)}) == {}
    assert set(resolve([Check("a <= b")], {"a": field(_3=0.9), "b": field(_4=0.9), "c": field(_1=0.9)})) == {"a", "b"}


def test_what_is_no_number_breaks_no_rule() -> None:
    found = resolve([SUM], {"total": field(X7=0.9), "a": field(_3=0.9), "b": field(_4=0.9)})
    assert found["total"].value == "X7"
    assert not any(each.failed for each in found.values())


def test_blank_parts_count_as_nothing() -> None:
    blank = Candidates((FieldAlternative("", 1.0),), NUMBER)
    found = resolve([SUM], {"total": field(_3=0.99), "a": field(_3=0.99), "b": blank})
    assert (found["b"].value, found["b"].failed) == ("", ())
    assert not any(each.failed for each in found.values())


@pytest.mark.parametrize("rule", ["salary <= rent", "rent >= salary", "rent > salary", "rent = salary"])
def test_no_rule_blanks_a_field_that_has_ink(rule: str) -> None:
    fields = {"salary": field(_900=0.99), "rent": field(_0=0.91, _=0.07)}
    found = resolve([Check(rule)], fields)
    assert (found["rent"].value, found["rent"].failed) == ("0", (Check(rule),))
    assert "" in [other.value for other in found["rent"].alternatives]


def test_a_field_read_as_blank_may_stay_so() -> None:
    blank = Candidates((FieldAlternative("", 0.6), FieldAlternative("1", 0.4)), NUMBER)
    found = resolve([SUM], {"total": field(_3=0.99), "a": field(_3=0.99), "b": blank})
    assert (found["b"].value, found["b"].failed) == ("", ())


@pytest.mark.parametrize("count", [6, 40])
def test_many_fields_in_one_rule_take_no_longer_than_allowed(count: int) -> None:
    names = [f"f{number}" for number in range(count)]
    fields = {name: field(_1=0.9, _7=0.06, _2=0.02, _4=0.01) for name in names}
    fields["f3"] = field(_7=0.6, _1=0.39)
    fields["total"] = field(**{f"_{count}": 0.99})
    assert MOST_COMBINATIONS < 5**6
    found = resolve([Check(f"total = {' + '.join(names)}")], fields)
    assert [found[name].value for name in names] == ["1"] * count
    assert not found["total"].failed


def test_confidences_are_shares() -> None:
    found = resolve([SUM], {"total": field(_7=0.5, _9=0.5), "a": field(_3=0.5, _5=0.5), "b": field(_4=1.0)})
    for each in found.values():
        assert 0 <= each.confidence + sum(other.confidence for other in each.alternatives) <= 1 + 1e-9


def test_rules_of_a_template_are_checked_against_its_fields() -> None:
    box = BoundingBox(0, 0, 10, 10)
    fields = [
        TemplateField(name, FieldKind.CELLS, box, knowledge=Knowledge(type=type_))
        for name, type_ in (("a", NUMBER), ("b", NUMBER), ("day", ValueType(ValueKind.DATE)), ("name", ValueType()))
    ]
    check_checks([Check("a <= b"), Check("day > 2020-01-01"), Check('name != "X"')], fields)
    for rule, said in (
        ("a = c", "'c', which is no field"),
        ("a = name", "different types"),
        ("day + day = 1", "no num"),
    ):
        with pytest.raises(ValueError, match=said):
            check_checks([Check(rule)], fields)
