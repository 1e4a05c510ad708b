"""A witness's folder: what is written there is on the disk, whole, before anybody is told; and its list of alarms."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPEAT_SECONDS = 3600.0
"""How long the same alarm is not raised again."""


def put(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all, and durably."""
    fresh = file.with_name(file.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def add(file: Path, data: bytes) -> None:
    """Append to a file, durably."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def moment(seconds: float) -> str:
    """Write a time as `2026-11-22T16:45:06Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Alarms:
    """What this witness says against the log: in `alarms.jsonl`, on standard error, and to an address if given."""

    def __init__(self, folder: Path, url: str = "", clock: Callable[[], float] = time.time) -> None:
        self._file, self._url, self._clock = folder / "alarms.jsonl", url, clock
        self._raised: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def sound(self, kind: str, text: str, subject: str = "", evidence: Mapping[str, Any] | None = None) -> None:
        """Raise an alarm, unless the same was raised about the same subject within the hour."""
        now = self._clock()
        with self._lock:
            if now - self._raised.get((kind, subject), -REPEAT_SECONDS) < REPEAT_SECONDS:
                return
            self._raised[kind, subject] = now
            alarm = {"time": moment(now), "kind": kind, "text": text, "evidence": dict(evidence or {})}
            add(self._file, json.dumps(alarm).encode() + b"\n")
        print(f"witness: ALARM {kind}: {text}", file=sys.stderr, flush=True)
        if self._url:
            threading.Thread(target=self._tell, args=[alarm], daemon=True).start()

    def clear(self, kind: str) -> None:
        """Let an alarm be raised anew: what it was about is over."""
        with self._lock:
            self._raised = {which: when for which, when in self._raised.items() if which[0] != kind}

    def _tell(self, alarm: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, json.dumps(alarm).encode(), headers)  # noqa: S310 - the port's own
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        except OSError as error:
            print(f"witness: {self._url} could not be told: {error}", file=sys.stderr, flush=True)
