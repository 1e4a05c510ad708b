"""Reads the attacks beside it: `attacks/*.sql` by name, and `attacks/fallible.txt` laid into every clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.model import Catalog
from tests.twins.agreed import TESTER
from tests.twins.grammar import Vocabulary

FOLDER = Path(__file__).parent / "attacks"
SPACES = (
    ("long_beach.polbops.vesselcall", "callno", "t.plannedboxes", "t.servicename"),
    ("oakland.tos.rail_block", "blk_id", "CAST(t.dwell_hr AS integer)", "t.dest"),
)
"""Where a number and a text stand that are harmless in all rows the tester sees, and the worst in those it does not."""
CLAUSES = {
    "where": "SELECT count(*) FROM {table} t WHERE ({e}) IS NOT NULL",
    "on": "SELECT count(*) FROM {table} t LEFT JOIN {table} b ON b.{key} = t.{key} AND ({e}) IS NOT NULL",
    "having": (
        "SELECT count(*) FROM (SELECT t.{key} FROM {table} t GROUP BY t.{key}, {n}, {t}"
        " HAVING max(if(({e}) IS NULL, 0, 1)) = 1)"
    ),
    "case": "SELECT count(c) FROM (SELECT CASE WHEN ({e}) IS NOT NULL THEN 1 END AS c FROM {table} t)",
    "window": (
        "SELECT sum(w) FROM (SELECT max(if(({e}) IS NULL, 0, 1)) OVER (PARTITION BY t.{key}) AS w FROM {table} t)"
    ),
    "filter": "SELECT count(*) FILTER (WHERE ({e}) IS NOT NULL) FROM {table} t",
}  # fmt: skip


@dataclass(frozen=True)
class Attack:
    """One text that tries to learn what is hidden."""

    name: str
    partner: str
    sql: str


def attacks() -> list[Attack]:
    """Every attack by hand."""
    return [attack for file in sorted(FOLDER.glob("*.sql")) for attack in _read(file)]


def _read(file: Path) -> Iterator[Attack]:
    head, *blocks = file.read_text().strip().split("\n\n")
    partner = head.removeprefix("-- partner: ")
    for block in blocks:
        name, _, sql = block.partition("\n")
        yield Attack(f"{file.stem}: {name.removeprefix('-- ')}", partner, sql)


def fallible() -> list[Attack]:
    """Each expression that can fail, in every clause, over two kinds of database.

    The six clauses of one expression go as one query: it fails as soon as one of them does.
    """
    lines = (FOLDER / "fallible.txt").read_text().splitlines()
    expressions = [line for line in lines if line and not line.startswith("#")]
    return [Attack(f"{table}: {e}", TESTER.name, _in_every_clause(e, *space)) for e in expressions for table, *space in
            ((space[0], *space) for space in SPACES)]  # fmt: skip


def _in_every_clause(expression: str, table: str, key: str, number: str, text: str) -> str:
    filled = expression.replace("{n}", number).replace("{t}", text)
    values = {"{table}": table, "{key}": key, "{n}": number, "{t}": text, "{e}": filled}
    return " UNION ALL ".join(_filled(template, values) for template in CLAUSES.values())


def _filled(template: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        template = template.replace(mark, value)
    return template


_CLAUSES_OF_NAMES = (
    "SELECT {0} FROM {1}",
    "SELECT count(*) FROM {1} WHERE {0} IS NULL",
    "SELECT 1 FROM {1} ORDER BY {0}",
)


def named_pairs(words: Vocabulary, known: Catalog, count: int) -> list[tuple[str, str, str, str]]:
    """Two texts with a forbidden and an absent name in the same place, and the two names, of one length."""
    found = []
    for table, column in words.hidden_columns:
        plain = column.strip('"')
        absent = "q" * (len(plain) - 1) + "9"
        for clause in (
            "SELECT {} FROM {}",
            "SELECT count(*) FROM {1} WHERE {0} IS NULL",
            "SELECT 1 FROM {1} ORDER BY {0}",
        ):
            if table.name.count(".") == 2 and ".freight." not in table.name:
                there = column if column == plain else f'"{plain}"'
                not_there = absent if column == plain else f'"{absent}"'
                found.append((clause.format(there, table.name), clause.format(not_there, table.name), plain, absent))
    for name in words.hidden_tables:
        if name.count(".") == 2 and ".freight." not in name:
            last = name.rpartition(".")[2]
            absent = "q" * (len(last) - 1) + "9"
            found.append((f"SELECT 1 FROM {name}", f"SELECT 1 FROM {name.removesuffix(last)}{absent}", last, absent))
    step = max(1, len(found) // count)
    return found[::step][:count]
