"""Trino's command line, in three versions: all statements in one file, then one that is interrupted."""

from __future__ import annotations

import csv
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from stack.fetching import Jar
from tests.clients import made
from tests.clients.contract import Client, Place, Report, environment, task
from tests.clients.programs.checks import CANCEL_AFTER_SECONDS

MARK = "section "
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "--enable-native-access=ALL-UNNAMED")


def _version(version: str, sha256: str) -> Jar:
    return Jar("Trino's command line", "io.trino", "trino-cli", version, sha256, "executable")


VERSIONS = (
    _version("476", "fe4e9c7fb569cd67673afa1622945f6308e1e59bdb825419352b80887661757b"),
    _version("368", "87956d931fcd4fc4e7305d85dafd94c13646f9630808632f5d5ed5f1240548d8"),
    _version("363", "7dcb594420dd0d41195e87a963db747af4c46d8c457dc3d3fbd9e36c118a491f"),
)
"""The newest that Maven repositories have is 476; of the older ones they have four."""


def clients() -> list[Client]:
    """One client for each version."""
    return [Client(f"Trino CLI {jar.version}", partial(_run, jar)) for jar in VERSIONS]


def _run(jar: Jar, place: Place, mark: int) -> Report:
    given = task(place, mark)
    sections = {"connect": ["START TRANSACTION READ ONLY", "SELECT 1", "COMMIT"], **_browsing(place)}
    sections |= {str(number): [sql] for number, sql in enumerate(given["statements"])}
    sections["parameters"] = [
        f"PREPARE asked FROM {given['parameters']}",
        "EXECUTE asked USING 41, 'it''s', 'USOAK'",
        "DEALLOCATE PREPARE asked",
    ]
    sections["notices"] = [given["masked"]]
    command, wrong = _command(jar, place, place.token), _command(jar, place, f"wrong.{place.token}")
    return {
        **_in_one_file(command, sections, len(given["statements"])),
        "cancel": _checked(lambda: _interrupted(command, given["endless"], place, mark)),
        "million_rows": _checked(lambda: _numbers(command, given["million"])),
        "wrong_token": _checked(lambda: _said([*wrong, "--execute", "SELECT 1"])),
    }


def _browsing(place: Place) -> dict[str, list[str]]:
    return {
        "catalogs": ["SHOW CATALOGS"],
        "schemas": [f"SHOW SCHEMAS FROM {place.catalog}"],
        "tables": [f"SHOW TABLES FROM {place.catalog}.{place.schema}"],
        "columns": [f"DESCRIBE {place.table}"],
    }


def _command(jar: Jar, place: Place, token: str) -> list[str]:
    return [
        *(str(made.java()), *JAVA_OPTIONS, "-jar", str(made.jar(jar))),
        *("--server", f"https://{place.host}:{place.port}", "--truststore-path", str(place.ca_file)),
        *("--user", place.user, "--access-token", token),
        *("--catalog", place.catalog, "--schema", place.schema, "--timezone", "UTC"),
    ]


def _checked(check: Callable[[], Any]) -> dict[str, Any]:
    begun = time.monotonic()
    return {"result": check(), "seconds": time.monotonic() - begun}


def _in_one_file(command: list[str], sections: Mapping[str, list[str]], statements: int) -> dict[str, dict[str, Any]]:
    """Run all sections, with a row between them that says which one comes.

    Rows are CSV, in which everything is quoted, and all else is a message; the program's JSON has no arrays.
    """
    lines = [f"SELECT '{MARK}{name}';\n" + "".join(f"{sql};\n" for sql in texts) for name, texts in sections.items()]
    with tempfile.TemporaryDirectory(prefix="portgate-cli-") as work:
        file = Path(work) / "all.sql"
        file.write_text("".join(lines), encoding="utf-8")
        begun = time.monotonic()
        said = _said([*command, "--file", str(file), "--output-format", "CSV", "--ignore-errors"])
    seen = _sections(said)
    rows = {name: rows for name, (rows, _) in seen.items()}
    answers = [
        {"error": "\n".join(seen[str(number)][1])}
        if _failed(seen[str(number)][1])
        else {"rows": rows[str(number)], "said": seen[str(number)][1]}
        for number in range(statements)
    ]
    results: dict[str, Any] = {
        "connect": rows["connect"],
        "browse": {name: [row[0] for row in rows[name]] for name in ("catalogs", "schemas", "tables", "columns")},
        "statements": answers,
        "parameters": rows["parameters"] or seen["parameters"][1],
        "notices": [line for line in seen["notices"][1] if "WARNING" in line] or seen["notices"][1],
    }
    return {name: {"result": result, "seconds": time.monotonic() - begun} for name, result in results.items()}


def _failed(messages: list[str]) -> bool:
    return any(" failed: " in line for line in messages)


def _sections(said: str) -> dict[str, tuple[list[list[str | None]], list[str]]]:
    seen: dict[str, tuple[list[list[str | None]], list[str]]] = {}
    name = ""
    for line in said.splitlines():
        if line.startswith(f'"{MARK}'):
            name = line.strip('"').removeprefix(MARK)
        rows, messages = seen.setdefault(name, ([], []))
        if not line.startswith('"'):
            messages.append(line)
        elif not line.startswith(f'"{MARK}'):
            rows.append([value or None for value in next(csv.reader([line]))])
    return seen


def _said(command: list[str], messages: int = subprocess.STDOUT) -> str:
    done = subprocess.run(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=messages,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=made.LONGEST_SECONDS,
        check=False,
    )
    return done.stdout


def _numbers(command: list[str], sql: str) -> list[int]:
    said = _said([*command, "--execute", sql, "--output-format", "TSV"], subprocess.DEVNULL)
    numbers = [int(line) for line in said.split()]
    return [len(numbers), sum(numbers)]


def _interrupted(command: list[str], sql: str, place: Place, mark: int) -> str:
    """What Ctrl-C does."""
    with subprocess.Popen(
        [*command, "--execute", sql],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        place.wait_until_running(mark)
        time.sleep(CANCEL_AFTER_SECONDS)  # the program must have read where its rows are, to stop them
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    return f"ended with {running.returncode}: {said}"
