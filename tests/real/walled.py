"""A second wall of a test's own, on a thread: what is admitted is the test's to say, what is asked is written down."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests
import uvicorn

from gateway.adapters.clock import now
from gateway.adapters.executions import Executions
from gateway.adapters.past_decisions import PastDecision
from gateway.adapters.trino_events import BEYOND_GRANT, UNRECORDED_QUERY
from gateway.adapters.wall import Wall
from gateway.audit.record import AlarmRecord, ExecutionRecord
from gateway.edge.wall import wall_app
from gateway.model import Admission, Reach
from stack import components, engine, processes
from stack.keys import make_keys, secret_file, wall_secret_file
from stack.layout import Home, write_private
from stack.lifecycle import Starting
from stack.parts import describe_trino
from stack.postgres import CATALOG_ROLE, READER
from stack.settings import StackSettings, TcpPorts, remember, remembered
from stack.trino_access import LOADER, connect, token
from tests.conftest import free_tcp_ports
from tests.simulator import Log

T = TypeVar("T")
PORTS = ("los_angeles", "long_beach", "hueneme", "san_diego")
"""Oakland is left out: one Trino alone can hold its file open."""


class NoPast:
    """No earlier process admitted anything."""

    def find(self, index: int) -> None:
        """Nothing."""

    def unheard(self) -> list[PastDecision]:
        """Nothing."""
        return []

    def heard(self, indexes: frozenset[int]) -> frozenset[int]:
        """Nothing."""
        return frozenset()


class Walled:
    """A Trino over a stack's data whose only access control is a wall that the test holds."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.log = Log()
        self.asked: list[bytes] = []
        self.wall = Wall(self.log, now, "test build", (LOADER,))
        self.executions = Executions(self.log, now, "test build", NoPast(), (LOADER,))
        self._numbers = iter(range(1, 1_000_000))
        self._loop = asyncio.new_event_loop()

    def ask(self, sql: str, user: str) -> list[list[object]]:
        """Run a text in Trino under a user string, with the gateway's own key."""
        rows: list[list[object]] = connect(self.home, user).cursor().execute(sql).fetchall()
        return rows

    @contextmanager
    def admitted(self, reach: Reach, recorded: Reach | None = None, *, is_recorded: bool = True) -> Iterator[str]:
        """Admit a query, and give its user string; the log may know of another reach, or of no such query."""
        user = f"ana#{next(self._numbers)}"
        self._call(lambda: self.wall.admit(Admission(user, reach, f"query of {user}", 1)))
        if is_recorded:
            known = Admission(user, reach if recorded is None else recorded, f"query of {user}", 1)
            self._call(lambda: self.executions.admitted(known))
        try:
            yield user
        finally:
            self._call(lambda: self.wall.dismiss(user))

    def alarms(self, user: str) -> list[AlarmRecord]:
        """What the wall wrote of a user string."""
        return [alarm for alarm in self._alarms(user) if alarm.operation not in (UNRECORDED_QUERY, BEYOND_GRANT)]

    def _alarms(self, user: str) -> list[AlarmRecord]:
        return [record for record in self.log.records if isinstance(record, AlarmRecord) and record.user == user]

    def told_of(self, user: str, after: int = 0, seconds: float = 10.0) -> ExecutionRecord:
        """What Trino told of the query of a user string, after so many others of it, within these seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            told = [each for each in list(self.log.records) if isinstance(each, ExecutionRecord) and each.user == user]
            if len(told) > after:
                return told[after]
            time.sleep(0.05)
        raise AssertionError(f"Trino told nothing of {user}")

    def alarmed(self, user: str, seconds: float = 10.0) -> AlarmRecord:
        """The first alarm of a user string, within these seconds: of one that the wall let through."""
        until = time.monotonic() + seconds
        while not (found := self._alarms(user)) and time.monotonic() < until:
            time.sleep(0.05)
        return found[0]

    @contextmanager
    def serving(self, tcp_port: int) -> Iterator[None]:
        """Answer Trino."""
        secret = wall_secret_file(self.home).read_text().strip()
        config = uvicorn.Config(
            wall_app(self._judge, secret, self.executions),
            port=tcp_port,
            log_config=None,
            lifespan="off",
            timeout_keep_alive=120,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=self._loop.run_until_complete, args=[server.serve()])
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
            self._loop.close()

    async def _judge(self, body: bytes) -> bool:
        self.asked.append(body)
        return await self.wall.allows(body)

    def _call(self, work: Callable[[], T]) -> T:
        """Do something on the wall's own event loop."""

        async def done() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)


@contextmanager
def walled_trino(of: Home, folder: Path) -> Iterator[Walled]:
    """Start a Trino over the data of a running stack, with no access control but a wall of our own."""
    walled = Walled(Home(folder))
    home, before = walled.home, remembered(of)
    assert before is not None
    home.make()
    home.ports.symlink_to(of.ports)
    for name in (f"postgres-{READER}", f"postgres-{CATALOG_ROLE}"):
        write_private(home.secrets / name, secret_file(of, name).read_bytes())
    trino, wall = free_tcp_ports(2)
    tcp = TcpPorts.model_validate({**before.tcp.model_dump(), "trino": trino, "wall": wall})
    settings = StackSettings(tcp=tcp, ports=PORTS, scale=before.scale, as_of=before.as_of)
    remember(home, settings)
    make_keys(home)
    part = describe_trino(home, components.find(), settings)
    _leave_the_wall_alone(home)
    try:
        with walled.serving(wall), Starting(home, lambda _: None) as starting:
            starting.bring_up(part)
            yield walled
    finally:
        processes.stop(home, (engine.PART,), patience_seconds=5)
        processes.sweep(home)


def _leave_the_wall_alone(home: Home) -> None:
    """Take Trino's own rules away, so that nothing but the wall refuses."""
    file = home.trino / "etc" / "config.properties"
    rules = f",{home.trino / 'etc' / 'access-control.properties'}"
    text = file.read_text()
    assert text.count(rules) == 1
    write_private(file, text.replace(rules, ""))


def as_somebody_else(home: Home, user: str, other: str, sql: str) -> list[dict[str, Any]]:
    """Log in to Trino as one user, ask in the name of another, and give all that Trino answers."""
    settings = remembered(home)
    assert settings is not None
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(home.ca_file)
        session.headers.update({"Authorization": f"Bearer {token(home, user)}", "X-Trino-User": other})
        answer = session.post(f"https://127.0.0.1:{settings.tcp.trino}/v1/statement", data=sql.encode(), timeout=30)
        answers: list[dict[str, Any]] = [answer.json() if answer.ok else {"error": {"errorName": answer.reason}}]
        while next_uri := str(answers[-1].get("nextUri", "")):
            answers.append(session.get(next_uri, timeout=30).json())
    return answers
