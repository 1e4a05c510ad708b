"""Serve an application with a log from a process of its own, and write what a test needs into it.

Arguments: TLS port, plain port, and the folder of a home with its certificate and its issuer. A decision of
`gobiz-analyst` about two ports stands in the log with its outcome; each line on standard input is one more query.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.adapters.issuer import ISSUER
from gateway.adapters.tokens import TokenReader
from gateway.edge.serve import serve
from gateway.model import Partner
from gateway.settings import IssuerSettings, ListenSettings
from tests.edge.log_world import LogWorld, alarm, decision, outcome
from tests.edge.stand_in import StandInGate

SQL = "SELECT port_unlocode,\n       count(*) AS calls\nFROM vessel_calls\nWHERE vessel_name = 'EVER GIVEN'\nGROUP BY 1"


class Trusting(StandInGate):
    """Reads real tokens."""

    reader: TokenReader

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Read the token."""
        return self.reader.identify(token)


async def run(world: LogWorld, listen: ListenSettings) -> None:
    """Serve until a signal, and write a query for each line that comes."""
    (at,) = [(await world.store.append(decision("q-first-1", "partner", "long_beach", "oakland", sql=SQL))).index]
    await world.store.append(alarm("q-first-1", at, "long_beach"))
    await world.store.append(outcome("q-first-1", at, "long_beach", "oakland"))
    reading = asyncio.create_task(_write_lines(world))
    await serve(world.app, listen)
    reading.cancel()


async def _write_lines(world: LogWorld) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        query, role, port = line.decode().split()
        await world.store.append(decision(query, role, port))


def main() -> None:
    """Serve."""
    tls_port, plain_port, place = sys.argv[1:]
    home = Path(place)
    gate = Trusting()
    gate.reader = TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=home / "identity" / "jwks.json")])
    world = LogWorld(home / "audit", gate)
    world.index.start()
    listen = ListenSettings(
        tls_port=int(tls_port), plain_port=int(plain_port),
        certificate_file=home / "tls" / "ca.pem", key_file=home / "tls" / "gateway.key",
    )  # fmt: skip
    asyncio.run(run(world, listen))
    world.close()


if __name__ == "__main__":
    main()
