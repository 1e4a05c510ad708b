"""The second evaluator is held to the Rego library: same documents, same question, same answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.model import (
    USES,
    AgreementGrant,
    AskedTable,
    Condition,
    Decision,
    JoinRule,
    Limits,
    Mask,
    Question,
    Spent,
    TableDecision,
    TableName,
)
from gateway.policy.decide import Decider
from gateway.policy.language import LIMIT_KEYS, PortDocument, mask_data, to_data
from gateway.policy.question import question_data
from tests.policies.conftest import opa_binary  # noqa: F401  (a fixture)
from tests.policy import small

POLICIES = Path(__file__).resolve().parents[2] / "policies" / "gateway"
_ASKING = """package asking

import data.gateway.access

answers := [[answer |
	some asked in case.inputs
	answer := access.decision with input as asked with data.ports as case.ports
] |
	some case in data.cases
]
"""
_LABOR = "driver_id"
_asked_uses = st.one_of(st.just(frozenset(USES)), st.sets(st.sampled_from(USES), max_size=2).map(frozenset))


@st.composite
def _questions(draw: st.DrawFn) -> Question:
    tables = []
    for port in draw(st.lists(st.sampled_from(["oakland", "hueneme", "nowhere"]), min_size=1, max_size=3, unique=True)):
        columns = draw(st.lists(st.sampled_from([*small.COLUMNS, "other", _LABOR]), max_size=4, unique=True))
        uses = {column: draw(_asked_uses) for column in columns}
        tables.append(AskedTable(TableName(port, *small.TABLE.split(".")), tuple(columns), uses))
    spent = draw(st.sampled_from([{}, {"oakland": {"oakland-0": Spent(3, 10), "oakland-1": Spent(2, 5)}}]))
    partner = draw(st.sampled_from(list(small.partners())))
    now = draw(st.sampled_from(["2025-12-31", *small.DAYS, "2027-01-01"])) + small.NOON
    return Question(partner, draw(st.sampled_from(small.PURPOSES)), now, tuple(tables), spent)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(small.documents(), st.lists(_questions(), min_size=4, max_size=4)), min_size=10, max_size=10))
def test_the_tools_decide_as_opa_does(
    opa_binary: Path,  # noqa: F811
    cases: list[tuple[dict[str, PortDocument], list[Question]]],
) -> None:
    worlds = [{port: to_data(document) for port, document in documents.items()} for documents, _ in cases]
    answers = _ask_opa(opa_binary, worlds, [questions for _, questions in cases])

    for (documents, questions), world, said in zip(cases, worlds, answers, strict=True):
        decider = Decider(documents, {port: data["revision"] for port, data in world.items()})
        for question, answer in zip(questions, said, strict=True):
            assert _tidy(decider.decide(question)) == _tidy(_read(answer)), question


def _ask_opa(binary: Path, worlds: list[dict[str, Any]], questions: list[list[Question]]) -> list[list[dict[str, Any]]]:
    """Put each question to the library over its own documents, all in one run of OPA."""
    cases = [
        {"ports": ports, "inputs": [question_data(q) for q in asked]}
        for ports, asked in zip(worlds, questions, strict=True)
    ]
    with TemporaryDirectory() as folder:
        data, asking = Path(folder, "cases.json"), Path(folder, "asking.rego")
        data.write_text(json.dumps({"cases": cases}))
        asking.write_text(_ASKING)
        files = [part for file in (POLICIES, data, asking) for part in ("--data", str(file))]
        command = [str(binary), "eval", "--format", "raw", *files, "data.asking.answers"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers


def _read(answer: Mapping[str, Any]) -> Decision:
    tables = {
        TableName(table["port"], table["schema"], table["table"]): TableDecision(
            tuple(map(_read_grant, table["agreements"])), table["withheld"]
        )
        for table in answer["tables"]
    }
    return Decision("", answer["revisions"], tables)


def _read_grant(said: Mapping[str, Any]) -> AgreementGrant:
    return AgreementGrant(
        said["id"],
        {column: _read_mask(mask) for column, mask in said["columns"].items()},
        tuple(tuple(_read_condition(one) for one in alternative) for alternative in said["rows"]),
        said["reason"],
        {column: frozenset(uses) for column, uses in said["uses"].items()},
        None if said["joins"] is None else tuple(map(_read_join, said["joins"])),
        Limits(**{key: said["limits"].get(key) for key in LIMIT_KEYS}),
        said["contact"],
        said["citation"],
    )


def _read_mask(said: Mapping[str, Any] | None) -> Mask | None:
    mask = None if said is None else Mask(said["kind"], said.get("value"), said.get("fill", ""))
    assert mask_data(mask) == said
    return mask


def _read_condition(said: Mapping[str, Any]) -> Condition:
    value = said.get("value")
    return Condition(said["column"], said["op"], tuple(value) if isinstance(value, list) else value)


def _read_join(said: Mapping[str, Any]) -> JoinRule:
    pairs = tuple((own, other) for own, other in said["on"])
    return JoinRule(said["table"], frozenset(said["ports"]), pairs, said["values"])


def _tidy(decision: Decision) -> Any:
    """A decision without the order of its mappings."""
    return {
        name: ([(grant, dict(grant.columns), dict(grant.uses)) for grant in table.agreements], dict(table.withheld))
        for name, table in decision.tables.items()
    }, dict(decision.revisions)
