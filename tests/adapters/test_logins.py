"""Who was not let in is a record, few however many there are; what they claimed is short and printable."""

from __future__ import annotations

import asyncio
import base64
import logging

import orjson
import pytest

from gateway.adapters.logins import OTHERS, Logins, claimed_subject
from gateway.audit.record import LoginRecord
from gateway.errors import Unauthenticated
from tests.adapters.test_wall import FullDisk
from tests.simulator import Log, Ticking

EXPIRED = Unauthenticated("the token has expired", hint="Get a new one.")


def token(claims: object) -> str:
    """A token whose signature nobody looks at."""
    claimed = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
    return f"e30.{claimed}.c2ln"


def written(*tries: tuple[Unauthenticated, str], log: Log | None = None) -> list[LoginRecord]:
    """Turn somebody away several times, and return the records."""
    kept = log or Log()

    async def story() -> None:
        logins = Logins(kept, Ticking(), "test build", every_seconds=0.01)
        for error, shown in tries:
            logins.note(error, shown)
        await logins.close()

    asyncio.run(story())
    return [record for record in kept.records if isinstance(record, LoginRecord)]


def test_a_failed_login_says_who_it_claimed_to_be_and_what_it_was_told() -> None:
    assert written((EXPIRED, token({"sub": "ana"})), (EXPIRED, token({"sub": "ana"}))) == [
        LoginRecord("", "2026-11-22T16:45:07.000Z", "unauthenticated", "ana", 2, "the token has expired", "test build")
    ]


def test_a_flood_of_failed_logins_cannot_fill_the_log() -> None:
    records = written(*((EXPIRED, token({"sub": f"mallory-{number}"})) for number in range(5_000)))

    assert len(records) == 21
    assert sum(record.count for record in records) == 5_000
    assert (records[-1].claimed, records[-1].message, records[-1].count) == ("", OTHERS, 4_980)


@pytest.mark.parametrize(
    ("shown", "claimed"),
    [
        (token({"sub": "ana"}), "ana"),
        (token({"sub": "x" * 500}), "x" * 200),
        (token({"sub": "a\nb\x1b[2J\u202ec\ue000é"}), "a?b?[2J?c?é"),
        (token({"sub": 7}), ""),
        (token({"sub": None}), ""),
        (token(["sub"]), ""),
        (token({}), ""),
        ("e30.e30.x", ""),
        ("e30..x", ""),
        ("e30.!!!.x", ""),
        ("e30.é.x", ""),
        ("a.b", ""),
        ("", ""),
        ("e30." + "A" * 100_000 + ".x", ""),
        (f"e30.{base64.urlsafe_b64encode(b'[' * 10_000).decode()}.x", ""),
    ],
)
def test_a_claimed_subject_is_short_and_printable(shown: str, claimed: str) -> None:
    assert claimed_subject(shown) == claimed


def test_nothing_else_of_a_token_is_kept() -> None:
    shown = token({"sub": "ana", "email": "ana@example.org"})

    (record,) = written((EXPIRED, shown))

    assert "example" not in str(record)
    assert shown.split(".")[1] not in str(record)


def test_a_login_that_cannot_be_written_is_said_in_the_operators_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert written((EXPIRED, ""), log=FullDisk()) == []

    assert [record.getMessage() for record in caplog.records] == [
        "1 failed logins could not be written to the audit log: audit_unavailable"
    ]
