"""Every type that Trino has, as a literal, through the gateway: each format holds exactly the value written."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from gateway.client import Portgate
from gateway.edge.encode import NAMES
from stack.layout import Home
from tests.conftest import Stack
from tests.edge.formats.reading import values

pytestmark = pytest.mark.real

PURPOSE = "freight_resilience"
DAY = 86_400 * 10**12
ISO = datetime(1970, 1, 1, tzinfo=UTC)


def at(*parts: int, picoseconds: int = 0) -> int:
    """A moment in UTC, in picoseconds since 1970."""
    return int((datetime(*parts, tzinfo=UTC) - ISO).total_seconds()) * 10**12 + picoseconds  # type: ignore[arg-type,misc]


NOON = at(2026, 7, 1, 12)
CASES: list[tuple[str, pa.DataType, Any, Any]] = [
    # what is asked, its type in Arrow, its value there, and as Trino writes it in JSON
    ("true", pa.bool_(), True, True),
    ("TINYINT '-128'", pa.int8(), -128, -128),
    ("SMALLINT '-32768'", pa.int16(), -32768, -32768),
    ("2147483647", pa.int32(), 2147483647, 2147483647),
    ("BIGINT '-9223372036854775807'", pa.int64(), -(2**63) + 1, -(2**63) + 1),
    ("REAL '0.5'", pa.float32(), 0.5, 0.5),
    ("DOUBLE '1.0E-300'", pa.float64(), 1e-300, 1e-300),
    ("nan()", pa.float64(), math.nan, "NaN"),
    ("infinity()", pa.float64(), math.inf, "Infinity"),
    ("-infinity()", pa.float64(), -math.inf, "-Infinity"),
    (f"DECIMAL '{'9' * 36}.25'", pa.decimal128(38, 2), Decimal("9" * 36 + ".25"), "9" * 36 + ".25"),
    ("CAST(-0.5 AS decimal(3,1))", pa.decimal128(3, 1), Decimal("-0.5"), "-0.5"),
    ("'é=1'", pa.string(), "é=1", "é=1"),
    ("''", pa.string(), "", ""),
    ("CAST('ab' AS char(4))", pa.string(), "ab  ", "ab  "),
    ("X'6100FF'", pa.binary(), b"a\x00\xff", "YQD/"),
    ("DATE '2026-07-01'", pa.date32(), NOON - DAY // 2, "2026-07-01"),
    ("date_add('day', 1, DATE '9999-12-31')", pa.date32(), 2_932_897 * DAY, "+10000-01-01"),
    ("TIME '23:59:59'", pa.time32("s"), 86_399 * 10**12, "23:59:59"),
    ("TIME '23:59:59.123456789'", pa.time64("ns"), 86_399_123_456_789_000, "23:59:59.123456789"),
    ("TIME '23:59:59.123456789012'", pa.string(), "23:59:59.123456789012", "23:59:59.123456789012"),
    ("TIME '01:02:03.5 +05:30'", pa.string(), "01:02:03.5+05:30", "01:02:03.5+05:30"),
    ("TIMESTAMP '2026-07-01 12:00:00'", pa.timestamp("s"), NOON, "2026-07-01 12:00:00"),
    ("TIMESTAMP '2026-07-01 12:00:00.5'", pa.timestamp("ms"), NOON + 5 * 10**11, "2026-07-01 12:00:00.5"),
    ("TIMESTAMP '2026-07-01 12:00:00.000001'", pa.timestamp("us"), NOON + 10**6, "2026-07-01 12:00:00.000001"),
    (
        "TIMESTAMP '2026-07-01 12:00:00.123456789'",
        pa.timestamp("ns"), NOON + 123_456_789_000, "2026-07-01 12:00:00.123456789",
    ),
    (
        "TIMESTAMP '2026-07-01 12:00:00.123456789012'",
        pa.string(), "2026-07-01 12:00:00.123456789012", "2026-07-01 12:00:00.123456789012",
    ),
    ("TIMESTAMP '0001-01-01 00:00:00.000'", pa.timestamp("ms"), -719_162 * DAY, "0001-01-01 00:00:00.000"),
    (
        "TIMESTAMP '2026-07-01 12:00:00.250 America/Los_Angeles'",
        pa.timestamp("ms", "UTC"), NOON + DAY * 7 // 24 + 25 * 10**10, "2026-07-01 12:00:00.250 America/Los_Angeles",
    ),
    (
        "TIMESTAMP '2026-07-01 12:00:00.000001 +05:30'",
        pa.timestamp("us", "UTC"), NOON - DAY * 11 // 48 + 10**6, "2026-07-01 12:00:00.000001 +05:30",
    ),
    ("TIMESTAMP '2026-07-01 12:00:00 UTC'", pa.timestamp("s", "UTC"), NOON, "2026-07-01 12:00:00 UTC"),
    ("INTERVAL '-1-2' YEAR TO MONTH", pa.int32(), -14, "-1-2"),
    ("INTERVAL '-1 02:03:04.567' DAY TO SECOND", pa.duration("ms"), -93_784_567 * 10**9, "-1 02:03:04.567"),
    ("JSON '{\"a\": [1, 2.5, null]}'", pa.string(), '{"a":[1,2.5,null]}', '{"a":[1,2.5,null]}'),
    (
        "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'",
        pa.string(), "12151fd2-7586-11e9-8f9e-2a86e4085a59", "12151fd2-7586-11e9-8f9e-2a86e4085a59",
    ),
    ("IPADDRESS '2001:db8::1'", pa.string(), "2001:db8::1", "2001:db8::1"),
    ("ARRAY[1.5, NULL]", pa.list_(pa.decimal128(2, 1)), [Decimal("1.5"), None], ["1.5", None]),
    ("CAST(ARRAY[] AS array(double))", pa.list_(pa.float64()), [], []),
    ("ARRAY[ARRAY[nan()]]", pa.list_(pa.list_(pa.float64())), [[math.nan]], [["NaN"]]),
    (
        "MAP(ARRAY['k'], ARRAY[TIMESTAMP '2026-07-01 12:00:00'])",
        pa.map_(pa.string(), pa.timestamp("s")), [("k", NOON)], {"k": "2026-07-01 12:00:00"},
    ),
    ("MAP(ARRAY[BIGINT '-7'], ARRAY[X'61'])", pa.map_(pa.int64(), pa.binary()), [(-7, b"a")], {"-7": "YQ=="}),
    ("MAP(ARRAY[DOUBLE '1.0E10'], ARRAY[true])", pa.map_(pa.float64(), pa.bool_()), [(1e10, True)], {"1.0E10": True}),
    ("MAP(ARRAY[X'6162FF'], ARRAY[1])", pa.map_(pa.binary(), pa.int32()), [(b"ab\xff", 1)], {"YWL/": 1}),
    (
        "MAP(ARRAY[DECIMAL '1.50'], ARRAY[1])",
        pa.map_(pa.decimal128(3, 2), pa.int32()), [(Decimal("1.50"), 1)], {"1.50": 1},
    ),
    (
        "MAP(ARRAY[DATE '2026-07-01'], ARRAY[1])",
        pa.map_(pa.date32(), pa.int32()), [(NOON - DAY // 2, 1)], {"2026-07-01": 1},
    ),
    ("MAP(ARRAY[ROW(1, 'x')], ARRAY[1])", pa.map_(pa.string(), pa.int32()), [("[1, x]", 1)], {"[1, x]": 1}),
    (
        "CAST(ROW(1, ROW('x', NULL)) AS row(a bigint, \"B c\" row(d varchar, e date)))",
        pa.struct([("a", pa.int64()), ("B c", pa.struct([("d", pa.string()), ("e", pa.date32())]))]),
        {"a": 1, "B c": {"d": "x", "e": None}}, [1, ["x", None]],
    ),
    (
        "ROW(1, 'x')",
        pa.struct([("field0", pa.int32()), ("field1", pa.string())]), {"field0": 1, "field1": "x"}, [1, "x"],
    ),
    ("NULL", pa.null(), None, None),
    ("CAST(NULL AS timestamp(3) with time zone)", pa.timestamp("ms", "UTC"), None, None),
]  # fmt: skip
SQL = "SELECT " + ", ".join(f"{case[0]} AS c{position}" for position, case in enumerate(CASES))


@pytest.fixture(scope="module")
def analyst(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("gobiz-analyst") as client:
        yield client


@pytest.fixture(scope="module")
def answer(analyst: httpx.Client) -> httpx.Response:
    """All types at once, in JSON."""
    answer = analyst.post("/api/queries", json={"sql": SQL, "purpose": PURPOSE})
    assert answer.status_code == 200, answer.text
    return answer


def linked(analyst: httpx.Client, answer: httpx.Response, name: str, query: str = "") -> bytes:
    """The same answer in another format, by its address."""
    other = analyst.get(answer.json()["links"][name] + query)
    assert (other.status_code, other.headers["content-type"]) == (200, NAMES[name].media_type), other.text
    return other.content


def same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right)


@pytest.mark.parametrize("name", ["arrow", "parquet"])
def test_every_type_is_exact_in_arrow_and_parquet(analyst: httpx.Client, answer: httpx.Response, name: str) -> None:
    body = linked(analyst, answer, name)
    table = pa.ipc.open_stream(body).read_all() if name == "arrow" else pq.read_table(io.BytesIO(body))

    for column, (asked, type_, value, _) in zip(table.columns, CASES, strict=True):
        # Parquet has no seconds: it keeps milliseconds
        assert name == "parquet" or column.type == type_, asked
        assert same(values(column), [value]), asked


def test_every_type_is_as_trino_writes_it_in_json_and_ndjson(analyst: httpx.Client, answer: httpx.Response) -> None:
    lines = [json.loads(line) for line in linked(analyst, answer, "ndjson").split(b"\n")[:-1]]

    assert len(answer.json()["rows"]) == 1
    for cell, line, (asked, _, _, written) in zip(answer.json()["rows"][0], lines[1], CASES, strict=True):
        assert (cell, line) == (written, written), asked


def test_every_type_is_as_trino_writes_it_in_csv(analyst: httpx.Client, answer: httpx.Response) -> None:
    rows = list(csv.reader(io.StringIO(linked(analyst, answer, "csv", "?formulas=raw").decode(), newline="")))

    for cell, (asked, _, _, written) in zip(rows[1], CASES, strict=True):
        text = "" if written is None else written if isinstance(written, str) else None
        assert cell == text or json.loads(cell) == written, asked


def test_a_sketch_is_its_text_everywhere(analyst: httpx.Client) -> None:
    question = {"sql": "SELECT approx_set(1) AS h, tdigest_agg(DOUBLE '1') AS t", "purpose": PURPOSE}
    answer = analyst.post("/api/queries", json=question)

    table = pa.ipc.open_stream(linked(analyst, answer, "arrow")).read_all()

    assert [list(row.values()) for row in table.to_pylist()] == answer.json()["rows"]


def test_duckdb_reads_the_parquet_of_a_ports_rows(analyst: httpx.Client, tmp_path: Any) -> None:
    sql = "SELECT port_unlocode, ata_berth_utc, teu_capacity FROM california.freight.vessel_calls"
    answer = analyst.post("/api/queries", json={"sql": sql, "purpose": PURPOSE})
    (tmp_path / "calls.parquet").write_bytes(linked(analyst, answer, "parquet"))

    found = duckdb.sql(
        f"SELECT count(*), min(ata_berth_utc), sum(teu_capacity) FROM '{tmp_path}/calls.parquet'"
    ).fetchone()

    rows = answer.json()["rows"]
    earliest = min(row[1] for row in rows if row[1] is not None)
    assert found is not None
    assert (found[0], str(found[1])[:19]) == (len(rows), earliest[:19])
    assert int(found[2]) == sum(row[2] for row in rows if row[2] is not None)


def test_the_python_client_speaks_both_ways_to_the_gateway(stack: Stack) -> None:
    portgate = Portgate.at(
        stack.url, token=stack.token("gobiz-analyst"), purpose=PURPOSE, verify=str(Home(stack.home).ca_file)
    )
    sql = "SELECT port_unlocode, count(*) AS calls FROM vessel_calls GROUP BY 1 ORDER BY 1"

    cursor = portgate.connect().cursor()
    rows = [tuple(row) for row in cursor.execute(sql).fetchall()]
    result = portgate.query(sql, quiet=True)

    assert [tuple(row.values()) for row in result.to_arrow().to_pylist()] == rows
    assert len(cursor.warnings) == len(result.notices) > 0


def test_sqlalchemy_takes_the_engine_and_the_url(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # for a URL's session they would overrule `verify`
        monkeypatch.delenv(name, raising=False)
    portgate = Portgate.at(
        stack.url, token=stack.token("gobiz-analyst"), purpose=PURPOSE, verify=str(Home(stack.home).ca_file)
    )
    sql = sqlalchemy.text("SELECT count(*) FROM vessel_calls WHERE port_unlocode = :port")

    by_url = sqlalchemy.create_engine(portgate.sqlalchemy_url(), connect_args={"http_scheme": "https"})

    for engine in (portgate.engine(), by_url):
        with engine.connect() as connection:
            assert connection.execute(sql, {"port": "USOAK"}).scalar_one() > 0
        engine.dispose()
        shown = [line for line in capsys.readouterr().err.splitlines() if line.startswith("notice: ")]
        assert bool(shown) == (engine is not by_url), "only our own engine shows them"


def test_a_failure_names_what_failed(stack: Stack) -> None:
    from trino.exceptions import TrinoUserError

    portgate = Portgate.at(
        stack.url, token=stack.token("public"), purpose=PURPOSE, verify=str(Home(stack.home).ca_file)
    )

    with pytest.raises(TrinoUserError, match="consignee_name"):
        portgate.query("SELECT consignee_name FROM container_moves")
    with pytest.raises(TrinoUserError, match="consignee_name"):
        portgate.connect().cursor().execute("SELECT consignee_name FROM container_moves").fetchall()
