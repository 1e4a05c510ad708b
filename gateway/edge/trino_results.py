"""One page of an answer -> the JSON that Trino's clients read; rows are passed on as the bytes they came as."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from gateway.edge.trino_errors import error_of
from gateway.errors import Broken, GatewayError
from gateway.model import Notice

ELAPSED_STEP_MILLIS = 100
"""How finely a client is told how long its query takes: the rest is noise."""
VARCHAR_LENGTH = 2_147_483_647

_ZEROES = ",".join(
    f'"{name}":0'
    for name in (
        "totalSplits queuedSplits runningSplits completedSplits planningTimeMillis analysisTimeMillis cpuTimeMillis "
        "wallTimeMillis queuedTimeMillis finishingTimeMillis physicalInputTimeMillis processedRows processedBytes "
        "physicalInputBytes physicalWrittenBytes internalNetworkInputBytes peakMemoryBytes spilledBytes"
    ).split()
)
"""What clients want to read and what would tell of the ports' data."""

_WARNINGS = (
    "column_masked column_partly_shown rows_filtered port_missing port_not_sharing port_not_in_table column_not_kept "
    "column_withheld synthetic user_ignored header_ignored"
).split()
_WARNING_CODES = {code: number for number, code in enumerate(_WARNINGS, 1)}
_WARNINGS_FROM = 0x0506_0000

_TYPE = re.compile(r"(?P<head>[a-z ]+?)\s*(?:\((?P<parameters>[\d, ]+)\))?(?P<tail>\s[a-z ]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a client goes on from a page."""

    info: str
    stop: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page says."""

    query: str
    state: str
    elapsed_seconds: float = 0.0
    progress: int | None = None
    columns: bytes = b""
    data: bytes = b""
    update_type: str = ""
    error: GatewayError | None = None
    warnings: bytes = b"[]"


def page_parts(shown: Shown, addresses: Addresses) -> list[bytes]:
    """Return the page's JSON in parts, of which one is the rows as they came."""
    head = [
        *_member("id", shown.query),
        *_member("infoUri", addresses.info),
        *_member("partialCancelUri", addresses.stop),
        *_member("nextUri", addresses.next),
    ]
    if shown.columns:
        head += [b'"columns":', shown.columns, b","]
    tail = [b'"stats":', _stats(shown), b","]
    if shown.error is not None:
        tail += [b'"error":', orjson.dumps(error_of(shown.error)), b","]
    tail += [*_member("updateType", shown.update_type), b'"warnings":', shown.warnings, b"}"]
    if not shown.data:
        return [b"".join([b"{", *head, *tail])]
    return [b"".join([b"{", *head, b'"data":']), shown.data, b"".join([b",", *tail])]


def _member(name: str, value: str) -> list[bytes]:
    return [orjson.dumps(name), b":", orjson.dumps(value), b","] if value else []


def _stats(shown: Shown) -> bytes:
    waits = str(shown.state == "QUEUED").lower()
    begun = str(shown.state != "QUEUED").lower()
    progress = "" if shown.progress is None else f'"progressPercentage":{shown.progress // 10 * 10}.0,'
    elapsed = math.ceil(shown.elapsed_seconds * 1000 / ELAPSED_STEP_MILLIS) * ELAPSED_STEP_MILLIS
    return (
        f'{{"state":"{shown.state}","queued":{waits},"scheduled":{begun},{progress}"nodes":1,'
        f'"elapsedTimeMillis":{elapsed},{_ZEROES}}}'
    ).encode()


def warnings_of(notices: Iterable[Notice]) -> bytes:
    """Write what a partner must know as warnings, which the CLI prints and others keep."""
    return orjson.dumps([_warning(notice) for notice in notices])


def _warning(notice: Notice) -> Mapping[str, object]:
    number = _WARNINGS_FROM + _WARNING_CODES.get(notice.code, 0)
    place = ".".join(part for part in (notice.table, notice.column) if part)
    about = ": ".join(part for part in (notice.port, place) if part)
    message = f"{about}: {notice.message}" if about else notice.message
    return {"warningCode": {"code": number, "name": f"PORTGATE_{notice.code.upper()}"}, "message": message}


# --- columns of an answer of our own --------------------------------------------------------------------------------


def columns_json(columns: Iterable[tuple[str, str]]) -> bytes:
    """Write columns, with the signatures of their types, as Trino does.

    >>> columns_json([("n", "decimal(3,1)")])
    b'[{"name":"n","type":"decimal(3,1)","typeSignature":{"rawType":"decimal","arguments":[{"kind":"LONG","value":3},\
{"kind":"LONG","value":1}]}}]'
    """
    return orjson.dumps([{"name": name, "type": type_, "typeSignature": _signature(type_)} for name, type_ in columns])


def _signature(type_: str) -> Mapping[str, object]:
    found = _TYPE.fullmatch(type_)
    if found is None:
        raise Broken(f"an answer of our own has a column of a type that it cannot have: {type_}")
    raw = found["head"] + (found["tail"] or "")
    parameters = [int(part) for part in (found["parameters"] or "").split(",") if part]
    if raw == "varchar" and not parameters:
        parameters = [VARCHAR_LENGTH]
    return {"rawType": raw, "arguments": [{"kind": "LONG", "value": value} for value in parameters]}
