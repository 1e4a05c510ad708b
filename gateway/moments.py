"""Moments -> texts, as records of the log and answers hold them."""

from __future__ import annotations

from datetime import datetime


def utc(moment: datetime) -> str:
    """Write a moment, which is in UTC, as `2026-11-22T16:45:06.123Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
