"""Items on their way through the workers, and what came of them, in words for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hcr_scan.engines.base import Loss
from hcr_scan.engines.messages import Kind
from hcr_scan.engines.worker_process import Death
from hcr_scan.settings import Limits


@dataclass(slots=True, eq=False)
class Job:
    """One item on its way; ``outcome`` is set once."""

    payload: bytes
    attempts: int = 0
    outcome: Outcome | None = None
    canceled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: a result, or why there is none."""

    result: Any = None
    loss: Loss | None = None
    reason: str = ""


def outcome_of(kind: Kind, body: memoryview, limits: Limits, decode: Callable[[memoryview], Any]) -> Outcome:
    """What a worker's answer says; ``decode`` makes a result of the bytes.

    Raises:
        UntrustedAnswer: it holds what no worker of ours would send.
    """
    if kind is Kind.RESULT:
        return Outcome(decode(body))
    if kind is Kind.MEMORY:
        return Outcome(None, Loss.MEMORY, _too_much_memory(limits))
    return Outcome(None, Loss.ERROR, f"cannot be read ({text_of(body)}); please report it")


def outcome_of_death(death: Death | None, limits: Limits) -> Outcome:
    """What is said of an item that its workers died of, the last one so."""
    if death is not None and (death.exit_code or 0) < 0 and _was_large(death, limits):
        return Outcome(None, Loss.MEMORY, f"{_too_much_memory(limits)} ({death.cause})")
    cause = "it does not react" if death is None else death.cause
    reason = f"crashed the process that read it, twice ({cause}); open it in a viewer and save it again"
    return Outcome(None, Loss.CRASHED, reason)


def text_of(body: memoryview) -> str:
    """A worker's words, fit to be printed."""
    text = bytes(body).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else " " for c in text)


def _too_much_memory(limits: Limits) -> str:
    return (
        f"needs more memory than the {limits.worker_memory >> 20:,} MiB of a worker; "
        "scan it smaller or raise --worker-memory"
    )


def _was_large(death: Death, limits: Limits) -> bool:
    """Whether a process died with so much memory that the want of more is the likely reason.

    Native libraries double their buffers, so they may be refused memory when half of what was left is taken.
    """
    room = limits.worker_memory - death.ready_space
    return limits.worker_memory > 0 and death.peak - death.ready_memory > room // 2
