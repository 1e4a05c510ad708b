"""Programs about cursors: rows, what is said of a statement, closing, and many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.conformance.listed import ENDLESS, MANY, THREE, attempt, program, with_cursor
from tests.conformance.sides import Side, run

# --- reading rows ---------------------------------------------------------------------------------------------------


@with_cursor
def fetchone_row_by_row_and_none_at_the_end(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchone() for _ in range(5)]


@with_cursor
def fetchmany_takes_one_row_by_default(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.arraysize, cursor.fetchmany(), cursor.fetchmany()]


@with_cursor
def fetchmany_takes_as_many_as_there_are(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchmany(2)]


@with_cursor
def fetchmany_takes_arraysize_rows(cursor: Any) -> object:
    cursor.arraysize = 2
    cursor.execute(THREE)
    return [cursor.fetchmany(), cursor.fetchmany()]


@with_cursor
def fetchall_after_fetchone_gives_the_rest(cursor: Any) -> object:
    cursor.execute(THREE)
    return [cursor.fetchone(), cursor.fetchall(), cursor.fetchall()]


@with_cursor
def a_cursor_is_an_iterator(cursor: Any) -> object:
    cursor.execute(THREE)
    return [row for row in cursor]


@with_cursor
def execute_gives_the_cursor(cursor: Any) -> object:
    return cursor.execute(THREE) is cursor


@with_cursor
def genall_gives_the_rows(cursor: Any) -> object:
    cursor.execute(THREE)
    return list(cursor.genall())


@with_cursor
def fetchone_before_execute(cursor: Any) -> object:
    return attempt(cursor.fetchone)


@with_cursor
def a_cursor_asks_one_statement_after_the_other(cursor: Any) -> object:
    return [run(cursor, sql) for sql in ("SELECT 1 AS a", "SELECT 'x' AS b", "SELECT 2 AS c WHERE false", THREE)]


@with_cursor
def a_cursor_works_on_after_a_fault(cursor: Any) -> object:
    return [run(cursor, "SELECT nope"), run(cursor, "SELECT 1 AS a")]


@with_cursor
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


@with_cursor
def many_pages_come_whole_and_in_order(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    rows = cursor.fetchall()
    return [len(rows), rows[0], rows[-1], all(row[0] == place for place, row in enumerate(rows, 1))]


# --- what a cursor says of its statement ----------------------------------------------------------------------------


@with_cursor
def nothing_is_known_before_execute(cursor: Any) -> object:
    return [
        cursor.description, cursor.rowcount, cursor.stats, cursor.query_id, cursor.query, cursor.warnings,
        cursor.info_uri, cursor.update_type,
    ]  # fmt: skip


@with_cursor
def description_is_there_before_a_row_is_fetched(cursor: Any) -> object:
    cursor.execute(THREE)
    return cursor.description


@with_cursor
def description_tells_lengths_precisions_and_scales(cursor: Any) -> object:
    cursor.execute(
        "SELECT CAST('a' AS varchar(7)) AS v, CAST('a' AS char(3)) AS c, DECIMAL '1.25' AS d, "
        "TIMESTAMP '2026-01-01 00:00:00.1234' AS t, TIME '01:02:03.12' AS u, "
        "TIMESTAMP '2026-01-01 00:00:00.1 UTC' AS z, TIME '01:02:03.1 +01:00' AS w, 1 AS n, CAST('a' AS varchar) AS x"
    )
    cursor.fetchall()
    return [(c.name, c.type_code, c.internal_size, c.precision, c.scale, c.null_ok) for c in cursor.description]


@with_cursor
def description_stays_after_the_last_row(cursor: Any) -> object:
    cursor.execute(THREE)
    before = cursor.description
    cursor.fetchall()
    return before == cursor.description


@with_cursor
def rowcount_is_not_known_of_a_query(cursor: Any) -> object:
    cursor.execute(THREE)
    before = cursor.rowcount
    cursor.fetchall()
    return [before, cursor.rowcount, cursor.update_type, hasattr(cursor, "lastrowid")]


@with_cursor
def the_query_is_its_text(cursor: Any) -> object:
    cursor.execute(THREE)
    return cursor.query


@with_cursor
def the_query_id_is_one_id_from_first_to_last(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    first = cursor.query_id
    cursor.fetchall()
    return [bool(first), first == cursor.query_id, cursor.stats["queryId"] == first, "/" in first, " " in first]


@with_cursor
def the_info_uri_is_on_the_server_that_was_asked(cursor: Any) -> object:
    cursor.execute("SELECT 1")
    connection = cursor.connection
    return [
        cursor.info_uri.startswith(f"https://127.0.0.1:{connection.port}/"),
        cursor.query_id in cursor.info_uri,
    ]


@with_cursor
def stats_end_as_finished(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return [cursor.stats["state"], cursor.stats["scheduled"], cursor.stats["queued"]]


@with_cursor
def stats_have_the_same_fields(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return {name: type(value).__name__ for name, value in sorted(cursor.stats.items()) if name != "rootStage"}


@with_cursor
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


@with_cursor
def setinputsizes_is_not_supported(cursor: Any) -> object:
    return [attempt(lambda: cursor.setinputsizes([1])), attempt(lambda: cursor.setoutputsize(1, 1))]


# --- closing and cancelling -----------------------------------------------------------------------------------------


@with_cursor
def cancel_before_execute_does_nothing(cursor: Any) -> object:
    return cursor.cancel()


@with_cursor
def cancel_after_the_last_row_does_nothing(cursor: Any) -> object:
    cursor.execute(THREE)
    cursor.fetchall()
    return cursor.cancel()


def _stopped_while_it_runs(cursor: Any, stop: Callable[[], object]) -> object:
    """Stop a statement from another thread than the one that waits for it, as a notebook does."""
    waiting = threading.Thread(target=lambda: attempt(lambda: cursor.execute(ENDLESS)), daemon=True)
    waiting.start()
    while cursor.query_id is None:
        time.sleep(0.01)
    told = stop()
    waiting.join(timeout=30)
    return [told, waiting.is_alive()]


@with_cursor
def a_running_query_can_be_cancelled(cursor: Any) -> object:
    return [_stopped_while_it_runs(cursor, cursor.cancel), run(cursor, "SELECT 1 AS a")]


@with_cursor
def a_half_read_query_can_be_cancelled(cursor: Any) -> object:
    cursor.execute(f"{MANY} ORDER BY n")
    rows = cursor.fetchmany(5)
    cursor.cancel()
    return [len(rows), run(cursor, "SELECT 1 AS a")]


@with_cursor
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


@with_cursor
def executemany_wants_statements_that_change_something(cursor: Any) -> object:
    return attempt(lambda: cursor.executemany("SELECT ?", [(1,), (2,)]))


@with_cursor
def executemany_of_one_is_execute(cursor: Any) -> object:
    cursor.executemany("SELECT ? AS v", [(1,)])
    return cursor.fetchall()


@with_cursor
def executemany_of_none_is_execute(cursor: Any) -> object:
    cursor.executemany("SELECT 1 AS v", [])
    return cursor.fetchall()


@with_cursor
def parameters_must_be_a_list_or_a_tuple(cursor: Any) -> object:
    return [
        attempt(lambda: cursor.execute("SELECT ?", {"a": 1})),
        attempt(lambda: cursor.execute("SELECT ?", "ab")),
        attempt(lambda: cursor.execute("SELECT ?", [object()])),
    ]


@with_cursor
def describe_tells_the_columns(cursor: Any) -> object:
    described = cursor.describe("SELECT 1 AS a, 'x' AS b, DECIMAL '1.5' AS c, v FROM (VALUES ARRAY[1]) AS t (v)")
    return [(one.name, one.catalog, one.schema, one.table, one.type, one.aliased) for one in described]


@with_cursor
def describe_tells_the_sizes_of_types(cursor: Any) -> object:
    described = cursor.describe("SELECT 1, BIGINT '1', true, 1e0, 'x', DATE '2026-01-01', DECIMAL '1.5', CHAR 'a'")
    return [(one.name, one.type, one.type_size) for one in described]


@with_cursor
def describe_of_a_text_with_parameters(cursor: Any) -> object:
    return [(one.name, one.type) for one in cursor.describe("SELECT ? AS a, 1 AS b")]


@with_cursor
def describe_of_a_wrong_text(cursor: Any) -> object:
    return [
        attempt(lambda: cursor.describe("SELEC 1")),
        attempt(lambda: cursor.describe("SELECT nope FROM (VALUES 1) AS t (v)")),
    ]
