"""Trino of a local stack: its configuration from templates, the command that runs it, and whether it is ready."""

from __future__ import annotations

import ssl
from contextlib import closing

import httpx
import requests
import trino
from trino.exceptions import TrinoUserError

from generator.tables import shapes_of
from stack.components import Components
from stack.faults import StackFault
from stack.keys import secret, trino_public_key, wall_secret_file
from stack.layout import TEMPLATES, Home, write_private
from stack.postgres import CATALOG_ROLE, READER
from stack.rendering import write_rendered
from stack.settings import SAMPLES, StackSettings
from stack.trino_access import connect

PART = "trino"
NOTHING_LOADED = ("SCHEMA_NOT_FOUND", "TABLE_NOT_FOUND")
JDBC_PORTS = ("oakland", "long_beach")
"""Ports whose connector can be asked without a table."""
_FILES = [
    "config.properties",
    "node.properties",
    "jvm.config",
    "log.properties",
    "access-control.properties",
    "second-wall.properties",
    "executions.properties",
    "rules.json",
]


def configure(home: Home, components: Components, settings: StackSettings) -> str:
    """Write Trino's configuration; return a digest of it."""
    etc = home.trino / "etc"
    etc.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(etc / "gateway.pub.pem", trino_public_key(home))
    certificate = (home.tls / "trino.pem").read_text()
    write_private(etc / "trino.pem", (home.tls / "trino.key").read_text() + certificate)
    values = {
        "etc": str(etc),
        "authority": str(home.ca_file),
        "data": str(home.trino / "data"),
        "ports": str(home.ports),
        "plugin_directory": str(components.trino_plugins),
        "trino_port": str(settings.tcp.trino),
        "wall_port": str(settings.tcp.wall),
        "wall_secret": wall_secret_file(home).read_text(encoding="ascii").strip(),
        "postgres_port": str(settings.tcp.postgres),
        "shared_secret": secret(home, "trino-shared-secret"),
        "iceberg_password": secret(home, f"postgres-{CATALOG_ROLE}"),
        "reader_password": secret(home, f"postgres-{READER}"),
    }
    catalogs = [f"catalog/{port}.properties" for port in settings.ports]
    samples = [f"{sample}.properties" for sample in SAMPLES if settings.samples]
    for stale in (etc / "catalog").glob("*.properties"):
        if f"catalog/{stale.name}" not in catalogs and stale.name not in samples:
            stale.unlink()
    digest = write_rendered(TEMPLATES / "trino", _FILES + catalogs, etc, values)
    digest += write_rendered(TEMPLATES / "trino" / "samples", samples, etc / "catalog", values)
    return f"{digest} {components.trino} {trino_public_key(home)} {certificate}"


def command(home: Home, components: Components) -> list[str]:
    """Return the command that runs Trino in the foreground; its launcher becomes the Java process."""
    return [
        str(components.trino / "bin" / "launcher"),
        "run",
        f"--etc-dir={home.trino / 'etc'}",
        f"--data-dir={home.trino / 'data'}",
        f"--jvm-dir={components.java_home}",
    ]


def has_started(home: Home, tcp_port: int) -> bool:
    """Say whether Trino has opened all its catalogs and answers."""
    try:
        answer = httpx.get(f"https://127.0.0.1:{tcp_port}/v1/info", timeout=2, verify=_trust(home))
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and answer.json().get("starting") is False


def is_ready(home: Home, settings: StackSettings) -> bool:
    """Say whether Trino also reads a port: it says that it has started some seconds before a worker takes queries."""
    return has_started(home, settings.tcp.trino) and _reads(home, _probe(settings.ports))


def _probe(ports: tuple[str, ...]) -> str:
    """Write a query that a worker must run; all catalogs come to the worker at once, so one port will do."""
    jdbc = [port for port in ports if port in JDBC_PORTS]
    if jdbc:
        return f"SELECT * FROM TABLE({jdbc[0]}.system.query(query => 'SELECT 1 AS one'))"  # noqa: S608 - our own name
    return f"SELECT 1 FROM {shapes_of(ports[0])[0].trino_name} LIMIT 1"  # noqa: S608 - our own name


def _reads(home: Home, probe: str) -> bool:
    with closing(connect(home)) as session:
        try:
            session.cursor().execute(probe).fetchall()
        except TrinoUserError as error:
            if error.error_name in NOTHING_LOADED:
                return True
            raise StackFault(f"Trino refused its own probe: {error.message}", mend="see deploy/local/trino") from error
        except (trino.exceptions.Error, requests.RequestException):
            return False
    return True


def _trust(home: Home) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=home.ca_file)
