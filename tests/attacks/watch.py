"""What this process asks the network for: each connection and each name looked up, whoever in it does so."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
_watching: list[list[tuple[str, object]]] = []


def _note(event: str, given: tuple[object, ...]) -> None:
    if _watching and event in _EVENTS:
        target = given[0] if event.startswith("socket.get") else given[-1]
        for seen in _watching:
            seen.append((event, target[:2] if isinstance(target, tuple) else target))


sys.addaudithook(_note)


@contextlib.contextmanager
def watched() -> Iterator[list[tuple[str, object]]]:
    """Collect what is asked for within the block."""
    seen: list[tuple[str, object]] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)
