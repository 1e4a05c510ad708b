"""The command line: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.adapters.issuer import make_issuer
from tests.edge.test_serve import ROOT, free_ports, make_certificate

COMMANDS = ["serve", "token", "query", "explain", "catalog"]

SETTINGS = """
listen: {{tls_port: {tls}, plain_port: {plain}, certificate_file: tls/ca.pem, key_file: tls/gateway.key}}
trino: {{key_file: trino/key}}
wall: {{secret_file: secrets/wall}}
policy:
  bundles_directory: policy/bundles
  keys_directory: policy/keys
  library_file: policy/gateway.tar.gz
  secret_file: secrets/bundles
issuers: [{{issuer: "https://portgate.local/dev", jwks_file: {home}/identity/jwks.json}}]
audit: {{file: {home}/audit/audit.sqlite, origin: portgate.test/audit, key_file: secrets/audit-key.pem}}
catalog_directory: catalog
mask_key_file: secrets/mask
"""


def portgate(*words: str, home: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command; its output is as it would be in a terminal of 120 columns."""
    environment = {**os.environ, "PORTGATE_HOME": str(home or "/nonexistent"), "COLUMNS": "120"}
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, input=given)


@dataclass
class Stack:
    """A home whose gateway is a stand-in."""

    home: Path
    process: subprocess.Popen[str]


def make_home(directory: Path) -> tuple[int, int]:
    (directory / "tls").mkdir(parents=True)
    make_certificate(directory / "tls")
    make_issuer(directory / "identity")
    tls, plain = free_ports(2)
    (directory / "gateway.yaml").write_text(SETTINGS.format(home=directory, tls=tls, plain=plain))
    return tls, plain


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("home")
    tls, plain = make_home(home)
    files = [str(home / "tls" / "ca.pem"), str(home / "tls" / "gateway.key"), str(home / "identity")]
    command = [sys.executable, "-m", "tests.edge.serving", str(tls), str(plain), *files]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "gateway ready" in process.stderr.readline()
        yield Stack(home, process)
        process.kill()


def ask(stack: Stack, sql: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return portgate("query", "--as", "gobiz-analyst", *words, sql, home=stack.home, given=given)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_exit_codes(command: str) -> None:
    told = portgate(command, "--help")

    assert told.returncode == 0
    assert "Exit codes: 0 done" in " ".join(told.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    heavy = {"httpx", "sqlglot", "fastapi", "jwt", "pydantic", "duckdb", "psycopg", "trino"}
    code = "import gateway.cli, sys; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert set(loaded.stdout.split()) & heavy == set()


def test_a_table_is_aligned_and_its_notices_are_on_standard_error(stack: Stack) -> None:
    told = ask(stack, "shows all")

    assert told.returncode == 0
    assert told.stdout.splitlines() == [
        "port        teu",
        "────────  ─────",
        "a\\x1b[2J  12345",
        "NULL         -7",
    ]
    assert told.stderr.splitlines() == [
        "",
        "2 rows from los_angeles in 0.0 s · query q-1",
        "",
        "Not shared with you for this purpose",
        "  oakland · container_events: shares nothing of it with you — ask Zoë",
        "",
        "Masked",
        "  los_angeles · container_events container_no: shown masked (keyed hash)",
    ]


def test_csv_goes_out_as_it_is(stack: Stack) -> None:
    environment = {**os.environ, "PORTGATE_HOME": str(stack.home)}
    command = [sys.executable, "-m", "gateway", "query", "--as", "gobiz-analyst", "--format", "csv", "SELECT 1"]

    told = subprocess.run(command, cwd=ROOT, capture_output=True, env=environment)

    assert told.stdout == b"port,teu\r\nLos Angeles,7\r\n"
    assert b"Masked" in told.stderr


@pytest.mark.parametrize(("words", "cell"), [((), "'=1+1"), (("--formulas", "raw"), "=1+1")])
def test_csv_keeps_spreadsheets_from_running_texts_unless_it_is_to_be_raw(
    stack: Stack, words: tuple[str, ...], cell: str
) -> None:
    told = ask(stack, "has a formula", "--format", "csv", *words)

    assert (told.returncode, told.stdout) == (0, f"port,teu\n{cell},-5\n")


def test_json_is_the_object_of_the_interface(stack: Stack) -> None:
    told = ask(stack, "SELECT 1", "--format", "json")

    answer = json.loads(told.stdout)
    assert list(answer) == ["id", "columns", "rows", "notices", "stats"]
    assert answer["rows"] == [["Los Angeles", 7]]
    assert told.stderr == ""


def test_a_query_can_come_from_standard_input(stack: Stack) -> None:
    told = ask(stack, "-", "--format", "csv", given="SELECT 1")

    assert "Los Angeles,7" in told.stdout


def test_a_refusal_exits_3_and_points_at_the_place(stack: Stack) -> None:
    told = ask(stack, "DROP TABLE x")

    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr.splitlines() == [
        "refused [not_allowed]: DROP is not allowed (line 1, column 1)",
        "  DROP TABLE x",
        "  ^",
        "hint: Ask one SELECT.",
    ]


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_an_answer_that_fails_late_exits_3_and_says_so(stack: Stack, format_: str) -> None:
    told = ask(stack, "fails late", "--format", format_)

    assert told.returncode == 3
    assert told.stderr.startswith("failed [query_failed]: division by zero")
    if format_ == "json":
        assert "error" in json.loads(told.stdout)


def test_a_dead_port_exits_4(stack: Stack) -> None:
    told = ask(stack, "port is dead")

    assert told.returncode == 4
    assert "unavailable [port_unavailable]: no answer from the database of: oakland" in told.stderr


def test_a_stack_that_is_not_there_exits_4_and_says_how_to_start_it(tmp_path: Path) -> None:
    told = portgate("query", "--as", "gobiz-analyst", "SELECT 1", home=tmp_path / "none")

    assert told.returncode == 4
    assert "portgate up" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_gateway_that_does_not_run_exits_4(tmp_path: Path) -> None:
    make_home(tmp_path / "home")

    told = portgate("query", "--as", "gobiz-analyst", "SELECT 1", home=tmp_path / "home")

    assert told.returncode == 4
    assert "no gateway answers at https://127.0.0.1:" in told.stderr


def test_a_gateway_with_another_certificate_is_not_believed(stack: Stack, tmp_path: Path) -> None:
    make_home(tmp_path / "home")
    (tmp_path / "home" / "gateway.yaml").write_text((stack.home / "gateway.yaml").read_text())

    told = portgate("query", "--as", "gobiz-analyst", "SELECT 1", home=tmp_path / "home")

    assert told.returncode == 4
    assert "certificate" in told.stderr.lower()


@pytest.mark.parametrize(
    "words",
    [
        ["query", "--as", "nobody", "SELECT 1"],
        ["query", "SELECT 1"],
        ["query", "--as", "gobiz-analyst"],
        ["query", "--as", "gobiz-analyst", "--format", "xml", "SELECT 1"],
        ["token", "--as", "nobody"],
        ["token", "--as", "gobiz-analyst", "--purpose", "curiosity"],
        ["token", "--as", "gobiz-analyst", "--ttl", "0"],
        ["frobnicate"],
        ["audit", "search", "--limit", "0"],
    ],
)
def test_a_wrong_command_exits_2(stack: Stack, words: list[str]) -> None:
    told = portgate(*words, home=stack.home)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr


def test_a_token_is_printed_alone(stack: Stack) -> None:
    told = portgate("token", "--as", "gobiz-analyst", "--ttl", "60", home=stack.home)

    assert told.stdout.count(".") == 2
    assert len(told.stdout.splitlines()) == 1


def test_an_explanation_reads_port_by_port(stack: Stack) -> None:
    told = portgate("explain", "--as", "gobiz-analyst", "SELECT 1", home=stack.home)

    assert told.stdout.splitlines()[:14] == [
        "purpose   freight_resilience",
        "decision  d-1",
        "ports     oakland",
        "",
        "oakland · freight.container_events",
        "  by        oak-public-2026: Container numbers are personal to our customers.",
        "  shows     event_time",
        "  masked    container_no (keyed hash)",
        "  withheld  consignee_name: Names of customers never leave the port.",
        "  rows      carrier_smdg is MSC",
        "",
        "oakland · oak-public-2026",
        "  rows      at most 10,000 an answer",
        "  queries   3 of 200 a day",
    ]


def test_an_explanation_as_json_is_the_whole_of_it(stack: Stack) -> None:
    told = portgate("explain", "--as", "gobiz-analyst", "--json", "SELECT 1", home=stack.home)

    assert json.loads(told.stdout)["tables"][0]["masked"] == {"container_no": "keyed_hash"}


def test_the_catalog_of_a_partner_comes_from_the_gateway(stack: Stack) -> None:
    listed = portgate("catalog", "--as", "gobiz-analyst", home=stack.home)
    one = portgate("catalog", "--as", "gobiz-analyst", "vessel_calls", home=stack.home)
    unknown = portgate("catalog", "--as", "gobiz-analyst", "no_such_table", home=stack.home)

    assert "california.freight.vessel_calls" in listed.stdout
    assert "ata_berth  timestamp(3) [UTC]" in one.stdout
    assert "When it tied up." in one.stdout
    assert (unknown.returncode, unknown.stderr.split(":")[0]) == (3, "refused [unresolved]")
