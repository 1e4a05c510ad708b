"""Compression: for whom it is worth the work, in what they take, and never otherwise."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest
import zstandard

from gateway.edge.compress import LARGE_BYTES, WORTHWHILE_BYTES, compressed

FAR, NEAR = "203.0.113.7", "127.0.0.1"
BODY = [b'{"data":', b"[[1]]," * WORTHWHILE_BYTES, b"}"]


def ask(accept: str | None, host: str = FAR, body: list[bytes] = BODY) -> tuple[bytes, str]:
    """The body as this reader gets it."""
    headers = [] if accept is None else [(b"accept-encoding", accept.encode())]
    scope: dict[str, Any] = {"headers": headers, "client": (host, 1)}
    parts, encoding = asyncio.run(compressed(scope, body))
    return b"".join(parts), encoding


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("zstd;q=0, gzip;q=0", ""),
        ("GZIP", "gzip"),
        ("gzip;q=nonsense", ""),
        ("identity", ""),
        ("br", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_reader_gets_what_it_takes(accept: str | None, encoding: str) -> None:
    body, used = ask(accept)

    assert used == encoding
    plain = {"zstd": lambda: zstandard.decompress(body), "gzip": lambda: gzip.decompress(body), "": lambda: body}[
        used
    ]()
    assert plain == b"".join(BODY)
    assert not used or len(body) < 1000


@pytest.mark.parametrize("host", [NEAR, "127.8.9.1", "::1"])
def test_on_one_machine_nothing_is_compressed(host: str) -> None:
    assert ask("zstd, gzip", host)[1] == ""
    assert ask("zstd, gzip", "::ffff:203.0.113.7")[1] == "zstd"


def test_what_is_small_is_left_alone() -> None:
    assert ask("gzip", body=[b"x" * (WORTHWHILE_BYTES - 1)])[1] == ""
    assert ask("gzip", body=[b"x" * WORTHWHILE_BYTES])[1] == "gzip"


def test_what_is_large_is_whole() -> None:
    body, _ = ask("zstd", body=[b"x", b"y" * LARGE_BYTES])

    assert zstandard.decompress(body) == b"x" + b"y" * LARGE_BYTES
