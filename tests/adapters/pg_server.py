"""A PostgreSQL server for tests of the audit log: with fsync, on a folder and a TCP port of its own."""

from __future__ import annotations

import itertools
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from stack.components import postgres_bin
from stack.postgres import as_nobody, make_owned_folder

ADMIN = "tester"
_numbers = itertools.count()


class PgServer:
    """One server."""

    def __init__(self, folder: Path, tcp_port: int) -> None:
        """Make its folder."""
        self._data, self._tcp_port = folder / "data", tcp_port
        self._process: subprocess.Popen[bytes] | None = None
        make_owned_folder(self._data)
        words = [f"--pgdata={self._data}", f"--username={ADMIN}", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        command = [*as_nobody(), str(postgres_bin() / "initdb"), *words, "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def start(self, *settings: str) -> None:
        """Start it, and wait until it takes logins."""
        words = ["--listen_addresses=127.0.0.1", f"--port={self._tcp_port}", "--unix_socket_directories="]
        command = [*as_nobody(), str(postgres_bin() / "postgres"), "-D", str(self._data), *words, *settings]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        until = time.monotonic() + 120  # after a crash it syncs all its files
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: str = "fast") -> None:
        """Stop it: `immediate` as a crash would."""
        if self._process is not None:
            command = [str(postgres_bin() / "pg_ctl"), "stop", "-D", str(self._data), "-m", how, "-w"]
            subprocess.run([*as_nobody(), *command], check=False, capture_output=True, cwd="/")
            self._process.wait(20)
        self._process = None

    def conninfo(self, database: str, user: str = ADMIN) -> str:
        """Say how to reach a database."""
        return f"host=127.0.0.1 port={self._tcp_port} dbname={database} user={user}"

    def connect(self, database: str) -> psycopg.Connection:
        """Log in."""
        return psycopg.connect(self.conninfo(database), autocommit=True, connect_timeout=3)

    def new_database(self) -> str:
        """Make a database, and return how to reach it."""
        name = f"audit_{next(_numbers)}"
        with self.connect("postgres") as session:
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.conninfo(name)
