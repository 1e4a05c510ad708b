"""Two worlds that differ in all that a partner may not see give that partner the same bytes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.trino_errors import NOT_POSSIBLE
from gateway.conversation import QueryRequest
from stack.layout import TEMPLATES
from stack.trino_access import connect
from tests.conftest import Stack
from tests.real.reference import the_catalog
from tests.twins.agreed import PURPOSE, TESTER
from tests.twins.asking import Verdict, compare_all
from tests.twins.attacks import attacks, fallible, named_pairs
from tests.twins.grammar import queries
from tests.twins.leaks import (
    Planted,
    Talkative,
    a_hidden_value,
    plant,
    with_cells_that_go_anywhere,
    with_conditions_that_can_be_null,
    with_filters_outside,
    without_conditions,
    without_guards_in_exists,
    without_masks,
)
from tests.twins.loading import Loader
from tests.twins.session import FIRST, SECOND, Twins, make_twins, policy

pytestmark = pytest.mark.real

QUERIES = 500
AT_ONCE = 6
CATEGORIES = (
    "column denied", "table denied", "row hidden", "row under embargo", "row added", "row taken away",
    "shown in other rows", "masked by a constant", "masked by null", "masked by a keyed hash",
)  # fmt: skip


@pytest.fixture(scope="module")
def twins(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The worlds of three partners, in the stack's own databases."""
    with policy(tmp_path_factory.mktemp("twins")) as opa:
        yield make_twins(stack.home, opa, *PURPOSE)
    loader = Loader(stack.home, the_catalog())
    for port, schema in {(name.catalog, name.schema) for name in the_catalog().tables if name.catalog != "california"}:
        for suffix in (FIRST, *(suffix for suffixes in SECOND.values() for suffix in suffixes)):
            loader.remove(port, schema + suffix)


def compared(twins: Twins, folder: Path, asked: list[tuple[str, str]]) -> list[Verdict]:
    """Ask each text as its partner in both worlds."""

    async def run() -> list[Verdict]:
        async with twins.pairs(folder, *{name for name, _ in asked}) as pairs:
            drawn = ((pairs[name], sql) for name, sql in asked)
            return [verdict async for verdict in compare_all(drawn, AT_ONCE)]

    return asyncio.run(run())


def differences(verdicts: list[Verdict]) -> list[Verdict]:
    """Those that tell the worlds apart."""
    return [verdict for verdict in verdicts if verdict.kind == "different"]


def endings(verdicts: list[Verdict]) -> Counter[str]:
    """How many ended in rows, and in each error."""
    return Counter(verdict.ending for verdict in verdicts)


# --- the worlds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_worlds_differ_in_every_category_of_what_the_tester_may_not_see(twins: Twins, category: str) -> None:
    assert twins.seconds[TESTER.name][0].differing[category] > 0


def test_one_world_holds_nothing_that_the_tester_may_not_see(twins: Twins) -> None:
    bare = twins.seconds[TESTER.name][1].differing

    assert min(bare["row taken away"], bare["column denied"], bare["table denied"], bare["masked by null"]) > 0


@pytest.mark.parametrize("partner", PURPOSE)
def test_whoever_reads_the_tables_themselves_sees_the_worlds_differ(stack: Stack, twins: Twins, partner: str) -> None:
    cursor = connect(stack.home).cursor()
    different = set()
    for table in ("long_beach.polbops{}.vesselcall", "oakland.tos{}.unit", "los_angeles.pola{}.vessel_visit",
                  "hueneme.exports{}.vessel_log", "san_diego.cargo{}.ship_call"):  # fmt: skip
        read = [
            cursor.execute(f"SELECT * FROM {table.format(world)}").fetchall() for world in (FIRST, SECOND[partner][0])
        ]
        if sorted(map(repr, read[0])) != sorted(map(repr, read[1])):
            different.add(table.partition(".")[0])

    assert different == {"long_beach", "oakland", "los_angeles", "hueneme", "san_diego"}


# --- the master test ------------------------------------------------------------------------------------------------


def test_no_generated_query_tells_the_worlds_apart(twins: Twins, tmp_path: Path) -> None:
    share = QUERIES // len(PURPOSE) + 1
    asked = [(name, sql) for name in PURPOSE for sql in queries(twins.words(name), f"always the same {name}", share)]

    verdicts = compared(twins, tmp_path, asked)

    assert differences(verdicts) == []
    assert endings(verdicts)["rows"] > QUERIES // 3, endings(verdicts)
    assert endings(verdicts)["query_failed"] > QUERIES // 20, endings(verdicts)


def test_no_attack_tells_the_worlds_apart(twins: Twins, tmp_path: Path) -> None:
    known = attacks()

    verdicts = compared(twins, tmp_path, [(attack.partner, attack.sql) for attack in known])

    assert len({attack.name for attack in known}) == len(known) >= 300
    assert differences(verdicts) == []
    assert endings(verdicts)["rows"] > len(known) // 3, endings(verdicts)


def test_no_function_that_can_fail_tells_in_any_clause_what_stands_in_a_hidden_row(
    twins: Twins, tmp_path: Path
) -> None:
    known = fallible()

    verdicts = compared(twins, tmp_path, [(attack.partner, attack.sql) for attack in known])

    assert differences(verdicts) == []
    assert endings(verdicts)["rows"] >= 100, [v.mine.error for v in verdicts if v.mine.error]


def test_an_absent_and_a_forbidden_name_get_the_same_words(twins: Twins, tmp_path: Path) -> None:
    pairs = named_pairs(twins.words(TESTER.name), the_catalog(), 200)

    async def run() -> list[tuple[Any, Any]]:
        async with twins.pairs(tmp_path, TESTER.name) as opened:
            pair = opened[TESTER.name]
            return [
                (await pair.ask(pair.mine, there), await pair.ask(pair.mine, absent)) for there, absent, _, _ in pairs
            ]

    answers = asyncio.run(run())

    assert len(pairs) == 200
    for (there, absent), (_, _, name, other) in zip(answers, pairs, strict=True):
        assert there.error
        assert repr(there).replace(name, other) == repr(absent)


# --- planted leaks --------------------------------------------------------------------------------------------------

CALLS = "long_beach.polbops.vesselcall"
LEAKS: dict[str, tuple[Callable[[str], str], type[Planted], list[str]]] = {
    "a filter moved to the outer WHERE": (
        with_filters_outside, Planted, [f"SELECT callno FROM {CALLS} WHERE 1 / plannedboxes >= 0"],
    ),
    "a raw value in the text of an error": (
        a_hidden_value, Talkative, [f"SELECT 1 / (plannedboxes - 4) FROM {CALLS}"],
    ),
    "an EXISTS without its guard": (
        without_guards_in_exists, Planted, [f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {CALLS} WHERE plannedboxes <> 4)"],
    ),
    "a mask forgotten where only the order shows it": (
        without_masks, Planted, ["SELECT unit_id FROM oakland.tos.unit ORDER BY unit_no, unit_id /* ordered */"],
    ),
    "a question that is asked below a mapping's joins": (
        with_cells_that_go_anywhere, Planted,
        ["SELECT count(*) FROM hueneme.freight.vessel_calls"
         " WHERE CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102'), 'x', '1') AS integer) = 1"],
    ),
    "a condition that is NULL lets what comes after it run": (
        with_conditions_that_can_be_null, Planted, [f"SELECT callno FROM {CALLS} WHERE 1 / plannedboxes >= 0"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(twins: Twins, tmp_path: Path, leak: str) -> None:
    change, kind, texts = LEAKS[leak]

    async def run() -> tuple[list[str], list[str]]:
        async with twins.pairs(tmp_path, TESTER.name) as opened:
            sound, leaking = opened[TESTER.name], plant(opened[TESTER.name], change, kind)
            return [(await sound.compare(sql)).kind for sql in texts], [
                (await leaking.compare(sql)).kind for sql in texts
            ]

    without, found = asyncio.run(run())

    assert set(without) == {"same"}
    assert "different" in found


@pytest.mark.parametrize("leak", [without_conditions, without_masks], ids=lambda leak: leak.__name__)
def test_a_leak_that_nobody_looks_for_is_found_by_generated_queries(
    twins: Twins, tmp_path: Path, leak: Callable[[str], str]
) -> None:
    texts = list(queries(twins.words(TESTER.name), "looking for a leak", 60))

    async def run() -> list[str]:
        async with twins.pairs(tmp_path, TESTER.name) as opened:
            drawn = ((plant(opened[TESTER.name], leak), sql) for sql in texts)
            return [verdict.kind async for verdict in compare_all(drawn, AT_ONCE)]

    assert "different" in asyncio.run(run())


# --- what the gate adds of its own ----------------------------------------------------------------------------------


def test_stats_say_nothing_of_hidden_rows(twins: Twins, tmp_path: Path) -> None:
    many = "SELECT a.unit_id FROM oakland.tos.unit a, oakland.tos.unit b, oakland.tos.unit c"

    (verdict,) = compared(twins, tmp_path, [(TESTER.name, many)])

    assert verdict.kind == "same"
    assert {key for key, _ in verdict.mine.stats} == {"ports", "rows", "state"}


def test_notices_are_known_before_a_row_is_read(twins: Twins, tmp_path: Path) -> None:
    sql = "SELECT count(*) FROM vessel_calls"

    async def run() -> tuple[Any, ...]:
        async with twins.pairs(tmp_path, TESTER.name) as opened:
            pair = opened[TESTER.name]
            explained = await pair.mine.explain(pair.partner, QueryRequest(sql, pair.purpose))
            return explained.notices, (await pair.ask(pair.mine, sql)).notices

    before, after = asyncio.run(run())

    assert before
    assert before == after


def test_words_of_trino_reach_a_partner_only_from_the_statement(twins: Twins, tmp_path: Path) -> None:
    of_types = "SELECT callno < 1 FROM long_beach.polbops.vesselcall"
    of_values = "SELECT count(*) FROM long_beach.polbops.vesselcall WHERE ARRAY[nullif(plannedboxes, 4)] < ARRAY[5]"

    verdicts = compared(twins, tmp_path, [(TESTER.name, of_types), (TESTER.name, of_values)])

    told = {verdict.sql: verdict.mine.error[1] for verdict in verdicts}
    assert "Cannot apply operator" in told[of_types]
    assert told[of_values] == NOT_POSSIBLE  # Trino says NOT_SUPPORTED, as it does of statements, but of a NULL it met


JDBC = ("postgresql", "duckdb")


def test_no_database_of_a_port_is_given_a_partners_expressions_to_run() -> None:
    files = sorted((TEMPLATES / "trino" / "catalog").glob("*.properties"))
    read = [dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line) for file in files]
    jdbc = [properties for properties in read if properties["connector.name"] in JDBC]

    assert len(jdbc) == len(JDBC)
    assert {properties["complex-expression-pushdown.enabled"] for properties in jdbc} == {"false"}


BARRED = (
    "SELECT callno FROM"
    " (SELECT callno, plannedboxes FROM long_beach.polbops{world}.vesselcall"
    " WHERE capacityteu IS NOT NULL AND lower(vesselname) < 'n' AND coalesce(lower(vesselname) < 'n', false)) t"
    " WHERE 1 / plannedboxes >= 0"
)


def test_a_division_by_a_hidden_value_fails_only_where_the_fence_is_down(stack: Stack, twins: Twins) -> None:
    fenced = connect(stack.home).cursor()
    world = SECOND[TESTER.name][0]

    assert fenced.execute(BARRED.format(world=world)).fetchall()

    open_ = connect(stack.home).cursor()
    open_.execute("SET SESSION long_beach.complex_expression_pushdown = true").fetchall()
    with pytest.raises(Exception, match="division by zero"):
        open_.execute(BARRED.format(world=world)).fetchall()
