"""What of Trino's failures may be said to a partner."""

from __future__ import annotations

import pytest

from gateway.adapters.trino_errors import DATA_ERROR, NOT_POSSIBLE, SAFE_ERRORS, Said, translated, unconfirmed
from gateway.adapters.trino_wire import FailureInfo, TrinoError, TrinoFailure
from gateway.errors import Failed, PortTrouble, VerificationFailed

A_VALUE = "Clerk#000000701"


def told_by_trino(name: str) -> TrinoFailure:
    """A failure as Trino tells it, with a value in its text."""
    return TrinoFailure(TrinoError(f"line 3:7: Cannot cast '{A_VALUE}'", name, "USER_ERROR"))


@pytest.mark.parametrize("name", ["DIVISION_BY_ZERO", "INVALID_CAST_ARGUMENT", "GENERIC_USER_ERROR", "A_NEW_NAME"])
def test_an_error_that_is_not_listed_says_nothing_of_its_value(name: str) -> None:
    error = translated(told_by_trino(name))

    assert (type(error), error.message) == (Failed, DATA_ERROR)


@pytest.mark.parametrize(
    ("type_", "told"), [("java.lang.ArithmeticException", Failed), ("x.SQLException", PortTrouble)]
)
def test_a_value_on_which_trino_stumbles_is_no_port_that_fails(type_: str, told: type[Exception]) -> None:
    failure = TrinoFailure(TrinoError("/ by zero", "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", FailureInfo(type_)))

    assert type(translated(failure)) is told


def test_a_refusal_of_trinos_own_rules_is_a_fault_of_ours() -> None:
    assert isinstance(translated(told_by_trino("PERMISSION_DENIED")), VerificationFailed)


@pytest.mark.parametrize("name", sorted(SAFE_ERRORS))
def test_trinos_words_are_held_back_until_they_are_confirmed(name: str) -> None:
    raised = told_by_trino(name)

    assert isinstance(translated(raised), Said)
    assert unconfirmed(raised).message in (DATA_ERROR, NOT_POSSIBLE)
    assert type(unconfirmed(raised)) is Failed
