"""Trino's protocol at the edge: who may ask for what, and what stands beside it."""

from __future__ import annotations

import httpx
import pytest

from gateway.edge.api import make_app
from tests.edge.stand_in import StandInGate
from tests.edge.trino_stand_in import (
    END,
    ONE,
    Client,
    Script,
    SpokenGate,
    gate_for,
    page,
    run,
)

# --- who may ask for what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["GET", "HEAD", "DELETE"])
def test_a_page_of_somebody_else_is_as_absent_as_one_that_never_was(verb: str) -> None:
    async def story() -> None:
        script = Script([page(1), END])
        client = Client(gate_for(script))
        stranger = client.as_partner("planner")
        address = (await client.post(ONE)).json()["nextUri"]
        middle = len(address) - 40
        changed = address[:middle] + ("A" if address[middle] != "A" else "B") + address[middle + 1 :]

        foreign = await stranger.request(verb, address)
        absent = await stranger.request(verb, "http://gateway:8080/v1/statement/" + "A" * 200)
        tampered = await client.http.request(verb, changed)
        nameless = await client.as_partner("").request(verb, address)

        assert foreign.status_code == absent.status_code == tampered.status_code == 404
        assert foreign.content == absent.content == tampered.content
        assert nameless.status_code == 401
        assert script.cancelled == 0
        assert (await client.http.get(address)).json()["data"] == [[1]]

    run(story)


def test_a_query_is_cancelled_by_its_id_by_the_partner_whose_it_is_alone() -> None:
    async def story() -> None:
        script = Script([page(1), END])
        client = Client(gate_for(script))
        address = f"http://gateway:8080/v1/query/{(await client.post(ONE)).json()['id']}"

        foreign = await client.as_partner("planner").request("DELETE", address)
        absent = await client.http.request("DELETE", "http://gateway:8080/v1/query/none")
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
        assert script.cancelled == 0
        own = await client.http.request("DELETE", address)

        assert own.status_code == 204
        assert script.cancelled == 1

    run(story)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/query/none"),
        ("DELETE", "/v1/query/none"),
        ("DELETE", "/v1/query/"),
        ("GET", "/v1/query"),
        ("GET", "/v1/status"),
        ("GET", "/v1/node"),
        ("GET", "/v1/jmx/mbean"),
        ("GET", "/v1/info/state"),
        ("POST", "/v1/statement/"),
        ("POST", "/v1//statement"),
        ("POST", "/v1/statement?x=1"),
        ("POST", "/v1/%73tatement"),
        ("GET", "/v1/statement/executing/20261127_000000_00001_abcde/y1/1"),
        ("GET", "/v1/statement/../info"),
        ("PUT", "/v1/statement"),
        ("GET", "/v1/statement"),
        ("DELETE", "/v1/info"),
        ("PATCH", "/v1/statement/AAAA"),
    ],
)
def test_there_are_no_other_routes(verb: str, path: str) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        client = Client(gate)

        url = httpx.URL(f"http://gateway:8080{path}") if "/../" not in path else None
        answer = await client.http.request(verb, url or "http://gateway:8080/v1/statement/%2e%2e/info", content=b"x")

        assert answer.status_code in (404, 405)
        assert gate.asked == []

    run(story)


def test_who_asks_is_known_before_anything_is_read() -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        nobody = Client(gate, "")

        post, head = await nobody.post(""), await nobody.http.head("/v1/statement")
        info = await nobody.http.get("/v1/info")

        assert post.status_code == head.status_code == 401
        assert post.headers["www-authenticate"] == 'Bearer realm="Portgate"'
        assert info.json()["nodeVersion"] == {"version": "476"}
        assert (await Client(gate).http.head("/v1/statement")).status_code == 200
        assert gate.asked == []

    run(story)


def test_a_login_with_its_own_challenge_says_so() -> None:
    async def story() -> None:
        own = [(b"www-authenticate", b'Bearer x_redirect_server="https://a", x_token_server="https://b"')]
        nobody = Client(SpokenGate(), "", challenge=lambda _scope: own)

        assert (await nobody.post(ONE)).headers["www-authenticate"].startswith("Bearer x_redirect_server")

    run(story)


@pytest.mark.parametrize("host", ["a/b", "a@b", "evil.example:80:80", "", "a b", "a,b", "[::1", "h:123456"])
def test_a_host_that_is_no_name_makes_no_addresses(host: str) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        client = Client(gate)

        bad = await client.http.post("/v1/statement", content=ONE, headers={"Host": host})
        good = await client.http.post("/v1/statement", content=ONE, headers={"Host": "[::1]:8443"})

        assert bad.status_code == 400
        assert good.json()["nextUri"].startswith("http://[::1]:8443/v1/statement/")
        assert len(gate.asked) == 1

    run(story)


def test_a_public_address_stands_in_front_of_all_others() -> None:
    async def story() -> None:
        client = Client(gate_for(Script([END])), public_url="https://data.example/")

        answer = await client.post(ONE)

        assert answer.json()["nextUri"].startswith("https://data.example/v1/statement/")

    run(story)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b" \n ", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"x" * (1024 * 1024 + 1), {}, 413),
        (b"SELECT 1", {"Content-Encoding": "gzip"}, 415),
        (b"SELECT 1", {"X-Trino-Schema": "freight"}, 400),
        (b"SELECT 1", {"X-Trino-Time-Zone": "Mars/Olympus"}, 400),
    ],
)
def test_a_request_that_is_no_statement_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))

        answer = await Client(gate).http.post("/v1/statement", content=body, headers=headers)

        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/plain")
        assert gate.asked == []

    run(story)


# --- beside the rest of the application -----------------------------------------------------------------------------


def test_the_rest_of_the_application_is_where_it_was() -> None:
    async def story() -> None:
        gate = gate_for(Script([page(1), END]))
        client = Client(gate)
        app = make_app(StandInGate(), StandInGate().ready, trino_clients=client.protocol)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            livez, info, other = [await http.get(path) for path in ("/livez", "/v1/info", "/v1/query")]

        assert (livez.status_code, info.status_code, other.status_code) == (200, 200, 404)
        assert info.headers["x-content-type-options"] == "nosniff"

    run(story)
