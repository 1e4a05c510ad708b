"""`portgate policy explain`: what one partner sees of a port, in words, as the guard, or as sample rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.options import DEFAULT_HOME, REFUSED, UNAVAILABLE, HomeOption, JsonOption

if TYPE_CHECKING:
    from gateway.model import AskedTable, Catalog, Partner
    from gateway.policy.compare import Documents


AsOption = Annotated[str, typer.Option("--as", metavar="PARTNER", help="Who looks: a partner of the directory.")]
PurposeOption = Annotated[str, typer.Option("--purpose", metavar="PURPOSE", help="What for.")]
PortOption = Annotated[str, typer.Option("--port", metavar="PORT", help="Only this port.")]
TableOption = Annotated[str, typer.Option("--table", metavar="TABLE", help="Only this table, with or without schema.")]
DayOption = Annotated[str, typer.Option("--on", metavar="DAY", help="On this day, UTC [today].")]
PoliciesOption = Annotated[str, typer.Option("--policies", metavar="WHERE", help="Under these [policies/ports].")]
PartnersOption = Annotated[
    Path | None, typer.Option("--partners", metavar="FILE", help="Who there is [deploy/local/partners.yaml].")
]
SqlOption = Annotated[bool, typer.Option("--sql", help="Print the guard: what a query reads in place of each table.")]
PreviewOption = Annotated[
    int, typer.Option("--preview", metavar="N", min=0, help="Show N rows of --table as that partner; needs the stack.")
]
StewardOption = Annotated[str, typer.Option("--steward", metavar="NAME", help="Who really asks: the port's steward.")]


def register(app: typer.Typer) -> None:
    """Hang the command on a command line."""
    app.command("explain", epilog="Exit codes: 0 done, 2 wrong command, 3 refused, 4 no gateway.")(explain)


def explain(
    name: AsOption,
    purpose: PurposeOption,
    port: PortOption = "",
    table: TableOption = "",
    on: DayOption = "",
    policies: PoliciesOption = "",
    partners: PartnersOption = None,
    as_json: JsonOption = False,
    sql: SqlOption = False,
    preview: PreviewOption = 0,
    steward: StewardOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say what a partner sees of a port for a purpose, and which agreement says so."""
    from gateway.policy.sight import lines, sights
    from gateway.policy_cli import sources

    here = sources.in_force()
    documents = (sources.read_source(policies).over(here) if policies else here).documents
    partner = _partner(name, purpose, partners)
    catalog = sources.read_catalog_here()
    if preview:
        tables = list(_asked(catalog, (port,), table)) if port and table else []
        _preview(partner, purpose, tables, preview, steward, home, as_json)
        return
    now = f"{on or datetime.now(UTC).strftime('%Y-%m-%d')}T12:00:00Z"
    asked = list(_asked(catalog, sources.only_port(documents, port), table))
    found = list(sights(documents, partner, purpose, now, asked))
    guards = dict(_guards(documents, catalog, partner, purpose, now, asked)) if sql else {}
    if as_json:
        told = [{**asdict(one), **({"sql": guards.get(f"{one.port} {one.table}")} if sql else {})} for one in found]
        answer = {"partner": name, "purpose": purpose, "now": now, "tables": told}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for line in lines(found):
        print(_wrapped(line))
    for title, text in guards.items():
        print(f"-- {title}\n{text};\n")


def _wrapped(line: str) -> str:
    """Break a line that is too long for the screen; what is said of a table stays in its column."""
    import shutil
    import textwrap

    width = max(60, shutil.get_terminal_size((120, 24)).columns)
    return textwrap.fill(
        line, width, subsequent_indent=" " * (15 if line.startswith("    ") else 6), break_on_hyphens=False
    )


def _partner(name: str, purpose: str, directory: Path | None) -> Partner:
    from gateway.model import PURPOSES
    from gateway.policy_cli.equity import read_known
    from gateway.policy_cli.sources import refuse

    known = read_known(directory)
    if name not in known:
        refuse(f"there is no partner {name}", f"There are: {', '.join(known)}.")
    if purpose not in PURPOSES:
        refuse(f"the purpose {purpose!r} is not known", f"There are: {', '.join(PURPOSES)}.")
    return known[name]


def _asked(catalog: Catalog, ports: tuple[str, ...], table: str) -> Iterator[AskedTable]:
    """Every table of the ports, or those of one name, with what the port keeps of it."""
    from gateway.model import CANONICAL_CATALOG
    from gateway.policy.sight import asked_of
    from gateway.policy_cli.sources import refuse

    found = False
    for name, known in catalog.tables.items():
        said = f"{name.schema}.{name.table}"
        for port in ports:
            mapping = catalog.mappings.get(name.table, {}).get(port) if name.catalog == CANONICAL_CATALOG else None
            if table in ("", name.table, said) and (name.catalog == port or mapping is not None):
                found = True
                yield asked_of(port, said, [c for c in known.columns if mapping is None or c in mapping.columns])
    if not found:
        refuse(f"there is no table {table!r} here", "portgate catalog lists them.")


def _guards(
    documents: Documents, catalog: Catalog, partner: Partner, purpose: str, now: str, asked: list[AskedTable]
) -> Iterator[tuple[str, str]]:
    """The guard of each table that the partner may read something of."""
    from gateway.errors import Refused
    from gateway.kernel.authorise import authorise, grant_of, tables_asked
    from gateway.kernel.keys import ALL_PORTS
    from gateway.kernel.parse import parse
    from gateway.kernel.plan import without
    from gateway.kernel.resolve import survey
    from gateway.kernel.rewrite import guard_tables
    from gateway.model import Question
    from gateway.policy.decide import Decider
    from gateway.policy_cli.sources import table_name

    decider, keys = Decider(documents), {port: f"<key of {port}>" for port in (*catalog.ports, ALL_PORTS)}
    for table in asked:
        port, others = table.name.catalog, frozenset(catalog.ports) - {table.name.catalog}
        statement = parse(f"TABLE {table_name(*table.name)}")
        surveyed = without(survey(statement, catalog), others)
        decision = decider.decide(Question(partner, purpose, now, tables_asked(surveyed, catalog)))
        grant = grant_of(decision, catalog, keys)
        try:
            resolved, given = authorise(statement, surveyed, decision, grant)
        except Refused:  # nothing of it is given, and that is said already
            continue
        yield f"{port} {table.name.schema}.{table.name.table}", _written(guard_tables(without(resolved, others), given))


def _written(guard: Any) -> str:
    """The guard as it is sent, but over several lines."""
    from gateway.kernel.dialect import DIALECT

    return str(guard.sql(dialect=DIALECT, comments=False, identify=True, pretty=True))


def _preview(
    partner: Partner, purpose: str, tables: list[AskedTable], rows: int, steward: str, home: Path, as_json: bool
) -> None:
    """Print rows of one table as the running gateway shows them to that partner."""
    from gateway.adapters.issuer import issue_token
    from gateway.edge.client import Home, NoStack, Problem, ask
    from gateway.edge.printing import PRINTERS
    from gateway.edge.terminal import problem_lines
    from gateway.policy_cli.sources import refuse

    if len(tables) != 1 or not steward:
        refuse("a preview is of one table of one port, by its steward", "Give --port, --table SCHEMA.TABLE, --steward.")
    name, place = tables[0].name, Home(home.expanduser().absolute())
    described = {
        "organisation": partner.organisation, "organisation_class": partner.organisation_class,
        "roles": list(partner.roles), "attributes": dict(partner.attributes),
    }  # fmt: skip
    wish = {"partner": described, "purpose": purpose, "table": f"{name.schema}.{name.table}", "rows": rows}
    try:
        answer = ask(place, issue_token(place.identity, steward), wish, f"/api/ports/{name.catalog}/preview")
        PRINTERS["json" if as_json else "table"](sys.stdout, sys.stderr).write(_of_port(answer, name.catalog))
    except Problem as problem:
        typer.echo("\n".join(problem_lines(problem.members)), err=True)
        raise typer.Exit(REFUSED) from None
    except KeyError:
        refuse(f"there is no partner {steward}", "Name the port's steward, such as oakland-steward.")
    except (NoStack, FileNotFoundError) as fault:
        typer.echo(f"unavailable: {fault}", err=True)
        raise typer.Exit(UNAVAILABLE) from None


def _of_port(answer: Iterator[Any], port: str) -> Iterator[Any]:
    """The answer without what it says of other ports: they were not asked."""
    for line in answer:
        if isinstance(line, dict) and "notices" in line:
            line["notices"] = [notice for notice in line["notices"] if notice["port"] in ("", port)]
        yield line
