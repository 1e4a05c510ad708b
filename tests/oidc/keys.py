"""The provider's signing keys, which change: a new one is published before the old one goes."""

from __future__ import annotations

import base64
import secrets

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "ES256"
KEPT = 2
"""How many keys are published at once: tokens signed just before a rotation are still good."""


class Keys:
    """The newest key signs, the others still vouch for what they have signed."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, ec.EllipticCurvePrivateKey]] = []
        self.rotate()

    def rotate(self) -> str:
        """Sign with a new key from now on; return its name."""
        name = secrets.token_hex(8)
        self._keys = [(name, ec.generate_private_key(ec.SECP256R1())), *self._keys][:KEPT]
        return name

    def sign(self, claims: dict[str, object], kind: str) -> str:
        """Return a token of this type."""
        name, key = self._keys[0]
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": name, "typ": kind})

    def published(self) -> dict[str, object]:
        """Return the JSON Web Key Set."""
        return {"keys": [_public(name, key) for name, key in self._keys]}


def _public(name: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    point = key.public_key().public_numbers()
    place = {axis: _part(number) for axis, number in (("x", point.x), ("y", point.y))}
    return {"kty": "EC", "crv": "P-256", **place, "kid": name, "use": "sig", "alg": ALGORITHM}


def _part(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
