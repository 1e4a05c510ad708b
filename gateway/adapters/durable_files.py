"""Files that a process keeps for itself -> made for their owner only, their names durable."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(file: Path) -> None:
    """Make the file if there is none, for its owner only: it holds what partners asked."""
    if not file.exists():
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def sync_directory(directory: Path) -> None:
    """Make the names of new files durable; what is in a file is its writer's to sync."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
