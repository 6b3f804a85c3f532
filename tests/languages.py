"""What a language allows, for tests of the knowledge it is made of."""

from __future__ import annotations

import math

from hcr_scan.forms.knowledge.automata import Language


def allows(language: Language, value: str) -> bool:
    """Whether a value may stand there, however unlikely."""
    return language.weight(value) > -math.inf
