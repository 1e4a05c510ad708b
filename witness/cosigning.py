"""A checkpoint and a proof -> a cosignature, or why not (C2SP tlog-witness): the state of a witness and its one rule.

*Invariants*
- What was cosigned last is on the disk before the cosignature leaves, and only a tree that begins with it is cosigned.
- Comparing with the last one and taking its place is one step: nobody comes between.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from witness.folder import Alarms, add, put
from witness.note import (
    Checkpoint,
    Cosigner,
    Key,
    Malformed,
    Unsigned,
    bytes_in,
    number_in,
    read_checkpoint,
    text_of,
    vouched,
)
from witness.tree import EMPTY, is_beginning

MOST_PROOF_LINES = 63
KEPT_EVERY_SECONDS = 60.0
"""How often a cosigned checkpoint is kept for good, beside the last one."""


@dataclass(frozen=True)
class Answer:
    """What a client of the protocol is answered."""

    status: int
    body: str = ""
    media_type: str = "text/plain; charset=utf-8"


@dataclass
class Cosigning:
    """One log as this witness knows it."""

    folder: Path
    origin: str
    keys: Sequence[Key]
    cosigner: Cosigner
    alarms: Alarms
    clock: Callable[[], float] = time.time
    latest: Checkpoint | None = None
    """The checkpoint that was cosigned last."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Take up what was cosigned last; raises Malformed, Unsigned if the file is not what was written."""
        if self._file.exists():
            note = self._file.read_text(encoding="utf-8")
            vouched(note, [self.cosigner.key])
            self.latest = read_checkpoint(vouched(note, [*self.keys, self.cosigner.key]))

    @property
    def origin_hash(self) -> str:
        """How the log is named in addresses."""
        return hashlib.sha256(self.origin.encode()).hexdigest()

    @property
    def _file(self) -> Path:
        return self.folder / "checkpoint"

    def answer(self, body: bytes) -> Answer:
        """Answer `add-checkpoint`."""
        try:
            old, proof, note = _read_body(body)
            checkpoint = read_checkpoint(note)
        except (Malformed, UnicodeDecodeError) as error:
            return Answer(400, f"{error}\n")
        if checkpoint.origin != self.origin:
            return Answer(404, "this log is not known here\n")
        return self.take(old, proof, checkpoint, "unproven")

    def take(self, old: int, proof: Sequence[bytes], checkpoint: Checkpoint, unproven: str) -> Answer:
        """Cosign if it is right; `unproven` is the alarm if the proof does not hold."""
        try:
            note = vouched(checkpoint.note, self.keys)
        except Unsigned as error:
            return Answer(403, f"{error}\n")
        if old > checkpoint.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        with self._lock:
            latest = self.latest
            known, root = (latest.size, latest.root) if latest else (0, EMPTY)
            if old != known:
                return Answer(409, f"{known}\n", "text/x.tlog.size")
            if not is_beginning(old, root, checkpoint.size, checkpoint.root, proof):
                self._sound(checkpoint, unproven)
                return Answer(422, "the tree does not begin with the one that was cosigned last\n")
            line = self.cosigner.line(text_of(note), int(self.clock()))
            self._keep(note + line, checkpoint)
        return Answer(200, line)

    def _keep(self, note: str, checkpoint: Checkpoint) -> None:
        put(self._file, note.encode())
        self.latest = Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note)
        if self.clock() - self._kept_at >= KEPT_EVERY_SECONDS:
            self._kept_at = self.clock()
            add(self.folder / "checkpoints.jsonl", json.dumps({"note": note}, ensure_ascii=False).encode() + b"\n")

    def _sound(self, checkpoint: Checkpoint, unproven: str) -> None:
        """Raise the alarm, with both checkpoints: the log's own signatures below two trees that do not fit."""
        latest = self.latest
        is_fork = latest is not None and latest.size == checkpoint.size and latest.root != checkpoint.root
        kind = "fork" if is_fork else unproven
        text = (
            f"a checkpoint of {checkpoint.size} records does not go on from the one of {latest.size if latest else 0}"
        )
        evidence = {"known": latest.note if latest else "", "came": checkpoint.note}
        self.alarms.sound(kind, text, checkpoint.root.hex() if kind == "fork" else "", evidence)


def _read_body(body: bytes) -> tuple[int, list[bytes], str]:
    head, gap, note = body.decode("utf-8").partition("\n\n")
    first, *lines = head.split("\n")
    if not gap or not first.startswith("old ") or len(lines) > MOST_PROOF_LINES:
        raise Malformed("this is no request to add a checkpoint")
    proof = [bytes_in(line) for line in lines]
    if any(len(each) != 32 for each in proof):
        raise Malformed("a line of the proof is no hash")
    return number_in(first.removeprefix("old ")), proof, note
