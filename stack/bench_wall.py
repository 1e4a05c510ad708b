"""A running stack -> what the second wall costs: each question, and all questions of one query over five ports.

The first figures are taken at the running gateway, from outside. For the others this program takes the gateway's place
for a moment, so that it sees each question of Trino's come in; afterwards `portgate up` brings the gateway back.
"""

from __future__ import annotations

import asyncio
import http.client
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from gateway.adapters.issuer import issue_token
from gateway.conversation import QueryRequest
from gateway.edge.serve import serving_wall
from gateway.edge.wall import wall_app
from gateway.settings import Settings, WallSettings, read_settings
from gateway.wiring import Gateway
from stack import front, lifecycle
from stack.faults import StackFault
from stack.layout import Home, find_home
from stack.settings import remembered
from stack.trino_access import LOADER

QUESTIONS, WARM_UP = 2_000, 200
QUERIES = 10
ASKER, PURPOSE = "gobiz-analyst", "freight_resilience"
UNION = "SELECT port_unlocode, count(*) FROM vessel_calls GROUP BY port_unlocode"


@dataclass(slots=True)
class Watched:
    """The wall, with the time of each question."""

    gateway: Gateway
    came: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    async def allows(self, body: bytes) -> bool:
        """Answer, and note how long it took."""
        began = time.perf_counter()
        answer = await self.gateway.wall.allows(body)
        self.came.append(began)
        self.took.append(time.perf_counter() - began)
        return answer


def main() -> int:
    """Measure, and print."""
    home = find_home(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    stack = remembered(home)
    if stack is None or not front.is_ready(stack.tcp.plain):
        raise StackFault(f"no stack is ready in {home.root}", mend="run `portgate up` first")
    settings = read_settings(home.gateway_settings)
    print(f"one question, seen by an HTTP client: {_figures(_ask_from_outside(settings.wall))}")
    lifecycle.stop_parts(home, (front.PART,))
    try:
        asyncio.run(_ask_over_all_ports(home, settings))
    finally:
        lifecycle.up(home, stack, print)
    return 0


def _ask_from_outside(wall: WallSettings) -> list[float]:
    """Ask one question again and again over one connection, as Trino does."""
    columns = [f"column_{number}" for number in range(12)]
    table = {"catalogName": "long_beach", "schemaName": "polbops", "tableName": "vesselcall", "columns": columns}
    action = {"operation": "SelectFromColumns", "resource": {"table": table}}
    context = {"identity": {"user": LOADER, "groups": []}, "softwareStack": {"trinoVersion": "476"}}
    body = orjson.dumps({"input": {"context": context, "action": action}})
    path = f"/{wall.secret_file.read_text().strip()}/allow"
    connection = http.client.HTTPConnection(wall.host, wall.tcp_port, timeout=5)
    took = []
    for _ in range(QUESTIONS):
        began = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        if connection.getresponse().read() != b'{"result":true}':
            raise StackFault("the wall refused the question of this measurement")
        took.append(time.perf_counter() - began)
    connection.close()
    return took[WARM_UP:]


async def _ask_over_all_ports(home: Home, settings: Settings) -> None:
    """Ask one query over five ports again and again, and look at Trino's questions."""
    async with _gateway(settings) as watched:
        gate = watched.gateway.gate
        partner = gate.identify(issue_token(home.identity, ASKER))
        whole, spans, counts = [], [], []
        for _ in range(QUERIES):
            watched.came.clear()
            began = time.perf_counter()
            answer = await gate.answer(partner, QueryRequest(UNION, PURPOSE))
            async for _page in answer.pages():
                pass
            whole.append(time.perf_counter() - began)
            spans.append(watched.came[-1] - watched.came[0])
            counts.append(len(watched.came))
        print(f"one question, inside the gateway:      {_figures(watched.took)}")
        print(f"one query over five ports:             {_figures(whole)}, {statistics.median(counts):.0f} questions")
        print(f"  from its first question to its last: {_figures(spans)} (Trino's own analysis is in it)")


@asynccontextmanager
async def _gateway(settings: Settings) -> AsyncIterator[Watched]:
    gateway = Gateway(settings)
    await gateway.start()
    watched = Watched(gateway)
    app = wall_app(watched.allows, settings.wall.secret_file.read_text().strip())
    try:
        async with serving_wall(app, settings.wall):
            yield watched
    finally:
        await gateway.close()


def _figures(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"median {statistics.median(ordered) * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms (n={len(ordered)})"


if __name__ == "__main__":
    sys.exit(main())
