"""Work on files of unknown origin beside any run: done in a worker, and told as if it had been done here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Self, TypeVar

from hcr_scan import errors
from hcr_scan.engines.base import Loss, Lost
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.errors import HcrScanError, InputError
from hcr_scan.settings import Limits

#: Somebody waits for it, and can end it; so it may take long, as forms of many pages do.
SECONDS = 600.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An error of ours on its way back."""

    kind: str
    message: str


class Apart:
    """A worker that does one thing after the other. A context manager; the worker ends with it."""

    def __init__(self) -> None:
        self._engine = Supervisor(1, limits=Limits(page_timeout=SECONDS))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def call(
        self,
        named: str,
        function: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Result:
        """The function's result, of the kinds that :mod:`hcr_scan.engines.answers` lets through.

        Args:
            named: The file that it is about, for messages.
            function: Importable by its name.
            arguments: Its arguments, which can be pickled.
            keywords: The same.

        Raises:
            HcrScanError: the function raised it.
            InputError: it crashed, took too long or too much memory, or raised anything else.
        """
        (answer,) = self._engine.map(_attempt, [(function, arguments, keywords)])
        if isinstance(answer, Lost):
            # Its advice speaks of options that only scans have.
            reason, _, advice = answer.reason.partition("; ")
            kept = advice if answer.error is Loss.ERROR else "open it in a viewer and save it again, or smaller"
            raise InputError(f"{named} {reason}; {kept}")
        if isinstance(answer, _Refusal):
            kind = getattr(errors, answer.kind, HcrScanError)
            raise kind(answer.message)
        return answer


def _attempt(task: tuple[Callable[..., Result], tuple[object, ...], dict[str, object]]) -> Result | _Refusal:
    function, arguments, keywords = task
    try:
        return function(*arguments, **keywords)
    except HcrScanError as error:
        return _Refusal(type(error).__name__, str(error))
