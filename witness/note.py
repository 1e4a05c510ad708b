"""Signed notes: whose signature stands below which checkpoint (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

*Invariants*
- Only a key that was given counts; a signature in its name that is wrong spoils the whole note.
- What the log signs and what a witness signs can never be taken for each other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

OF_LOG, OF_WITNESS = 1, 4
MOST_SIGNATURES = 100
_BEGINS = "— "


class Malformed(Exception):
    """A text is not what it should be."""


class Unsigned(Exception):
    """No key that is trusted has signed, or one has not signed this."""


@dataclass(frozen=True)
class Key:
    """A public key by its name, as in a verifier key: `<name>+<id>+<base64>`."""

    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        """The four bytes in front of its signatures."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes((self.kind,)) + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes((self.kind,)) + self.raw).decode()}"

    def check(self, text: str, signature: bytes) -> None:
        """Raise Unsigned unless this key has signed the text."""
        signed = text.encode()
        if self.kind == OF_WITNESS:
            signed = cosigned(text, int.from_bytes(signature[:8], "big"))
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, signed)
        except InvalidSignature:
            raise Unsigned(f"the signature of {self.name} is not of this text") from None


@dataclass(frozen=True)
class Cosigner:
    """A witness's own key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> Key:
        """Its public half."""
        return Key(self.name, OF_WITNESS, self.private.public_key().public_bytes_raw())

    def line(self, text: str, when: int) -> str:
        """Return the line that says: as of this second, the log's largest tree that I have seen is this one."""
        signature = self.key.id + when.to_bytes(8, "big") + self.private.sign(cosigned(text, when))
        return f"{_BEGINS}{self.name} {base64.b64encode(signature).decode()}\n"


@dataclass(frozen=True)
class Checkpoint:
    """A log's head: its name, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes
    note: str
    """The whole signed text."""


def cosigned(text: str, when: int) -> bytes:
    """Return the message of a cosignature/v1."""
    return f"cosignature/v1\ntime {when}\n{text}".encode()


def read_cosigner(name: str, file: Path) -> Cosigner:
    """Read a private key in PEM; raises Malformed, OSError."""
    private = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(private, Ed25519PrivateKey):
        raise Malformed(f"{file} holds no Ed25519 key")
    return Cosigner(name, private)


def key_in(text: str) -> Key:
    """Read a verifier key; raises Malformed."""
    name, _, rest = text.strip().partition("+")
    id_, _, encoded = rest.partition("+")
    data = bytes_in(encoded)
    key = Key(name, data[0], data[1:])
    if not name or key.kind not in (OF_LOG, OF_WITNESS) or len(key.raw) != 32 or key.id.hex() != id_:
        raise Malformed(f"{text[:80]!r} is no verifier key of an Ed25519 key")
    return key


def bytes_in(text: str) -> bytes:
    """Read standard Base64, spelled as it is written; raises Malformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("this is no Base64") from None
    if not data or base64.b64encode(data).decode() != text:
        raise Malformed("this is no Base64")
    return data


def number_in(text: str) -> int:
    """Read a size in decimal; raises Malformed."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and str(int(text)) == text):
        raise Malformed("this is no size")
    return int(text)


def read_checkpoint(note: str) -> Checkpoint:
    """Read what a note says, without asking who signed it; raises Malformed."""
    text, _ = _parts(note)
    origin, size, root, *more = text[:-1].split("\n") if text.count("\n") >= 3 else ("", "", "")
    checkpoint = Checkpoint(origin, number_in(size), bytes_in(root), note)
    if not origin or len(checkpoint.root) != 32 or not all(more):
        raise Malformed("this is no checkpoint")
    return checkpoint


def vouched(note: str, keys: Sequence[Key]) -> str:
    """Return the text of a note with the signatures of these keys alone; raises Malformed, Unsigned."""
    text, lines = _parts(note)
    kept = ""
    for line in lines:
        name, data = _signature(line)
        for key in keys:
            if (key.name, key.id) == (name, data[:4]):
                key.check(text, data[4:])
                kept += line + "\n"
    if not kept:
        raise Unsigned("no key that is trusted has signed this")
    return f"{text}\n{kept}"


def text_of(note: str) -> str:
    """Return what is signed."""
    return _parts(note)[0]


def _parts(note: str) -> tuple[str, list[str]]:
    text, gap, below = note.rpartition("\n\n")
    lines = below[:-1].split("\n")
    is_clean = not any(character < " " and character != "\n" for character in note)
    if not (gap and text and below.endswith("\n") and is_clean) or len(lines) > MOST_SIGNATURES:
        raise Malformed("this is no signed note")
    for line in lines:
        _signature(line)
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_BEGINS).partition(" ")
    data = bytes_in(encoded)
    if not line.startswith(_BEGINS) or not name or "+" in name or name.split() != [name] or len(data) < 5:
        raise Malformed("a line below the text is no signature")
    return name, data
