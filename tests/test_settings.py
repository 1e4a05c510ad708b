"""The settings refuse what would open a door."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import WallSettings

SECRET = Path("wall")


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "trino.example.org", ""])  # noqa: S104 - it is refused
def test_maintenance_users_pass_the_wall_on_one_machine_only(host: str) -> None:
    with pytest.raises(ValidationError, match="one machine"):
        WallSettings(host=host, secret_file=SECRET, maintenance_users=("portgate-loader",))

    assert WallSettings(host=host, secret_file=SECRET).maintenance_users == ()
    assert WallSettings(secret_file=SECRET, maintenance_users=("portgate-loader",)).host == "127.0.0.1"
