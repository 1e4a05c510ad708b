"""The audit log's private key, from its file."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.errors import Broken


def read_signing_key(file: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 key in PEM; raises Broken, OSError if the file cannot be read."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Broken(f"{file.name} holds no Ed25519 key in PEM", hint="openssl genpkey -algorithm ed25519 makes one")
    return key
