"""How long from a record's durable append to a checkpoint over it that three of five witnesses have cosigned.

A log of its own with five witnesses of their own, each a process, on this machine; the gateway's own store and
distributor. No Trino, no OPA.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import HttpUrl

from gateway.adapters.audit_places import open_storage
from gateway.adapters.audit_store import AuditStore, Writer
from gateway.adapters.clock import now
from gateway.adapters.witness_protocol import cosigned_by, witness_of
from gateway.adapters.witnesses import Witnesses
from gateway.audit.note import WITNESS, Signer
from gateway.audit.record import ServiceRecord
from gateway.running import RunningAnswers
from gateway.settings import AuditSettings, WitnessSettings
from stack.layout import CHECKOUT, PORTS
from stack.lifecycle import is_taken

ORIGIN = "portgate.local/bench"
SECONDS = 30.0
EACH_SECONDS = 0.05
LIMIT_SECONDS = 3.0
FIRST_TCP_PORT = 20_950


@dataclass(frozen=True, slots=True)
class Cosigned:
    """Times from append to quorum, in seconds."""

    count: int
    median: float
    p99: float

    @property
    def is_well(self) -> bool:
        """Whether the 99th percentile is within its limit."""
        return self.p99 <= LIMIT_SECONDS


def cosigned(seconds: float = SECONDS) -> Cosigned:
    """Append for some seconds, one record each 50 ms, and time each until its quorum."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        signer = Signer(ORIGIN, Ed25519PrivateKey.generate())
        with _five(place, signer) as witnesses:
            settings = AuditSettings(
                file=place / "audit.sqlite", origin=ORIGIN, key_file=place / "key", witnesses=witnesses
            )
            times = sorted(asyncio.run(_timed(settings, signer, seconds)))
    return Cosigned(len(times), statistics.median(times), times[max(0, -(-len(times) * 99 // 100) - 1)])


async def _timed(settings: AuditSettings, signer: Signer, seconds: float) -> list[float]:
    store = AuditStore(open_storage(settings, PORTS), Writer("bench", "bench", signer))
    distributor = Witnesses(settings, store, now, "bench", PORTS, RunningAnswers())
    await distributor.start()
    waiting: dict[int, float] = {}
    times: list[float] = []
    appending = asyncio.create_task(_append(store, waiting, seconds))
    while not appending.done() or waiting:
        size = await asyncio.to_thread(_witnessed, store, settings)
        moment = time.monotonic()
        for index in [index for index in waiting if index < size]:
            times.append(moment - waiting.pop(index))
        await asyncio.sleep(0.02)
    await appending
    await distributor.close()
    await asyncio.to_thread(store.close)
    return times


async def _append(store: AuditStore, waiting: dict[int, float], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while (began := time.monotonic()) < ends:
        record = ServiceRecord("", "2026-11-22T16:45:06.123Z", "started", "x" * 900, "bench")
        receipt = await store.append(record)
        waiting[receipt.index] = began
        await asyncio.sleep(EACH_SECONDS)


def _witnessed(store: AuditStore, settings: AuditSettings) -> int:
    known = [witness_of(each) for each in settings.witnesses]
    with store.storage.reading() as log:
        sizes = (size for size, note, _ in log.checkpoints() if len(cosigned_by(note, known)) >= settings.quorum)
        return next(sizes, 0)


@contextmanager
def _five(place: Path, log: Signer) -> Iterator[tuple[WitnessSettings, ...]]:
    first = next(n for n in range(FIRST_TCP_PORT, 30_000, 5) if not any(is_taken(n + k) for k in range(len(PORTS))))
    children: list[subprocess.Popen[bytes]] = []
    settings: list[WitnessSettings] = []
    try:
        for number, port in enumerate(PORTS, first):
            folder = place / port
            folder.mkdir()
            key = Ed25519PrivateKey.generate()
            (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            name = f"{port}.portgate.local/witness"
            (folder / "witness.toml").write_text(
                f'port = "{port}"\nfolder = "data"\nname = "{name}"\nkey_file = "key.pem"\n[log]\n'
                f'url = "http://127.0.0.1:1"\nverifier_keys = ["{log.verifier}"]\n[listen]\ntcp_port = {number}\n'
            )
            words = [sys.executable, "-m", "witness", "run", "--config", str(folder / "witness.toml")]
            children.append(subprocess.Popen(words, cwd=CHECKOUT, stderr=subprocess.DEVNULL))  # noqa: S603 - our own
            url = HttpUrl(f"http://127.0.0.1:{number}")
            verifier = Signer(name, key, WITNESS).verifier
            settings.append(WitnessSettings(port=port, url=url, verifier_key=str(verifier)))
        while not all(is_taken(number) for number in range(first, first + len(PORTS))):
            time.sleep(0.05)
        yield tuple(settings)
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()


def main() -> int:
    """Measure and say it; the exit code is 1 beyond the limit."""
    found = cosigned()
    print(
        f"append to 3 of 5 cosigned: {found.count} records, median {found.median:.2f} s, p99 {found.p99:.2f} s "
        f"(limit {LIMIT_SECONDS:g} s)"
    )
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
