"""An issuer's published key set (a file or a URL) -> the one key that a token names.

The set is read at most once in FRESH_SECONDS, again for a key it does not know at most once in REFETCH_SECONDS, and
after a failed read the old set serves for STALE_SECONDS: an issuer's short outage stops nobody, and nobody who makes up
key names can make the gateway knock at the issuer's door. While one thread reads, a few others wait for what it finds:
after a rotation many tokens come at once with a name that is not known yet.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.adapters import bounded_http
from gateway.errors import IdentityUnavailable
from gateway.settings import IssuerSettings

FRESH_SECONDS = 300.0
STALE_SECONDS = 3600.0
REFETCH_SECONDS = 10.0
WAITING_THREADS = 16
"""How many may wait for a read under way; made-up key names then hold no more threads than that."""
MIN_RSA_BITS, MIN_RSA_EXPONENT = 2048, 65_537
PRIVATE_MEMBERS = {"d", "p", "q", "k"}

KEY_FAMILIES: Mapping[str, tuple[str, str | None]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
}
"""The algorithms that may be configured, and the key type and curve of each; a shared secret is not among them."""

JsonWebKey = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Set:
    """One key set as read, and the keys of it that were needed so far; replaced as a whole."""

    keys: dict[str, JsonWebKey]
    ready: dict[tuple[str, str], jwt.PyJWK | None]


class KeySet:
    """The keys of one issuer, as last read."""

    def __init__(self, read: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING_THREADS)
        self._set = _Set({}, {})
        self._read_at: float | None = None
        self._tried_at: float | None = None

    def find(self, key_id: str, algorithm: str) -> jwt.PyJWK | None:
        """Return the issuer's key of this name for this algorithm, or None if the issuer has none."""
        if self._age() > FRESH_SECONDS or key_id not in self._set.keys:
            self._refresh(key_id)
        if self._age() > STALE_SECONDS:
            raise IdentityUnavailable(
                "the token issuer's keys cannot be read, so no token can be checked",
                hint="Try again in a minute; the operator of the gateway can see why with: portgate doctor",
            )
        return self._usable(key_id, algorithm)

    def _usable(self, key_id: str, algorithm: str) -> jwt.PyJWK | None:
        """Return the key, read once for each set: reading it costs more than checking a signature with it."""
        current = self._set
        if key_id not in current.keys:
            return None
        if (key_id, algorithm) not in current.ready:
            current.ready[key_id, algorithm] = _read_key(current.keys[key_id], algorithm)
        return current.ready[key_id, algorithm]

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock() - self._read_at

    def _refresh(self, key_id: str) -> None:
        """Read the set again, unless that was tried a moment ago; a failed read keeps the old set."""
        if not self._lock.acquire(blocking=self._read_at is None):
            if key_id not in self._set.keys:
                self._wait_for_reader()
            return  # whoever finds their key in the old set waits for nobody
        try:
            now = self._clock()
            if self._tried_at is not None and now - self._tried_at < REFETCH_SECONDS:
                return
            self._tried_at = now
            self._set = _Set(_parse(self._read()), {})
            self._read_at = now
        except (OSError, ValueError, RecursionError, httpx.HTTPError):
            return  # the age of the old set, checked by the caller, bounds how long it may still serve
        finally:
            self._lock.release()

    def _wait_for_reader(self) -> None:
        """Let the thread that reads come to its end, unless many wait for it already."""
        if self._waiting.acquire(blocking=False):
            try:
                with self._lock:
                    return
            finally:
                self._waiting.release()


def open_keys(settings: IssuerSettings, clock: Callable[[], float] = time.monotonic) -> KeySet:
    """Return the key set of a configured issuer; nothing is read yet."""
    if settings.jwks_url is not None and settings.jwks_file is None:
        url, ca_file = str(settings.jwks_url), settings.ca_file
        return KeySet(lambda: bounded_http.get(url, ca_file), clock)
    if settings.jwks_file is not None and settings.jwks_url is None:
        file = settings.jwks_file
        return KeySet(lambda: _load(file), clock)
    raise ValueError(f"issuer {settings.issuer}: set exactly one of jwks_url and jwks_file")


def _load(file: Path) -> bytes:
    with file.open("rb") as stream:
        body = stream.read(bounded_http.MAX_BYTES + 1)
    if len(body) > bounded_http.MAX_BYTES:
        raise ValueError("the key set is too large")
    return body


def _parse(body: bytes) -> dict[str, JsonWebKey]:
    """Return the keys by name; one without a name, or whose name comes twice, cannot be meant by any token."""
    document = json.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JSON Web Key Set")
    keys: dict[str, JsonWebKey] = {}
    twice: set[str] = set()
    for entry in entries:
        name = entry.get("kid") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            continue
        if name in keys:
            twice.add(name)
        keys[name] = entry
    return {name: key for name, key in keys.items() if name not in twice}


def _read_key(key: JsonWebKey, algorithm: str) -> jwt.PyJWK | None:
    """Return the key if it is a public signature key of the algorithm's own family."""
    family, curve = KEY_FAMILIES[algorithm]
    if key.get("kty") != family or (curve is not None and key.get("crv") != curve):
        return None
    if key.keys() & PRIVATE_MEMBERS:
        return None  # whoever published the private half has given the key away
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm or not _may_verify(key):
        return None
    try:
        found = jwt.PyJWK(key, algorithm)
    except jwt.PyJWTError:
        return None
    return None if isinstance(found.key, RSAPublicKey) and _is_weak(found.key) else found


def _may_verify(key: JsonWebKey) -> bool:
    operations = key.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _is_weak(key: RSAPublicKey) -> bool:
    return key.key_size < MIN_RSA_BITS or key.public_numbers().e < MIN_RSA_EXPONENT
