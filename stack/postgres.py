"""The PostgreSQL of a local stack: Long Beach's own database, and the catalog of Los Angeles's Iceberg tables.

It listens on loopback with passwords only. Run by root, it runs as `nobody`, which may read through closed folders on
its way to its own (a capability) but writes only there.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from stack.components import Components
from stack.faults import StackFault
from stack.keys import secret
from stack.layout import Home, write_private

PART = "postgres"
ADMIN = "portgate_admin"
READER = "trino_reader"
CATALOG_ROLE = "iceberg_catalog"
LONG_BEACH = "long_beach"
LOS_ANGELES_CATALOG = "los_angeles_catalog"
UNPRIVILEGED = "nobody"
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))
"""What lets a process walk through closed folders, the weaker first, with its bit; containers often lack the first."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "shared_buffers": "128MB",
    "max_wal_size": "4GB",
    "synchronous_commit": "off",  # all that is in it can be generated again
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # a statement may hold values of rows
    # who read what, for the port's witness: a file for each day of the week
    "logging_collector": "on",
    "log_destination": "stderr,jsonlog",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_parameter_max_length": "0",
}

_ICEBERG_TABLES: LiteralString = """
    CREATE TABLE IF NOT EXISTS iceberg_tables (
        catalog_name varchar(255) NOT NULL, table_namespace varchar(255) NOT NULL, table_name varchar(255) NOT NULL,
        metadata_location varchar(1000), previous_metadata_location varchar(1000), iceberg_type varchar(5),
        PRIMARY KEY (catalog_name, table_namespace, table_name));
    CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
        catalog_name varchar(255) NOT NULL, namespace varchar(255) NOT NULL, property_key varchar(255) NOT NULL,
        property_value varchar(1000), PRIMARY KEY (catalog_name, namespace, property_key));
"""
"""The two tables that Trino's JDBC catalog of Iceberg expects to find."""


def connect(home: Home, tcp_port: int, database: str, user: str = ADMIN) -> psycopg.Connection:
    """Log in; the administrator's password opens every database."""
    return psycopg.connect(
        host="127.0.0.1",
        port=tcp_port,
        dbname=database,
        user=user,
        password=secret(home, f"postgres-{user}"),
        connect_timeout=3,
        autocommit=True,
    )


def command(home: Home, components: Components, tcp_port: int) -> list[str]:
    """Return the command that runs the server in the foreground, for the data folder that `prepare` made."""
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    return [
        *as_nobody(),
        str(components.postgres_bin / "postgres"),
        "-D",
        str(home.postgres),
        f"--port={tcp_port}",
        *settings,
    ]


def prepare(home: Home, components: Components) -> None:
    """Make the data folder unless there is a whole one."""
    if (home.postgres / "PG_VERSION").exists() and not _half_made(home).exists():
        return
    shutil.rmtree(home.postgres, ignore_errors=True)
    _half_made(home).touch()
    make_owned_folder(home.postgres)
    password_file = home.postgres.with_name("postgres-password")
    write_private(password_file, secret(home, f"postgres-{ADMIN}") + "\n")
    own(password_file)
    try:
        _initialise(home, components, password_file)
    finally:
        password_file.unlink()
    _half_made(home).unlink()


def is_ready(home: Home, tcp_port: int) -> bool:
    """Say whether the server takes logins."""
    try:
        connect(home, tcp_port, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def make_databases(home: Home, tcp_port: int) -> None:
    """Make what is missing of databases and roles, and give each role its password and no more rights than it needs."""
    with connect(home, tcp_port, "postgres") as session:
        for role in (READER, CATALOG_ROLE):
            _make_role(session, role, secret(home, f"postgres-{role}"))
        _make_database(session, LONG_BEACH, ADMIN, READER)
        _make_database(session, LOS_ANGELES_CATALOG, CATALOG_ROLE, CATALOG_ROLE)
        session.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(READER)))
        session.execute(sql.SQL("ALTER ROLE {} SET log_statement = 'all'").format(sql.Identifier(READER)))
    with connect(home, tcp_port, LONG_BEACH) as session:
        reader = sql.Identifier(READER)
        session.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(reader))
        session.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with connect(home, tcp_port, LOS_ANGELES_CATALOG, CATALOG_ROLE) as session:
        session.execute(_ICEBERG_TABLES)


def drop_databases(home: Home, tcp_port: int) -> None:
    """Drop both databases, for data that is loaded anew."""
    with connect(home, tcp_port, "postgres") as session:
        for name in (LONG_BEACH, LOS_ANGELES_CATALOG):
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _make_role(session: psycopg.Connection, role: str, password: str) -> None:
    known = session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER") if known else sql.SQL("CREATE")
    session.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def _make_database(session: psycopg.Connection, name: str, owner: str, user: str) -> None:
    known = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    database = sql.Identifier(name)
    if not known:
        session.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(owner)))
    session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    session.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(user)))


def _half_made(home: Home) -> Path:
    return home.root / "postgres.half-made"


def _initialise(home: Home, components: Components, password_file: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *as_nobody(),
            str(components.postgres_bin / "initdb"),
            f"--pgdata={home.postgres}",
            f"--username={ADMIN}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        mend = f"check the free space and the rights of {home.root}, then start again"
        if "user does not exist" in said:
            mend = "PostgreSQL needs a user with a name: run as one that /etc/passwd knows (a container: --user NAME)"
        raise StackFault(f"PostgreSQL's data folder could not be made: {said}", mend=mend)


def make_owned_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    own(folder)


def own(path: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid)


def as_nobody() -> list[str]:
    """Return the words before a command that make it run unprivileged; none are needed for an ordinary user."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackFault(
            "PostgreSQL refuses to run as root, and setpriv, which would run it as nobody, is not there",
            mend="install the package util-linux, or run Portgate as an ordinary user",
        )
    user = pwd.getpwnam(UNPRIVILEGED)
    caps = f"-all,+{_capability()}"
    return [
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        f"--inh-caps={caps}",
        f"--ambient-caps={caps}",
        f"--bounding-set={caps}",
        "--no-new-privs",
        "--",
    ]


def _capability() -> str:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", status, re.MULTILINE)
    held = int(found.group(1), 16) if found else 0
    for name, bit in _CAPABILITIES:
        if held & (1 << bit):
            return name
    raise StackFault(
        "PostgreSQL refuses to run as root, and this container may not pass folders on to another user",
        mend="run Portgate as an ordinary user, or give the container the capability DAC_OVERRIDE",
    )
