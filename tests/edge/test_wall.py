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
from gateway.edge.wall import MAX_BODY_BYTES, wall_app
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
