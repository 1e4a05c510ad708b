"""Each snippet of docs/clients.md does what the page says, and the page names each client that is tested."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clients import cli, jdbc, made, page
from tests.clients.contract import Place
from tests.clients.matrix import CLIENTS

pytestmark = pytest.mark.real

COUNTED = re.compile(r"calls at Oakland: [1-9]\d*")
NEWEST_CLI, JDBC = cli.VERSIONS[0], jdbc.VERSIONS[0]


def ran(place: Place, work: Path, command: list[str], **more: str) -> str:
    """Run a snippet in its folder; return what it printed."""
    environment = {**page.folder(place, work), **more}
    return made.run(command, cwd=work, environment=environment).stdout


def written(place: Place, file: Path, section: str, language: str) -> str:
    """Write a snippet to a file; return the file's name."""
    file.write_text(page.at(place, page.snippet(section, language)), encoding="utf-8")
    return str(file)


def test_the_page_names_every_client_and_what_it_cannot_show() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    rows = {line.split("]")[0].removeprefix("| [").split(",")[0]: line for line in re.findall(r"(?m)^\| \[.*$", text)}

    for client in CLIENTS:
        name, _, version = client.name.rpartition(" ")
        row = rows[name.removeprefix("Trino ") if name == "Trino JDBC" else name or client.name]
        assert version in row or not name
        assert ("not shown" in row) == ("notices" in client.cannot)


def test_the_command_line_on_the_page(place: Place, tmp_path: Path) -> None:
    (tmp_path / NEWEST_CLI.file).symlink_to(made.jar(NEWEST_CLI))
    search = f"{made.java().parent}:{os.environ['PATH']}"

    said = ran(place, tmp_path, ["sh", "-c", page.at(place, page.snippet("Trino CLI", "sh"))], PATH=search)

    assert '"USOAK"' in said


def test_the_java_on_the_page(place: Place, tmp_path: Path) -> None:
    written(place, tmp_path / "Snippet.java", "JDBC and DBeaver", "java")
    made.compile_java(tmp_path / "Snippet.java", tmp_path)

    said = ran(place, tmp_path, [str(made.java()), "-cp", f"{tmp_path}:{made.jar(JDBC)}", "Snippet"])

    assert COUNTED.search(said)


@pytest.mark.parametrize("section", ["Python", "SQLAlchemy"])
def test_the_python_on_the_page(place: Place, tmp_path: Path, section: str) -> None:
    file = written(place, tmp_path / "snippet.py", section, "python")

    assert COUNTED.search(ran(place, tmp_path, [str(made.python("python")), file]))


def test_the_arrow_link_on_the_page(place: Place, tmp_path: Path) -> None:
    file = written(place, tmp_path / "snippet.py", "DuckDB on an Arrow link", "python")

    assert COUNTED.search(ran(place, tmp_path, [sys.executable, file]))


def test_the_notebook_on_the_page(place: Place, tmp_path: Path) -> None:
    cells = page.snippet("SQLAlchemy", "python") + page.snippet("JupySQL", "python")
    (tmp_path / "snippet.ipy").write_text(page.at(place, cells), encoding="utf-8")

    said = ran(place, tmp_path, [str(made.python("python")), "-m", "IPython", "snippet.ipy"], HOME=str(tmp_path))

    assert COUNTED.search(said)


def test_the_profile_of_dbt_on_the_page(place: Place, tmp_path: Path) -> None:
    shutil.copytree(made.HERE / "dbt", tmp_path, dirs_exist_ok=True)
    written(place, tmp_path / "profiles.yml", "dbt", "yaml")

    said = ran(place, tmp_path, [str(made.python("dbt")), "-m", "dbt.cli.main", "debug"], DO_NOT_TRACK="1")

    assert "All checks passed" in said


def test_the_go_on_the_page(place: Place, tmp_path: Path) -> None:
    for file in ("go.mod", "go.sum"):
        shutil.copy(made.PROGRAMS / "go" / file, tmp_path)
    written(place, tmp_path / "main.go", "Go", "go")

    made.build_go(tmp_path, tmp_path / "snippet")

    assert COUNTED.search(ran(place, tmp_path, [str(tmp_path / "snippet")]))


def test_the_javascript_on_the_page(place: Place, tmp_path: Path) -> None:
    file = written(place, tmp_path / "snippet.js", "JavaScript", "js")
    packages = made.node_program(made.PROGRAMS / "javascript") / "node_modules"

    assert COUNTED.search(ran(place, tmp_path, [str(made.node()), file], NODE_PATH=str(packages)))


def test_harlequin_on_the_page_shows_the_catalog_in_a_terminal(place: Place, tmp_path: Path) -> None:
    command = page.at(place, page.snippet("Harlequin", "sh"))
    search = f"{made.python('harlequin').parent}:{os.environ['PATH']}"
    environment = {**page.folder(place, tmp_path), "PATH": search, "HOME": str(tmp_path), "TERM": "xterm-256color"}

    screen = shown_in_a_terminal(command, environment, tmp_path, until="california")

    assert "california" in screen


def shown_in_a_terminal(command: str, environment: dict[str, str], work: Path, until: str) -> str:
    """Run a program in a terminal of its own until it shows something, for a minute at most."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        ["sh", "-c", command], cwd=work, env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as running:
        os.close(its)
        seen, end = "", time.monotonic() + 60
        while until not in seen and time.monotonic() < end and running.poll() is None:
            if select.select([ours], [], [], 0.5)[0]:
                try:
                    seen += os.read(ours, 65536).decode(errors="replace")
                except OSError:  # so Linux says that nobody is at the other end any more
                    break
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(running.pid, signal.SIGKILL)  # the shell, and what it runs: that would wait for keys for ever
    os.close(ours)
    return seen
