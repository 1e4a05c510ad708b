"""Leaks planted on purpose, between gate and Trino, to prove that the test would see one like it in the kernel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from gateway.answer import rows_of
from gateway.conversation import Page, Session
from gateway.errors import Failed
from gateway.kernel.dialect import emit, read_text
from gateway.kernel.resolve import MAPPING_ALIAS
from gateway.model import Admission, TableName
from gateway.parts import Engine, Running
from tests.twins.asking import Pair


@dataclass(frozen=True)
class Planted:
    """An engine that is given another text than the gate wrote."""

    engine: Engine
    change: Callable[[str], str]

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> Running:  # noqa: B008
        """Send the changed text."""
        return await self.engine.start(self.change(sql), admission, session)

    def resume(self, user: str, path: str) -> Running:
        """As the engine within."""
        return self.engine.resume(user, path)

    async def validate(self, sql: str, admission: Admission, session: Session = Session()) -> None:  # noqa: B008
        """As the engine within."""
        await self.engine.validate(self.change(sql), admission, session)

    async def silent_ports(self, tables: Iterable[TableName], user: str) -> tuple[str, ...]:
        """As the engine within."""
        return await self.engine.silent_ports(tables, user)

    async def probe(self) -> None:
        """As the engine within."""
        await self.engine.probe()


@dataclass(frozen=True)
class Talkative(Planted):
    """An engine that puts a raw value into the text of an error."""

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> Running:  # noqa: B008
        """Run the text; on a failure, say what stood in a row."""
        running = await self.engine.start(sql, admission, session)
        quiet = running.turn

        async def talk() -> Page:
            try:
                return await quiet()
            except Failed as error:
                told = await self.engine.start(self.change(sql), admission, session)
                while not (page := await told.turn()).rows and not page.last:
                    pass
                if not page.rows:
                    raise
                raise Failed(f"{error.message}: cannot cast {rows_of(page)[0][0]!r}", hint=error.hint) from error

        running.turn = talk  # type: ignore[method-assign]
        return running


def plant(pair: Pair, change: Callable[[str], str], kind: type[Planted] = Planted) -> Pair:
    """The same gates with the leak in each."""
    mine, *others = (replace(gate, engine=kind(gate.engine, change)) for gate in (pair.mine, *pair.others))
    return replace(pair, mine=mine, others=tuple(others))


def with_filters_outside(sql: str) -> str:
    """Move the condition of each guard to the WHERE around it, behind what the partner wrote there."""
    tree = read_text(sql)
    for guard in list(tree.find_all(exp.Subquery)):
        inner, around = guard.this, guard.find_ancestor(exp.Select)
        if isinstance(inner, exp.Select) and around is not None and inner.args.get("where"):
            condition = inner.args["where"].this.copy()
            shown = {item.alias_or_name for item in inner.expressions}
            for column in {column.name for column in condition.find_all(exp.Column)} - shown:
                inner.append("expressions", exp.column(exp.to_identifier(column, quoted=True)))
            for column in condition.find_all(exp.Column):
                column.set("table", exp.to_identifier(guard.alias, quoted=True))
            inner.set("where", None)
            written = around.args.get("where")
            around.set("where", exp.Where(this=exp.and_(written.this, condition) if written else condition))
    return emit(tree)


def without_conditions(sql: str) -> str:
    """Let every guard show every row, with its masks."""
    tree = read_text(sql)
    for guard in tree.find_all(exp.Subquery):
        if isinstance(guard.this, exp.Select) and isinstance(guard.this.args["from_"].this, (exp.Table, exp.Subquery)):
            guard.this.set("where", None)
    return emit(tree)


def with_conditions_that_can_be_null(sql: str) -> str:
    """Write each guard's condition without the `coalesce(…, FALSE)` that makes a NULL of it false.

    Trino joins a guard's condition and the partner's by AND, and evaluates what stands behind a NULL.
    """
    tree = read_text(sql)
    for where in tree.find_all(exp.Where):
        for call in list(where.find_all(exp.Coalesce, exp.Anonymous)):
            if call.expressions[-1:] == [exp.false()]:
                call.replace(exp.true())
    return emit(tree)


def with_cells_that_go_anywhere(sql: str) -> str:
    """Write each cell of a guard over a mapping as its first value, without the condition that it carries.

    Trino pushes what a partner asks of such a cell below the mapping's joins, where the guard's condition has not run.
    """
    tree = read_text(sql)
    for guard in tree.find_all(exp.Select):
        source = guard.args.get("from_")
        if source and source.this.alias == MAPPING_ALIAS:
            for case in [cell.this for cell in guard.expressions if isinstance(cell.this, exp.Case)]:
                case.replace(case.args["ifs"][0].args["true"])
    return emit(tree)


def without_guards_in_exists(sql: str) -> str:
    """Let each guard inside an EXISTS show every row."""
    tree = read_text(sql)
    for exists in tree.find_all(exp.Exists):
        for guard in exists.find_all(exp.Subquery):
            if isinstance(guard.this, exp.Select):
                guard.this.set("where", None)
    return emit(tree)


def without_masks(sql: str) -> str:
    """Show the raw value where a keyed hash should stand."""
    mask = r"SUBSTR\(TO_HEX\(HMAC_SHA256\(TO_UTF8\((\"[^\"]+\")\), FROM_HEX\('[0-9a-f]+'\)\)\), 1, 32\)"
    return re.sub(mask, r"\1", sql, flags=re.IGNORECASE)


def a_hidden_value(sql: str) -> str:
    """Ask the port's own table for a value, past the guard."""
    table = read_text(sql).find(exp.Table)
    assert table is not None
    return f"SELECT CAST(max(plannedboxes) AS varchar) FROM {emit(table)}"
