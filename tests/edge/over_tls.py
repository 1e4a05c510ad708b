"""Applications on real sockets, in threads of the test's own process, and certificates of a test's own authorities."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from starlette.types import ASGIApp

from gateway.edge.serve import make_listener
from gateway.settings import ListenSettings

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass
class Pair:
    """A certificate and its key, as files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def files(self) -> tuple[str, str]:
        """The two as clients take them."""
        return str(self.certificate_file), str(self.key_file)

    @property
    def der(self) -> bytes:
        """The certificate as it goes over the wire."""
        return self.certificate.public_bytes(Encoding.DER)


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "CN=Test authority") -> None:
        self.folder = folder
        self.name = x509.Name.from_rfc4514_string(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        self.certificate = (
            _blank(self.name, self.name, self.key, now - timedelta(days=30), now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, SHA256())
        )
        self.file = folder / f"authority-{self.certificate.serial_number:x}.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        subject: str,
        *,
        uri: str | None = None,
        use: x509.ObjectIdentifier = CLIENT,
        until: timedelta = timedelta(days=1),
    ) -> Pair:
        """Issue a certificate; one for a server holds for this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        builder = _blank(x509.Name.from_rfc4514_string(subject), self.name, key, now - timedelta(days=2), now + until)
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)] if uri else []
        if use == SERVER:
            names += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False).sign(self.key, SHA256())
        stem = self.folder / f"{made.serial_number:x}"
        pair = Pair(made, key, stem.with_suffix(".pem"), stem.with_suffix(".key"))
        pair.certificate_file.write_bytes(made.public_bytes(Encoding.PEM))
        pair.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair

    def revoke(self, *pairs: Pair, until: timedelta = timedelta(days=1)) -> bytes:
        """Return the list that says so, as PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now - timedelta(days=2)).next_update(now + until)
        for pair in pairs:
            entry = x509.RevokedCertificateBuilder().serial_number(pair.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(hours=1)).build())
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)


def _blank(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def free_socket() -> socket.socket:
    """Return a socket that is bound and listens; its number is known before anything serves it."""
    return socket.create_server(("127.0.0.1", 0), backlog=64)


@contextlib.contextmanager
def serving(app: ASGIApp, bound: socket.socket, tls: ListenSettings | None = None) -> Iterator[int]:
    """Serve the application on the gateway's own listener for as long as the block runs; give the TCP port."""
    listener = make_listener(app, tls)

    async def serve() -> None:
        await listener.serve([bound])
        await asyncio.sleep(0.05)  # connections that were closed just now are let go by the loop

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield bound.getsockname()[1]
    finally:
        listener.should_exit = True
        thread.join()
