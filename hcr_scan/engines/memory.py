"""The most memory that processes had at a time.

What the system keeps of a process that ended, and tells of one's own by ``getrusage``, counts what the process had that
started it: of small programs started by large ones it is the large one's memory.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path


def own_peak() -> int:
    """The most memory that this process had, in bytes."""
    return living_peak("self") or _bytes(resource.getrusage(resource.RUSAGE_SELF))


def living_peak(process: int | str) -> int:
    """The same of any process that has not ended; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("VmHWM:", 1)[1].split()[0]) << 10
    return 0


def ended_peak(usage: resource.struct_rusage) -> int:
    """The same of a process that this one started and that has ended; 0 where it had no more than this one, since then
    it cannot be told.
    """
    peak = _bytes(usage)
    return peak if peak > own_peak() else 0


def _bytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
