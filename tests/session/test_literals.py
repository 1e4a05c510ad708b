"""What a relation holds is written as literals: short, and nothing in a value can end them."""

from __future__ import annotations

import pytest

from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.model import Content
from gateway.session.literals import query_of


def written(content: Content, **types: str) -> str:
    return emit(query_of(content, types))


def test_no_row_is_a_query_with_the_columns_and_their_types() -> None:
    assert written(Content(0), a="varchar", b="bigint") == (
        'SELECT CAST(NULL AS VARCHAR) AS "a", CAST(NULL AS BIGINT) AS "b" WHERE FALSE'
    )


def test_a_column_of_one_value_is_that_value() -> None:
    assert written(Content(2, {"a": ("x", "x"), "b": (1, 2)}), a="varchar", b="bigint", c="varchar") == (
        'SELECT CAST(\'x\' AS VARCHAR) AS "a", "b" AS "b", CAST(NULL AS VARCHAR) AS "c" FROM '
        "UNNEST(CAST(split(CAST('1\n2' AS VARCHAR), '\n') AS ARRAY(BIGINT))) AS \"rows of the relation\"(\"b\")"
    )


def test_rows_that_are_all_alike_are_still_so_many() -> None:
    assert written(Content(3, {"a": ("x",) * 3}), a="varchar").endswith(
        "FROM UNNEST(split(CAST('\n\n' AS VARCHAR), '\n')) AS \"rows of the relation\"(\"_\")"
    )
    assert written(Content(3)).startswith("SELECT TRUE FROM UNNEST(split(")


@pytest.mark.parametrize(
    ("values", "type_", "array"),
    [
        (("it's", "x"), "varchar", "split(CAST('it''s\nx' AS VARCHAR), '\n')"),
        (("a\nb", "c"), "varchar", 'CAST(json_parse(\'["a\\nb","c"]\') AS ARRAY(VARCHAR))'),
        ((None, "'"), "varchar", "CAST(json_parse('[null,\"''\"]') AS ARRAY(VARCHAR))"),
        ((None, 7), "bigint", "CAST(json_parse('[null,7]') AS ARRAY(BIGINT))"),
        ((True, False), "boolean", "CAST(json_parse('[true,false]') AS ARRAY(BOOLEAN))"),
        (
            (None, "2026-11-22"),
            "date",
            "CAST(CAST(json_parse('[null,\"2026-11-22\"]') AS ARRAY(VARCHAR)) AS ARRAY(DATE))",
        ),
    ],
)
def test_an_array_is_written_in_the_shortest_form_that_holds_its_values(
    values: tuple[object, ...], type_: str, array: str
) -> None:
    text = written(Content(2, {"a": values}), a=type_)

    assert text == f'SELECT "a" AS "a" FROM UNNEST({array}) AS "rows of the relation"("a")'
    assert emit(parse(text).tree) == text
