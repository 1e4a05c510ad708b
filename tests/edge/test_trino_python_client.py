"""Trino's own Python client, unmodified, over a socket: what it makes of our pages, changes, errors and refusals."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import trino
import uvicorn
from trino.auth import JWTAuthentication

from gateway.conversation import Change, Told
from gateway.errors import NotAllowed, PortUnavailable
from tests.edge.trino_stand_in import END, Script, SpokenGate, application, page, protocol_of

SCRIPTS: dict[str, Any] = {
    "SELECT 1": lambda: Script([page(1), END]),
    "many": lambda: Script([*(page(*range(1000)) for _ in range(20)), END]),
    "wide": lambda: Script([*(page(*range(20_000)) for _ in range(3)), END]),
    "nothing": lambda: Script([END]),
    "never": lambda: Script([page(1), None]),
    "late": lambda: Script([page(*range(20_000)), PortUnavailable(("oakland",), hint="try again")]),
    "DROP": lambda: NotAllowed("DROP is not allowed", hint="ask", line=1, column=1),
    "USE": lambda: Told("USE", change=Change(set_catalog="oakland", set_schema="gate")),
    "SET": lambda: Told("SET SESSION", change=Change(set_session={"portgate.purpose": "a, b=c"})),
    "SHOW": lambda: Told(columns=(("Name", "varchar"), ("n", "decimal(3,1)")), rows=(("a", "1.5"), (None, None))),
    "PREPARE": lambda: Told("PREPARE", change=Change(added_prepare={"p": "SELECT ?, 'a,b'" + " " * 3000})),
    "DEALLOCATE": lambda: Told("DEALLOCATE", change=Change(deallocated_prepare=("p",))),
    "START": lambda: Told("START TRANSACTION", change=Change(started_transaction="t-1")),
}


class Server(uvicorn.Server):
    """Serves from a thread."""

    def install_signal_handlers(self) -> None:
        """None."""


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[SpokenGate, int]]:
    """A gate behind a socket."""
    gate = SpokenGate(scripts=SCRIPTS)
    listening = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        protocol = protocol_of(gate)
        server = Server(uvicorn.Config(application(protocol), http="h11", lifespan="off", log_level="error"))
        ready.append(server)
        await server.serve([listening])
        await protocol.close()

    ready: list[Server] = []
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    yield gate, listening.getsockname()[1]
    ready[0].should_exit = True
    thread.join(10)


def connect(served: tuple[SpokenGate, int], **more: Any) -> Any:
    """A connection of the client."""
    return trino.dbapi.connect(  # type: ignore[no-untyped-call]
        host="127.0.0.1",
        port=served[1],
        http_scheme="http",
        user="gobiz-analyst",
        auth=JWTAuthentication(more.pop("token", "analyst")),
        allow_insecure_auth=True,
        timezone="America/Los_Angeles",
        **more,
    )


def test_it_gets_rows_of_any_number(served: tuple[SpokenGate, int]) -> None:
    cursor = connect(served).cursor()

    assert cursor.execute("SELECT 1").fetchall() == [[1]]
    assert cursor.execute("nothing").fetchall() == []
    assert [row[0] for row in cursor.execute("many").fetchall()] == list(range(1000)) * 20
    assert len(cursor.execute("wide").fetchall()) == 60_000
    assert [column.name for column in cursor.description] == ["n"]


def test_it_shows_the_notices(served: tuple[SpokenGate, int]) -> None:
    cursor = connect(served).cursor()
    cursor.execute("SELECT 1").fetchall()

    names = [warning["warningCode"]["name"] for warning in cursor.warnings]

    assert names == ["PORTGATE_COLUMN_MASKED", "PORTGATE_PORT_NOT_SHARING"]


def test_it_converts_rows_of_our_own(served: tuple[SpokenGate, int]) -> None:
    assert connect(served).cursor().execute("SHOW").fetchall() == [["a", Decimal("1.5")], [None, None]]


def test_it_keeps_what_a_statement_changes(served: tuple[SpokenGate, int]) -> None:
    gate, _ = served
    connection = connect(served)
    cursor = connection.cursor()
    for sql in ("USE", "SET", "PREPARE", "SELECT 1"):
        cursor.execute(sql).fetchall()

    session = gate.asked[-1][1].session

    assert (session.catalog, session.schema) == ("oakland", "gate")
    assert session.properties == {"portgate.purpose": "a, b=c"}
    assert session.prepared == {"p": "SELECT ?, 'a,b'" + " " * 3000}
    assert session.time_zone == "America/Los_Angeles"
    assert "PARAMETRIC_DATETIME" in session.capabilities
    cursor.execute("DEALLOCATE").fetchall()
    cursor.execute("SELECT 1").fetchall()
    assert gate.asked[-1][1].session.prepared == {}


def test_it_raises_errors_of_the_right_kind(served: tuple[SpokenGate, int]) -> None:
    cursor = connect(served).cursor()

    with pytest.raises(trino.exceptions.TrinoUserError) as refused:
        cursor.execute("DROP")
    with pytest.raises(trino.exceptions.TrinoExternalError) as late:
        cursor.execute("late").fetchall()
    with pytest.raises(trino.exceptions.HttpError, match="401"):
        connect(served, token="nobody").cursor().execute("SELECT 1")  # noqa: S106 - that is the point

    assert refused.value.error_name == "NOT_SUPPORTED"
    assert refused.value.message == "DROP is not allowed (ask)"
    assert late.value.error_name == "PORT_UNAVAILABLE"


def test_it_cancels(served: tuple[SpokenGate, int]) -> None:
    gate, _ = served
    cursor = connect(served).cursor()
    cursor.execute("never")
    query = cursor.query_id

    cursor.cancel()

    assert gate.running[query].cancelled == 1
