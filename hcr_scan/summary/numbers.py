"""Numbers in the words of a report."""

from __future__ import annotations

#: What stands for a number that there is none of.
NONE = "–"


def percent(part: float, whole: float) -> str:
    """A share with one decimal; never 0 or 100 where it is a little more or less."""
    if not whole:
        return NONE
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "under\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    if 99.95 <= share < 100:
        return "over\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%"
    return f"{share:.1f}\N{NO-BREAK SPACE}%"


def confidence(value: float) -> str:
    """A confidence as a share; never quite certain where it is not."""
    return percent(value, 1)


def about(value: float) -> str:
    """An estimated number."""
    if 0 < value < 0.05:
        return "under\N{NO-BREAK SPACE}0.1"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def minutes(value: float) -> str:
    """An estimated time of work."""
    if 0 < value < 1:
        return "under a minute"
    return f"about {about(value)} minutes" if value else "0 minutes"


def count(value: float) -> str:
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 100:
        return f"{value:.1f} s"
    if value < 6000:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:,.1f} h"


def size(value: float) -> str:
    """Bytes of memory."""
    return f"{value / (1 << 20):,.0f} MiB"


def moment(text: str) -> str:
    """A date and time of ISO 8601 for people."""
    return text.replace("T", " ").replace("+00:00", " UTC")
