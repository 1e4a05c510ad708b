"""A port's own log of who read its catalog -> alarms for reads that no record of the audit log stands for.

Two forms: PostgreSQL's jsonlog, where Trino signs each statement with a comment (`query.comment-format`), and plain
JSON lines `{"time", "user", "statement"}`, which a port can write from whatever log its database has.

*Invariants*
- A line is done with only once it is decided; where reading stopped is on the disk, so that a restart skips nothing.
- A read with a record behind it: a decision about this port, at the index in the user string, made by the partner in
  it, not after the read and not longer before than a query may run.
"""

from __future__ import annotations

import glob
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from witness.folder import Alarms, put

SKEW_SECONDS = 5.0
MOST_LINES = 20_000
PROBE = "portgate-probe"
"""The gateway's name when it looks whether a port answers, for a query that it has recorded."""
_SIGNED = re.compile(r"/\*portgate user=(\S+) query=(\S+)\*/\s*$")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_STATEMENT = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)
_USER = re.compile(r"(.+)#([0-9]{1,18})(?::\w+)?")


@dataclass(frozen=True)
class ReadSettings:
    """Where a port's reads are found, and which need no record."""

    kind: str
    """`postgresql` or `lines`."""
    files: str
    """A pattern such as `/var/log/postgresql/*.json`."""
    logins: tuple[str, ...] = ()
    """PostgreSQL's roles with which Trino logs in; other roles are the port's own business."""
    maintenance_users: tuple[str, ...] = ()
    """Users of Trino whose reads need no record."""
    metadata_file: str = ""
    """Unsigned statements of Trino's that read no rows of the port, one a line, texts in quotes written as '?'."""
    grace_seconds: float = 30.0
    """How long a record may take to be mirrored."""
    admits_seconds: float = 3600.0
    """How long after its decision a query may read."""


@dataclass(frozen=True)
class Read:
    """One read of the catalog."""

    time: float
    user: str
    """The user string that Trino gave; empty if the statement is not signed."""
    statement: str


def read_of(line: Mapping[str, Any], settings: ReadSettings) -> Read | None:
    """Return the read that a line tells of; None if it is of no interest."""
    if settings.kind == "lines":
        return Read(_seconds(line["time"]), str(line["user"]), str(line.get("statement", "")))
    said = _STATEMENT.fullmatch(line.get("message", ""))
    if line.get("user") not in settings.logins or not said:
        return None
    signed = _SIGNED.search(said[1])
    return Read(_seconds(line["timestamp"]), signed[1] if signed else "", said[1])


class Reads:
    """The port's log of reads, followed from where it was left."""

    def __init__(
        self,
        settings: ReadSettings,
        folder: Path,
        port: str,
        view: Callable[[int], Mapping[str, Any] | None],
        alarms: Alarms,
    ) -> None:
        self._settings, self._state, self._port, self._view, self._alarms = (
            settings, folder / "reads.json", port, view, alarms,
        )  # fmt: skip
        self._metadata = _metadata(settings.metadata_file)
        if self._state.exists():
            self._places: dict[str, int] = json.loads(self._state.read_bytes())
        else:  # what was read before there was a witness is not for it to judge
            self._places = {_name(file): file.stat().st_size for file in self._files()}

    def look(self, now: float) -> None:
        """Judge what is new."""
        places: dict[str, int] = {}
        for file in self._files():
            place = self._places.get(_name(file), 0)
            places[_name(file)] = self._follow(file, place if place <= file.stat().st_size else 0, now)
        if places != self._places or not self._state.exists():
            self._places = places
            put(self._state, json.dumps(places).encode())

    def _files(self) -> list[Path]:
        return sorted(map(Path, glob.glob(self._settings.files)))

    def _follow(self, file: Path, place: int, now: float) -> int:
        """Judge a file's lines until one cannot be judged yet; return where that one begins."""
        for line, end in _lines(file, place):
            read = self._understood(file, line)
            if read and not self._is_allowed(read):
                if now - read.time < self._settings.grace_seconds:
                    return place
                self._sound(read)
            place = end
        return place

    def _understood(self, file: Path, line: bytes) -> Read | None:
        try:
            return read_of(json.loads(line), self._settings)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._alarms.sound("unreadable", f"{file} holds a line that is no record of a read", str(file))
            return None

    def _is_allowed(self, read: Read) -> bool:
        if not read.user:
            return _plain(read.statement) in self._metadata
        named = _USER.fullmatch(read.user)
        if read.user in self._settings.maintenance_users or not named:
            return read.user in self._settings.maintenance_users
        record = self._view(int(named[2]))
        if record is None or record.get("kind") != "decision" or self._port not in record.get("concerns", ()):
            return False
        askers = {(record.get(who) or {}).get("id") for who in ("partner", "seen_as")}
        age = read.time - _seconds(record["logged"])
        return named[1] in {PROBE, *askers} and -SKEW_SECONDS <= age <= self._settings.admits_seconds

    def _sound(self, read: Read) -> None:
        who = f"as {read.user}" if read.user else "by a statement that Trino did not sign"
        text = f"the catalog was read {who}, and no record stands for it"
        self._alarms.sound("unrecorded_read", text, read.user or read.statement, _evidence(read))


def settings_in(said: Mapping[str, Any]) -> ReadSettings:
    """Read the section `reads` of a configuration; raises TypeError, ValueError, KeyError."""
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    settings = ReadSettings(**told)
    if settings.kind not in ("postgresql", "lines") or (settings.kind == "postgresql" and not settings.logins):
        raise ValueError("reads.kind is postgresql, with reads.logins, or lines")
    return settings


def _metadata(file: str) -> frozenset[str]:
    lines = Path(file).read_text(encoding="utf-8").splitlines() if file else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _plain(statement: str) -> str:
    return " ".join(_QUOTED.sub("'?'", statement).split())


def _evidence(read: Read) -> dict[str, object]:
    return {"time": read.time, "user": read.user, "statement": read.statement[:1000]}


def _lines(file: Path, place: int) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines with where each ends."""
    with file.open("rb") as stream:
        stream.seek(place)
        for line in stream.readlines(MOST_LINES * 200):
            place += len(line)
            if line.endswith(b"\n"):
                yield line, place


def _name(file: Path) -> str:
    """Name a file so that what takes its place, or is written into it anew, has another."""
    with file.open("rb") as stream:
        return f"{file}@{file.stat().st_ino}@{zlib.crc32(stream.readline())}"


def _seconds(text: str) -> float:
    """Read a moment, in UTC: `2026-11-22T16:45:06.123Z` or `2026-11-22 16:45:06.123 UTC`."""
    return datetime.fromisoformat(text.strip().replace(" UTC", "+00:00")).timestamp()
