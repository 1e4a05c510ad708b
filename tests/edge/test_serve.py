"""Over real sockets: both listeners, answers that break off, readers who leave, and the end."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI

from gateway.edge import serve
from gateway.edge.strict_http import StrictProtocol
from gateway.settings import WallSettings

ROOT = Path(__file__).parents[2]
HEADERS = {"Authorization": "Bearer analyst"}


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "ca.pem", directory / "gateway.key"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file


def free_ports(count: int) -> list[int]:
    """Return TCP ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Served:
    """A gateway in a process of its own."""

    process: subprocess.Popen[str]
    tls_port: int
    plain_port: int
    certificate: Path

    @property
    def plain(self) -> str:
        """Its plain address."""
        return f"http://127.0.0.1:{self.plain_port}"

    def says(self) -> str:
        """Wait for its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    certificate, key = make_certificate(tmp_path)
    tls_port, plain_port = free_ports(2)
    command = [sys.executable, "-m", "tests.edge.serving", str(tls_port), str(plain_port), str(certificate), str(key)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "gateway ready" in process.stderr.readline()
        yield Served(process, tls_port, plain_port, certificate)
        process.kill()


def question(sql: str) -> dict[str, str]:
    return {"sql": sql, "purpose": "freight_resilience"}


def test_both_listeners_serve_the_same_application(served: Served) -> None:
    trust = ssl.create_default_context(cafile=str(served.certificate))
    with httpx.Client(verify=trust, trust_env=False) as client:
        over_tls = client.post(
            f"https://127.0.0.1:{served.tls_port}/api/queries", json=question("SELECT 1"), headers=HEADERS
        )
        in_plain = client.post(f"{served.plain}/api/queries", json=question("SELECT 1"), headers=HEADERS)

    assert over_tls.json() == in_plain.json()
    assert over_tls.json()["rows"] == [["Los Angeles", 7]]
    assert "server" not in over_tls.headers


def test_a_csv_answer_that_fails_late_is_cut_off(served: Served) -> None:
    headers = {**HEADERS, "Accept": "text/csv"}

    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        httpx.post(f"{served.plain}/api/queries", json=question("fails late"), headers=headers)

    whole = httpx.post(f"{served.plain}/api/queries", json=question("SELECT 1"), headers=headers)
    assert whole.text == "port,teu\r\nLos Angeles,7\r\n"


@pytest.mark.parametrize("sql", ["never ends", "is endless"])
def test_a_reader_who_leaves_cancels_the_query(served: Served, sql: str) -> None:
    with httpx.stream("POST", f"{served.plain}/api/queries", json=question(sql), headers=HEADERS) as answer:
        next(answer.iter_bytes())

    assert served.says() == "cancelled"


def test_a_reader_who_leaves_before_the_first_row_cancels_the_query(served: Served) -> None:
    def wait_briefly() -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{served.plain}/api/queries",
                json=question("never starts"),
                headers=HEADERS,
                timeout=httpx.Timeout(0.5),
            )

    reader = threading.Thread(target=wait_briefly)
    reader.start()

    assert served.says() == "started"
    assert served.says() == "cancelled"
    reader.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_listeners_and_cancels_what_runs(served: Served, number: signal.Signals) -> None:
    with httpx.stream("POST", f"{served.plain}/api/queries", json=question("never ends"), headers=HEADERS) as answer:
        chunks = answer.iter_bytes()
        next(chunks)
        served.process.send_signal(number)

        assert served.says() == "cancelled"
        assert served.says() == "stopped"
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)

    assert served.process.wait() == 0


def test_a_port_that_is_taken_is_named_with_its_setting(served: Served, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    (tls_port,) = free_ports(1)
    command = [sys.executable, "-m", "tests.edge.serving", str(tls_port), str(served.plain_port)]

    second = subprocess.run([*command, str(certificate), str(key)], cwd=ROOT, capture_output=True, text=True)

    assert second.returncode != 0
    assert f"cannot listen on 127.0.0.1:{served.plain_port}" in second.stderr
    assert "listen.plain_port" in second.stderr


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_a_request_that_two_readers_could_read_differently_is_refused(served: Served, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.plain_port), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(4096)

    assert answer.split(b" ")[1] in (b"400", b"501")


def test_who_comes_while_the_server_leaves_is_not_left_hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StrictProtocol, "shutdown", lambda _: None)  # as one that came after all had been told
    monkeypatch.setattr(serve, "GRACE_SECONDS", 1)
    (tcp_port,) = free_ports(1)
    secret = tmp_path / "secret"
    secret.write_text("s" * 64)
    settings = WallSettings(host="127.0.0.1", tcp_port=tcp_port, secret_file=secret)

    async def story() -> bytes:
        async with serve.serving_wall(FastAPI(), settings):
            reader, writer = await asyncio.open_connection("127.0.0.1", tcp_port)
            await asyncio.sleep(0.2)
        read = await asyncio.wait_for(reader.read(), 2)
        writer.close()
        return read

    assert asyncio.run(story()) == b""


def test_an_honest_request_on_a_bare_socket_is_answered(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.plain_port), timeout=10) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")

        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
