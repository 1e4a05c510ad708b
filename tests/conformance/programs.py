"""Short programs, each as the client's documentation would have it; what they see must be the same on both sides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import trino
from trino.transaction import IsolationLevel

from tests.conformance.sides import Play, Raised, Seen, Side, raised, run

PROGRAMS: dict[str, Play] = {}

THREE = "SELECT v FROM (VALUES 1, 2, 3) AS t (v) ORDER BY v"
MANY = "SELECT n, rpad('', 100, 'x') AS t FROM TABLE(sequence(1, 30000)) AS s (n)"
ENDLESS = "SELECT count(*) FROM TABLE(sequence(1, 1000000000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 1000)) AS b (y)"


def program(play: Play) -> Play:
    """List a program under its name."""
    PROGRAMS[play.__name__] = play
    return play


def _with_cursor(body: Callable[[Any], object]) -> Play:
    def play(side: Side) -> object:
        with side.connect() as connection:
            return body(connection.cursor())

    play.__name__ = body.__name__
    return program(play)


def _attempt(act: Callable[[], object]) -> object:
    try:
        return act()
    except Exception as error:
        return raised(error)


# --- reading rows ---------------------------------------------------------------------------------------------------


@_with_cursor
def fetchone_row_by_row_and_none_at_the_end(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchone() for _ in range(5)]


@_with_cursor
def fetchmany_takes_one_row_by_default(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.arraysize, cursor.fetchmany(), cursor.fetchmany()]


@_with_cursor
def fetchmany_takes_as_many_as_there_are(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchmany(2)]


@_with_cursor
def fetchmany_takes_arraysize_rows(cursor: Any) -> object:
    cursor.arraysize = 2
    cursor.execute(THREE)
    return [cursor.fetchmany(), cursor.fetchmany()]


@_with_cursor
def fetchall_after_fetchone_gives_the_rest(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchone(), cursor.fetchall(), cursor.fetchall()]


@_with_cursor
def a_cursor_is_an_iterator(cursor: Any) -> object:
    cursor.execute(THREE)
    return [row for row in cursor]


@_with_cursor
def execute_gives_the_cursor(cursor: Any) -> object:
    return cursor.execute(THREE) is cursor


@_with_cursor
def genall_gives_the_rows(cursor: Any) -> object:
    cursor.execute(THREE)
    return list(cursor.genall())


@_with_cursor
def fetchone_before_execute(cursor: Any) -> object:
    return _attempt(cursor.fetchone)


@_with_cursor
def a_cursor_asks_one_statement_after_the_other(cursor: Any) -> object:
    return [run(cursor, sql) for sql in ("SELECT 1 AS a", "SELECT 'x' AS b", "SELECT 2 AS c WHERE false", THREE)]


@_with_cursor
def a_cursor_works_on_after_a_fault(cursor: Any) -> object:
    return [run(cursor, "SELECT nope"), run(cursor, "SELECT 1 AS a")]


@_with_cursor
def a_statement_may_be_left_half_read(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    return [cursor.fetchmany(3), run(cursor, "SELECT 1 AS a")]


@program
def two_cursors_of_one_connection_read_in_turn(side: Side) -> object:
    with side.connect() as connection:
        one, other = connection.cursor(), connection.cursor()
        one.execute(THREE)
        other.execute("VALUES 7")
        return [one.fetchone(), other.fetchone(), one.fetchone(), other.fetchone(), one.fetchone()]


@_with_cursor
def many_pages_come_whole_and_in_order(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    rows = cursor.fetchall()
    return [len(rows), rows[0], rows[-1], all(row[0] == place for place, row in enumerate(rows, 1))]


# --- what a cursor says of its statement ----------------------------------------------------------------------------


@_with_cursor
def nothing_is_known_before_execute(cursor: Any) -> object:
    return [
        cursor.description, cursor.rowcount, cursor.stats, cursor.query_id, cursor.query, cursor.warnings,
        cursor.info_uri, cursor.update_type,
    ]  # fmt: skip


@_with_cursor
def description_is_there_before_a_row_is_fetched(cursor: Any) -> object:
    cursor.execute(THREE)
    return cursor.description


@_with_cursor
def description_tells_lengths_precisions_and_scales(cursor: Any) -> object:
    cursor.execute(
        "SELECT CAST('a' AS varchar(7)) AS v, CAST('a' AS char(3)) AS c, DECIMAL '1.25' AS d, "
        "TIMESTAMP '2026-01-01 00:00:00.1234' AS t, TIME '01:02:03.12' AS u, "
        "TIMESTAMP '2026-01-01 00:00:00.1 UTC' AS z, TIME '01:02:03.1 +01:00' AS w, 1 AS n, CAST('a' AS varchar) AS x"
    )
    cursor.fetchall()
    return [(c.name, c.type_code, c.internal_size, c.precision, c.scale, c.null_ok) for c in cursor.description]


@_with_cursor
def description_stays_after_the_last_row(cursor: Any) -> object:
    cursor.execute(THREE)
    before = cursor.description
    cursor.fetchall()
    return before == cursor.description


@_with_cursor
def rowcount_is_not_known_of_a_query(cursor: Any) -> object:
    cursor.execute(THREE)
    before = cursor.rowcount
    cursor.fetchall()
    return [before, cursor.rowcount, cursor.update_type, hasattr(cursor, "lastrowid")]


@_with_cursor
def the_query_is_its_text(cursor: Any) -> object:
    cursor.execute(THREE)
    return cursor.query


@_with_cursor
def the_query_id_is_one_id_from_first_to_last(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    first = cursor.query_id
    cursor.fetchall()
    return [bool(first), first == cursor.query_id, cursor.stats["queryId"] == first, "/" in first, " " in first]


@_with_cursor
def the_info_uri_is_on_the_server_that_was_asked(cursor: Any) -> object:
    cursor.execute("SELECT 1")
    connection = cursor.connection
    return [
        cursor.info_uri.startswith(f"https://127.0.0.1:{connection.port}/"),
        cursor.query_id in cursor.info_uri,
    ]


@_with_cursor
def stats_end_as_finished(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return [cursor.stats["state"], cursor.stats["scheduled"], cursor.stats["queued"]]


@_with_cursor
def stats_have_the_same_fields(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return {name: type(value).__name__ for name, value in sorted(cursor.stats.items()) if name != "rootStage"}


@_with_cursor
def a_plain_query_has_no_warnings(cursor: Any) -> object:
    cursor.execute("SELECT 1")
    cursor.fetchall()
    return cursor.warnings


@program
def stats_are_called_back_at_every_poll(side: Side) -> object:
    calls: list[dict[str, Any]] = []
    with side.connect() as connection:
        cursor = connection.cursor(stats_callback=calls.append)
        cursor.execute(THREE)
        cursor.fetchall()
        return [len(calls) > 1, calls[-1]["state"], {c["queryId"] for c in calls} == {cursor.query_id}]


@_with_cursor
def setinputsizes_is_not_supported(cursor: Any) -> object:
    return [_attempt(lambda: cursor.setinputsizes([1])), _attempt(lambda: cursor.setoutputsize(1, 1))]


# --- closing and cancelling -----------------------------------------------------------------------------------------


@_with_cursor
def cancel_before_execute_does_nothing(cursor: Any) -> object:
    return cursor.cancel()


@_with_cursor
def cancel_after_the_last_row_does_nothing(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return cursor.cancel()


def _stopped_while_it_runs(cursor: Any, stop: Callable[[], object]) -> object:
    """Stop a statement from another thread than the one that waits for it, as a notebook does."""
    waiting = threading.Thread(target=lambda: _attempt(lambda: cursor.execute(ENDLESS)), daemon=True)
    waiting.start()
    while cursor.query_id is None:
        time.sleep(0.01)
    told = stop()
    waiting.join(timeout=30)
    return [told, waiting.is_alive()]


@_with_cursor
def a_running_query_can_be_cancelled(cursor: Any) -> object:
    return [_stopped_while_it_runs(cursor, cursor.cancel), run(cursor, "SELECT 1 AS a")]


@_with_cursor
def a_half_read_query_can_be_cancelled(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    rows = cursor.fetchmany(5)
    cursor.cancel()
    return [len(rows), run(cursor, "SELECT 1 AS a")]


@_with_cursor
def close_cancels_and_may_be_called_again(cursor: Any) -> object:
    return [_stopped_while_it_runs(cursor, cursor.close), cursor.close()]


@program
def a_cursor_is_a_context(side: Side) -> object:
    with side.connect() as connection, connection.cursor() as cursor:
        return run(cursor, THREE)


@program
def a_connection_is_a_context(side: Side) -> object:
    with side.connect() as connection:
        return [connection.cursor().execute("SELECT 1").fetchall(), connection.transaction]


@program
def a_connection_can_be_closed(side: Side) -> object:
    connection = side.connect()
    connection.cursor().execute("SELECT 1").fetchall()
    return connection.close()


# --- executemany, describe ------------------------------------------------------------------------------------------


@_with_cursor
def executemany_wants_statements_that_change_something(cursor: Any) -> object:
    return _attempt(lambda: cursor.executemany("SELECT ?", [(1,), (2,)]))


@_with_cursor
def executemany_of_one_is_execute(cursor: Any) -> object:
    cursor.executemany("SELECT ? AS v", [(1,)])
    return cursor.fetchall()


@_with_cursor
def executemany_of_none_is_execute(cursor: Any) -> object:
    cursor.executemany("SELECT 1 AS v", [])
    return cursor.fetchall()


@_with_cursor
def parameters_must_be_a_list_or_a_tuple(cursor: Any) -> object:
    return [
        _attempt(lambda: cursor.execute("SELECT ?", {"a": 1})),
        _attempt(lambda: cursor.execute("SELECT ?", "ab")),
        _attempt(lambda: cursor.execute("SELECT ?", [object()])),
    ]


@_with_cursor
def describe_tells_the_columns(cursor: Any) -> object:
    described = cursor.describe("SELECT 1 AS a, 'x' AS b, DECIMAL '1.5' AS c, v FROM (VALUES ARRAY[1]) AS t (v)")
    return [(one.name, one.catalog, one.schema, one.table, one.type, one.aliased) for one in described]


@_with_cursor
def describe_tells_the_sizes_of_types(cursor: Any) -> object:
    described = cursor.describe("SELECT 1, BIGINT '1', true, 1e0, 'x', DATE '2026-01-01', DECIMAL '1.5', CHAR 'a'")
    return [(one.name, one.type, one.type_size) for one in described]


@_with_cursor
def describe_of_a_text_with_parameters(cursor: Any) -> object:
    return [(one.name, one.type) for one in cursor.describe("SELECT ? AS a, 1 AS b")]


@_with_cursor
def describe_of_a_wrong_text(cursor: Any) -> object:
    return [
        _attempt(lambda: cursor.describe("SELEC 1")),
        _attempt(lambda: cursor.describe("SELECT nope FROM (VALUES 1) AS t (v)")),
    ]


# --- prepared statements --------------------------------------------------------------------------------------------


@_with_cursor
def prepare_execute_deallocate(cursor: Any) -> object:
    return [
        run(cursor, "PREPARE p FROM SELECT ? + 1 AS v"),
        cursor.update_type,
        run(cursor, "EXECUTE p USING 5"),
        run(cursor, "EXECUTE p USING 6"),
        run(cursor, "DEALLOCATE PREPARE p"),
        cursor.update_type,
        run(cursor, "EXECUTE p USING 7"),
    ]


@program
def a_prepared_statement_is_known_to_its_connection_alone(side: Side) -> object:
    with side.connect() as connection, side.connect() as other:
        run(connection.cursor(), "PREPARE p FROM SELECT 1 AS v")
        return [
            sorted(connection._client_session.prepared_statements),
            run(connection.cursor(), "EXECUTE p"),
            run(other.cursor(), "EXECUTE p"),
        ]


@_with_cursor
def a_prepared_statement_is_replaced_by_the_next_of_its_name(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1 AS v")
    run(cursor, "PREPARE p FROM SELECT 2 AS v")
    return run(cursor, "EXECUTE p")


@_with_cursor
def names_of_prepared_statements_may_be_quoted(cursor: Any) -> object:
    return [
        run(cursor, 'PREPARE "Big Name" FROM SELECT 3 AS v'),
        run(cursor, 'EXECUTE "Big Name"'),
        run(cursor, 'DEALLOCATE PREPARE "Big Name"'),
    ]


def _named(seen: Seen | Raised) -> object:
    """Names and rows alone: how long Trino's texts can get depends on what stands in them this once."""
    return seen if isinstance(seen, Raised) or seen.columns is None else [[c[0] for c in seen.columns], seen.rows]


@_with_cursor
def describe_input(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT v FROM (VALUES 1) AS t (v) WHERE v = ? AND length(?) > 1 AND ? LIKE 'a'")
    return _named(run(cursor, "DESCRIBE INPUT p"))


@_with_cursor
def describe_input_without_parameters(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1")
    return _named(run(cursor, "DESCRIBE INPUT p"))


@_with_cursor
def describe_output(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1 AS a, 'x', CAST(? AS timestamp(6)) AS t")
    return _named(run(cursor, "DESCRIBE OUTPUT p"))


@_with_cursor
def execute_immediate(cursor: Any) -> object:
    return [
        run(cursor, "EXECUTE IMMEDIATE 'SELECT 1 AS a'"),
        run(cursor, "EXECUTE IMMEDIATE 'SELECT ? AS a, ''it''''s'' AS b' USING ARRAY[1, 2]"),
        run(cursor, "EXECUTE IMMEDIATE 'SELECT ?' USING 1, 2"),
        run(cursor, "EXECUTE IMMEDIATE 'SELEC'"),
    ]


@_with_cursor
def a_long_prepared_statement(cursor: Any) -> object:
    long = ", ".join(f"{number} AS column_{number}" for number in range(200))
    return [run(cursor, f"PREPARE p FROM SELECT {long}"), run(cursor, "EXECUTE p")]


# --- sessions -------------------------------------------------------------------------------------------------------


@_with_cursor
def set_and_reset_session(cursor: Any) -> object:
    session = cursor.connection._client_session
    seen: list[object] = [run(cursor, "SET SESSION query_max_run_time = '10m'"), cursor.update_type]
    seen.append(dict(session.properties))
    seen += [run(cursor, "RESET SESSION query_max_run_time"), cursor.update_type, dict(session.properties)]
    return seen


@_with_cursor
def a_value_of_a_property_may_hold_anything(cursor: Any) -> object:
    return [
        run(cursor, "SET SESSION time_zone_id = 'America/Los_Angeles'"),
        dict(cursor.connection._client_session.properties),
        run(cursor, "SELECT CAST(TIMESTAMP '2026-07-01 12:00:00 UTC' AS timestamp) AS t"),
    ]


@program
def properties_of_the_connection_hold_from_the_start(side: Side) -> object:
    with side.connect(session_properties={"query_max_run_time": "10m"}) as connection:
        return run(connection.cursor(), THREE)


@program
def a_property_of_the_connection_that_is_not_there(side: Side) -> object:
    connection = side.connect(session_properties={"nope": "1"})
    return run(connection.cursor(), THREE)


@_with_cursor
def set_time_zone(cursor: Any) -> object:
    moment = "SELECT CAST(TIMESTAMP '2026-07-01 12:00:00 UTC' AS timestamp) AS t"
    return [
        run(cursor, "SET TIME ZONE 'Asia/Kolkata'"),
        run(cursor, moment),
        run(cursor, "SET TIME ZONE INTERVAL '-8' HOUR"),
        run(cursor, moment),
        run(cursor, "SET TIME ZONE LOCAL"),
        run(cursor, moment),
    ]


@program
def the_time_zone_of_the_connection(side: Side) -> object:
    zones = ("UTC", "America/Los_Angeles", "Europe/Brussels", "Asia/Kathmandu")
    sql = (
        "SELECT CAST(TIMESTAMP '2026-07-01 12:00:00' AS timestamp(3) with time zone) AS z, "
        "CAST(TIMESTAMP '2026-07-01 12:00:00 UTC' AS timestamp) AS t, "
        "CAST(DATE '2026-07-01' AS timestamp with time zone)"
    )
    seen = []
    for zone in zones:
        with side.connect(timezone=zone) as connection:
            seen.append(run(connection.cursor(), sql))
    return seen


@program
def tags_source_and_headers(side: Side) -> object:
    with side.connect(
        client_tags=["one", "two"], source="conformance", http_headers={"X-Trino-Client-Info": "a test"}
    ) as connection:
        return run(connection.cursor(), THREE)


@program
def reserved_headers_cannot_be_given(side: Side) -> object:
    return _attempt(lambda: run(side.connect(http_headers={"X-Trino-User": "other"}).cursor(), THREE))


@program
def roles_none_and_all(side: Side) -> object:
    seen = []
    for roles in ({"system": "NONE"}, {"system": "ALL"}, "ALL"):
        with side.connect(roles=roles) as connection:
            seen.append(run(connection.cursor(), THREE))
    return seen


@program
def extra_credentials_change_nothing(side: Side) -> object:
    with side.connect(extra_credential=[("a.username", "bar"), ("a.password", "f o,o")]) as connection:
        return run(connection.cursor(), THREE)


@program
def encodings_of_the_spooling_protocol(side: Side) -> object:
    seen = []
    for encoding in (None, "json", "json+zstd", ["json+lz4", "json"]):
        with side.connect(encoding=encoding) as connection:
            seen.append(run(connection.cursor(), THREE))
    return seen


@program
def types_in_trinos_own_words(side: Side) -> object:
    sql = "SELECT DECIMAL '1.20' AS d, DATE '-2001-08-22' AS e, TIME '01:02:03.123456789012' AS t, X'00' AS b"
    with side.connect(legacy_primitive_types=True) as connection:
        usual = connection.cursor(legacy_primitive_types=False)
        return [run(connection.cursor(), sql), run(usual, "SELECT DECIMAL '1.20' AS d")]


@program
def the_host_may_be_an_address_of_the_web(side: Side) -> object:
    connection = side.connect(host=f"https://127.0.0.1:{side.tcp_port}", port=None, http_scheme=None)
    return [connection.http_scheme, connection.port == side.tcp_port, run(connection.cursor(), THREE)]


@program
def one_attempt_without_retries(side: Side) -> object:
    with side.connect(max_attempts=1, request_timeout=20) as connection:
        return run(connection.cursor(), THREE)


@program
def a_segment_cursor_reads_rows_too(side: Side) -> object:
    with side.connect(encoding="json") as connection:
        cursor = connection.cursor("segment")
        return _attempt(lambda: cursor.execute(THREE).fetchall())


# --- logging in -----------------------------------------------------------------------------------------------------


@program
def a_wrong_token_is_an_authentication_fault(side: Side) -> object:
    connection = side.connect(auth=trino.auth.JWTAuthentication("eyJhbGciOiJub25lIn0.e30."))
    return run(connection.cursor(), "SELECT 1")


@program
def no_token_is_an_authentication_fault(side: Side) -> object:
    return run(side.connect(auth=None).cursor(), "SELECT 1")


@program
def a_password_is_refused_where_tokens_are_wanted(side: Side) -> object:
    connection = side.connect(auth=trino.auth.BasicAuthentication("user", "password"))
    return run(connection.cursor(), "SELECT 1")


@program
def no_login_without_tls(side: Side) -> object:
    return _attempt(lambda: side.connect(http_scheme="http"))


# --- transactions ---------------------------------------------------------------------------------------------------


@program
def a_transaction_reads_and_commits(side: Side) -> object:
    with side.connect(isolation_level=IsolationLevel.READ_UNCOMMITTED) as connection:
        cursor = connection.cursor()
        seen = [run(cursor, THREE), connection.transaction is not None]
        connection.commit()
        return [*seen, connection.transaction, connection.commit()]


@program
def a_transaction_is_rolled_back(side: Side) -> object:
    connection = side.connect(isolation_level=IsolationLevel.READ_COMMITTED)
    seen = [run(connection.cursor(), THREE)]
    connection.rollback()
    return [*seen, connection.transaction, _attempt(connection.rollback)]


@program
def two_statements_of_one_transaction(side: Side) -> object:
    with side.connect(isolation_level=IsolationLevel.REPEATABLE_READ) as connection:
        one, other = connection.cursor(), connection.cursor()
        return [run(one, "SELECT 1 AS a"), run(other, "SELECT 2 AS a"), one._request.transaction_id is not None]


@program
def a_transaction_after_the_other(side: Side) -> object:
    connection = side.connect(isolation_level=IsolationLevel.SERIALIZABLE)
    seen = []
    for _ in range(2):
        seen.append(run(connection.cursor(), THREE))
        connection.commit()
    connection.close()
    return seen


@program
def autocommit_has_no_transaction(side: Side) -> object:
    with side.connect(isolation_level=IsolationLevel.AUTOCOMMIT) as connection:
        run(connection.cursor(), THREE)
        return [connection.transaction, connection.commit(), _attempt(connection.rollback)]


@_with_cursor
def start_transaction_as_a_statement(cursor: Any) -> object:
    return run(cursor, "START TRANSACTION")


# --- limits ---------------------------------------------------------------------------------------------------------


@program
def a_query_that_runs_too_long_is_stopped(side: Side) -> object:
    with side.connect(session_properties={"query_max_run_time": "1s"}) as connection:
        return run(connection.cursor(), ENDLESS)


@program
def a_client_that_does_not_wait_gives_up(side: Side) -> object:
    return run(side.connect(request_timeout=0.001, max_attempts=1).cursor(), THREE)
