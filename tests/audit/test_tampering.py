"""Whatever is done to a log is found, and named: which record is the first at fault, and what was done to it."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.audit_checking import check_file
from gateway.audit.note import Signer
from gateway.checking.damage import KINDS, MENDS
from gateway.checking.joining import Known, Wanted
from gateway.checking.whole import check
from gateway.errors import AuditUnavailable
from tests.audit.logs import SIGNER
from tests.audit.tampering import (
    RECORDS,
    TAMPERINGS,
    WANTED,
    HeldInMemory,
    Tables,
    add_tile,
    build,
    drop,
    drop_and_close_up,
    drop_tile,
    flip_record,
    flip_tile,
    found,
    insert_forged,
    known_of,
    read_tables,
    rewrite_record,
    tampered,
)

CASES = 10_000
PAGE_FLIPS = 300


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("log") / "audit.sqlite"
    build(file)
    return file


@pytest.fixture(scope="module")
def tables(file: Path) -> Tables:
    return read_tables(file)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return build(tmp_path_factory.mktemp("long") / "audit.sqlite", 620, 100)


def test_a_log_that_nobody_touched_is_whole(file: Path, tables: Tables, longer: Tables) -> None:
    known = known_of(tables)

    assert found(tables) is None
    assert found(tables, known) is None
    assert found(longer) is None
    assert check_file(file, replace(WANTED, known=tuple(known)))[0] is None
    assert len(tables.records) == RECORDS
    assert len(longer.tiles) == 2


def test_ten_thousand_tamperings_are_found_and_named(tables: Tables) -> None:
    missed = []
    for number in range(CASES):
        way, done = tampered(tables, number)
        damage = found(done.tables, done.known)
        if not done.is_named(damage):
            missed.append((number, way, done.kinds, done.low, damage))

    assert missed == []


def test_what_is_done_to_tiles_and_beside_them_is_named(longer: Tables) -> None:
    ways = (flip_tile, drop_tile, add_tile, flip_record, drop, drop_and_close_up, insert_forged, rewrite_record)
    for number in range(80):
        way, done = tampered(longer, number, ways)
        damage = found(done.tables, done.known)

        assert done.is_named(damage), (number, way, done.low, damage)


def test_each_kind_that_a_log_in_tables_can_have_is_tried(tables: Tables) -> None:
    tried = {kind for number in range(len(TAMPERINGS) * 12) for kind in tampered(tables, number)[1].kinds}

    untried = {"tile_changed", "file_damaged", "record_malformed", "time_went_back", "decision_closed_twice"}
    assert set(KINDS) - tried == untried
    assert KINDS.keys() == MENDS.keys()


def test_a_tile_tells_more_closely_where_a_record_was_made_anew(longer: Tables) -> None:
    done = rewrite_record(longer.copy(), random.Random(3))  # noqa: S311
    damage = found(done.tables)

    assert damage is not None
    assert damage.until - damage.index <= 100


def test_a_file_with_any_bit_flipped_is_reported_or_says_the_same(file: Path, tables: Tables, tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311
    whole = file.read_bytes()
    harmed = tmp_path / "audit.sqlite"
    reported = 0
    for _ in range(PAGE_FLIPS):
        data = bytearray(whole)
        bit = chance.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        for left in tmp_path.iterdir():
            left.unlink()
        harmed.write_bytes(data)
        damage, _ = check_file(harmed, WANTED)
        if damage is None:
            assert _evidence(read_tables(harmed)) == _evidence(tables), bit
        reported += damage is not None

    assert reported > PAGE_FLIPS // 10


def _evidence(tables: Tables) -> Tables:
    """All of a log but the moments at which checkpoints were signed, which nobody vouches for."""
    return Tables(**{**vars(tables), "checkpoints": [row[:2] for row in tables.checkpoints]})


def test_a_file_that_is_no_log_is_damaged_and_none_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "audit.sqlite"
    with pytest.raises(AuditUnavailable):
        check_file(file, WANTED)
    file.write_bytes(b"not a database, but long enough to be taken for one" * 100)

    damage, _ = check_file(file, WANTED)

    assert damage is not None
    assert damage.kind == "file_damaged"
    assert "cannot be read" in damage.words


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    file = tmp_path / "audit.sqlite"
    build(file, 700, 100)
    harmed = tmp_path / "harmed.sqlite"
    shutil.copy(file, harmed)
    database = apsw.Connection(str(harmed))
    database.execute("UPDATE records SET line = replace(line, 'gobiz', 'gobix') WHERE idx = 613")
    database.close()
    told: list[tuple[int, int]] = []

    whole, seen = check_file(file, WANTED, lambda *at: told.append(at), processes=2, span=256)
    damage, _ = check_file(harmed, WANTED, processes=2, span=256)

    assert (whole, seen.size) == (None, 700)
    assert told == [(256, 700), (512, 700), (700, 700)]
    assert damage is not None
    assert (damage.index, damage.kind) == (613, "record_changed")


def test_a_checkpoint_of_another_history_is_noticed(tables: Tables) -> None:
    damage = found(tables, (Known(4, bytes(32), "oakland"),))

    assert damage is not None
    assert (damage.kind, damage.index, damage.until) == ("rewritten", 0, 4)


def test_a_log_that_another_key_has_signed_is_not_the_one(tables: Tables) -> None:
    other = Signer(SIGNER.name, Ed25519PrivateKey.from_private_bytes(bytes(32)))

    damage, _ = check(HeldInMemory(tables), Wanted(other.verifier))

    assert damage is not None
    assert (damage.kind, damage.index) == ("checkpoint_changed", 4)
