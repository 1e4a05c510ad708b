"""Keys and certificates are made once, fit together, and are made anew when they no longer do."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from stack.keys import make_keys, secret, secret_file
from stack.layout import Home


def handshake(home: Home, name: str) -> str | None:
    """Do a TLS handshake with the gateway's certificate under a name; return the protocol."""
    ours, theirs = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(home.tls / "gateway.pem", home.tls / "gateway.key")
    client = ssl.create_default_context(cafile=str(home.ca_file))

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as done:
            return done.version()
    finally:
        thread.join()


def test_a_client_that_trusts_the_authority_reaches_the_gateway_by_name_and_by_address(home: Home) -> None:
    make_keys(home)

    assert handshake(home, "localhost") == "TLSv1.3"
    assert handshake(home, "127.0.0.1") == "TLSv1.3"


def test_the_certificate_holds_for_no_other_name(home: Home) -> None:
    make_keys(home)

    with pytest.raises(ssl.SSLCertVerificationError, match=r"portgate\.example"):
        handshake(home, "portgate.example")


def test_keys_are_kept(home: Home) -> None:
    make_keys(home)
    before = {file: file.read_bytes() for file in home.tls.iterdir()}

    make_keys(home)

    assert {file: file.read_bytes() for file in home.tls.iterdir()} == before


def test_a_new_authority_gives_new_certificates(home: Home) -> None:
    make_keys(home)
    old = issuer(home.tls / "gateway.pem")
    (home.tls / "ca.key").unlink()

    make_keys(home)

    assert issuer(home.tls / "gateway.pem") != old
    assert handshake(home, "localhost") == "TLSv1.3"


def test_a_secret_is_made_once_and_is_its_owners_alone(home: Home) -> None:
    assert secret(home, "mask-key") == secret(home, "mask-key")
    assert secret(home, "mask-key") != secret(home, "another")
    assert oct(secret_file(home, "mask-key").stat().st_mode & 0o777) == "0o600"


def issuer(file: Path) -> x509.Name:
    return x509.load_pem_x509_certificate(file.read_bytes()).issuer
