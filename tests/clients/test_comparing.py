"""What a client shows is taken for right in every form that means the value, and in no other."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.clients.statements import same

MOMENT = datetime(2026, 2, 28, 13, 14, 15, 123000)
ABROAD = MOMENT.replace(tzinfo=ZoneInfo("America/Los_Angeles"))


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (1, [1, "1", 1.0], [2, "one", None]),
        (True, [True, "true"], [False, "yes", None]),
        (None, [None, "null", "NULL"], [0, "", "none"]),
        (Decimal("1.50"), ["1.50", "1.5"], ["1.51", ""]),
        (float("nan"), ["NaN", float("nan")], [0.0]),
        (
            MOMENT,
            ["2026-02-28 13:14:15.123", "2026-02-28T13:14:15.123000"],
            ["2026-02-28 13:14:15.124", "13:14:15.123"],
        ),
        (
            ABROAD,
            [
                "2026-02-28 13:14:15.123 America/Los_Angeles",
                "2026-02-28 13:14:15.123-08:00",
                "2026-02-28T21:14:15.123 Z",
            ],
            ["2026-02-28 13:14:15.123", "2026-02-28 13:14:15.123 UTC"],
        ),
        (date(2026, 2, 28), ["2026-02-28"], ["2026-02-27"]),
        (time(13, 14, 15, 123000), ["13:14:15.123"], ["13:14:15"]),
        ([1, None], [[1, None], "[1, null]", {"a": 1, "b": None}], [[1], [None, 1], "[1]"]),
        ({"a": 1}, [{"a": 1}, "{a=1}"], [{"a": 2}, "{b=1}", {}]),
        (b"Port", ["506f7274", "UG9ydA==", "50 6f 72 74", "0x506F7274"], ["Port", "506f72"]),
        ([[1, "x"]], [[["1", "x"]]], [[["1", "y"]], []]),
    ],
)
def test_a_value_is_the_same_in_its_forms_alone(expected: Any, right: list[Any], wrong: list[Any]) -> None:
    assert [seen for seen in right if not same(expected, seen)] == []
    assert [seen for seen in wrong if same(expected, seen)] == []
