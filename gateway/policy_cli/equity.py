"""`portgate policy equity`: who of one organisation class gets less than another of it, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.options import JsonOption

if TYPE_CHECKING:
    from gateway.model import Partner

POLICIES = Annotated[str, typer.Option("--policies", metavar="WHERE", help="File, folder, git ref [policies/ports].")]
PurposeOption = Annotated[str, typer.Option("--purpose", metavar="PURPOSE", help="Only this purpose.")]
PortOption = Annotated[str, typer.Option("--port", metavar="PORT", help="Only this port.")]
DayOption = Annotated[str, typer.Option("--on", metavar="DAY", help="On this day, UTC [today].")]
PartnersOption = Annotated[
    Path | None, typer.Option("--partners", metavar="FILE", help="Who there is [deploy/local/partners.yaml].")
]


def register(app: typer.Typer) -> None:
    """Hang the command on a command line."""
    app.command("equity", epilog="Exit codes: 0 done, 2 wrong command.")(equity)


def equity(
    purpose: PurposeOption = "",
    port: PortOption = "",
    on: DayOption = "",
    policies: POLICIES = "",
    partners: PartnersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say, table by table, who of one class gets less than another of the same class, and why."""
    from gateway.model import PURPOSES
    from gateway.policy.equity import inequities, lines, members_of, sentence
    from gateway.policy_cli import sources

    here = sources.in_force()
    documents = (sources.read_source(policies).over(here) if policies else here).documents
    if purpose and purpose not in PURPOSES:
        sources.refuse(f"the purpose {purpose!r} is not known", f"There are: {', '.join(PURPOSES)}.")
    known = members_of(read_known(partners).values(), documents)
    types = sources.types_of(sources.read_catalog_here())
    now = f"{on or datetime.now(UTC).strftime('%Y-%m-%d')}T12:00:00Z"
    ports = sources.only_port(documents, port)
    found = list(inequities(documents, known, types, now, (purpose,) if purpose else PURPOSES, ports))
    if as_json:
        told = [{"sentence": sentence(one), **asdict(one)} for one in found]
        print(json.dumps({"day": now[:10], "inequities": told}, ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            print(line)


def read_known(file: Path | None) -> Mapping[str, Partner]:
    """The partners of a directory file, as their tokens would say it."""
    from gateway.options import CHECKOUT
    from gateway.policy_cli.sources import read_partners_file, refuse

    where = file or CHECKOUT / "deploy/local/partners.yaml"
    try:
        return dict(_known(read_partners_file(where)))
    except (KeyError, TypeError) as fault:
        refuse(f"{where}: a partner lacks {fault}", "Each needs organisation, organisation_class, roles, attributes.")


def _known(partners: Mapping[str, object]) -> Iterator[tuple[str, Partner]]:
    from gateway.model import Partner

    for name, said in partners.items():
        if not isinstance(said, Mapping):
            raise TypeError(name)
        yield name, Partner(
            name, said["organisation"], said["organisation_class"], tuple(said["roles"]),
            tuple(said.get("purposes", ())), dict(said["attributes"]), "",
        )  # fmt: skip
