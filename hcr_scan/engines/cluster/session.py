"""The only module that imports Ray: joins a cluster, or starts one that nobody else can reach, and leaves it again."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from hcr_scan.errors import MissingDependency, WorkerError, first_line
from hcr_scan.scratch import Scratch

logger = logging.getLogger(__name__)

#: Bytes that results wait in, on a cluster of this machine; what finds no room there waits on the disk.
OBJECT_STORE = 200 << 20
#: Socket names must not be long, so a cluster's files are not where a long TMPDIR says.
PLACE = Path("/tmp")  # noqa: S108 - in a folder of its own there, which nobody else may enter, as Ray opens its own to all
#: Ray itself asks for a minute whether there is a cluster at an address.
CONNECT_SECONDS = 5


class Session:
    """A cluster, from now until :meth:`close`.

    Args:
        address: ``host:port`` of the cluster's head, or ``auto`` for the one this machine is part of; ``None`` starts
            one on this machine, on its loopback address and with a token of its own, which ends with the session.
        cores: How many cores the cluster is to think it has, where it is started.

    Raises:
        MissingDependency: Ray is not installed.
        WorkerError: no such cluster can be joined, or none be started.
    """

    def __init__(self, address: str | None, cores: int) -> None:
        own = address is None
        if address is not None:
            _knock(address)
        self.ray = _imported(own=own)
        self._scratch = Scratch("hcr-scan-ray-", PLACE) if own else None
        options: dict[str, Any] = {"address": address}
        if self._scratch is not None:
            options = {"address": "local", "num_cpus": cores, "object_store_memory": OBJECT_STORE}
            options |= {"include_dashboard": False, "_temp_dir": str(self._scratch.path / "ray")}
        try:
            with _as_it_was(own=own):
                self.ray.init(**options, log_to_driver=False, configure_logging=False)
        except Exception as error:
            self.close()
            what = "Ray cannot be started on this machine" if own else f"the Ray cluster {address} cannot be joined"
            raise WorkerError(f"{what} ({first_line(error)}){_advice(own=own)}") from error

    def check(self) -> None:
        """See that this machine is still part of the cluster; without that nothing more comes.

        Raises:
            WorkerError: it is not.
        """
        try:
            own = self.ray.get_runtime_context().get_node_id()
            alive = any(node["Alive"] for node in self.ray.nodes() if node["NodeID"] == own)
        except Exception as error:
            raise WorkerError(f"the Ray cluster does not answer ({first_line(error)}); go on with --resume") from error
        if not alive:
            raise WorkerError("Ray ended on this machine while the run went on; start it and go on with --resume")

    def close(self) -> None:
        """Leave the cluster; what this session started on it ends."""
        self.ray.shutdown()
        if self._scratch is not None:
            self._scratch.close()


def _knock(address: str) -> None:
    """See that something answers at an address, if it is one.

    Raises:
        WorkerError: nothing does.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise WorkerError(f"nothing answers at the Ray address {address} ({error}){_advice(own=False)}") from error


def _advice(*, own: bool) -> str:
    if own:
        return "; run without --engine ray, or lower --jobs"
    return "; name the head's host:port, or auto on one of its machines, and its token in RAY_AUTH_TOKEN_PATH"


def _imported(*, own: bool) -> ModuleType:
    """Ray, told before it is loaded to report to nobody, and about a cluster of our own to let in nobody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if own:
        # The second is what Ray calls its choice between the network's address and the loopback address.
        os.environ |= {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _token(), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        }  # fmt: skip
    try:
        import ray
    except ImportError as error:
        raise MissingDependency(
            f"--engine ray: Ray cannot be imported ({error}); install it with: pip install 'hcr-scan[ray]'"
        ) from error
    # What becomes of actors is told by who uses them. Ray would put it on standard output, which is for data.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ray._private.worker.print_to_stdstream = _noted
    module: ModuleType = ray
    return module


def _noted(data: dict[str, Any], **_: object) -> None:
    for line in data.get("lines", ()):
        logger.debug("Ray: %s", line)


@functools.cache
def _token() -> str:
    """One a process: Ray remembers the first."""
    return secrets.token_hex(32)


@contextlib.contextmanager
def _as_it_was(*, own: bool) -> Iterator[None]:
    """While Ray starts, actors are told where to find modules; afterwards all is as it was that Ray changes.

    They would look in the current folder first, where a scan's files may lie; so it is another for that moment. And Ray
    takes the polite kill for itself.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    path = os.environ.get("PYTHONPATH")
    if own:
        home = str(Path(__file__).parents[3])
        os.environ["PYTHONPATH"] = home if not path else os.pathsep.join((path, home))
    try:
        with contextlib.chdir("/"):
            yield
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, handler)
        if path is not None:
            os.environ["PYTHONPATH"] = path
        elif own:
            del os.environ["PYTHONPATH"]
