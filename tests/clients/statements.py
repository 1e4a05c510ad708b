"""Thirty statements and what every client must be told: values of each type, the shapes of SQL, the ports' own rows.

A statement's rows are written out where they are known, and asked of the gateway's REST interface where they are the
ports'; a refused one says what must be in the client's error.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and its rows; None: those that the gateway gives the same partner through REST."""

    sql: str
    rows: Rows | None = None
    refused: str = ""
    """What a client's error must match, for a statement that must not run."""


TYPES = (
    Statement("SELECT 1", [[1]]),
    Statement("SELECT true, false, CAST(NULL AS varchar)", [[True, False, None]]),
    Statement(
        "SELECT TINYINT '-128', SMALLINT '32767', INTEGER '2147483647', BIGINT '9007199254740991'",
        [[-128, 32767, 2147483647, 9007199254740991]],
    ),
    Statement("SELECT REAL '1.5', DOUBLE '2.25', nan()", [[1.5, 2.25, float("nan")]]),
    Statement("SELECT DECIMAL '12345678901234567890.123456789'", [[Decimal("12345678901234567890.123456789")]]),
    Statement("SELECT 'Océan 港 🚢', CAST('ab' AS char(2))", [["Océan 港 🚢", "ab"]]),
    Statement("SELECT DATE '2026-02-28', TIME '13:14:15.123'", [[date(2026, 2, 28), time(13, 14, 15, 123000)]]),
    Statement("SELECT TIMESTAMP '2026-02-28 13:14:15.123'", [[datetime(2026, 2, 28, 13, 14, 15, 123000)]]),
    Statement(
        "SELECT TIMESTAMP '2026-02-28 13:14:15.123 America/Los_Angeles'",
        [[datetime(2026, 2, 28, 13, 14, 15, 123000, LOS_ANGELES)]],
    ),
    Statement("SELECT ARRAY[1, 2, NULL], ARRAY['a', 'b']", [[[1, 2, None], ["a", "b"]]]),
    Statement("SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2])", [[{"a": 1, "b": 2}]]),
    Statement("SELECT CAST(ROW(1, 'x') AS ROW(n bigint, s varchar))", [[[1, "x"]]]),
    Statement("SELECT X'506F7274'", [[b"Port"]]),
    Statement("SELECT UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", [["12151fd2-7586-11e9-8f9e-2a86e4085a59"]]),
    Statement("SELECT json_parse('[1,2]')", [["[1,2]"]]),
)
SHAPES = (
    Statement("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, s) ORDER BY n DESC", [[2, "b"], [1, "a"]]),
    Statement("SELECT 1 AS n WHERE false", []),
    Statement(
        "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t ORDER BY n",
        [[1], [2], [3]],
    ),
    Statement("SELECT n, o FROM UNNEST(ARRAY[7, 8]) WITH ORDINALITY AS t (n, o) ORDER BY o", [[7, 1], [8, 2]]),
    Statement(
        "SELECT s, sum(n) FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, s) GROUP BY ROLLUP (s) ORDER BY s NULLS LAST",
        [["a", 1], ["b", 2], [None, 3]],
    ),
    Statement("SELECT transform(ARRAY[1, 2], x -> x * 10)", [[[10, 20]]]),
    Statement("SELECT length(lpad('x', 10000, 'y')), 'it''s; -- not a comment'", [[10000, "it's; -- not a comment"]]),
)
PORTS = (
    Statement("SELECT port_unlocode, count(*) AS calls FROM vessel_calls GROUP BY port_unlocode ORDER BY 1"),
    Statement("SELECT count(*), count(ata_berth_utc), min(ata_berth_utc), max(ata_berth_utc) FROM vessel_calls"),
    Statement("SELECT port_unlocode, day_local, vessels_at_anchor FROM port_status ORDER BY 1, 2 LIMIT 20"),
    Statement("SELECT count(*) FROM california.freight.container_moves WHERE port_unlocode = 'USOAK'"),
    Statement(
        "SELECT c.port_unlocode, count(*) FROM vessel_calls AS c JOIN port_status AS s "
        "ON s.port_unlocode = c.port_unlocode GROUP BY 1 ORDER BY 1"
    ),
    Statement("SELECT count(*) FROM los_angeles.pola.monthly_teu"),
)
REFUSED = (
    Statement("SELECT FROM WHERE", refused=r"(?i)syntax|not Trino SQL|line 1:"),
    Statement("SELECT * FROM california.freight.no_such_table", refused=r"no_such_table"),
)
STATEMENTS = (*TYPES, *SHAPES, *PORTS, *REFUSED)

PARAMETERS = "SELECT ? + 1, ? || '!', count(*) FROM vessel_calls WHERE port_unlocode = ?"
PARAMETER_VALUES = (41, "it's", "USOAK")
MASKED = "SELECT port_unlocode, container_no, count(*) AS stays FROM container_dwell GROUP BY 1, 2"
MILLION = (
    "SELECT a.n * 1000 + b.n AS n FROM UNNEST(sequence(0, 999)) AS a (n) CROSS JOIN UNNEST(sequence(0, 999)) AS b (n)"
)
MILLION_SUM = 999_999 * 1_000_000 // 2


def endless(mark: int) -> str:
    """A statement that nobody waits for, which holds a number by which it is found again."""
    sequence = "UNNEST(sequence(1, 10000))"
    return (
        f"SELECT count(*) FROM {sequence} AS a (n) CROSS JOIN {sequence} AS b (n) CROSS JOIN {sequence} AS c (n) "
        f"WHERE a.n + b.n + c.n = {mark}"
    )


def same(expected: Any, seen: Any) -> bool:
    """Say whether a client showed a value, in whatever form its language has for it."""
    if expected is None:
        return seen is None or str(seen).lower() == "null"
    if isinstance(expected, bool):
        return str(seen).lower() == str(expected).lower()
    for kind, reads in _READINGS:
        if isinstance(expected, kind):
            try:
                return bool(reads(expected, seen))
            except (ValueError, ArithmeticError, TypeError, LookupError):
                return False
    return bool(expected == seen)


def _same_number(expected: Any, seen: Any) -> bool:
    wanted, got = Decimal(str(expected)), Decimal(str(seen))
    return wanted == got or (wanted.is_nan() and got.is_nan()) or str(float(wanted)) == str(float(got))


def _same_list(expected: Any, seen: Any) -> bool:
    if isinstance(seen, str):  # such as [1, "x"], [1, x] or {n=1, s=x}
        seen = _json(seen) or [part.rpartition("=")[2] for part in seen.strip("[]{}").split(", ")]
    values = list(seen.values()) if isinstance(seen, dict) else list(seen)
    return len(values) == len(expected) and all(map(same, expected, values))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _same_map(expected: Any, seen: Any) -> bool:
    if isinstance(seen, str):
        seen = _json(seen) or dict(part.split("=", 1) for part in seen.strip("{}").split(", "))
    return set(map(str, seen)) == set(map(str, expected)) and all(same(expected[key], seen[key]) for key in expected)


def _same_bytes(expected: bytes, seen: Any) -> bool:
    hexadecimal = re.sub(r"[^0-9a-f]", "", str(seen).lower().removeprefix("0x"))
    return expected.hex() == hexadecimal or base64.b64encode(expected).decode() == seen or repr(expected) == seen


def _same_moment(expected: datetime, seen: Any) -> bool:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(\S*)", str(seen).strip())
    if not found:
        return False
    moment = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    return moment.replace(tzinfo=_zone(found[3])) == expected if expected.tzinfo else moment == expected


def _zone(name: str) -> Any:
    if re.fullmatch(r"[+-]\d\d:?\d\d|Z", name):
        return datetime.fromisoformat(f"2026-01-01T00:00:00{name}").tzinfo
    return ZoneInfo(name or "nowhere")


def _same_day(expected: date, seen: Any) -> bool:
    return str(seen)[:10] == expected.isoformat()


def _same_time(expected: time, seen: Any) -> bool:
    found = re.search(r"\d\d:\d\d:\d\d(?:\.\d+)?", str(seen))
    return bool(found) and time.fromisoformat(found[0] if found else "") == expected


def _same_text(expected: str, seen: Any) -> bool:
    return str(seen) == expected


_READINGS: tuple[tuple[type | tuple[type, ...], Any], ...] = (
    ((int, float, Decimal), _same_number),
    (dict, _same_map),
    ((list, tuple), _same_list),
    (bytes, _same_bytes),
    (datetime, _same_moment),
    (date, _same_day),
    (time, _same_time),
    (str, _same_text),
)
