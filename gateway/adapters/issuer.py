"""The development issuer: a key pair and a list of demo partners -> tokens, for a local stack only."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm
from pydantic import BaseModel, ConfigDict

ISSUER = "https://portgate.local/dev"
AUDIENCE = "portgate"
MAX_TTL_SECONDS = 86_400
PARTNERS_FILE = Path(__file__).resolve().parents[2] / "deploy" / "local" / "partners.yaml"


class DemoPartner(BaseModel):
    """One partner of the local stack; its tokens say this and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisation: str
    organisation_class: str
    roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    attributes: dict[str, str] = {}


class _PartnersFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    partners: dict[str, DemoPartner]


def read_partners(file: Path = PARTNERS_FILE) -> dict[str, DemoPartner]:
    """Read the demo partners by name."""
    return _PartnersFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).partners


def make_issuer(directory: Path) -> None:
    """Make `issuer.key` and `jwks.json` in the directory; a key that is already there is kept."""
    directory.mkdir(parents=True, exist_ok=True)
    key_file = directory / "issuer.key"
    if not key_file.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_once(key_file, pem)
    jwks = json.dumps({"keys": [_public_key(_read_key(directory))]}, indent=2) + "\n"
    fresh = directory / f"jwks.json.{os.getpid()}"
    fresh.write_text(jwks, encoding="utf-8")
    fresh.replace(directory / "jwks.json")


def issue_token(
    directory: Path,
    name: str,
    purposes: Sequence[str] = (),
    ttl_seconds: int = 3600,
    *,
    partners_file: Path = PARTNERS_FILE,
) -> str:
    """Sign a token for one demo partner, narrowed to some of its purposes if any are named.

    Raises KeyError for a partner that is not in the file, ValueError for a purpose or a time the partner cannot have.
    """
    partner = read_partners(partners_file)[name]
    foreign = [purpose for purpose in purposes if purpose not in partner.purposes]
    if foreign:
        raise ValueError(f"{name} may not declare {', '.join(foreign)}; it may: {', '.join(partner.purposes)}")
    if not 0 < ttl_seconds <= MAX_TTL_SECONDS:
        raise ValueError(f"a token lives from 1 to {MAX_TTL_SECONDS} seconds, not {ttl_seconds}")
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": name,
        "iat": now,
        "nbf": now,
        "exp": now + ttl_seconds,
        "jti": uuid.uuid4().hex,
        **partner.model_dump(mode="json"),
    }
    if purposes:
        claims["purposes"] = list(purposes)
    key = _read_key(directory)
    headers = {"kid": str(_public_key(key)["kid"]), "typ": "at+jwt"}
    return jwt.encode(claims, key, algorithm="EdDSA", headers=headers)


def _write_once(file: Path, content: bytes) -> None:
    """Write a secret that only its owner can read, whole or not at all; who comes second keeps the first's."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _read_key(directory: Path) -> Ed25519PrivateKey:
    file = directory / "issuer.key"
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file} is not an Ed25519 key; remove it, and it is made anew")
    return key


def _public_key(key: Ed25519PrivateKey) -> dict[str, str]:
    """Return the public half as a JSON Web Key, named by its RFC 7638 thumbprint."""
    public: dict[str, str] = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
    essential = {name: public[name] for name in ("crv", "kty", "x")}
    digest = Hash(SHA256())
    digest.update(json.dumps(essential, sort_keys=True, separators=(",", ":")).encode())
    return {**essential, "kid": digest.finalize().hex(), "use": "sig", "alg": "EdDSA"}
