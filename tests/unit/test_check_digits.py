"""Reference values: ISO/IEC 7064 and 7812, the registry of IBANs, ORCID and ISNI, and their well-known examples."""

from __future__ import annotations

import itertools

import pytest

from hcr_scan.forms.knowledge.automata import Automaton, Language
from hcr_scan.forms.knowledge.check_digits import SYSTEMS, Iban, Iso7064, Luhn
from hcr_scan.forms.knowledge.countries import COUNTRY_CODES, IBAN_LENGTHS
from tests.languages import allows

IBANS = (
    *("GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947"),
    *("MT84MALT011000012345MTLCAST001S", "CH9300762011623852957", "SA0380000000608010167519"),
)
VALID = [
    *((Luhn(), value) for value in ("79927398713", "4111111111111111", "49927398716", "18")),
    *((Iso7064("mod11-2"), value) for value in ("07940", "079X", "0000000218250097", "000000012146438X")),
    *((Iso7064("mod37-2"), value) for value in ("G123489654321Y", "A999914123456N")),
    *((Iso7064("mod97-10"), value) for value in ("79444", "12345676", "9999123456789012141490")),
    (Iso7064("mod661-26"), "BAISDLAFKBM"),
    (Iso7064("mod1271-36"), "ISO793W"),
    *((Iso7064("mod11-10"), value) for value in ("07945", "002006673085")),
    (Iso7064("mod37-36"), "A12425GABC1234002M"),
    *((Iban(), value) for value in IBANS),
]


def accepts(automaton: Automaton, value: str) -> bool:
    return allows(Language(value, [automaton]), value)


@pytest.mark.parametrize(("automaton", "value"), VALID)
def test_reference_values_are_taken_and_those_with_one_other_digit_or_letter_are_not(
    automaton: Automaton, value: str
) -> None:
    assert accepts(automaton, value)
    for place, other in itertools.product(range(len(value)), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        changed = value[:place] + other + value[place + 1 :]
        if changed != value and other.isdigit() == value[place].isdigit():
            assert not accepts(automaton, changed), changed


@pytest.mark.parametrize("system", [name for name in SYSTEMS if SYSTEMS[name].hybrid])
def test_hybrid_systems_have_one_check_character_for_every_value(system: str) -> None:
    alphabet = SYSTEMS[system].characters
    for value in (alphabet[:1], alphabet[3:9], alphabet[::-2]):
        fitting = [check for check in alphabet if accepts(Iso7064(system), value + check)]
        product = len(alphabet)  # as the standard computes it: from the left, modulo M and M + 1 in turn
        for character in value:
            product = ((product + alphabet.index(character)) % len(alphabet) or len(alphabet)) * 2 % (len(alphabet) + 1)
        assert fitting == [alphabet[(1 - product) % len(alphabet)]]


def test_the_supplementary_character_stands_at_the_end_only() -> None:
    assert not accepts(Iso7064("mod11-2"), "0X79")


@pytest.mark.parametrize(
    ("automaton", "value"), [(Luhn(), "0"), (Iso7064("mod11-10"), "1"), (Iso7064("mod97-10"), "01")]
)
def test_a_check_digit_alone_is_no_value(automaton: Automaton, value: str) -> None:
    assert not accepts(automaton, value)


def test_ibans_may_be_written_in_groups_of_four() -> None:
    assert accepts(Iban(), "GB82 WEST 1234 5698 7654 32")
    assert not accepts(Iban(), "GB8 2WEST12345698765432")


@pytest.mark.parametrize("value", ["GB82WEST1234569876543", "QQ82WEST12345698765432", "G182WEST12345698765432"])
def test_ibans_have_a_country_and_its_length(value: str) -> None:
    assert not accepts(Iban(), value)


def test_an_unknown_system_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="mod11-2, mod37-2"):
        Iso7064("mod12")


def test_countries_have_one_code_of_two_letters_and_one_of_three() -> None:
    assert [sum(len(code) == length for code in COUNTRY_CODES) for length in (2, 3)] == [249, 249]
    assert len(set(COUNTRY_CODES)) == 498
    assert set(IBAN_LENGTHS) - set(COUNTRY_CODES) == {"XK"}
