"""What the account of a run, the manifest beside its output, says of its time."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hcr_scan.run_manifest import SCHEMA, manifest_path

#: The stages of a run in their order, and what people call them. Work of workers is done while pages are read.
STAGES = {
    "start": "start: loading the model",
    "read": "reading the pages",
    "workers": "of which work of all workers together",
    "write": "writing the output",
}
#: A manifest is some kilobytes, and more with many copies; what is larger is none.
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class RunAccount:
    """When the latest run was and how long it took; what the manifest does not say is ``None``."""

    started: str | None
    ended: str | None
    exit_code: int | None
    pages: int | None
    read_before: int | None
    seconds: float | None
    stages: tuple[tuple[str, float], ...]
    pages_per_second: float | None
    peak_memory: int | None
    version: str | None


def read_account(target: str) -> RunAccount | None:
    """The account of the run that wrote ``target``; ``None`` where there is none that can be understood."""
    path = Path(manifest_path(target))
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return None
    pages, seconds = _table(content, "pages"), _table(content, "seconds")
    memory = [_number(value) or 0 for value in _table(content, "peak_memory_bytes").values()]
    total, before, code = _number(pages.get("total")), _number(pages.get("read_before")), content.get("exit_code")
    return RunAccount(
        _text(content.get("started")),
        _text(content.get("ended")),
        code if isinstance(code, int) else None,
        None if total is None else int(total),
        None if before is None else int(before),
        _number(seconds.get("total")),
        tuple((words, value) for key, words in STAGES.items() if (value := _number(seconds.get(key))) is not None),
        _number(content.get("pages_per_second")),
        int(max(memory)) if memory else None,
        _text(content.get("hcr_scan")),
    )


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    """A number that can be reckoned with."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) and value >= 0 else None
