"""The command `portgate-witness` against the gateway's own application, over TLS, as a port's engineer runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters import audit_store
from gateway.settings import ListenSettings
from tests.audit.logs import SIGNER, open_store
from tests.conftest import CHECKOUT, free_tcp_ports
from tests.edge.over_tls import SERVER, Authority, free_socket, serving
from tests.edge.test_log_files import Served
from tests.witness.logs import decision
from witness.cli import CANNOT, USAGE, WELL, WRONG, main
from witness.config import read_config

NAME = "oakland.test/witness"


@dataclass
class Place:
    """A folder with a witness's settings, and the gateway that they name."""

    folder: Path
    served: Served
    url: str
    ca_file: Path
    verifier_key: str

    @property
    def config(self) -> Path:
        return self.folder / "witness.toml"

    def write(self, port: int, more: str = "", log: str = "") -> None:
        """Write the settings."""
        self.config.write_text(
            f'port = "oakland"\nfolder = "data"\nname = "{NAME}"\nkey_file = "key.pem"\nevery_seconds = 0.1\n{more}\n'
            f'[log]\nurl = "{self.url}"\nca_file = "{self.ca_file}"\nverifier_keys = ["{SIGNER.verifier}"]\n'
            f'token_file = "token"\n{log}\n[listen]\ntcp_port = {port}\n'
        )

    def state(self) -> dict[str, object]:
        """What the witness tells of itself."""
        file = self.folder / "data" / "status.json"
        return dict(json.loads(file.read_bytes())) if file.exists() else {}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """A gateway's log over TLS, and a key that was made for a witness."""
    monkeypatch.setattr(audit_store, "SIGN_SECONDS", 0.05)
    store = open_store(tmp_path / "audit.sqlite")
    authority = Authority(tmp_path)
    pair = authority.issue("CN=localhost", use=SERVER)
    listen = ListenSettings(certificate_file=pair.certificate_file, key_file=pair.key_file)
    folder = tmp_path / "witness"
    folder.mkdir()
    assert main(["keygen", NAME, str(folder / "key.pem")]) == WELL
    key = capsys.readouterr().out.strip()
    (folder / "token").write_text("witness\n")
    served = Served(store)
    with serving(served.app, free_socket(), listen) as port:
        yield Place(folder, served, f"https://localhost:{port}", authority.file, key)
    store.close()


@pytest.fixture
def run(place: Place) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start the witness in a process of its own."""
    children: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "witness", "run", "--config", str(place.config)]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        children.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment, cwd=place.folder))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something holds."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


def append(place: Place, *names: str) -> None:
    """Write decisions about the port."""

    async def written() -> None:
        for name in names:
            await place.served.store.append(decision(name, "oakland"))

    asyncio.run(written())


def test_a_witness_runs_is_well_and_what_it_mirrors_is_in_order(
    place: Place, run: Callable[[], subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_tcp_ports(1)
    place.write(port)
    child = run()
    append(place, "q1", "q2")
    until(lambda: int(str(place.state().get("mirrored") or 0)) >= 4)

    assert main(["status", "--config", str(place.config)]) == WELL
    assert main(["verify", str(place.folder / "data")]) == WELL
    assert main(["verify", "--url", place.url, "--ca", str(place.ca_file), "--key", str(SIGNER.verifier)]) == WELL
    assert "records are in order" in capsys.readouterr().out
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404

    child.send_signal(signal.SIGTERM)
    assert child.wait(5) == 0
    assert [each["role"] for each in place.served.records("reading")] == ["witness"]


def test_a_token_that_is_not_taken_any_more_is_renewed_by_its_command(
    place: Place, run: Callable[[], subprocess.Popen[str]]
) -> None:
    (place.folder / "token").write_text("expired\n")
    command = json.dumps([sys.executable, "-c", "print('witness')"])
    place.write(free_tcp_ports(1)[0], log=f"token_command = {command}")
    append(place, "q1")
    run()

    until(lambda: int(str(place.state().get("mirrored") or 0)) >= 3)


def test_an_alarm_makes_the_status_1_until_it_is_acknowledged(
    place: Place, run: Callable[[], subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    reads = place.folder / "reads.jsonl"
    reads.touch()
    place.write(free_tcp_ports(1)[0])
    with place.config.open("a") as stream:
        stream.write('[reads]\nkind = "lines"\nfiles = "reads.jsonl"\ngrace_seconds = 0\n')
    child = run()
    until(lambda: (place.folder / "data" / "reads.json").exists())
    reads.write_text('{"time": "2026-11-28T08:00:00Z", "user": "eve#1"}\n')
    until(lambda: (place.folder / "data" / "alarms.jsonl").exists())
    until(lambda: bool(place.state()))

    assert main(["status", "--config", str(place.config)]) == WRONG
    assert "unrecorded_read: the catalog was read as eve#1" in capsys.readouterr().out
    assert main(["acknowledge", "--config", str(place.config)]) == WELL
    assert main(["status", "--config", str(place.config)]) == WELL
    child.send_signal(signal.SIGTERM)
    assert "ALARM unrecorded_read" in child.communicate(timeout=5)[1]


def test_a_mirror_that_was_changed_is_told(
    place: Place, run: Callable[[], subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    place.write(free_tcp_ports(1)[0])
    append(place, "q1")
    child = run()
    until(lambda: int(str(place.state().get("mirrored") or 0)) >= 3)
    child.kill()
    file = place.folder / "data" / "views.jsonl"
    file.write_text(file.read_text().replace("SELECT q1", "SELECT q2"))

    assert main(["verify", str(place.folder / "data")]) == WRONG
    assert "what was shown of record 2 is not what the log has committed to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("[log]", "stal_seconds = 1\n[log]"), "stal_seconds is no setting"),
        (lambda text: text.replace("token_file", "token_fil"), "token_fil is no setting of log"),
        (lambda text: text.replace('port = "oakland"\n', ""), "port is missing"),
        (lambda text: text.replace("portgate.test", "other.test"), "is no verifier key"),
        (lambda text: text.replace(f'"{SIGNER.verifier}"', ""), "must hold the log's own key"),
        (lambda text: text + "[reads]\nkind='x'\nfiles='y'\n", "reads.kind is"),
        (lambda text: text + "[reads]\nkind='lines'\nfiles='y'\nfoo=1\n", "foo"),
        (lambda text: text + "[", "Invalid"),
    ],
)
def test_settings_that_are_wrong_are_told(
    place: Place, change: Callable[[str], str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write(1)
    place.config.write_text(change(place.config.read_text()))

    assert main(["run", "--config", str(place.config)]) == USAGE
    assert said in capsys.readouterr().err


def test_what_is_not_there_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", str(tmp_path / "none.toml")]) == CANNOT
    assert main(["verify", str(tmp_path)]) == CANNOT
    assert main(["verify", "--url", "http://127.0.0.1:1", "--key", str(SIGNER.verifier)]) == CANNOT
    assert main(["verify"]) == main(["verify", "--url", "http://127.0.0.1:1"]) == USAGE
    assert main(["verify", "--url", "ftp://x", "--key", str(SIGNER.verifier)]) == USAGE


def test_a_key_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key.pem"
    assert main(["keygen", NAME, str(file)]) == WELL
    before = file.read_bytes()

    assert main(["keygen", NAME, str(file)]) == CANNOT
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (before, 0o600)


def test_paths_are_beside_the_settings(place: Place) -> None:
    place.write(9250)
    config = read_config(place.config)

    assert config.folder == place.folder / "data"
    assert config.token_file == place.folder / "token"
    assert (config.origin, config.stall_seconds, config.reads) == (SIGNER.name, 600, None)
    assert isinstance(config.cosigner.private, Ed25519PrivateKey)
    assert str(config.cosigner.key) == place.verifier_key
