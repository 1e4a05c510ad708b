"""Programs about connections: prepared statements, sessions, logins, transactions and limits."""

from __future__ import annotations

from typing import Any

import trino
from trino.transaction import IsolationLevel

from tests.conformance.listed import ENDLESS, THREE, attempt, program, with_cursor
from tests.conformance.sides import Raised, Seen, Side, run

# --- prepared statements --------------------------------------------------------------------------------------------


@with_cursor
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


@with_cursor
def a_prepared_statement_is_replaced_by_the_next_of_its_name(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1 AS v")
    run(cursor, "PREPARE p FROM SELECT 2 AS v")
    return run(cursor, "EXECUTE p")


@with_cursor
def names_of_prepared_statements_may_be_quoted(cursor: Any) -> object:
    return [
        run(cursor, 'PREPARE "Big Name" FROM SELECT 3 AS v'),
        run(cursor, 'EXECUTE "Big Name"'),
        run(cursor, 'DEALLOCATE PREPARE "Big Name"'),
    ]


def _named(seen: Seen | Raised) -> object:
    """Names and rows alone: how long Trino's texts can get depends on what stands in them this once."""
    return seen if isinstance(seen, Raised) or seen.columns is None else [[c[0] for c in seen.columns], seen.rows]


@with_cursor
def describe_input(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT v FROM (VALUES 1) AS t (v) WHERE v = ? AND length(?) > 1 AND ? LIKE 'a'")
    return _named(run(cursor, "DESCRIBE INPUT p"))


@with_cursor
def describe_input_without_parameters(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1")
    return _named(run(cursor, "DESCRIBE INPUT p"))


@with_cursor
def describe_output(cursor: Any) -> object:
    run(cursor, "PREPARE p FROM SELECT 1 AS a, 'x', CAST(? AS timestamp(6)) AS t")
    return _named(run(cursor, "DESCRIBE OUTPUT p"))


@with_cursor
def execute_immediate(cursor: Any) -> object:
    return [
        run(cursor, "EXECUTE IMMEDIATE 'SELECT 1 AS a'"),
        run(cursor, "EXECUTE IMMEDIATE 'SELECT ? AS a, ''it''''s'' AS b' USING ARRAY[1, 2]"),
        run(cursor, "EXECUTE IMMEDIATE 'SELECT ?' USING 1, 2"),
        run(cursor, "EXECUTE IMMEDIATE 'SELEC'"),
    ]


@with_cursor
def a_long_prepared_statement(cursor: Any) -> object:
    long = ", ".join(f"{number} AS column_{number}" for number in range(200))
    return [run(cursor, f"PREPARE p FROM SELECT {long}"), run(cursor, "EXECUTE p")]


# --- sessions -------------------------------------------------------------------------------------------------------


@with_cursor
def set_and_reset_session(cursor: Any) -> object:
    session = cursor.connection._client_session
    seen: list[object] = [run(cursor, "SET SESSION query_max_run_time = '10m'"), cursor.update_type]
    seen.append(dict(session.properties))
    seen += [run(cursor, "RESET SESSION query_max_run_time"), cursor.update_type, dict(session.properties)]
    return seen


@with_cursor
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


@with_cursor
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
    return attempt(lambda: run(side.connect(http_headers={"X-Trino-User": "other"}).cursor(), THREE))


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
        return attempt(lambda: cursor.execute(THREE).fetchall())


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
    return attempt(lambda: side.connect(http_scheme="http"))


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
    return [*seen, connection.transaction, attempt(connection.rollback)]


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
        return [connection.transaction, connection.commit(), attempt(connection.rollback)]


@with_cursor
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
