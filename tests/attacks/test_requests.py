"""T16: what is smuggled into requests is refused, or does nothing; Trino hears nothing but the gateway's own words."""

from __future__ import annotations

import pytest

from tests.attacks.attacked import Attacked
from tests.attacks.requests import HARMLESS, REFUSED, SMUGGLED, post


@pytest.mark.parametrize("attack", REFUSED)
def test_an_attack_is_refused_and_nothing_of_it_reaches_trino(gateway: Attacked, attack: str) -> None:
    gateway.taken()

    answers = gateway.send(REFUSED[attack])

    assert len(answers) == 1
    assert 400 <= answers[0] < 500 or answers[0] in (501, 505)
    assert gateway.taken() == []


@pytest.mark.parametrize("request_", HARMLESS)
def test_a_legal_request_brings_nothing_foreign_to_trino(gateway: Attacked, request_: str) -> None:
    gateway.taken()

    answers = gateway.send(HARMLESS[request_])

    assert len([answer for answer in answers if answer != 100]) == 1
    assert 200 <= answers[-1] < 500
    assert [each for each in gateway.taken() if not each.is_our_own] == []


def test_there_are_eighty_attacks_and_more() -> None:
    assert len(REFUSED) >= 80


def test_a_request_as_it_should_be_reaches_trino(gateway: Attacked) -> None:
    gateway.taken()

    assert gateway.send(post()) == [200]
    (reached, *_) = gateway.taken()
    assert (reached.method, reached.path, reached.body) == ("POST", "/v1/statement", b"SELECT 1")


def test_after_a_refusal_nothing_more_of_the_connection_is_read(gateway: Attacked) -> None:
    for attack in ("cl_te", "bare_lf_everywhere", "1000_headers", "absolute_form"):
        gateway.taken()

        assert len(gateway.send(REFUSED[attack].replace(b"Connection: close\r\n", b""), SMUGGLED)) == 1
        assert gateway.taken() == []
