"""An agreement counts for a query only if it allows all that the query does with what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.errors import Denied, NotAllowed
from gateway.kernel.dialect import emit
from gateway.kernel.plan import plan
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import USES, AgreementGrant, Condition, Decision, JoinRule, JoinValues, Mask, Notice, Use
from tests.world import LA_CALLS, OAK_CALLS, SHIP, VISIT, decided, gives, rewritten, says

Rows = tuple[tuple[Condition, ...], ...]
SHORT: Rows = ((Condition("hrs", "lt", 5),),)


def only(agreement: AgreementGrant, **uses: str) -> AgreementGrant:
    """The agreement, with columns that may be used in some ways only."""
    named: Mapping[str, frozenset[Use]] = {
        column: frozenset(use for use in USES if use in words.split()) for column, words in uses.items()
    }
    return replace(agreement, uses=named)


def joins(
    agreement: AgreementGrant, table: str, own: str, other: str, *ports: str, values: JoinValues = "clear"
) -> AgreementGrant:
    """The agreement, with one table that it may be joined with."""
    return replace(agreement, joins=(JoinRule(table, frozenset(ports), ((own, other),), values),))


def of_visits(**uses: str) -> Decision:
    """Visits of which `carrier` may be used in some ways only."""
    return says({VISIT: [only(gives("id", "ship", "carrier", "hrs"), **uses)], SHIP: [gives("vc_id", "mmsi")]})


FROM = "FROM los_angeles.pola.visit AS v"
RENAMED = f"SELECT 1 FROM (SELECT carrier AS c {FROM}) AS x WHERE c = 'MSC'"
WITHIN = f"SELECT id {FROM} WHERE carrier IN (SELECT vc_id FROM oakland.tos.ship)"
JOINED = f"{FROM} JOIN oakland.tos.ship AS s"


@pytest.mark.parametrize(
    ("allowed", "through", "refused", "missing"),
    [
        ("group aggregate", f"SELECT count(*) {FROM} GROUP BY carrier", f"SELECT carrier {FROM}", "select"),
        ("aggregate", f"SELECT count(DISTINCT carrier) {FROM}", f"SELECT max(carrier) {FROM}", "select"),
        (
            "aggregate",
            f"SELECT count(carrier) {FROM}",
            f"SELECT count(CASE WHEN carrier = 'MSC' THEN 1 END) {FROM}",
            "filter",
        ),
        ("aggregate", f"SELECT count(carrier) {FROM}", f"SELECT count(carrier) OVER () {FROM}", "select"),
        ("select", f"SELECT carrier {FROM}", f"SELECT DISTINCT carrier {FROM}", "group"),
        ("select", f"SELECT carrier {FROM}", f"SELECT carrier {FROM} ORDER BY 1", "order"),
        ("select", f"SELECT carrier {FROM}", f"SELECT rank() OVER (ORDER BY carrier) {FROM}", "order"),
        ("select", f"SELECT carrier {FROM}", f"SELECT sum(hrs) OVER (PARTITION BY carrier) {FROM}", "group"),
        ("select", f"SELECT carrier AS c {FROM}", RENAMED, "filter"),
        ("filter", f"SELECT id {FROM} WHERE carrier = 'MSC'", f"SELECT id {JOINED} ON carrier = s.vc_id", "join"),
        ("join", f"SELECT id {JOINED} ON carrier = s.vc_id", f"SELECT id {FROM} WHERE carrier = ship", "filter"),
        ("join", WITHIN, f"SELECT id {FROM} WHERE carrier IN ('MSC')", "filter"),
        ("join", WITHIN, f"SELECT id {JOINED} ON lower(carrier) = s.vc_id", "filter"),
        (
            "filter",
            f"SELECT 1 WHERE EXISTS (SELECT 1 {FROM} WHERE carrier = 'MSC')",
            f"SELECT 1 WHERE EXISTS (SELECT 1 {FROM} GROUP BY carrier)",
            "group",
        ),
        ("filter", f"SELECT id {FROM} WHERE carrier > 'A'", f"SELECT id {JOINED} ON vc_id = carrier", "join"),
    ],
)  # fmt: skip
def test_a_column_is_held_to_the_uses_that_an_agreement_allows(
    allowed: str, through: str, refused: str, missing: str
) -> None:
    decision = of_visits(carrier=allowed)

    assert decided(through, decision)
    with pytest.raises(Denied) as denied:
        decided(refused, decision)

    said = f"not {missing}: words of a1)"
    assert denied.value.message.startswith("no agreement lets you use carrier in all the ways that this query does (")
    assert denied.value.message.endswith(said)


def test_all_uses_over_all_places_of_a_table_count_together() -> None:
    selecting = only(gives("ship", "hrs", id="a1"), ship="select")
    filtering = only(gives("ship", "hrs", id="a2"), ship="filter")
    decision = says({VISIT: [selecting, filtering]})

    assert decided(f"SELECT ship {FROM}", decision)
    assert decided(f"SELECT hrs {FROM} WHERE ship = 'x'", decision)
    with pytest.raises(Denied) as denied:
        decided(
            f"SELECT ship {FROM} UNION ALL SELECT 'x' FROM los_angeles.pola.visit AS w WHERE w.ship = 'x'", decision
        )

    assert str(denied.value).startswith(
        "no agreement lets you use ship in all the ways that this query does (los_angeles: it may select, not filter: "
        "words of a1; los_angeles: it may filter, not select: words of a2)"
    )
    assert (denied.value.line, denied.value.column) == (1, 8)


def test_an_agreement_that_does_not_allow_the_use_leaves_its_rows_and_takes_its_column() -> None:
    decision = says({VISIT: [gives("id", "ship", rows=SHORT), only(gives("id", "ship", id="a2"), ship="select")]})

    assert rewritten(f"SELECT id {FROM} WHERE ship = 'x'", decision) == (
        'SELECT "id" FROM (SELECT "id" AS "id", CASE WHEN "hrs" < 5 AND random() >= 0e0 THEN "ship" '
        'ELSE CAST(NULL AS VARCHAR) END AS "ship" FROM "los_angeles"."pola"."visit") AS "v" WHERE "ship" = \'x\''
    )


def test_a_star_shows_what_may_be_selected_and_is_written_out_where_more_is_used() -> None:
    decision = of_visits(carrier="filter")

    resolved, grant = decided(f"SELECT * {FROM}", decision)
    sent = emit(guard_tables(resolved, grant))
    used = rewritten(f"SELECT * {FROM} WHERE carrier = 'MSC'", decision)

    assert '"carrier"' not in sent
    assert used == (
        'SELECT "v"."id", "v"."ship", "v"."hrs" FROM (SELECT "id" AS "id", "ship" AS "ship", "carrier" AS "carrier", '
        '"hrs" AS "hrs" FROM "los_angeles"."pola"."visit") AS "v" WHERE "carrier" = \'MSC\''
    )


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * {JOINED} ON s.vc_id = v.carrier",
        f"SELECT v.* {JOINED} ON s.vc_id = v.carrier",
        f"SELECT v.* {FROM} WHERE EXISTS (SELECT 1 FROM oakland.tos.ship WHERE vc_id = carrier)",
        "SELECT * FROM los_angeles.pola.visit WHERE carrier = 'MSC'",
        "SELECT j.* FROM (los_angeles.pola.visit AS v JOIN oakland.tos.ship AS s ON s.vc_id = v.carrier) AS j",
        f"SELECT * {FROM} JOIN los_angeles.pola.visit AS w USING (carrier)",
    ],
)
def test_no_star_shows_a_column_that_may_not_be_selected(sql: str) -> None:
    decision = of_visits(carrier="filter join")

    resolved, grant = decided(sql, decision)

    written = [column for column in resolved.tree.selects if column.name == "carrier"]
    assert written == []
    assert not any(item.is_star for item in resolved.tree.selects)
    assert verify(emit(guard_tables(resolved, grant)), grant)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM (los_angeles.pola.visit AS v JOIN oakland.tos.ship ON vc_id = carrier) AS j (a, b, c, d, e)",
        f"SELECT * {FROM} CROSS JOIN UNNEST(ARRAY[1]) WHERE carrier = 'x'",
    ],
)
def test_a_star_that_cannot_be_written_out_is_refused(sql: str) -> None:
    with pytest.raises(NotAllowed):
        decided(sql, of_visits(carrier="filter join"))


def test_new_names_of_a_table_go_over_what_may_be_selected() -> None:
    resolved, _ = decided("SELECT c FROM los_angeles.pola.visit AS v (a, b, c)", of_visits(carrier="filter"))

    assert sorted(resolved.uses[0].columns) == ["hrs", "id", "ship"]
    assert resolved.uses[0].uses == {"hrs": {"select"}}


def test_a_column_that_one_port_does_not_give_for_a_use_reads_as_null_there_with_a_notice() -> None:
    decision = says(
        {
            LA_CALLS: [gives("port_unlocode", "ship", "call_id")],
            OAK_CALLS: [only(gives("port_unlocode", "ship", "call_id"), ship="select")],
        }
    )

    notices = noticed("SELECT call_id FROM calls WHERE ship = 'x'", decision)

    words = "it may select, not filter: words of a1"
    assert Notice("column_withheld", words, "oakland", "freight.calls", "ship") in notices
    with pytest.raises(Denied):
        decided("SELECT call_id FROM calls WHERE ship = 'x' AND port_unlocode = 'USOAK'", decision)


def noticed(sql: str, decision: Decision) -> tuple[Notice, ...]:
    """What the partner is told of an answer."""
    resolved, grant = decided(sql, decision)
    verified = verify(emit(guard_tables(resolved, grant)), grant)
    return plan(verified, resolved, decision, grant, frozenset()).notices


def test_masks_are_told_in_words() -> None:
    masked = gives("id", ship=Mask("truncate", 4, "*"), at=Mask("time_grain", "day"), hrs=Mask("band", 6))

    told = noticed(f"SELECT ship, at, hrs {FROM}", says({VISIT: [masked]}))

    assert [(notice.column, notice.message) for notice in told] == [
        ("at", "shown masked (the day)"),
        ("hrs", "shown masked (bands of 6)"),
        ("ship", "shown masked (the first 4 characters)"),
    ]


# --- joins ----------------------------------------------------------------------------------------------------------

VISITS = gives("id", "ship", "carrier")
SHIPS = gives("vc_id", "mmsi")


def of_both(visits: AgreementGrant, ships: AgreementGrant = SHIPS) -> Decision:
    """Visits and ships under one agreement each."""
    return says({VISIT: [visits], SHIP: [ships]})


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT id {JOINED} ON v.carrier = s.vc_id",
        f"SELECT id {JOINED} ON v.ship = s.vc_id AND v.carrier = s.vc_id",
        f"SELECT id {JOINED} ON lower(v.carrier) = s.vc_id",
        f"SELECT id {FROM} WHERE v.carrier IN (SELECT vc_id FROM oakland.tos.ship)",
        f"SELECT carrier {FROM} INTERSECT SELECT vc_id FROM oakland.tos.ship",
        f"SELECT carrier {FROM} UNION SELECT vc_id FROM oakland.tos.ship",
        f"SELECT v.carrier = s.vc_id {FROM} CROSS JOIN oakland.tos.ship AS s",
        f"SELECT id {FROM} WHERE EXISTS (SELECT 1 FROM oakland.tos.ship AS s WHERE s.vc_id = v.carrier)",
        f"SELECT v.id {FROM} JOIN los_angeles.pola.visit AS w ON w.ship = v.ship",
        f"SELECT 1 FROM (SELECT carrier {FROM} UNION ALL SELECT vc_id FROM oakland.tos.ship) AS u (k) GROUP BY k",
    ],
)
def test_an_agreement_does_not_count_for_a_join_that_it_does_not_list(sql: str) -> None:
    listed = joins(VISITS, "tos.ship", "ship", "vc_id", "oakland")

    assert decided(f"SELECT id {JOINED} ON v.ship = s.vc_id", of_both(listed))
    assert decided(f"SELECT id {FROM} CROSS JOIN oakland.tos.ship", of_both(listed))
    assert decided(sql, of_both(VISITS))
    with pytest.raises(Denied) as denied:
        decided(sql, of_both(listed))

    told = "no agreement lets you join los_angeles.pola.visit in this way (los_angeles: words of a1)"
    assert denied.value.message == told


def test_an_agreement_without_joins_may_be_joined_with_nothing() -> None:
    alone = replace(VISITS, joins=())

    assert decided(f"SELECT id {FROM}", of_both(alone))
    with pytest.raises(Denied):
        decided(f"SELECT id {JOINED} ON v.ship = s.vc_id", of_both(alone))


def test_a_join_is_listed_for_all_the_ports_that_may_answer() -> None:
    listed = joins(VISITS, "freight.calls", "ship", "ship", "los_angeles")
    decision = says({VISIT: [listed], LA_CALLS: [gives("port_unlocode", "ship")], OAK_CALLS: [gives("ship")]})
    sql = f"SELECT id {FROM} JOIN calls AS c ON c.ship = v.ship"

    assert decided(f"{sql} WHERE c.port_unlocode = 'USLAX'", decision)
    with pytest.raises(Denied):
        decided(sql, decision)


def test_another_agreement_that_allows_the_join_still_counts() -> None:
    wide, narrow = gives("id", "ship", rows=SHORT, id="a2"), replace(VISITS, joins=())
    decision = says({VISIT: [narrow, wide], SHIP: [SHIPS]})

    _, grant = decided(f"SELECT id {JOINED} ON v.ship = s.vc_id", decision)

    assert [agreement.id for agreement in grant.tables[VISIT][0].agreements] == ["a2"]


def test_a_port_whose_agreement_does_not_allow_the_join_is_left_out_with_a_notice() -> None:
    joined = joins(gives("ship"), "tos.ship", "ship", "mmsi", "oakland")
    decision = says({LA_CALLS: [joined], OAK_CALLS: [gives("ship")], SHIP: [SHIPS]})

    told = noticed("SELECT 1 FROM calls AS c JOIN oakland.tos.ship AS s ON c.ship = s.vc_id", decision)

    assert Notice(
        "port_not_sharing", "lets nobody join it in this way: words of a1", "los_angeles", "freight.calls"
    ) in told  # fmt: skip


HASHED = '(SELECT substr(to_hex(hmac_sha256(to_utf8("{0}"), from_hex(\'dd44\'))), 1, 32) AS "{0}" FROM {1}) AS "{2}"'


def test_a_hashed_join_shows_both_columns_as_the_hash_that_ports_share() -> None:
    visits = joins(gives("ship"), "tos.ship", "ship", "vc_id", "oakland", values="hashed")
    ships = joins(gives("vc_id"), "pola.visit", "vc_id", "ship", "los_angeles", values="hashed")
    own = HASHED.format("ship", '"los_angeles"."pola"."visit"', "v")
    other = HASHED.format("vc_id", '"oakland"."tos"."ship"', "s")

    sent = rewritten(f"SELECT v.ship {JOINED} ON v.ship = s.vc_id", of_both(visits, ships))

    assert sent == f'SELECT "v"."ship" FROM {own} JOIN {other} ON "v"."ship" = "s"."vc_id"'
    assert rewritten(f"SELECT ship {FROM}", of_both(visits, ships)).startswith('SELECT "ship" FROM (SELECT "ship" AS')


def test_a_hashed_join_needs_both_sides_to_say_so() -> None:
    visits = joins(gives("ship"), "tos.ship", "ship", "vc_id", "oakland", values="hashed")
    clear = joins(gives("vc_id"), "pola.visit", "vc_id", "ship", "los_angeles")

    for ships in (SHIPS, clear):
        with pytest.raises(Denied):
            decided(f"SELECT v.ship {JOINED} ON v.ship = s.vc_id", of_both(visits, ships))


@pytest.mark.parametrize("mask", [Mask("null"), Mask("constant", "x"), Mask("truncate", 1)])
def test_a_hashed_join_shows_no_more_of_a_masked_column(mask: Mask) -> None:
    visits = joins(gives(ship=mask), "tos.ship", "ship", "vc_id", "oakland", values="hashed")
    ships = joins(gives("vc_id"), "pola.visit", "vc_id", "ship", "los_angeles", values="hashed")

    _, grant = decided(f"SELECT v.ship {JOINED} ON v.ship = s.vc_id", of_both(visits, ships))

    assert grant.tables[VISIT][0].agreements[0].columns == {"ship": mask}


def test_a_number_cannot_be_joined_hashed() -> None:
    visits = joins(gives("id"), "tos.ship", "id", "mmsi", "oakland", values="hashed")
    ships = joins(gives("mmsi"), "pola.visit", "mmsi", "id", "los_angeles", values="hashed")

    with pytest.raises(Denied):
        decided(f"SELECT v.id {JOINED} ON v.id = s.mmsi", of_both(visits, ships))


def test_a_published_column_says_in_the_ports_words_what_is_missing() -> None:
    decision = says({LA_CALLS: [only(gives("ship", "carrier"), carrier="group aggregate")]})

    with pytest.raises(Denied) as denied:
        decided("SELECT ship,\n  carrier FROM calls", decision)

    assert denied.value.message == (
        "no agreement lets you use carrier in all the ways that this query does "
        "(los_angeles: it may group and aggregate, not select: words of a1)"
    )
    assert (denied.value.line, denied.value.column) == (2, 3)
