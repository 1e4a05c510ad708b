"""A disk for SQLite that forgets, breaks and fills up, as real ones do (a VFS of apsw over the real files).

What is written stands in the files at once, as in the system's cache, and in `_Kept.durable` once it was synced. A cut
of the power leaves what was synced and any part of the rest, in any order: writes are torn at SECTOR bytes. A sync that
fails with EIO loses, as Linux does, what it should have written: it can be read until the power is cut, later syncs
succeed, and it is never written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

SECTOR = 512
Fault = Literal["EIO on write", "EIO on sync", "ENOSPC on write", "ENOSPC on sync"]
FAULTS: tuple[Fault, ...] = ("EIO on write", "EIO on sync", "ENOSPC on write", "ENOSPC on sync")


class PowerCut(Exception):
    """The machine is off: nothing is written any more."""


@dataclass
class _Kept:
    """What is on the disk of one file."""

    durable: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)
    """(offset, bytes written), or (size, None) for a truncation."""

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes where they belong."""
        if len(self.durable) < offset + len(data):
            self.durable.extend(bytes(offset + len(data) - len(self.durable)))
        self.durable[offset : offset + len(data)] = data

    def settle(self, operations: list[tuple[int, bytes | None]]) -> None:
        """Have operations reach the disk."""
        for at, data in operations:
            if data is None:
                del self.durable[at:]
            else:
                self.write(at, data)


class Disk:
    """One disk, registered with SQLite under its name until it is closed."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.fails: Fault | None = None
        """What goes wrong, from now on with the probability `often`."""
        self.often = 1.0
        self.failed = 0
        """How often something went wrong."""
        self.writes = 0
        self.cut_after: int | None = None
        """After how many writes and syncs the power is cut."""
        self._is_off = False
        self._chance = chance
        self._kept: dict[str, _Kept] = {}
        self._vfs = _Vfs(name, self)

    def close(self) -> None:
        """Take it from SQLite."""
        self._vfs.unregister()

    def cut_power(self) -> None:
        """Leave in the files what is on the disk: all that was synced, and what chance has saved of the rest."""
        self._is_off = True
        for name, kept in self._kept.items():
            kept.settle(list(self._survivors(kept.waiting)))
            kept.waiting.clear()
            file = Path(name)
            if file.exists():
                file.write_bytes(kept.durable)
            file.with_name(file.name + "-shm").unlink(missing_ok=True)
        self._is_off, self.cut_after = False, None

    def of(self, name: str) -> _Kept:
        """Return what is kept of a file; one that was there before counts as synced."""
        if name not in self._kept:
            file = Path(name)
            self._kept[name] = _Kept(bytearray(file.read_bytes() if file.exists() else b""))
        return self._kept[name]

    def forget(self, name: str) -> None:
        """A file is removed."""
        self._kept.pop(name, None)

    def meets(self, operation: Literal["write", "sync"]) -> None:
        """Fail if it is time to."""
        self.writes += 1
        if self.cut_after is not None and self.writes >= self.cut_after:
            self._is_off = True
        if self._is_off:
            raise _error(apsw.IOError, apsw.SQLITE_IOERR)
        if self.fails and self.fails.endswith(operation) and self._chance.random() < self.often:
            self.failed += 1
            if self.fails == "ENOSPC on write":
                raise _error(apsw.FullError, apsw.SQLITE_FULL)
            raise _error(apsw.IOError, apsw.SQLITE_IOERR_FSYNC if operation == "sync" else apsw.SQLITE_IOERR_WRITE)

    def lose(self, kept: _Kept) -> None:
        """A sync has failed: what it should have written is lost, but for what chance has saved."""
        saved = list(self._survivors(kept.waiting))
        kept.waiting.clear()
        kept.settle(saved)

    def _survivors(self, waiting: list[tuple[int, bytes | None]]) -> Iterator[tuple[int, bytes | None]]:
        sectors: list[tuple[int, bytes | None]] = []
        for at, data in waiting:
            if data is None:
                sectors.append((at, None))
            else:
                sectors += [(at + n, data[n : n + SECTOR]) for n in range(0, len(data), SECTOR)]
        most = self._chance.choice((0.0, 0.5, 0.9, 1.0))
        kept = [each for each in sectors if self._chance.random() < most]
        if self._chance.random() < 0.5:
            self._chance.shuffle(kept)
        yield from kept


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:
        self._disk.meets("write")
        super().xDelete(name, syncdir)
        self._disk.forget(name)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, path
        self._is_kept = bool(path) and bool(flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL))
        if self._is_kept:
            disk.of(path)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._is_kept:
            self._disk.meets("write")
            self._disk.of(self._name).waiting.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        if self._is_kept:
            self._disk.meets("write")
            self._disk.of(self._name).waiting.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        if self._is_kept:
            kept = self._disk.of(self._name)
            try:
                self._disk.meets("sync")
            except apsw.IOError:
                self._disk.lose(kept)
                raise
            kept.settle(kept.waiting)
            kept.waiting.clear()
        # the real files need not be synced: what is on the disk is kept here


def _error(kind: type[apsw.Error], code: int) -> apsw.Error:
    error = kind("the disk does not do it")
    error.extendedresult = code  # type: ignore[attr-defined]  # SQLite reads it
    return error
