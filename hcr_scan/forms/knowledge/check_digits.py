"""Check characters as automata: Luhn, the systems of ISO/IEC 7064, and IBAN.

Each is a sum over the characters that can be kept while reading from the left, so the states are remainders. A reading
that does not add up is never found, and where one doubtful character is the only way to make it add up, that is how it
is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hcr_scan.forms.knowledge.automata import Automaton
from hcr_scan.forms.knowledge.countries import IBAN_LENGTHS

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Luhn(Automaton[tuple[int, int, int]]):
    """Two or more digits of which the last is a Luhn check digit (ISO/IEC 7812).

    A state is the length up to 2, the sum should the value end here, and the sum should one digit follow.
    """

    start = (0, 0, 0)

    def step(self, state: tuple[int, int, int], character: str) -> tuple[int, int, int] | None:
        if character not in DIGITS:
            return None
        length, _, doubling = state[0], state[1], state[2]
        digit = int(character)
        doubled = 2 * digit - 9 * (digit > 4)
        return min(length + 1, 2), (doubling + digit) % 10, (state[1] + doubled) % 10

    def final(self, state: tuple[int, int, int]) -> float:
        return 0.0 if state[0] == 2 and state[1] == 0 else -math.inf


@dataclass(frozen=True, slots=True)
class _System:
    """One system of ISO/IEC 7064: its characters, modulus and radix, and how many check characters it has.

    ``extra`` may stand at the very end only. ``hybrid`` systems work with two moduli, M and M + 1.
    """

    characters: str
    modulus: int
    radix: int
    checks: int = 1
    extra: str = ""
    hybrid: bool = False


SYSTEMS = {
    "mod11-2": _System(DIGITS, 11, 2, extra="X"),
    "mod37-2": _System(DIGITS + LETTERS, 37, 2, extra="*"),
    "mod97-10": _System(DIGITS, 97, 10, checks=2),
    "mod661-26": _System(LETTERS, 661, 26, checks=2),
    "mod1271-36": _System(DIGITS + LETTERS, 1271, 36, checks=2),
    "mod11-10": _System(DIGITS, 10, 2, hybrid=True),
    "mod27-26": _System(LETTERS, 26, 2, hybrid=True),
    "mod37-36": _System(DIGITS + LETTERS, 36, 2, hybrid=True),
}


class Iso7064(Automaton[tuple[int, int, bool]]):
    """Values whose last one or two characters are check characters of a system of ISO/IEC 7064.

    A state is the length as far as it matters, the remainder, and whether the value is correct should it end here.

    Raises:
        ValueError: there is no such system.
    """

    def __init__(self, system: str | None) -> None:
        if system not in SYSTEMS:
            raise ValueError(f"the type iso7064 needs a system, one of {', '.join(SYSTEMS)}; not {system!r}")
        self._system = SYSTEMS[system]
        self._values = {c: k for k, c in enumerate(self._system.characters + self._system.extra)}

    @property
    def characters(self) -> str:
        """All characters that such a value may have."""
        return self._system.characters + self._system.extra

    @property
    def start(self) -> tuple[int, int, bool]:
        return 0, self._system.modulus if self._system.hybrid else 0, False

    def step(self, state: tuple[int, int, bool], character: str) -> tuple[int, int, bool] | None:
        length, remainder, _ = state
        value = self._values.get(character)
        if value is None or length < 0:
            return None
        system = self._system
        length = min(length + 1, system.checks + 1)
        if system.hybrid:
            found = (remainder + value) % system.modulus
            remainder = (found or system.modulus) * system.radix % (system.modulus + 1)
            return length, remainder, found == 1
        remainder = (remainder * system.radix + value) % system.modulus
        if character in system.extra:  # nothing may follow it
            return (-1, 1, True) if length > system.checks and remainder == 1 else None
        return length, remainder, remainder == 1

    def final(self, state: tuple[int, int, bool]) -> float:
        return 0.0 if state[2] and (state[0] < 0 or state[0] > self._system.checks) else -math.inf


class Iban(Automaton[tuple[str, int, int, int]]):
    """International bank account numbers (ISO 13616), spaces between groups of four or none.

    Of ``CCkkB...B`` the number ``B...BCCkk``, with letters as 10 to 35, leaves 1 when divided by 97. A state is what
    was read of the country, the remainder of ``CCkk``, the remainder of ``B...B``, and the characters still to come.
    """

    start = ("", 0, 0, 0)

    def step(self, state: tuple[str, int, int, int], character: str) -> tuple[str, int, int, int] | None:
        head, check, rest, missing = state
        if character == " ":  # the group before it is complete
            return state if len(head) == 4 and (IBAN_LENGTHS[head[:2]] - missing) % 4 == 0 and missing else None
        if character not in DIGITS + LETTERS or (len(head) == 4 and not missing):
            return None
        if len(head) < 4:
            return self._begin(head, check, character)
        return head, check, self._appended(rest, character), missing - 1

    def final(self, state: tuple[str, int, int, int]) -> float:
        head, check, rest, missing = state
        return 0.0 if len(head) == 4 and not missing and (rest * 10**6 + check) % 97 == 1 else -math.inf

    def _begin(self, head: str, check: int, character: str) -> tuple[str, int, int, int] | None:
        head += character
        length = IBAN_LENGTHS.get(head[:2], 0)
        if len(head) > 2 and not character.isdigit():
            return None
        if len(head) < 2:
            return (head, self._appended(check, character), 0, 0) if character in LETTERS else None
        if not length:
            return None
        # All countries of one length go on alike.
        same = head if len(head) < 4 else min(c for c, n in IBAN_LENGTHS.items() if n == length) + "00"
        return same, self._appended(check, character), 0, length - len(head)

    @staticmethod
    def _appended(remainder: int, character: str) -> int:
        value = int(character, 36)
        return (remainder * (10 if value < 10 else 100) + value) % 97
