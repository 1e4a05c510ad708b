"""What a witness sees by going round: its mirror grows, and a log that forks, shrinks, stalls or lies is an alarm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.audit.growth import Row
from tests.witness.logs import OTHER, Clock, TestLog, alarms, cosigning, decision
from witness.cosigning import Cosigning
from witness.folder import Alarms
from witness.gateway_reading import Gateway, Unreachable
from witness.mirror import Mirror
from witness.verifying import faults_of_log, faults_of_mirror
from witness.watching import Watching

PORT = "long_beach"


@dataclass
class Story:
    """A witness and the log that it watches."""

    folder: Path
    log: TestLog
    clock: Clock
    watching: Watching
    cosigning: Cosigning
    mirror: Mirror

    def round(self, seconds: float = 5) -> list[str]:
        """Let it go round once; give the alarms so far."""
        self.clock.now += seconds
        self.watching.round()
        return alarms(self.folder)

    @property
    def state(self) -> dict[str, Any]:
        """What it tells of itself."""
        return dict(json.loads((self.folder / "status.json").read_bytes()))

    @property
    def size(self) -> int:
        """How many records it has witnessed."""
        return self.cosigning.latest.size if self.cosigning.latest else 0


def story(folder: Path, log: TestLog, *peers: TestLog, pruned_until: int = 0) -> Story:
    """A witness that begins, or goes on, in a folder."""
    clock = Clock()
    folder.mkdir(exist_ok=True)
    alarms_ = Alarms(folder, clock=clock)
    state, mirror = cosigning(folder, clock), Mirror(folder, PORT)
    state.alarms = alarms_
    about = {"port": PORT, "log_keys": [str(state.keys[0])], "witness_key": str(state.cosigner.key)}
    (folder / "about.json").write_text(json.dumps(about))
    watching = Watching(
        folder, PORT, state, cast(Gateway, log), alarms_, mirror=mirror, peers=cast(tuple[Gateway, ...], peers),
        stall_seconds=600, pruned_until=pruned_until, clock=clock,
    )  # fmt: skip
    return Story(folder, log, clock, watching, state, mirror)


@pytest.fixture
def told(tmp_path: Path) -> Story:
    """A witness that has seen a log of seven records, of which its port may read the fourth."""
    log = TestLog().grown(3).add(decision("q1", PORT, "oakland")).add(decision("q2", "oakland"), decision("q3"))
    told = story(tmp_path / "witness", log.grown(1))
    assert told.round() == []
    return told


def test_what_it_sees_is_cosigned_and_mirrored(told: Story) -> None:
    assert told.size == told.mirror.proven == 7
    view = told.mirror.view(3)
    assert view
    assert (view["query"], view["concerns"]) == ("q1", [PORT])
    assert told.mirror.view(4) is None
    assert told.mirror.view(7) is None


def test_it_goes_on_with_the_log_and_after_a_restart(told: Story) -> None:
    told.log.grown(300)
    assert told.round() == []
    again = story(told.folder, told.log.grown(20))

    assert again.round() == []
    assert again.size == again.mirror.proven == 327
    assert faults_of_mirror(told.folder) == (327, [])


def test_what_was_mirrored_half_before_a_crash_is_taken_again(told: Story) -> None:
    with (told.folder / "views.jsonl").open("ab") as views:
        views.write(b'{"index": 7, "sal')
    again = story(told.folder, told.log.grown(2))

    assert again.round() == []
    assert faults_of_mirror(told.folder) == (9, [])


def test_the_mirror_holds_no_word_of_queries_that_are_none_of_the_ports_business(told: Story) -> None:
    told.log.add(*(decision(f"secret{n}", "oakland", partner=f"partner{n}") for n in range(20)))
    told.log.add(decision("shared", PORT, "oakland"))
    told.round()

    held = b"".join(file.read_bytes() for file in told.folder.iterdir())
    assert b"shared" in held
    for word in ("secret", *(f"partner{n}" for n in range(20)), "SELECT q2", "SELECT q3"):
        assert word.encode() not in held


# --- a log that lies ------------------------------------------------------------------------------------------------


def test_a_tail_that_was_written_anew_and_signed_again_is_a_fork(told: Story) -> None:
    del told.log.rows[5:], told.log.lines[5:]
    told.log.grown(9, seed=b"t" * 32)

    assert told.round() == ["fork"]
    assert told.size == 7
    evidence = json.loads((told.folder / "alarms.jsonl").read_text())["evidence"]
    assert evidence["known"] != evidence["came"]
    assert all("portgate.test/audit\n" in note for note in evidence.values())


def test_another_tree_of_the_same_size_is_a_fork(told: Story) -> None:
    del told.log.rows[5:], told.log.lines[5:]
    told.log.grown(2, seed=b"t" * 32)

    assert told.round() == ["fork"]


def test_a_restored_backup_is_a_log_that_shrinks(told: Story) -> None:
    told.log.shown = 5

    assert told.round() == ["shrink"]
    assert told.round() == ["shrink"], "the same alarm is raised once an hour"
    assert told.round(3700) == ["shrink", "stall", "shrink"] or told.size == 7


def test_a_checkpoint_of_another_key_is_forged(told: Story) -> None:
    told.log.signer = OTHER

    assert told.round() == ["forged"]


def test_a_log_that_is_silent_for_longer_than_it_may_stalls_once_an_episode(told: Story) -> None:
    told.log.is_reachable = False
    assert told.round(590) == []
    assert told.round(20) == ["stall"]
    assert told.round(60) == ["stall"]

    told.log.is_reachable = True
    assert told.round() == ["stall"]
    told.log.is_reachable = False
    assert told.round(700) == ["stall", "stall"]
    assert "does not answer" in told.state["trouble"]


def test_a_quiet_log_that_answers_does_not_stall(told: Story) -> None:
    assert told.round(100_000) == []


def test_a_view_that_is_not_what_the_log_committed_to_is_an_alarm_and_is_not_kept(told: Story) -> None:
    told.log.grown(1).add(decision("q9", PORT))
    told.log.lines[8] = {**told.log.lines[8], "sql": "SELECT nothing"}

    assert told.round() == ["tampered"]
    assert told.mirror.proven == 7
    assert told.size == 9


def test_an_entry_that_is_not_in_the_tree_is_an_alarm(told: Story) -> None:
    told.log.grown(3)
    note = told.log.note()
    kept = told.log.rows[8]
    told.log.rows[8] = Row(8, b"u" * 32, kept.line, TestLog().grown(1, seed=b"u" * 32).rows[0].entry)
    told.log.checkpoint = lambda: note  # type: ignore[method-assign]
    leaves = [row.leaf for row in [*told.log.rows[:8], kept, *told.log.rows[9:]]]

    def tile(level: int, number: int, width: int) -> bytes:
        return b"".join(leaves)

    told.log.tile = tile  # type: ignore[method-assign]

    assert told.round() == ["tampered"]
    assert told.mirror.proven == 7


def test_a_record_that_a_port_is_not_shown_any_more_is_an_alarm(told: Story) -> None:
    told.log.add(decision("q9", PORT))
    told.log.rows[7] = Row(7, b"", b"", told.log.rows[7].entry)
    real = told.log.views

    def views(port: str, low: int, high: int) -> list[bytes]:
        return [json.dumps({**json.loads(line), "salt": "", "view": ""}).encode() for line in real(port, low, high)]

    told.log.views = views  # type: ignore[method-assign]

    assert told.round() == ["withheld"]


def test_records_that_were_pruned_before_the_witness_began_are_told_in_its_settings(tmp_path: Path) -> None:
    log = TestLog().grown(4)
    real = log.views

    def views(port: str, low: int, high: int) -> list[bytes]:
        lines = [json.loads(line) for line in real(port, low, high)]
        return [json.dumps({**each, "salt": "", "view": ""} if each["index"] < 3 else each).encode() for each in lines]

    log.views = views  # type: ignore[method-assign]

    assert story(tmp_path / "a", log, pruned_until=3).round() == []
    assert story(tmp_path / "b", log).round() == ["withheld"]


def test_views_that_do_not_come_are_an_alarm_after_a_while(told: Story) -> None:
    def views(port: str, low: int, high: int) -> list[bytes]:
        raise Unreachable("/log/views was answered with status 403")

    told.log.grown(1).views = views  # type: ignore[method-assign]

    assert told.round() == []
    assert told.round(700) == ["withheld"]
    assert told.size == 8, "the tree is witnessed all the same"


def test_a_log_that_shows_two_ports_two_trees_is_caught_by_the_second_that_hears_of_it(tmp_path: Path) -> None:
    shown_to_oakland = TestLog().grown(5).grown(3, seed=b"t" * 32)
    shown_to_long_beach = TestLog().grown(5).grown(4)
    told = story(tmp_path / "witness", shown_to_long_beach, shown_to_oakland)

    assert told.round() == ["fork"]


def test_a_peer_that_is_ahead_or_behind_or_silent_is_no_alarm(tmp_path: Path) -> None:
    log = TestLog().grown(9)
    ahead, behind, silent = TestLog().grown(20), TestLog().grown(4), TestLog(is_reachable=False)
    told = story(tmp_path / "witness", log, ahead, behind, silent)
    assert told.round() == []

    log.grown(11)
    ahead.grown(5)
    assert told.round() == []
    log.grown(1, seed=b"t" * 32)
    assert told.round() == []
    log.grown(4)
    assert told.round() == ["fork"], "what the peer had cosigned is remembered until it can be compared"


# --- the check offline ----------------------------------------------------------------------------------------------


def test_a_mirror_is_checked_offline_and_what_was_changed_is_named(told: Story) -> None:
    assert faults_of_mirror(told.folder) == (7, [])
    file = told.folder / "views.jsonl"
    lines = file.read_text().splitlines(keepends=True)

    file.write_text("".join([*lines[:3], lines[3].replace("q1", "q8"), *lines[4:]]))
    assert "record 3" in faults_of_mirror(told.folder)[1][0]
    file.write_text("".join([*lines[:2], *lines[3:]]))
    assert "record 3 stands where 2 belongs" in faults_of_mirror(told.folder)[1]
    file.write_text("".join(lines[:-1]))
    assert faults_of_mirror(told.folder)[1] == ["7 records were mirrored, and 6 are there"]


def test_a_whole_log_is_checked_at_its_address(told: Story) -> None:
    told.log.grown(600)
    assert faults_of_log(cast(Gateway, told.log), told.cosigning.keys) == (607, [])

    told.log.shown = 300
    note = told.log.note()
    told.log.rows[100] = told.log.rows[101]
    told.log.checkpoint = lambda: note  # type: ignore[method-assign]
    assert faults_of_log(cast(Gateway, told.log), told.cosigning.keys)[1]
