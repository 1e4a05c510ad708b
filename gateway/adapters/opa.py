"""Puts the one question to OPA and turns the answer into a `Decision`; anything but a well-formed answer is a refusal.

What a reviewer must check here:
- The path is a constant; nothing of a partner ever stands in it.
- One deadline covers the whole exchange, connecting included, and nothing is tried twice.
- The answer's size is bounded before it is read, a redirect is not followed, and no key is unknown or given twice.
- The answer is for this question: same purpose, same moment, the same tables in the same order, no column unasked.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import aiohttp
from opa_client.opa_async import AsyncOpaClient  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import Broken, PolicyUnavailable
from gateway.model import (
    USES,
    AgreementGrant,
    AskedTable,
    Condition,
    Decision,
    JoinRule,
    Limits,
    Mask,
    Operator,
    Partner,
    Question,
    TableDecision,
    TableName,
    Use,
)
from gateway.policy.question import question_data
from gateway.strict_json import read_strict_json

LIBRARY = "2"
"""The version of `policies/gateway/access` that this gateway understands."""

_PACKAGE, _RULE = "gateway.access", "decision"
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_HINT = "Nothing was released. Try again; if it lasts, tell the operator to look at OPA and its policies."
_NOBODY = Partner("nobody", "nobody", "nobody", (), (), {}, "")


# --- the shape of an answer -----------------------------------------------------------------------------------------


class _Answer(BaseModel):
    """Types are taken as they come, and an unknown key spoils the whole answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Number = Annotated[float, Field(allow_inf_nan=False)]
_Literal = bool | int | _Number | str
_Text = Annotated[str, Field(min_length=1)]


class _Condition(_Answer):
    column: _Text
    op: Operator
    value: _Literal | list[_Literal] | None = None

    @model_validator(mode="after")
    def _value_fits_operator(self) -> _Condition:
        if not _fits(self.op, self.value):
            raise ValueError(f"the operator {self.op} cannot take this value")
        return self


class _BareMask(_Answer):
    kind: Literal["null", "keyed_hash"]


class _ConstantMask(_Answer):
    kind: Literal["constant"]
    value: _Literal


class _TruncateMask(_Answer):
    kind: Literal["truncate"]
    value: Annotated[int, Field(ge=0, le=64)]
    fill: Annotated[str, Field(min_length=1, max_length=1)] = ""


class _TimeGrainMask(_Answer):
    kind: Literal["time_grain"]
    value: Literal["hour", "day", "week", "month", "quarter", "year"]


class _WidthMask(_Answer):
    kind: Literal["band", "geo_grid"]
    value: Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0, allow_inf_nan=False)]


_Mask = Annotated[_BareMask | _ConstantMask | _TruncateMask | _TimeGrainMask | _WidthMask, Field(discriminator="kind")]


class _JoinRule(_Answer):
    table: _Text
    ports: Annotated[list[_Text], Field(min_length=1)]
    on: Annotated[list[Annotated[list[_Text], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    values: Literal["clear", "hashed"]


_Positive = Annotated[int, Field(gt=0)]


class _Limits(_Answer):
    rows: _Positive | None = None
    queries_a_day: _Positive | None = None
    bytes_a_day: _Positive | None = None


class _Agreement(_Answer):
    id: _Text
    columns: dict[str, _Mask | None]
    uses: dict[str, Annotated[list[Use], Field(min_length=1)]]
    rows: list[list[_Condition]]
    reason: _Text
    contact: str
    citation: str
    limits: _Limits
    joins: list[_JoinRule] | None

    @model_validator(mode="after")
    def _uses_are_of_its_columns(self) -> _Agreement:
        if not set(self.uses) <= set(self.columns):
            raise ValueError("uses of a column that is not given")
        if any(len(set(uses)) != len(uses) or len(uses) == len(USES) for uses in self.uses.values()):
            raise ValueError("a use twice, or all of them")
        return self


class _Table(_Answer):
    port: _Text
    schema_: Annotated[str, Field(alias="schema", min_length=1)]
    table: _Text
    agreements: list[_Agreement]
    withheld: dict[str, _Text]


class _Result(_Answer):
    library: str
    purpose: str
    now: str
    revisions: dict[str, Annotated[str, Field(pattern="^([0-9a-f]{64}@([0-9a-f]{40}|none)|none)$")]]
    tables: list[_Table]


class _Envelope(_Answer):
    result: _Result
    decision_id: str = ""


def _fits(operator: Operator, value: object) -> bool:
    """Whether a value is of the kind its operator takes: nothing, one literal, or several of one type."""
    if operator in ("is_null", "not_null"):
        return value is None
    if operator in ("in", "not_in", "between"):
        return isinstance(value, list) and _is_uniform(value) and (operator != "between" or len(value) == 2)
    if operator == "starts_with":
        return isinstance(value, str) and value != ""
    return value is not None and not isinstance(value, list)


def _is_uniform(values: list[Any]) -> bool:
    kinds = {float if type(value) is int else type(value) for value in values}
    return len(kinds) == 1


# --- the exchange ---------------------------------------------------------------------------------------------------


class _BoundedResponse(aiohttp.ClientResponse):
    """A response of at most `_MAX_ANSWER_BYTES`, whose JSON is UTF-8, whatever it says, and names every key once."""

    async def read(self) -> bytes:
        if self._body is None:
            chunks = bytearray()
            async for chunk in self.content.iter_chunked(65536):
                chunks += chunk
                if len(chunks) > _MAX_ANSWER_BYTES:
                    raise ValueError(f"the answer is longer than {_MAX_ANSWER_BYTES} bytes")
            self._body = bytes(chunks)
        return self._body

    async def json(self, **_: Any) -> Any:
        return await super().json(encoding="utf-8", loads=read_strict_json)


async def _only_ok(
    request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """Stop at the first answer that is not 200, before a redirect is followed."""
    response = await handler(request)
    if response.status != 200:
        status = response.status
        response.close()
        raise ValueError(f"HTTP status {status}")
    return response


class _Client(AsyncOpaClient):  # type: ignore[misc]
    """The OPA client with a session of our own (docs/adr/0004-opa-client.md); made inside the running loop."""

    async def _init_session(self) -> None:
        self._connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            timeout=aiohttp.ClientTimeout(total=self.timeout),
            response_class=_BoundedResponse,
            middlewares=(_only_ok,),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


class OpaPolicy:
    """The policy, as OPA decides it.

    >>> OpaPolicy("https://opa.example/base", 0.25)
    Traceback (most recent call last):
    ...
    ValueError: the OPA address must be http://HOST:PORT or https://HOST:PORT without a path
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("the OPA address must be http://HOST:PORT or https://HOST:PORT without a path")
        self._host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = parts.scheme == "https"
        self._timeout_seconds = timeout_seconds
        self._client: _Client | None = None

    async def decide(self, question: Question) -> Decision:
        """Ask once; raise `PolicyUnavailable` unless the answer is well formed, in time and for this question."""
        asked = question_data(question)
        if len({table.name for table in question.tables}) != len(question.tables):
            raise Broken("the question names a table twice")
        answer = await self._ask(asked)
        try:
            result = _Envelope.model_validate(answer).result
        except ValidationError as fault:
            raise _unavailable(f"is not an answer of ours ({_first_fault(fault)})") from fault
        _check_same_question(result, question)
        return _decision(asked, answer, result, question)

    async def probe(self) -> None:
        """Ask as nobody: OPA must answer for our library version, and must deny."""
        name = TableName("nowhere", "freight", "vessel_calls")
        tables = (AskedTable(name, ("call_id",)),)
        decision = await self.decide(Question(_NOBODY, "freight_resilience", "2026-01-01T00:00:00Z", tables))
        if decision.tables[name].agreements:
            raise _unavailable("grants a table to nobody")

    async def close(self) -> None:
        """Give the connections back; the next question opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close_connection()

    async def _ask(self, asked: dict[str, Any]) -> object:
        client = await self._open()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await client.query_rule(asked, _PACKAGE, _RULE)
        except TimeoutError as fault:
            raise _unavailable(f"did not come within {self._timeout_seconds * 1000:.0f} ms") from fault
        except aiohttp.ContentTypeError as fault:
            raise _unavailable("is not JSON") from fault
        except (aiohttp.ClientError, OSError) as fault:
            raise _unavailable(f"did not come ({type(fault).__name__})") from fault
        except (ValueError, RecursionError) as fault:
            raise _unavailable(f"cannot be read ({fault})") from fault

    async def _open(self) -> _Client:
        if self._client is None:
            client = _Client(host=self._host, port=self._port, ssl=self._tls, retries=0, timeout=self._timeout_seconds)
            await client._init_session()
            self._client = client
        return self._client


# --- question and answer --------------------------------------------------------------------------------------------


def _check_same_question(result: _Result, question: Question) -> None:
    """Raise unless the answer is by our library and for exactly this question."""
    if result.library != LIBRARY:
        raise _unavailable(f"is by policy library {result.library!r}, and this gateway understands {LIBRARY!r}")
    if (result.purpose, result.now) != (question.purpose, question.now):
        raise _unavailable("is for another purpose or moment")
    if [TableName(t.port, t.schema_, t.table) for t in result.tables] != [t.name for t in question.tables]:
        raise _unavailable("is for other tables")
    if set(result.revisions) != {t.name.catalog for t in question.tables}:
        raise _unavailable("does not name the revision of every port asked")
    for table, asked in zip(result.tables, question.tables, strict=True):
        _check_same_columns(table, asked)


def _check_same_columns(table: _Table, asked: AskedTable) -> None:
    """Raise unless each column asked is either granted or withheld, and no other is named."""
    ids = [agreement.id for agreement in table.agreements]
    if len(set(ids)) != len(ids):
        raise _unavailable(f"names an agreement twice for {asked.name}")
    granted = {column for agreement in table.agreements for column in agreement.columns}
    if granted & set(table.withheld):
        raise _unavailable(f"both grants and withholds a column of {asked.name}")
    if granted | set(table.withheld) != set(asked.columns):
        raise _unavailable(f"is for other columns of {asked.name}")
    if not all(_meets(agreement, asked) for agreement in table.agreements):
        raise _unavailable(f"gives a column of {asked.name} in no use that was asked for")


def _meets(agreement: _Agreement, asked: AskedTable) -> bool:
    wanted = {column: frozenset(asked.uses.get(column, USES)) for column in agreement.columns}
    return all(not wanted[column] or wanted[column] & set(uses) for column, uses in agreement.uses.items())


def _decision(asked: dict[str, Any], answer: object, result: _Result, question: Question) -> Decision:
    tables = {
        asked_table.name: TableDecision(tuple(map(_agreement, table.agreements)), dict(table.withheld))
        for asked_table, table in zip(question.tables, result.tables, strict=True)
    }
    return Decision(_digest(asked, answer), dict(result.revisions), tables)


def _digest(asked: dict[str, Any], answer: Any) -> str:
    """Name a decision by what was asked and answered, so that an auditor who replays it gets the same name."""
    exchange = {"input": asked, "result": answer["result"]}
    text = json.dumps(exchange, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _agreement(agreement: _Agreement) -> AgreementGrant:
    return AgreementGrant(
        id=agreement.id,
        columns={column: _mask(mask) for column, mask in agreement.columns.items()},
        rows=tuple(tuple(_condition(condition) for condition in alternative) for alternative in agreement.rows),
        reason=agreement.reason,
        uses={column: frozenset(uses) for column, uses in agreement.uses.items()},
        joins=None if agreement.joins is None else tuple(map(_join, agreement.joins)),
        limits=Limits(**agreement.limits.model_dump()),
        contact=agreement.contact,
        citation=agreement.citation,
    )


def _mask(mask: _BareMask | _ConstantMask | _TruncateMask | _TimeGrainMask | _WidthMask | None) -> Mask | None:
    if mask is None:
        return None
    return Mask(mask.kind, getattr(mask, "value", None), getattr(mask, "fill", ""))


def _join(rule: _JoinRule) -> JoinRule:
    return JoinRule(rule.table, frozenset(rule.ports), tuple((own, other) for own, other in rule.on), rule.values)


def _condition(condition: _Condition) -> Condition:
    value = condition.value
    return Condition(condition.column, condition.op, tuple(value) if isinstance(value, list) else value)


def _unavailable(what: str) -> PolicyUnavailable:
    return PolicyUnavailable(f"the policy's answer {what}", hint=_HINT)


def _first_fault(fault: ValidationError) -> str:
    """Say where an answer is wrong, without any value of it."""
    first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"at {'.'.join(map(str, first['loc'])) or 'the top'}: {first['type']}"
