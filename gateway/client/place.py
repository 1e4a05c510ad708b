"""What a person writes for a gateway's address -> scheme, host and TCP port."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_TCP_PORT = 8443
_STANDARD = {"https": 443, "http": 80}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway answers."""

    scheme: str
    host: str
    tcp_port: int

    @property
    def url(self) -> str:
        """The address without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.tcp_port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return self.host in _LOOPBACK


def read_place(text: str) -> Place:
    """Read an address: a URL, or a host with or without a TCP port; HTTP in the clear on this machine only.

    >>> read_place("portgate.example").url, read_place("https://portgate.example/").url
    ('https://portgate.example:8443', 'https://portgate.example:443')
    """
    bare = "://" not in text
    parts = urlsplit(f"https://{text}" if bare else text)
    if parts.scheme not in _STANDARD or not parts.hostname or parts.path not in ("", "/") or parts.username:
        raise ValueError(f"{text!r} is no address of a gateway; give https://HOST:PORT")
    port = parts.port or (DEFAULT_TCP_PORT if bare else _STANDARD[parts.scheme])
    place = Place(parts.scheme, parts.hostname, port)
    if place.scheme == "http" and not place.is_loopback:
        raise ValueError("a token is not sent in the clear to another machine; give https://HOST:PORT")
    return place
