"""What a stack was told (TCP ports, scale, which seaports, samples), remembered in <home>/stack.json."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stack.faults import StackFault
from stack.layout import PORTS as PORTS
from stack.layout import Home, write_private

SAMPLES = ("tpch", "tpcds", "memory")
"""Trino's own sample catalogs, for tests and benchmarks."""


TcpPort = Annotated[int, Field(ge=1, le=65535)]


class TcpPorts(BaseModel):
    """Where the parts listen, all on 127.0.0.1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway: TcpPort = 8443
    plain: TcpPort = 8080
    wall: TcpPort = 8081
    trino: TcpPort = 18080
    opa: TcpPort = 8181
    postgres: TcpPort = 15432
    witness: Annotated[int, Field(ge=1, le=65535 - len(PORTS) + 1)] = 9250
    """The first of the ports' witnesses; the others have the TCP ports behind it."""

    def numbers(self) -> list[tuple[str, int]]:
        """Return each setting with its TCP port; the witnesses' with each of theirs."""
        given = self.model_dump()
        first = given.pop("witness")
        return [*given.items(), *(("witness", first + n) for n in range(len(PORTS)))]

    @model_validator(mode="after")
    def _all_differ(self) -> Self:
        chosen = [number for _, number in self.numbers()]
        twice = {number for number in chosen if chosen.count(number) > 1}
        if twice:
            raise ValueError(f"TCP port {min(twice)} is given to two parts")
        return self


class StackSettings(BaseModel):
    """One stack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tcp: TcpPorts = TcpPorts()
    ports: tuple[str, ...] = PORTS
    """The seaports of this stack."""
    scale: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How much data: 1 is about a million container events for Los Angeles."""
    as_of: date
    """The day on which the generated data ends; kept until told otherwise, so that data is not made anew each day."""
    samples: bool = False
    """Whether Trino's own sample data hangs beside the ports; no agreement speaks of it, so no partner can read it."""
    gateway_file: Path | None = None
    """Settings of the gateway that are put over those that `up` writes."""

    @model_validator(mode="after")
    def _ports_are_known(self) -> Self:
        unknown = [port for port in self.ports if port not in PORTS]
        if unknown or not self.ports:
            raise ValueError(f"unknown port {', '.join(unknown) or '(none given)'}; there are: {', '.join(PORTS)}")
        return self


def tcp_option(part: str) -> str:
    """Name the option of `portgate up` that sets a TCP port."""
    return f"--{part}-port"


def remembered(home: Home) -> StackSettings | None:
    """Read what the stack was told last time; None if it was never told anything."""
    if not home.settings.exists():
        return None
    try:
        return StackSettings.model_validate_json(home.settings.read_bytes())
    except ValidationError as error:
        raise StackFault(
            f"{home.settings} cannot be read: {_first(error)}", mend=f"mend or remove it: rm {home.settings}"
        ) from error


def decide(
    home: Home,
    *,
    today: date,
    scale: float | None = None,
    ports: tuple[str, ...] | None = None,
    as_of: date | None = None,
    tcp: dict[str, int] | None = None,
    samples: bool | None = None,
    gateway_file: Path | None = None,
) -> StackSettings:
    """Join what is said now with what was said before; what is said now wins."""
    before = remembered(home) or StackSettings(as_of=today)
    tcp = {**before.tcp.model_dump(), **(tcp or {})}
    file = gateway_file.resolve() if gateway_file else None
    said: dict[str, object] = {
        "scale": scale, "ports": ports, "as_of": as_of, "tcp": tcp, "samples": samples, "gateway_file": file,
    }  # fmt: skip
    if ports:
        said["ports"] = tuple(port for port in PORTS if port in ports) + tuple(p for p in ports if p not in PORTS)
    try:
        return StackSettings.model_validate(
            {**before.model_dump(), **{key: value for key, value in said.items() if value is not None}}
        )
    except ValidationError as error:
        raise StackFault(_first(error)) from error


def remember(home: Home, settings: StackSettings) -> None:
    """Keep the settings for the next time."""
    write_private(home.settings, settings.model_dump_json(indent=2) + "\n")


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(step) for step in fault["loc"])
    text = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
