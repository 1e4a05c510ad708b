"""The two hops of a query give what the steps give one by one, and errors survive as data, nothing else of them."""

from __future__ import annotations

import pytest

from gateway.desk import REMEMBERED, TOO_LARGE, UNFORESEEN, Desk, Job, error_of, fault_of
from gateway.errors import (
    Broken,
    Denied,
    Failed,
    GatewayError,
    NotAllowed,
    NotParsed,
    PolicyUnavailable,
    Unresolved,
    VerificationFailed,
)
from gateway.kernel.growth import MAX_LENGTH, MAX_RELATIONS, check_length
from gateway.kernel.resolve import UnresolvedName
from gateway.model import AskedTable, Use
from tests.bombs import doubling_ctes, repeated
from tests.world import CATALOG, EVERYTHING, KEYS, LA_CALLS, OAK_CALLS, rewritten, says

SQL = "SELECT ship, count(*) FROM calls WHERE hours > 3 GROUP BY ship"


def job(sql: str, missing: frozenset[str] = frozenset()) -> Job:
    return Job(sql, EVERYTHING, KEYS, missing)


def test_the_first_hop_says_what_to_ask_and_the_second_plans_it() -> None:
    desk = Desk(CATALOG)

    asked = desk.tables_asked(SQL).tables
    planned = desk.plan(job(SQL))

    uses: dict[str, frozenset[Use]] = {"hours": frozenset({"filter"}), "ship": frozenset({"select", "group"})}
    assert asked == tuple(AskedTable(name, ("hours", "ship"), uses) for name in (LA_CALLS, OAK_CALLS))
    assert planned.plan.sql == rewritten(SQL)
    assert planned.sharing == (frozenset({"los_angeles", "oakland"}),)


def test_a_second_hop_without_its_first_one_has_the_same_outcome() -> None:
    desk = Desk(CATALOG)
    desk.tables_asked(SQL)

    assert Desk(CATALOG).plan(job(SQL)) == desk.plan(job(SQL))


def test_a_text_that_is_no_longer_kept_is_read_again() -> None:
    desk = Desk(CATALOG)
    before = desk.plan(job(SQL))
    for number in range(REMEMBERED + 1):
        desk.tables_asked(f"SELECT {number}")

    assert desk.plan(job(SQL)) == before


def test_what_one_partner_was_granted_does_not_stay_for_the_next() -> None:
    desk = Desk(CATALOG)
    desk.plan(job(SQL))

    with pytest.raises(Denied):
        desk.plan(Job(SQL, says({}), KEYS))


def test_a_silent_port_is_left_out_and_what_is_left_is_told() -> None:
    desk = Desk(CATALOG)

    planned = desk.plan(job(SQL, frozenset({"oakland"})))

    assert planned.plan.ports == ("los_angeles",)
    assert planned.is_answerable(frozenset({"oakland"}))
    assert not planned.is_answerable(frozenset({"oakland", "los_angeles"}))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotParsed("m", hint="h", line=3, column=4), NotParsed),
        (NotAllowed("m", hint="h", line=3, column=4), NotAllowed),
        (Unresolved("m", hint="h", line=3, column=4), Unresolved),
        (UnresolvedName("ship", "m", hint="h", line=3, column=4), Unresolved),
        (Denied("m", hint="h", line=3, column=4), Denied),
        (VerificationFailed("m", hint="h", line=3, column=4), VerificationFailed),
    ],
)
def test_an_error_comes_out_of_a_worker_as_it_went_in(error: GatewayError, kind: type[GatewayError]) -> None:
    again = error_of(fault_of(error))

    assert type(again) is kind
    assert (again.message, again.hint, again.line, again.column) == ("m", "h", 3, 4)


@pytest.mark.parametrize(
    "error", [ValueError("a secret"), KeyError("a secret"), Failed("a secret"), PolicyUnavailable("")]
)
def test_what_the_kernel_never_raises_comes_out_without_its_text(error: Exception) -> None:
    assert fault_of(error) == UNFORESEEN
    assert type(error_of(UNFORESEEN)) is Broken


@pytest.mark.parametrize("error", [RecursionError("x"), MemoryError()])
def test_a_text_that_is_too_much_for_a_worker_is_the_texts_fault(error: Exception) -> None:
    assert fault_of(error) == TOO_LARGE


def test_ctes_that_double_at_each_level_are_refused_before_they_unfold() -> None:
    with pytest.raises(NotAllowed, match="once its CTEs are unfolded"):
        Desk(CATALOG).tables_asked(doubling_ctes(12).replace("port_status", "calls"))

    Desk(CATALOG).tables_asked(doubling_ctes(9).replace("port_status", "calls"))


def test_a_cte_counts_by_what_its_name_means_where_it_is_read() -> None:
    wide = f"WITH a AS (SELECT 1 FROM {repeated('calls', ', ', 40)}) SELECT * FROM {{}}"

    Desk(CATALOG).tables_asked(wide.format(", ".join(f"a a{n}" for n in range(MAX_RELATIONS // 40))))
    with pytest.raises(NotAllowed):
        Desk(CATALOG).tables_asked(wide.format(", ".join(f"A a{n}" for n in range(MAX_RELATIONS // 40 + 1))))
    inner = "(WITH a AS (SELECT 1) SELECT * FROM a) q{}"
    Desk(CATALOG).tables_asked(wide.format(", ".join(inner.format(n) for n in range(MAX_RELATIONS // 40 + 1))))


def test_what_trino_would_not_read_for_its_length_is_not_sent() -> None:
    check_length("x" * MAX_LENGTH)

    with pytest.raises(NotAllowed, match="grows beyond"):
        check_length("x" * (MAX_LENGTH + 1))


def test_a_desk_that_was_warmed_up_answers_like_one_that_was_not() -> None:
    warm = Desk(CATALOG)

    warm.warm_up()

    assert warm.plan(job(SQL)) == Desk(CATALOG).plan(job(SQL))
