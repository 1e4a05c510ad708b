"""`portgate policy suspend PORT` and `resume`: one word in data.yaml, signed and published."""

from __future__ import annotations

import typer

from gateway.options import DEFAULT_HOME, DEFAULT_POLICIES, HomeOption, JsonOption, PoliciesOption
from gateway.policy_cli.bundles import AsOption, KeyOption, PortArgument, faults_told, home_of, send, sign, tell


def register(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command("suspend")(suspend)
    app.command("resume")(resume)


def suspend(
    port: PortArgument,
    name: AsOption,
    key: KeyOption = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Stop all that a port shares, within five seconds: answers under way end too."""
    _set(port, name, key, policies, home, json, suspended=True)


def resume(
    port: PortArgument,
    name: AsOption,
    key: KeyOption = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Share again what was suspended."""
    _set(port, name, key, policies, home, json, suspended=False)


def _set(
    port: str, name: str, key: KeyOption, policies: PoliciesOption, home: HomeOption, json: bool, *, suspended: bool
) -> None:
    from gateway.adapters.signing import read_files, suspended_text, write_text

    with faults_told(json):
        place = home_of(home)
        files = suspended_text(read_files(policies, port), suspended=suspended)
        told = send(place, port, sign(files, key, place).packed(), name)
        write_text(policies, files)
        words = "has suspended its agreements" if suspended else "shares again"
        tell({**told, "suspended": suspended}, json, f"{port} {words}; revision {told['revision']}")
