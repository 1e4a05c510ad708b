"""The power is cut, the disk breaks or is full: what was acknowledged is in the log, and nothing is open in the end.

Each cycle is a life of a gateway on one disk; lives follow each other on the same log.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import audit_store
from gateway.adapters.audit_sqlite import SqliteStorage, reading
from gateway.adapters.audit_storage import AuditLost
from gateway.adapters.audit_store import AuditStore
from gateway.errors import AuditUnavailable
from tests.audit.disk import FAULTS, Disk, Fault
from tests.audit.drowning import cuts_of_power
from tests.audit.killing import Heard
from tests.audit.load import load
from tests.audit.logs import ORIGIN, PORTS, WRITER
from tests.audit.soundness import sound

_names = map("disk-{}".format, itertools.count())


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk(next(_names), random.Random(11))  # noqa: S311 - what goes wrong is no secret
    yield made
    made.close()
