"""Parties, purposes, rows, masks and days of agreements -> the words in which a steward reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.model import USES, Mask, Scalar, Use
from gateway.policy.language import Condition, Embargo, PartnerAttribute, Party, TableRule
from gateway.wording import comparison_in_words

_CLASSES = {
    "state_agency": "state agencies",
    "federal_agency": "federal agencies",
    "university": "universities",
    "ocean_carrier": "ocean carriers",
    "shipper": "shippers",
    "motor_carrier": "motor carriers",
    "port_authority": "port authorities",
    "auditor": "auditors",
    "public": "the public",
}
_USES: dict[Use, str] = {
    "select": "be read",
    "filter": "be filtered by",
    "group": "be grouped by",
    "join": "be joined on",
    "aggregate": "go into figures",
    "order": "be ordered by",
}
ALL_ROWS = ((),)
MANY_COLUMNS = 12


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Draw words together.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}" if words else ""


def titled(sentence: str) -> str:
    """Begin with a capital letter, unless the first word is a name."""
    first = sentence.split(" ")[0]
    return sentence if "_" in first else sentence[:1].upper() + sentence[1:]


def class_words(name: str) -> str:
    """Say a class of organisations."""
    return _CLASSES.get(name, name.replace("_", " "))


def party_words(party: Party) -> str:
    """Say whom a party names: each key given must match.

    >>> party_words(Party(organisation_classes=("ocean_carrier",), roles=("planner",)))
    'ocean carriers with the role planner'
    """
    classes = listed([class_words(name) for name in party.organisation_classes])
    organisations = listed(list(party.organisations))
    who = f"{organisations} (if {classes})" if organisations and classes else organisations or classes or "anyone"
    return f"{who} with the role {listed(list(party.roles), 'or')}" if party.roles else who


def purpose_words(purposes: Sequence[str]) -> str:
    """Say purposes."""
    return listed([purpose.replace("_", " ") for purpose in purposes])


def uses_words(uses: Iterable[Use]) -> str:
    """Say what a column may be used for.

    >>> uses_words(("group", "join"))
    'to be grouped by and be joined on only'
    """
    named = [use for use in USES if use in set(uses)]
    return "in all uses" if len(named) == len(USES) else f"to {listed([_USES[use] for use in named])} only"


def mask_words(mask: Mask | None) -> str:
    """Say in which form a column is shown.

    >>> mask_words(Mask("truncate", 4, "*"))
    'cut to its first 4 characters, the rest as *'
    """
    if mask is None:
        return "in clear"
    words = {
        "null": "as empty",
        "constant": f"as {mask.value!r}",
        "keyed_hash": "as a hash of its own for each organisation",
        "truncate": f"cut to its first {mask.value} characters" + (f", the rest as {mask.fill}" if mask.fill else ""),
        "time_grain": f"cut to the {mask.value}",
        "band": f"in bands of {mask.value}",
        "geo_grid": f"in a grid of {mask.value} degrees",
        "join_hash": "as a hash that all ports make alike",
    }
    return words[mask.kind]


def condition_words(condition: Condition) -> str:
    """Say one condition.

    >>> condition_words(Condition("carrier_smdg", "eq", PartnerAttribute("carrier_smdg")))
    'carrier_smdg is their own'
    """
    value = condition.value
    values = value if isinstance(value, tuple) else () if value is None or value is True else (value,)
    said = [_value_words(one, condition.column) for one in values]
    return comparison_in_words(condition.column, condition.op, said)


def _value_words(value: Scalar | PartnerAttribute, column: str) -> str:
    if isinstance(value, PartnerAttribute):
        return "their own" if value.name == column else f"their {value.name}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def rows_words(rule: TableRule) -> str:
    """Say which rows a rule admits."""
    late = [embargo_words(rule.embargo)] if rule.embargo else []
    if rule.rows == ALL_ROWS:
        return " ".join(["all rows", *late])
    alternatives = [" and ".join(map(condition_words, alternative)) for alternative in rule.rows]
    return " ".join([f"rows where {', or '.join(alternatives)}", *late])


def embargo_words(embargo: Embargo) -> str:
    """Say an embargo."""
    return f"once {embargo.column} is {age_words(embargo.age_hours)} past"


def age_words(hours: int) -> str:
    """Say an age in days where it is whole days.

    >>> age_words(720), age_words(36)
    ('30 days', '36 hours')
    """
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def columns_words(columns: Sequence[str]) -> str:
    """Name columns, the first of very many."""
    if len(columns) <= MANY_COLUMNS:
        return listed(list(columns))
    return f"{len(columns)} columns ({', '.join(columns[:MANY_COLUMNS])}, …)"


def span_words(first: str, end: str) -> str:
    """Say a span of days."""
    return f"from {first} until the day before {end}"
