"""What somebody who knows the real forms, but not what is written on these pages, says about their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hcr_scan import parse_charset
from hcr_scan.forms.template import Check, FieldKind, Knowledge, ValueKind, ValueType


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a field: what may stand in it, its kind where that is not to be seen, how many cells it has."""

    knowledge: Knowledge = field(default_factory=Knowledge)
    kind: FieldKind | None = None
    cells: int | None = None


def _of(charset: str, cells: int | None = None) -> Known:
    return Known(Knowledge(charset=parse_charset(charset)), cells=cells)


def _crossed(cells: int) -> Known:
    return Known(
        Knowledge(charset=parse_charset("digits"), type=ValueType(ValueKind.INTEGER)), FieldKind.CROSSED_CELLS, cells
    )


#: Number words of Indonesian up to 999, as the words of an amount.
UNITS = ("SATU", "DUA", "TIGA", "EMPAT", "LIMA", "ENAM", "TUJUH", "DELAPAN", "SEMBILAN")
_UNIT = f"({'|'.join(UNITS)})"
_BELOW_HUNDRED = f"({_UNIT}( ?PULUH( ?{_UNIT})?| ?BELAS)?|SE(PULUH|BELAS))"
INDONESIAN = f"NOL|(SERATUS|{_UNIT} ?RATUS)( ?{_BELOW_HUNDRED})?|{_BELOW_HUNDRED}"

#: Cities that customers of an Indian broker name most; others occur too.
CITIES = (
    "MUMBAI", "DELHI", "NEW DELHI", "BANGALORE", "BENGALURU", "HYDERABAD", "CHENNAI", "KOLKATA", "PUNE", "AHMEDABAD",
    "SURAT", "JAIPUR", "LUCKNOW", "KANPUR", "NAGPUR", "INDORE", "BHOPAL", "PATNA", "VADODARA", "LUDHIANA", "AGRA",
    "NASHIK", "RAJKOT", "VARANASI", "AMRITSAR", "RANCHI", "COIMBATORE", "MADURAI", "GUNTUR", "WARANGAL", "MYSORE",
    "SECUNDERABAD", "VIJAYAWADA", "VISAKHAPATNAM", "THANE", "NOIDA", "GURGAON", "KOCHI", "SALEM", "TIRUPATI",
)  # fmt: skip

#: Set -> pattern of field names -> what is known; the first that matches the whole name holds. A field that the form
#: asks nothing of has no entry. Made-up entries of karvy break what its form asks for: no dates, PANs, country codes.
FIELDS: dict[str, dict[str, Known]] = {
    "karvy_kyc_form": {
        r"\w+_prefix": Known(Knowledge(charset=parse_charset("upper"), lexicon=("MR", "MRS", "MS", "DR"))),
        r"(father|mother)_\w+|\w+_name": _of("upper"),
        r"date_of_birth|passport_expiry|pin_code": _of("digits"),
        r"place_of_birth|city|district": Known(Knowledge(charset=parse_charset("upper"), lexicon=CITIES)),
    },
    "boxdetect_bank_form": {
        r"name|city|state": _of("upper"),
        r"address_\d": _of("upper+digits+.,"),
        r"account_number|pin_code|tel_office|ext_no|mobile_no": _of("digits"),
        r"country": Known(Knowledge(type=ValueType(ValueKind.COUNTRY))),
        r"email": Known(Knowledge(type=ValueType(ValueKind.EMAIL))),
    },
    "cdigital_election_forms": {
        r"\w+_words": Known(Knowledge(charset=parse_charset("upper"), pattern=INDONESIAN)),
        r"row_\w+|\w+_row\d": _crossed(2),
        r"\w+": _crossed(3),
    },
    "openfieldreader_samples": {
        r"\w*phone\w*": _of("digits"),
        r"birth_date_\d": Known(
            Knowledge(type=ValueType(ValueKind.DATE, ("MMDDYYYY",), "1900-01-01", "2026-12-31")),
        ),
        r"(first_name|last_name|doctor|initial)_\d": _of("upper+lower"),
    },
    "handwrite_templates": {},
    "velfi_grid": {r"r[123]c\d+": _of("lower"), r"r[456]c\d+": _of("upper"), r"r[78]c\d+": _of("digits")},
    "faxocr_sheets": {r"r[12]c\d+|q\w+": _of("digits")},
}

#: Set -> sheet -> what its fields say about each other. Tallies of several rows are left alone.
CHECKS: dict[str, tuple[str, ...]] = {
    "dpr10_sample_01": ("c_total = a_total + " + " + ".join(f"b{n}_total" for n in range(1, 11)),),
    "pwp_sample_01": (
        "a_total = n01_total + n02_total + n03_total",
        "c_total = a_total + b_total",
        "n01_total = n01_row1 + n01_row2 + n01_row3",
    ),
    "data_sample_01": (
        *(f"{row}_j = {row}_l + {row}_p" for row in ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4", "iii1", "iii2")),
        *(f"{part}4_{sex} = {part}1_{sex} + {part}2_{sex} + {part}3_{sex}" for part in "ab" for sex in "lpj"),
        "ii4_j = ii1_j + ii2_j + ii3_j",
    ),
}

#: All check boxes of karvy's page, as read from its picture: the middle of each, in pixels of the page.
KARVY_TICKED = (
    (610, 401), (342, 782), (725, 819), (342, 860), (342, 905), (342, 980), (504, 978), (504, 1008), (342, 1066),
    (628, 1884), (898, 1921), (628, 1951),
)  # fmt: skip
KARVY_EMPTY = (
    (763, 399), (610, 475), (766, 475), (1193, 473), (63, 521), (51, 590), (725, 780), (950, 780), (342, 820),
    (950, 818), (726, 858), (726, 904), (342, 935), (726, 934), (726, 978), (929, 977), (342, 1008), (726, 1006),
    (929, 1006), (1059, 1006), (1222, 1005), (342, 1038), (65, 1134), (379, 1133), (67, 1370), (55, 1448), (55, 1486),
    (55, 1527), (55, 1566), (55, 1605), (55, 1645), (55, 1685), (55, 1723), (68, 1811), (284, 1887), (897, 1883),
    (1127, 1882), (1428, 1881), (284, 1924), (628, 1922), (284, 1952), (896, 1949), (284, 1980),
)  # fmt: skip


def known_of(form: str, name: str, text: str) -> Known:
    """What is known of a field; ``text`` tells only what kind of character a square of a handwriting sheet asks for."""
    if form == "handwrite_templates":
        kind = "upper" if text.isupper() else "lower" if text.islower() else "digits"
        return _of(kind) if text.isalnum() else Known()
    return next((known for key, known in FIELDS[form].items() if re.fullmatch(key, name)), Known())


def checks_of(page: str) -> tuple[Check, ...]:
    return tuple(Check(rule) for rule in CHECKS.get(page, ()))
