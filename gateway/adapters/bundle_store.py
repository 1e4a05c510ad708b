"""Bundles that come in -> the bundles in force, one a port; kept in a folder, and given to OPA from memory.

*Invariants*
- A bundle that is refused changes nothing but the port's last refusal, and an alarm in the audit log.
- A bundle is in force only after its record in the audit log, it, and the highest serial number seen are durable.
- The highest serial number of a port outlives its bundle: deleting files brings nothing older back.
- What is read from the folder at the start passes the same checks as what comes in.
- A revision stands for `GRACE_SECONDS` after the next one came into force, so that OPA has the time to load it; what
  is suspended does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from gateway.adapters.durable_files import sync_directory
from gateway.audit.record import AlarmRecord, PublicationRecord
from gateway.errors import Unavailable
from gateway.moments import utc
from gateway.parts import AuditLog, Clock
from gateway.policy.bundle import LIBRARY, Bundle, read_library, read_port
from gateway.policy.refusal import BundleRefused
from gateway.policy.signature import public_key
from gateway.running import RunningAnswers, Suspension

GRACE_SECONDS = 5.0
CLOCK_SKEW = timedelta(minutes=5)
DEFAULT_MAX_AGE_DAYS = 400
"""A year between two reviews of the agreements, and a month to be late."""

STARTING = "portgate#start"
"""By whom what a gateway starts with is put into force."""

_log = logging.getLogger("portgate.bundles")


@dataclass(frozen=True, slots=True)
class Served:
    """What OPA gets."""

    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest bundle of a port that was ever in force."""

    serial: int
    digest: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last bundle of a port that was refused."""

    time: str
    code: str
    message: str
    mend: str


@dataclass(slots=True)
class Standing:
    """One port, and what is in force for it."""

    key: EllipticCurvePublicKey | None
    bundle: Bundle | None = None
    served: Served | None = None
    seen: Seen | None = None
    refusal: Refusal | None = None
    is_loaded: bool = True
    """Whether OPA answered with the revision in force when it was asked last."""
    rules_until: float | None = None
    """Which narrow.rego is in force OPA's answers do not tell: until when OPA must have asked for more with this bundle
    in its hands; None once it has, or if the bundle holds no such rules."""
    is_seen_lost: bool = False
    """Whether the highest serial number cannot be read: then no bundle can be told from an older one."""
    superseded: dict[str, float] = field(default_factory=dict)
    """Revisions that were in force a moment ago -> until when."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an intake goes by."""

    directory: Path
    max_age_days: int = DEFAULT_MAX_AGE_DAYS


class Narrow(Protocol):
    """Who looks at a port's own rules."""

    def check(self, port: str, text: bytes) -> None:
        """Raise BundleRefused unless they can only take away."""


class BundleStore:
    """The bundles of one gateway; all its methods belong to one event loop."""

    def __init__(
        self,
        rules: Rules,
        keys: Mapping[str, EllipticCurvePublicKey | None],
        narrow: Narrow,
        audit: AuditLog,
        clock: Clock,
        running: RunningAnswers,
        *,
        build: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keys`: the ports of this gateway; one whose key is None cannot publish."""
        self._rules, self._narrow, self._audit, self._clock = rules, narrow, audit, clock
        self._running, self._build, self._monotonic = running, build, monotonic
        self._ports = {port: Standing(key) for port, key in keys.items()}
        self._library: Served | None = None
        self._library_bundle: Bundle | None = None
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()

    @property
    def ports(self) -> tuple[str, ...]:
        """The ports of this gateway."""
        return tuple(self._ports)

    # --- what comes in ----------------------------------------------------------------------------------------------

    def take_library(self, packed: bytes, key: EllipticCurvePublicKey) -> Bundle:
        """Serve the library from now on; raises BundleRefused."""
        bundle = read_library(packed, key)
        self._library, self._library_bundle = _served(bundle), bundle
        return bundle

    async def load(self) -> None:
        """Put into force what was accepted before this start, if it still passes, and write all of it down."""
        if self._library is not None and self._library_bundle is not None:
            await self._audit.append(self._publication(self._library_bundle, self._library, STARTING))
        self._rules.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for port, standing in self._ports.items():
            standing.seen = _read_seen(self._seen_file(port))
            standing.is_seen_lost = standing.seen is None and self._seen_file(port).exists()
            file = self._file(port)
            if file.exists():
                try:
                    await self._take(port, file.read_bytes(), STARTING)
                except BundleRefused as refused:
                    _log.error("the bundle of %s is not in force: %s", port, refused.code)

    async def accept(self, port: str, packed: bytes, by: str) -> Bundle:
        """Put a bundle into force and return it; raises BundleRefused, which is in the audit log by then."""
        # whoever sent it may go away in the middle: what is half in force helps nobody
        return await asyncio.shield(self._take(port, packed, by))

    async def refuse(self, port: str, refused: BundleRefused, by: str) -> None:
        """Write that a bundle was refused; raises AuditUnavailable."""
        moment, concerns = utc(self._clock()), (port,) if port in self._ports else ()
        await self._audit.append(
            AlarmRecord("", moment, by[:200], 0, "PublishBundle", port[:60], (refused.code,), 1, self._build, concerns)
        )

    async def _take(self, port: str, packed: bytes, by: str) -> Bundle:
        async with self._turn:
            try:
                bundle = await asyncio.to_thread(self._checked, port, packed)
            except BundleRefused as refused:
                self._note(port, refused)
                await self.refuse(port, refused, by)
                raise
            served = _served(bundle)
            await self._audit.append(self._publication(bundle, served, by))
            await asyncio.to_thread(self._keep, port, bundle, served)
            self._put_into_force(port, bundle, served)
            return bundle

    def _note(self, port: str, refused: BundleRefused) -> None:
        if port in self._ports:
            moment = utc(self._clock())
            self._ports[port].refusal = Refusal(moment, refused.code, refused.message, refused.mend)

    def _checked(self, port: str, packed: bytes) -> Bundle:
        standing = self._ports.get(port)
        if standing is None or standing.key is None:
            raise BundleRefused("unknown_port", f"this gateway knows no port {port[:60]} with a public key", port)
        if standing.is_seen_lost:
            raise BundleRefused("seen_lost", f"the highest serial number of {port} cannot be read", port)
        bundle = read_port(packed, port, standing.key)
        self._check_time(bundle)
        self._check_order(bundle, standing.seen)
        if bundle.narrow is not None:
            self._narrow.check(port, bundle.narrow)
        return bundle

    def _check_time(self, bundle: Bundle) -> None:
        made, moment, name = bundle.manifest.made, self._clock(), bundle.manifest.name
        if made > moment + CLOCK_SKEW:
            raise BundleRefused("from_the_future", f"the bundle says that it was made at {made:%Y-%m-%d %H:%M}Z", name)
        if self._is_too_old(bundle, moment):
            days = self._rules.max_age_days
            raise BundleRefused("too_old", f"the bundle was made on {made:%Y-%m-%d}, over {days} days ago", name)

    def _is_too_old(self, bundle: Bundle, moment: datetime) -> bool:
        return bundle.manifest.made < moment - timedelta(days=self._rules.max_age_days)

    def _check_order(self, bundle: Bundle, seen: Seen | None) -> None:
        """The newest one may come again, byte for byte; anything else must be newer."""
        serial, name = bundle.manifest.serial, bundle.manifest.name
        if seen is None or serial > seen.serial or (serial, _digest(bundle.packed())) == (seen.serial, seen.digest):
            return
        raise BundleRefused("older_than_seen", f"its serial number {serial} is not above {seen.serial}", name)

    # --- what is kept -----------------------------------------------------------------------------------------------

    def _file(self, port: str) -> Path:
        return self._rules.directory / f"{port}.tar.gz"

    def _seen_file(self, port: str) -> Path:
        return self._rules.directory / f"{port}.seen.json"

    def _keep(self, port: str, bundle: Bundle, served: Served) -> None:
        """Write the bundle first: after a crash in between it is read again, and the number with it."""
        seen = Seen(bundle.manifest.serial, _digest(served.content))
        if self._ports[port].seen == seen and self._file(port).exists():
            return
        try:
            _write_durably(self._file(port), served.content)
            _write_durably(self._seen_file(port), json.dumps({"serial": seen.serial, "digest": seen.digest}).encode())
        except OSError as error:
            raise Unavailable("the bundle could not be kept", hint="tell the operator to look at the disk") from error
        self._ports[port].seen = seen

    def _publication(self, bundle: Bundle, served: Served, by: str) -> PublicationRecord:
        manifest = bundle.manifest
        concerns = self.ports if manifest.name == LIBRARY else (manifest.name,)
        return PublicationRecord(
            "", utc(self._clock()), manifest.name, by[:200], bundle.revision, manifest.serial,
            f"{manifest.made:%Y-%m-%dT%H:%M:%SZ}", _digest(served.content), self._build, concerns,
        )  # fmt: skip

    def _put_into_force(self, port: str, bundle: Bundle, served: Served) -> None:
        standing = self._ports[port]
        until = self._monotonic() + GRACE_SECONDS
        if standing.bundle is not None:
            standing.superseded[standing.bundle.revision] = until
        standing.rules_until = until if bundle.narrow is not None else None
        standing.superseded.pop(bundle.revision, None)
        standing.bundle, standing.served = bundle, served
        self._news.set()  # for all who wait now; who comes later waits for the next
        self._news = asyncio.Event()
        self._running.suspend(port, suspension(bundle))

    # --- what is in force -------------------------------------------------------------------------------------------

    def served(self, name: str) -> Served | None:
        """What OPA gets under this name."""
        if name == LIBRARY:
            return self._library
        standing = self._ports.get(name)
        return standing.served if standing else None

    async def served_after(self, name: str, etag: str, seconds: float) -> Served | None:
        """What OPA gets under this name, once it is another than `etag`, or when the time is up."""
        standing = self._ports.get(name)
        if standing is not None and standing.served is not None and standing.served.etag == etag:
            standing.rules_until = None  # OPA names what it has activated
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (found := self.served(name)) is not None and found.etag == etag:
                    await self._news.wait()
        return self.served(name)

    def trouble(self, port: str, revision: str) -> str:
        """Say in one word why an answer of OPA with this revision does not count for the port; empty if it does."""
        state = self.state(port)
        standing = self._ports.get(port)
        if state or standing is None:
            return state
        has_rules = standing.rules_until is None or self._monotonic() <= standing.rules_until
        standing.is_loaded = revision == self.revision(port) and has_rules
        if standing.is_loaded:
            return ""
        standing.superseded = {old: until for old, until in standing.superseded.items() if self._monotonic() <= until}
        is_fresh = has_rules and revision in standing.superseded and not self.suspension(port).everything
        return "" if is_fresh else "another_revision"

    def state(self, port: str) -> str:
        """Say in one word why nothing of the port is in force; empty if its bundle is."""
        standing = self._ports.get(port)
        if standing is None or standing.bundle is None:
            return "no_bundle"
        return "too_old" if self._is_too_old(standing.bundle, self._clock()) else ""

    def suspension(self, port: str) -> Suspension:
        """What the port has suspended, as its bundle in force says."""
        standing = self._ports[port]
        return suspension(standing.bundle) if standing.bundle else Suspension()

    def organisation(self, port: str) -> str:
        """The port's own organisation, as its bundle in force names it; empty if there is none."""
        standing = self._ports.get(port)
        document = standing.bundle.document if standing and standing.bundle else None
        return document.organisation if document else ""

    def revision(self, port: str) -> str:
        """The revision in force; `none` if there is none."""
        standing = self._ports.get(port)
        return standing.bundle.revision if standing and standing.bundle else "none"

    def status(self) -> dict[str, dict[str, object]]:
        """Say of each port what is in force, since when, and what was refused last."""
        return {port: self._status(port, standing) for port, standing in self._ports.items()}

    @staticmethod
    def _state_of(standing: Standing) -> str:
        if standing.bundle is not None and suspension(standing.bundle).everything:
            return "suspended"
        return "in_force" if standing.is_loaded else "not_loaded"

    def _status(self, port: str, standing: Standing) -> dict[str, object]:
        told: dict[str, object] = {"state": self.state(port) or self._state_of(standing)}
        if standing.bundle is not None:
            manifest = standing.bundle.manifest
            age = self._clock() - manifest.made
            told |= {
                "revision": standing.bundle.revision,
                "serial": manifest.serial,
                "made": f"{manifest.made:%Y-%m-%dT%H:%M:%SZ}",
                "age_seconds": int(age.total_seconds()),
            }
        if standing.refusal is not None:
            refusal = standing.refusal
            told["last_refusal"] = asdict(refusal)
        return told


def suspension(bundle: Bundle) -> Suspension:
    """Return what a port's document suspends."""
    document = bundle.document
    if document is None:
        return Suspension()
    stopped = frozenset(agreement.id for agreement in document.agreements if agreement.suspended)
    return Suspension(document.suspended, stopped)


def read_keys(directory: Path, names: tuple[str, ...]) -> dict[str, EllipticCurvePublicKey | None]:
    """Read the public key of each, `<name>.pem`; None where there is no file. Raises ValueError for a wrong one."""
    keys: dict[str, EllipticCurvePublicKey | None] = {}
    for name in names:
        file = directory / f"{name}.pem"
        try:
            keys[name] = public_key(file.read_bytes()) if file.exists() else None
        except ValueError as error:
            raise ValueError(f"{file} is no public key for ES256: {error}") from error
    return keys


def _served(bundle: Bundle) -> Served:
    content = bundle.packed()
    return Served(content, f'"{_digest(content)}"')


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_seen(file: Path) -> Seen | None:
    """Read the highest serial number; None if there is none, or the file does not hold one."""
    try:
        match json.loads(file.read_bytes()) if file.exists() else None:
            case {"serial": int(serial), "digest": str(digest)}:
                return Seen(serial, digest)
    except ValueError:
        pass
    return None


def _write_durably(file: Path, content: bytes) -> None:
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    sync_directory(file.parent)
