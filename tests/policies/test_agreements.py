"""Every port's file has the shape of the schema, and names only what the catalog holds and may be shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, PURPOSES, Catalog, Column, TableName
from gateway.settings import Settings
from tests.policies.conftest import POLICIES, REPOSITORY, read_agreements, read_partners

PORTS: tuple[str, ...] = Settings.model_fields["ports"].default
DOCUMENTS = read_agreements()


# --- the files ------------------------------------------------------------------------------------------------------


def test_both_schemas_are_schemas() -> None:
    for file in POLICIES.glob("schemas/*.json"):
        Draft202012Validator.check_schema(json.loads(file.read_text()))


def test_every_port_has_a_file() -> None:
    assert set(DOCUMENTS) == set(PORTS)


@pytest.mark.parametrize("port", DOCUMENTS)
def test_every_file_names_the_schema_for_editors(port: str) -> None:
    first = (POLICIES / "ports" / port / "data.yaml").read_text().splitlines()[0]

    assert first == "# yaml-language-server: $schema=../../schemas/agreements.json"


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
