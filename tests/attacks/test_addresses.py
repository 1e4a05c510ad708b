"""T14: a Trino that was taken over gives evil addresses of next pages, and redirects; nobody else is ever asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from gateway.conversation import Page
from gateway.errors import EngineUnavailable, GatewayError
from tests.adapters.asking import ADMISSION
from tests.adapters.fake_trino import FakeTrino, engine_over, rows
from tests.attacks.watch import watched

GOOD = "/v1/statement/executing/20261127_1_x/pages/1"
METADATA = "169.254.169.254"

FOLLOWED = {
    "another_host": f"https://foreign.example{GOOD}",
    "the_clouds_metadata": f"http://{METADATA}{GOOD}",
    "another_port": f"https://127.0.0.1:1{GOOD}",
    "another_scheme": f"http://127.0.0.1{GOOD}",
    "a_user_before_the_host": f"https://127.0.0.1@foreign.example{GOOD}",
    "capitals": f"HTTPS://FOREIGN.EXAMPLE{GOOD}",
    "ipv6": f"https://[::1]{GOOD}",
    "ipv6_of_ipv4": f"https://[::ffff:{METADATA}]{GOOD}",
    "a_number_for_a_host": f"https://2852039166{GOOD}",
    "an_octal_host": f"https://0251.0376.0251.0376{GOOD}",
    "a_name_that_may_change_its_mind": f"https://localtest.me{GOOD}",
    "a_dot_at_the_end": f"https://localhost.{GOOD}",
    "no_scheme": f"//foreign.example{GOOD}",
    "a_file": f"file://{GOOD}",
    "a_file_of_a_host": f"file://foreign.example{GOOD}",
    "gopher": f"gopher://foreign.example{GOOD}",
    "a_backslash": f"https://foreign.example\\@127.0.0.1{GOOD}",
    "a_line_in_front": f"\r\nhttps://127.0.0.1{GOOD}",
}
"""Addresses whose path is one of the query's own pages: the path is asked for, of our own Trino."""

REFUSED = {
    "a_file_of_the_machine": "file:///etc/passwd",
    "the_clouds_token": f"http://{METADATA}/latest/meta-data/iam/security-credentials/",
    "data": "data:application/json,{}",
    "javascript": "javascript:alert(1)",
    "nothing": "",
    "a_blank": " ",
    "a_line_and_a_header": f"https://127.0.0.1{GOOD}\r\nX-Trino-User: foreign",
    "an_encoded_line": f"https://127.0.0.1{GOOD}%0d%0aX-Trino-User:%20foreign",
    "a_line_inside": "https://127.0.0.1" + GOOD.replace("statement", "state\n\tment"),
    "a_nul": f"https://127.0.0.1{GOOD}\x00",
    "a_query_string": f"https://127.0.0.1{GOOD}?url=http://foreign.example",
    "a_fragment": f"https://127.0.0.1{GOOD}#@foreign.example",
    "dots": "https://127.0.0.1/v1/statement/../query/20261127_1_x",
    "dots_at_the_end": "https://127.0.0.1/v1/statement/executing/20261127_1_x/pages/../../../../query",
    "encoded_dots": "https://127.0.0.1/v1/statement/%2e%2e/query",
    "dots_and_a_semicolon": "https://127.0.0.1/v1/statement/..;/query",
    "an_encoded_slash": "https://127.0.0.1/v1/statement/executing%2f20261127_1_x/pages/1",
    "two_slashes": f"https://127.0.0.1/{GOOD}",
    "two_slashes_inside": GOOD.replace("/pages", "//pages"),
    "the_queries": "https://127.0.0.1/v1/query",
    "the_status": "https://127.0.0.1/v1/status",
    "the_tasks": "https://127.0.0.1/v1/task/20261127_1_x.0.0.0",
    "a_statement": "https://127.0.0.1/v1/statement",
    "a_spooled_segment": "https://127.0.0.1/v1/spooled/download/foreign",
    "a_partial_cancel": "https://127.0.0.1/v1/statement/executing/partialCancel/20261127_1_x/0/pages/1",
    "more_behind_it": f"https://127.0.0.1{GOOD}/foreign",
    "a_prefix": f"https://127.0.0.1/proxy/foreign.example{GOOD}",
    "capitals_in_the_path": f"https://127.0.0.1{GOOD.replace('executing', 'Executing')}",
    "a_page_that_is_no_number": f"https://127.0.0.1{GOOD.removesuffix('1')}-1",
    "digits_of_another_script": f"https://127.0.0.1{GOOD.removesuffix('1')}\u0661",
    "a_port_that_is_none": f"https://127.0.0.1:foreign{GOOD}x",
    "a_broken_bracket": f"https://[::1{GOOD}",
    "another_query": f"https://127.0.0.1{GOOD.replace('20261127_1_x', '20261127_2_y')}",
    "a_long_one": "https://127.0.0.1/v1/statement/executing/" + "x" * 100_000,
}
"""Addresses that are no page of the query: nothing more is asked for."""


async def _read_on(trino: FakeTrino, folder: Path) -> list[Page] | GatewayError:
    async with engine_over(trino, folder) as engine:
        try:
            running = await engine.start("SELECT", ADMISSION)
            pages = [await running.turn()]
            while not pages[-1].last:
                pages.append(await running.turn())
        except GatewayError as error:
            return error
        return pages


def _play(trino: FakeTrino, folder: Path) -> tuple[list[Page] | GatewayError, set[object]]:
    with watched() as seen:
        ended = asyncio.run(_read_on(trino, folder))
    return ended, {target for _, target in seen}


def _is_trino(target: object, trino: FakeTrino) -> bool:
    return target == ("127.0.0.1", int(trino.base.rpartition(":")[2])) or target == "127.0.0.1"


@pytest.mark.parametrize("address", FOLLOWED)
def test_of_an_evil_address_nothing_is_believed_but_the_path(tmp_path: Path, address: str) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"])])
    trino.next_uri = lambda uri: FOLLOWED[address] if uri.endswith("/1") else uri

    ended, asked = _play(trino, tmp_path)

    assert isinstance(ended, list)
    assert [path for _, path, _ in trino.heard] == ["/v1/statement", GOOD.replace("/1", "/0"), GOOD]
    assert all(_is_trino(target, trino) for target in asked)


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_no_page_of_the_query_ends_it(tmp_path: Path, address: str) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"])])
    trino.next_uri = lambda uri: REFUSED[address] if uri.endswith("/1") else uri

    ended, asked = _play(trino, tmp_path)

    assert isinstance(ended, EngineUnavailable)
    assert "foreign" not in ended.message
    assert {path for verb, path, _ in trino.heard if verb != "DELETE"} == {"/v1/statement", GOOD.replace("/1", "/0")}
    assert all(_is_trino(target, trino) for target in asked)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int, verb: str) -> None:
    class Redirecting(FakeTrino):
        async def handle(self, request: web.Request) -> web.Response:
            answer = await super().handle(request)
            elsewhere = {"Location": f"http://{METADATA}/latest/"}
            return web.Response(status=status, headers=elsewhere) if request.method == verb else answer

    trino = Redirecting([rows(["a"]), rows(["b"])])

    async def story() -> None:
        async with engine_over(trino, tmp_path) as engine:
            running = await engine.start("SELECT", ADMISSION)
            await running.turn()
            await running.cancel()

    with watched() as seen:
        try:
            asyncio.run(story())
        except EngineUnavailable:
            assert verb != "DELETE"
    assert all(_is_trino(target, trino) for _, target in seen)
    assert all(path.startswith("/v1/statement") for _, path, _ in trino.heard)


def test_the_watch_sees_who_is_asked_and_there_are_forty_addresses_and_more() -> None:
    async def ask() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    with watched() as seen, pytest.raises(OSError, match="Connect call failed"):
        asyncio.run(ask())

    assert ("socket.connect", ("127.0.0.1", 1)) in seen
    assert len(FOLLOWED) + len(REFUSED) >= 40
