"""The five ports' witnesses of a local stack: their keys, settings and tokens, and the command that runs each.

`python -m stack.witnessing HOME PORT` prints a fresh token of a port's witness, for who has run longer than one lives.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.adapters.issuer import MAX_TTL_SECONDS, issue_token
from gateway.adapters.log_key import read_signing_key
from gateway.audit.note import WITNESS, Signer
from stack.keys import audit_key_file
from stack.layout import CHECKOUT, LOG_ORIGIN, Home, witness_part, write_private
from stack.postgres import LONG_BEACH, READER
from stack.settings import PORTS, StackSettings, TcpPorts
from stack.trino_access import LOADER

PARTNERS_FILE = CHECKOUT / "deploy" / "local" / "witnesses.yaml"
EVERY_SECONDS = 2
QUORUM = 3
METADATA_FILE = CHECKOUT / "deploy" / "witness" / "postgresql-metadata.txt"


def configure(home: Home, settings: StackSettings, port: str) -> str:
    """Write a witness's key, token and settings; return a digest of what it runs from."""
    folder = home.witness(port)
    (folder / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    _signer(home, port)
    write_private(folder / "token", token(home, port) + "\n")
    content = _settings(home, settings, port)
    write_private(_settings_file(home, port), content)
    code = [f"{file.name}:{file.stat().st_mtime_ns}" for file in sorted((CHECKOUT / "witness").glob("*.py"))]
    return hashlib.sha256(f"{content}{code}".encode()).hexdigest()


def command(home: Home, port: str) -> list[str]:
    """Return the command that runs a witness in the foreground."""
    return [sys.executable, "-m", "witness", "run", "--config", str(_settings_file(home, port))]


def gateway_settings(home: Home, settings: StackSettings) -> dict[str, object]:
    """Return what the gateway is told of the witnesses."""
    witnesses = [
        {"port": port, "url": _url(settings.tcp, port), "verifier_key": str(_signer(home, port).verifier)}
        for port in settings.ports
    ]
    return {"witnesses": witnesses, "quorum": min(QUORUM, len(witnesses))}


def answers(tcp: TcpPorts, port: str) -> bool:
    """Say whether a port's witness answers the protocol."""
    connection = http.client.HTTPConnection("127.0.0.1", witness_tcp_port(tcp, port), timeout=2)
    try:
        connection.request("GET", f"/{hashlib.sha256(LOG_ORIGIN.encode()).hexdigest()}/checkpoint")
        return connection.getresponse().status in (http.client.OK, http.client.NOT_FOUND)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def witness_tcp_port(tcp: TcpPorts, port: str) -> int:
    """Return where a port's witness listens."""
    return tcp.witness + PORTS.index(port)


def token(home: Home, port: str) -> str:
    """Return a token with which the port's views can be copied, and nothing else be read."""
    return issue_token(home.identity, witness_part(port), ttl_seconds=MAX_TTL_SECONDS, partners_file=PARTNERS_FILE)


def _signer(home: Home, port: str) -> Signer:
    file = home.witness(port) / "key.pem"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = Ed25519PrivateKey.generate()
        write_private(file, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Signer(f"{port}.portgate.local/witness", read_signing_key(file), WITNESS)


def _settings_file(home: Home, port: str) -> Path:
    return home.witness(port) / "witness.toml"


def _url(tcp: TcpPorts, port: str) -> str:
    return f"http://127.0.0.1:{witness_tcp_port(tcp, port)}"


def _settings(home: Home, settings: StackSettings, port: str) -> str:
    log_key = Signer(LOG_ORIGIN, read_signing_key(audit_key_file(home))).verifier
    renew = [sys.executable, "-m", "stack.witnessing", str(home.root), port]
    lines = [
        _line("port", port),
        _line("folder", "data"),
        _line("name", _signer(home, port).name),
        _line("key_file", "key.pem"),
        f"every_seconds = {EVERY_SECONDS}",
        "[log]",
        _line("url", f"http://127.0.0.1:{settings.tcp.plain}"),
        _line("verifier_keys", [str(log_key)]),
        _line("token_file", "token"),
        _line("token_command", renew),
        _line("peers", [_url(settings.tcp, other) for other in settings.ports if other != port]),
        "[listen]",
        f"tcp_port = {witness_tcp_port(settings.tcp, port)}",
    ]
    if port == LONG_BEACH:
        lines += [
            "[reads]",
            _line("kind", "postgresql"),
            _line("files", str(home.postgres / "log" / "*.json")),
            _line("logins", [READER]),
            _line("maintenance_users", [LOADER]),
            _line("metadata_file", str(METADATA_FILE)),
            "grace_seconds = 10",  # all is on one machine
        ]
    return "\n".join(lines) + "\n"


def _line(name: str, value: object) -> str:
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"  # a JSON string or list of them is one of TOML too


if __name__ == "__main__":
    print(token(Home(Path(sys.argv[1])), sys.argv[2]))
