"""Trino's configuration comes out whole, and keeps the doors shut that the design shuts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.adapters.issuer import ISSUER
from gateway.settings import read_settings
from stack import front
from stack.components import Components
from stack.engine import configure
from stack.faults import StackFault
from stack.keys import make_keys, wall_secret_file
from stack.layout import TEMPLATES, Home
from stack.rendering import render
from stack.settings import PORTS, SAMPLES, StackSettings, TcpPorts

TODAY = "2026-11-22"
JDBC = ("long_beach", "oakland")
WRITING = {"INSERT", "UPDATE", "DELETE", "OWNERSHIP", "GRANT_SELECT"}


@pytest.fixture
def etc(home: Home) -> Path:
    """Trino's configuration as `portgate up` writes it."""
    write(home, PORTS)
    return home.trino / "etc"


def write(home: Home, ports: tuple[str, ...], tcp: TcpPorts | None = None, *, samples: bool = False) -> str:
    make_keys(home)
    nowhere = Path("/nowhere")
    told = {"as_of": TODAY, "ports": ports, "tcp": tcp or TcpPorts(), "samples": samples}
    settings = StackSettings.model_validate(told)
    return configure(home, Components(nowhere, nowhere, nowhere, nowhere, nowhere), settings)


def properties(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_every_placeholder_of_every_template_is_filled(etc: Path) -> None:
    files = [file for file in etc.rglob("*") if file.is_file()]

    assert {file.stem for file in files if file.parent.name == "catalog"} == set(PORTS)
    assert [file.name for file in files if "${" in file.read_text()] == []


def test_a_placeholder_without_a_value_is_told(tmp_path: Path) -> None:
    template = tmp_path / "some.properties"
    template.write_text("password=${forgotten}\n")

    with pytest.raises(StackFault, match="forgotten"):
        render(template, {})


def test_trino_takes_no_plain_connection_and_no_login_but_the_gateways(etc: Path) -> None:
    config = properties(etc / "config.properties")

    assert config["http-server.http.enabled"] == "false"
    assert config["http-server.authentication.type"] == "JWT"
    assert "http-server.authentication.allow-insecure-over-http" not in config
    assert config["web-ui.enabled"] == "false"
    assert properties(etc / "node.properties")["node.bind-ip"] == "127.0.0.1"


def test_trino_asks_the_second_wall_first_and_its_own_rules_too(home: Home, etc: Path) -> None:
    asked = properties(etc / "config.properties")["access-control.config-files"].split(",")
    wall = properties(etc / "second-wall.properties")

    assert asked == [str(etc / "second-wall.properties"), str(etc / "access-control.properties")]
    assert wall["access-control.name"] == "opa"
    assert wall["opa.policy.uri"] == f"http://127.0.0.1:8081/{wall_secret_file(home).read_text().strip()}/allow"
    assert len(wall_secret_file(home).read_text().strip()) == 64
    assert not [key for key in wall if key.startswith("opa.policy.") and key != "opa.policy.uri"]


def test_the_gateway_answers_where_trino_asks_with_the_same_secret(home: Home, etc: Path) -> None:
    gateway = StackSettings.model_validate({"as_of": TODAY})
    front.configure(home, gateway, Path("opa"))
    settings = read_settings(home.gateway_settings)

    wall = settings.wall
    assert properties(etc / "second-wall.properties")["opa.policy.uri"] == (
        f"http://{wall.host}:{wall.tcp_port}/{wall.secret_file.read_text().strip()}/allow"
    )
    assert wall.maintenance_users == ("portgate-loader",)


@pytest.mark.parametrize("port", JDBC)
def test_no_partners_expression_runs_inside_a_jdbc_port(etc: Path, port: str) -> None:
    assert properties(etc / "catalog" / f"{port}.properties")["complex-expression-pushdown.enabled"] == "false"


def test_only_the_loader_may_change_anything(etc: Path) -> None:
    rules = json.loads((etc / "rules.json").read_text())
    others = [rule for rule in rules["tables"] if rule.get("user") != "portgate-loader"]

    assert not [rule for rule in others if WRITING & set(rule["privileges"])]
    assert [rule["allow"] for rule in rules["catalogs"] if "user" not in rule] == ["read-only", "none"]
    assert [rule for rule in rules["schemas"] if rule["owner"]] == [{"user": "portgate-loader", "owner": True}]
    assert rules["procedures"][1:] == [{"privileges": []}]
    assert rules["catalog_session_properties"][1:] == [{"allow": False}]
    assert rules["impersonation"] == [{"original_user": ".*", "new_user": ".*", "allow": False}]


def test_secrets_are_readable_by_their_owner_only(home: Home, etc: Path) -> None:
    files = [
        etc / "second-wall.properties",
        etc / "catalog" / "long_beach.properties",
        etc / "config.properties",
        etc / "trino.pem",
        home.trino_key,
    ]

    assert {file.name: oct(file.stat().st_mode & 0o777) for file in files} == {file.name: "0o600" for file in files}
    assert oct(home.root.stat().st_mode & 0o777) == "0o700"


def test_a_port_that_is_left_out_has_no_catalog(home: Home) -> None:
    write(home, PORTS)
    write(home, ("oakland",))

    assert [file.stem for file in (home.trino / "etc" / "catalog").iterdir()] == ["oakland"]


def catalogs(home: Home) -> set[str]:
    return {file.stem for file in (home.trino / "etc" / "catalog").iterdir()}


def test_samples_hang_beside_the_ports_only_while_they_are_asked_for(home: Home) -> None:
    write(home, PORTS, samples=True)
    with_samples = catalogs(home)
    write(home, PORTS)

    assert with_samples == {*PORTS, *SAMPLES}
    assert catalogs(home) == set(PORTS)


def test_nobody_but_the_loader_may_see_a_sample(etc: Path) -> None:
    rules = json.loads((etc / "rules.json").read_text())["catalogs"]

    for sample in SAMPLES:
        first = next(rule for rule in rules if "user" not in rule and re.fullmatch(rule.get("catalog", ".*"), sample))
        assert first == {"allow": "none"}


def test_the_same_settings_give_the_same_digest_and_others_another(home: Home) -> None:
    first = write(home, PORTS)

    assert write(home, PORTS) == first
    assert write(home, PORTS, TcpPorts(postgres=15433)) != first
    assert write(home, PORTS, samples=True) != first


def test_every_template_in_the_folder_is_used(etc: Path) -> None:
    written = {file.relative_to(etc) for file in etc.rglob("*") if file.is_file()}
    templates = {file.relative_to(TEMPLATES / "trino") for file in (TEMPLATES / "trino").rglob("*") if file.is_file()}

    assert {file for file in templates if file.parent.name != "samples"} <= written
    assert {file.name for file in templates - written} == {f"{sample}.properties" for sample in SAMPLES}


def test_settings_of_a_file_are_put_over_those_of_the_stack(home: Home, tmp_path: Path) -> None:
    make_keys(home)
    file = tmp_path / "more.yaml"
    file.write_text(
        "opa: {timeout_seconds: 0.5}\n"
        "issuers: [{issuer: 'https://login.example', jwks_url: 'https://login.example/jwks'}]\n"
        "external_login: {issuer: 'https://login.example', client_id: p, base_url: 'https://localhost:8443'}\n"
    )
    told = StackSettings.model_validate({"as_of": TODAY, "gateway_file": file})

    plain = front.configure(home, StackSettings.model_validate({"as_of": TODAY}), Path("opa"))
    digest = front.configure(home, told, Path("opa"))
    settings = read_settings(home.gateway_settings)

    assert digest != plain
    assert settings.opa.timeout_seconds == 0.5
    assert str(settings.opa.url) == "http://127.0.0.1:8181/"
    assert [issuer.issuer for issuer in settings.issuers] == [ISSUER, "https://login.example"]
    assert settings.external_login


@pytest.mark.parametrize("text", ["- a", "just words", "a: [", ""])
def test_a_file_that_holds_no_settings_is_named(home: Home, tmp_path: Path, text: str) -> None:
    file = tmp_path / "more.yaml"
    file.write_text(text)

    with pytest.raises(StackFault, match=r"more\.yaml"):
        front.configure(home, StackSettings.model_validate({"as_of": TODAY, "gateway_file": file}), Path("opa"))
