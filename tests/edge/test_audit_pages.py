"""The log over HTTP: what each reader finds, what nobody learns, what is written of it, and how a watch goes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.edge import audit_pages
from tests.edge.log_world import Answer, LogWorld, alarm, decision, outcome, send


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LogWorld]:
    opened = LogWorld(tmp_path)
    yield opened
    opened.close()


def find(world: LogWorld, role: str, **wanted: object) -> Any:
    answer = world.send(role, "GET", f"/api/audit/records?{urlencode(wanted)}")
    assert answer.status == 200, answer.body
    return answer.json()


def indexes(world: LogWorld, role: str, **wanted: object) -> list[int]:
    return [each["index"] for each in find(world, role, **wanted)["records"]]


def show(world: LogWorld, role: str, number: object) -> Answer:
    return world.send(role, "GET", f"/api/audit/records/{number}")


@pytest.fixture
def story(world: LogWorld) -> tuple[int, int, int, int]:
    """A query of two ports with an alarm at one of them, and its outcome; and one of another partner, at Oakland."""
    (at,) = world.append(decision("q-ana-one", "partner", "long_beach", "oakland", column="plate"))
    told, ended = world.append(alarm("q-ana-one", at, "long_beach"), outcome("q-ana-one", at, "long_beach", "oakland"))
    (other,) = world.append(decision("q-other", "other_partner", "oakland"))
    world.make_index()
    return at, told, ended, other


def test_each_reader_finds_what_is_theirs(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    at, told, ended, other = story

    assert indexes(world, "auditor", kind="decision") == [other, at]
    assert indexes(world, "partner") == [ended, at]
    assert indexes(world, "other_partner") == [other]
    assert indexes(world, "steward", query="q-ana-one") == [ended, at]
    assert indexes(world, "other_steward", query="q-ana-one") == [ended, told, at]
    assert indexes(world, "witness") == []


def test_a_record_has_its_time_and_whose_it_is_beside_it(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    (found,) = find(world, "auditor", kind="outcome")["records"]

    assert list(found) == ["index", "logged", "partner", "record"]
    assert (found["partner"], found["record"]["state"]) == ("gobiz-analyst", "finished")
    assert found["logged"] == found["record"]["logged"]


def test_pages_follow_each_other_without_a_gap(world: LogWorld) -> None:
    written = world.append(*(decision(f"q-{number}", "partner", "oakland") for number in range(7)))
    world.make_index()
    written += world.append(decision("q-last", "partner", "oakland"))

    pages: list[list[int]] = []
    before: dict[str, int] = {}
    while True:
        page = find(world, "partner", limit=3, **before)
        pages.append([each["index"] for each in page["records"]])
        if page["next"] is None:
            break
        before = {"before": page["next"]}

    assert pages == [written[:-4:-1], written[-4:-7:-1], written[1::-1]]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("kinds=decision", "the parameter kinds is not known here"),
        ("kind=decision&kind=outcome", "the parameter kind is given twice"),
        ("kind=", "the parameter kind is empty"),
        ("limit=0", "limit is no whole number"),
        ("limit=1001", "limit is no whole number from 1 to 1,000"),
        ("limit=ten", "limit is no whole number"),
        ("before=-1", "before is no whole number"),
        ("before=" + "9" * 30, "before is no whole number"),
        ("since=yesterday", "since is no moment"),
        ("text=" + "x" * 1001, "the parameter text is empty or too long"),
        ("after=3", "the parameter after is not known here"),
    ],
)
def test_what_is_not_well_asked_is_refused_by_name(world: LogWorld, query: str, says: str) -> None:
    answer = world.send("auditor", "GET", f"/api/audit/records?{query}")

    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
    assert says in answer.json()["detail"]
    assert world.newest()[0]["kind"] == "service"


# --- one record -----------------------------------------------------------------------------------------------------


def test_an_auditor_is_shown_all_of_it(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    at, told, ended, _ = story
    time.sleep(1.2)  # until it is signed

    shown = show(world, "auditor", at).json()

    assert shown["record"]["sent_sql"] == "SELECT secret_of_long_beach, secret_of_oakland"
    assert [each["index"] for each in shown["same_query"]] == [told, ended]
    with world.store.storage.reading() as log:
        row = log.row(at)
        assert row is not None
        assert (shown["leaf"], shown["checkpoint"]) == (row.leaf.hex(), log.checkpoint())
    assert shown["checkpoint"].startswith("portgate.test/audit\n")


def test_a_checkpoint_that_does_not_cover_a_record_is_not_shown(world: LogWorld) -> None:
    (at,) = world.append(decision("q-1", "partner", "oakland"))

    assert show(world, "auditor", at).json()["checkpoint"] == ""


def test_a_steward_is_shown_their_ports_part_alone(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    answer = show(world, "steward", story[0])

    record = answer.json()["record"]
    assert [each["port"] for each in record["tables"]] == ["oakland"]
    assert (record["concerns"], record["revisions"]) == (["oakland"], {"oakland": "r-oakland"})
    assert not any(secret in answer.body.decode() for secret in ("long_beach", "secret_of"))
    assert [each["record"]["ports"] for each in answer.json()["same_query"]] == [["oakland"]]


def test_a_partner_is_shown_what_was_decided_and_not_what_was_sent(
    world: LogWorld, story: tuple[int, int, int, int]
) -> None:
    at, _, ended, _ = story
    answer = show(world, "partner", at)

    assert "sent_sql" not in answer.json()["record"]
    assert [each["port"] for each in answer.json()["record"]["tables"]] == ["long_beach", "oakland"]
    assert [each["index"] for each in answer.json()["same_query"]] == [ended]
    assert b"secret_of" not in answer.body


@pytest.mark.parametrize("role", ["partner", "other_partner", "steward", "other_steward", "witness", "auditor"])
def test_what_is_not_theirs_and_what_is_not_there_are_answered_alike(
    world: LogWorld, story: tuple[int, int, int, int], role: str
) -> None:
    absent = [show(world, role, number) for number in (10**9, "9" * 30, "x", "-1", "1.5", "0x1")]
    allowed = set(indexes(world, role))
    foreign = [show(world, role, at) for at in (*story, 1) if at not in allowed]

    assert {(each.status, each.body) for each in absent + foreign} == {(404, absent[0].body)}
    assert {tuple(sorted(each.headers.items())) for each in absent + foreign} == {
        tuple(sorted(absent[0].headers.items()))
    }
    assert len(foreign) >= (0 if role == "auditor" else 1)


def test_an_auditor_sees_that_a_record_was_pruned(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    at = story[0]
    world.store.storage.commit(lambda turn: turn.run("UPDATE records SET line = x'', seed = x'' WHERE idx = ?", at))

    shown = show(world, "auditor", at)

    assert (shown.status, shown.json()["record"], shown.json()["same_query"]) == (200, {}, [])
    assert show(world, "partner", at).status == 404
    assert indexes(world, "auditor", kind="decision") == [story[3]]


# --- what nobody learns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_indexed", [True, False])
@pytest.mark.parametrize(
    "wanted",
    [
        {"port": "long_beach"},
        {"table": "long_beach.freight.calls"},
        {"agreement": "long_beach-1"},
        {"text": "secret_of_oakland"},
        {"text": "secret_of_long_beach"},
        {"column": "plate"},
    ],
)
def test_a_steward_learns_nothing_by_asking_of_another_port(
    world: LogWorld, wanted: dict[str, str], is_indexed: bool
) -> None:
    """The same log with and without the other port's part is the same to them, whatever they ask."""
    (at,) = world.append(decision("q-1", "partner", "long_beach", "oakland"))
    world.append(outcome("q-1", at, "long_beach", "oakland"))
    if is_indexed:
        world.make_index()

    found = world.send("steward", "GET", f"/api/audit/records?{urlencode(wanted)}&kind=decision")

    assert found.json() == {"records": [], "next": None}


def test_a_cursor_tells_no_more_than_the_records_do(world: LogWorld) -> None:
    mine = world.append(decision("q-1", "partner", "oakland"), decision("q-2", "partner", "oakland"))
    world.append(*(decision(f"q-b{number}", "other_partner", "long_beach") for number in range(5)))
    world.make_index()

    page = find(world, "partner", limit=1)

    assert page["next"] == page["records"][-1]["index"] == mine[1]
    assert find(world, "partner", limit=1, before=page["next"])["next"] is None


# --- what is written of it ------------------------------------------------------------------------------------------


def test_every_reading_is_written_down_first(world: LogWorld, story: tuple[int, int, int, int]) -> None:
    find(world, "auditor", text="teu", limit=1)
    show(world, "steward", story[0])
    show(world, "other_partner", story[0])

    last, steps, first = world.newest(3)
    assert (first["reader"]["id"], first["role"], first["way"]) == ("aud", "auditor", "search")
    assert (first["wanted"], first["found"]) == ({"limit": "1", "text": "teu"}, 1)
    assert (steps["role"], steps["way"], steps["wanted"], steps["found"]) == (
        "steward", "show", {"index": str(story[0])}, 2,
    )  # fmt: skip
    assert steps["concerns"] == ["oakland"]
    assert (last["role"], last["found"]) == ("partner", 0)


@pytest.mark.parametrize("path", ["/api/audit/records", "/api/audit/records/2", "/api/audit/watch"])
def test_who_cannot_be_written_down_is_shown_nothing(
    world: LogWorld, story: tuple[int, int, int, int], path: str
) -> None:
    world.audit.is_full = True

    answer = world.send("auditor", "GET", path)

    assert (answer.status, answer.json()["code"]) == (503, "audit_unavailable")
    assert b"SELECT" not in answer.body


# --- watching -------------------------------------------------------------------------------------------------------


def lines(answer: Answer) -> list[Any]:
    return [orjson.loads(line) for line in answer.body.splitlines()]


def watched(world: LogWorld, role: str, until: int, *later: Any, query: str = "") -> Answer:
    """Watch for so many lines, while records are written."""

    async def run() -> Answer:
        watching = asyncio.ensure_future(send(world.app, role, "GET", f"/api/audit/watch{query}", until=until))
        await asyncio.sleep(0.3)
        for record in later:
            await world.store.append(record)
        return await asyncio.wait_for(watching, 20)

    return asyncio.run(run())


def test_a_watch_tells_new_records_as_they_come_to_who_may_see_them(
    world: LogWorld, story: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "LOOK_SECONDS", 0.05)
    later = [decision("q-8", "other_partner", "long_beach"), decision("q-9", "partner", "oakland")]

    seen = watched(world, "partner", 2, *later)
    all_ = watched(world, "auditor", 3, *later)
    by_word = watched(world, "auditor", 2, *later, query="?organisation=gobiz&kind=decision")

    assert seen.headers["content-type"] == "application/x-ndjson"
    assert [line.get("record", line).get("query", "heartbeat") for line in lines(seen)] == ["heartbeat", "q-9"]
    assert "sent_sql" not in lines(seen)[1]["record"]
    assert [line["record"]["query"] for line in lines(all_)[1:]] == ["q-8", "q-9"]
    assert [line["record"]["query"] for line in lines(by_word)[1:]] == ["q-9"]


def test_a_watch_is_written_down_once_at_its_start(world: LogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pages, "LOOK_SECONDS", 0.05)

    watched(world, "auditor", 2, decision("q-9", "partner", "oakland"), query="?kind=decision")

    _, reading = world.newest(2)
    assert (reading["way"], reading["wanted"], reading["found"]) == ("watch", {"kind": "decision"}, 0)


def test_a_watch_can_go_on_where_another_ended(
    world: LogWorld, story: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(audit_pages, "WATCH_SECONDS", 0.6)

    first = lines(world.send("auditor", "GET", f"/api/audit/watch?after={story[0]}"))

    assert [line["index"] for line in first[:3]] == list(story[1:])
    assert first[-1] == {"end": "go on with after", "after": first[-2]["index"]}


def test_a_quiet_watch_has_heartbeats(world: LogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pages, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(audit_pages, "HEARTBEAT_SECONDS", 0.1)

    told = lines(watched(world, "partner", 3))

    assert told == [{"heartbeat": "2026-11-22T00:00:00.000Z"}] * 3


def test_there_is_a_bound_to_watchers_and_who_leaves_makes_room(
    world: LogWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "MOST_WATCHERS", 8)

    async def run() -> tuple[list[int], int]:
        watching = [asyncio.ensure_future(send(world.app, "partner", "GET", "/api/audit/watch", until=9)) for _ in "ab"]
        await asyncio.sleep(0.5)
        refused = [
            (await send(world.app, role, "GET", "/api/audit/watch")).status for role in ("partner", "other_partner")
        ]
        for one in watching:
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await one
        return refused, (await send(world.app, "partner", "GET", "/api/audit/watch")).status

    assert asyncio.run(run()) == ([429, 200], 200)


def test_a_log_that_goes_away_ends_a_watch_with_an_error(
    world: LogWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "LOOK_SECONDS", 0.05)

    async def run() -> Answer:
        watching = asyncio.ensure_future(send(world.app, "auditor", "GET", "/api/audit/watch", until=9))
        await asyncio.sleep(0.5)
        (tmp_path / "audit.sqlite").rename(tmp_path / "elsewhere.sqlite")
        return await asyncio.wait_for(watching, 20)

    told = lines(asyncio.run(run()))

    assert told[-1]["error"]["code"] == "audit_unavailable"
