"""Serve a stand-in gate whose answers are for the Python client; arguments as of `tests.edge.serving`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.adapters.issuer import ISSUER
from gateway.adapters.tokens import TokenReader
from gateway.conversation import QueryRequest
from gateway.edge.api import make_app
from gateway.edge.results import Links
from gateway.edge.serve import serve
from gateway.errors import Broken, Denied, Failed, NotParsed, PortUnavailable
from gateway.model import Partner
from gateway.settings import IssuerSettings, ListenSettings
from tests.edge.stand_in import StandInAnswer, StandInGate

TYPES = (
    ("n", "bigint"),
    ("d", "decimal(38,2)"),
    ("t", "timestamp(3) with time zone"),
    ("ns", "timestamp(9)"),
    ("a", "array(double)"),
    ("r", 'row("x" bigint,"y" varchar)'),
)
ROW = [
    2**60 + 1,
    "99999999999999999999999999999999999.25",
    "2026-07-01 12:00:00.500 America/Los_Angeles",
    "2026-07-01 12:00:00.123456789",
    [1.5, "NaN"],
    [7, "é"],
]
"""A value of each of the types, as Trino writes it."""
REFUSALS = {
    "denied": Denied("no agreement lets you use consignee_name", hint="ask the port"),
    "not parsed": NotParsed("this is no SQL", line=1, column=5),
    "port is dead": PortUnavailable(("oakland",)),
    "broken": Broken("a secret of ours"),
}


class Choosing(StandInGate):
    """A gate whose answers depend on the query's text."""

    reader: TokenReader

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Read a real token."""
        return self.reader.identify(token)

    async def answer(self, partner: Partner, request: QueryRequest) -> StandInAnswer:
        """Choose the answer."""
        if request.sql in REFUSALS:
            raise REFUSALS[request.sql]
        rows: list[list[object]] = [["Los Angeles", 7]]
        if request.sql == "types":
            return StandInAnswer([[ROW, [None] * len(ROW)]], columns=TYPES)
        if request.sql == "fails late":
            return StandInAnswer([rows, rows], Failed("division by zero", hint="divide by something"))
        if request.sql == "many":
            return StandInAnswer([rows * 1_000] * 50)
        if request.sql == "none":
            return StandInAnswer([], notices=())
        return StandInAnswer([[[request.purpose, int(request.partial)]]], notices=())


def main() -> None:
    """Serve until a signal."""
    tls_port, plain_port, certificate, key, issuer = sys.argv[1:]
    listen = ListenSettings(
        tls_port=int(tls_port), plain_port=int(plain_port), certificate_file=Path(certificate), key_file=Path(key)
    )
    gate = Choosing()
    gate.reader = TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=Path(issuer) / "jwks.json")])
    asyncio.run(serve(make_app(gate, gate.ready, links=Links(b"s" * 32)), listen))


if __name__ == "__main__":
    main()
