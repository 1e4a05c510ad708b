"""Every port's file has the shape of the schema, and names only what the catalog holds and may be shared."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, PURPOSES, Catalog, Column, TableName
from gateway.settings import Settings
from tests.policies.conftest import POLICIES, REPOSITORY, read_agreements, read_partners

PORTS: tuple[str, ...] = Settings.model_fields["ports"].default
SCHEMA = json.loads((POLICIES / "schemas/agreements.json").read_text())
DOCUMENTS = read_agreements()


def faults(document: object) -> list[str]:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in validator.iter_errors(document)]


# --- the schema -----------------------------------------------------------------------------------------------------


def test_both_schemas_are_schemas() -> None:
    for file in POLICIES.glob("schemas/*.json"):
        Draft202012Validator.check_schema(json.loads(file.read_text()))


def test_every_port_has_a_file() -> None:
    assert set(DOCUMENTS) == set(PORTS)


@pytest.mark.parametrize("port", DOCUMENTS)
def test_every_file_has_the_shape_of_the_schema(port: str) -> None:
    assert faults(DOCUMENTS[port]) == []
    assert DOCUMENTS[port]["port"] == port


@pytest.mark.parametrize("port", DOCUMENTS)
def test_every_file_names_the_schema_for_editors(port: str) -> None:
    first = (POLICIES / "ports" / port / "data.yaml").read_text().splitlines()[0]

    assert first == "# yaml-language-server: $schema=../../schemas/agreements.json"


def test_the_schema_explains_every_key_to_an_editor() -> None:
    def keys(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from schema.get("properties", {}).items()

    top = list(keys(SCHEMA)) + list(keys(SCHEMA["$defs"]["agreement"]))
    assert [name for name, said in top if "description" not in said] == []


WRONG: dict[str, Any] = {
    "a misspelt key at the top": lambda d: d.update(suspendd=True),
    "suspended left out": lambda d: d.pop("suspended"),
    "suspended as a word": lambda d: d.update(suspended="yes"),
    "another version": lambda d: d.update(version=2),
    "agreements as an object": lambda d: d.update(agreements={"a": d["agreements"][0]}),
    "a misspelt key in an agreement": lambda d: d["agreements"][0].update(untill="2028-01-01"),
    "until left out": lambda d: d["agreements"][0].pop("until"),
    "a date without quotes": lambda d: d["agreements"][0].update(until=yaml.safe_load("2028-01-01")),
    "a day that never was": lambda d: d["agreements"][0].update(until="2027-02-30"),
    "with nobody": lambda d: d["agreements"][0].update({"with": {}}),
    "with a class that nobody has": lambda d: d["agreements"][0].update({"with": {"organisation_classes": ["state"]}}),
    "with an empty list": lambda d: d["agreements"][0].update({"with": {"roles": []}}),
    "a fifth purpose": lambda d: d["agreements"][0].update(purposes=["marketing"]),
    "no purpose": lambda d: d["agreements"][0].update(purposes=[]),
    "a reason that is no sentence": lambda d: d["agreements"][0].update(reason="because"),
    "a table without schema": lambda d: first_table(d, rename="vessel_calls"),
    "release all": lambda d: first_table(d).update(release="all"),
    "rows left out": lambda d: first_table(d).pop("rows"),
    "rows as an object": lambda d: first_table(d).update(rows={"a": {"eq": 1}}),
    "an empty alternative": lambda d: first_table(d).update(rows=[{}]),
    "an unknown operator": lambda d: first_table(d).update(rows=[{"a": {"like": "%"}}]),
    "in nothing": lambda d: first_table(d).update(rows=[{"a": {"in": []}}]),
    "a prefix of nothing": lambda d: first_table(d).update(rows=[{"a": {"starts_with": ""}}]),
    "a mask nobody knows": lambda d: first_table(d).update(columns={"call_id": {"mask": "blur"}}),
    "a constant without value": lambda d: first_table(d).update(columns={"call_id": {"mask": "constant"}}),
    "a column hidden by word": lambda d: first_table(d).update(columns={"call_id": "hide"}),
    "a star": lambda d: first_table(d).update(columns="all"),
    "an embargo in weeks": lambda d: first_table(d).update(embargo={"column": "a", "age": "2w"}),
    "an embargo of nothing": lambda d: first_table(d).update(embargo={"age": "2d"}),
    "a withheld column without words": lambda d: d["withheld"].update({"freight.vessel_calls": {"x": ""}}),
}


def first_table(document: dict[str, Any], rename: str = "") -> dict[str, Any]:
    tables = document["agreements"][0]["tables"]
    name = next(iter(tables))
    if rename:
        tables[rename] = tables.pop(name)
        return {}
    found: dict[str, Any] = tables[name]
    return found


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_the_schema_refuses_a_wrong_file(change: Any) -> None:
    document = copy.deepcopy(DOCUMENTS["oakland"])
    change(document)

    assert faults(document) != []


# --- the files and the catalog --------------------------------------------------------------------------------------


class Shared(NamedTuple):
    """One table of one agreement."""

    port: str
    agreement: str
    table: str
    rule: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{self.port}/{self.agreement}/{self.table}"

    def conditions(self) -> Iterator[tuple[str, str, object]]:
        """Column, operator and value of every row condition."""
        for alternative in [] if self.rule["rows"] == "all" else self.rule["rows"]:
            for column, operations in alternative.items():
                for operator, value in operations.items():
                    yield column, operator, value


SHARED = [
    Shared(port, agreement["id"], table, rule)
    for port, document in DOCUMENTS.items()
    for agreement in document["agreements"]
    for table, rule in agreement["tables"].items()
]


def columns_of(catalog: Catalog, port: str, table: str) -> dict[str, Column]:
    """The columns that this port can be asked for: of a shared table only if the port takes part in it."""
    schema, name = table.split(".")
    if schema == CANONICAL_SCHEMA:
        assert port in catalog.mappings[name], f"{port} takes no part in {table}"
        return dict(catalog.tables[TableName(CANONICAL_CATALOG, schema, name)].columns)
    return dict(catalog.tables[TableName(port, schema, name)].columns)


def test_every_table_and_column_is_in_the_catalog(catalog: Catalog) -> None:
    for shared in SHARED:
        known = columns_of(catalog, shared.port, shared.table)
        named = {*shared.rule["columns"], *(column for column, _, _ in shared.conditions())}
        if "embargo" in shared.rule:
            named.add(shared.rule["embargo"]["column"])
        assert named - set(known) == set(), shared.where


def test_every_withheld_column_is_in_the_catalog(catalog: Catalog) -> None:
    for port, document in DOCUMENTS.items():
        for table, sentences in document["withheld"].items():
            assert set(sentences) - {"*"} - set(columns_of(catalog, port, table)) == set(), f"{port}/{table}"


def test_every_shared_table_that_a_port_fills_is_shared_with_somebody(catalog: Catalog) -> None:
    filled = {(port, f"{CANONICAL_SCHEMA}.{table}") for table, ports in catalog.mappings.items() for port in ports}

    assert filled - {(shared.port, shared.table) for shared in SHARED} == set()


def test_every_column_of_a_shared_table_is_granted_or_has_its_own_words(catalog: Catalog) -> None:
    for table, ports in catalog.mappings.items():
        name = f"{CANONICAL_SCHEMA}.{table}"
        for port, mapping in ports.items():
            public = next(a for a in DOCUMENTS[port]["agreements"] if a["id"].endswith("-public"))["tables"]
            spoken = DOCUMENTS[port]["withheld"].get(name, {})
            columns = columns_of(catalog, port, name)
            silent = {
                column
                for column in mapping.columns
                if columns[column].sensitivity in ("commercial", "confidential")
                and column not in public.get(name, {"columns": {}})["columns"]
                and column not in spoken
                and "*" not in spoken
            }
            assert silent == set(), f"{port}/{name}"


def test_masks_and_values_fit_the_types(catalog: Catalog) -> None:
    for shared in SHARED:
        known = columns_of(catalog, shared.port, shared.table)
        for column, how in shared.rule["columns"].items():
            if isinstance(how, dict) and how.get("mask") in ("keyed_hash", "truncate"):
                assert known[column].type.startswith("varchar"), f"{shared.where}/{column}"
        for column, operator, value in shared.conditions():
            assert _fits(known[column].type, value), f"{shared.where}/{column} {operator} {value}"
        embargo = shared.rule.get("embargo")
        if embargo:
            kind = known[embargo["column"]].type
            assert kind == "date" if embargo.get("grain") == "day" else kind.startswith("timestamp"), shared.where


def _fits(kind: str, value: object) -> bool:
    if isinstance(value, list):
        return all(_fits(kind, one) for one in value)
    if value is True:
        return True
    textual = kind.startswith(("varchar", "char", "date", "timestamp"))
    return textual if isinstance(value, str | dict) else not textual


# --- what may be shared at all --------------------------------------------------------------------------------------


def is_own_staff(agreement: dict[str, Any], port: str) -> bool:
    return bool(agreement["with"].get("organisations") == [f"port_of_{port}"])


def shown(port: str, catalog: Catalog) -> Iterator[tuple[dict[str, Any], str, Column, object]]:
    for agreement in DOCUMENTS[port]["agreements"]:
        for table, rule in agreement["tables"].items():
            for name, how in rule["columns"].items():
                yield agreement, table, columns_of(catalog, port, table)[name], how


@pytest.mark.parametrize("port", DOCUMENTS)
def test_a_confidential_column_leaves_at_most_as_a_hash(port: str, catalog: Catalog) -> None:
    for agreement, table, column, how in shown(port, catalog):
        if column.sensitivity in ("confidential", "labor"):
            found = f"{port}/{agreement['id']}/{table}/{column.name}"
            assert (port, how) == ("oakland", {"mask": "keyed_hash"}), found
            assert column.sensitivity != "labor", found


@pytest.mark.parametrize("port", DOCUMENTS)
def test_the_public_reads_only_what_the_catalog_calls_public(port: str, catalog: Catalog) -> None:
    for agreement, table, column, _ in shown(port, catalog):
        if "public" in agreement["with"].get("organisation_classes", []):
            assert column.sensitivity == "public", f"{port}/{agreement['id']}/{table}/{column.name}"


@pytest.mark.parametrize("port", DOCUMENTS)
def test_a_restricted_column_is_for_agencies_ports_universities_and_owners(port: str, catalog: Catalog) -> None:
    partners = {"state_agency", "federal_agency", "port_authority", "university"}
    for agreement, table, column, _ in shown(port, catalog):
        owners = all(rule["rows"] != "all" for rule in agreement["tables"].values())
        if column.sensitivity != "public" and not is_own_staff(agreement, port) and not owners:
            classes = set(agreement["with"]["organisation_classes"])
            assert classes <= partners, f"{port}/{agreement['id']}/{table}/{column.name}"


@pytest.mark.parametrize("port", DOCUMENTS)
def test_names_and_days_of_agreements_are_in_order(port: str) -> None:
    agreements = DOCUMENTS[port]["agreements"]
    ids = [agreement["id"] for agreement in agreements]

    assert len(set(ids)) == len(ids)
    assert all(agreement["from"] < agreement["until"] for agreement in agreements)


# --- the partners of the local stack --------------------------------------------------------------------------------


def test_the_local_partners_are_those_that_the_documents_name() -> None:
    partners = read_partners()

    assert set(partners) >= {
        "gobiz-analyst", "carb-analyst", "bts-analyst", "university-researcher", "msc-planner", "maersk-planner",
        "shipper-analyst", "drayage-dispatcher", "oakland-analyst", "los-angeles-steward", "long-beach-steward",
        "oakland-steward", "hueneme-steward", "san-diego-steward", "auditor", "public",
    }  # fmt: skip
    assert all(set(partner.purposes) <= set(PURPOSES) and partner.purposes for partner in partners.values())


def test_every_organisation_and_role_of_an_agreement_has_a_partner() -> None:
    partners = read_partners().values()
    organisations = {partner.organisation for partner in partners}
    roles = {role for partner in partners for role in partner.roles}
    for document in DOCUMENTS.values():
        for agreement in document["agreements"]:
            assert set(agreement["with"].get("organisations", [])) <= organisations, agreement["id"]
            assert "roles" not in agreement["with"] or roles & set(agreement["with"]["roles"]), agreement["id"]


def test_every_attribute_of_an_agreement_has_a_partner_with_it() -> None:
    given = {name for partner in read_partners().values() for name in partner.attributes}
    wanted = {value["partner"] for shared in SHARED for _, _, value in shared.conditions() if isinstance(value, dict)}

    assert wanted <= given


def test_carriers_are_in_the_code_list() -> None:
    lines = (REPOSITORY / "data/ref_liner_codes.csv").read_text().splitlines()
    codes = {line.split(",")[0] for line in lines[1:]}

    assert {p.attributes["carrier_smdg"] for p in read_partners().values() if "carrier_smdg" in p.attributes} <= codes
