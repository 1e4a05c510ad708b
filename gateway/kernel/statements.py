"""What to write in place of what is not open, by its first word or sign: data, shown as the hint of the refusal."""

from __future__ import annotations

_QUERY = "only queries are open: SELECT, WITH … SELECT, VALUES, TABLE"
_READ_ONLY = f"Portgate is read-only; {_QUERY}"

_HINTS = {
    "SHOW": "ask `portgate catalog`, or GET /api/catalog, for what you may read",
    "DESCRIBE": "ask `portgate catalog TABLE`, or GET /api/catalog?table=…, for a table's columns",
    "DESC": "ask `portgate catalog TABLE`, or GET /api/catalog?table=…, for a table's columns",
    "EXPLAIN": "ask `portgate explain`, or POST /api/explain",
    "USE": "tables are found in california.freight; name others in full: port.schema.table",
    "SET": "a purpose is declared beside the query; session properties are the gateway's own",
    "RESET": "session properties are the gateway's own",
    "PREPARE": "send the query itself",
    "EXECUTE": "send the query itself",
    "DEALLOCATE": "send the query itself",
    "CALL": f"of procedures only system.runtime.kill_query is open, to Trino's clients; {_QUERY}",
    "START": f"each query stands alone; {_QUERY}",
    "COMMIT": f"each query stands alone; {_QUERY}",
    "ROLLBACK": f"each query stands alone; {_QUERY}",
    "ANALYZE": "statistics of the ports' tables are not shown",
    **dict.fromkeys(
        (
            "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "REFRESH", "COMMENT",
            "GRANT", "REVOKE", "DENY",
        ),
        _READ_ONLY,
    ),
}  # fmt: skip


_SESSION = "who asks, and when, is known to the gateway; write the value you mean"
WORDS = {
    "NATURAL": "write JOIN … USING (…), which names the columns",
    **dict.fromkeys(
        ("CURRENT_ROLE", "CURRENT_PATH"), _SESSION
    ),
    "::": "write CAST(value AS type)",
    "?": "write the value in place of the parameter",
    ":": "write the value in place of the parameter",
    "&": "write bitwise_and(a, b), bitwise_or(a, b) or bitwise_xor(a, b)",
    "|": "write bitwise_and(a, b), bitwise_or(a, b) or bitwise_xor(a, b)",
    "^": "write power(a, b) or bitwise_xor(a, b)",
    "==": "write a = b",
    "`": "write a name in double quotes",
    "{": "write DATE '2026-11-22' or TIMESTAMP '2026-11-22 16:45:06'",
    "U&": "write the character itself, or chr(number)",
}  # fmt: skip
"""A word or sign -> what to write instead; the longest beginning counts."""


def instead_of(written: str, otherwise: str) -> str:
    """Say what to write in place of a word or sign.

    >>> instead_of("::", "")
    'write CAST(value AS type)'
    """
    known = [word for word in WORDS if written.upper().startswith(word)]
    return WORDS[max(known, key=len)] if known else otherwise


def refusal_of(word: str) -> str:
    """Say what to do in place of a statement that begins with `word`."""
    return _HINTS.get(word.split(" ")[0], _QUERY)
