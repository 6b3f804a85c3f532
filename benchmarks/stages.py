"""CPU time of one page by stage, in this process: each function's own time, without that of the stages it calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

#: Stage -> the names through which the code calls it.
STAGES = {
    "decode": ("hcr_scan.worker:load_page",),
    "light and ink": (
        "hcr_scan.segmentation.segment:flatten_light",
        "hcr_scan.segmentation.segment:local_ink",
        "hcr_scan.segmentation.segment:working_raster",
    ),
    "orientation": ("hcr_scan.segmentation.segment:quarter_turns",),
    "rules, straighten": (
        "hcr_scan.segmentation.segment:find_rules",
        "hcr_scan.segmentation.segment:straighten",
        "hcr_scan.segmentation.segment:warp",
    ),
    "frames": ("hcr_scan.segmentation.segment:find_frames",),
    "cells": ("hcr_scan.segmentation.places:read_comb", "hcr_scan.segmentation.places:ink_in_box"),
    "lines": (
        "hcr_scan.segmentation.segment:find_lines",
        "hcr_scan.segmentation.places:find_lines",
        "hcr_scan.segmentation.segment:lines_outside",
    ),
    "crops": ("hcr_scan.segmentation.segment:normalize_glyph", "hcr_scan.segmentation.crops:normalize_glyph"),
    "print or hand": (
        "hcr_scan.segmentation.page_writer:print_evidence",
        "hcr_scan.segmentation.page_writer:chances_of_print",
        "hcr_scan.segmentation.segment:without_print",
    ),
    "classify": ("hcr_scan.classification:_predict",),
    "assemble": ("hcr_scan.pipeline:assemble_page",),
}
OTHER = "everything else"


class StageClock:
    """Adds up process CPU time (all threads) by stage; stages may call each other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys((*STAGES, OTHER), 0.0)
        self._stack: list[str] = [OTHER]
        self._since = time.process_time()

    def switch(self) -> None:
        now = time.process_time()
        self.seconds[self._stack[-1]] += now - self._since
        self._since = now

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            self.switch()
            self._stack.append(stage)
            try:
                return function(*arguments, **options)
            finally:
                self.switch()
                self._stack.pop()

        return call


def stage_times(path: Path, rounds: int = 3) -> dict[str, float]:
    """CPU seconds a page spends in each stage, the mean of ``rounds`` after one to warm up."""
    from hcr_scan import Settings, load_classifier, transcribe
    from hcr_scan.worker import prepare_worker
    from tests.fakes import InProcessEngine

    # Memory that is given back and fetched again after each page would count as the page's work.
    prepare_worker()
    classifier = load_classifier()
    list(transcribe(path, classifier, Settings(), InProcessEngine()))
    clock = StageClock()
    originals = []
    for stage, names in STAGES.items():
        for name in names:
            module, _, attribute = name.partition(":")
            home = import_module(module)
            # A stage that is called otherwise now counts under "everything else" until STAGES is mended.
            if hasattr(home, attribute):
                originals.append((home, attribute, getattr(home, attribute)))
                setattr(home, attribute, clock.timed(stage, getattr(home, attribute)))
    try:
        clock.seconds = dict.fromkeys(clock.seconds, 0.0)
        clock.switch()
        clock.seconds = dict.fromkeys(clock.seconds, 0.0)
        for _ in range(rounds):
            list(transcribe(path, classifier, Settings(), InProcessEngine()))
        clock.switch()
    finally:
        for home, attribute, function in originals:
            setattr(home, attribute, function)
    return {stage: seconds / rounds for stage, seconds in clock.seconds.items()}


def missing_names() -> list[str]:
    """Names of :data:`STAGES` that the code no longer has."""
    places = [name.partition(":") for names in STAGES.values() for name in names]
    return [f"{m}:{a}" for m, _, a in places if not hasattr(import_module(m), a)]
