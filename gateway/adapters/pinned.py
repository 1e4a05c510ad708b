"""The policy's answer -> the same answer, without what does not come from the agreements that a port has published.

1. A port counts only if the answer names the revision that the gateway accepted last, or one that was superseded a
   moment ago (`bundle_store`); else it gives nothing in this query, and the other ports go on.
2. An agreement that the port has suspended since gives nothing, whatever the answer says.
A policy that does not answer stays `PolicyUnavailable`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from gateway.adapters.bundle_store import BundleStore
from gateway.errors import PolicyUnavailable
from gateway.model import AskedTable, Decision, Partner, Port, Question, TableDecision, TableName
from gateway.parts import Policy

UNVERIFIED = "The port's agreements cannot be verified at the moment."
NO_REVISION = "none"
PATIENCE_SECONDS = 10.0
"""How long a gateway is not ready because OPA is behind with one port, as it is just after its own start."""

_NOBODY = Partner("nobody", "nobody", "nobody", (), (), {}, "")
_log = logging.getLogger("portgate.bundles")


class PinnedPolicy:
    """A policy that counts for what its ports have published, and for nothing else."""

    def __init__(
        self,
        policy: Policy,
        bundles: BundleStore,
        ports: Mapping[str, Port],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy, self._bundles, self._ports, self._monotonic = policy, bundles, ports, monotonic
        self._loaded: set[str] = set()
        """Ports that the policy has answered for, under the revision in force, since this gateway started."""
        self._behind_since: dict[str, float] = {}
        """Ports whose revision in force the policy does not have -> since when."""
        self._told: dict[str, str] = {}
        """Port -> the trouble that the log was last told of."""

    async def decide(self, question: Question) -> Decision:
        """Answer the one question; a port whose agreements cannot be verified gives nothing."""
        decision = await self._policy.decide(question)
        troubles = {port: self._trouble(port, revision) for port, revision in decision.revisions.items()}
        tables = {
            asked.name: self._pinned(asked, decision.tables[asked.name], troubles.get(asked.name.catalog, "unnamed"))
            for asked in question.tables
        }
        revisions = {port: NO_REVISION if troubles[port] else known for port, known in decision.revisions.items()}
        return Decision(decision.id, revisions, tables)

    async def probe(self) -> None:
        """Raise `PolicyUnavailable` unless the policy is well and has loaded what each port has published.

        A port that was loaded once, and is behind for longer than `PATIENCE_SECONDS`, is that port's trouble alone.
        """
        await self._policy.probe()
        published = [port for port in self._bundles.ports if not self._bundles.state(port)]
        if not published:
            raise PolicyUnavailable("no port has published its agreements", hint="see: portgate policy status")
        tables = tuple(AskedTable(TableName(port, "freight", "vessel_calls"), ("call_id",)) for port in published)
        decision = await self._policy.decide(Question(_NOBODY, "freight_resilience", "2026-01-01T00:00:00Z", tables))
        behind = {port for port in published if decision.revisions.get(port) != self._bundles.revision(port)}
        self._loaded |= set(published) - behind
        now = self._monotonic()
        self._behind_since = {port: self._behind_since.get(port, now) for port in behind}
        waiting = [port for port in published if port in behind and self._must_wait_for(port, now)]
        if waiting:
            raise PolicyUnavailable(f"OPA has not loaded the agreements of {', '.join(waiting)} yet")

    def _must_wait_for(self, port: str, now: float) -> bool:
        return port not in self._loaded or now - self._behind_since[port] < PATIENCE_SECONDS

    def _trouble(self, port: str, revision: str) -> str:
        trouble = self._bundles.trouble(port, revision)
        if trouble != self._told.get(port, ""):
            self._told[port] = trouble
            _log.error("the agreements of %s %s", port, f"do not count: {trouble}" if trouble else "count again")
        return trouble

    def _pinned(self, asked: AskedTable, answer: TableDecision, trouble: str) -> TableDecision:
        port = asked.name.catalog
        if trouble:
            return TableDecision((), dict.fromkeys(asked.columns, self._unverified(port)))
        suspended = self._bundles.suspension(port).agreements
        if suspended.isdisjoint(agreement.id for agreement in answer.agreements):
            return answer
        kept = tuple(agreement for agreement in answer.agreements if agreement.id not in suspended)
        given = {column for agreement in kept for column in agreement.columns}
        lost = {column: self._unverified(port) for column in asked.columns if column not in given}
        return TableDecision(kept, {**lost, **answer.withheld})

    def _unverified(self, port: str) -> str:
        known = self._ports.get(port)
        return f"{UNVERIFIED} Ask {known.contact}." if known and known.contact else UNVERIFIED
