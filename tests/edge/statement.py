"""Trino's protocol before a gate that is asked one thing: each statement answers with the name of who asked."""

from __future__ import annotations

from gateway.conversation import Position, QueryRequest, Told
from gateway.edge.credentials import Challenge, identify, plain_challenge
from gateway.edge.front import Answered, Front
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import Broken
from gateway.model import Partner


class Namer:
    """Speaks one sentence."""

    async def speak(self, partner: Partner, request: QueryRequest) -> Told:
        """Say who asks."""
        return Told(columns=(("who", "varchar"),), rows=((partner.id,),))

    def resume(self, partner: Partner, position: Position) -> Answered:
        """Begin no query that could be read on."""
        raise Broken("no query is ever begun here, so none can be read on")


def naming(gate: Front, challenge: Challenge = plain_challenge) -> TrinoProtocol:
    """Return the protocol; who asks is what the gate says."""
    namer = Namer()
    return TrinoProtocol(namer, namer, lambda scope: identify(scope, gate), Seal(b"s" * 32), challenge=challenge)
