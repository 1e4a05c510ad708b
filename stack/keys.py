"""Keys, certificates and passwords of a local stack, made once and kept."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stack.faults import StackFault
from stack.layout import Home, write_private

NAMES = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1"))]
)
"""What a server's certificate holds for; Java, Go and Node look nowhere else."""
SERVERS = ("gateway", "trino")
"""Who gets a certificate: tls/<name>.pem and tls/<name>.key."""
CA_DAYS = 3650
CERTIFICATE_DAYS = 397
RENEW_DAYS = 30
"""A certificate with less time left than this is made anew by `portgate up`."""


def bundle_secret_file(home: Home) -> Path:
    """Return the file of the token with which OPA reads bundles."""
    return secret_file(home, "bundles")


def bundle_key_file(home: Home, name: str) -> Path:
    """Return the private key with which a port, or the partnership as `gateway`, signs its bundles."""
    return home.secrets / f"bundle-{name}.key"


def public_bundle_key_file(home: Home, name: str) -> Path:
    """Return the public half of such a key."""
    return home.policy_keys / f"{name}.pem"


def make_bundle_keys(home: Home, names: tuple[str, ...]) -> None:
    """Make the keys that are not there yet."""
    for name in names:
        public = _key(bundle_key_file(home, name)).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        file = public_bundle_key_file(home, name)
        if not file.exists() or file.read_bytes() != pem:
            write_private(file, pem)


def secret(home: Home, name: str) -> str:
    """Return a secret of 256 bits by its name, made when first asked for."""
    file = secret_file(home, name)
    return file.read_text(encoding="ascii").strip()


def secret_file(home: Home, name: str) -> Path:
    """Return the file of a secret, made when first asked for."""
    file = home.secrets / name
    if not file.exists():
        write_private(file, secrets.token_hex(32) + "\n")
    return file


def audit_key_file(home: Home) -> Path:
    """Return the file of the audit log's private key, made when first asked for."""
    file = home.secrets / "audit-key.pem"
    if not file.exists():
        fresh = Ed25519PrivateKey.generate()
        write_private(file, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def wall_secret_file(home: Home) -> Path:
    """Return the file of the secret that Trino shows to the second wall."""
    return secret_file(home, "wall")


def make_keys(home: Home) -> None:
    """Make what is missing: Trino's key, the authority, the certificates of the gateway and of Trino."""
    _key(home.trino_key)
    authority_key = _key(home.tls / "ca.key")
    authority = _authority(home, authority_key)
    for server in SERVERS:
        _certificate(home, server, authority, authority_key)


def trino_public_key(home: Home) -> str:
    """Return the public half of Trino's key as PEM."""
    return _key(home.trino_key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _key(file: Path) -> EllipticCurvePrivateKey:
    if not file.exists():
        fresh = generate_private_key(SECP256R1())
        write_private(file, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise StackFault(f"{file} is not an elliptic curve key", mend=f"remove it, and it is made anew: rm {file}")
    return key


def _authority(home: Home, key: EllipticCurvePrivateKey) -> x509.Certificate:
    kept = _kept(home.ca_file)
    if kept and kept.public_key() == key.public_key():
        return kept
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Portgate local authority {secrets.token_hex(4)}")])
    made = (
        _blank(name, name, key, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    write_private(home.ca_file, made.public_bytes(Encoding.PEM))
    return made


def _certificate(home: Home, server: str, authority: x509.Certificate, authority_key: EllipticCurvePrivateKey) -> None:
    file = home.tls / f"{server}.pem"
    key = _key(home.tls / f"{server}.key")
    kept = _kept(file)
    if kept and kept.issuer == authority.subject and kept.public_key() == key.public_key() and _names(kept) == NAMES:
        return
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        _blank(name, authority.subject, key, CERTIFICATE_DAYS)
        .add_extension(NAMES, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    write_private(file, made.public_bytes(Encoding.PEM))


def _blank(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks of two machines differ
        .not_valid_after(now + timedelta(days=days))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _kept(file: Path) -> x509.Certificate | None:
    """Return a certificate that is there and lives long enough."""
    if not file.exists():
        return None
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    soon = datetime.now(UTC) + timedelta(days=RENEW_DAYS)
    return certificate if certificate.not_valid_after_utc > soon else None
