"""The gateway of a stack with one more thing to read, Trino's own sample table lineitem, for measurements alone.

Everything on the way of a page is the gateway's own: protocol, engine, wall. A statement about lineitem passes by the
agreements, since none speaks of samples; it runs as the user who loads the stack's data, one at a time, and is written
to no log. No other statement is answered.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import uvloop

from gateway.adapters.clock import now
from gateway.answer import Answer
from gateway.audit.record import Receipt, Record
from gateway.conversation import Position, QueryRequest
from gateway.edge.api import make_app
from gateway.edge.bundles import bundles_app
from gateway.edge.credentials import identify
from gateway.edge.sealed import Seal
from gateway.edge.serve import serve
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.edge.wall import wall_app
from gateway.errors import NotAllowed
from gateway.model import Admission, Partner, TableName
from gateway.moments import utc
from gateway.settings import Settings, read_settings
from gateway.usage import Meter
from gateway.wiring import Gateway
from stack.trino_access import LOADER

COLUMNS = [
    f"l_{word}"
    for word in (
        "orderkey partkey suppkey linenumber quantity extendedprice discount tax returnflag linestatus shipdate "
        "commitdate receiptdate shipinstruct shipmode comment"
    ).split()
]
SAMPLES = ("sf1", "sf100")
QUERY_SECONDS = 3600.0


class NoLog:
    """Keeps nothing: what is read here is nobody's data."""

    async def append(self, record: Record) -> Receipt:
        """Keep nothing."""
        return Receipt(0, "")

    async def probe(self) -> None:
        """Always well."""


@dataclass(frozen=True)
class Begun:
    """A query of a sample, sent."""

    answer: Answer

    async def first(self) -> Answer:
        """Wait for its first rows."""
        await self.answer.first()
        return self.answer

    async def cancel(self) -> None:
        """Stop it."""
        await self.answer.cancel()


@dataclass(frozen=True)
class SampleSpeaker:
    """Begins statements about lineitem, and no others."""

    gateway: Gateway

    async def speak(self, partner: Partner, request: QueryRequest) -> Begun:
        """Begin a statement."""
        if "tpch." not in request.sql:
            raise NotAllowed("this gateway is for measurements", hint="Ask for tpch.sf1.lineitem.")
        position = Position(str(uuid.uuid4()), partner.organisation, partner.id, LOADER, 0, utc(now()), 1, "")
        meter = Meter(self.gateway.gate.usage, partner.organisation, "", ())
        answer = Answer(position, (), NoLog(), now, meter)
        reach = {TableName("tpch", sample, "lineitem"): frozenset(COLUMNS) for sample in SAMPLES}
        sending = self.gateway.gate.engine.start(request.sql, Admission(LOADER, reach, position.query), request.session)
        await answer.start(sending)
        return Begun(answer)


async def _serve(settings: Settings) -> None:
    longer = settings.trino.model_copy(update={"query_timeout_seconds": QUERY_SECONDS})
    gateway = Gateway(settings.model_copy(update={"trino": longer}))
    await gateway.start()
    try:
        wall_secret = settings.wall.secret_file.read_text(encoding="ascii").strip()
        wall = wall_app(gateway.wall.allows, wall_secret, gateway.executions)
        secret = settings.policy.secret_file.read_text(encoding="ascii").strip()
        inside = bundles_app(gateway.bundles.served_after, secret, wall)
        gate, speaker = gateway.gate, SampleSpeaker(gateway)
        protocol = TrinoProtocol(gate, speaker, lambda scope: identify(scope, gate), Seal(os.urandom(32)))
        app = make_app(gate, gateway.ready, gateway.bundles, trino_clients=protocol)
        await serve(app, settings.listen, (inside, settings.wall), protocol.close)
    finally:
        await gateway.close()


def main() -> None:
    """Serve until a signal; the argument is the gateway's settings file."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(read_settings(Path(sys.argv[1]))))
