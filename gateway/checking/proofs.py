"""A record and its log -> one text that proves, far from the log, that the record stands in it; and back.

The text is a C2SP tlog-proof: index, inclusion proof, and the log's checkpoint as witnesses have cosigned it. Its
`extra` is JSON: the entry (what the tree holds), who read, what they may read, and the salt by which the entry commits
to just that. A partner reads less than any value of an entry covers; theirs holds the log's signed statement instead.

*Invariants*
- What `opened` returns was included: leaf in tree, tree in checkpoint, checkpoint signed by the log's key.
- A salt has its full length, or bytes could go over from the record to the salt and the value would be the same.
- Whatever is no proof is refused with NotProven, whatever stands in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.canonical import canonical
from gateway.audit.note import Checkpoint, NoteRefused, Signer, Verifier, decoded, signers_of
from gateway.audit.tree import HASH_BYTES, Subtree, includes, inclusion_proof, leaf_hash
from gateway.audit.views import WHOLE, commitment
from gateway.checking.joining import Wanted, read_checkpoint
from gateway.tlog_proof import HEADER, parts_of

STATEMENT = "portgate statement about one record"
SUFFIX = ".tlog-proof"


class NotProven(ValueError):
    """A text proves nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What somebody may read of a record, and what ties it to the entry."""

    entry: bytes
    reader: str
    """`whole`, a port, or `partner`."""
    read: bytes
    salt: bytes = b""
    statement: str = ""
    """For a partner: a note by the log's key that says what they may read of this record."""

    @property
    def extra(self) -> bytes:
        """Its form in a proof."""
        members = {"entry": self.entry.decode(), "reader": self.reader, "read": self.read.decode()}
        tie = {"statement": self.statement} if self.statement else {"salt": base64.b64encode(self.salt).decode()}
        return canonical(members | tie)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof shows."""

    index: int
    reader: str
    read: bytes
    """The record, as far as its reader may read it; empty if it is none of theirs, or was pruned."""
    checkpoint: Checkpoint
    cosigners: Mapping[str, int]
    """Who of the known witnesses has seen the log so, and when, in seconds since 1970."""


def proof_text(index: int, disclosure: Disclosure, note: str, size: int, subtree: Subtree) -> str:
    """Write a proof; raises ValueError if the tree of that size does not hold the record."""
    hashes = inclusion_proof(index, size, subtree)
    lines = [HEADER, f"extra {base64.b64encode(disclosure.extra).decode()}", f"index {index}"]
    return "\n".join([*lines, *(base64.b64encode(each).decode() for each in hashes), "", note])


def statement(index: int, entry: bytes, read: bytes, signer: Signer) -> str:
    """Return the log's word, as a signed note, that this is what a partner may read of a record."""
    text = _statement_text(index, entry, read)
    return f"{text}\n{signer.signature(text)}"


def opened(text: str, key: Verifier, witnesses: Sequence[Verifier] = ()) -> Proved:
    """Check a proof against the log's key; raises NotProven."""
    try:
        parts = parts_of(text)
        checkpoint, signers = read_checkpoint(parts.note, Wanted(key, tuple(witnesses)))
        disclosure = _disclosure(parts.extra)
    except NoteRefused as refused:
        raise NotProven(str(refused)) from None
    index = parts.index
    if not includes(leaf_hash(disclosure.entry), index, checkpoint.size, parts.hashes, checkpoint.root):
        raise NotProven(f"the log's tree of {checkpoint.size} records does not hold this entry at {index}")
    _check_tie(index, disclosure, key)
    cosigners = {each.name: when for each, when in signers.items() if each != key}
    return Proved(index, disclosure.reader, disclosure.read, checkpoint, cosigners)


def _check_tie(index: int, disclosure: Disclosure, key: Verifier) -> None:
    """Check that the entry is about what was read."""
    if disclosure.statement:
        try:
            text, signers = signers_of(disclosure.statement, [key])
        except NoteRefused as refused:
            raise NotProven(f"the log's statement is refused: {refused}") from None
        is_tied = key in signers and text == _statement_text(index, disclosure.entry, disclosure.read)
    else:
        said = _object(disclosure.entry)
        value = commitment(disclosure.salt, disclosure.read)
        is_tied = len(disclosure.salt) == HASH_BYTES and said.get(disclosure.reader) == value
    if not is_tied:
        raise NotProven("the record is not the one that the entry commits to")
    if disclosure.read and _object(disclosure.read).get("index") != index:
        raise NotProven("the record says that it stands elsewhere")


def _statement_text(index: int, entry: bytes, read: bytes) -> str:
    digest = hashlib.sha256(read).digest()
    return "\n".join(
        [STATEMENT, str(index), *(base64.b64encode(each).decode() for each in (leaf_hash(entry), digest)), ""]
    )


def _disclosure(extra: bytes) -> Disclosure:
    told = _object(extra)
    tie = {"statement"} if "statement" in told else {"salt"}
    if told.keys() != {"entry", "reader", "read"} | tie or not all(isinstance(each, str) for each in told.values()):
        raise NotProven("the proof does not hold a record and its entry")
    if ("statement" in told) != (told["reader"] == "partner"):
        raise NotProven("only what a partner may read stands on the log's word")
    salt = decoded(told["salt"]) if told.get("salt") else b""
    entry, read = told["entry"].encode("utf-8", "replace"), told["read"].encode("utf-8", "replace")
    return Disclosure(entry, told["reader"], read, salt, told.get("statement", ""))


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise NotProven("a part of the proof is no JSON object")
    return found


def whole(entry: bytes, line: bytes, salt: bytes) -> Disclosure:
    """What an auditor reads: all of it."""
    return Disclosure(entry, WHOLE, line, salt)
