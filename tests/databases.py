"""Databases to write to: SQLite files, and a PostgreSQL server of the tests' own, where there is one installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

#: Not to be seen anywhere but in the address.
PASSWORD = "Geheim/7:x"
QUOTED = "Geheim%2F7%3Ax"
OWNER = "scanner"


@dataclass(frozen=True)
class Server:
    """A running server, by TCP on this machine with a password, and by its socket without one."""

    port: int
    folder: Path
    programs: Path
    runner: tuple[str, ...]

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self.administer(f'CREATE DATABASE "{name}" OWNER {OWNER}')
        return self.address(name)

    def address(self, name: str, user: str = OWNER, password: str | None = QUOTED) -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{name}"

    def administer(self, statement: str, database: str = "postgres") -> None:
        arguments = ["-h", str(self.folder), "-p", str(self.port), "-U", "admin", "-d", database, "-qc", statement]
        subprocess.run([self.programs / "psql", "-v", "ON_ERROR_STOP=1", *arguments], check=True)

    def control(self, *arguments: str) -> None:
        """Start or end the server."""
        # Its output goes to a file: a server that is left behind would hold a pipe open.
        log = self.folder / "control.log"
        with log.open("ab") as file:
            subprocess.run(
                [*self.runner, self.programs / "pg_ctl", "-D", self.folder / "data", "-w", *arguments],
                stdout=file, stderr=file, cwd="/", check=True,
            )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.control("-l", str(self.folder / "server.log"), "-o", options, "start")


@contextlib.contextmanager
def postgres_server() -> Iterator[Server]:
    """A server that ends with the block; skips where none can run."""
    programs = _programs()
    runner = _runner()
    folder = Path(tempfile.mkdtemp(prefix="hcr-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, runner[2])
        server = Server(_free_port(), folder, programs, runner)
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made = subprocess.run(
            [*runner, programs / "initdb", "-D", folder / "data", "-U", "admin", "--auth-local=trust", "-N",
             "--auth-host=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C"],
            capture_output=True, text=True, cwd="/", check=False,
        )  # fmt: skip
        if made.returncode:
            pytest.skip(f"initdb cannot run here: {made.stderr[-200:]}")
        server.start()
        try:
            server.administer(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def may_reset(port: int) -> Iterator[tuple[int, Callable[[bytes, int], None]]]:
    """A port that leads to another, and what has it reset the connection the next times certain bytes are sent.

    They are taken before, so that whoever sent them meets the reset where an answer is read.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    at, left = b"", 0

    def reset(when: bytes, times: int) -> None:
        nonlocal at, left
        at, left = when, times

    def pass_on(client: socket.socket) -> None:
        nonlocal left
        with client, socket.create_connection(("127.0.0.1", port)) as server, contextlib.suppress(OSError):
            other = {client: server, server: client}
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if source is client and left and at in data:
                        left -= 1
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    if not data:
                        return
                    other[source].sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=pass_on, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1]), reset
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("no PostgreSQL server is installed (initdb)")
    return found[-1].parent if found else Path(str(on_path)).parent


def _runner() -> tuple[str, ...]:
    """What runs a program as a user who is not root, as which the server refuses to run."""
    if os.geteuid() != 0:
        return ()
    users = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in users), None)
    if user is None or shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no user to run it as")
    return ("runuser", "-u", user, "--")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def engine_of(address: str) -> sa.Engine:
    return sa.create_engine(address.replace("postgresql://", "postgresql+pg8000://"))


def rows(address: str, query: str) -> list[tuple[Any, ...]]:
    """What a database answers to a query."""
    engine = engine_of(address)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]
    finally:
        engine.dispose()


def content(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    return {
        table: rows(address, f"SELECT * FROM {table} ORDER BY document, page{order}")
        for table, order in (("pages", ""), ("fields", ", number"), ("glyphs", ", field, number"))
    }


def wait_for_pages(address: str, count: int, process: subprocess.Popen[str]) -> None:
    """Until so many pages are in the database, or the program that writes them has ended."""
    while process.poll() is None:
        with contextlib.suppress(sa.exc.DBAPIError):
            if rows(address, "SELECT count(*) FROM pages")[0][0] >= count:
                return
        time.sleep(0.02)
