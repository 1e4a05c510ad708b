"""The kernel's guard is taken away on purpose, after every check of the kernel, and the second wall holds."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace

import psutil
import pytest
from sqlglot import exp

from gateway import answer as answers
from gateway.adapters.audit_places import file_of
from gateway.adapters.audit_reading import read_log
from gateway.asking import Decided
from gateway.conversation import QueryRequest
from gateway.desk import Planned
from gateway.edge.problems import problem_of
from gateway.edge.serve import serving_wall
from gateway.edge.wall import wall_app
from gateway.errors import VerificationFailed
from gateway.kernel.dialect import emit, read_text
from gateway.log_search import Entry
from gateway.model import Asked, Partner
from gateway.parts import Kernel
from gateway.pipeline import Gate
from gateway.settings import Settings, read_settings
from gateway.wiring import Gateway
from stack import processes
from stack.layout import Home
from tests.conftest import Stack

pytestmark = pytest.mark.real

Sabotage = Callable[[exp.Expr], object]
PURPOSE = "freight_resilience"


@dataclass(frozen=True, slots=True)
class Broken(Decided):
    """A decided query whose text is changed after it was verified."""

    sabotage: Sabotage = field(kw_only=True)

    async def plan(self, kernel: Kernel, missing: frozenset[str] = frozenset()) -> Planned:
        """Plan as ever, then break the text."""
        planned = await Decided.plan(self, kernel, missing)
        tree = read_text(planned.plan.sql)
        self.sabotage(tree)
        return replace(planned, plan=replace(planned.plan, sql=emit(tree)))


@dataclass(frozen=True)
class BrokenGate(Gate):
    """A gate whose kernel has been turned off behind its last check."""

    sabotage: Sabotage = field(kw_only=True)

    async def decide(self, partner: Partner, request: QueryRequest, asked: Asked) -> Decided:
        """Decide as ever."""
        decided = await Gate.decide(self, partner, request, asked)
        kept = {each.name: getattr(decided, each.name) for each in fields(decided)}
        return Broken(**kept, sabotage=self.sabotage)


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[tuple[Stack, Settings, str]]:
    """The stack without its gateway, whose place the test takes; and a token of an analyst."""
    home = Home(stack.home)
    token = stack.token("gobiz-analyst")
    gateway = processes.find(home, "gateway")
    assert gateway
    process = psutil.Process(gateway.pid)
    os.kill(gateway.pid, signal.SIGTERM)
    process.wait(30)
    try:
        yield stack, read_settings(home.gateway_settings), token
    finally:
        stack.portgate("up")


@asynccontextmanager
async def a_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway in this process, with its wall where Trino asks."""
    gateway = Gateway(settings)
    await gateway.start()
    app = wall_app(gateway.wall.allows, settings.wall.secret_file.read_text().strip(), gateway.executions)
    try:
        async with serving_wall(app, settings.wall):
            yield gateway
    finally:
        await gateway.close()


def rows_of(place: tuple[Stack, Settings, str], sql: str, sabotage: Sabotage) -> list[list[object]]:
    """Ask through a gateway whose kernel is sabotaged."""
    _, settings, token = place

    async def story() -> list[list[object]]:
        async with a_gateway(settings) as gateway:
            kept = {each.name: getattr(gateway.gate, each.name) for each in fields(Gate)}
            gate = BrokenGate(**kept, sabotage=sabotage)
            answer = await gate.answer(gate.identify(token), QueryRequest(sql, PURPOSE))
            return [row async for page in answer.pages() for row in answers.rows_of(page)]

    return asyncio.run(story())


def newest(place: tuple[Stack, Settings, str], kind: str) -> Entry:
    """The newest record of a kind."""
    return read_log(file_of(place[1].audit), 1, kind=kind)[0]


# --- what may happen to a guard -------------------------------------------------------------------------------------


def nothing(tree: exp.Expr) -> None:
    """Leave the text as it is."""


def read_of_ports(tree: exp.Expr) -> Iterator[exp.Select]:
    """Each SELECT that reads a port's table itself."""
    for select in tree.find_all(exp.Select):
        clause = select.args.get("from_")
        if clause and isinstance(clause.this, exp.Table) and clause.this.catalog:
            yield select


def star(tree: exp.Expr) -> None:
    """Lose the list of columns of each guard."""
    for select in read_of_ports(tree):
        select.set("expressions", [exp.Star()])


def one_more(column: str) -> Sabotage:
    """Read one column more than was granted, and show it to nobody."""

    def sabotage(tree: exp.Expr) -> None:
        for select in read_of_ports(tree):
            source = select.args["from_"].this.alias_or_name
            select.append("expressions", exp.alias_(exp.column(column, source, quoted=True), "stolen", quoted=True))

    return sabotage


def where_exists(table: str) -> Sabotage:
    """Ask about a table that the query has nothing to do with."""

    def sabotage(tree: exp.Expr) -> None:
        select = tree.find(exp.Select)
        assert select
        select.where(f"EXISTS (SELECT 1 FROM {table})", copy=False, dialect="trino")

    return sabotage


OWN = "SELECT count(year_month) FROM long_beach.polbops.teu_monthly"
CANONICAL = "SELECT count(call_id) FROM vessel_calls WHERE port_unlocode = 'USLGB'"


@pytest.mark.parametrize("sql", [OWN, CANONICAL])
def test_without_sabotage_this_gateway_answers_as_the_stacks_own_does(
    place: tuple[Stack, Settings, str], sql: str
) -> None:
    assert rows_of(place, sql, nothing)[0][0]


@pytest.mark.parametrize(
    ("sql", "sabotage", "target", "column"),
    [
        (OWN, star, "long_beach.polbops.teu_monthly", "total_teu"),
        (CANONICAL, one_more("servicename"), "long_beach.polbops.vesselcall", "servicename"),
        (OWN, where_exists("long_beach.polbops.truckvisit"), "long_beach.polbops.truckvisit", ""),
        (CANONICAL, where_exists('los_angeles.pola."vessel_visit$files"'), "los_angeles", ""),
        (CANONICAL, where_exists("long_beach.information_schema.tables"), "long_beach.information_schema.tables", ""),
    ],
    ids=["star", "one more column", "another table", "a hidden table of another port", "the names of tables"],
)
def test_a_lost_guard_is_caught_by_the_wall_and_is_an_alarm(
    place: tuple[Stack, Settings, str], sql: str, sabotage: Sabotage, target: str, column: str
) -> None:
    with pytest.raises(VerificationFailed) as fault:
        rows_of(place, sql, sabotage)

    told = problem_of(fault.value)
    assert (told["status"], told["code"]) == (500, "verification_failed")
    assert not [word for word in (target, column) if word and word in str(told)]
    outcome, alarm = newest(place, "outcome").record, newest(place, "alarm").record
    assert (outcome["state"], outcome["code"], outcome["rows"]) == ("failed", "verification_failed", 0)
    assert (alarm["query"], alarm["decision_index"]) == (fault.value.query_id, outcome["decision_index"])
    assert alarm["target"] == target
    assert column in (alarm["columns"] or [""])
