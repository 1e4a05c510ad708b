"""T19: bodies that grow when they are unpacked, that never end, or that never come; memory stays flat."""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import os
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import psutil
import pytest
import zstandard
from starlette.types import Message

from gateway.edge.body import read_body
from gateway.edge.problems import TooSlow
from tests.adapters.fake_trino import rows
from tests.attacks.attacked import Attacked, attacked
from tests.attacks.requests import REFUSED, STATEMENT, post

MEGABYTE = 1024 * 1024
ROOM = 20 * MEGABYTE
PAGES = 120
GIGABYTES = gzip.compress(bytes(64 * MEGABYTE), 9) * 160
"""10 GB of zeros in 10 MB."""


def _memory() -> int:
    return psutil.Process(os.getpid()).memory_info().rss


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"identity", b"gzip, gzip"])
def test_a_compressed_body_is_refused_unread(gateway: Attacked, encoding: bytes) -> None:
    request = post(b"Content-Encoding: " + encoding, body=GIGABYTES)
    before = _memory()

    answers = gateway.send(request)

    assert answers == [415]
    assert _memory() - before < ROOM
    assert gateway.taken() == []


def test_a_body_that_says_that_it_is_too_long_is_refused(gateway: Attacked) -> None:
    assert gateway.send(post(body=b" " * (MEGABYTE + 1))) == [413]
    assert gateway.send(post(body=b"SELECT 1" + b" " * (MEGABYTE - 8))) == [200]


def test_a_body_that_never_ends_is_cut_off(gateway: Attacked) -> None:
    head = post(b"Transfer-Encoding: chunked", body=b"", length=False)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    before = _memory()

    answers = gateway.send(head, *(chunk for _ in range(1600)))

    assert answers in ([413], [])  # the answer may be lost where the rest was still on its way
    assert _memory() - before < ROOM


def test_a_header_that_grows_when_it_is_unpacked_takes_no_room(gateway: Attacked) -> None:
    before = _memory()

    assert [gateway.send(REFUSED["prepared_bomb"]) for _ in range(5)] == [[400]] * 5
    assert _memory() - before < ROOM


def test_many_headers_that_each_grow_within_their_bound_take_no_room_together(gateway: Attacked) -> None:
    packed = base64.urlsafe_b64encode(zstandard.compress(b"a" * (MEGABYTE - 1), 19)).rstrip(b"=")
    pairs = b",".join(b"p%d=%%24zstd%%3A%b" % (number, packed) for number in range(400))
    before = _memory()

    assert gateway.send(post(b"X-Trino-Prepared-Statement: " + pairs)) == [400]
    assert _memory() - before < ROOM
    one = post(b"X-Trino-Prepared-Statement: " + pairs.partition(b",")[0])
    assert gateway.send(one) == [200]


def test_a_result_of_a_hundred_megabytes_takes_the_room_of_a_few_pages(tmp_path: Path) -> None:
    row: list[object] = ["x" * 1000]
    page = rows(*(row for _ in range(1000)))

    with attacked(tmp_path, [page] * PAGES) as gateway:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.tcp_port, timeout=60)
        size, sampled = 0, []
        verb, path, sent = "POST", "/v1/statement", STATEMENT
        while path:
            connection.request(verb, path, sent, {"Authorization": "Bearer ana"})
            said = connection.getresponse().read()
            size += len(said)
            sampled.append(_memory())
            verb, path, sent = "GET", urlsplit(orjson.loads(said).get("nextUri", "")).path, b""
        connection.close()

    assert size > PAGES * MEGABYTE * 0.9
    assert max(sampled) - sampled[PAGES // 10] < 2 * ROOM


def test_a_body_that_never_comes_is_waited_for_no_longer_than_its_time() -> None:
    async def never() -> Message:
        return await asyncio.Event().wait()  # type: ignore[return-value]

    with pytest.raises(TooSlow):
        asyncio.run(read_body(never, seconds=0.05))
