"""docs/clients.md -> its snippets, ready to run: a folder in which the page's names mean what they say."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.contract import Place, environment
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs" / "clients.md"
ADDRESS = "localhost:8443"


def snippet(section: str, language: str) -> str:
    """Return the one snippet of a language in a section."""
    text = PAGE.read_text(encoding="utf-8")
    part = re.search(rf"(?ms)^## {re.escape(section)}$(.*?)(?=^## |\Z)", text)
    assert part, f"{PAGE} has no section {section}"
    (found,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", part[1])
    return str(found)


def at(place: Place, text: str) -> str:
    """Put the TCP port of a stack that runs in place of the page's."""
    return text.replace(ADDRESS, f"{place.host}:{place.port}").replace("8443", str(place.port))


def folder(place: Place, work: Path) -> dict[str, str]:
    """Make `.portgate/tls/ca.pem` in a folder; return the environment with the partner's token."""
    authority = work / ".portgate" / "tls" / "ca.pem"
    authority.parent.mkdir(parents=True)
    authority.symlink_to(place.ca_file)
    return environment(PORTGATE_TOKEN=place.token)
