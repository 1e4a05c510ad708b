"""Serve a stand-in gate from a process of its own; it says on standard output what was cancelled.

Arguments: TLS port, plain port, certificate, key, and the issuer's folder if tokens are to be real ones. The query's
text chooses the answer.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.adapters.issuer import ISSUER
from gateway.adapters.tokens import TokenReader
from gateway.conversation import QueryRequest
from gateway.edge.api import make_app
from gateway.edge.serve import serve
from gateway.errors import Failed, NotAllowed, PortUnavailable
from gateway.explain import ExplainedLimit, ExplainedTable, Explanation
from gateway.model import Partner
from gateway.settings import IssuerSettings, ListenSettings
from tests.edge.stand_in import NOTICES, StandInAnswer, StandInGate


class Telling(StandInAnswer):
    """An answer that prints when it is cancelled."""

    async def cancel(self) -> None:
        """Cancel, and say so once."""
        before = self.cancelled
        await super().cancel()
        if self.cancelled > before:
            await asyncio.sleep(0.1)  # as long as it may take to write it down
            print("cancelled", flush=True)


class Choosing(StandInGate):
    """A gate whose answers depend on the query's text."""

    reader: TokenReader | None = None

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Read a real token if there is an issuer."""
        return self.reader.identify(token) if self.reader else super().identify(token)

    async def answer(self, partner: Partner, request: QueryRequest) -> StandInAnswer:
        """Choose the answer."""
        if request.sql == "never starts":
            print("started", flush=True)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                print("cancelled", flush=True)
                raise
        if request.sql.startswith("DROP"):
            raise NotAllowed("DROP is not allowed", hint="Ask one SELECT.", line=1, column=1)
        if request.sql == "port is dead":
            raise PortUnavailable(("oakland",))
        row: list[object] = ["x" * 1000, 1]
        answers = {
            "fails late": lambda: Telling([[row], [row]], Failed("division by zero")),
            "never ends": lambda: Telling([[row], None]),
            "shows all": lambda: Telling([[["a\x1b[2J", 12345], [None, -7]]]),
            "has a formula": lambda: Telling([[["=1+1", -5]]]),
            "is endless": lambda: Telling([[row] * 100] * 1_000_000),
        }
        return answers.get(request.sql, lambda: Telling([[["Los Angeles", 7]]]))()


EXPLANATION = Explanation(
    decision_id="d-1",
    purpose="freight_resilience",
    decided_at="2026-11-22T16:45:06Z",
    tables=(
        ExplainedTable(
            port="oakland",
            table="freight.container_events",
            columns=("container_no", "event_time"),
            masked={"container_no": "keyed_hash"},
            withheld={"consignee_name": "Names of customers never leave the port."},
            partly={},
            agreements=("oak-public-2026",),
            reasons=("Container numbers are personal to our customers.",),
            rows=("carrier_smdg is MSC",),
        ),
    ),
    notices=NOTICES,
    ports_asked=("oakland",),
    revisions={"oakland": "ab"},
    limits=(ExplainedLimit("oakland", "oak-public-2026", 10_000, 200, None, 3, 5_120),),
)


def main() -> None:
    """Serve until a signal."""
    tls_port, plain_port, certificate, key, *issuer = sys.argv[1:]
    listen = ListenSettings(
        tls_port=int(tls_port), plain_port=int(plain_port), certificate_file=Path(certificate), key_file=Path(key)
    )
    gate = Choosing(explanation=EXPLANATION)
    for directory in issuer:
        gate.reader = TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=Path(directory) / "jwks.json")])
    asyncio.run(serve(make_app(gate, gate.ready), listen))
    print("stopped", flush=True)


if __name__ == "__main__":
    main()
