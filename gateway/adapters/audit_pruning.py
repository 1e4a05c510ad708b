"""Records older than they are kept -> their entries alone, which still prove that they were there.

*Invariants*
- Records are pruned from the oldest on, and none that comes after a decision that is still open.
- What is pruned, and the record that says so, become durable together.
- Record 0 stays: it names the log, and nobody's question is in it.
"""

from __future__ import annotations

from datetime import timedelta

import orjson

from gateway.adapters import clock
from gateway.adapters.audit_storage import Reader, Turn
from gateway.adapters.audit_writing import now, write
from gateway.audit.record import PruningRecord
from gateway.moments import utc

ROWS_AT_ONCE = 1_000
"""So many are pruned in one turn; meanwhile nobody else can write."""


def prune(turn: Turn, before: str, gateway: str, most: int = ROWS_AT_ONCE) -> int:
    """Prune the oldest records that are older than `before`; return how many: fewer than there are, if `most` are."""
    low = pruned_until(turn)
    high = _end(turn, low, most, before)
    if high > low:
        turn.empty(low, high)
        turn.put_meta("pruned", str(high))
        write(turn, PruningRecord("", now(), gateway, before, low, high, turn.ports), gateway)
    return high - low


def pruned_until(reader: Reader) -> int:
    """Return the first record, after record 0, that was not pruned."""
    return int(reader.meta("pruned") or 1)


def days_ago(days: int) -> str:
    """Return the moment so many days ago."""
    return utc(clock.now() - timedelta(days=days))


def _end(turn: Turn, low: int, most: int, before: str) -> int:
    """Return the first record, from `low` on, that is to be kept."""
    still_open = [each.index for each in turn.open_decisions()[:1]]
    end = min(low + most, turn.frontier.size, *still_open)
    migrated = int(turn.meta("migrated") or 0)  # those were logged anew, and are as old as they say
    for row in turn.rows(low, end):
        if orjson.loads(row.line)["time" if row.index <= migrated else "logged"] >= before:
            return row.index
    return max(low, end)
