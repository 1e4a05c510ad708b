"""The keys of keyed-hash masks: one for each port and organisation, so that two organisations cannot join on a mask."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping


def mask_keys(secret: bytes, organisation: str, ports: Iterable[str]) -> Mapping[str, str]:
    """Derive each port's key for one organisation, 256 bits in hexadecimal (HMAC-SHA-256, RFC 2104)."""
    return {port: hmac.digest(secret, f"{port}\0{organisation}".encode(), "sha256").hex() for port in ports}
