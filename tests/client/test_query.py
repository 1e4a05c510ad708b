"""Answers as Arrow, polars and pandas; what goes wrong as trino's own exceptions; the notices where people see them."""

from __future__ import annotations

import importlib
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest
import requests
from trino.auth import JWTAuthentication
from trino.exceptions import (
    TrinoConnectionError,
    TrinoExternalError,
    TrinoInternalError,
    TrinoQueryError,
    TrinoUserError,
)

from gateway.client import Portgate, query
from gateway.client.errors import problem_of
from gateway.client.place import read_place
from gateway.conversation import Page
from gateway.edge.formats.arrow import Arrow
from gateway.edge.formats.format import Options
from tests.client.conftest import Served
from tests.edge.stand_in import StandInAnswer

ZONED = datetime(2026, 7, 1, 19, 0, 0, 500_000, UTC)


def test_an_answer_is_an_arrow_table_of_exact_types(served: Served) -> None:
    table = served.portgate.query("types", quiet=True).to_arrow()

    assert table.schema.types == [
        pa.int64(),
        pa.decimal128(38, 2),
        pa.timestamp("ms", "UTC"),
        pa.timestamp("ns"),
        pa.list_(pa.float64()),
        pa.struct([("x", pa.int64()), ("y", pa.string())]),
    ]
    row = {
        name: column[0].as_py() for name, column in zip(table.column_names, table.columns, strict=True) if name != "ns"
    }
    assert (row["n"], row["d"], row["t"]) == (2**60 + 1, Decimal("99999999999999999999999999999999999.25"), ZONED)
    assert row["r"] == {"x": 7, "y": "é"}
    assert table.column("ns").cast(pa.int64())[0].as_py() % 10**9 == 123_456_789
    assert [column[1].as_py() for column in table.columns] == [None] * 6


def test_the_purpose_and_the_choice_of_a_partial_answer_are_asked_with(served: Served) -> None:
    portgate = replace(served.portgate, purpose="emissions_reduction", partial=True)

    assert portgate.query("who").to_arrow().to_pylist() == [{"port": "emissions_reduction", "teu": 1}]
    assert served.portgate.query("who").to_arrow().to_pylist() == [{"port": "freight_resilience", "teu": 0}]


def test_polars_reads_an_answer(served: Served) -> None:

    frame = served.portgate.query("types", quiet=True).to_polars()

    assert frame.schema["d"] == polars.Decimal(38, 2)
    assert frame.schema["ns"] == polars.Datetime("ns")
    assert frame["n"][0] == 2**60 + 1
    assert frame["t"][0] == ZONED


def test_pandas_reads_an_answer_and_whole_numbers_stay_whole_beside_null(served: Served) -> None:

    frame = served.portgate.query("types", quiet=True).to_pandas()

    assert frame["n"][0] == 2**60 + 1
    assert pandas.isna(frame["n"][1])
    assert frame["d"][0] == Decimal("99999999999999999999999999999999999.25")


def test_a_link_of_an_answer_is_read_by_other_tools(served: Served) -> None:
    links = served.portgate.query("types", quiet=True).links
    assert len(links) == 5

    def body(media_type: str) -> bytes:
        headers = {"Authorization": f"Bearer {served.token}"}
        return requests.get(links[media_type], headers=headers, verify=served.authority, timeout=60).content

    frame = polars.read_ipc_stream(body("application/vnd.apache.arrow.stream"))
    assert frame["n"][0] == 2**60 + 1
    table = pa.ipc.open_stream(body("application/vnd.apache.arrow.stream")).read_all()
    found = duckdb.connect().from_arrow(table).project("n, d, r.y").fetchone()
    assert found == (2**60 + 1, Decimal("99999999999999999999999999999999999.25"), "é")


def test_an_answer_that_stands_in_no_log_has_no_receipt(served: Served) -> None:
    with served.portgate.query("none", quiet=True) as result, pytest.raises(ValueError, match="no receipt"):
        result.receipt()


def test_pages_can_be_read_one_by_one_and_once_only(served: Served) -> None:
    result = served.portgate.query("many", quiet=True)

    assert sum(batch.num_rows for batch in result.batches()) == 50_000
    with pytest.raises(ValueError, match="ask again"):
        next(result.batches())


def test_a_table_that_was_read_is_kept(served: Served) -> None:
    result = served.portgate.query("many", quiet=True)

    assert result.to_arrow() is result.to_arrow()


def test_an_answer_without_rows_has_its_columns(served: Served) -> None:
    table = served.portgate.query("none").to_arrow()

    assert (table.num_rows, table.column_names) == (0, ["port", "teu"])


def test_the_notices_are_shown_on_standard_error_unless_it_is_to_be_quiet(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    result = served.portgate.query("many")
    told = capsys.readouterr()
    served.portgate.query("many", quiet=True)

    assert [notice["code"] for notice in result.notices] == ["column_masked", "port_not_sharing"]
    assert told.out == ""
    assert told.err.splitlines() == [
        "notice: los_angeles freight.container_events container_no: shown masked (keyed hash)",
        "notice: oakland freight.container_events: shares nothing of it with you — ask Zoë",
    ]
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    """Standard error of somebody who looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [True, False])
def test_who_looks_on_sees_how_much_has_come(served: Served, monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    served.portgate.query("many", quiet=quiet).to_arrow()

    assert ("50,000 rows, 1.1 MB" in terminal.getvalue()) is not quiet


@pytest.mark.parametrize(
    ("sql", "kind", "name", "words"),
    [
        ("denied", TrinoUserError, "PERMISSION_DENIED", "no agreement lets you use consignee_name (ask the port)"),
        ("not parsed", TrinoUserError, "SYNTAX_ERROR", "this is no SQL"),
        ("port is dead", TrinoExternalError, "PORT_UNAVAILABLE", "no answer from the database of: oakland"),
        ("broken", TrinoInternalError, "GENERIC_INTERNAL_ERROR", "One of the gateway's own checks failed"),
    ],
)
def test_a_refusal_is_trinos_own_exception(
    served: Served, sql: str, kind: type[TrinoQueryError], name: str, words: str
) -> None:
    with pytest.raises(kind) as refused:
        served.portgate.query(sql)

    assert refused.value.error_name == name
    assert words in refused.value.message
    assert problem_of(refused.value)["detail"] in refused.value.message


def test_an_error_in_a_query_has_its_place(served: Served) -> None:
    with pytest.raises(TrinoUserError) as refused:
        served.portgate.query("not parsed")

    assert refused.value.error_location == (1, 5)


def test_a_failure_midway_raises_what_went_wrong_and_gives_no_table(served: Served) -> None:
    result = served.portgate.query("fails late", quiet=True)

    with pytest.raises(TrinoUserError, match="division by zero"):
        result.to_arrow()
    with pytest.raises(ValueError, match="ask again"):
        result.to_arrow()


def test_a_wrong_token_is_refused(served: Served) -> None:
    with pytest.raises(TrinoUserError, match="PERMISSION_DENIED"):
        query("who", served.url, token="wrong", verify=served.authority)  # noqa: S106


def test_a_gateway_that_is_not_trusted_is_not_asked(served: Served) -> None:
    with pytest.raises(TrinoConnectionError, match="(?i)certificate"):  # noqa: RUF043
        query("who", served.url, token=served.token)


def test_a_gateway_that_is_not_there_is_named(served: Served) -> None:
    with pytest.raises(TrinoConnectionError, match="no gateway answers at https://127.0.0.1:1 "):  # noqa: RUF043
        query("who", "https://127.0.0.1:1", token=served.token)


# --- answers that break off -----------------------------------------------------------------------------------------


def whole_stream() -> bytes:
    """Three pages."""
    format_ = Arrow(Options())
    answer = StandInAnswer([])
    head = format_.head(answer)
    pages = [format_.page(Page(b'[["Los Angeles",7]]', 1)) for _ in range(3)]
    return head + b"".join(pages) + format_.tail(answer)


@contextmanager
def cut_after(length: int, chunked: bool) -> Iterator[Portgate]:
    """A gateway whose connection breaks off after so many bytes of an answer."""
    body = whole_stream()

    class Cutting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.send_response(200)
            kind = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
            self.send_header(*kind)
            self.end_headers()
            piece = body[:length]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if length >= len(body) and chunked:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = True

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Cutting) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Portgate.at(f"http://127.0.0.1:{server.server_port}", token="t")  # noqa: S106
        server.shutdown()


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_breaks_off_anywhere_is_an_error(chunked: bool) -> None:
    body = whole_stream()
    boundaries = {body.rfind(b"\xff\xff\xff\xff"), len(body) - 1}

    for length in sorted({1, 100, *range(len(body) - 300, len(body), 50), *boundaries}):
        with cut_after(length, chunked) as portgate, pytest.raises(TrinoConnectionError, match="not whole"):
            portgate.query("x", quiet=True).to_arrow()
    with cut_after(len(body), chunked) as portgate:
        assert portgate.query("x", quiet=True).to_arrow().num_rows == 3


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("portgate.example", "https://portgate.example:8443"),
        ("portgate.example:9000", "https://portgate.example:9000"),
        ("https://portgate.example", "https://portgate.example:443"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_address_is_read_as_it_is_meant(text: str, url: str) -> None:
    assert read_place(text).url == url


@pytest.mark.parametrize(
    "text",
    ["", "ftp://x", "http://portgate.example:8080", "https://user@portgate.example", "https://x/path", "https://"],
)
def test_what_is_no_address_or_would_send_a_token_in_the_clear_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="https://HOST:PORT"):
        read_place(text)


def test_a_token_and_an_authentication_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="not both"):
        Portgate.at("portgate.example", token="a", auth=JWTAuthentication("b"))  # noqa: S106


def test_a_token_does_not_show_when_a_portgate_is_printed() -> None:
    assert "secret" not in repr(Portgate.at("portgate.example", token="secret"))  # noqa: S106


def test_a_library_that_is_not_there_is_named(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    result = served.portgate.query("many", quiet=True)
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name == "polars":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr("gateway.client.results.import_module", without)

    with pytest.raises(ImportError, match="pip install polars"):
        result.to_polars()
    assert len(result.to_arrow()) == 50_000
