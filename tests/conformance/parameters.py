"""Statements with `?` and a value of each of Python's types that the client takes."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

MOMENT = datetime(2026, 11, 22, 16, 45, 6, 123456)
PACIFIC = timezone(timedelta(hours=-8))

PARAMETERS: dict[str, tuple[str, list[object]]] = {
    "none": ("SELECT ? AS v", [None]),
    "none_in_a_condition": ("SELECT 1 AS v WHERE ? IS NULL", [None]),
    "true": ("SELECT ? AS v", [True]),
    "false": ("SELECT ? AS v", [False]),
    "int": ("SELECT ? AS v", [7]),
    "int_zero": ("SELECT ? AS v", [0]),
    "int_negative": ("SELECT ? AS v", [-7]),
    "int_of_64_bits": ("SELECT ? AS v", [9223372036854775807]),
    "int_beyond_64_bits": ("SELECT ? AS v", [9223372036854775808]),
    "float": ("SELECT ? AS v", [1.5]),
    "float_small": ("SELECT ? AS v", [5e-324]),
    "float_negative": ("SELECT ? AS v", [-0.1]),
    "float_infinite": ("SELECT ? AS v", [float("inf")]),
    "float_minus_infinite": ("SELECT ? AS v", [float("-inf")]),
    "float_nan": ("SELECT ? AS v", [float("nan")]),
    "str": ("SELECT ? AS v", ["abc"]),
    "str_empty": ("SELECT ? AS v", [""]),
    "str_with_quotes": ("SELECT ? AS v", ["it's \"quoted\" ''twice''"]),
    "str_that_looks_like_sql": ("SELECT ? AS v", ["x'; DROP TABLE t; -- ? /* ? */"]),
    "str_with_a_question_mark": ("SELECT ? AS v, '?' AS w", ["?"]),
    "str_with_lines": ("SELECT ? AS v", ["a\nb\tc\r\nd"]),
    "str_unicode": ("SELECT ? AS v", ["Zoë \u6e2f\u53e3 \U0001f6a2"]),
    "str_with_percent": ("SELECT ? AS v", ["100 % + a&b=c"]),
    "str_long": ("SELECT length(?) AS v", ["x" * 20000]),
    "bytes": ("SELECT ? AS v", [b"\x00\xff"]),
    "bytes_empty": ("SELECT ? AS v", [b""]),
    "bytearray": ("SELECT ? AS v", [bytearray(b"abc")]),
    "date": ("SELECT ? AS v", [date(2026, 11, 22)]),
    "datetime": ("SELECT ? AS v", [MOMENT]),
    "datetime_with_a_named_zone": ("SELECT ? AS v", [MOMENT.replace(tzinfo=ZoneInfo("America/Los_Angeles"))]),
    "datetime_in_utc": ("SELECT ? AS v", [MOMENT.replace(tzinfo=timezone.utc)]),  # noqa: UP017 - as users write it
    "datetime_with_an_offset": ("SELECT ? AS v", [MOMENT.replace(tzinfo=PACIFIC)]),
    "time": ("SELECT ? AS v", [time(1, 2, 3, 456)]),
    "time_with_an_offset": ("SELECT ? AS v", [time(1, 2, 3, tzinfo=PACIFIC)]),
    "uuid": ("SELECT ? AS v", [uuid.UUID("12151fd2-7586-11e9-8f9e-2a86e4085a59")]),
    "decimal": ("SELECT ? AS v", [Decimal("1.250")]),
    "decimal_exponent": ("SELECT ? AS v", [Decimal("1E+5")]),
    "decimal_long": ("SELECT ? AS v", [Decimal("-12345678901234567890.123456789012345678")]),
    "list": ("SELECT ? AS v", [[1, 2, 3]]),
    "list_empty": ("SELECT ? AS v", [[]]),
    "list_of_texts": ("SELECT ? AS v", [["a'b", None, "?"]]),
    "list_of_lists": ("SELECT ? AS v", [[[1], [2, 3]]]),
    "list_unnested": ("SELECT v FROM UNNEST(?) AS t (v) ORDER BY v", [[3, 1, 2]]),
    "tuple": ("SELECT ? AS v", [(1, "a", None)]),
    "dict": ("SELECT ? AS v", [{"a": 1, "b": 2}]),
    "dict_empty": ("SELECT ? AS v", [{}]),
    "dict_of_lists": ("SELECT ? AS v", [{"a": [Decimal("1.5")], "b": []}]),
    "nested": ("SELECT ? AS v", [[(1, {"k": [date(2026, 1, 1)]})]]),
    "two": ("SELECT ? AS a, ? AS b", [1, "x"]),
    "as_a_tuple_of_parameters": ("SELECT ? + ? AS s", [2, 3]),
    "in_a_list": ("SELECT v FROM (VALUES 1, 2, 3) AS t (v) WHERE v IN (?, ?) ORDER BY v", [1, 3]),
    "in_between": ("SELECT v FROM (VALUES 1, 2, 3) AS t (v) WHERE v BETWEEN ? AND ? ORDER BY v", [2, 3]),
    "in_like": ("SELECT v FROM (VALUES 'ab', 'cd') AS t (v) WHERE v LIKE ?", ["a%"]),
    "in_a_function": ("SELECT date_trunc(?, ?) AS v", ["month", date(2026, 11, 22)]),
    "in_limit": ("SELECT v FROM (VALUES 1, 2, 3) AS t (v) ORDER BY v LIMIT ?", [2]),
    "in_offset": ("SELECT v FROM (VALUES 1, 2, 3) AS t (v) ORDER BY v OFFSET ?", [1]),
    "in_values": ("SELECT * FROM (VALUES (?, ?), (?, ?)) AS t (a, b) ORDER BY a", [1, "a", 2, "b"]),
    "in_a_case": ("SELECT CASE WHEN ? THEN ? ELSE ? END AS v", [True, "y", "n"]),
    "in_a_cast": ("SELECT CAST(? AS decimal(10, 2)) AS v", ["1.5"]),
    "in_a_subquery": ("SELECT (SELECT max(v) FROM (VALUES 1, 2, 3) AS t (v) WHERE v < ?) AS m", [3]),
    "in_a_with": ("WITH a AS (SELECT ? AS x) SELECT x, ? AS y FROM a", [1, 2]),
    "in_group_by": ("SELECT v % ? AS g, count(*) AS n FROM (VALUES 1, 2, 3) AS t (v) GROUP BY 1 ORDER BY 1", [2]),
    "in_a_lambda": ("SELECT transform(ARRAY[1, 2], x -> x + ?) AS v", [10]),
    "in_a_comment_it_counts_not": ("SELECT /* ? */ ? AS v -- ?", [1]),
    "many": ("SELECT " + ", ".join(f"? AS c{number}" for number in range(50)), list(range(50))),
    "too_few": ("SELECT ?, ?", [1]),
    "too_many": ("SELECT ?", [1, 2]),
    "of_the_wrong_type": ("SELECT abs(?)", ["x"]),
    "in_a_text_that_is_wrong": ("SELEC ?", [1]),
}

WITH_PREPARE = (
    "none", "int", "float", "str", "str_with_quotes", "str_unicode", "str_with_percent", "bytes", "date", "datetime",
    "datetime_with_a_named_zone", "time", "uuid", "decimal", "list_of_texts", "tuple", "dict", "two", "in_a_list",
    "in_limit", "in_a_comment_it_counts_not", "str_long", "too_few", "too_many", "in_a_text_that_is_wrong",
)  # fmt: skip
"""Asked also with `legacy_prepared_statements`: PREPARE, EXECUTE and DEALLOCATE, their text in a header."""
