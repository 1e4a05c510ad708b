"""One HTTP exchange with an issuer -> status and body: bounded in time and size, TLS verified, no redirect followed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import httpx

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 262_144


def get(url: str, ca_file: Path | None = None) -> bytes:
    """Return what stands at the address; anything but status 200 is a ValueError."""
    status, body = exchange("GET", url, ca_file)
    if status != httpx.codes.OK:
        raise ValueError(f"answered with status {status}")
    return body


def exchange(
    method: str,
    url: str,
    ca_file: Path | None = None,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> tuple[int, bytes]:
    """Ask once. Raises OSError, ValueError or httpx.HTTPError; the address is the operator's word, not an answer's."""
    deadline = time.monotonic() + timeout_seconds
    body = b""
    with httpx.stream(
        method,
        url,
        data=form,
        headers={"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})},
        timeout=timeout_seconds,
        follow_redirects=False,
        verify=_trust(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0),
    ) as response:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_BYTES:
                raise ValueError("the answer is too large")
            if time.monotonic() > deadline:  # the library's time-out is per read, so a trickle would never end
                raise TimeoutError("the answer came too slowly")
    return response.status_code, body


@lru_cache(maxsize=16)
def _trust(ca_file: Path | None, _changed_at: int) -> ssl.SSLContext:
    """Return whom to trust, read again whenever the file has changed: reading the system's authorities takes long."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else httpx.create_ssl_context()
