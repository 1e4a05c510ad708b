"""A running stack with samples -> what Trino's clients get through Portgate, beside what they get from Trino itself.

Nothing is cached: every statement is read, decided, rewritten, verified and written to the log. Both servers speak
TLS on loopback, one after the other in turn, so that what else the machine does strikes both.

The bulk is Trino's own lineitem. No agreement speaks of it, so for that part a gateway with one more thing to read
(`stack.bench_gateway`) takes the place of the stack's own, which is brought back at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psutil
import requests
import trino
from trino.auth import JWTAuthentication

from gateway.adapters.issuer import issue_token
from stack import front, lifecycle
from stack.faults import StackFault
from stack.layout import CHECKOUT, Home, find_home
from stack.settings import StackSettings, remembered
from stack.trino_access import LOADER
from stack.trino_access import token as login

ASKER = "gobiz-analyst"
ONE = "SELECT 1"
ROWS = 500_000
LINEITEM = f"SELECT * FROM tpch.sf1.lineitem LIMIT {ROWS}"  # noqa: S608 - our own name
BYTES_A_ROW = 148
OPEN, POLLING, POLL_SECONDS = 500, 200, 20.0
OPENED = "SELECT n, rpad('', 100, 'x') AS t FROM TABLE(sequence(1, 30000)) AS s (n)"
IDLE_SECONDS = 2.0
MEGABYTE = 1_000_000
_NEXT = b'"nextUri":"'


@dataclass(frozen=True)
class Server:
    """One of the two that are compared."""

    name: str
    tcp_port: int
    user: str
    token: str
    authority: Path

    @property
    def headers(self) -> dict[str, str]:
        """What a client of ours sends."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-Trino-User": self.user,
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            "Accept-Encoding": "identity",
        }

    @property
    def trust(self) -> ssl.SSLContext:
        """The stack's own authority."""
        return ssl.create_default_context(cafile=self.authority)


@dataclass
class Figures:
    """What was measured, to be printed as a table or as JSON."""

    found: dict[str, float | int | str] = field(default_factory=dict)
    quiet: bool = False

    def say(self, name: str, value: float | int | str, unit: str = "") -> None:
        """Keep and show one figure."""
        self.found[name] = round(value, 2) if isinstance(value, float) else value
        if not self.quiet:
            print(f"{name:<58}{self.found[name]:>12} {unit}".rstrip(), flush=True)


# --- clients --------------------------------------------------------------------------------------------------------


class RawClient:
    """Follows the pages over one connection, and looks at nothing but the address of the next one."""

    def __init__(self, server: Server) -> None:
        self._server, self._used = server, time.monotonic()
        self._connection = http.client.HTTPSConnection("127.0.0.1", server.tcp_port, context=server.trust, timeout=120)

    def read(self, sql: str) -> int:
        """Ask, read all pages, return their bytes."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()  # it opens anew by itself; the server may have closed it
        page = self._ask("POST", "/v1/statement", sql.encode())
        size = len(page)
        while following := _next_of(page):
            page = self._ask("GET", following, None)
            size += len(page)
        self._used = time.monotonic()
        return size

    def _ask(self, verb: str, path: str, body: bytes | None) -> bytes:
        self._connection.request(verb, path, body, self._server.headers)
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status != 200 or b'"error":{' in read[-3000:]:
            raise StackFault(f"{self._server.name} failed in a measurement: {answer.status} {read[-300:]!r}", mend="")
        return read


def _next_of(page: bytes) -> str:
    at = page.find(_NEXT, 0, 4096)
    if at < 0:
        return ""
    begin = at + len(_NEXT)
    parts = urlsplit(page[begin : page.index(b'"', begin)].decode())
    return parts.path


class PythonClient:
    """The official client, as its documentation shows it."""

    def __init__(self, server: Server) -> None:
        session = requests.Session()
        session.verify = str(server.authority)
        session.trust_env = False
        self._connection = trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host="127.0.0.1", port=server.tcp_port, http_scheme="https", user=server.user, http_session=session,
            auth=JWTAuthentication(server.token), timezone="UTC",
        )  # fmt: skip

    def read(self, sql: str) -> int:
        """Ask, read all rows, return their number."""
        return len(self._connection.cursor().execute(sql).fetchall())


# --- what is measured -----------------------------------------------------------------------------------------------


def _timed(act: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found


def _in_turn(clients: dict[str, Any], sql: str, times: int) -> dict[str, list[tuple[float, int]]]:
    took: dict[str, list[tuple[float, int]]] = {name: [] for name in clients}
    for number in range(times):
        order = list(clients) if number % 2 else list(reversed(clients))
        for name in order:
            took[name].append(_timed(lambda name=name: clients[name].read(sql)))  # type: ignore[misc]
    return took


def measure_one(figures: Figures, direct: Server, portgate: Server, times: int) -> None:
    """SELECT 1, at the median."""
    for kind, make in (("raw client", RawClient), ("trino-python-client", PythonClient)):
        clients = {server.name: make(server) for server in (direct, portgate)}
        _in_turn(clients, ONE, 5)
        took = _in_turn(clients, ONE, times)
        medians = {name: statistics.median(each[0] for each in runs) * 1000 for name, runs in took.items()}
        for name, median in medians.items():
            figures.say(f"SELECT 1, {kind}, {name}, median of {times}", median, "ms")
        figures.say(f"SELECT 1, {kind}, more than direct", medians["portgate"] - medians["direct"], "ms (goal 10)")


def measure_bulk(figures: Figures, direct: Server, portgate: Server, times: int) -> None:
    """500,000 rows of lineitem."""
    for kind, make, goal in (("raw client, identity", RawClient, 90), ("trino-python-client", PythonClient, 100)):
        clients = {server.name: make(server) for server in (direct, portgate)}
        clients["portgate"].read(f"{LINEITEM.rpartition(' ')[0]} 20000")
        took = _in_turn(clients, LINEITEM, times)
        medians = {name: statistics.median(each[0] for each in runs) for name, runs in took.items()}
        for name, median in medians.items():
            figures.say(f"lineitem, {kind}, {name}, median of {times}", median, "s")
        figures.say(f"lineitem, {kind}: bytes or rows read", took["portgate"][0][1])
        speed = 100 * medians["direct"] / medians["portgate"]
        figures.say(f"lineitem, {kind}: speed of direct", speed, f"% (goal {goal})")


def measure_memory(figures: Figures, portgate: Server, gateway: psutil.Process, gigabytes: float) -> None:
    """The gateway's memory while one large result is read."""
    rows = int(gigabytes * 1000 * MEGABYTE / BYTES_A_ROW)
    with _memory(gateway) as sampled:
        size = RawClient(portgate).read(f"SELECT * FROM tpch.sf100.lineitem LIMIT {rows}")  # noqa: S608
    half = len(sampled) // 2
    alone = [megabytes for megabytes, _ in sampled]
    figures.say("memory: result read", size / MEGABYTE / 1000, "GB")
    figures.say("memory: gateway, most", max(alone), "MB (goal 300)")
    figures.say("memory: its mean in the first half", statistics.mean(alone[:half] or alone), "MB")
    figures.say("memory: its mean in the second half", statistics.mean(alone[half:]), "MB")
    figures.say("memory: its kernel's workers, which see no row, most", max(workers for _, workers in sampled), "MB")


@contextlib.contextmanager
def _memory(gateway: psutil.Process) -> Iterator[list[tuple[float, float]]]:
    """Sample the megabytes of the gateway, and those of its workers together, as long as the block runs."""
    sampled: list[tuple[float, float]] = []
    is_over = threading.Event()

    def sample() -> None:
        while not is_over.wait(0.25):
            sampled.append((_resident(gateway), sum(map(_resident, gateway.children(recursive=True)))))

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield sampled
    finally:
        is_over.set()
        sampling.join()


def _resident(process: psutil.Process) -> float:
    """Megabytes of a process, memory that it shares with others counted in parts."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(process.memory_full_info().pss) / MEGABYTE
    return 0.0


@dataclass
class Crowd:
    """Many clients of one server, over connections that they share."""

    server: Server
    session: aiohttp.ClientSession
    errors: list[str] = field(default_factory=list)
    starting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    async def ask(self, verb: str, path: str, sql: str | None = None) -> bytes:
        """Send one request; what is no good answer is counted."""
        try:
            async with self.session.request(
                verb, f"https://127.0.0.1:{self.server.tcp_port}{path}", data=sql, headers=self.server.headers
            ) as answer:
                read = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.errors.append(repr(error))
            return b""
        if answer.status not in (200, 204) or b'"error":{' in read[-3000:]:
            self.errors.append(f"{verb} {answer.status} {read[-200:]!r}")
        return read

    async def begin(self) -> tuple[str, str]:
        """Read a query to its first rows; return the path of the page with them, and of the next one."""
        async with self.starting:
            last, following = "", _next_of(await self.ask("POST", "/v1/statement", OPENED))
            while following:
                page = await self.ask("GET", following)
                last, following = following, _next_of(page)
                if b'"data":' in page:
                    break
            return last, following

    async def poll(self, path: str) -> int:
        """Ask for the same page once a second, as a client that waits does; return how often."""
        count, until = 0, time.monotonic() + POLL_SECONDS
        while time.monotonic() < until:
            await self.ask("GET", path)
            count += 1
            await asyncio.sleep(1.0)
        return count


async def measure_open(figures: Figures, portgate: Server) -> None:
    """500 queries open at once, 200 of them polling."""
    connector = aiohttp.TCPConnector(ssl=portgate.trust, limit=POLLING)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        crowd = Crowd(portgate, session)
        began = time.monotonic()
        opened = await asyncio.gather(*(crowd.begin() for _ in range(OPEN)))
        figures.say("open queries: time to open them", time.monotonic() - began, "s")
        figures.say("open queries at once", sum(1 for _, following in opened if following), f"(goal {OPEN})")
        polls = sum(await asyncio.gather(*(crowd.poll(last) for last, _ in opened[:POLLING])))
        figures.say(f"open queries: polls of {POLLING} of them in {POLL_SECONDS:.0f} s", polls)
        await asyncio.gather(*(crowd.ask("DELETE", following) for _, following in opened if following))
    figures.say("open queries: errors", len(crowd.errors), "(goal 0)")
    for error in sorted(set(crowd.errors))[:5]:
        print(f"  {error}", file=sys.stderr)


# --- the stack ------------------------------------------------------------------------------------------------------


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_protocol", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("home", nargs="?", type=Path, help="the folder of a running stack with samples")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--times", type=int, default=60, help="how often SELECT 1 is asked of each")
    parser.add_argument("--bulk-times", type=int, default=3, help="how often lineitem is read from each")
    parser.add_argument("--gigabytes", type=float, default=10.0, help="how large the large result is; 0 for none")
    parser.add_argument("--only", choices=("one", "open", "bulk", "memory"), action="append", help="these parts alone")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    given = _arguments(words)
    home = find_home(given.home)
    stack = remembered(home)
    if stack is None or not stack.samples or not front.is_ready(stack.tcp.plain):
        raise StackFault(
            f"no stack with samples is ready in {home.root}", mend="run `portgate up --samples` (and wait) first"
        )
    direct = Server("direct", stack.tcp.trino, LOADER, login(home, LOADER), home.ca_file)
    portgate = Server("portgate", stack.tcp.gateway, ASKER, issue_token(home.identity, ASKER), home.ca_file)
    figures = Figures(quiet=given.json)
    parts = given.only or ("one", "open", "bulk", "memory")
    figures.say("processors", os.cpu_count() or 0)
    if "one" in parts:
        measure_one(figures, direct, portgate, given.times)
    if "open" in parts:
        asyncio.run(measure_open(figures, portgate))
    if {"bulk", "memory"} & set(parts):
        with _reading_samples(home, stack) as gateway:
            if "bulk" in parts:
                measure_bulk(figures, direct, portgate, given.bulk_times)
            if "memory" in parts and given.gigabytes:
                measure_memory(figures, portgate, gateway, given.gigabytes)
    if given.json:
        print(json.dumps(figures.found, indent=2))
    return 0


@contextlib.contextmanager
def _reading_samples(home: Home, stack: StackSettings) -> Iterator[psutil.Process]:
    """Put the gateway that reads lineitem in the place of the stack's own, for as long as the block runs."""
    lifecycle.stop_parts(home, (front.PART,))
    # no module of its own is __main__: the kernel's workers would read that one again
    program = "from stack.bench_gateway import main; main()"
    command = [sys.executable, "-c", program, str(home.gateway_settings)]
    try:
        with subprocess.Popen(command, cwd=CHECKOUT) as running:  # noqa: S603 - our own module
            try:
                while not front.is_ready(stack.tcp.plain):
                    if running.poll() is not None:
                        raise StackFault("the gateway of this measurement did not start", mend="see what it said")
                    time.sleep(0.2)
                yield psutil.Process(running.pid)
            finally:
                running.terminate()
    finally:
        lifecycle.up(home, stack, lambda _: None)


if __name__ == "__main__":
    sys.exit(main())
