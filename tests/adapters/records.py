"""Records for tests of the audit log."""

from __future__ import annotations

from gateway.audit.record import DecisionRecord, OutcomeRecord, RecordedPartner, RefusalRecord

ASKER = RecordedPartner("gobiz-analyst", "gobiz", "state_agency", ("analyst",), "t-1")
OTHER = RecordedPartner("msc-planner", "msc", "ocean_carrier", (), "t-2")
NOON = "2026-11-22T12:00:00.000Z"


def decision(query: str, partner: RecordedPartner = ASKER) -> DecisionRecord:
    """A query that was admitted."""
    return DecisionRecord(query, NOON, partner, "freight_resilience", "", "SELECT 1", "SELECT 1", (), {}, "d", "b")


def outcome(query: str, index: int) -> OutcomeRecord:
    """How it ended."""
    return OutcomeRecord(query, NOON, index, "finished", rows=3)


def refusal(query: str) -> RefusalRecord:
    """A query that was refused."""
    return RefusalRecord(query, NOON, ASKER, "freight_resilience", "", "DROP", "not_allowed", "no")
