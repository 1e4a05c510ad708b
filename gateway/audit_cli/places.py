"""Which log a command works on: that of a gateway's settings file, or of the local stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command import fail, home_at
from gateway.options import USAGE

if TYPE_CHECKING:
    from gateway.settings import Settings

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="The gateway's settings; else those of the stack in --home."),
]


def settings_of(file: Path | None, home: Path) -> Settings:
    """Read the settings of the gateway that writes the log; raises NoStack."""
    import yaml
    from pydantic import ValidationError

    from gateway.settings import read_settings

    if file is None:
        return home_at(home).settings()
    try:
        return read_settings(file)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        fail(USAGE, [f"{file} cannot be used: {error}"])
