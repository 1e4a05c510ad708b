"""Serve a stand-in gate from a process of its own; it says on standard output what was cancelled.

Arguments: TLS port, plain port, certificate, key. The query's text chooses the answer.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.edge.api import make_app
from gateway.edge.serve import serve
from gateway.errors import Failed
from gateway.model import Partner, QueryRequest
from gateway.settings import ListenSettings
from tests.edge.stand_in import StandInAnswer, StandInGate


class Telling(StandInAnswer):
    """An answer that prints when it is cancelled."""

    async def cancel(self) -> None:
        """Cancel, and say so once."""
        before = self.cancelled
        await super().cancel()
        if self.cancelled > before:
            print("cancelled", flush=True)


class Choosing(StandInGate):
    """A gate whose answers depend on the query's text."""

    async def answer(self, partner: Partner, request: QueryRequest) -> StandInAnswer:
        """Choose the answer."""
        if request.sql == "never starts":
            print("started", flush=True)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                print("cancelled", flush=True)
                raise
        row: list[object] = ["x" * 1000, 1]
        answers = {
            "fails late": lambda: Telling([[row], [row]], Failed("division by zero")),
            "never ends": lambda: Telling([[row], None]),
            "is endless": lambda: Telling([[row] * 100] * 1_000_000),
        }
        return answers.get(request.sql, lambda: Telling([[["Los Angeles", 7]]]))()


def main() -> None:
    """Serve until a signal."""
    tls_port, plain_port, certificate, key = sys.argv[1:]
    listen = ListenSettings(
        tls_port=int(tls_port), plain_port=int(plain_port), certificate_file=Path(certificate), key_file=Path(key)
    )
    gate = Choosing()
    asyncio.run(serve(make_app(gate, gate.ready), listen))
    print("stopped", flush=True)


if __name__ == "__main__":
    main()
