"""Text and decision -> Plan: the kernel's steps as a worker process takes them, in two hops.

First hop: the text, for what the policy must be asked about. Second hop: the text again with the policy's decision, for
the plan; a third one if ports turn out to be silent. Only plain data goes in and out: no tree ever leaves a worker, and
an error leaves it as the members of a `Fault`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.errors import (
    BadParameters,
    Broken,
    CatalogFault,
    Denied,
    GatewayError,
    NotAllowed,
    NotParsed,
    Unresolved,
    VerificationFailed,
)
from gateway.kernel.authorise import authorise, grant_of, tables_asked
from gateway.kernel.dialect import emit
from gateway.kernel.growth import MAX_LENGTH, MAX_TOLD, check_growth, check_length
from gateway.kernel.parse import Statement, parse
from gateway.kernel.plan import Plan, plan, without
from gateway.kernel.resolve import Resolved, survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import (
    CANONICAL,
    CANONICAL_CATALOG,
    NO_FACTS,
    AgreementGrant,
    Asked,
    AskedTable,
    Catalog,
    Decision,
    Facts,
    Grant,
    Place,
    TableDecision,
    TableName,
)

StandIn = Callable[[Statement, Facts | None], tuple[Statement, Mapping[TableName, frozenset[str]]]]
"""Puts facts in place of what Trino would say of itself; without facts it finds out which ones are needed."""

MAX_WORDS = 1_000
"""How long a message or a hint may be: a refusal is no place to send the partner's text back."""
REMEMBERED = 8
"""How many texts a desk keeps as it read them."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that is needed to plan one query: what was asked, and what the policy said to it."""

    text: str
    decision: Decision
    mask_keys: Mapping[str, str]
    missing: frozenset[str] = frozenset()
    """The ports to leave out, because their databases do not answer."""
    place: Place = CANONICAL
    facts: Facts = NO_FACTS


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and which ports share each table of the query."""

    plan: Plan
    sharing: tuple[frozenset[str], ...]
    """For each place where a table is read, the ports whose rows may come."""

    def is_answerable(self, missing: frozenset[str]) -> bool:
        """Whether each table of the query has a sharing port left without the `missing` ones."""
        return all(ports - missing for ports in self.sharing)


class Desk:
    """The kernel over one catalog; it keeps the last texts as it read them, so that a second hop reads nothing again.

    Invariants
    - What is kept of a text depends on the text, its place and the catalog alone, never on who asked.
    - A text that is no longer kept is read again, with the same outcome.
    """

    def __init__(self, catalog: Catalog, stand_in: StandIn = lambda statement, facts: (statement, {})) -> None:
        self._catalog, self._stand_in = catalog, stand_in
        self._read: dict[tuple[str, Place], tuple[Statement, Resolved, Mapping[TableName, frozenset[str]]]] = {}

    def tables_asked(self, text: str, place: Place = CANONICAL) -> Asked:
        """Say what the policy must be asked about, and what the text must be told, before it may be planned."""
        _, surveyed, relations = self._surveyed(text, place)
        return Asked(tables_asked(surveyed, self._catalog), relations)

    def plan(self, job: Job) -> Planned:
        """Bind the text to what was granted, rewrite it, verify that, and plan it."""
        statement, surveyed, _ = self._surveyed(job.text, job.place)
        statement, _ = self._stand_in(statement, job.facts)
        grant = grant_of(job.decision, self._catalog, job.mask_keys)
        resolved, grant = authorise(statement, surveyed, job.decision, grant)
        sql = emit(guard_tables(without(resolved, job.missing), grant))
        check_length(sql, MAX_TOLD if job.facts.relations else MAX_LENGTH)
        planned = plan(verify(sql, grant), resolved, job.decision, grant, job.missing)
        return Planned(planned, tuple(_sharing(resolved, grant)))

    def warm_up(self) -> None:
        """Read each published table once, so that no partner waits for what is only done the first time."""
        for name in self._catalog.tables:
            if name.catalog == CANONICAL_CATALOG:
                text = f"TABLE {name}"
                self.plan(
                    Job(text, _everything(self.tables_asked(text).tables), dict.fromkeys(self._catalog.ports, "00"))
                )
        self._read.clear()

    def _surveyed(self, text: str, place: Place) -> tuple[Statement, Resolved, Mapping[TableName, frozenset[str]]]:
        known = self._read.pop((text, place), None)
        if known is None:
            statement = parse(text, place)
            check_growth(statement)
            blank, relations = self._stand_in(statement, None)
            known = statement, survey(blank, self._catalog), relations
        self._read[text, place] = known
        if len(self._read) > REMEMBERED:
            del self._read[next(iter(self._read))]
        return known


def _everything(asked: tuple[AskedTable, ...]) -> Decision:
    given = {
        table.name: TableDecision((AgreementGrant("warm-up", dict.fromkeys(table.columns), ((),), ""),))
        for table in asked
    }
    return Decision("warm-up", {}, given)


def _sharing(resolved: Resolved, grant: Grant) -> list[frozenset[str]]:
    return [use.ports & {branch.port for branch in grant.tables[use.name]} for use in resolved.uses]


# --- errors as data -------------------------------------------------------------------------------------------------

_KINDS: dict[str, type[GatewayError]] = {
    kind.__name__: kind
    for kind in (
        NotParsed,
        NotAllowed,
        Unresolved,
        BadParameters,
        Denied,
        Broken,
        VerificationFailed,
        CatalogFault,
    )
}
"""The errors that leave a worker as what they are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error on its way out of a worker."""

    kind: str
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    trino_name: str = ""


TOO_LARGE = Fault(
    "NotParsed", "the statement is too large or nested too deeply to be read", "shorten it, or nest less deeply"
)
TOO_SLOW = Fault("NotParsed", "the statement takes too long to read", "send a simpler one: fewer parts, less nesting")
LOST = Fault(
    "NotParsed", "the statement could not be read", "shorten it or nest less deeply; if it is simple, ask once more"
)
UNFORESEEN = Fault("Broken", "the gateway failed on this query")


def fault_of(error: Exception) -> Fault:
    """Put an error into data; one that nobody foresaw leaves none of its text."""
    if isinstance(error, (RecursionError, MemoryError)):
        return TOO_LARGE
    kind = next((kind.__name__ for kind in type(error).__mro__ if _KINDS.get(kind.__name__) is kind), None)
    if kind is None or not isinstance(error, GatewayError):
        return UNFORESEEN
    return Fault(kind, error.message[:MAX_WORDS], error.hint[:MAX_WORDS], error.line, error.column, error.trino_name)


def error_of(fault: Fault) -> GatewayError:
    """Make the error again; one of a kind that no worker may name is a fault of ours.

    >>> error_of(TOO_SLOW).code
    'not_parsed'
    """
    kind = _KINDS.get(fault.kind, Broken)
    error = kind(fault.message, hint=fault.hint, line=fault.line, column=fault.column)
    return error.named(fault.trino_name)
