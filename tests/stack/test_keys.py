"""Keys and certificates are made once, fit together, and are made anew when they no longer do."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from stack import keys
from stack.commands import trust_examples
from stack.keys import make_keys, secret, secret_file
from stack.layout import Home


def handshake(home: Home, name: str) -> str | None:
    """Do a TLS handshake with the gateway's certificate under a name; return the protocol."""
    ours, theirs = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(home.tls / "gateway.pem", home.tls / "gateway.key")
    client = ssl.create_default_context(cafile=str(home.ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # RFC 5280 to the letter, as Go and newer Pythons read it

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
    assert handshake(home, "::1") == "TLSv1.3"


def test_the_certificate_is_good_for_a_server_and_for_nothing_else(home: Home) -> None:
    make_keys(home)
    found = x509.load_pem_x509_certificate((home.tls / "gateway.pem").read_bytes()).extensions

    assert list(found.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not found.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = found.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)


def test_a_certificate_for_other_names_is_made_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "NAMES", x509.SubjectAlternativeName([x509.DNSName("localhost")]))
    make_keys(home)
    old = (home.tls / "gateway.pem").read_bytes()
    monkeypatch.undo()

    make_keys(home)

    assert (home.tls / "gateway.pem").read_bytes() != old
    assert handshake(home, "::1") == "TLSv1.3"


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


def test_each_kind_of_client_is_told_the_file_and_the_address_that_there_are() -> None:
    said = trust_examples(Path("/home/jane/.portgate/tls/ca.pem"), 9443)

    assert {"curl", "Trino CLI", "JDBC", "Python", "Go, Node", "browser"} == said.keys()
    for client in ("curl", "Trino CLI", "JDBC", "Python"):
        assert "/home/jane/.portgate/tls/ca.pem" in said[client]
        assert "9443" in said[client]
