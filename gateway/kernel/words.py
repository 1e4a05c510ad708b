"""The words and signs of Trino's queries: data for `dialect.py`, and nothing else."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

PUNCTUATION = frozenset("( ) [ ] , . : ; + - * / % = <> != < <= > >= || -> =>".split())
UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
LITERAL_TYPES = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "DECIMAL", "VARCHAR", "CHAR",
        "VARBINARY", "DATE", "TIME", "TIMESTAMP", "JSON", "UUID", "IPADDRESS",
    }
)  # fmt: skip
"""Types that a literal may name: `DATE '2026-11-22'`."""

KEYWORDS = frozenset(
    getattr(TokenType, name)
    for name in (
        "SELECT FROM WHERE GROUP_BY GROUPING_SETS ROLLUP CUBE HAVING ORDER_BY ASC DESC FIRST LIMIT OFFSET FETCH NEXT "
        "WITH RECURSIVE ALIAS UNION EXCEPT INTERSECT ALL DISTINCT JOIN INNER LEFT RIGHT FULL OUTER CROSS ON USING "
        "AND OR NOT IN BETWEEN LIKE ESCAPE IS NULL TRUE FALSE CASE WHEN THEN ELSE END EXISTS ANY SOME VALUES TABLE "
        "UNNEST ORDINALITY LATERAL WINDOW OVER PARTITION_BY ROWS RANGE FILTER TABLE_SAMPLE FOR "
        "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP"
    ).split()
)
"""Words of Trino's queries, in sqlglot's names; every other word is a name to it, as it is to Trino."""
RESERVED = frozenset(
    (
        "ALTER AND AS AUTO BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE CURRENT_PATH "
        "CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE DISTINCT "
        "DROP ELSE END ESCAPE EXCEPT EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT "
        "INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE JSON_VALUE LEFT LIKE LISTAGG "
        "LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT "
        "SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH"
    ).split()
)
"""Words that are names in Trino only between double quotes."""
SESSION_WORDS = frozenset({"CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA"})
"""Words that stand for a value of the session; the gateway writes that value in their place."""
TYPE_NAMES = LITERAL_TYPES | {"ARRAY", "MAP", "ROW", "INTERVAL", "DOUBLE PRECISION"}
"""Types that a cast may name."""
CALLED = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "FIRST"})
"""Keywords that are functions when a bracket follows."""
COMPARING = frozenset({TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.LTE, TokenType.GT, TokenType.GTE})
VALUE_ENDS = frozenset(
    {
        TokenType.VAR, TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.STRING, TokenType.HEX_STRING,
        TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END, TokenType.NULL, TokenType.TRUE, TokenType.FALSE,
        TokenType.CURRENT_DATE, TokenType.CURRENT_TIME, TokenType.CURRENT_TIMESTAMP, TokenType.LOCALTIME,
        TokenType.LOCALTIMESTAMP,
    }
)  # fmt: skip
RELATION_FOLLOWS = frozenset({TokenType.FROM, TokenType.JOIN, TokenType.COMMA})
ITEM_BEGINS = frozenset(
    {
        TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.TABLE, TokenType.UNNEST, TokenType.LATERAL,
        TokenType.NOT, TokenType.CASE, TokenType.EXISTS, TokenType.NULL, TokenType.TRUE, TokenType.FALSE,
        TokenType.GROUPING_SETS, TokenType.ROLLUP, TokenType.CUBE, TokenType.CURRENT_DATE, TokenType.CURRENT_TIME,
        TokenType.CURRENT_TIMESTAMP, TokenType.LOCALTIME, TokenType.LOCALTIMESTAMP, TokenType.ALL, TokenType.DISTINCT,
    }
)  # fmt: skip
"""Keywords that an item after a comma may begin with."""

SETTLED = COMPARING | frozenset(
    getattr(TokenType, name)
    for name in (
        "IDENTIFIER STRING NUMBER COMMA DOT PLUS DASH STAR SLASH MOD DPIPE AND OR NOT IS NULL TRUE FALSE CASE WHEN "
        "THEN ELSE END SELECT FROM WHERE UNION"
    ).split()
)
"""Tokens that mean one thing wherever `emit` writes them."""
PREDICATE_WORDS = COMPARING | {TokenType.IS, TokenType.IN, TokenType.BETWEEN, TokenType.LIKE}
"""What makes a condition of values."""
CONDITION_ENDS = (
    KEYWORDS
    - PREDICATE_WORDS
    - {
        TokenType.NOT, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.ESCAPE, TokenType.DISTINCT,
        TokenType.ANY, TokenType.ALL, TokenType.SOME, TokenType.CURRENT_DATE, TokenType.CURRENT_TIME,
        TokenType.CURRENT_TIMESTAMP, TokenType.LOCALTIME, TokenType.LOCALTIMESTAMP, TokenType.FILTER, TokenType.OVER,
    }
) | {TokenType.COMMA, TokenType.ARROW, TokenType.FARROW}  # fmt: skip
"""Words and signs after which another condition may stand."""
SETS = frozenset({TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT})
NO_NAMES = KEYWORDS - {
    TokenType.ASC, TokenType.DESC, TokenType.FIRST, TokenType.NEXT, TokenType.LIMIT, TokenType.OFFSET, TokenType.FILTER,
    TokenType.ROWS, TokenType.RANGE, TokenType.ORDINALITY, TokenType.WINDOW,
}  # fmt: skip
"""Keywords that sqlglot would take for a name where Trino does not."""

MAY_COME: dict[str, tuple[str, ...]] = {
    "SELECT": ("TABLE", "VALUES"),
    "STAR": ("TABLE", "VALUES"),
    "FROM": ("TABLE", "VALUES"),
    "COMMA": ("FROM", "FOR", "IN"),
    "COLON": ("value",),
    "substr": ("substring",),
    "strpos": ("position",),
}
"""A word that the text we send may have more -> the words of the partner's text that it stands for."""
MAY_COME_FOR = frozenset({"TABLE", "FROM", "FOR", "IN", "substring", "position", "value"})
MAY_GO = frozenset(
    (
        "L_PAREN R_PAREN ALIAS asc nulls last INNER OUTER rows row first next DISTINCT ALL ANY SOME _values precision "
        "key"
    ).split()
)
"""Words that mean nothing where Trino lets them be left out; how they stand is seen elsewhere."""
