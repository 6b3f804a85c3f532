"""What runs on the cluster's nodes. Answers cross it as bytes, by the rules of :mod:`hcr_scan.engines.answers`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hcr_scan import __version__
from hcr_scan.engines import answers
from hcr_scan.engines.base import Loss, Lost
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.engines.worker_main import end_with_parent
from hcr_scan.settings import Limits


@dataclass(frozen=True, slots=True)
class Caller:
    """Who uses the actors: the version, which decides what comes out, and the folder that names of files start from."""

    version: str
    folder: str

    @classmethod
    def here(cls) -> Caller:
        """This process."""
        return cls(__version__, os.getcwd())  # noqa: PTH109 - as text

    def settle(self) -> None:
        """Make this process one that can work for the caller.

        Raises:
            RuntimeError: it cannot.
        """
        if self.version != __version__:
            raise RuntimeError(f"the node has hcr-scan {__version__}, the caller {self.version}; install the same")
        # Ray's own actors may outlive the node that they are part of.
        end_with_parent()
        os.chdir(self.folder)
        # It opens the cluster, and the worker that decodes pages is nobody to be trusted with that.
        os.environ.pop("RAY_AUTH_TOKEN", None)


class PageActor:
    """Has one supervised worker. Whatever a page does, it does to that one."""

    def __init__(
        self,
        caller: Caller,
        prepare: Callable[[], object] | None,
        limits: Limits,
        near: Callable[[Any], Any] | None = None,
    ) -> None:
        caller.settle()
        self._near = near
        # What the worker answers goes on as it is: it is looked at where it is used.
        self._supervisor = Supervisor(1, prepare, limits, decode=bytes)

    def started(self) -> None:
        """Answered when the actor can work."""

    def run(self, function: Callable[[Any], Any], item: Any) -> bytes | tuple[Loss, str]:
        """The function's result, or why there is none."""
        (answer,) = self._supervisor.map(function, [item if self._near is None else self._near(item)])
        return (answer.error, answer.reason) if isinstance(answer, Lost) else answer


class StageActor:
    """Does one thing with groups of values."""

    def __init__(self, caller: Caller, work: Callable[[Iterable[Any]], Iterable[Any]]) -> None:
        caller.settle()
        self._work = work

    def started(self) -> None:
        """Answered when the actor can work."""

    def run(self, values: bytes) -> bytes:
        """What comes of them, one for one."""
        return bytes(answers.encode(list(self._work(answers.decode(values)))))
