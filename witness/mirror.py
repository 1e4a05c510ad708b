"""Views of the log's records -> the port's own copy, each checked against its entry, all entries against the tree.

A line of `views.jsonl` is what the gateway gave: index, salt, view (the record as this port may read it, or nothing)
and entry (what the tree holds). `views.offsets` says where each line begins, eight bytes a record.

*Invariants*
- A record counts once its value is in its entry and the root over all entries so far is the one that the log signed;
  `mirror.json` says how far that is, and what stands behind it in the files is thrown away.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from witness.folder import put
from witness.tree import Growing, leaf

SALT_BYTES = 32


class Untrue(Exception):
    """A record is not what the log has committed to."""


class Mirror:
    """A port's copy of the log; belongs to one thread."""

    def __init__(self, folder: Path, port: str) -> None:
        """Take up what is there; raises OSError, ValueError."""
        self._port, self._state = port, folder / "mirror.json"
        self._views, self._offsets = folder / "views.jsonl", folder / "views.offsets"
        state: dict[str, Any] = {"size": 0, "bytes": 0, "slots": []}
        if self._state.exists():
            state = json.loads(self._state.read_bytes())
        slots = [bytes.fromhex(slot) if slot else None for slot in state["slots"]]
        self._tree = Growing(state["size"], slots)
        self._sure = (int(state["size"]), int(state["bytes"]), list(slots))
        for file in (self._views, self._offsets):
            file.touch(mode=0o600)
        self.forget_unproven()

    @property
    def size(self) -> int:
        """How many records were taken, proven or not yet."""
        return self._tree.size

    @property
    def proven(self) -> int:
        """How many records are proven."""
        return self._sure[0]

    def take(self, lines: list[bytes]) -> None:
        """Take the records that come next, one a line; raises Untrue."""
        kept, offsets, place = b"", b"", self._views.stat().st_size
        for line in lines:
            record = json.loads(line)
            if record["index"] != self._tree.size:
                raise Untrue(f"record {record['index']} came where {self._tree.size} is next")
            check_value(record, self._port)
            self._tree.add(leaf(record["entry"].encode()))
            offsets += (place + len(kept)).to_bytes(8, "big")
            kept += line + b"\n"
        for file, data in ((self._views, kept), (self._offsets, offsets)):
            with file.open("ab") as stream:
                stream.write(data)

    def prove(self, root: bytes) -> None:
        """Keep what was taken, if the root over it is the one that was signed; raises Untrue."""
        if self._tree.root() != root:
            raise Untrue(f"the entries up to {self._tree.size} are not those of the tree that the log has signed")
        for file in (self._views, self._offsets):
            descriptor = os.open(file, os.O_RDWR)
            os.fsync(descriptor)
            os.close(descriptor)
        self._sure = (self._tree.size, self._views.stat().st_size, list(self._tree.slots))
        slots = [slot.hex() if slot else "" for slot in self._tree.slots]
        put(self._state, json.dumps({"size": self._sure[0], "bytes": self._sure[1], "slots": slots}).encode())

    def forget_unproven(self) -> None:
        """Go back to what is proven."""
        size, length, slots = self._sure
        for file, wanted in ((self._views, length), (self._offsets, 8 * size)):
            if file.stat().st_size < wanted:
                raise ValueError(f"{file} is shorter than it was: the mirror is damaged")
            os.truncate(file, wanted)
        self._tree = Growing(size, slots)

    def view(self, index: int) -> Mapping[str, Any] | None:
        """Return what this port may read of a record; None if it is not here or none of the port's business."""
        if not 0 <= index < self.proven:
            return None
        with self._offsets.open("rb") as offsets, self._views.open("rb") as views:
            offsets.seek(8 * index)
            views.seek(int.from_bytes(offsets.read(8), "big"))
            view = json.loads(views.readline())["view"]
        return dict(json.loads(view)) if view else None


def check_value(record: Mapping[str, Any], port: str) -> None:
    """Raise Untrue unless the entry holds the value over what this port was shown; a pruned record has no salt.

    A salt of another length could hold the text, and the record would seem none of the port's business.
    """
    value = json.loads(record["entry"]).get(port)
    if not record["salt"] and not record["view"] and value:
        return
    salt = base64.b64decode(record["salt"], validate=True)
    shown = salt + record["view"].encode()
    if len(salt) != SALT_BYTES or value != base64.b64encode(hashlib.sha256(shown).digest()).decode():
        raise Untrue(f"what was shown of record {record['index']} is not what the log has committed to")


def lines_of(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the mirrored records of a folder; raises OSError, ValueError."""
    with (folder / "views.jsonl").open("rb") as stream:
        for line in stream:
            yield json.loads(line)
