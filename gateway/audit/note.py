"""Texts and who vouches for them: signed notes, the log's checkpoints, and witnesses' cosignatures (C2SP).

Formats: c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature.

*Invariants*
- A signature of a known key that does not verify makes the whole note refused; those of unknown keys say nothing.
- A log's signature never counts as a cosignature, nor the other way round: the key's id says which it is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.tree import HASH_BYTES

LOG, WITNESS = 0x01, 0x04
"""Types of signature: plain Ed25519, and the cosignature of a witness, which holds its time."""
MAX_SIGNATURES = 64
_DASH = "— "


class NoteRefused(Exception):
    """A text is no note, or not signed as it must be."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name; as text `<name>+<id in hex>+<base64 of type and key>`."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Which key it is, among those of one name."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def verifies(self, text: str, signature: bytes) -> int | None:
        """Return when the text was signed, in seconds (0 if the signature does not say); None if it was not."""
        when, message = 0, text.encode()
        if self.kind == WITNESS:
            when, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = _cosigned(when, text)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return None
        return when


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under its name."""

    name: str
    private: Ed25519PrivateKey
    kind: int = LOG

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        return Verifier(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def signature(self, text: str, when: int = 0) -> str:
        """Return the line that vouches for a text; a witness says when, in seconds since 1970."""
        if self.kind == WITNESS:
            signed = when.to_bytes(8, "big") + self.private.sign(_cosigned(when, text))
        else:
            signed = self.private.sign(text.encode())
        return f"{_DASH}{self.name} {base64.b64encode(self.verifier.id + signed).decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: how many records it has, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def verifier_at(key: str) -> Verifier:
    """Read a public key as text; raises NoteRefused."""
    name, _, rest = key.partition("+")
    id_, _, encoded = rest.partition("+")
    data = decoded(encoded)
    if len(data) != 1 + HASH_BYTES or data[0] not in (LOG, WITNESS) or not _is_name(name):
        raise NoteRefused("this is no verifier key for Ed25519")
    found = Verifier(name, data[0], data[1:])
    if found.id.hex() != id_:
        raise NoteRefused(f"the key of {name} is not the one that its id says")
    return found


def signatures_of(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Split a note into its text and its signatures: name, key id, signature. Raises NoteRefused."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or any((c < " " and c != "\n") or "\ud800" <= c < "\ue000" for c in note):
        raise NoteRefused("this is no signed note")
    found = [_signature(line) for line in lines[:-1].split("\n")]
    if len(found) > MAX_SIGNATURES:
        raise NoteRefused(f"a note has at most {MAX_SIGNATURES} signatures")
    return text + "\n", found


def signers_of(note: str, known: Iterable[Verifier]) -> tuple[str, Mapping[Verifier, int]]:
    """Return a note's text, and who of the known have signed it, when; raises NoteRefused if one is wrong."""
    text, found = signatures_of(note)
    keys = {(verifier.name, verifier.id): verifier for verifier in known}
    signed: dict[Verifier, int] = {}
    for name, id_, signature in found:
        if (verifier := keys.get((name, id_))) is not None and verifier not in signed:
            when = verifier.verifies(text, signature)
            if when is None:
                raise NoteRefused(f"the signature of {name} is not of this text")
            signed[verifier] = when
    return text, signed


def checkpoint_in(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint, in its one spelling; raises NoteRefused."""
    lines = text.split("\n")
    if len(lines) == 4 and lines[1].isascii() and lines[1].isdigit() and len(lines[1]) < 20:
        checkpoint = Checkpoint(lines[0], int(lines[1]), decoded(lines[2]))
        if checkpoint.text == text and checkpoint.origin and len(checkpoint.root) == HASH_BYTES:
            return checkpoint
    raise NoteRefused("this is no checkpoint: origin, size and root, a line each")


def decoded(text: str) -> bytes:
    """Read standard Base64 in its one spelling; raises NoteRefused."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise NoteRefused("this is no Base64")
    return data


def _cosigned(when: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {when}\n{text}".encode()


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = decoded(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or len(data) < 5:
        raise NoteRefused("a line below the text is no signature")
    return name, data[:4], data[4:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)
