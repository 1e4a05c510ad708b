"""Changes of what is released -> sentences that a steward reads, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gateway.policy.compare import ALL, Before, Change, Documents, Lens
from gateway.policy.words import (
    columns_words,
    listed,
    mask_words,
    party_words,
    purpose_words,
    rows_words,
    span_words,
    titled,
    uses_words,
)

MAX_BEFORE = 3
_LIMITS = {"rows": "rows an answer", "queries_a_day": "queries a day", "bytes_a_day": "bytes a day"}


@dataclass(frozen=True, slots=True)
class Difference:
    """What two sets of documents release differently."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    """What is worth saying and gives or takes nothing."""
    suspended: tuple[str, ...] = ()
    """Ports that stopped everything: what each agreement loses need not be read one by one."""

    @property
    def widens(self) -> bool:
        """Whether anybody sees more, or something else."""
        return any(change.widens for change in self.changes)


def difference(old: Documents, new: Documents, changes: Iterable[Change]) -> Difference:
    """Put changes together with what is worth saying beside them."""
    stopped = tuple(port for port in sorted(new) if new[port].suspended and port in old and not old[port].suspended)
    return Difference(tuple(_without_repeats(changes)), tuple(_notes(old, new)), stopped)


def _without_repeats(changes: Iterable[Change]) -> Iterator[Change]:
    """Leave one change for each limit and each way to join, and none that a plain change implies."""
    plain: set[object] = set()
    told: set[object] = set()
    for change in changes:
        key = (change.direction, change.port, change.table, change.offer.agreement.id, change.columns)
        if change.lens == ALL:
            plain.add(key)
            yield change
        elif key not in plain and (key, _lens_key(change.lens)) not in told:
            told.add((key, _lens_key(change.lens)))
            yield change


def _lens_key(lens: Lens) -> object:
    return lens.limit or (lens.join, lens.is_join)


def _notes(old: Documents, new: Documents) -> Iterator[str]:
    for port in sorted(new):
        known = _statistics(old, port)
        for agreement, table in sorted(_statistics(new, port) - known):
            yield f"{port}: {agreement} releases {table} as statistics, which gives nothing yet."
        if port in old and old[port].suspended != new[port].suspended:
            done = "suspends all its agreements" if new[port].suspended else "takes up its agreements again"
            yield f"{port}: {done}."


def _statistics(documents: Documents, port: str) -> set[tuple[str, str]]:
    agreements = documents[port].agreements if port in documents else ()
    return {(a.id, table) for a in agreements for table, rule in a.tables.items() if rule.release == "statistics"}


# --- sentences ------------------------------------------------------------------------------------------------------


def lines(difference: Difference) -> Iterator[str]:
    """Yield what a steward reads, port by port, what widens first."""
    if not difference.changes:
        yield "Nobody sees more or less than before."
    for port in dict.fromkeys(change.port for change in difference.changes):
        changes = [change for change in difference.changes if change.port == port]
        yield port
        for direction, title in (("gains", "gained"), ("changes", "changed"), ("loses", "lost")):
            told = list(dict.fromkeys(sentences([change for change in changes if change.direction == direction])))
            if direction == "loses" and port in difference.suspended:
                told = ["All that it shared: the port suspends its agreements."]
            if told:
                yield f"  {title}"
                yield from (f"    {sentence}" for sentence in told)
    yield from (f"note: {note}" for note in difference.notes)


def sentences(changes: Sequence[Change]) -> Iterator[str]:
    """Yield one sentence for all that changes alike, over several tables too."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for change in changes:
        alike.setdefault(_around(change), []).append(_what(change))
    for (before, after), what in alike.items():
        yield titled(f"{before} {'; '.join(dict.fromkeys(what))}{after}")


def sentence(change: Change) -> str:
    """Say one change.

    Who gains what, in which form and uses, in which rows, for what, when, and by which agreement.
    """
    before, after = _around(change)
    return titled(f"{before} {_what(change)}{after}")


def _what(change: Change) -> str:
    if not change.columns:
        return f"rows of {change.table}"
    return f"{columns_words(change.columns)} of {change.table}"


def _around(change: Change) -> tuple[str, str]:
    verb, more = _verb(change)
    when = listed([span_words(span.first, span.end) for span in change.spans])
    where = "" if change.lens.is_join else f", in {rows_words(change.offer.rule)}"
    parts = f"{more}{where}, for {purpose_words(change.purposes)}, {when} ({change.offer.agreement.id})."
    reciprocal = " Only partners of ports that share the same with us." if change.offer.agreement.reciprocal else ""
    return f"{party_words(change.party)} {verb}", f"{parts}{reciprocal}{_before_words(change)}"


def _verb(change: Change) -> tuple[str, str]:
    gains = change.direction == "gains"
    if change.lens.limit is not None:
        limit = getattr(change.offer.agreement.limits, change.lens.limit)
        amount = (
            f"up to {limit:,} {_LIMITS[change.lens.limit]}"
            if limit is not None
            else (f"any number of {_LIMITS[change.lens.limit]}")
        )
        return ("may take more of" if gains else "may take less of"), f", {'now' if gains else 'before'} {amount}"
    if change.lens.is_join:
        return ("may now join" if gains else "may no longer join"), f" {_join_words(change.lens)}"
    if change.direction == "changes":
        return "see otherwise", f", {mask_words(change.mask)}"
    together = " in one query" if change.together else ""
    form = f", {mask_words(change.mask)}" if change.mask else ""
    uses = f", {uses_words(change.uses)}{together}" if change.uses else ""
    return ("gain" if gains else "lose"), f"{form}{uses}"


def _join_words(lens: Lens) -> str:
    if lens.join is None:
        return "with any table"
    own, other = lens.join.on
    return f"with {lens.join.table} of {lens.join.port} on {own if own == other else f'{own} = {other}'}" + (
        ", hashed" if lens.hashed else ""
    )


def _before_words(change: Change) -> str:
    if not change.before or (change.direction == "changes" and not change.columns):
        return ""
    told = list(dict.fromkeys(_seen_words(before) for before in change.before))
    more = f" and {len(told) - MAX_BEFORE} more" if len(told) > MAX_BEFORE else ""
    when = "Still" if change.direction == "loses" else "Before"
    return f" {when}: {'; '.join(told[:MAX_BEFORE])}{more}."


def _seen_words(before: Before) -> str:
    agreement = before.offer.agreement
    limits = [
        f"{value:,} {words}"
        for kind, words in _LIMITS.items()
        if (value := getattr(agreement.limits, kind)) is not None
    ]
    uses = uses_words(before.uses) if before.uses else ""
    parts = [mask_words(before.mask) if uses else "", uses, rows_words(before.offer.rule), *limits]
    return f"{', '.join(filter(None, parts))} ({agreement.id})"


# --- JSON -----------------------------------------------------------------------------------------------------------


def to_json(difference: Difference) -> dict[str, Any]:
    """The same for programs."""
    return {
        "widens": difference.widens,
        "changes": [_change_json(change) for change in difference.changes],
        "notes": list(difference.notes),
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "sentence": sentence(change),
        "direction": change.direction,
        "widens": change.widens,
        "port": change.port,
        "table": change.table,
        "columns": list(change.columns),
        "uses": list(change.uses),
        "together": change.together,
        "agreement": change.offer.agreement.id,
        "with": {key: list(names) for key, names in asdict(change.party).items() if names},
        "purposes": list(change.purposes),
        "days": [{"from": span.first, "until": span.end} for span in change.spans],
        "mask": asdict(change.mask) if change.mask else None,
        "rows": rows_words(change.offer.rule),
        "limit": change.lens.limit,
        "join": asdict(change.lens.join) if change.lens.join else None,
        "before": [_seen_words(before) for before in change.before],
        "witness": asdict(change.witness),
    }
