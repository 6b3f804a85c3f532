"""The way to a database: its address, its driver, and tables that are there when they are needed."""

from __future__ import annotations

import getpass
import logging
import os
import ssl
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from hcr_scan.errors import MissingDependency, OutputError, UsageError
from hcr_scan.sinks.database.errors import translated
from hcr_scan.sinks.database.tables import METADATA, SCHEMA_VERSION, VERSIONS
from hcr_scan.sinks.records import json_text
from hcr_scan.sinks.targets import beside, unclear, without_password

#: Seconds to wait for a server, or for another program that writes to the same SQLite file.
PATIENCE = 30

#: Held while tables are made, so that two runs do not both make them ("hcrs").
_LOCK = 0x68637273

#: Under which the pools of these engines log.
_LOGGED = "hcr_scan"

#: What has to be installed for a driver that is not there.
_PACKAGES = {"psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary"}


def connected(target: str) -> tuple[Engine, URL]:
    """An engine for a database in which the tables are, made where they were not.

    Raises:
        UsageError: the address cannot be meant.
        MissingDependency: the driver is not installed.
        OutputError: the database cannot be reached or written, or has tables of these names that are others.
    """
    beside(target)  # refuses what is gone with the run
    url = address(target)
    engine = _engine(target, url)
    try:
        _prepare(engine, target)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise translated(target, url, error) from None
    except TypeError:
        # What the address says behind its ? is given to the driver as it is.
        engine.dispose()
        raise unclear(target) from None
    except BaseException:
        engine.dispose()
        raise
    return engine, url


def address(target: str) -> URL:
    """The address with what is usual for PostgreSQL: a driver, the user, and the password of the environment."""
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        # What these say may quote the address, and the password with it.
        raise unclear(target) from None
    backend, _, driver = url.drivername.partition("+")
    if backend == "postgres":
        backend = "postgresql"
    if backend not in ("sqlite", "postgresql"):
        raise unclear(target)
    if backend == "sqlite":
        return url
    return url.set(
        drivername=f"{backend}+{driver or 'pg8000'}",
        username=url.username or os.environ.get("PGUSER") or _own_name(),
        password=url.password or os.environ.get("PGPASSWORD"),
    )


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in a container
        return str(os.getuid())


def _engine(target: str, url: URL) -> Engine:
    arguments: dict[str, Any] = {"timeout": PATIENCE}
    if url.get_backend_name() == "postgresql":
        if url.get_driver_name() == "pg8000":
            url, arguments = _for_pg8000(url)
        else:
            arguments = {"connect_timeout": PATIENCE}
    try:
        engine = create_engine(
            url, connect_args=arguments, hide_parameters=True, json_serializer=json_text, pool_logging_name=_LOGGED
        )
    except NoSuchModuleError:
        raise unclear(target) from None
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(error.name or "", error.name or "its driver")
        raise MissingDependency(
            f"{without_password(target)} needs {error.name}, which is not installed: pip install {package}"
        ) from None
    # A connection that is lost is told of by its error; the pool would add a traceback.
    pool = type(engine.pool)
    logging.getLogger(f"{pool.__module__}.{pool.__qualname__}.{_LOGGED}").setLevel(logging.CRITICAL)
    event.listen(engine, "handle_error", _tell_lost)
    return engine


def _tell_lost(context: ExceptionContext) -> None:
    """Have a connection replaced that the other side has reset: pg8000 lets the first read's error through as it is."""
    if isinstance(context.original_exception, OSError):
        context.is_disconnect = True


def _for_pg8000(url: URL) -> tuple[URL, dict[str, Any]]:
    """What other drivers take as ``host=/folder``, ``sslmode`` and ``sslrootcert``, in this one's words."""
    arguments: dict[str, Any] = {"timeout": PATIENCE}
    if not url.password:
        arguments["password"] = ""  # without any, it meets a server that asks for one unprepared
    query = dict(url.query)
    host = query.pop("host", None)
    mode, root = query.pop("sslmode", None), query.pop("sslrootcert", None)
    if isinstance(host, str) and host.startswith("/"):
        arguments["unix_sock"] = f"{host}/.s.PGSQL.{url.port or 5432}"
    elif isinstance(host, str):
        url = url.set(host=host)
    if mode == "disable":
        arguments["ssl_context"] = False
    elif mode in ("require", "verify-ca", "verify-full"):
        context = ssl.create_default_context(cafile=root if isinstance(root, str) else None)
        context.check_hostname = mode == "verify-full"
        if mode == "require" and root is None:
            context.verify_mode = ssl.CERT_NONE
        arguments["ssl_context"] = context
    return url.set(query=query), arguments


def _prepare(engine: Engine, target: str) -> None:
    """Make the tables where there are none.

    Raises:
        OutputError: there are others of these names, or of another version.
        UsageError: the file is marked as another program's, or as a journal or a review.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA application_id").scalar():
            raise UsageError(
                f"{without_password(target)} is marked as another kind of file, such as a journal or a review; "
                "name another database"
            )
        if _version(connection, target) == SCHEMA_VERSION:
            return
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        # Another run may have made them by now, and all of them: they come together.
        if _version(connection, target) is None:
            _create(connection)


def _version(connection: Connection, target: str) -> int | None:
    names = set(inspect(connection).get_table_names())
    if VERSIONS.name not in names:
        taken = sorted(names & set(METADATA.tables))
        if taken:
            raise OutputError(
                f"{without_password(target)} has a table {taken[0]} that is not hcr-scan's; name another database"
            )
        return None
    found = connection.execute(select(VERSIONS.c.version)).scalar()
    if found not in (None, SCHEMA_VERSION):
        raise OutputError(
            f"{without_password(target)} has tables of another version of hcr-scan ({found}, not {SCHEMA_VERSION}); "
            "name another database"
        )
    return found


def _create(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.execute(CreateIndex(index))
    connection.execute(VERSIONS.insert(), {"version": SCHEMA_VERSION})
