"""A document -> the file that a steward would have written, as plain values."""

from __future__ import annotations

from typing import Any

from gateway.model import USES, JoinRule
from gateway.policy.language import (
    LIMIT_KEYS,
    PARTY_KEYS,
    Agreement,
    ColumnRule,
    Condition,
    PartnerAttribute,
    PortDocument,
    TableRule,
)

_MASK_KEY = {"constant": "value", "truncate": "keep", "time_grain": "grain", "band": "width", "geo_grid": "degrees"}


def file_of(document: PortDocument) -> dict[str, Any]:
    """Write the whole file."""
    return {
        "version": 1,
        "port": document.port,
        "organisation": document.organisation,
        "contact": document.contact,
        "suspended": document.suspended,
        "agreements": [_agreement(agreement) for agreement in document.agreements],
        "withheld": {table: dict(words) for table, words in document.withheld.items()},
    }


def _agreement(one: Agreement) -> dict[str, Any]:
    limits = {key: value for key in LIMIT_KEYS if (value := getattr(one.limits, key)) is not None}
    return {
        "id": one.id,
        "with": {key: list(getattr(one.party, key)) for key in PARTY_KEYS if getattr(one.party, key)},
        "purposes": list(one.purposes),
        "from": one.from_day,
        "until": one.until_day,
        "reason": one.reason,
        "suspended": one.suspended,
        "reciprocal": one.reciprocal,
        **({"contact": one.contact} if one.contact else {}),
        **({"citation": one.citation} if one.citation else {}),
        **({"limits": limits} if limits else {}),
        "tables": {name: _table(rule, one.reason) for name, rule in one.tables.items()},
    }


def _table(rule: TableRule, reason: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "release": rule.release,
        "columns": {name: _column(column) for name, column in rule.columns.items()},
        "rows": "all" if rule.rows == ((),) else [_alternative(one) for one in rule.rows],
    }
    if rule.reason != reason:
        said["reason"] = rule.reason
    if rule.embargo:
        said["embargo"] = {"column": rule.embargo.column, "age": f"{rule.embargo.age_hours}h"}
        said["embargo"] |= {"grain": "day"} if rule.embargo.grain == "day" else {}
    if rule.joins is not None:
        said["joins"] = [_join(join) for join in rule.joins]
    if rule.statistics:
        said["statistics"] = {
            "contributors": [
                {"column": one.column, "at_least": one.at_least}
                | ({} if one.max_share is None else {"max_share": one.max_share})
                for one in rule.statistics.contributors
            ],
            "functions": list(rule.statistics.functions),
        }
    return said


def _column(rule: ColumnRule) -> Any:
    uses = {} if rule.uses == frozenset(USES) else {"uses": sorted(rule.uses)}
    if rule.mask is None:
        return uses or "show"
    key = _MASK_KEY.get(rule.mask.kind)
    value = {key: rule.mask.value} if key else {}
    fill = {"fill": rule.mask.fill} if rule.mask.fill else {}
    return {"mask": rule.mask.kind, **value, **fill, **uses}


def _alternative(conditions: tuple[Condition, ...]) -> dict[str, dict[str, Any]]:
    said: dict[str, dict[str, Any]] = {}
    for one in conditions:
        value = [_operand(each) for each in one.value] if isinstance(one.value, tuple) else _operand(one.value)
        said.setdefault(one.column, {})[one.op] = True if one.value is None else value
    return said


def _operand(value: Any) -> Any:
    return {"partner": value.name} if isinstance(value, PartnerAttribute) else value


def _join(join: JoinRule) -> dict[str, Any]:
    return {"with": join.table, "ports": sorted(join.ports), "on": dict(join.on), "values": join.values}
