"""Bundles over HTTP: who may publish, what is answered, and what OPA gets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import pytest

from gateway.adapters.bundle_store import Served
from gateway.edge.api import make_app
from gateway.edge.bundles import bundles_app
from gateway.edge.wall import wall_app
from gateway.errors import AuditUnavailable, Unauthenticated
from gateway.model import Partner
from gateway.policy.archive import MAX_PACKED_BYTES
from gateway.policy.bundle import Bundle
from gateway.policy.refusal import BundleRefused
from tests.bundles.signing import Signer
from tests.edge.stand_in import StandInGate

STEWARDS = {
    name: Partner(name, organisation, "port_authority", roles, (), attributes, "t")
    for name, organisation, roles, attributes in (
        ("of-oakland", "port_of_oakland", ("steward",), {"port": "oakland"}),
        ("by-organisation", "port_of_oakland", ("analyst", "steward"), {}),
        ("of-hueneme", "port_of_hueneme", ("steward",), {"port": "hueneme"}),
        ("analyst", "port_of_oakland", ("analyst",), {"port": "oakland"}),
        ("nowhere", "", ("steward",), {}),
    )
}
PACKED = Signer().sign().packed()


@dataclass
class NotedIntake:
    """Takes everything, or refuses everything, and notes what it was given."""

    fault: Exception | None = None
    taken: list[tuple[str, bytes, str]] = field(default_factory=list)
    turned_away: list[tuple[str, str, str]] = field(default_factory=list)

    def organisation(self, port: str) -> str:
        return {"oakland": "port_of_oakland"}.get(port, "")

    async def accept(self, port: str, packed: bytes, by: str) -> Bundle:
        self.taken.append((port, packed, by))
        if self.fault:
            raise self.fault
        return Signer().sign()

    async def refuse(self, port: str, refused: BundleRefused, by: str) -> None:
        self.turned_away.append((port, refused.code, by))

    def status(self) -> Mapping[str, object]:
        return {"oakland": {"state": "in_force", "serial": 7}}


class Door(StandInGate):
    """Knows the stewards by name."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        if token not in STEWARDS:
            raise Unauthenticated("this needs a token")
        return STEWARDS[token]


def put(
    intake: NotedIntake,
    token: str,
    port: str = "oakland",
    content: bytes = PACKED,
    kind: str = "application/gzip",
) -> httpx.Response:
    async def send() -> httpx.Response:
        door = Door()
        transport = httpx.ASGITransport(make_app(door, door.ready, intake))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
            return await client.put(f"/api/ports/{port}/bundle", content=content, headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize("steward", ["of-oakland", "by-organisation"])
def test_a_port_s_own_steward_publishes_for_it(steward: str) -> None:
    intake = NotedIntake()

    answer = put(intake, steward)

    assert (answer.status_code, answer.json()) == (200, {"port": "oakland", "revision": Signer().sign().revision})
    assert intake.taken == [("oakland", PACKED, f"{steward}#publish")]


@pytest.mark.parametrize(
    ("who", "port"),
    [
        ("of-hueneme", "oakland"),
        ("analyst", "oakland"),
        ("nowhere", "oakland"),
        ("nowhere", "hueneme"),
        ("of-oakland", "hueneme"),
    ],
)
def test_nobody_else_publishes_for_a_port_and_the_attempt_is_written_down(who: str, port: str) -> None:
    intake = NotedIntake()

    answer = put(intake, who, port)

    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert (intake.taken, intake.turned_away) == ([], [(port, "foreign_steward", f"{who}#publish")])


def test_a_bundle_that_is_refused_is_answered_with_the_refusal_s_code_and_what_to_do() -> None:
    refused = BundleRefused("older_than_seen", "its serial number 5 is not above 9", "oakland")

    answer = put(NotedIntake(refused), "of-oakland")

    assert (answer.status_code, answer.json()) == (
        422,
        {
            "type": "urn:portgate:error:bundle_older_than_seen",
            "title": "The bundle was refused",
            "status": 422,
            "detail": "its serial number 5 is not above 9",
            "code": "bundle_older_than_seen",
            "hint": "Sign again; `portgate policy rollback oakland` brings an older state of the agreements back.",
        },
    )


def test_nothing_is_published_while_the_audit_log_cannot_be_written() -> None:
    assert put(NotedIntake(AuditUnavailable("no disk")), "of-oakland").status_code == 503


@pytest.mark.parametrize(
    ("token", "content", "kind", "status"),
    [
        ("nobody", PACKED, "application/gzip", 401),
        ("of-oakland", PACKED, "application/json", 415),
        ("of-oakland", bytes(MAX_PACKED_BYTES + 1), "application/gzip", 413),
    ],
)
def test_what_is_no_bundle_of_somebody_we_know_is_not_taken(token: str, content: bytes, kind: str, status: int) -> None:
    intake = NotedIntake()

    assert put(intake, token, content=content, kind=kind).status_code == status
    assert intake.taken == []


def test_readiness_tells_which_agreements_are_in_force() -> None:
    async def ask() -> object:
        door = Door()
        transport = httpx.ASGITransport(make_app(door, door.ready, NotedIntake()))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return (await client.get("/readyz")).json()["ports"]

    assert asyncio.run(ask()) == {"oakland": {"state": "in_force", "serial": 7}}


# --- for OPA --------------------------------------------------------------------------------------------------------

SERVED = Served(PACKED, '"abc"')
waited: list[float] = []


def asked(method: str, path: str, **headers: str) -> httpx.Response:
    async def yes(_body: bytes) -> bool:
        return True

    async def served_after(name: str, etag: str, seconds: float) -> Served | None:
        waited.append(seconds)
        return {"oakland": SERVED}.get(name)

    app = bundles_app(served_after, "s3cret", wall_app(yes, "wall"))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
            return await client.request(method, path, headers={"Authorization": "Bearer s3cret", **headers})

    return asyncio.run(send())


def test_opa_gets_an_accepted_bundle_once_and_hears_that_nothing_changed_afterwards() -> None:
    first = asked("GET", "/bundles/oakland.tar.gz")
    again = asked("GET", "/bundles/oakland.tar.gz", **{"If-None-Match": first.headers["etag"]})
    changed = asked("GET", "/bundles/oakland.tar.gz", **{"If-None-Match": '"older"'})

    assert (first.status_code, first.content, first.headers["etag"]) == (200, PACKED, '"abc"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"abc"')
    assert (changed.status_code, changed.content) == (200, PACKED)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("modes=snapshot,delta;wait=1", 1), ("wait=600", 5), ("modes=snapshot", 0), ("wait=x", 0), ("", 0)],
)
def test_opa_waits_for_news_as_long_as_it_would_and_no_longer_than_we_would(said: str, seconds: float) -> None:
    assert asked("GET", "/bundles/oakland.tar.gz", Prefer=said).status_code == 200
    assert waited[-1] == seconds


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/bundles/hueneme.tar.gz"),
        ("GET", "/bundles/oakland"),
        ("GET", "/bundles/oakland.tar.gz/"),
        ("POST", "/bundles/oakland.tar.gz"),
        ("GET", "/bundle/oakland.tar.gz"),
        ("GET", "/oakland.tar.gz"),
        ("GET", "/wall/allow"),
    ],
)
def test_everything_else_on_the_internal_listener_is_404(method: str, path: str) -> None:
    answer = asked(method, path)

    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("said", ["Bearer wrong", "Bearer s3cre", "s3cret", ""])
def test_without_the_secret_there_is_nothing(said: str) -> None:
    answer = asked("GET", "/bundles/oakland.tar.gz", Authorization=said)

    assert (answer.status_code, answer.content) == (404, b"")


def test_trino_is_still_answered_beside_opa() -> None:
    assert asked("POST", "/wall/allow").json() == {"result": True}
    assert asked("POST", "/s3cret/allow").status_code == 404
