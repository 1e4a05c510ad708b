"""The parts of a body -> the same body in an encoding that its reader takes, where that is worth the work.

None on loopback, where bytes cost nothing; else the cheapest level of zstd or gzip, whichever the reader takes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import zlib
from collections.abc import Iterable, Sequence

import zstandard
from starlette.types import Scope

WORTHWHILE_BYTES = 4096
LARGE_BYTES = 256 * 1024
"""What takes longer than the loop should stand still is compressed in a thread."""
LEVEL = 1

Parts = Sequence[bytes]


async def compressed(scope: Scope, parts: Parts) -> tuple[Parts, str]:
    """Return the body's parts and the name of their encoding, empty for none."""
    size = sum(map(len, parts))
    encoding = "" if size < WORTHWHILE_BYTES or is_near(scope) else accepted(scope)
    if not encoding:
        return parts, ""
    if size < LARGE_BYTES:
        return [_compress(encoding, parts, size)], encoding
    return [await asyncio.to_thread(_compress, encoding, parts, size)], encoding


def is_near(scope: Scope) -> bool:
    """Whether the reader sits on this machine."""
    host = (scope.get("client") or ("",))[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def accepted(scope: Scope) -> str:
    """Name the best encoding that the reader takes.

    >>> accepted({"headers": [(b"accept-encoding", b"gzip, deflate;q=0.5, zstd")]})
    'zstd'
    >>> accepted({"headers": [(b"accept-encoding", b"gzip, zstd;q=0")]})
    'gzip'
    """
    weights = dict(_weights(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding"))
    known = {name: weights.get(name, 0.0) for name in ("zstd", "gzip")}
    best = max(known, key=lambda name: known[name])
    return best if known[best] > 0 else ""


def _weights(values: Iterable[str]) -> Iterable[tuple[str, float]]:
    for item in ",".join(values).split(","):
        name, _, parameters = item.partition(";")
        quality = parameters.replace(" ", "").lower().removeprefix("q=") if parameters else "1"
        try:
            yield name.strip().lower(), float(quality)
        except ValueError:
            yield name.strip().lower(), 0.0  # what cannot be read is not taken for a yes


def _compress(encoding: str, parts: Parts, size: int) -> bytes:
    if encoding == "zstd":
        squeezing = zstandard.ZstdCompressor(level=LEVEL).compressobj(size=size)
        return b"".join([*map(squeezing.compress, parts), squeezing.flush()])
    deflating = zlib.compressobj(LEVEL, wbits=31)
    return b"".join([*map(deflating.compress, parts), deflating.flush()])
