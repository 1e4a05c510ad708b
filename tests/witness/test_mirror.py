"""What a port is shown of a record must be what the log committed to, with no byte moved between salt and text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.witness.logs import TestLog, decision
from witness.mirror import Untrue, check_value

PORT = "long_beach"


def given(*concerned: str) -> dict[str, Any]:
    """What the gateway gives the port of a decision about some ports."""
    (line,) = TestLog().add(decision("q1", *concerned)).views(PORT, 0, 1)
    return dict(json.loads(line))


@pytest.fixture
def shown() -> dict[str, Any]:
    return given(PORT)


def test_a_record_that_is_shown_as_it_is_passes(shown: dict[str, Any]) -> None:
    check_value(shown, PORT)


@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_record_is_not_hidden_by_moving_its_text_into_the_salt(shown: dict[str, Any], kept: int) -> None:
    text = shown["view"].encode()
    moved = base64.b64decode(shown["salt"]) + text[: len(text) - kept]

    with pytest.raises(Untrue):
        check_value(
            {**shown, "salt": base64.b64encode(moved).decode(), "view": text[len(text) - kept :].decode()}, PORT
        )


def test_a_record_of_others_passes_as_nothing_with_its_own_salt_alone() -> None:
    hidden = given("oakland")
    assert hidden["view"] == ""
    check_value(hidden, PORT)

    with pytest.raises(Untrue):
        check_value({**hidden, "salt": hidden["salt"][:40]}, PORT)
