"""Statements of every kind -> answers of the gateway's own, or the query that they mean.

A session is the client's: it comes with each statement and goes back as a `Change`, so any gateway answers the next
one. What is no query changes nothing but that session, and asks no port.
*Invariants*
- A plain query costs no step here: its first word decides.
- What EXECUTE binds, and the query that SHOW means, go the way of every query: read, decided and guarded anew.
- What is refused is written down, whoever refuses it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from gateway.asking import Asking, shown
from gateway.conversation import Change, QueryRequest, Told
from gateway.errors import (
    GatewayError,
    NoSuchStatement,
    NotAllowed,
    NoTransaction,
    Unresolved,
)
from gateway.explaining import as_json, as_text, tables_read_as_json
from gateway.kernel.lexer import first_word
from gateway.kernel.lexer import place_of as place_of_offset
from gateway.model import Partner
from gateway.pipeline import Gate, place_of
from gateway.purpose import check_purpose
from gateway.recording import refusal_record
from gateway.session import properties
from gateway.session.binding import Bound, place_in_prepared
from gateway.session.commands import (
    COMMAND_STARTS,
    Command,
    Commit,
    Deallocate,
    DescribeInput,
    DescribeOutput,
    Execute,
    ExecuteImmediate,
    Explain,
    KillQuery,
    Prepare,
    ResetSession,
    Rollback,
    SetSession,
    SetTimeZone,
    Show,
    ShowSession,
    StartTransaction,
    Use,
)
from gateway.session.prepared import blanked
from gateway.session.settled import settled
from gateway.session.shows import shown as query_of_show
from gateway.session.sizes import size_of
from gateway.session.zones import zone_of

Spoken = Told | Asking
_Arm = Callable[["Dialogue", Partner, QueryRequest, Any], Awaitable[Spoken]]

_OUTPUT = (
    ("Column Name", "varchar"), ("Catalog", "varchar"), ("Schema", "varchar"), ("Table", "varchar"),
    ("Type", "varchar"), ("Type Size", "integer"), ("Aliased", "boolean"),
)  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+), (\d+)\)")
"""DESCRIBE OUTPUT leaves out a blank that the columns of an answer have."""
_INPUT = (("Position", "integer"), ("Type", "varchar"))


class Dialogue:
    """The gate for clients with sessions."""

    def __init__(self, gate: Gate, query_seconds: float = 0.0) -> None:
        self._gate = gate
        self._limit = f"{query_seconds:.2f}s" if query_seconds else ""

    async def speak(self, partner: Partner, request: QueryRequest) -> Spoken:
        """Answer a statement at once, or begin the query that it means."""
        try:
            request = settled(partner, request)
            return await self._speak(partner, request)
        except Exception as fault:  # whatever it was, it is written down, and nothing of it is shown
            raise await self._refused(partner, request, fault) from fault.__cause__

    async def _refused(self, partner: Partner, request: QueryRequest, fault: Exception) -> GatewayError:
        error = shown(fault)
        if not error.query_id:  # else the query that was meant is written down
            error.query_id = str(uuid.uuid4())
            gate = self._gate
            await gate.audit.append(
                refusal_record(error.query_id, gate.clock(), partner, request, error, gate.build, None)
            )
        return error

    async def _speak(self, partner: Partner, request: QueryRequest) -> Spoken:
        if first_word(request.sql)[0] not in COMMAND_STARTS:
            _check_transaction(request)
            return await self._gate.begin(partner, request)
        command = await self._gate.kernel.command(partner.organisation, request.sql)
        return await _ARMS[type(command)](self, partner, request, command)

    # --- the session itself -----------------------------------------------------------------------------------------

    async def _use(self, partner: Partner, request: QueryRequest, command: Use) -> Told:
        catalog = command.catalog or request.session.catalog
        if not catalog:
            hint = "write USE catalog.schema"
            raise Unresolved("there is no catalog in the session", hint=hint).named("MISSING_CATALOG_NAME")
        seen = await self._gate.seen(partner, request.purpose)
        if catalog not in seen.catalogs:
            told = f"there is no catalog {catalog}"
            raise Unresolved(told, hint=_WHAT_THERE_IS).named("CATALOG_NOT_FOUND")
        if (catalog, command.schema) not in seen.schemas:
            told = f"there is no schema {catalog}.{command.schema}"
            raise Unresolved(told, hint=_WHAT_THERE_IS).named("SCHEMA_NOT_FOUND")
        return Told("USE", change=Change(set_catalog=command.catalog, set_schema=command.schema))

    async def _set(self, partner: Partner, request: QueryRequest, command: SetSession) -> Told:
        value = properties.value_of(command.name, command.value)
        if command.name == properties.PURPOSE and value:
            check_purpose(partner, value)
        return Told("SET SESSION", change=Change(set_session={command.name: value}))

    async def _reset(self, partner: Partner, request: QueryRequest, command: ResetSession) -> Told:
        name = properties.property_of(command.name).name
        return Told("RESET SESSION", change=Change(clear_session=(name,)))

    async def _set_zone(self, partner: Partner, request: QueryRequest, command: SetTimeZone) -> Told:
        if command.zone is None:
            return Told("SET TIME ZONE", change=Change(clear_session=(properties.TIME_ZONE,)))
        zone = zone_of(command.zone)
        if zone is None:
            raise NotAllowed(
                f"Time zone not supported: {command.zone[:60]}", hint="write 'America/Los_Angeles', or '-08:00'"
            )
        return Told("SET TIME ZONE", change=Change(set_session={properties.TIME_ZONE: zone}))

    async def _show_session(self, partner: Partner, request: QueryRequest, command: ShowSession) -> Told:
        session = request.session
        defaults = {
            properties.PURPOSE: partner.purposes[0] if partner.purposes else "",
            properties.TIME_ZONE: session.time_zone,
            **dict.fromkeys(properties.TIME_LIMITS, self._limit),
        }
        rows = tuple(properties.shown(session.properties, defaults, command.like, command.escape))
        return Told(columns=properties.SHOWN, rows=rows)

    # --- transactions: each query stands alone, and nothing here writes ---------------------------------------------

    async def _start(self, partner: Partner, request: QueryRequest, command: StartTransaction) -> Told:
        if request.session.transaction is None:
            raise NoTransaction("your client knows no transactions", hint="send X-Trino-Transaction-Id: NONE")
        if request.session.transaction:
            raise NotAllowed("Nested transactions not supported", hint="COMMIT or ROLLBACK the one that is open")
        return Told("START TRANSACTION", change=Change(started_transaction=str(uuid.uuid4())))

    async def _commit(self, partner: Partner, request: QueryRequest, command: Commit) -> Told:
        return _ended(request, "COMMIT")

    async def _rollback(self, partner: Partner, request: QueryRequest, command: Rollback) -> Told:
        return _ended(request, "ROLLBACK")

    # --- prepared statements ----------------------------------------------------------------------------------------

    async def _prepare(self, partner: Partner, request: QueryRequest, command: Prepare) -> Told:
        return Told("PREPARE", change=Change(added_prepare={command.name: command.text}))

    async def _deallocate(self, partner: Partner, request: QueryRequest, command: Deallocate) -> Told:
        name, _ = _prepared(request, command.name)
        return Told("DEALLOCATE", change=Change(deallocated_prepare=(name,)))

    async def _execute(self, partner: Partner, request: QueryRequest, command: Execute) -> Spoken:
        _, text = _prepared(request, command.name)
        return await self._run(partner, request, text, command.parameters)

    async def _execute_at_once(self, partner: Partner, request: QueryRequest, command: ExecuteImmediate) -> Spoken:
        try:
            return await self._run(partner, request, command.text, command.parameters)
        except GatewayError as fault:
            if fault.line and fault.column:  # as Trino does: the place in what was sent
                before = place_of_offset(request.sql, command.start)
                fault.column += before["column"] - 1 if fault.line == 1 else 0
                fault.line += before["line"] - 1
            raise

    async def _run(self, partner: Partner, request: QueryRequest, text: str, values: tuple[str, ...]) -> Spoken:
        """Bind a text and do what it says, as if it had been sent so; a fault points into the prepared text."""
        bind = self._gate.kernel.bound
        bound = await bind(partner.organisation, text, values) if values or "?" in text else Bound(text)
        try:
            if first_word(bound.text)[0] in _NEVER_PREPARED:
                raise NotAllowed("a prepared statement runs no other one", hint="prepare the statement itself")
            return await self._speak(partner, replace(request, sql=bound.text))
        except GatewayError as fault:
            if fault.line and fault.column:
                place = place_in_prepared(bound, text, fault.line, fault.column)
                fault.line, fault.column = place["line"], place["column"]
            raise

    async def _describe_input(self, partner: Partner, request: QueryRequest, command: DescribeInput) -> Told:
        _, text = _prepared(request, command.name)
        described = await self._gate.kernel.described(partner.organisation, text)
        return Told(columns=_INPUT, rows=tuple((n, "unknown") for n in range(described.parameters)))

    async def _describe_output(self, partner: Partner, request: QueryRequest, command: DescribeOutput) -> Told:
        _, text = _prepared(request, command.name)
        word = first_word(text)[0]
        if word in COMMAND_STARTS:
            meant = await self._gate.kernel.command(partner.organisation, text)
            if not isinstance(meant, Show):
                raise NotAllowed(f"{word} statement is not supported", hint="DESCRIBE OUTPUT describes a query or SHOW")
            text = await self._query_of(partner, request, meant)
        described = await self._gate.kernel.described(partner.organisation, text)
        answer = await self._gate.answer(partner, replace(request, sql=described.probe))
        async for _ in answer.pages():
            pass  # it has none
        aliased = described.aliased or (False,) * len(answer.columns)
        return Told(
            columns=_OUTPUT,
            rows=tuple(
                (name, "", "", "", _DECIMAL.sub(r"decimal(\1,\2)", type_), size_of(type_), has_alias)
                for (name, type_), has_alias in zip(answer.columns, aliased, strict=True)
            ),
        )

    # --- queries under way, what there is, and what would be asked --------------------------------------------------

    async def _kill(self, partner: Partner, request: QueryRequest, command: KillQuery) -> Told:
        if not any(query.id == command.query and query.state == "RUNNING" for query in self._gate.recent(partner)):
            raise no_such_query(command.query)
        return Told("CALL", stops=command.query)

    async def _show(self, partner: Partner, request: QueryRequest, command: Show) -> Spoken:
        text = await self._query_of(partner, request, command)
        return await self._gate.begin(partner, replace(request, sql=text, said=request.sql))

    async def _query_of(self, partner: Partner, request: QueryRequest, show: Show) -> str:
        return query_of_show(show, place_of(request), await self._gate.seen(partner, request.purpose))

    async def _explain(self, partner: Partner, request: QueryRequest, command: Explain) -> Told:
        inner = replace(request, sql=blanked(request.sql, command.start), said=request.sql)
        if first_word(command.text)[0] in COMMAND_STARTS:
            meant = await self._gate.kernel.command(partner.organisation, inner.sql)
            if not isinstance(meant, Show):
                raise NotAllowed("only queries and SHOW are explained", hint="write EXPLAIN SELECT …")
            inner = replace(inner, sql=await self._query_of(partner, request, meant))
        if command.type == "VALIDATE":
            await self._gate.validate(partner, inner)
            return Told(columns=(("Valid", "boolean"),), rows=((True,),))
        explanation = await self._gate.explain(partner, inner)
        if command.type == "IO":
            said = tables_read_as_json(explanation)
        else:
            said = as_json(explanation) if command.format == "JSON" else as_text(explanation)
        return Told(columns=(("Query Plan", "varchar"),), rows=((said,),))


def no_such_query(query: str) -> Unresolved:
    """What is said of a query that is not under way, or is somebody else's: the two look the same."""
    told = f"there is no query {query[:64]} of yours under way"
    return Unresolved(told, hint="system.runtime.queries lists your queries").named("NOT_FOUND")


_WHAT_THERE_IS = "SHOW CATALOGS and SHOW SCHEMAS list what you may read"
_NEVER_PREPARED = frozenset({"PREPARE", "EXECUTE", "DEALLOCATE"})


def _prepared(request: QueryRequest, name: str) -> tuple[str, str]:
    """Find a prepared statement of the client's session: its name as the client knows it, and its text."""
    prepared = request.session.prepared
    known = name if name in prepared else next((each for each in prepared if each.lower() == name.lower()), None)
    if known is None:
        raise NoSuchStatement(f"Prepared statement not found: {name[:60]}", hint="PREPARE it first in this session")
    return known, prepared[known]


def _ended(request: QueryRequest, word: str) -> Told:
    if not request.session.transaction:
        raise NoTransaction("No transaction in progress", hint="START TRANSACTION begins one")
    return Told(word, change=Change(clear_transaction=True))


def _check_transaction(request: QueryRequest) -> None:
    """The only thing a transaction is here is an id that we have given out; none of another shape was."""
    said = request.session.transaction
    if said:
        try:
            uuid.UUID(said)
        except ValueError:
            raise NoTransaction(f"Unknown transaction ID: {said[:60]}", hint="START TRANSACTION begins one") from None


_ARMS: dict[type[Command], _Arm] = {
    Use: Dialogue._use,
    SetSession: Dialogue._set,
    ResetSession: Dialogue._reset,
    SetTimeZone: Dialogue._set_zone,
    ShowSession: Dialogue._show_session,
    StartTransaction: Dialogue._start,
    Commit: Dialogue._commit,
    Rollback: Dialogue._rollback,
    Prepare: Dialogue._prepare,
    Deallocate: Dialogue._deallocate,
    Execute: Dialogue._execute,
    ExecuteImmediate: Dialogue._execute_at_once,
    DescribeInput: Dialogue._describe_input,
    DescribeOutput: Dialogue._describe_output,
    Show: Dialogue._show,
    KillQuery: Dialogue._kill,
    Explain: Dialogue._explain,
}
