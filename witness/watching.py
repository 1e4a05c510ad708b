"""The log as the gateway shows it, again and again -> the witness's state, its mirror, and alarms.

Alarms: `forged` (a checkpoint without the log's signature), `shrink`, `fork`, `tampered` (a record is not what the log
committed to), `withheld` (the log gives no views), `stall` (it cannot be reached), `unrecorded_read`, `unreadable`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from witness.cosigning import Cosigning
from witness.folder import Alarms, moment, put
from witness.gateway_reading import Gateway, Unreachable
from witness.mirror import Mirror, Untrue
from witness.note import Checkpoint, Malformed, Unsigned, read_checkpoint, vouched
from witness.reads import Reads
from witness.tree import is_beginning, prove_beginning, spans_of


class Watching:
    """The round that a witness makes; belongs to one thread."""

    def __init__(
        self,
        folder: Path,
        port: str,
        cosigning: Cosigning,
        gateway: Gateway,
        alarms: Alarms,
        *,
        mirror: Mirror | None = None,
        reads: Reads | None = None,
        peers: tuple[Gateway, ...] = (),
        stall_seconds: float = 600.0,
        pruned_until: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._port, self._cosigning, self._gateway, self._alarms = port, cosigning, gateway, alarms
        self._state, self._mirror, self._reads, self._clock = folder / "status.json", mirror, reads, clock
        self._stall_seconds, self._pruned_until = stall_seconds, pruned_until
        self._peers: dict[Gateway, Checkpoint | None] = dict.fromkeys(peers)
        self._well_at = self._mirrored_at = clock()
        self._trouble = ""

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Go round until told to stop."""
        while not stop.is_set():
            try:
                self.round()
            except OSError as error:  # a full disk: what comes over HTTP is still answered
                print(f"witness: {error}", file=sys.stderr, flush=True)
            stop.wait(every_seconds)

    def round(self) -> None:
        """Go round once: what goes wrong is said, and tried again the next time."""
        now = self._clock()
        try:
            self._trouble = ""
            if self._look():
                self._well_at = now
                self._alarms.clear("stall")
                self._follow()
                self._compare()
        except (Unreachable, OSError, ValueError, KeyError) as error:
            self._trouble = str(error)
        if now - self._well_at > self._stall_seconds:
            since = moment(self._well_at)
            self._alarms.sound("stall", f"no checkpoint that is in order since {since}: {self._trouble}")
        if self._reads is not None:
            self._reads.look(now)
        self._tell(now)

    def _look(self) -> bool:
        """Take the log's checkpoint as the newest, if it goes on from what was seen; say whether it is in order."""
        note = self._gateway.checkpoint()
        try:
            vouched(note, self._cosigning.keys)
            found = read_checkpoint(note)
        except (Malformed, Unsigned) as error:
            return self._wrong("forged", f"the gateway serves a checkpoint that is not the log's: {error}", note)
        latest = self._cosigning.latest
        size = latest.size if latest else 0
        if found.origin != self._cosigning.origin:
            return self._wrong("forged", f"the gateway serves another log: {found.origin}", note)
        if found.size < size:
            return self._wrong("shrink", f"the log had {size} records, and shows {found.size}", note)
        if latest and (found.size, found.root) == (size, latest.root):
            return True
        proof = prove_beginning(size, found.size, spans_of(found.size, self._gateway.tile))
        answer = self._cosigning.take(size, proof, found, "fork")
        if answer.status not in (200, 409):  # 409: the gateway sent a newer one meanwhile, and it was taken
            self._trouble = answer.body.strip()
            return False
        return True

    def _wrong(self, kind: str, text: str, note: str) -> bool:
        latest = self._cosigning.latest
        self._alarms.sound(kind, text, evidence={"known": latest.note if latest else "", "came": note[:4000]})
        self._trouble = text
        return False

    def _follow(self) -> None:
        """Mirror the port's views up to the newest checkpoint."""
        mirror, latest = self._mirror, self._cosigning.latest
        if mirror is None or latest is None:
            return
        try:
            while mirror.size < latest.size:
                self._take(mirror, latest.size)
            if mirror.proven < latest.size:
                mirror.prove(latest.root)
            self._mirrored_at = self._clock()
        except Untrue as error:
            mirror.forget_unproven()
            self._trouble = str(error)
            self._alarms.sound("tampered", str(error), evidence={"known": latest.note})
        except Unreachable as error:
            self._trouble = str(error)
            if self._clock() - self._mirrored_at > self._stall_seconds:
                self._alarms.sound("withheld", f"the gateway gives no views: {error}")

    def _take(self, mirror: Mirror, size: int) -> None:
        lines = self._gateway.views(self._port, mirror.size, size)
        pruned = [index for index in map(_pruned, lines) if index is not None and index >= self._pruned_until]
        if pruned:
            self._alarms.sound("withheld", f"the log says that records were pruned: {pruned[0]} and others")
        mirror.take(lines)

    def _compare(self) -> None:
        """Hold what other witnesses were shown against what is shown here."""
        latest = self._cosigning.latest
        for peer, waiting in self._peers.items():
            try:
                theirs = waiting or self._theirs(peer)
            except (Unreachable, Malformed, Unsigned):
                continue  # the peer's own trouble; who watches the peer will say so
            self._peers[peer] = theirs if latest is None or theirs.size > latest.size else None
            if latest is not None and theirs.size <= latest.size and not self._fits(theirs, latest):
                evidence = {"known": latest.note, "came": theirs.note}
                self._alarms.sound("fork", "another witness was shown another log", theirs.root.hex(), evidence)

    def _theirs(self, peer: Gateway) -> Checkpoint:
        note = peer.newest_of(self._cosigning.origin_hash)
        vouched(note, self._cosigning.keys)
        return read_checkpoint(note)

    def _fits(self, old: Checkpoint, new: Checkpoint) -> bool:
        proof = prove_beginning(old.size, new.size, spans_of(new.size, self._gateway.tile))
        return old.origin == new.origin and is_beginning(old.size, old.root, new.size, new.root, proof)

    def _tell(self, now: float) -> None:
        latest = self._cosigning.latest
        state = {
            "time": now,
            "well_at": self._well_at,
            "trouble": self._trouble,
            "size": latest.size if latest else 0,
            "mirrored": self._mirror.proven if self._mirror else None,
        }
        put(self._state, json.dumps(state).encode())


def _pruned(line: bytes) -> int | None:
    record = json.loads(line)
    return int(record["index"]) if not record["salt"] else None
