"""The official Python client's behaviour is the reference: each case is asked of Trino and Portgate."""

from __future__ import annotations

import functools

import pytest

import tests.conformance.connections
import tests.conformance.cursors  # noqa: F401 - they list their programs as they are read
from tests.conformance.differences import DIFFERENCES
from tests.conformance.faults import FAULTS
from tests.conformance.listed import PROGRAMS
from tests.conformance.page import PAGE, page
from tests.conformance.parameters import PARAMETERS, WITH_PREPARE
from tests.conformance.sides import Play, Side, ask
from tests.conformance.values import VALUES


def _cases() -> dict[str, Play]:
    cases: dict[str, Play] = {}
    for name, sql in VALUES.items():
        cases[f"values-{name}"] = functools.partial(ask, sql=sql)
        if " FROM " not in sql:  # what is read of a value is the same wherever the value comes from
            cases[f"words-{name}"] = functools.partial(ask, sql=sql, legacy_primitive_types=True)
    for name, (sql, params) in PARAMETERS.items():
        immediate = functools.partial(ask, sql=sql, params=params, legacy_prepared_statements=False)
        cases[f"immediate-{name}"] = immediate
        if name in WITH_PREPARE:
            cases[f"prepare-{name}"] = functools.partial(immediate, legacy_prepared_statements=True)
    for name, sql in FAULTS.items():
        cases[f"fault-{name}"] = functools.partial(ask, sql=sql)
    for name, play in PROGRAMS.items():
        cases[f"program-{name}"] = play
    return cases


CASES = _cases()


@pytest.mark.real
@pytest.mark.parametrize("case", CASES)
def test_a_program_sees_the_same_through_portgate_as_from_trino(case: str, direct: Side, portgate: Side) -> None:
    here, there = repr(CASES[case](portgate)), repr(CASES[case](direct))

    if case in DIFFERENCES:
        assert here == repr(DIFFERENCES[case].seen)
        assert here != there, "this is no difference any more: take it off the list"
    else:
        assert here == there


def test_there_are_cases_enough_and_each_difference_is_one_of_them() -> None:
    assert len(CASES) >= 150
    assert set(DIFFERENCES) <= set(CASES)


def test_the_page_of_differences_is_the_list() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CASES)
