"""What the edge asks of the gate behind it; the pipeline's Gate is the real one, the tests' stand-in the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from gateway.model import Catalog, Notice, Partner, QueryRequest


class Answered(Protocol):
    """The rows of one query, page by page."""

    id: str
    stats: dict[str, object]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the partner must know about this answer."""

    def pages(self) -> AsyncIterator[list[list[object]]]:
        """Each page of rows; a failure is raised, never a quiet end."""

    async def cancel(self) -> None:
        """Stop the query; nothing happens once it has ended."""


class Front(Protocol):
    """The gate."""

    def identify(self, token: str | None) -> Partner:
        """Say who asks, or raise Unauthenticated."""

    async def answer(self, partner: Partner, request: QueryRequest) -> Answered:
        """Start a query, or raise a GatewayError before any row."""

    async def explain(self, partner: Partner, request: QueryRequest) -> Any:
        """Return a frozen dataclass that says what the query would be let to see."""

    async def visible(self, partner: Partner, purpose: str) -> Catalog:
        """The catalog as this partner sees it for this purpose."""
