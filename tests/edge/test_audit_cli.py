"""`portgate audit search`, `show` and `watch`: what is printed for whom, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from tests.edge.test_cli import make_home, portgate
from tests.edge.test_serve import ROOT

DECIDED, ALARMED, ENDED = 2, 3, 4
"""Where the records of the first query stand."""


@dataclass
class Served:
    """A home whose gateway has a log."""

    home: Path
    process: subprocess.Popen[str]

    def run(self, *words: str, columns: int = 120) -> Result:
        """Run a command of `portgate audit`, in this process."""
        environment = {"PORTGATE_HOME": str(self.home), "COLUMNS": str(columns)}
        return CliRunner().invoke(app, ["audit", *words], env=environment)

    def lines(self, *words: str, columns: int = 120) -> list[str]:
        """Run a command that goes well, and return what it prints."""
        done = self.run(*words, columns=columns)
        assert done.exit_code == 0, done.stderr
        return [line.rstrip() for line in done.stdout.splitlines()]

    def ask(self, query: str, role: str, port: str) -> None:
        """Have a query written into the log."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{query} {role} {port}\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    tls, plain = make_home(home)
    command = [sys.executable, "-m", "tests.edge.serving_log", str(tls), str(plain), str(home)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        assert "gateway ready" in process.stderr.readline()
        yield Served(home, process)
        process.kill()


# --- search ---------------------------------------------------------------------------------------------------------


def test_a_search_is_a_list_with_the_newest_last(served: Served) -> None:
    head, rule, *rows = served.lines("search", "--query", "q-first-1")

    assert head.split() == ["index", "time", "what", "partner", "query", "detail"]
    assert set(rule) == {"─", " "}
    assert [" ".join(row.split()) for row in rows] == [
        "2 2026-11-22 12:00:00 decision gobiz-analyst q-first- "
        "freight_resilience: SELECT port_unlocode, count(*) AS ca…",
        "3 2026-11-22 12:00:00 alarm gobiz-analyst q-first- Select long_beach.tos.unit x",
        "4 2026-11-22 12:00:01 outcome gobiz-analyst q-first- finished, 3 rows, 20 ms",
    ]
    assert max(map(len, rows)) == 120


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--text", '"ever given" calls', "--kind", "decision"), [DECIDED]),
        (("--port", "oakland", "--query", "q-first-1"), [DECIDED, ENDED]),
        (("--table", "freight.calls", "--column", "TEU", "--verdict", "finished"), [ENDED]),
        (("--agreement", "oakland-1", "--purpose", "freight_resilience", "--organisation", "gobiz"), [2, 3, 4]),
        (("--decision", "d-q-first", "--client", "portgate", "--since", "2w", "--kind", "outcome"), [ENDED]),
        (("--query", "q-first-1", "--before", "4", "--limit", "1"), [ALARMED]),
        (("--until", "2020", "--code", "denied"), []),
    ],
)
def test_conditions_narrow_it(served: Served, words: tuple[str, ...], found: list[int]) -> None:
    told = [json.loads(line) for line in served.lines("search", "--json", *words)]

    assert [each["index"] for each in told] == found


def test_each_line_of_json_is_a_record_with_its_time(served: Served) -> None:
    (line,) = served.lines("search", "--json", "--kind", "outcome")

    told = json.loads(line)
    assert list(told) == ["index", "logged", "partner", "record"]
    assert told["record"]["state"] == "finished"


def test_who_finds_nothing_is_told_so(served: Served) -> None:
    done = served.run("search", "--as", "msc-planner")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no record is found\n")


def test_who_has_not_seen_all_is_told_how_to_go_on(served: Served) -> None:
    done = served.run("search", "--query", "q-first-1", "--limit", "2")

    assert done.stderr == "there are more: --before 3\n"


def test_a_steward_and_a_partner_find_what_is_theirs(served: Served) -> None:
    def found(name: str) -> list[str]:
        lines = served.lines("search", "--json", "--as", name, "--query", "q-first-1")
        return [json.loads(line)["record"]["kind"] for line in lines]

    assert found("oakland-steward") == ["decision", "outcome"]
    assert found("long-beach-steward") == ["decision", "alarm", "outcome"]
    assert found("gobiz-analyst") == ["decision", "outcome"]


# --- show -----------------------------------------------------------------------------------------------------------


def test_a_decision_is_shown_whole(served: Served) -> None:
    lines = served.lines("show", str(DECIDED))

    assert lines[0].startswith("record 2 · decision · written 2")
    assert lines[1:27] == [
        "",
        "  who         gobiz-analyst of gobiz (some class; analyst), token t-1",
        "  purpose     freight_resilience",
        "  client      portgate-cli",
        "  query       q-first-1",
        "  decision    d-q-first-1, by build 1",
        "",
        "  as asked                                                  │ as sent",
        "  SELECT port_unlocode,                                     │ SELECT secret_of_long_beach, secret_of_oakland",
        "         count(*) AS calls                                  │",
        "  FROM vessel_calls                                         │",
        "  WHERE vessel_name = 'EVER GIVEN'                          │",
        "  GROUP BY 1                                                │",
        "",
        "long_beach · freight.calls",
        "  by          long_beach-1",
        "  revision    r-long_beach",
        "  columns     teu (select)",
        "  masked      teu (keyed hash)",
        "  rows        rows of long_beach",
        "",
        "oakland · freight.calls",
        "  by          oakland-1",
        "  revision    r-oakland",
        "  columns     teu (select)",
        "  masked      teu (keyed hash)",
    ]
    assert lines[28:32] == [
        "",
        "the same query",
        "  3  2026-11-22 12:00:00  alarm      Select long_beach.tos.unit x",
        "  4  2026-11-22 12:00:01  outcome    finished, 3 rows, 20 ms",
    ]
    leaf, checkpoint = lines[33:]
    assert len(leaf.split()[1]) == 64
    assert checkpoint.split()[:2] == ["checkpoint", "over"]
    assert checkpoint.endswith("signed by portgate.test/audit, cosigned by nobody yet")


def test_in_a_narrow_terminal_texts_stand_below_each_other(served: Served) -> None:
    lines = served.lines("show", str(DECIDED), columns=70)

    assert "  as sent" in lines
    assert "    SELECT secret_of_long_beach, secret_of_oakland" in lines
    assert max(map(len, lines)) <= 80  # the leaf's hash has no place to break


def test_a_partner_is_shown_no_text_that_was_sent(served: Served) -> None:
    lines = served.lines("show", str(DECIDED), "--as", "gobiz-analyst")

    assert "  as asked" in lines
    assert not any("secret" in line or "as sent" in line for line in lines)


def test_an_outcome_and_an_alarm_are_shown_with_their_figures(served: Served) -> None:
    outcome, alarm = served.lines("show", str(ENDED)), served.lines("show", str(ALARMED))

    assert "  answer      3 rows, 90 bytes in 20 ms" in outcome
    assert "  decision    record 2" in outcome
    assert "  refused     Select long_beach.tos.unit" in alarm
    assert "  user        gobiz-analyst#1" in alarm


def test_the_record_that_the_log_was_opened_is_shown_plainly(served: Served) -> None:
    lines = served.lines("show", "0")

    assert "  event       opened" in lines
    assert "  concerns    hueneme, long_beach, los_angeles, oakland, san_diego" in lines


def test_as_json_it_is_what_the_interface_gives(served: Served) -> None:
    told = json.loads("\n".join(served.lines("show", "2", "--json")))

    assert list(told) == ["index", "logged", "partner", "record", "same_query", "leaf", "checkpoint"]


@pytest.mark.parametrize("words", [["show", "999999"], ["show", "2", "--as", "msc-planner"]])
def test_what_is_not_there_and_what_is_not_theirs_exits_3(served: Served, words: list[str]) -> None:
    done = served.run(*words)

    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == "refused [not_found]: there is no such record of the audit log, or it is not yours to read\n"


# --- without a gateway ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(served: Served, tmp_path: Path) -> Path:
    for each in (served.home / "audit").glob("audit.sqlite*"):
        shutil.copy(each, tmp_path)
    return tmp_path / "audit.sqlite"


def test_a_file_is_searched_and_shown_as_the_gateway_does(served: Served, file: Path) -> None:
    words = ("search", "--query", "q-first-1", "--port", "oakland", "--text", "given")

    assert served.lines(*words, "--file", str(file)) == served.lines(*words)
    assert served.lines("show", "2", "--file", str(file))[:-1] == served.lines("show", "2")[:-1]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["search", "--file", "FILE", "--as", "auditor"], 2, "leave out --as"),
        (["search", "--file", "FILE", "--since", "yesterday"], 2, "since is no moment"),
        (["show", "999", "--file", "FILE"], 3, "there is no record 999 in audit.sqlite"),
        (["search", "--file", "/nowhere/audit.sqlite"], 4, "there is no audit log at"),
        (["search", "--since", "yesterday"], 3, "since is no moment"),
        (["search", "--as", "nobody"], 2, "there is no partner nobody"),
        (["search", "--limit", "0"], 2, ""),
        (["show", "-1"], 2, ""),
    ],
)
def test_wrong_commands_end_with_a_word_and_their_code(
    served: Served, file: Path, words: list[str], code: int, says: str
) -> None:
    done = served.run(*(str(file) if word == "FILE" else word for word in words))

    assert (done.exit_code, done.stdout) == (code, "")
    assert says in done.stderr


@pytest.mark.parametrize("command", [["search"], ["show", "2"], ["watch"]])
def test_without_a_gateway_the_code_is_4(tmp_path: Path, command: list[str]) -> None:
    make_home(tmp_path / "home")

    told = portgate("audit", *command, home=tmp_path / "home")

    assert told.returncode == 4
    assert "no gateway answers at https://127.0.0.1:" in told.stderr


# --- watch ----------------------------------------------------------------------------------------------------------


def test_a_watch_prints_each_record_as_it_comes_and_ends_well(served: Served) -> None:
    environment = {**os.environ, "PORTGATE_HOME": str(served.home), "COLUMNS": "120"}
    words = ["--as", "oakland-steward", "--kind", "decision"]
    command = [sys.executable, "-m", "gateway", "audit", "watch", *words]
    pipe, is_seen = subprocess.PIPE, threading.Event()
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=environment) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().split() == ["index", "time", "what", "partner", "query", "detail"]
        asking = threading.Thread(target=_ask_until, args=(served, is_seen))
        asking.start()
        line = watching.stdout.readline()
        is_seen.set()
        asking.join()
        watching.send_signal(signal.SIGINT)
        rest, said = watching.communicate(timeout=20)

    assert "q-oak-" in line
    assert "q-hue-" not in line + rest
    assert (watching.returncode, said) == (0, "")


def _ask_until(served: Served, is_seen: threading.Event) -> None:
    """Have a query of each of two ports written, again and again: nobody says when the watch has begun."""
    for number in range(300):
        served.ask(f"q-hue-{number}", "partner", "hueneme")
        served.ask(f"q-oak-{number}", "partner", "oakland")
        if is_seen.wait(0.1):
            return
