"""One record -> a row at the end of the log, in a writer's turn."""

from __future__ import annotations

import os

from gateway.adapters import clock
from gateway.adapters.audit_storage import OpenDecision, Turn
from gateway.audit.growth import grow
from gateway.audit.record import DecisionRecord, OutcomeRecord, Receipt, Record
from gateway.audit.views import SEED_BYTES
from gateway.errors import Broken
from gateway.moments import utc


def write(turn: Turn, record: Record, gateway: str) -> Receipt | Broken:
    """Put one record at the end.

    An outcome without an open decision is answered with Broken, and so is a record that has no canonical form: neither
    spoils what is written with it.
    """
    logged = max(now(), turn.logged)  # a clock that was set back moves nothing back
    try:
        _, row = grow(record, turn.frontier.size, logged, os.urandom(SEED_BYTES), turn.ports)
    except (TypeError, ValueError) as error:
        return Broken(f"this {type(record).__name__} cannot be written: {error}")
    if isinstance(record, OutcomeRecord) and not turn.close_decision(record.decision_index, record.query):
        return Broken(f"decision {record.decision_index} is not open: it has an outcome, or was never made")
    turn.append(row, logged)
    if isinstance(record, DecisionRecord):
        turn.open_decision(OpenDecision(row.index, record.query, gateway, record.concerns))
    return Receipt(row.index, row.leaf.hex())


def now() -> str:
    """Return the time in UTC, as `2026-11-22T16:45:06.123Z`."""
    return utc(clock.now())
