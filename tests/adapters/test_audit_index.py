"""The search index: it finds what a filter over all records finds, for each reader, and follows its log.

The filter here is written anew from what a reader may see, and shares no code with the index.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters import audit_index
from gateway.adapters.audit_index import AuditIndex, Indexer
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_storage import Turn
from gateway.audit.growth import grow
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
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
    ServiceRecord,
)
from gateway.audit.views import view
from gateway.errors import AuditUnavailable
from gateway.log_search import FILTERS, Scope, Wanted, needed
from tests.audit.logs import PORTS, storage

ANA = RecordedPartner("ana", "gobiz", "state_agency", ("analyst",), "t-1")
BEN = RecordedPartner("ben", "msc", "ocean_carrier", (), "t-2")
ANA_OF_MSC = RecordedPartner("ana", "msc", "ocean_carrier", (), "t-3")
PARTNERS = (ANA, BEN, ANA_OF_MSC)
READERS = (
    Scope("auditor"),
    *(Scope("steward", port) for port in ("oakland", "long_beach", "hueneme")),
    *(Scope("partner", "", who.organisation, who.id) for who in PARTNERS),
    Scope("partner", "", "nobody", "ana"),
)

# --- any log --------------------------------------------------------------------------------------------------------

_ports = st.sampled_from(("oakland", "long_beach", "hueneme"))
_columns = st.lists(st.sampled_from(("teu", "plate", "ship name")), min_size=1, max_size=2, unique=True).map(tuple)
_tables = st.lists(
    st.tuples(_ports, st.sampled_from(("freight.calls", "tos.unit")), _columns, st.sampled_from(("a-1", "A-2"))),
    min_size=0,
    max_size=3,
    unique_by=lambda each: each[:2],
)
_texts = st.sampled_from(
    ("SELECT teu FROM calls", "select ship_name from calls", "SELECT 'MSC OSCAR', plate", "WITH é")
)


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """A few queries with what belongs to them, in an order that a gateway could write."""
    records: list[Record] = [ServiceRecord("", "t", "opened", "gateway-1", "b", PORTS)]
    for number in range(draw(st.integers(1, 7))):
        who, query = draw(st.sampled_from(PARTNERS)), f"query{number % 2}-{number}"
        tables = draw(_tables)
        ports = tuple(sorted({port for port, *_ in tables}))
        asked = {f"{port}.{table}": dict.fromkeys(columns, "select") for port, table, columns, _ in tables}
        sql, purpose = draw(_texts), draw(st.sampled_from(("research", "safety")))
        match draw(st.integers(0, 5)):
            case 0:
                records.append(
                    RefusalRecord(query, "t", who, purpose, "cli 1", sql, "denied", "no", asked=asked, concerns=ports)
                )
            case 1:
                records.append(draw(st.sampled_from(_OTHERS)))
            case _:
                records += draw(_stories(len(records), query, who, purpose, sql, tables, asked, ports))
    return records


_OTHERS: tuple[Record, ...] = (
    PublicationRecord("", "t", "oakland", "ben#publish", "r", 1, "m", "d", concerns=("oakland",)),
    LoginRecord("", "t", "unauthenticated", "ana"),
    ReadingRecord("", "t", BEN, "steward", "search", {"text": "teu"}, 3, ("hueneme",)),
    AlarmRecord("", "t", "ana#9", 0, "SelectFromColumns", "oakland.tos.unit", ("plate",), concerns=("oakland",)),
    AlarmRecord("", "t", "x", 0, "malformed", "system", ()),
)


@st.composite
def _stories(
    draw: st.DrawFn, at: int, query: str, who: RecordedPartner, purpose: str, sql: str, tables: list[Any],
    asked: dict[str, Any], ports: tuple[str, ...],
) -> list[Record]:  # fmt: skip
    granted = tuple(RecordedTable(port, table, columns, {}, (), (name,)) for port, table, columns, name in tables)
    records: list[Record] = [
        DecisionRecord(
            query, "t", who, purpose, draw(st.sampled_from(("cli 1", "DBeaver"))), sql, "SELECT 'hidden'", granted, {},
            f"decision-{at:03}", "b", asked=asked, concerns=ports,
        )
    ]  # fmt: skip
    if draw(st.booleans()):
        port = draw(_ports)
        target = f"{port}.tos.unit"
        records.append(AlarmRecord(query, "t", f"{who.id}#1", at, "Select", target, ("teu",), concerns=(port,)))
    if draw(st.booleans()):
        read = tuple(ReadTable(port, table, columns, 1, 1) for port, table, columns, _ in tables)
        records.append(ExecutionRecord(query, "t", at, "t1", f"{who.id}#1", "FINISHED", read, concerns=ports))
    if draw(st.booleans()):
        state, code = draw(st.sampled_from((("finished", ""), ("failed", "query_failed"), ("cancelled", ""))))
        some = ports[: draw(st.integers(0, len(ports)))]
        records.append(OutcomeRecord(query, "t", at, state, code=code, ports=some, concerns=ports))  # type: ignore[arg-type]
    return records


def moment(index: int) -> str:
    return f"2026-01-{1 + index // 5:02}T00:00:0{index % 5}.000Z"


def put(kept: SqliteStorage, records: Sequence[Record]) -> None:
    """Write records at the end, each at a moment of its own."""

    def write(turn: Turn) -> None:
        for record in records:
            index = turn.frontier.size
            turn.append(grow(record, index, moment(index), bytes(32), PORTS)[1], moment(index))

    kept.commit(write)


# --- the filter, written anew ---------------------------------------------------------------------------------------

Held = Mapping[str, Any]


def visible(scope: Scope, record: Held, decision: Held | None) -> Held | None:
    """What a reader sees of a record."""
    if scope.role == "auditor":
        return record
    if scope.role == "steward":
        shown = view(record, scope.port)
        return orjson.loads(shown) if shown else None
    who = (decision or record).get("partner") or {}
    is_own = (who.get("organisation"), who.get("id")) == (scope.organisation, scope.id)
    if not is_own or record["kind"] not in ("decision", "outcome", "refusal"):
        return None
    return {name: value for name, value in record.items() if name != "sent_sql"}


def holds(record: Held, basis: Held | None, wanted: Mapping[str, str]) -> bool:
    """Whether what is seen of a record, and of its decision, is what is wanted."""
    both = [each for each in (record, basis) if each is not None]
    port = wanted.get("port", "")
    people = [person for each in both for person in _people(each)]
    places = [place for each in both for place in _places(each) if port in ("", place[0])]
    first = basis or record
    text = " ".join(re.findall(r"[a-zé0-9]+", str(first.get("sql", "")).lower()))
    verdicts = {"decision": "admitted", "refusal": "refused", "alarm": "alarm", "execution": "executed"}
    told = {
        "kind": [record["kind"]],
        "partner": [name for _, name in people],
        "organisation": [organisation for organisation, _ in people],
        "port": record["concerns"],
        "table": [name for _, table, *_ in places for name in (table, table.split(".")[1])],
        "column": [column for *_, columns, _ in places for column in columns],
        "agreement": [name for *_, names in places for name in names],
        "purpose": [first.get("purpose")],
        "verdict": [record.get("state") if record["kind"] == "outcome" else verdicts.get(record["kind"])],
        "code": [record.get("code")],
        "query": [record["query"], *([record["query"][:9]] if record["query"] else [])],
        "decision": [first.get("decision")],
        "client": [first.get("client", "").lower(), first.get("client", "").split(" ")[0]],
        "text": [said for said in TEXTS if all(f" {part} " in f" {text} " for part in TEXTS[said])],
    }
    return all(value.lower() in [str(each).lower() for each in told[name]] for name, value in wanted.items())


def _people(record: Held) -> Iterator[tuple[str, str]]:
    who = record.get("partner") or record.get("reader")
    if who:
        yield who["organisation"], who["id"]
    elif "user" in record:
        yield "", record["user"].rpartition("#")[0]
    elif "claimed" in record:
        yield "", record["claimed"]


def _places(record: Held) -> Iterator[tuple[str, str, Sequence[str], Sequence[str]]]:
    for name, uses in (record.get("asked") or {}).items():
        yield name.split(".")[0], name.split(".", 1)[1], list(uses), ()
    for each in record.get("tables", ()):
        yield each["port"], each["table"], each["columns"], each.get("agreements", ())
    if record["kind"] == "alarm" and "." in record["target"]:
        yield record["target"].split(".")[0], record["target"].split(".", 1)[1], record["columns"], ()


TEXTS = {
    "teu": ["teu"],
    "ship_name": ["ship name"],
    "'MSC Oscar'": ["msc", "oscar"],
    '"from calls" select': ["from calls", "select"],
    "hidden": ["hidden"],
    "É": ["é"],
}
VALUES: dict[str, tuple[str, ...]] = {
    "kind": ("decision", "outcome", "refusal", "alarm", "execution"), "partner": ("ana", "BEN"),
    "organisation": ("gobiz", "msc"), "port": ("oakland", "long_beach", "hueneme"),
    "table": ("freight.calls", "unit", "CALLS"), "column": ("teu", "Plate", "ship name"),
    "purpose": ("research", "safety"), "verdict": ("admitted", "finished", "failed", "refused", "alarm", "executed"),
    "agreement": ("a-1", "a-2"), "code": ("denied", "query_failed", "unauthenticated"),
    "query": ("query0-0", "query1-1", "query0-2"), "decision": ("decision-001", "decision-003"),
    "client": ("cli", "dbeaver"), "text": tuple(TEXTS),
}  # fmt: skip
wishes = st.dictionaries(st.sampled_from(tuple(VALUES)), st.integers(0, 9), max_size=3).map(
    lambda chosen: {name: VALUES[name][at % len(VALUES[name])] for name, at in chosen.items()}
)


def expected(kept: SqliteStorage, scope: Scope, wanted: Mapping[str, str]) -> list[int]:
    """The indexes of what is wanted, the newest first, found by looking at each record."""
    with kept.reading() as log:
        records = [orjson.loads(row.line) for row in log.rows(0, log.size())]
    found = []
    for record in records:
        at = record.get("decision_index", 0)
        decision = records[at] if at else None
        seen = visible(scope, record, decision)
        basis = visible(scope, decision, None) if decision else None
        if seen is not None and holds(seen, basis, wanted):
            found.append(record["index"])
    return found[::-1]


def searched(index: AuditIndex, scope: Scope, wanted: Mapping[str, str], limit: int = 1000) -> list[int]:
    """What the index finds, page by page."""
    found: list[int] = []
    before: int | None = None
    while True:
        page = asyncio.run(index.search(scope, Wanted(**wanted), limit, before))
        found += [entry.index for entry in page.entries]
        if page.next is None:
            return found
        assert page.next == found[-1]
        before = page.next


def proposed(file: Path, scope: Scope, wish: Mapping[str, str]) -> list[int]:
    """What the index proposes by itself, before the log is looked at: already no more than is theirs."""
    must = needed(Wanted(**wish), scope)
    with audit_index._opened(file) as index:
        assert index is not None
        return [] if must is None else list(index.proposed(scope, Wanted(**wish), must, index.size))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    numbers = iter(range(1_000_000))
    directory = tmp_path_factory.mktemp("logs")
    return lambda: directory / str(next(numbers))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=logs(), wanted=st.lists(wishes, min_size=6, max_size=6), indexed=st.floats(0, 1), limit=st.integers(1, 5)
)
def test_a_search_finds_what_a_filter_over_all_that_its_reader_sees_finds(
    place: Callable[[], Path], records: list[Record], wanted: list[dict[str, str]], indexed: float, limit: int
) -> None:
    directory = place()
    kept = storage(directory / "audit.sqlite")
    first = int(len(records) * indexed)
    put(kept, records[:first])
    with Indexer(kept, directory / "index.sqlite") as indexer:
        indexer.run()
    put(kept, records[first:])  # these are found in the log itself
    index = AuditIndex(kept, directory / "index.sqlite")

    for scope in READERS:
        for wish in (*wanted, {}):
            found = expected(kept, scope, wish)
            assert searched(index, scope, wish, limit) == found, (scope, wish)
            if "decision" not in wish:  # of ids, the index has the beginning alone
                assert proposed(directory / "index.sqlite", scope, wish) == [at for at in found if at < first]
    index.close()
    kept.close()


# --- one log --------------------------------------------------------------------------------------------------------


def table(port: str, column: str = "teu", agreement: str = "a-1") -> RecordedTable:
    return RecordedTable(port, "freight.calls", (column,), {}, (), (agreement,))


def decision(query: str, *tables: RecordedTable, who: RecordedPartner = ANA, sql: str = "SELECT teu") -> DecisionRecord:
    ports = tuple(sorted({each.port for each in tables}))
    asked = {f"{each.port}.{each.table}": dict.fromkeys(each.columns, "select") for each in tables}
    return DecisionRecord(
        query, "t", who, "research", "cli", sql, "SELECT hidden_word", tables, {}, "d-1", "b", asked=asked,
        concerns=ports,
    )  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SqliteStorage]:
    opened = storage(tmp_path / "audit.sqlite")
    put(opened, [ServiceRecord("", "t", "opened", "gateway-1", "b", PORTS)])
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "index.sqlite"


@pytest.fixture
def index(kept: SqliteStorage, file: Path) -> Iterator[AuditIndex]:
    opened = AuditIndex(kept, file)
    yield opened
    opened.close()


def build(kept: SqliteStorage, file: Path) -> int:
    with Indexer(kept, file) as indexer:
        return indexer.run()


def of(index: AuditIndex, scope: Scope, **wanted: str) -> list[int]:
    return searched(index, scope, wanted)


AUDITOR, OAKLAND, LONG_BEACH = READERS[:3]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_stewards_words_meet_only_their_own_ports_part(
    kept: SqliteStorage, file: Path, index: AuditIndex, is_indexed: bool
) -> None:
    put(kept, [decision("q-1", table("oakland"), table("long_beach", "plate", "lb-7"))])
    if is_indexed:
        build(kept, file)

    for name, value in {"column": "plate", "agreement": "lb-7", "port": "long_beach", "text": "hidden_word"}.items():
        assert of(index, OAKLAND, kind="decision", **{name: value}) == []
        assert of(index, LONG_BEACH, kind="decision", **{name: value}) == ([1] if name != "text" else [])
    assert of(index, OAKLAND, table="long_beach.freight.calls") == []
    assert of(index, OAKLAND, table="oakland.freight.calls", column="teu") == [1]
    assert of(index, AUDITOR, port="oakland", column="plate") == []
    assert of(index, AUDITOR, column="plate", agreement="lb-7") == [1]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_an_alarm_at_a_port_that_was_not_asked_tells_its_steward_nothing_of_the_query(
    kept: SqliteStorage, file: Path, index: AuditIndex, is_indexed: bool
) -> None:
    alarm = AlarmRecord("q-1", "t", "ana#1", 1, "Select", "long_beach.tos.unit", ("x",), concerns=("long_beach",))
    put(kept, [decision("q-1", table("oakland")), alarm])
    if is_indexed:
        build(kept, file)

    assert of(index, AUDITOR, kind="alarm", organisation="gobiz", purpose="research", text="teu") == [2]
    assert of(index, LONG_BEACH, kind="alarm", partner="ana") == [2]
    assert of(index, LONG_BEACH, organisation="gobiz") == []
    assert of(index, LONG_BEACH, purpose="research") == []
    assert of(index, LONG_BEACH, text="teu") == []
    assert of(index, OAKLAND, kind="alarm") == []


def test_a_partner_is_one_of_an_organisation(kept: SqliteStorage, file: Path, index: AuditIndex) -> None:
    put(kept, [decision("q-1", table("oakland")), decision("q-2", table("oakland"), who=ANA_OF_MSC)])
    build(kept, file)

    assert of(index, Scope("partner", "", "msc", "ana")) == [2]
    assert of(index, Scope("partner", "", "gobiz", "ana")) == [1]
    assert of(index, Scope("partner", "", "", "")) == []


def test_an_id_is_found_by_its_first_eight_characters_and_no_fewer(
    kept: SqliteStorage, file: Path, index: AuditIndex
) -> None:
    put(kept, [decision("abcdefgh-1"), decision("abcdefgh-2")])
    build(kept, file)

    assert of(index, AUDITOR, query="ABCDEFGH") == [2, 1]
    assert of(index, AUDITOR, query="abcdefgh-2") == [2]
    assert of(index, AUDITOR, query="abcdefg") == []


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-01-02", "", list(range(600, 4, -1))),
        ("", "2026-01-01T00:00:03", [2, 1, 0]),
        ("2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02Z", [1]),
        ("2026-01-03", "2026-01-04", [14, 13, 12, 11, 10]),
        ("2027", "", []),
    ],
)
def test_moments_are_when_a_record_was_written(
    kept: SqliteStorage, file: Path, index: AuditIndex, since: str, until: str, found: list[int]
) -> None:
    put(kept, [ServiceRecord("", "t", "started", "gateway-1", "b", PORTS)] * 600)
    build(kept, file)

    assert of(index, AUDITOR, since=since, until=until) == found


@pytest.mark.parametrize("said", ["yesterday", "2026-1-1", "26", "2026-01-01 10:00", "٢٠٢٦"])
def test_what_is_no_moment_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="since is no moment"):
        Wanted(since=said)


def test_every_filter_is_tried_here() -> None:
    assert {*VALUES, "since", "until"} == set(FILTERS)


# --- following the log ----------------------------------------------------------------------------------------------


def contents(file: Path) -> list[tuple[object, ...]]:
    """All marks and words with the documents that have them: what makes two indexes equal."""
    database = apsw.Connection(str(file))
    database.execute("CREATE VIRTUAL TABLE temp.all_terms USING fts5vocab(main, found, instance)")
    return database.execute("SELECT term, doc, col FROM all_terms ORDER BY 1, 2, 3").fetchall()


def test_an_index_made_in_steps_is_the_one_that_is_made_at_once(
    kept: SqliteStorage, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_index, "BATCH", 3)
    monkeypatch.setattr(audit_index, "KEPT_DECISIONS", 1)
    for number in range(20):
        at = 1 + number * 2
        outcome = OutcomeRecord(f"q-{number}", "t", at, "finished", concerns=("oakland",))
        put(kept, [decision(f"q-{number}", table("oakland")), outcome])
        build(kept, file)

    build(kept, tmp_path / "other.sqlite")

    assert len(contents(file)) > 100
    assert contents(file) == contents(tmp_path / "other.sqlite")


def test_a_thread_follows_the_log(kept: SqliteStorage, file: Path, index: AuditIndex) -> None:
    index.start()
    put(kept, [decision("q-1", table("oakland"))] * 30)

    until = time.monotonic() + 10
    while _size(file) < 31 and time.monotonic() < until:
        time.sleep(0.05)
    assert _size(file) == 31


def _size(file: Path) -> int:
    try:
        database = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        return int(str(database.execute("SELECT value FROM facts WHERE name = 'size'").fetchall()[0][0]))
    except apsw.Error:
        return 0


def test_an_index_of_another_log_is_made_anew(kept: SqliteStorage, file: Path, tmp_path: Path) -> None:
    other = storage(tmp_path / "other.sqlite")
    put(other, [decision("q-9", table("oakland"))] * 5)
    build(other, file)
    other.close()
    put(kept, [decision("q-1", table("oakland"))] * 9)
    index = AuditIndex(kept, file)

    assert of(index, AUDITOR, query="q-1") == list(range(9, 0, -1))
    assert build(kept, file) == 10
    assert of(index, AUDITOR, query="q-9") == []
    assert of(index, AUDITOR, query="q-1") == list(range(9, 0, -1))
    index.close()


def test_an_index_that_runs_ahead_of_its_log_is_made_anew(
    kept: SqliteStorage, file: Path, tmp_path: Path
) -> None:  # an old backup of the log was put in place
    put(kept, [decision("q-1", table("oakland"))] * 5)
    build(kept, file)
    restored = storage(tmp_path / "restored.sqlite")
    put(restored, [ServiceRecord("", "t", "opened", "gateway-1", "b", PORTS)])
    index = AuditIndex(restored, file)

    assert of(index, AUDITOR) == [0]
    assert build(restored, file) == 1
    index.close()
    restored.close()


@pytest.mark.parametrize("damage", [b"", b"no database at all, but long enough to look like one" * 30])
def test_a_damaged_index_is_made_anew(kept: SqliteStorage, file: Path, index: AuditIndex, damage: bytes) -> None:
    put(kept, [decision("q-1", table("oakland"))] * 5)
    build(kept, file)
    for name in (file.name + "-wal", file.name + "-shm"):
        file.with_name(name).unlink(missing_ok=True)
    file.write_bytes(damage)

    index.start()

    until = time.monotonic() + 10
    while _size(file) < 6 and time.monotonic() < until:
        time.sleep(0.05)
    assert of(index, AUDITOR, query="q-1") == [5, 4, 3, 2, 1]


def test_a_search_waits_for_an_index_that_is_far_behind_and_says_so(
    kept: SqliteStorage, index: AuditIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_index, "MOST_UNINDEXED", 3)
    monkeypatch.setattr(audit_index, "WAIT_SECONDS", 0.2)
    put(kept, [decision("q-1", table("oakland"))] * 5)

    with pytest.raises(AuditUnavailable, match="it has 0 of 6 records"):
        of(index, AUDITOR)


def prune(kept: SqliteStorage, *indexes: int) -> None:
    """Forget records as pruning does."""

    def write(turn: Turn) -> None:
        for at in indexes:
            turn.run("UPDATE records SET line = x'', seed = x'' WHERE idx = ?", at)

    kept.commit(write)


@pytest.mark.parametrize("pruned", [(0, 1, 2, 3), (3,), (40, 42)])
def test_what_was_pruned_is_forgotten_to_the_last_word(
    kept: SqliteStorage, file: Path, index: AuditIndex, pruned: tuple[int, ...]
) -> None:
    put(
        kept, [decision(f"q-{number}", table("oakland"), sql=f"SELECT unspeakable{number}y") for number in range(1, 60)]
    )
    build(kept, file)
    prune(kept, *pruned)
    assert of(index, AUDITOR, text=f"unspeakable{pruned[-1]}y") == []

    with Indexer(kept, file) as indexer:
        indexer.run()
        indexer._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    left = {int(str(doc)) // 2 for _, doc, _ in contents(file)}
    assert left == set(range(60)) - set(pruned)
    assert of(index, AUDITOR) == [at for at in range(59, -1, -1) if at not in pruned]
    blocks = b"".join(bytes(block) for (block,) in apsw.Connection(str(file)).execute("SELECT block FROM found_data"))
    assert b"nspeakable" in blocks
    assert not any(f"nspeakable{at}y".encode() in blocks for at in pruned)


def test_a_record_that_somebody_spoilt_is_passed_over(kept: SqliteStorage, file: Path, index: AuditIndex) -> None:
    put(kept, [decision("q-1", table("oakland"))] * 3)
    kept.commit(lambda turn: turn.run("UPDATE records SET line = x'7b7d' WHERE idx = 2"))
    build(kept, file)

    assert of(index, AUDITOR, kind="decision") == [3, 1]


# --- showing --------------------------------------------------------------------------------------------------------


def test_a_record_is_shown_with_the_others_of_its_query(kept: SqliteStorage, file: Path, index: AuditIndex) -> None:
    alarm = AlarmRecord("q-1", "t", "ana#1", 1, "Select", "long_beach.tos.unit", ("x",), concerns=("long_beach",))
    outcome = OutcomeRecord("q-1", "t", 1, "finished", concerns=("oakland",))
    put(kept, [decision("q-1", table("oakland")), decision("q-2", table("oakland")), alarm, outcome])
    build(kept, file)

    def shown(scope: Scope, at: int) -> list[int] | None:
        found = asyncio.run(index.show(scope, at))
        return None if found is None else [found.entry.index, *(each.index for each in found.same_query)]

    assert shown(AUDITOR, 4) == [4, 1, 3]
    assert shown(OAKLAND, 1) == [1, 4]
    assert shown(LONG_BEACH, 3) == [3]
    assert shown(LONG_BEACH, 1) is None
    assert shown(Scope("partner", "", "gobiz", "ana"), 4) == [4, 1]
    assert shown(AUDITOR, 5) is None
    assert shown(AUDITOR, 0) == [0]
