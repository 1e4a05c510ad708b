"""A statement + what it is told -> the same statement with literals in place of what Trino would say of itself.

Metadata relations become derived tables over literals, and `current_user` and its kind become values, before anything
looks for tables. So Trino runs any SQL over them as it does over its own, no port is asked, and nobody sees more than
what was put in. What a reviewer must check:
- No node that names a table is left where a relation stood, and none comes in with what stands there.
- A CTE hides a relation of the same plain name, as in Trino.
- A relation that nothing was told of is refused in the words for a table that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import takewhile
from operator import is_not

from sqlglot import exp

from gateway.errors import NotAllowed, Unresolved
from gateway.kernel.lexer import SESSION
from gateway.kernel.parse import Statement, place
from gateway.kernel.words import SESSION_WORDS
from gateway.model import Content, Facts, TableName
from gateway.session.literals import query_of, text_cast
from gateway.session.prune import pruned
from gateway.session.relations import HIDDEN, SYSTEM_SCHEMAS, TRINO_VERSION, Columns, columns_of

Needs = Mapping[TableName, frozenset[str]]
"""Relation -> the columns of it that a statement may use."""
MAX_CELLS = 500_000
"""How much of metadata one statement may read, in rows times columns over all places where it does."""

_EMPTY = Content(0)
_TELLING = re.compile("|".join([*SYSTEM_SCHEMAS, *SESSION_WORDS, "version"]), re.IGNORECASE)


def stand_in(statement: Statement, facts: Facts | None) -> tuple[Statement, Needs]:
    """Put what the facts say in place of relations and session words; without facts, of each relation no row.

    Invariants
    - The statement's own tree is left as it was; one with nothing to replace comes back as it is.
    - The tables that are left stand in the same order as before.
    """
    if not _may_need(statement) or not (any(_relations(statement.tree, statement)) or any(_words(statement.tree))):
        return statement, {}
    tree = statement.tree.copy()
    done = replace(statement, tree=tree)
    named = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
    whole = any(_shows_all(node) for node in tree.walk())
    needs: dict[TableName, frozenset[str]] = {}
    cells = 0
    for node, name, columns in list(_relations(tree, statement)):
        used = {
            column: type_ for column, type_ in columns.items() if column in named or (whole and _shown(name, column))
        }
        needs[name] = needs.get(name, frozenset()) | used.keys()
        content = _EMPTY if facts is None else facts.relations.get(name)
        if content is None:
            shown = ".".join(part.name for part in node.parts)
            hint = "`portgate catalog` lists what you may read"
            message = f"there is no table {shown}, or no agreement lets you read it"
            raise Unresolved(message, hint=hint, **place(statement.text, node)).named("TABLE_NOT_FOUND")
        content = pruned(content, node)
        cells += content.rows * max(1, len(used))
        if cells > MAX_CELLS:
            hint = "name the columns, and the schema or table, that you need"
            raise NotAllowed("the statement reads too much metadata", hint=hint, **place(statement.text, node))
        _replace(node, name, query_of(content, used))
    for word in list(_words(tree)):
        word.replace(_said(word, statement, facts or Facts()))
    return done, needs


def _may_need(statement: Statement) -> bool:
    """Whether the text, or its place, has a word that something to replace needs: most texts have none."""
    return statement.place.schema.lower() in SYSTEM_SCHEMAS or _TELLING.search(statement.text) is not None


def _relations(tree: exp.Expr, statement: Statement) -> Iterator[tuple[exp.Table, TableName, Columns]]:
    """Each node that reads a metadata relation."""
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier) and (node.db or not _is_cte(node)):
            name = statement.place.full(node.catalog, node.db, node.name)
            columns = columns_of(name)
            if columns is not None:
                yield node, name, columns


def _is_cte(node: exp.Table) -> bool:
    """Whether a plain name means a CTE: one of a level around it, or one before it in the same clause."""
    below: exp.Expr = node
    above = node.parent
    while above is not None:
        clause = above if isinstance(above, exp.With) else above.args.get("with_")
        reach = clause.expressions if clause is not None else []
        if clause is above and not clause.args.get("recursive"):
            reach = list(takewhile(partial(is_not, below), reach))
        if clause is not below and any(cte.alias == node.name for cte in reach):
            return True
        below, above = above, above.parent
    return False


def _shows_all(node: exp.Expr) -> bool:
    """Whether a node takes columns without naming them: a star, or new names by position."""
    if isinstance(node, exp.Star):
        return not isinstance(node.parent, exp.Anonymous)
    return isinstance(node, exp.Table) and bool(node.args.get("alias") and node.args["alias"].columns)


def _shown(name: TableName, column: str) -> bool:
    return column not in HIDDEN.get((name.schema, name.table), {})


def _replace(node: exp.Table, name: TableName, query: exp.Select) -> None:
    """Stand a query where a table stood, with all that was said of the table."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    root = node.root()
    if not node.args.get("alias"):
        _shorten(root, name)
    parts = {part: node.args[part] for part in ("joins", "sample") if node.args.get(part)}
    node.replace(exp.Subquery(this=query, alias=alias, **parts))


def _shorten(root: exp.Expr, name: TableName) -> None:
    """A derived table has an alias alone: `schema.table.column` becomes `table.column`."""
    for column in root.find_all(exp.Column):
        catalog = column.text("catalog")
        if column.table == name.table and column.text("db") == name.schema and catalog in ("", name.catalog):
            column.set("db", None)
            column.set("catalog", None)


# --- session words --------------------------------------------------------------------------------------------------


def _words(tree: exp.Expr) -> Iterator[exp.Anonymous]:
    for node in tree.find_all(exp.Anonymous):
        if node.this == SESSION or (isinstance(node.this, str) and node.this.lower() == "version"):
            yield node


def _said(node: exp.Anonymous, statement: Statement, facts: Facts) -> exp.Expr:
    if node.this != SESSION:
        if node.expressions:
            raise NotAllowed("version() takes no argument", hint="leave it out", **place(statement.text, node))
        return text_cast(TRINO_VERSION)
    word = node.expressions[0].name
    here = statement.place.full("", "", "")
    return text_cast({"current_user": facts.user, "current_catalog": here.catalog, "current_schema": here.schema}[word])
