"""A question and whoever asks it -> the JSON that OPA takes as `input`, of the form of `access_request.json`."""

from __future__ import annotations

from typing import Any

from gateway.model import USES, AskedTable, Partner, Question, Use


def question_data(question: Question) -> dict[str, Any]:
    """Write a question as OPA reads it."""
    return {
        "partner": partner_data(question.partner),
        "purpose": question.purpose,
        "now": question.now,
        "tables": [
            {"port": t.name.catalog, "schema": t.name.schema, "table": t.name.table, "columns": _uses_asked(t)}
            for t in question.tables
        ],
        "spent": {
            port: {id_: {"queries": spent.queries, "bytes": spent.bytes} for id_, spent in agreements.items()}
            for port, agreements in question.spent.items()
        },
    }


def partner_data(partner: Partner) -> dict[str, Any]:
    """Write what a policy looks at of a partner."""
    return {
        "id": partner.id,
        "organisation": partner.organisation,
        "organisation_class": partner.organisation_class,
        "roles": list(partner.roles),
        "attributes": dict(partner.attributes),
    }


def _uses_asked(table: AskedTable) -> dict[str, list[Use]]:
    """Say of each column what the query does with it, in the order of `USES`."""
    return {column: [use for use in USES if use in table.uses.get(column, USES)] for column in table.columns}
