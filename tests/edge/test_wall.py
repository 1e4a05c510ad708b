"""The wall's listener hears one path, from one who knows its secret, and answers nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from gateway.edge.serve import CannotListen, serving_wall
from gateway.edge.wall import MAX_BODY_BYTES, MAX_EVENT_BYTES, wall_app
from gateway.errors import AuditUnavailable
from gateway.settings import WallSettings
from tests.edge.test_serve import free_ports

SECRET = "5ec4e7"  # noqa: S105 - of this test alone
PATH = f"/{SECRET}/allow"


class Judge:
    """Says yes to one body, and remembers all."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def __call__(self, body: bytes) -> bool:
        """Judge."""
        self.heard.append(body)
        return body == b"please"


def ask(judge: Judge, method: str, url: str, content: bytes | AsyncIterator[bytes] = b"please") -> httpx.Response:
    """Ask the listener's application."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(wall_app(judge, SECRET))
        async with httpx.AsyncClient(transport=transport, base_url="http://wall") as client:
            return await client.request(method, url, content=content)

    return asyncio.run(asked())


@pytest.mark.parametrize(("content", "answer"), [(b"please", {"result": True}), (b"now", {"result": False})])
def test_a_question_is_answered_yes_or_no(content: bytes, answer: dict[str, bool]) -> None:
    judge = Judge()

    told = ask(judge, "POST", PATH, content)

    assert (told.status_code, told.json(), judge.heard) == (200, answer, [content])
    assert told.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", PATH),
        ("PUT", PATH),
        ("POST", "/"),
        ("POST", f"/{SECRET}"),
        ("POST", f"/{SECRET}/"),
        ("POST", f"{PATH}/"),
        ("POST", f"/{PATH}"),
        ("POST", PATH.upper()),
        ("POST", f"/%35{SECRET[1:]}/allow"),
        ("POST", f"/{SECRET[:-1]}8/allow"),
        ("POST", "//allow"),
        ("POST", "/livez"),
        ("POST", "/api/queries"),
        ("POST", f"/x?{PATH}"),
    ],
)
def test_everything_else_is_not_there(method: str, url: str) -> None:
    judge = Judge()

    told = ask(judge, method, url)

    assert (told.status_code, told.content, judge.heard) == (404, b"", [])


def test_a_question_in_pieces_is_one_question() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"pl", b"ea", b"se"):
            yield piece

    assert ask(Judge(), "POST", PATH, pieces()).json() == {"result": True}


def test_a_question_that_does_not_end_is_cut_short_and_refused() -> None:
    judge = Judge()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    assert ask(judge, "POST", PATH, pieces()).json() == {"result": False}
    assert [len(body) for body in judge.heard] == [MAX_BODY_BYTES]


def talk(scope: dict[str, object], *messages: Message) -> tuple[Judge, list[Message]]:
    """Run the application on raw messages, and say what it sent."""
    judge, sent, waiting = Judge(), [], list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_run(judge, scope, receive, send))
    return judge, sent


async def _run(judge: Judge, scope: dict[str, object], receive: object, send: object) -> None:
    await wall_app(judge, SECRET)(scope, receive, send)  # type: ignore[arg-type]


def test_one_who_goes_away_in_the_middle_is_not_judged() -> None:
    scope: dict[str, object] = {"type": "http", "method": "POST", "raw_path": PATH.encode()}
    half: Message = {"type": "http.request", "body": b"pl", "more_body": True}

    judge, sent = talk(scope, half, {"type": "http.disconnect"})

    assert (judge.heard, sent) == ([], [])


def test_what_is_not_http_is_not_heard() -> None:
    assert talk({"type": "websocket"})[1] == []


def test_trino_is_answered_over_a_socket_for_as_long_as_the_wall_stands() -> None:
    wall = WallSettings(tcp_port=free_ports(1)[0], secret_file=Path("unused"))
    url = f"http://127.0.0.1:{wall.tcp_port}{PATH}"

    async def told() -> list[bool]:
        async with httpx.AsyncClient(trust_env=False) as client:
            async with serving_wall(wall_app(Judge(), SECRET), wall):
                answers = [(await client.post(url, content=body)).json()["result"] for body in (b"please", b"now")]
            with pytest.raises(httpx.TransportError):
                await client.post(url, content=b"please")
            return answers

    assert asyncio.run(told()) == [True, False]


def test_a_taken_port_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wall = WallSettings(tcp_port=taken.getsockname()[1], secret_file=Path("unused"))

        async def stand() -> None:
            async with serving_wall(wall_app(Judge(), SECRET), wall):
                raise AssertionError("it stands")

        with pytest.raises(CannotListen, match=r"choose another wall\.tcp_port"):
            asyncio.run(stand())


# --- what Trino ran -------------------------------------------------------------------------------------------------


class Ears:
    """Hears events, and can do nothing with some."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.malformed: list[str] = []

    async def take(self, body: bytes) -> bool:
        """Take an event."""
        self.heard.append(body)
        if body == b"no disk":
            raise AuditUnavailable("the audit log cannot be written")
        return body != b"nonsense"

    def note_malformed(self, what: str) -> None:
        """Note it."""
        self.malformed.append(what)


Headers = list[tuple[str, str]]
BEARER: Headers = [("Authorization", f"Bearer {SECRET}")]


def tell(
    ears: Ears, content: bytes | AsyncIterator[bytes], headers: Headers = BEARER, method: str = "POST",
    url: str = "/events", seconds: float = 5,
) -> httpx.Response:  # fmt: skip
    """Post an event, as Trino does."""

    async def told() -> httpx.Response:
        transport = httpx.ASGITransport(wall_app(Judge(), SECRET, ears, seconds))
        async with httpx.AsyncClient(transport=transport, base_url="http://wall") as client:
            return await client.request(method, url, content=content, headers=headers)

    return asyncio.run(told())


@pytest.mark.parametrize(("content", "status"), [(b"event", 200), (b"nonsense", 400), (b"no disk", 503)])
def test_an_event_is_heard_and_asked_for_again_only_where_it_could_not_be_written(content: bytes, status: int) -> None:
    ears = Ears()

    told = tell(ears, content)

    assert (told.status_code, told.content, ears.heard) == (status, b"", [content])


@pytest.mark.parametrize(
    ("headers", "method", "url"),
    [
        ([], "POST", "/events"),
        ([("Authorization", "Bearer ")], "POST", "/events"),
        ([("Authorization", f"Bearer {SECRET[:-1]}8")], "POST", "/events"),
        ([("Authorization", f"Bearer {SECRET}x")], "POST", "/events"),
        ([("Authorization", f"bearer {SECRET}")], "POST", "/events"),
        ([("Authorization", SECRET)], "POST", "/events"),
        (BEARER * 2, "POST", "/events"),
        (BEARER, "GET", "/events"),
        (BEARER, "PUT", "/events"),
        (BEARER, "POST", "/events/"),
        (BEARER, "POST", "/Events"),
        (BEARER, "POST", "/%65vents"),
        (BEARER, "POST", f"/{SECRET}/events"),
        (BEARER, "POST", "/x?/events"),
    ],
)
def test_an_event_without_the_secret_is_not_there(headers: Headers, method: str, url: str) -> None:
    ears = Ears()

    told = tell(ears, b"event", headers, method, url)

    assert (told.status_code, told.content, ears.heard, ears.malformed) == (404, b"", [], [])


def test_without_ears_there_are_no_events() -> None:
    async def told() -> int:
        transport = httpx.ASGITransport(wall_app(Judge(), SECRET))
        async with httpx.AsyncClient(transport=transport, base_url="http://wall") as client:
            return (await client.post("/events", content=b"event", headers=BEARER)).status_code

    assert asyncio.run(told()) == 404


def test_an_event_that_is_too_large_is_told_and_not_asked_for_again() -> None:
    ears = Ears()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_EVENT_BYTES // 4_000_000 + 2):
            yield b"x" * 4_000_000

    assert tell(ears, pieces()).status_code == 413
    assert (ears.heard, ears.malformed) == ([], ["too large"])


def test_a_large_event_is_one_event() -> None:
    ears = Ears()

    assert tell(ears, b"x" * 5_000_000).status_code == 200
    assert [len(body) for body in ears.heard] == [5_000_000]


def test_an_event_that_comes_too_slowly_is_asked_for_again() -> None:
    ears = Ears()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"ev"
        await asyncio.sleep(60)

    assert tell(ears, pieces(), seconds=0.05).status_code == 408
    assert ears.heard == []
