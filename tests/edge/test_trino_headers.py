"""Headers of Trino's clients: what a session is made of, what is refused, and what is not believed."""

from __future__ import annotations

import base64
import random
from urllib.parse import quote_plus

import pytest
import zstandard

from gateway.conversation import Change, Session
from gateway.edge.trino_headers import MAX_STATEMENT_BYTES, Heard, change_headers, prepared_text, read_headers
from gateway.errors import BadRequest
from tests.edge.stand_in import ANALYST

LONG = "SELECT ? AS " + "a_rather_long_name_" * 300


def heard(*headers: tuple[str, str]) -> Heard:
    """What the headers say when the analyst sends them."""
    return read_headers([(f"x-trino-{name}".encode(), value.encode("latin-1")) for name, value in headers], ANALYST)


def test_a_session_is_read_as_trino_reads_it() -> None:
    said = heard(
        ("user", "gobiz-analyst"),
        ("source", "trino-cli"),
        ("catalog", "California"),
        ("schema", "freight"),
        ("time-zone", "America/Los_Angeles"),
        ("language", "en-US-u-va-posix"),
        ("client-tags", "a, purpose=freight_resilience,"),
        ("client-tags", "b"),
        ("client-capabilities", "PATH,PARAMETRIC_DATETIME,number,FUTURE"),
        ("session", ""),
        ("session", "portgate.purpose=a%20b,portgate.partial=true"),
        ("session", "query_max_run_time=1h"),
        ("prepared-statement", "statement1=SELECT+%3F%2C+%27a%2Cb%3Dc%27, st%2B2=SELECT%202"),
        ("transaction-id", "NONE"),
        ("query-data-encoding", "json+zstd,json"),
        ("trace-token", "x"),
        ("something-new", "x"),
    )

    assert said == Heard(
        Session(
            catalog="california",
            schema="freight",
            time_zone="America/Los_Angeles",
            language="en-US-u-va-posix",
            source="trino-cli",
            tags=("a", "purpose=freight_resilience", "b"),
            capabilities=frozenset({"PATH", "PARAMETRIC_DATETIME", "NUMBER"}),
            properties={"portgate.purpose": "a b", "portgate.partial": "true", "query_max_run_time": "1h"},
            prepared={"statement1": "SELECT ?, 'a,b=c'", "st+2": "SELECT 2"},
            transaction="",
        )
    )


def test_a_client_that_says_nothing_has_a_session_all_the_same() -> None:
    assert heard() == Heard(Session(capabilities=frozenset()))


def test_whoever_would_ask_as_another_user_is_not_believed_and_told_so() -> None:
    [notice] = heard(("user", "admin"), ("original-user", "gobiz-analyst")).notices

    assert notice.code == "user_ignored"
    assert "gobiz-analyst" in notice.message
    assert "admin" not in notice.message
    assert heard(("user", "gobiz-analyst"), ("original-user", "somebody")).notices == ()


def test_the_name_of_a_machines_user_that_clients_send_by_default_is_nothing_to_be_told_of() -> None:
    assert heard(("user", "root")).notices == ()
    assert heard(("user", "root"), ("original-user", "root")).notices == ()


@pytest.mark.parametrize("name", ["role", "original-roles", "path", "resource-estimate", "extra-credential"])
def test_what_has_no_meaning_here_is_ignored_and_told(name: str) -> None:
    [notice] = heard((name, "system=ROLE{admin}")).notices

    assert notice.code == "header_ignored"
    assert "ROLE" not in notice.message
    assert heard((name, "")).notices == ()


@pytest.mark.parametrize(
    "name",
    "user original-user source catalog schema path time-zone language trace-token transaction-id client-info".split(),
)
def test_a_header_that_may_stand_once_does_not_stand_twice(name: str) -> None:
    value = {"time-zone": "UTC", "schema": "s", "language": "en"}.get(name, "x")
    rest = [("catalog", "c")] if name == "schema" else []

    with pytest.raises(BadRequest, match="2 times"):
        heard(*rest, (name, value), (name, value))
    heard(*rest, (name, value))


@pytest.mark.parametrize(
    "header",
    [
        ("schema", "freight"),
        ("time-zone", "Mars/Olympus"),
        ("time-zone", "+15:00"),
        ("time-zone", "UTC; DROP"),
        ("time-zone", "../../etc/passwd"),
        ("language", "en_US"),
        ("language", "x" * 9),
        ("session", "no_value"),
        ("session", "=1"),
        ("session", "a b=1"),
        ("session", "a.b.c=1"),
        ("session", "a=%FF"),
        ("session", "a=1,A=2"),
        ("prepared-statement", "nothing"),
        ("prepared-statement", "p=%24zstd%3A!!"),
        ("prepared-statement", "p=%24zstd%3AAAAA"),
        ("prepared-statement", "p=%C3%28"),
        ("transaction-id", "a b"),
        ("catalog", "x" * 300),
    ],
)
def test_what_cannot_be_read_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match="X-Trino"):
        heard(header)


@pytest.mark.parametrize(
    ("sent", "read"),
    [("", "UTC"), ("Z", "UTC"), ("UTC", "UTC"), ("GMT+1", "+01:00"), ("-08:00", "-08:00"), ("Asia/Kolkata",) * 2],
)
def test_time_zones_of_all_clients_are_known(sent: str, read: str) -> None:
    assert heard(("time-zone", sent)).session.time_zone == read


@pytest.mark.parametrize("padding", [True, False])
def test_a_compressed_statement_is_read(padding: bool) -> None:
    packed = base64.urlsafe_b64encode(zstandard.ZstdCompressor().compress(LONG.encode())).decode()
    value = "$zstd:" + (packed if padding else packed.rstrip("="))

    assert heard(("prepared-statement", f"p={quote_plus(value)}")).session.prepared == {"p": LONG}


def test_a_bomb_in_a_statement_stays_small() -> None:
    bomb = base64.urlsafe_b64encode(zstandard.ZstdCompressor().compress(b"\0" * (64 << 20))).decode()
    largest = base64.urlsafe_b64encode(zstandard.ZstdCompressor().compress(b"x" * MAX_STATEMENT_BYTES)).decode()

    with pytest.raises(BadRequest, match="too long"):
        prepared_text(f"$zstd:{bomb}")
    assert len(prepared_text(f"$zstd:{largest}")) == MAX_STATEMENT_BYTES


def test_a_long_statement_goes_out_compressed_and_comes_back_as_it_was() -> None:
    [(name, value)] = change_headers(Change(added_prepare={"p": LONG}))

    assert name == b"x-trino-added-prepare"
    assert value.startswith(b"p=%24zstd%3A")
    assert len(value) < 300
    assert heard(("prepared-statement", value.decode())).session.prepared == {"p": LONG}


def test_a_statement_that_no_client_could_keep_is_refused() -> None:
    noise = random.Random(7).randbytes(60_000).hex()  # noqa: S311 - it draws tests

    with pytest.raises(BadRequest, match="too long"):
        change_headers(Change(added_prepare={"p": noise}))


def test_a_session_that_changes_nothing_has_no_headers() -> None:
    assert change_headers(Change()) == []
