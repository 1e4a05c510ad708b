"""Logs for the tests of witnesses: made with the gateway's code, which the witness's own must agree with.

A test's log can lie: it shows whatever tree the test wants, under the log's own signature.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.growth import Row, grow
from gateway.audit.note import Checkpoint, Signer
from gateway.audit.record import DecisionRecord, Record, RecordedPartner, ServiceRecord
from gateway.audit.tree import Frontier, consistency_proof, root_of
from gateway.audit.views import salt, view
from tests.audit.logs import KEY, ORIGIN, PORTS, SIGNER
from witness.cosigning import Cosigning
from witness.endpoint import Endpoint
from witness.folder import Alarms
from witness.gateway_reading import Unreachable
from witness.note import Cosigner, key_in

LOG_KEY = key_in(str(SIGNER.verifier))
NAME = "long-beach.test/witness"
OWN_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
COSIGNER = Cosigner(NAME, OWN_KEY)
LOGGED = "2026-11-22T16:45:06.123Z"


def decision(query: str, *ports: str, partner: str = "ana") -> DecisionRecord:
    """A decision about some ports."""
    who = RecordedPartner(partner, "gobiz", "state_agency", ("analyst",), "token-1")
    return DecisionRecord(
        query, LOGGED, who, "freight_resilience", "test", f"SELECT {query}", f"SELECT {query}", (), {}, "d", "b",
        concerns=ports,
    )  # fmt: skip


@dataclass(eq=False)
class TestLog:
    """A log in memory, which shows itself as the gateway's addresses would."""

    __test__ = False
    rows: list[Row] = field(default_factory=list)
    lines: list[dict[str, object]] = field(default_factory=list)
    signer: Signer = SIGNER
    shown: int | None = None
    """How many records it shows; all of them if None."""
    is_reachable: bool = True

    def add(self, *records: Record, seed: bytes = b"s" * 32) -> TestLog:
        """Put records at the end."""
        for record in records:
            members, row = grow(record, len(self.rows), LOGGED, seed, PORTS)
            self.rows.append(row)
            self.lines.append(dict(members))
        return self

    def grown(self, count: int, seed: bytes = b"s" * 32) -> TestLog:
        """Put some records at the end that say nothing much."""
        first = len(self.rows)
        names = (f"gateway-{n}" for n in range(first, first + count))
        return self.add(*(ServiceRecord("", LOGGED, "started", name, "b") for name in names), seed=seed)

    @property
    def size(self) -> int:
        """How many records are shown."""
        return len(self.rows) if self.shown is None else self.shown

    def root(self, size: int) -> bytes:
        """The root over the first records."""
        tree = Frontier()
        for row in self.rows[:size]:
            tree = tree.add(row.leaf)
        return tree.root()

    def note(self, size: int | None = None, root: bytes | None = None) -> str:
        """A signed checkpoint."""
        wanted = self.size if size is None else size
        text = Checkpoint(ORIGIN, wanted, root or self.root(wanted)).text
        return f"{text}\n{self.signer.signature(text)}"

    def proof(self, old: int, size: int | None = None) -> list[bytes]:
        """The proof that the tree of size `old` is the beginning."""
        return list(consistency_proof(old, self.size if size is None else size, self._subtree))

    def request(self, old: int, size: int | None = None, proof: Sequence[bytes] | None = None) -> bytes:
        """The body of a request to add a checkpoint."""
        hashes = self.proof(old, size) if proof is None else proof
        lines = [f"old {old}", *(base64.b64encode(each).decode() for each in hashes), "", self.note(size)]
        return "\n".join(lines).encode()

    # --- what a witness reads ---------------------------------------------------------------------------------------

    def checkpoint(self) -> str:
        """The newest checkpoint."""
        self._check()
        return self.note()

    def newest_of(self, origin_hash: str) -> str:
        """What this witness of another port would show."""
        return self.checkpoint()

    def tile(self, level: int, number: int, width: int) -> bytes:
        """A tile."""
        self._check()
        first = number * 256
        return b"".join(self._subtree(8 * level, n) for n in range(first, first + width))

    def entries(self, number: int, width: int) -> list[bytes]:
        """A bundle."""
        return [row.entry for row in self.rows[number * 256 : number * 256 + width]]

    def views(self, port: str, low: int, high: int) -> list[bytes]:
        """A page of a port's views: two records at most."""
        self._check()
        found = []
        for row, line in zip(self.rows, self.lines, strict=True):
            if low <= row.index < min(high, low + 2):
                given = base64.b64encode(salt(row.seed, port)).decode()
                shown = {"index": row.index, "salt": given, "view": view(line, port).decode()}
                found.append(json.dumps({**shown, "entry": row.entry.decode()}).encode())
        return found

    def _check(self) -> None:
        if not self.is_reachable:
            raise Unreachable("it does not answer")

    def _subtree(self, level: int, number: int) -> bytes:
        rows = self.rows[number << level : (number + 1) << level]
        assert len(rows) == 1 << level
        leaves = [row.leaf for row in rows]
        return root_of(0, len(leaves), lambda up, n: _perfect(leaves[n << up : (n + 1) << up]))


def _perfect(leaves: list[bytes]) -> bytes:
    tree = Frontier()
    for leaf in leaves:
        tree = tree.add(leaf)
    return tree.root()


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def cosigning(folder: Path, clock: Clock | None = None, cosigner: Cosigner = COSIGNER) -> Cosigning:
    """A witness's state in a folder."""
    when = clock or Clock()
    return Cosigning(folder, ORIGIN, [LOG_KEY], cosigner, Alarms(folder, clock=when), when)


@contextmanager
def served(state: Cosigning, tls: tuple[Path, Path] | None = None) -> Iterator[int]:
    """Serve a witness; give its TCP port."""
    with Endpoint(("127.0.0.1", 0), state, tls) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=[0.02])
        thread.start()
        try:
            yield endpoint.server_address[1]
        finally:
            endpoint.shutdown()
            thread.join()


def post(port: int, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str, str]:
    """Send a request; give status, media type and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read().decode()
    finally:
        connection.close()


def alarms(folder: Path) -> list[str]:
    """The kinds of the alarms in a folder, oldest first."""
    file = folder / "alarms.jsonl"
    return [json.loads(line)["kind"] for line in file.read_text().splitlines()] if file.exists() else []


OTHER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))
"""Somebody else who calls himself the log."""
__all__ = ["KEY", "LOG_KEY", "PORTS"]
