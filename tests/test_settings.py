"""The settings refuse what would open a door."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import AuditPostgresSettings, AuditSettings, WallSettings
from tests.conftest import CHECKOUT

SECRET = Path("wall")


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "trino.example.org", ""])  # noqa: S104 - it is refused
def test_maintenance_users_pass_the_wall_on_one_machine_only(host: str) -> None:
    with pytest.raises(ValidationError, match="one machine"):
        WallSettings(host=host, secret_file=SECRET, maintenance_users=("portgate-loader",))

    assert WallSettings(host=host, secret_file=SECRET).maintenance_users == ()
    assert WallSettings(secret_file=SECRET, maintenance_users=("portgate-loader",)).host == "127.0.0.1"


def test_the_audit_log_is_in_one_place() -> None:
    rest = {"origin": "portgate.test/audit", "key_file": SECRET}
    database = AuditPostgresSettings(conninfo_file=SECRET)
    for wrong in ({}, {"file": SECRET, "postgres": database}):
        with pytest.raises(ValidationError, match="exactly one"):
            AuditSettings.model_validate({**rest, **wrong})

    assert AuditSettings.model_validate({**rest, "file": SECRET}).postgres is None
    assert AuditSettings.model_validate({**rest, "postgres": database}).file is None


@pytest.mark.parametrize("days", [0, -1])
def test_nothing_is_pruned_on_the_day_on_which_it_was_written(days: int) -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        AuditSettings.model_validate(
            {"origin": "portgate.test/audit", "key_file": SECRET, "file": SECRET, "retention_days": days}
        )


@pytest.mark.parametrize("name", AuditSettings.model_fields)
def test_each_setting_of_the_audit_log_is_on_the_operators_page(name: str) -> None:
    assert f"`{name}`" in (CHECKOUT / "docs/operators.md").read_text()
