"""The table of functions says of a real Trino what is true: no function is missing, and none fails that must not."""

from __future__ import annotations

from typing import Any

import pytest
from trino.exceptions import TrinoQueryError

from gateway.kernel.functions import FUNCTIONS, TABLE_FUNCTIONS, Function
from tests.real.odd_values import calls

pytestmark = pytest.mark.real

HIDDEN = {"fail": "fail('told')", "version": "version()"}
"""Functions that SHOW FUNCTIONS does not list, each with a call of it."""

NOT_WRITTEN_AS_CALLS = {"current_date", "listagg", "normalize"}
"""Functions whose grammar takes words or literals where others take values."""

ANY_NUMBER_OF_ARGUMENTS = {"concat", "concat_ws", "greatest", "least", "map_concat"}
"""Functions that SHOW FUNCTIONS lists with their last argument once, where more may follow."""

FAILING = {
    "cast": "CAST('a' AS bigint)",
    "codepoint": "codepoint(x) FROM (VALUES CAST('' AS varchar(1))) t(x)",
    "concat": "concat(rpad('', 999999, 'a'), rpad('', 999999, 'a'))",
    "concat_ws": "concat_ws('', rpad('', 999999, 'a'), rpad('', 999999, 'a'))",
    "greatest": "greatest(ARRAY[1, NULL], ARRAY[1, 2])",
    "json_exists": "json_exists('x', 'strict $.a' ERROR ON ERROR)",
    "json_object": "json_object(x: 1) FROM (VALUES CAST(NULL AS varchar)) t(x)",
    "json_query": "json_query('x', 'strict $.a' ERROR ON ERROR)",
    "json_value": "json_value('x', 'strict $.a' ERROR ON ERROR)",
    "lag": "lag(x, -1) OVER (ORDER BY x) FROM (VALUES 1) t(x)",
    "lead": "lead(x, -1) OVER (ORDER BY x) FROM (VALUES 1) t(x)",
    "least": "least(ROW(1, NULL), ROW(1, 2))",
    "listagg": "listagg(x) WITHIN GROUP (ORDER BY x) FROM (VALUES rpad('', 600000, 'a'), rpad('', 600000, 'b')) t(x)",
    "map_from_entries": "map_from_entries(ARRAY[ROW(1, 2), ROW(1, 3)])",
    "nth_value": "nth_value(x, 0) OVER (ORDER BY x) FROM (VALUES 1) t(x)",
    "ntile": "ntile(x) OVER () FROM (VALUES 0) t(x)",
    "reduce_agg": "reduce_agg(x, ARRAY[0], (s, i) -> s, (s, t) -> s) FROM (VALUES 1) t(x)",
    "regexp_count": "regexp_count('a', x) FROM (VALUES '(') t(x)",
    "regexp_like": "regexp_like('a', x) FROM (VALUES '(') t(x)",
    "regexp_replace": "regexp_replace('a', 'a', x) FROM (VALUES '$1') t(x)",
    "regexp_split": "regexp_split('a', x) FROM (VALUES '(') t(x)",
    "sum": "sum(x) FROM (VALUES 9223372036854775807, 1) t(x)",
    "transform_keys": "transform_keys(map(ARRAY[1, 2], ARRAY[1, 2]), (k, v) -> 1)",
    "word_stem": "word_stem('running', x) FROM (VALUES CAST('xx' AS varchar(2))) t(x)",
}
"""Calls that fail, of the fallible functions that the odd values leave alone."""

AT_ONCE = 6
"""How many functions that should not fail are tried in one query."""

REFUSED_TYPES = {
    "SYNTAX_ERROR", "FUNCTION_NOT_FOUND", "FUNCTION_IMPLEMENTATION_MISSING", "TYPE_MISMATCH", "OPERATOR_NOT_FOUND",
    "COLUMN_NOT_FOUND",
}  # fmt: skip
"""Errors that say nothing of the data: Trino does not take such types at all."""


@pytest.fixture(scope="module")
def shown(trino_cursor: Any) -> list[tuple[str, str, str]]:
    """Name, kind and argument types of each function that Trino lists."""
    trino_cursor.execute("SHOW FUNCTIONS")
    return [(name.lower(), kind, arguments) for name, _, arguments, kind, *_ in trino_cursor.fetchall()]


def _queries(shown: list[tuple[str, str, str]], verdict: str) -> dict[str, list[str]]:
    """The calls on odd values of each scalar and aggregate function of one verdict."""
    made: dict[str, list[str]] = {}
    for name, kind, arguments in shown:
        if kind in ("scalar", "aggregate") and FUNCTIONS[name].verdict == verdict and name not in NOT_WRITTEN_AS_CALLS:
            queries = made.setdefault(name, [])
            more = f", {arguments.rpartition(', ')[2]}" if name in ANY_NUMBER_OF_ARGUMENTS else ""
            queries += [query for query in calls(name, kind, arguments + more) if query not in queries]
    return {name: queries for name, queries in made.items() if queries}


def _error(cursor: Any, query: str) -> TrinoQueryError | None:
    try:
        cursor.execute(query)
        cursor.fetchall()
    except TrinoQueryError as error:
        return error
    return None


def _fails_on_data(cursor: Any, query: str) -> str | None:
    error = _error(cursor, query)
    return f"{error.message} in {query}" if error and error.error_name not in REFUSED_TYPES else None


def test_every_function_that_trino_has_is_classified_under_its_kind_and_no_other_is(shown: Any) -> None:
    in_trino = {(name, kind) for name, kind, _ in shown}

    listed: list[Function] = [*FUNCTIONS.values(), *TABLE_FUNCTIONS.values()]
    classified = {(each.name, each.kind) for each in listed if each.kind != "form" and each.name not in HIDDEN}

    assert classified == in_trino


def test_trino_knows_the_functions_that_it_does_not_list(trino_cursor: Any) -> None:
    errors = {name: _error(trino_cursor, f"SELECT {call}") for name, call in HIDDEN.items()}

    assert {name: error and error.message for name, error in errors.items()} == {"fail": "told", "version": None}


def test_no_allowed_function_fails_on_odd_values(trino_cursor: Any, shown: Any) -> None:
    odd = list(_queries(shown, "allowed").items())
    groups = [odd[start : start + AT_ONCE] for start in range(0, len(odd), AT_ONCE)]

    failures = []
    for group in groups:
        queries = [query for _, each in group for query in each]
        if _error(trino_cursor, " UNION ALL ".join(queries)):
            failures += [found for query in queries if (found := _fails_on_data(trino_cursor, query))]

    assert failures == []


def test_every_fallible_function_fails_on_some_value(trino_cursor: Any, shown: Any) -> None:
    odd = _queries(shown, "fallible")
    called = {each.name for each in FUNCTIONS.values() if each.verdict == "fallible"}

    untold = {
        name
        for name in called - FAILING.keys()
        if not any(_fails_on_data(trino_cursor, query) for query in odd.get(name, []))
    }
    wrong = {name for name, call in FAILING.items() if not _fails_on_data(trino_cursor, f"SELECT {call}")}

    assert (untold, wrong, FAILING.keys() - called) == (set(), set(), set())
