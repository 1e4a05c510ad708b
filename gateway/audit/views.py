"""One record -> what each port may read of it, and the entry that commits the log to all of that at once.

An entry is canonical JSON: `{"hueneme":"…","los_angeles":"…",…,"whole":"…"}`. Each value is the Base64 of SHA-256 over
a salt and what that reader may read: the record's line for an auditor (`whole`), the port's view of it, or nothing. A
port that is given its salts can so prove that each record was either shown to it or, by the log's own word, none of its
business; without a salt a value says nothing, not even to who guesses the record.

*Invariants*
- A salt is made of the record's seed and the reader's name: who has one salt learns no other, and not the seed.
- A view holds nothing of a record that does not concern the port, and no other port's part of one that does.
- When a record's line and seed are gone, its entry still proves that it was there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping

from gateway.audit.canonical import Members, canonical

WHOLE = "whole"
SEED_BYTES = 32
NOTHING = b""
"""What stands for a record in the view of a port that it does not concern."""

_NEVER = frozenset({"sent_sql"})
"""It holds the conditions and mappings of all ports at once; each port's own part stands in `tables`."""


def salt(seed: bytes, reader: str) -> bytes:
    """Return what hides a record's commitment from everybody but this reader."""
    return hmac.digest(seed, reader.encode(), "sha256")


def commitment(salt_: bytes, read: bytes) -> str:
    """Return what the log says of a reader's view, in Base64."""
    return base64.b64encode(hashlib.sha256(salt_ + read).digest()).decode()


def entry(seed: bytes, line: bytes, members: Members, ports: Iterable[str]) -> bytes:
    """Return what the log's tree holds of a record; `members` are those of its line."""
    read = {WHOLE: line} | {port: view(members, port) for port in ports}
    return canonical({reader: commitment(salt(seed, reader), what) for reader, what in read.items()})


def view(members: Members, port: str) -> bytes:
    """Return what a port may read of a record: a canonical line, or nothing."""
    if port not in members.get("concerns", ()):
        return NOTHING
    own = {name: _OWN[name](value, port) if name in _OWN else value for name, value in members.items()}
    return canonical({name: value for name, value in own.items() if name not in _NEVER})


def _of_names(value: object, port: str) -> object:
    """Of a list of ports: the port."""
    return [each for each in value if each == port] if isinstance(value, list) else value


def _of_keys(value: object, port: str) -> object:
    """Of what is told port by port: the port's."""
    return {key: each for key, each in value.items() if key == port} if isinstance(value, Mapping) else value


def _of_asked(value: object, port: str) -> object:
    """Of what is told table by table, `port.schema.table`: the port's own tables."""
    if not isinstance(value, Mapping):
        return value
    return {name: each for name, each in value.items() if name.partition(".")[0] == port}


def _of_members(value: object, port: str) -> object:
    """Of a list of tables or notices, each of which names its port: the port's."""
    if not isinstance(value, list):
        return value
    return [each for each in value if isinstance(each, Mapping) and each.get("port") == port]


_OWN = {
    **dict.fromkeys(("concerns", "ports", "missing", "withheld"), _of_names),
    **dict.fromkeys(("revisions", "given"), _of_keys),
    **dict.fromkeys(("asked", "reach"), _of_asked),
    **dict.fromkeys(("tables", "notices"), _of_members),
}
