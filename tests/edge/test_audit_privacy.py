"""All that a port can get of the log holds no word of queries that did not touch it, nor another port's part of any."""

from __future__ import annotations

import base64
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from gateway.audit.record import (
    AlarmRecord,
    DecisionRecord,
    ExecutionRecord,
    LoginRecord,
    OutcomeRecord,
    PublicationRecord,
    ReadingRecord,
    ReadTable,
    Record,
    RecordedNotice,
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
)
from gateway.audit.tiles import unbundle
from tests.audit.logs import PORTS, SIGNER
from tests.edge.log_world import LogWorld

PORT = "oakland"
TIME = "2026-11-22T16:45:06.123Z"
QUERIES = 60


@dataclass
class Words:
    """Words that stand nowhere else, and whether the port may read them."""

    chance: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311 - the same each time
    own: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def new(self, is_own: bool) -> str:
        """Make one."""
        word = f"w{self.chance.getrandbits(60):x}"
        (self.own if is_own else self.others).add(word)
        return word

    def who(self, is_own: bool) -> RecordedPartner:
        """Somebody all of whose words are new."""
        id_, organisation, class_, role, token, name, value = (self.new(is_own) for _ in range(7))
        return RecordedPartner(id_, organisation, class_, (role,), token, {name: value})


def _decision(words: Words, ports: tuple[str, ...]) -> DecisionRecord:
    seen = PORT in ports
    new = words.new
    tables, asked, reach, notices = [], {}, {}, []
    for port in ports:
        mine = port == PORT
        table, column, masked, mask, condition, agreement = (new(mine) for _ in range(6))
        tables.append(RecordedTable(port, table, (column,), {masked: mask}, (condition,), (agreement,)))
        asked[f"{port}.freight.{new(mine)}"] = {new(mine): "select"}
        reach[f"{port}.pola.{new(mine)}"] = (new(mine),)
        notices.append(RecordedNotice(new(mine), port, new(mine), new(mine)))
    return DecisionRecord(
        new(seen), TIME, words.who(seen), new(seen), new(seen), f"SELECT {new(seen)}", f"SELECT {new(False)}",
        tuple(tables), {port: new(port == PORT) for port in ports}, new(seen), new(seen), False, asked, words.who(seen),
        new(seen), reach, tuple(notices), ports,
    )  # fmt: skip


def _after(words: Words, at: int, asked: DecisionRecord) -> Iterator[Record]:
    ports, seen = asked.concerns, PORT in asked.concerns
    new = words.new
    tables = tuple(ReadTable(port, new(port == PORT), (new(port == PORT),), 7, 9) for port in ports)
    yield ExecutionRecord(asked.query, TIME, at, new(seen), new(seen), "FINISHED", tables, new(seen), {}, ports)
    yield AlarmRecord(asked.query, TIME, new(seen), at, new(seen), new(seen), (new(seen),), 1, new(seen), ports)
    yield OutcomeRecord(asked.query, TIME, at, "finished", 3, 4, ports, new(seen), 5, (), (), new(seen), ports)


def _beside(words: Words, ports: tuple[str, ...]) -> Iterator[Record]:
    """What is no answered query."""
    seen = PORT in ports
    new = words.new
    asked = {f"{port}.freight.{new(port == PORT)}": {new(port == PORT): "all"} for port in ports}
    yield RefusalRecord(
        new(seen), TIME, words.who(seen), new(seen), new(seen), f"SELECT {new(seen)}", new(seen), new(seen), new(seen),
        asked, words.who(seen), new(seen), ports,
    )  # fmt: skip
    port = ports[0]
    mine = port == PORT
    yield PublicationRecord("", TIME, port, new(mine), new(mine), 7, TIME, new(mine), new(mine), (port,))
    yield LoginRecord("", TIME, new(False), new(False), 1, new(False), "b")
    yield ReadingRecord("", TIME, words.who(False), "auditor", new(False), {new(False): new(False)}, 3)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LogWorld, Words]]:
    """A log of records about all kinds of sets of ports, and its words."""
    world, words = LogWorld(tmp_path_factory.mktemp("log")), Words()
    for _ in range(QUERIES):
        ports = tuple(sorted(words.chance.sample(PORTS, words.chance.randint(1, 4))))
        asked = _decision(words, ports)
        (at,) = world.append(asked)
        world.append(*_after(words, at, asked), *_beside(words, ports))
    world.store.storage.commit(lambda turn: turn.sign(SIGNER, TIME))
    world.make_index()
    yield world, words
    world.close()


def _words_in(body: bytes) -> set[str]:
    return set(re.findall(r"\bw[0-9a-f]{8,15}\b", body.decode("utf-8", "replace")))


def _views(world: LogWorld, role: str) -> Iterator[bytes]:
    size = world.newest()[0]["index"] + 1
    at = 0
    while at < size:
        body = world.send(role, "GET", f"/log/views/{PORT}?from={at}&to={size}").body
        yield body
        at = json.loads(body.splitlines()[-1])["index"] + 1


def _everything(world: LogWorld) -> Iterator[tuple[str, bytes]]:
    """All that the port's steward and witness get, by name."""
    size = world.newest()[0]["index"] + 1
    for role in ("steward", "witness"):
        yield f"views as {role}", b"".join(_views(world, role))
    for format_ in ("jsonl", "csv"):
        yield format_, world.send("steward", "GET", f"/api/audit/export?format={format_}&size={size}").body
        manifest = world.send("steward", "GET", f"/api/audit/export/manifest?format={format_}&size={size}").body
        yield f"manifest of {format_}", manifest
    packed = world.send("steward", "GET", f"/api/audit/export?format=parquet&size={size}").body
    yield "parquet", repr(parquet.read_table(io.BytesIO(packed)).to_pydict()).encode()
    yield "search", world.send("steward", "GET", "/api/audit/records?limit=1000").body
    for by in ("port,partner,purpose,quarter", "organisation"):
        for format_ in ("html", "csv"):
            report = f"/api/audit/report?by={by}&format={format_}"
            yield f"report as {format_}", world.send("steward", "GET", report).body
    yield "flags", world.send("steward", "GET", "/api/audit/flags").body
    for index in range(0, size, 7):
        yield f"record {index}", world.send("steward", "GET", f"/api/audit/records/{index}").body
        yield f"proof {index}", _unpacked(world.send("steward", "GET", f"/api/audit/records/{index}/proof").body)
    yield "checkpoint", world.send("nobody", "GET", "/log/checkpoint").body
    for number in range(size // 256):
        bundle = world.send("nobody", "GET", f"/log/tile/entries/{number:03}").body
        yield f"entries {number}", b"\n".join(unbundle(bundle))


def _unpacked(proof: bytes) -> bytes:
    """A proof, and what its lines of Base64 hold."""
    held = []
    for word in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", proof):
        held.append(base64.b64decode(word + b"=" * (-len(word) % 4)))
    return b"\n".join([proof, *held])


def test_all_that_a_port_can_get_holds_no_word_of_what_did_not_touch_it(told: tuple[LogWorld, Words]) -> None:
    world, words = told
    seen: set[str] = set()

    for name, body in _everything(world):
        found = _words_in(body)
        assert not found & words.others, name
        seen |= found

    assert len(words.others) > 2_000
    assert len(seen & words.own) == len(words.own) > 1_000  # what is the port's own, it does get


def test_a_commitment_cannot_be_guessed_without_its_salt(told: tuple[LogWorld, Words], tmp_path: Path) -> None:
    """Who guesses a record to the byte learns nothing from its entry: two logs of the same lines share no value."""
    world, _ = told
    other = LogWorld(tmp_path)
    try:
        with world.store.storage.reading() as log, other.store.storage.reading() as second:
            values = [set(json.loads(row.entry).values()) for row in (*log.rows(0, 400), *second.rows(0, 2))]
    finally:
        other.close()

    assert len(set().union(*values)) == sum(map(len, values)) == 6 * len(values)
