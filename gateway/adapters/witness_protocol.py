"""One checkpoint -> a cosignature of one witness, or why there is none (C2SP tlog-witness, the log's side).

*Invariants*
- A line counts only if the witness's own key has signed this checkpoint in it, and not in a future.
- No redirect is followed, no proxy of the environment is used, every answer has a bound in size and time.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.audit.note import WITNESS, NoteRefused, Verifier, signatures_of, signers_of, verifier_at
from gateway.settings import WitnessSettings

SECONDS = 5.0
MAX_BYTES = 16 * 1024
MAX_PROOF = 63
FUTURE_SECONDS = 300.0
TRIES = 3
"""How often a witness may say that it stands elsewhere before it is left for the next time."""

Prove = Callable[[int], Awaitable[Sequence[bytes]]]
"""Old size -> the proof that the checkpoint goes on from there."""


class Silent(Exception):
    """A witness does not answer, or not now."""


class Refused(Exception):
    """A witness answers, and does not cosign: it says no, or something that is no cosignature."""


class Ahead(Exception):
    """A witness has cosigned more records than the checkpoint has."""

    def __init__(self, size: int) -> None:
        super().__init__(f"it has cosigned {size} records")
        self.size = size


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness as the settings name it."""

    port: str
    url: str
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint to be cosigned."""

    size: int
    text: str
    """What is signed."""
    note: str


def witness_of(settings: WitnessSettings) -> Witness:
    """Read a witness's settings; raises ValueError."""
    try:
        verifier = verifier_at(settings.verifier_key)
    except NoteRefused as error:
        raise ValueError(f"audit.witnesses: {settings.port}: {error}") from error
    if verifier.kind != WITNESS:
        raise ValueError(f"audit.witnesses: {settings.port}: the key is not a witness's (type 4)")
    return Witness(settings.port, str(settings.url).rstrip("/"), verifier)


class WitnessClient:
    """Asks witnesses; belongs to one event loop."""

    def __init__(self, ca_file: Path | None, seconds: float = SECONDS) -> None:
        self._ca_file, self._seconds = ca_file, seconds
        self._session: aiohttp.ClientSession | None = None
        self._known: dict[str, int] = {}
        """Port -> what its witness has cosigned last, as far as is known."""

    async def cosignature(self, witness: Witness, head: Head, prove: Prove, now: float) -> str:
        """Return the witness's line, verified; raises Silent, Refused, Ahead."""
        for _ in range(TRIES):
            old = self._known.get(witness.port, 0)
            if old > head.size:
                self._known[witness.port] = 0  # ask again the next time: it may be the witness that went back
                raise Ahead(old)
            status, media_type, body = await self._post(witness, _request(old, await prove(old), head.note))
            if status == 200:
                line = _line_of(witness, head, body, now)
                self._known[witness.port] = head.size
                return line
            if status == 409 and media_type == "text/x.tlog.size" and (size := body.removesuffix("\n")).isdigit():
                self._known[witness.port] = int(size)
                continue
            if status >= 500:
                raise Silent(f"it answers with status {status}")
            raise Refused(f"it answers with status {status}")
        raise Silent("it goes on faster than it can be asked")

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, witness: Witness, body: bytes) -> tuple[int, str, str]:
        session = self._opened()
        try:
            async with session.post(f"{witness.url}/add-checkpoint", data=body, allow_redirects=False) as answer:
                said = b""
                async for chunk in answer.content.iter_chunked(MAX_BYTES):
                    said += chunk
                    if len(said) > MAX_BYTES:
                        raise Refused("its answer is too long")
                return answer.status, answer.content_type, said.decode("utf-8", "replace")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Silent(type(error).__name__) from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            trust = ssl.create_default_context(cafile=self._ca_file)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, keepalive_timeout=20),
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                trust_env=False,
                headers={"User-Agent": "portgate", "Content-Type": "text/plain; charset=utf-8"},
            )
        return self._session


def cosigned_by(note: str, witnesses: Sequence[Witness]) -> frozenset[str]:
    """Return the ports whose witnesses have cosigned a note; none if a signature in it is wrong."""
    try:
        _, signed = signers_of(note, [witness.verifier for witness in witnesses])
    except NoteRefused:
        return frozenset()
    return frozenset(witness.port for witness in witnesses if witness.verifier in signed)


def _request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof[:MAX_PROOF]), "", note]
    return "\n".join(lines).encode()


def _line_of(witness: Witness, head: Head, body: str, now: float) -> str:
    """Return the line of the witness's own key, whatever else stands beside it."""
    try:
        _, found = signatures_of(f"{head.text}\n{body}")
        for (name, id_, _), line in zip(found, body.splitlines(keepends=True), strict=True):
            if (name, id_) == (witness.verifier.name, witness.verifier.id):
                _, signed = signers_of(f"{head.text}\n{line}", [witness.verifier])
                if 0 < signed[witness.verifier] <= now + FUTURE_SECONDS:
                    return line
    except NoteRefused as error:
        raise Refused(f"its cosignature is wrong: {error}") from error
    raise Refused("it gives no cosignature of its own, or one of another time")
