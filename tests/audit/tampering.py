"""A log in plain tables, and what somebody with a hand in its database can do to it: each with what must be found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.audit_storage import OpenDecision, Turn
from gateway.audit.check import Stored
from gateway.audit.growth import Row, grow
from gateway.audit.note import WITNESS, Checkpoint, Signer, Verifier, checkpoint_in, signatures_of
from gateway.audit.record import DecisionRecord, OutcomeRecord, Record, RecordedPartner, RefusalRecord, ServiceRecord
from gateway.audit.tree import Frontier, leaf_hash
from gateway.checking.damage import Damage
from gateway.checking.joining import Facts, Known, Wanted
from gateway.checking.whole import check
from tests.audit.logs import ORIGIN, PORTS, SIGNER, storage

WITNESSES = tuple(
    Signer(f"{port}.portgate.test/witness", Ed25519PrivateKey.from_private_bytes(bytes([at + 1] * 32)), WITNESS)
    for at, port in enumerate(PORTS[:2])
)


class Remembering(Verifier):
    """A key that does not work out twice what it has found once."""

    @cache  # noqa: B019 - it lives as long as the tests
    def verifies(self, text: str, signature: bytes) -> int | None:
        return super().verifies(text, signature)


def _remembering(of: Signer) -> Verifier:
    key = of.verifier
    return Remembering(key.name, key.kind, key.public)


WANTED = Wanted(_remembering(SIGNER), tuple(map(_remembering, WITNESSES)), is_closed=True)
ASKER = RecordedPartner("ana", "gobiz", "state_agency", ("analyst",), "t-1")
RECORDS = 16
"""Of the log that is tampered with."""


@dataclass
class Tables:
    """A log's tables, each a list of rows, whatever stands in them."""

    meta: list[list[Any]] = field(default_factory=list)
    head: list[list[Any]] = field(default_factory=list)
    records: list[list[Any]] = field(default_factory=list)
    open_decisions: list[list[Any]] = field(default_factory=list)
    checkpoints: list[list[Any]] = field(default_factory=list)
    tiles: list[list[Any]] = field(default_factory=list)

    def facts(self) -> Facts:
        meta = {name: value for name, value in self.meta}
        indexes = [row[0] for row in self.records]
        number = str(meta.get("integrated", ""))
        return Facts(
            origin=meta.get("origin", ""),
            ports=tuple(filter(None, meta.get("ports", "").split(","))),
            head=(self.head[0][0], self.head[0][1], self.head[0][2]),
            open_decisions=tuple((i, q, g, c) for i, q, g, c in self.open_decisions),
            integrated=int(number) if number.isascii() and number.isdigit() else -1,
            pruned=int(meta.get("pruned", "0")),
            bounds=(min(indexes), max(indexes) + 1) if indexes else (0, 0),
            tiles={(level, number): root for level, number, root in self.tiles},
        )

    def rows(self, low: int, high: int) -> Iterator[Stored]:
        for index, seed, line, entry, leaf in sorted(self.records, key=lambda row: row[0]):
            if low <= index < high:
                yield index, seed, line, entry, leaf

    def checkpoints_(self) -> list[list[Any]]:
        return sorted(self.checkpoints, key=lambda row: row[0])

    def copy(self) -> Tables:
        return Tables(**{name: [list(row) for row in rows] for name, rows in vars(self).items()})


@dataclass
class HeldInMemory:
    """Tables as the check reads them."""

    tables: Tables

    def facts(self) -> Facts:
        return self.tables.facts()

    def rows(self, low: int, high: int) -> Iterable[Stored]:
        return self.tables.rows(low, high)

    def checkpoints(self, low: int, high: int) -> Iterable[tuple[int, str]]:
        return [(size, note) for size, note, _ in self.tables.checkpoints_() if low < size <= high]


def read_tables(file: Path) -> Tables:
    """Read all tables of a log's file."""
    database = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    read = {name: [list(row) for row in database.execute(f"SELECT * FROM {name}")] for name in vars(Tables())}
    database.close()
    return Tables(**read)


def moment(number: int) -> str:
    return f"2026-11-28T12:00:{number // 20 % 60:02}.{number % 20 * 50:03}Z"


def records(count: int, chance: random.Random) -> Iterator[Record]:
    """Records of a log that begins; decisions and outcomes between each other, and some left open."""
    yield ServiceRecord("", moment(0), "opened", "gateway-1", "b", PORTS, ORIGIN)
    yield ServiceRecord("", moment(1), "started", "gateway-1", "b", PORTS)
    waiting: list[tuple[int, DecisionRecord]] = []
    for index in range(2, count):
        kind = chance.random()
        concerns = tuple(sorted(chance.sample(PORTS, chance.randint(1, 4))))
        if kind < 0.1:
            yield RefusalRecord(f"q{index}", moment(index), ASKER, "p", "c", "SELECT ü", "denied", "no")
        elif kind < 0.5 and waiting:
            at, decision = waiting.pop(chance.randrange(len(waiting)))
            yield OutcomeRecord(decision.query, moment(index), at, "finished", 3, concerns=decision.concerns)
        else:
            decision = DecisionRecord(
                f"q{index}", moment(index), ASKER, "p", "c", f"SELECT {index}", "SELECT", (), {}, "d", "b",
                concerns=concerns,
            )  # fmt: skip
            waiting.append((index, decision))
            yield decision


def build(file: Path, count: int = RECORDS, each: int = 4, seed: int = 7) -> Tables:
    """Make a log with a cosigned checkpoint after each so many records, and at its end; read its tables."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    log = storage(file)
    for index, record in enumerate(records(count, chance)):

        def write(turn: Turn, record: Record = record, index: int = index) -> None:
            _, row = grow(record, index, moment(index), chance.randbytes(32), PORTS)
            turn.append(row, moment(index))
            if isinstance(record, DecisionRecord):
                turn.open_decision(OpenDecision(index, record.query, "gateway-1", record.concerns))
            if isinstance(record, OutcomeRecord):
                assert turn.close_decision(record.decision_index, record.query)
            if index % each == each - 1 or index == count - 1:
                text, _ = signatures_of(turn.sign(SIGNER, moment(index)))
                turn.cosign(index + 1, "".join(witness.signature(text, 1_700_000_000) for witness in WITNESSES))

        log.commit(write)
    log.close()
    return read_tables(file)


def found(tables: Tables, known: Sequence[Known] = ()) -> Damage | None:
    """Check tables."""
    return check(HeldInMemory(tables), replace(WANTED, known=tuple(known)))[0]


# --- what can be done -----------------------------------------------------------------------------------------------


@dataclass
class Tampered:
    """Tables after somebody was there, and what must be found."""

    tables: Tables
    kinds: frozenset[str]
    low: int
    high: int | None = None
    """The index must be in [low, high); None: it must be `low`, alone."""
    known: tuple[Known, ...] = ()
    at: int = -1
    """Where a tail was made anew."""

    def is_named(self, damage: Damage | None) -> bool:
        """Say whether the right kind was found at the right place."""
        if damage is None or damage.kind not in self.kinds:
            return False
        if damage.kind == "rewritten":
            return damage.index <= self.low < damage.until
        return damage.index == self.low if self.high is None else self.low <= damage.index < self.high


Tamper = Callable[[Tables, random.Random], Tampered]


def _kinds(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


def flipped(value: Any, chance: random.Random) -> Any:
    """A value with one bit changed."""
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(40)
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    if not data:
        return value + (b"x" if isinstance(value, bytes) else "x")
    bit = chance.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data) if isinstance(value, bytes) else data.decode("utf-8", "replace")


def _said(row: list[Any]) -> set[str]:
    """Whom a row's line concerns."""
    return set(orjson.loads(row[2])["concerns"])


def flip_record(tables: Tables, chance: random.Random) -> Tampered:
    at, column = chance.randrange(len(tables.records)), chance.randrange(5)
    row = tables.records[at]
    is_of_all = not set(PORTS) - _said(row)
    row[column] = flipped(row[column], chance)
    if column == 0:
        # the index of a record may become a low one, and two rows stand at one place
        return Tampered(tables, _kinds("record_missing", "record_inserted", "truncated"), min(at, max(0, row[0])))
    kinds = ("", "seed_changed", "record_changed", "entry_changed", "leaf_changed")[column]
    return Tampered(tables, _kinds("record_changed" if kinds == "seed_changed" and is_of_all else kinds), at)


def flip_head(tables: Tables, chance: random.Random) -> Tampered:
    column = chance.randrange(3)
    size = tables.head[0][0]
    tables.head[0][column] = flipped(tables.head[0][column], chance)
    return Tampered(tables, _kinds("head_changed"), 0, size + 1)


def flip_meta(tables: Tables, chance: random.Random) -> Tampered:
    row = chance.choice(tables.meta)
    column = chance.randrange(2)
    row[column] = flipped(row[column], chance)
    return Tampered(tables, _kinds("facts_changed"), 0)


def flip_open_decision(tables: Tables, chance: random.Random) -> Tampered:
    row = chance.choice(tables.open_decisions)
    at = row[0]
    column = chance.randrange(4)
    row[column] = flipped(row[column], chance)
    return Tampered(tables, _kinds("open_decisions_changed"), min(at, row[0]))


def drop_open_decision(tables: Tables, chance: random.Random) -> Tampered:
    row = tables.open_decisions.pop(chance.randrange(len(tables.open_decisions)))
    return Tampered(tables, _kinds("open_decisions_changed"), row[0])


def flip_checkpoint(tables: Tables, chance: random.Random) -> Tampered:
    row = chance.choice(tables.checkpoints_())
    size, column = row[0], chance.randrange(2)
    row[column] = flipped(row[column], chance)
    return Tampered(tables, _kinds("checkpoint_changed", "checkpoint_missing"), min(size, row[0]), size + 1)


def drop_checkpoint(tables: Tables, chance: random.Random) -> Tampered:
    row = tables.checkpoints_()[-1]
    tables.checkpoints.remove(row)
    return Tampered(tables, _kinds("checkpoint_missing"), row[0])


def sign_other_root(tables: Tables, chance: random.Random) -> Tampered:
    """Another root, signed by the log's own key, in the place of a kept checkpoint: evidence against the log."""
    rows = tables.checkpoints_()
    at = chance.randrange(len(rows))
    text = Checkpoint(ORIGIN, rows[at][0], chance.randbytes(32)).text
    rows[at][1] = f"{text}\n{SIGNER.signature(text)}"
    return Tampered(tables, _kinds("rewritten"), rows[at][0] - 1)


def drop(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(len(tables.records) - 1)
    del tables.records[at]
    return Tampered(tables, _kinds("record_missing"), at)


def drop_and_close_up(tables: Tables, chance: random.Random) -> Tampered:
    tampered = drop(tables, chance)
    for row in tables.records[tampered.low :]:
        row[0] -= 1
    return tampered


def _put_in(tables: Tables, at: int, row: list[Any]) -> None:
    for each in tables.records[at:]:
        each[0] += 1
    row[0] = at
    tables.records.insert(at, row)


def insert_copy(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(len(tables.records) + 1)
    source = chance.randrange(len(tables.records))
    _put_in(tables, at, list(tables.records[source]))
    # a copy put ahead of its own original is the same as one put behind it
    return Tampered(tables, _kinds("record_inserted"), at + 1 if source == at else at)


def insert_forged(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(2, len(tables.records))
    _put_in(tables, at, _forged(at, chance))
    return Tampered(tables, _kinds("record_inserted"), at)


def _forged(at: int, chance: random.Random) -> list[Any]:
    record = RefusalRecord(f"f{at}", moment(at), ASKER, "p", "c", f"SELECT {chance.random()}", "denied", "no")
    return as_kept(grow(record, at, moment(at), chance.randbytes(32), PORTS)[1])


def as_kept(row: Row) -> list[Any]:
    return [row.index, row.seed, row.line, row.entry, row.leaf]


def append_forged(tables: Tables, chance: random.Random) -> Tampered:
    at = len(tables.records)
    tables.records.append(_forged(at, chance))
    return Tampered(tables, _kinds("record_inserted"), at)


def swap(tables: Tables, chance: random.Random) -> Tampered:
    one, two = sorted(chance.sample(range(len(tables.records)), 2))
    rows = tables.records
    rows[one], rows[two] = [one, *rows[two][1:]], [two, *rows[one][1:]]
    return Tampered(tables, _kinds("records_swapped"), one)


def swap_column(tables: Tables, chance: random.Random) -> Tampered:
    one, two = sorted(chance.sample(range(len(tables.records)), 2))
    column = chance.randrange(1, 5)
    rows = tables.records
    rows[one][column], rows[two][column] = rows[two][column], rows[one][column]
    kind = ("", "seed_changed", "record_changed", "entry_changed", "leaf_changed")[column]
    is_of_all = not set(PORTS) - _said(rows[one])
    return Tampered(tables, _kinds("record_changed" if kind == "seed_changed" and is_of_all else kind), one)


def copy_over(tables: Tables, chance: random.Random) -> Tampered:
    source, at = chance.sample(range(len(tables.records)), 2)
    tables.records[at] = [at, *tables.records[source][1:]]
    return Tampered(tables, _kinds("record_replaced"), at)


def empty(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(len(tables.records))
    tables.records[at][1:3] = [b"", b""]
    return Tampered(tables, _kinds("record_emptied"), at)


def truncate(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(1, len(tables.records))
    del tables.records[at:]
    return Tampered(tables, _kinds("truncated"), at)


def truncate_neatly(tables: Tables, chance: random.Random) -> Tampered:
    """Records, head and list of open decisions, but not what was signed."""
    at = chance.randrange(2, len(tables.records))
    del tables.records[at:]
    _mend_head(tables)
    return Tampered(tables, _kinds("truncated"), at)


def _mend_head(tables: Tables) -> None:
    tree = Frontier()
    for row in tables.records:
        tree = tree.add(leaf_hash(row[3]))
    tables.head[0][:2] = [tree.size, b"".join(tree.peaks)]


def rewrite_record(tables: Tables, chance: random.Random) -> Tampered:
    """A record made anew with all that hangs on it, but for what was signed."""
    at = chance.randrange(2, len(tables.records))
    tables.records[at] = _forged(at, chance)
    _mend_head(tables)
    return Tampered(tables, _kinds("rewritten", "outcome_without_decision"), at)


def rewrite_record_but_its_leaf(tables: Tables, chance: random.Random) -> Tampered:
    at = chance.randrange(2, len(tables.records))
    leaf = tables.records[at][4]
    tables.records[at] = [*_forged(at, chance)[:4], leaf]
    return Tampered(tables, _kinds("rewritten"), at)


def known_of(tables: Tables) -> list[Known]:
    """What a witness remembers that has seen each checkpoint."""
    notes = [checkpoint_in(signatures_of(note)[0]) for _, note, _ in tables.checkpoints_()]
    return [Known(each.size, each.root, "oakland") for each in notes]


def rewrite_and_sign(tables: Tables, chance: random.Random) -> Tampered:
    """The tail made anew, by who has the log's own key: checkpoints, head and all."""
    known = tuple(known_of(tables))
    at = chance.randrange(2, len(tables.records))
    del tables.records[at:]
    count = at + chance.randint(1, 8)
    tables.records += [_forged(index, chance) for index in range(at, count)]
    _sign_anew(tables, at)
    seen = [each for each in known if each.size > at]
    is_shorter = all(each.size > count for each in seen)
    kinds = _kinds("old_copy" if is_shorter else "rewritten")
    return Tampered(tables, kinds, count if is_shorter else at, known=known, at=at)


def restore_old_copy(tables: Tables, chance: random.Random) -> Tampered:
    """A copy of the log as it was at a checkpoint, whole in itself."""
    known = tuple(known_of(tables))
    size = chance.choice([each.size for each in known][:-1])
    del tables.records[size:]
    _sign_anew(tables, size)
    return Tampered(tables, _kinds("old_copy"), size, known=known[-1:])


def _sign_anew(tables: Tables, at: int) -> None:
    """Make all that hangs on the records from `at` on."""
    _mend_head(tables)
    size = len(tables.records)
    lines = [orjson.loads(row[2]) for row in tables.records]
    tables.head[0][2] = lines[-1]["logged"]
    closed = {line["decision_index"] for line in lines if line["kind"] == "outcome"}
    tables.open_decisions = [
        [line["index"], line["query"], "gateway-1", ",".join(line["concerns"])]
        for line in lines
        if line["kind"] == "decision" and line["index"] not in closed
    ]
    tables.checkpoints = [row for row in tables.checkpoints_() if row[0] <= at]
    tree = Frontier()
    for index, row in enumerate(tables.records):
        tree = tree.add(leaf_hash(row[3]))
        if (index >= at and index % 3 == 0) or index == size - 1:
            text = Checkpoint(ORIGIN, index + 1, tree.root()).text
            tables.checkpoints = [each for each in tables.checkpoints if each[0] != index + 1]
            tables.checkpoints.append([index + 1, f"{text}\n{SIGNER.signature(text)}", moment(index)])
    for row in tables.meta:
        if row[0] == "integrated":
            row[1] = str(size)


def show_two_ports_two_logs(tables: Tables, chance: random.Random) -> Tampered:
    """Two histories from one beginning, each signed; each port holds the other's against its own."""
    other = tables.copy()
    at = rewrite_and_sign(other, chance).at
    known = known_of(other)
    size = len(tables.records)
    is_seen = any(root_of_first(tables, each.size) != each.root for each in known if each.size <= size)
    return Tampered(tables, _kinds("rewritten" if is_seen else "old_copy"), at if is_seen else size, known=tuple(known))


def root_of_first(tables: Tables, size: int) -> bytes:
    tree = Frontier()
    for row in tables.records[:size]:
        tree = tree.add(row[4])
    return tree.root()


def flip_tile(tables: Tables, chance: random.Random) -> Tampered:
    row = chance.choice(tables.tiles)
    at, column = row[1] * 256, chance.randrange(3)
    row[column] = flipped(row[column], chance)
    return Tampered(tables, _kinds("tile_changed"), at)


def drop_tile(tables: Tables, chance: random.Random) -> Tampered:
    row = tables.tiles.pop(chance.randrange(len(tables.tiles)))
    return Tampered(tables, _kinds("tile_changed"), row[1] * 256)


def add_tile(tables: Tables, chance: random.Random) -> Tampered:
    tables.tiles.append([chance.randrange(1, 9), chance.randrange(9), chance.randbytes(32)])
    return Tampered(tables, _kinds("tile_changed"), 0, len(tables.records) + 1)


TAMPERINGS: tuple[Tamper, ...] = (
    flip_record, flip_record, flip_record, flip_head, flip_meta, flip_open_decision, drop_open_decision,
    flip_checkpoint, drop_checkpoint, sign_other_root, drop, drop_and_close_up, insert_copy, insert_forged,
    append_forged, swap, swap_column, copy_over, empty, truncate, truncate_neatly, rewrite_record,
    rewrite_record_but_its_leaf, rewrite_and_sign, restore_old_copy, show_two_ports_two_logs,
)  # fmt: skip


def tampered(tables: Tables, number: int, ways: Sequence[Tamper] = TAMPERINGS) -> tuple[str, Tampered]:
    """The tampering of a number, in a copy."""
    chance = random.Random(7 << 32 | number)  # noqa: S311 - the same each time
    how = ways[number % len(ways)]
    return how.__name__, how(tables.copy(), chance)
