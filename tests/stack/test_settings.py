"""What a stack was told is remembered; what cannot be is refused with the reason."""

from __future__ import annotations

from datetime import date

import pytest

from stack.faults import StackFault
from stack.layout import Home
from stack.settings import PORTS, decide, remember, remembered

TODAY = date(2026, 11, 22)


def test_a_new_stack_has_all_ports_at_scale_one_up_to_today(home: Home) -> None:
    settings = decide(home, today=TODAY)

    assert (settings.ports, settings.scale, settings.as_of, settings.samples) == (PORTS, 1.0, TODAY, False)
    assert settings.tcp.model_dump() == {
        "gateway": 8443,
        "plain": 8080,
        "wall": 8081,
        "trino": 18080,
        "opa": 8181,
        "postgres": 15432,
        "witness": 9250,
    }


def test_what_was_said_once_holds_until_something_else_is_said(home: Home) -> None:
    remember(
        home, decide(home, today=TODAY, scale=0.01, ports=("oakland", "long_beach"), tcp={"opa": 9000}, samples=True)
    )

    again = decide(home, today=date(2027, 1, 1), tcp={"trino": 9001})

    assert (again.scale, again.ports, again.as_of) == (0.01, ("long_beach", "oakland"), TODAY)
    assert (again.tcp.opa, again.tcp.trino, again.tcp.postgres) == (9000, 9001, 15432)
    assert again.samples
    assert not decide(home, today=TODAY, samples=False).samples


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"ports": ("oakland", "seattle")}, "unknown port seattle; there are: los_angeles"),
        ({"tcp": {"opa": 8443}}, "TCP port 8443 is given to two parts"),
        ({"scale": 0.0}, "scale"),
        ({"tcp": {"opa": 70000}}, "tcp.opa"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(home: Home, said: dict[str, object], reason: str) -> None:
    with pytest.raises(StackFault) as told:
        decide(home, today=TODAY, **said)  # type: ignore[arg-type]

    assert reason in told.value.message


def test_a_damaged_file_is_told_with_what_to_do(home: Home) -> None:
    home.settings.write_text('{"as_of": "2026-11-22", "surprise": true}')

    with pytest.raises(StackFault) as told:
        remembered(home)

    assert "surprise" in told.value.message
    assert f"rm {home.settings}" in told.value.mend
