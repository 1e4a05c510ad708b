"""`portgate policy simulate`, `equity` and `explain`, over small files and a log that is made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.model import Partner
from gateway.policy.decide import FLOOR
from gateway.policy.equity import inequities, lines, members_of
from gateway.policy.sight import asked_of, sights
from gateway.policy.simulate import Logged, LogReader, NotAsked, Replayed, Simulation, TooOld
from gateway.policy_cli import app
from gateway.policy_cli.sources import read_catalog_here
from gateway.recording import recorded_asked
from tests.policy.make_log import make_log
from tests.policy.written import OWN, PUBLIC, document, file

TYPES = {"call_id": "varchar", "loa_m": "double", "carrier_smdg": "varchar"}
MSC = Partner("msc-planner", "msc", "ocean_carrier", ("planner",), (), {"carrier_smdg": "MSC"}, "")
TABLE = "freight.vessel_calls"


def _logged(*columns: str, sql: str = "") -> Logged:
    asked = (asked_of("oakland", TABLE, columns),)
    text = sql or f"SELECT {', '.join(columns)} FROM vessel_calls"
    return Logged("q1", "2026-11-25T10:00:00.000Z", MSC, "freight_resilience", text, asked)


def _simulated(old: tuple[str, ...], new: tuple[str, ...], query: Logged) -> Replayed | None:
    before, after = {"oakland": document(*old)}, {"oakland": document(*new)}
    return Simulation(before, after, lambda _port, _table: TYPES, {}).replay(query)


@pytest.mark.parametrize(
    ("old", "new", "query", "outcome"),
    [
        ((PUBLIC, OWN), (PUBLIC,), _logged("carrier_smdg"), "newly refused"),
        ((PUBLIC,), (PUBLIC, OWN), _logged("carrier_smdg"), "newly allowed"),
        ((PUBLIC, OWN), (PUBLIC,), _logged("call_id", "carrier_smdg", sql="SELECT * FROM vessel_calls"), "narrowed"),
        ((PUBLIC,), (PUBLIC.replace("rows: all", "rows: [{loa_m: {gt: 100}}]"),), _logged("call_id"), "narrowed"),
        ((PUBLIC.replace("rows: all", "rows: [{loa_m: {gt: 100}}]"),), (PUBLIC,), _logged("call_id"), "widened"),
        (
            (PUBLIC.replace("loa_m: show", "loa_m: {mask: band, width: 40}"),),
            (PUBLIC.replace("loa_m: show", "loa_m: {mask: band, width: 60}"),),
            _logged("loa_m"),
            "mask changed",
        ),
    ],
)
def test_a_logged_query_is_told_what_the_edit_does_to_it(
    old: tuple[str, ...], new: tuple[str, ...], query: Logged, outcome: str
) -> None:
    replayed = _simulated(old, new, query)

    assert replayed is not None
    assert replayed.outcome == outcome


def test_an_edit_of_what_a_query_does_not_ask_leaves_it_unchanged() -> None:
    assert _simulated((PUBLIC, OWN), (PUBLIC,), _logged("call_id", "loa_m")) is None


def test_a_record_that_does_not_say_what_was_asked_cannot_be_replayed() -> None:
    partner = {"id": "p", "organisation": "o", "organisation_class": "c", "roles": [], "token_id": "t"}

    with pytest.raises(TooOld):
        LogReader().read({"query": "q", "partner": partner})
    with pytest.raises(NotAsked):
        LogReader().read({"query": "q", "partner": {**partner, "attributes": {}}, "asked": None})


def test_what_the_log_says_was_asked_is_read_back() -> None:
    query = _logged("call_id")
    partner = {
        "id": MSC.id, "organisation": MSC.organisation, "organisation_class": MSC.organisation_class,
        "roles": list(MSC.roles), "token_id": "", "attributes": dict(MSC.attributes),
    }  # fmt: skip
    record = {
        "query": query.id, "time": query.time, "partner": partner, "purpose": query.purpose, "sql": query.sql,
        "asked": recorded_asked(query.tables),
    }  # fmt: skip

    assert LogReader().read(json.loads(json.dumps(record))) == query


def test_a_whole_log_is_counted_and_each_changed_query_is_told(tmp_path: Path) -> None:
    log = tmp_path / "audit.db"
    make_log(log, read_catalog_here(), 300)
    new = file(tmp_path, "oakland.yaml", PUBLIC)

    done = CliRunner().invoke(app, ["simulate", new, "--log", str(log), "--json"])

    told = json.loads(done.stdout)
    changed = {name: count for name, count in told["counts"].items() if name != "unchanged"}
    assert sum(told["counts"].values()) == 300
    assert len(told["changed"]) == sum(changed.values()) > 0
    assert done.exit_code == (3 if changed["newly allowed"] or changed["widened"] or changed["mask changed"] else 0)


def test_without_a_log_the_command_says_how_to_name_one(tmp_path: Path) -> None:
    new = file(tmp_path, "oakland.yaml", PUBLIC)

    done = CliRunner().invoke(app, ["simulate", new, "--log", str(tmp_path / "none.db")])

    assert done.exit_code == 4
    assert "Name the log with --log FILE" in done.stderr


def test_who_lacks_an_attribute_or_is_not_named_gets_less_and_reads_why() -> None:
    named = OWN.replace("with: {", "with: {organisations: [msc], ").replace("carrier_smdg: show", "loa_m: show")
    named = named.replace("oak-carriers-own", "oak-msc").replace(
        "- carrier_smdg: {eq: {partner: carrier_smdg}}", "- loa_m: {gt: 1}"
    )
    documents = {"oakland": document(OWN, named)}
    plain = Partner("m", "maersk", "ocean_carrier", (), (), {}, "")

    found = inequities(
        documents, members_of([MSC, plain], documents), lambda _port, _table: TYPES, "2026-11-25T12:00:00Z",
        ["freight_resilience"],
    )  # fmt: skip

    assert list(lines(found)) == [
        "oakland · freight.vessel_calls · ocean carriers",
        "  maersk does not get carrier_smdg of freight.vessel_calls that msc gets under oak-carriers-own, for freight "
        "resilience. Its rows are those of the partner's own carrier_smdg, which is not known.",
        "  maersk does not get loa_m of freight.vessel_calls that msc gets under oak-msc, for freight resilience. It "
        "is for msc alone.",
        "  any other of the ocean carriers does not get loa_m of freight.vessel_calls that msc gets under oak-msc, for "
        "freight resilience. It is for msc alone.",
    ]


def test_where_all_of_a_class_get_the_same_nothing_is_told() -> None:
    documents = {"oakland": document(PUBLIC)}

    found = inequities(documents, members_of([MSC], documents), lambda _port, _table: TYPES, "2026-11-25T12:00:00Z")

    assert list(lines(found)) == ["All members of each class get the same."]


def test_a_partners_sight_names_columns_rows_words_and_the_agreement() -> None:
    masked = PUBLIC.replace("loa_m: show", "loa_m: {mask: band, width: 50, uses: [group]}")
    documents = {"oakland": document(masked, OWN)}

    (found,) = sights(
        documents, MSC, "freight_resilience", "2026-11-25T12:00:00Z",
        [asked_of("oakland", TABLE, ["call_id", "loa_m", "carrier_smdg", "berth_code", "driver_id"])],
    )  # fmt: skip

    public, own = found.given
    assert (public.agreement, public.clear, public.rows) == ("oak-public", ("call_id",), "all rows")
    assert dict(public.masked) == {"loa_m": "in bands of 50"}
    assert dict(public.uses) == {"loa_m": "to be grouped by only"}
    assert (own.clear, own.rows, own.contact) == (
        ("carrier_smdg",), "rows where carrier_smdg is MSC", "data@oakland.example",
    )  # fmt: skip
    assert dict(found.withheld) == {
        "berth_code": "No agreement of this port lets you read this for this purpose today.",
        "driver_id": FLOOR,
    }


def test_the_commands_work_on_the_ports_files_as_they_are() -> None:
    run = CliRunner()

    explained = run.invoke(
        app,
        ["explain", "--as", "msc-planner", "--purpose", "freight_resilience", "--port", "oakland", "--table",
         "vessel_calls", "--sql", "--json"],
    )  # fmt: skip
    fair = run.invoke(app, ["equity", "--port", "oakland", "--purpose", "freight_resilience", "--json"])
    unknown = run.invoke(app, ["explain", "--as", "nobody", "--purpose", "freight_resilience"])

    (table,) = json.loads(explained.stdout)["tables"]
    assert (explained.exit_code, fair.exit_code, unknown.exit_code) == (0, 0, 2)
    assert [given["agreement"] for given in table["given"]] == ["oak-public", "oak-carriers-own"]
    assert table["sql"].startswith("SELECT\n")
    assert json.loads(fair.stdout)["inequities"]


def test_a_preview_needs_one_table_a_steward_and_a_gateway(tmp_path: Path) -> None:
    words = ["explain", "--as", "msc-planner", "--purpose", "freight_resilience", "--preview", "5"]
    whole = [*words, "--port", "oakland", "--table", "vessel_calls", "--steward", "oakland-steward"]

    vague, alone = (CliRunner().invoke(app, [*line, "--home", str(tmp_path)]) for line in (words, whole))

    assert (vague.exit_code, alone.exit_code) == (2, 4)
    assert "Give --port, --table SCHEMA.TABLE, --steward." in vague.stderr
    assert alone.stderr.startswith("unavailable: ")
