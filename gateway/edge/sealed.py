"""What a gateway must remember of a page or a question -> an opaque token for its partner's eyes alone, and back.

*Invariants*
- A token opens for the partner it was sealed for and for nobody else; whoever else shows it, or changes a bit of it,
  learns what somebody learns who made one up: nothing opens.
- Gateways that hold the same key open each other's tokens.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import zlib
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.conversation import Position
from gateway.model import Partner

MAX_TOKEN_CHARACTERS = 8192
MAX_WARNINGS_BYTES = 4096
"""More than that does not travel with a page's address; another gateway then goes on without the warnings."""

_NONCE_BYTES = 12
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

Kind = Literal["page", "stop", "info"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One address that was given out for one query."""

    kind: Kind
    query: str
    page: int = 0
    """The number of the page that the address leads to, from 1."""
    sealed_at: int = 0
    """Unix seconds."""
    position: Position | None = None
    """Where Trino has the page; none as long as only the gateway that began the query can give it."""
    warnings: bytes = b""
    """What every page of the query says, as JSON."""


_encoder = msgspec.msgpack.Encoder()
Content = TypeVar("Content")


class Envelope(Generic[Content]):
    """Seals values of one kind and opens them; what was sealed for one use opens for no other."""

    def __init__(self, secret: bytes, use: str, content: type[Content]) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=use.encode()).derive(secret))
        self._decoder = msgspec.msgpack.Decoder(content)

    def seal(self, partner: Partner, content: Content) -> str:
        """Return the token of a value."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = zlib.compress(_encoder.encode(content), 1)
        return _spelled(nonce + self._cipher.encrypt(nonce, plain, _owner(partner)))

    def open(self, partner: Partner, token: str) -> Content | None:
        """Return what was sealed for this partner; None for all else, whatever is wrong with it."""
        if len(token) > MAX_TOKEN_CHARACTERS or not _ALPHABET.fullmatch(token):
            return None
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _owner(partner))
        except (InvalidTag, ValueError, binascii.Error):
            return None
        # base64 has several spellings of one value where bits are left over; one is enough
        return self._decoder.decode(zlib.decompress(plain)) if _spelled(sealed) == token else None


class Seal(Envelope[Ticket]):
    """Seals tickets and opens them."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret, "portgate page addresses 1", Ticket)


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _owner(partner: Partner) -> bytes:
    return _encoder.encode((partner.organisation, partner.id))
