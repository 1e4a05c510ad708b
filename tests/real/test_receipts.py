"""An answer of the real ports, its receipt, and what somebody proves with both years later; reports and flags of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.client import Portgate
from stack.layout import Home
from tests.conftest import Stack

pytestmark = pytest.mark.real

PURPOSE = "freight_resilience"
ASKER = "gobiz-analyst"
SMALL = "SELECT port_unlocode, count(*) AS calls FROM vessel_calls GROUP BY 1 ORDER BY 1"
LARGE = (
    "SELECT a.call_id, a.port_unlocode, a.ata_berth_utc, 0.1e0 * n AS x, 'é \"q\"' AS t, ARRAY[n, NULL] AS l "
    "FROM vessel_calls a CROSS JOIN UNNEST(sequence(1, 40)) AS s (n)"
)
"""Many pages, with values that two writers of JSON could write unlike."""


def verified(stack: Stack, file: Path, *words: str) -> dict[str, Any]:
    """What a file proves, by the key of this stack."""
    told: dict[str, Any] = json.loads(stack.portgate("receipt", "verify", str(file), "--json", *words).stdout)
    return told


@pytest.fixture(scope="module")
def saved(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Answers saved by the command line and over REST."""
    folder = tmp_path_factory.mktemp("saved")
    receipt = folder / "small.receipt"
    words = ("query", "--as", ASKER, "--purpose", PURPOSE, "--format", "ndjson", "--receipt", str(receipt), SMALL)
    (folder / "small.ndjson").write_text(stack.portgate(*words).stdout, encoding="utf-8")
    with stack.client(ASKER) as client:
        for name, media_type in (("json", "application/json"), ("ndjson", "application/x-ndjson")):
            question = {"sql": LARGE, "purpose": PURPOSE}
            answer = client.post("/api/queries", json=question, headers={"Accept": media_type})
            assert answer.status_code == 200, answer.text[:500]
            (folder / f"large.{name}").write_bytes(answer.content)
    return {file.name: file for file in folder.iterdir()}


def test_the_command_line_keeps_answer_and_receipt(stack: Stack, saved: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "small.sql").write_text(SMALL + "\n")
    proven = verified(
        stack, saved["small.receipt"], "--result", str(saved["small.ndjson"]), "--sql", str(tmp_path / "small.sql")
    )

    assert (len(proven["proven"]), proven["wrong"]) == (3, [])
    said = proven["receipt"]
    assert (said["partner"], said["purpose"], said["complete"]) == (ASKER, PURPOSE, True)
    assert said["rows"] == len(saved["small.ndjson"].read_text(encoding="utf-8").splitlines()) - 2
    assert {"oakland", "long_beach"} <= said["agreements"].keys() == said["revisions"].keys()
    assert said["synthetic"] != []


@pytest.mark.parametrize("name", ["large.json", "large.ndjson"])
def test_an_answer_of_many_pages_verifies_itself_and_a_changed_one_does_not(
    stack: Stack, saved: dict[str, Path], tmp_path: Path, name: str
) -> None:
    proven = verified(stack, saved[name])
    assert (len(proven["proven"]), proven["wrong"]) == (2, [])
    assert proven["receipt"]["rows"] > 1_000

    body = saved[name].read_bytes()
    (tmp_path / name).write_bytes(body.replace(b'"USOAK"', b'"USLAX"', 1))
    done = stack.portgate("receipt", "verify", str(tmp_path / name), check=False)
    assert (done.returncode, "NOT PROVEN" in done.stdout) == (1, True)


def test_the_record_that_a_receipt_names_is_in_the_log(stack: Stack, saved: dict[str, Path]) -> None:
    said = verified(stack, saved["small.receipt"])["receipt"]
    lines = stack.portgate("audit", "search", "--as", "auditor", "--json", "--query", said["query"]).stdout.splitlines()
    records = {each["index"]: each["record"] for each in map(json.loads, lines)}

    assert records[said["decision"]["index"]]["sql"] == SMALL
    outcome = records[said["outcome"]["index"]]
    assert (outcome["kind"], outcome["result"], outcome["rows"]) == ("outcome", said["result"], said["rows"])


def test_it_can_be_fetched_again_the_same_to_the_byte_and_by_nobody_else(
    stack: Stack, saved: dict[str, Path], tmp_path: Path
) -> None:
    query = verified(stack, saved["small.receipt"])["receipt"]["query"]
    for name in (ASKER, "auditor"):
        stack.portgate("receipt", "fetch", query, "--as", name, "-o", str(tmp_path / name))
        assert (tmp_path / name).read_bytes() == saved["small.receipt"].read_bytes()

    assert verified_part(stack, query, "oakland-steward", tmp_path)["agreements"].keys() == {"oakland"}
    done = stack.portgate("receipt", "fetch", query, "--as", "msc-planner", check=False)
    assert (done.returncode, done.stdout) == (3, "")


def verified_part(stack: Stack, query: str, name: str, folder: Path) -> dict[str, Any]:
    stack.portgate("receipt", "fetch", query, "--as", name, "-o", str(folder / name))
    said: dict[str, Any] = verified(stack, folder / name)["receipt"]
    return said


def test_the_python_client_has_the_receipt_of_its_answer(stack: Stack, tmp_path: Path) -> None:
    ca = str(Home(stack.home).ca_file)
    ports = Portgate.at(stack.url, token=stack.token(ASKER), purpose=PURPOSE, verify=ca)
    answer = ports.query(SMALL, quiet=True)
    table = answer.to_arrow()

    (tmp_path / "receipt").write_text(answer.receipt())
    said = verified(stack, tmp_path / "receipt")["receipt"]
    assert (said["query"], said["rows"]) == (answer.query_id, table.num_rows)


def test_a_trino_client_finds_it_by_a_header_of_the_last_page(stack: Stack, tmp_path: Path) -> None:
    with stack.client(ASKER) as client:
        headers = {"X-Trino-Catalog": "california", "X-Trino-Schema": "freight",
                   "X-Trino-Session": f"portgate.purpose={PURPOSE}"}  # fmt: skip
        page = client.post("/v1/statement", content=SMALL, headers=headers)
        while "nextUri" in page.json():
            assert "portgate-receipt" not in page.headers
            page = client.get(page.json()["nextUri"])
        assert "error" not in page.json()
        note = client.get(page.headers["portgate-receipt"])

    (tmp_path / "receipt").write_text(note.text)
    assert verified(stack, tmp_path / "receipt")["receipt"]["query"] == page.json()["id"]


def report(client: httpx.Client, **chosen: str) -> list[list[str]]:
    answer = client.get("/api/audit/report", params={"format": "csv", **chosen})
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text, newline="")))


def test_a_report_counts_what_was_asked(stack: Stack, saved: dict[str, Path], tmp_path: Path) -> None:
    with stack.client("auditor") as auditor, stack.client("oakland-steward") as steward:
        names, *before = report(auditor, by="port,partner")
        [mine] = [line for line in before if line[0] == "oakland" and line[1].endswith(f"/{ASKER}")]
        stack.portgate("query", "--as", ASKER, "--purpose", PURPOSE, SMALL)
        _, *after = report(auditor, by="port,partner")
        [now] = [line for line in after if line[:2] == mine[:2]]
        assert int(now[names.index("answered")]) > int(mine[names.index("answered")])
        assert {line[0] for line in report(steward, by="port,partner")[1:]} == {"oakland"}
    stack.portgate("audit", "report", "--by", "port,quarter", "-o", str(tmp_path / "report.html"))
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_variants_of_one_question_are_flagged(stack: Stack) -> None:
    for number in range(26):
        with stack.client(ASKER) as client:
            sql = f"SELECT count(*) FROM vessel_calls WHERE call_id <> 'FLAG-{number}'"
            assert client.post("/api/queries", json={"sql": sql, "purpose": PURPOSE}).status_code == 200

    told = json.loads(stack.portgate("audit", "flags", "--json").stdout)
    assert "near_duplicates" in {flag["kind"] for flag in told["flags"] if flag["partner"] == ASKER}
    assert stack.portgate("audit", "flags", "--as", ASKER, check=False).returncode == 3
