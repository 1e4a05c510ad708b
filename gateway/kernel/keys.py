"""The keys of hashes: one for each port and organisation, so that two organisations cannot join on a mask.

The key of `*` is for joins that several ports agreed to: all of them hash alike for one organisation.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

ALL_PORTS = "*"
"""Under this name stands the key that all ports share for one organisation; no port is called so."""


def mask_keys(secret: bytes, organisation: str, ports: Iterable[str]) -> Mapping[str, str]:
    """Derive each port's key for one organisation, 256 bits in hexadecimal (HMAC-SHA-256, RFC 2104)."""
    names = (*ports, ALL_PORTS)
    return {name: hmac.digest(secret, f"{name}\0{organisation}".encode(), "sha256").hex() for name in names}
