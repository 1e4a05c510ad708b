"""T15: addresses of pages that are guessed, changed, or somebody else's: not one page comes of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import orjson
from starlette.types import Message, Scope

from tests.attacks.attacked import Attacked, listening

T = TypeVar("T")

GUESSES, TRIES = 10_000, 100
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
STRANGE = ("%41", "/", "//", "..", "..;", "%2f", "%00", ";", "+", "=", " ", "\u00e9", "?", "~")


class Client:
    """One partner's client, without a network."""

    def __init__(self, gateway: Attacked, partner: str) -> None:
        self._protocol, self._partner = gateway.protocol, partner

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send one request; return status and body."""
        said: list[Message] = []
        heard: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if not heard:
                await asyncio.Event().wait()
            return heard.pop()

        async def send(message: Message) -> None:
            said.append(message)

        headers = [(b"host", b"a")]
        if self._partner:
            headers.append((b"authorization", b"Bearer " + self._partner.encode()))
        scope: Scope = {
            "type": "http", "method": method, "scheme": "https", "raw_path": path.encode(), "path": path,
            "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await self._protocol(scope, receive, send)
        return said[0]["status"], b"".join(message.get("body", b"") for message in said)

    async def read(self, path: str) -> dict[str, str]:
        """Ask for a page that there is."""
        status, page = await self.ask("GET", path)
        assert status == 200
        said: dict[str, str] = orjson.loads(page)
        return said

    async def begin(self) -> dict[str, str]:
        """Ask a question."""
        status, page = await self.ask("POST", "/v1/statement", b"SELECT 1")
        assert status == 200
        said: dict[str, str] = orjson.loads(page)
        return said


def path_of(address: str) -> str:
    """The path of an address of ours."""
    return address.removeprefix("https://a")


async def settled(gateway: Attacked) -> int:
    """Wait until nothing more reaches Trino by itself; say how much did."""
    count = -1
    while count != len(gateway.trino.written):
        count = len(gateway.trino.written)
        await asyncio.sleep(0.1)
    return count


def story(folder: Path, told: Callable[[Attacked], Awaitable[T]]) -> T:
    """Play with a gateway of its own."""

    async def whole() -> T:
        async with listening(folder) as gateway:
            return await told(gateway)

    return asyncio.run(whole())


def guesses(mine: list[str], count: int) -> Iterator[str]:
    """Tokens that were never given out, most of them one step away from one that was."""
    chance = random.Random(16)  # noqa: S311 - the same guesses on every run
    ways: list[Callable[[str], str]] = [
        lambda token: _put(token, chance.randrange(len(token)), chance.choice(LETTERS)),
        lambda token: token[: chance.randrange(len(token))],
        lambda token: token[chance.randrange(1, len(token)) :],
        lambda token: token + chance.choice(LETTERS) * chance.randrange(1, 5),
        lambda token: _put(token, chance.randrange(len(token)), chance.choice(STRANGE)),
        lambda token: _swapped(token, chance.randrange(len(token)), chance.randrange(len(token))),
        lambda token: token[:40] + chance.choice(mine)[40:],
        lambda token: token.swapcase(),
        lambda token: token[::-1],
        lambda token: "".join(chance.choices(LETTERS, k=len(token))),
        lambda token: chance.choice(mine) + token,
        lambda token: f"{chance.choice(('queued', 'executing'))}/20261127_1_x/pages/{chance.randrange(4)}",
    ]
    while count:
        guess = chance.choice(ways)(chance.choice(mine))
        if guess and guess not in mine:
            count -= 1
            yield guess


def _put(token: str, place: int, what: str) -> str:
    return token[:place] + what + token[place + 1 :]


def _swapped(token: str, one: int, other: int) -> str:
    return _put(_put(token, one, token[other]), other, token[one])


def test_ten_thousand_guesses_give_no_page(tmp_path: Path) -> None:
    async def told(gateway: Attacked) -> tuple[set[int], int, dict[str, str]]:
        ana, ben = Client(gateway, "ana"), Client(gateway, "ben")
        first = await ana.begin()
        second = await ana.read(path_of(first["nextUri"]))
        theirs = await ben.begin()
        given = [first["nextUri"], second["nextUri"], second["partialCancelUri"], second["infoUri"], theirs["nextUri"]]
        tokens = [path_of(address).removeprefix("/v1/statement/") for address in given]
        before = await settled(gateway)
        chance = random.Random(17)  # noqa: S311 - the same on every run
        answers = {
            (await ana.ask(chance.choice(("GET", "GET", "GET", "HEAD", "DELETE")), f"/v1/statement/{guess}"))[0]
            for guess in guesses(tokens, GUESSES)
        }
        reached = await settled(gateway) - before
        return answers, reached, await ana.read(path_of(second["nextUri"]))

    answers, reached, after = story(tmp_path, told)

    assert answers == {404}
    assert reached == 0
    assert "data" in after


def test_what_another_partner_was_given_opens_for_nobody_else(tmp_path: Path) -> None:
    async def told(gateway: Attacked) -> tuple[list[int], int, dict[str, str]]:
        ana = Client(gateway, "ana")
        others = {"ben": 404, "": 401, "foreign": 401}
        first = await ana.begin()
        second = await ana.read(path_of(first["nextUri"]))
        addresses = [first["nextUri"], second["nextUri"], second["partialCancelUri"], second["infoUri"]]
        before = await settled(gateway)
        odd = []
        for number in range(TRIES):
            other = tuple(others)[number % 3]
            method, address = ("GET", "HEAD", "DELETE")[number // 3 % 3], addresses[number // 9 % 4]
            status, _ = await Client(gateway, other).ask(method, path_of(address))
            odd += [status] if status != others[other] else []
        reached = await settled(gateway) - before
        return odd, reached, await ana.read(path_of(second["nextUri"]))

    odd, reached, after = story(tmp_path, told)

    assert (odd, reached) == ([], 0)
    assert "data" in after


def test_a_page_is_given_once_more_and_what_is_past_never(tmp_path: Path) -> None:
    async def told(gateway: Attacked) -> list[object]:
        ana = Client(gateway, "ana")
        first = await ana.begin()
        second = await ana.read(path_of(first["nextUri"]))
        once_more = await ana.read(path_of(first["nextUri"]))
        await ana.read(path_of(second["nextUri"]))
        past, page = await ana.ask("GET", path_of(first["nextUri"]))
        return [second["data"] == once_more["data"], past, b"EVER GIVEN" in page]

    assert story(tmp_path, told) == [True, 410, False]
