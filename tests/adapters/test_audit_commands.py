"""`portgate audit rebuild` and `prune`, on the log of a gateway that is stopped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner, Result

from gateway.adapters.audit_writing import write
from gateway.cli import app
from gateway.edge.client import Home
from tests.adapters.audit_homes import InFile, look_through, open_store
from tests.adapters.records import refusal
from tests.audit.logs import KEY, ORIGIN, PORTS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A stack's folder with a gateway's settings and a log of old records."""
    (tmp_path / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    audit = {"file": str(tmp_path / "audit.sqlite"), "origin": ORIGIN, "key_file": str(tmp_path / "key.pem")}
    none = str(tmp_path / "none")
    settings = {
        "listen": {"certificate_file": none, "key_file": none},
        "trino": {"key_file": none},
        "wall": {"secret_file": none},
        "policy": {"bundles_directory": none, "keys_directory": none, "library_file": none, "secret_file": none},
        "issuers": [],
        "audit": audit,
        "catalog_directory": none,
        "mask_key_file": none,
        "ports": list(PORTS),
    }
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(settings))
    assert Home(tmp_path).settings().audit.origin == ORIGIN
    store = open_store(InFile(tmp_path / "audit.sqlite"))
    store.storage.commit(lambda turn: [write(turn, replace(refusal(f"q{n}"), sql="hush"), "g") for n in range(300)])
    store.close()
    return tmp_path


def portgate(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words, "--home", str(home)])


def log_of(home: Path) -> InFile:
    return InFile(home / "audit.sqlite")


def age(home: Path) -> None:
    """Have all records but record 0, which stays, been written a thousand years ago."""
    aged = 'CAST(replace(line, \'"logged":"2\', \'"logged":"1\') AS BLOB)'
    with closing(sqlite3.connect(home / "audit.sqlite")) as database, database:
        database.execute(f"UPDATE records SET line = {aged} WHERE idx > 0")


def test_rebuild_makes_anew_what_is_derived(home: Path) -> None:
    with closing(sqlite3.connect(home / "audit.sqlite")) as database, database:
        database.execute("DELETE FROM tiles")
    for suffix in ("", "-wal"):
        (home / f"audit-index.sqlite{suffix}").write_text("old")

    done = portgate(home, "rebuild", "--json")

    assert done.exit_code == 0
    assert json.loads(done.output) == {"records": 303, "pruned": 0, "tiles": 1, "leaves_mended": 0, "damage": []}
    assert not list(home.glob("audit-index*"))
    look_through(log_of(home))


def test_rebuild_tells_of_damage_and_leaves_all_as_it_is(home: Path) -> None:
    with closing(sqlite3.connect(home / "audit.sqlite")) as database, database:
        database.execute("UPDATE records SET line = replace(line, 'hush', 'loud') WHERE idx = 100")
    (home / "audit-index.sqlite").write_text("old")

    done = portgate(home, "rebuild")

    assert done.exit_code == 1
    assert "damage: record 100 is not the one that its entry in the tree speaks of" in done.output
    assert (home / "audit-index.sqlite").exists()


def test_prune_forgets_what_is_older_than_a_day(home: Path) -> None:
    assert "0 records written before 2026-01-01 were pruned" in portgate(home, "prune", "--before", "2026-01-01").output
    age(home)
    assert "302 records" in portgate(home, "prune", "--before", "2026-01-01").output

    log = look_through(log_of(home))
    assert [record["kind"] for record in log.records.values()][1:] == ["pruning"]
    assert b"hush" not in (home / "audit.sqlite").read_bytes()
    assert portgate(home, "rebuild").exit_code == 0


def test_prune_wants_a_day_that_is_past(home: Path) -> None:
    assert portgate(home, "prune", "--before", "yesterday").exit_code == 2
    assert portgate(home, "prune", "--before", "2999-01-01").exit_code == 2


@pytest.mark.parametrize("words", [("rebuild",), ("prune", "--before", "2026-01-01")])
def test_a_running_gateway_keeps_them_out(home: Path, words: tuple[str, ...]) -> None:
    store = open_store(log_of(home))
    try:
        done = portgate(home, *words)
    finally:
        store.close()

    assert done.exit_code == 4
    assert "another gateway writes" in done.output


def test_settings_may_be_named_instead_of_a_home(home: Path) -> None:
    named = ["audit", "rebuild", "--settings", str(home / "gateway.yaml")]
    assert CliRunner().invoke(app, named).exit_code == 0
    assert CliRunner().invoke(app, [*named[:-1], str(home / "key.pem")]).exit_code == 2
