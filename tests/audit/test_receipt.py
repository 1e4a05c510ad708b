"""Receipts: what the log says of an answer is signed, and nothing that was changed is taken for it."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import Members, canonical
from gateway.audit.growth import Row, grow
from gateway.audit.note import LOG, WITNESS, Checkpoint, NoteRefused, Signer, Verifier, checkpoint_in, signers_of
from gateway.audit.record import (
    DecisionRecord,
    OutcomeRecord,
    Record,
    RecordedNotice,
    RecordedPartner,
    RecordedTable,
)
from gateway.audit.tree import Frontier, leaf_hash
from gateway.audit.views import WHOLE, salt, view
from gateway.checking.proofs import Disclosure, proof_text
from gateway.receipt import (
    NAME_ENDS,
    TITLE,
    Ended,
    ReceiptRefused,
    chained,
    check_proof,
    check_result,
    check_sql,
    receipt_in,
    receipt_signer,
    receipt_verifier,
    result_digest,
    write_receipt,
)
from gateway.strict_json import read_strict_json
from gateway.tlog_proof import HEADER
from tests.audit.logs import KEY, ORIGIN, PORTS, SIGNER

NOON = "2026-11-22T12:00:00.000Z"
SQL = "SELECT vessel FROM vessel_calls -- é"
PAGES = (b'[["EVER GIVEN"],["MAERSK"]]', b"[[null]]")
RESULT = chained(chained("", PAGES[0]), PAGES[1])
KEY_OF_RECEIPTS = receipt_verifier(SIGNER.verifier)


def shared(port: str, *agreements: str) -> RecordedTable:
    return RecordedTable(port, "freight.vessel_calls", ("vessel",), {}, (), agreements)


DECISION = DecisionRecord(
    "0b0e7a52-9a3c-4f43-8f0c-3a1f2a4d5e6f", NOON, RecordedPartner("ana", "gobiz", "state_agency", (), "t-1"),
    "freight_resilience", "curl", SQL, "SELECT …",
    (shared("oakland", "oak-2", "oak-1"), shared("los_angeles", "la-1")),
    {"oakland": "ab", "los_angeles": "cd", "hueneme": "ef"}, "d-1", "portgate 1",
    notices=(
        RecordedNotice("column_masked", "oakland", "freight.vessel_calls", "vessel"),
        RecordedNotice("port_not_sharing", "hueneme", "freight.vessel_calls"),
        RecordedNotice("synthetic", "los_angeles"),
    ),
    concerns=("los_angeles", "oakland"),
)  # fmt: skip
OUTCOME = OutcomeRecord(
    DECISION.query, "2026-11-22T12:00:03.000Z", 2, "finished", 3, 37, ("los_angeles", "oakland"),
    missing=("long_beach",), withheld=("hueneme",), result=RESULT, concerns=("los_angeles", "oakland"),
)  # fmt: skip


def held(record: Record, index: int) -> tuple[Members, Row]:
    return grow(record, index, NOON, bytes([index]) * 32, PORTS)


def ended(port: str = "") -> Ended:
    """The answer as the log holds it, or as a port's steward sees it."""
    (decision, first), (outcome, second) = held(DECISION, 2), held(OUTCOME, 3)
    if port:
        decision, outcome = (read_strict_json(view(record, port)) for record in (decision, outcome))
    return Ended(decision, first.leaf.hex(), outcome, second.leaf.hex())


RECEIPT = write_receipt(ended(), SIGNER)


def test_a_receipt_says_what_was_asked_and_what_came() -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)

    assert said == {
        "version": 1,
        "log": ORIGIN,
        "view": "",
        "query": DECISION.query,
        "sql_sha256": hashlib.sha256(SQL.encode()).hexdigest(),
        "partner": "ana",
        "organisation": "gobiz",
        "seen_as": "",
        "purpose": "freight_resilience",
        "asked": NOON,
        "ended": OUTCOME.time,
        "build": "portgate 1",
        "revisions": {"los_angeles": "cd", "oakland": "ab"},
        "agreements": {"los_angeles": ["la-1"], "oakland": ["oak-1", "oak-2"]},
        "ports": ["los_angeles", "oakland"],
        "missing": ["long_beach"],
        "complete": False,
        "withheld": {
            "hueneme": ["port_not_sharing freight.vessel_calls"],
            "oakland": ["column_masked freight.vessel_calls.vessel"],
        },
        "synthetic": ["los_angeles"],
        "rows": 3,
        "bytes": 37,
        "result": RESULT,
        "decision": {"index": 2, "leaf": held(DECISION, 2)[1].leaf.hex()},
        "outcome": {"index": 3, "leaf": held(OUTCOME, 3)[1].leaf.hex()},
    }


def test_a_receipt_is_a_signed_note_of_two_lines_and_always_the_same() -> None:
    text, signed = signers_of(RECEIPT, [KEY_OF_RECEIPTS])

    assert text.split("\n")[0] == TITLE
    assert text.count("\n") == 2
    assert list(signed) == [KEY_OF_RECEIPTS]
    assert write_receipt(ended(), SIGNER) == RECEIPT


def test_the_key_of_the_log_names_the_key_of_its_receipts() -> None:
    assert KEY_OF_RECEIPTS.name == ORIGIN + NAME_ENDS
    assert receipt_verifier(KEY_OF_RECEIPTS) == KEY_OF_RECEIPTS
    assert KEY_OF_RECEIPTS.id != SIGNER.verifier.id


def test_a_stewards_part_says_whose_it_is_and_holds_nothing_of_others() -> None:
    note = write_receipt(ended("oakland"), SIGNER, "oakland")

    said = receipt_in(note, KEY_OF_RECEIPTS)
    assert (said["view"], said["agreements"], said["ports"]) == (
        "oakland",
        {"oakland": ["oak-1", "oak-2"]},
        ["oakland"],
    )
    assert not any(port in note for port in PORTS if port != "oakland")


# --- forgeries --------------------------------------------------------------------------------------------------------


def _bit(note: str, chance: random.Random) -> str:
    data = bytearray(note.encode())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data.decode(errors="replace")


def _cut(note: str, chance: random.Random) -> str:
    at = chance.randrange(len(note))
    return note[:at] + note[at + chance.randint(1, 40) :]


def _doubled(note: str, chance: random.Random) -> str:
    at = chance.randrange(len(note))
    return note[:at] + note[at : at + chance.randint(1, 40)] + note[at:]


def _swapped(note: str, chance: random.Random) -> str:
    one, other = sorted(chance.sample(range(len(note)), 2))
    return note[:one] + note[other] + note[one + 1 : other] + note[one] + note[other + 1 :]


def _said_otherwise(note: str, chance: random.Random) -> str:
    """Change what one member says, in good form."""
    title, line, rest = note.split("\n", 2)
    said = json.loads(line)
    name = chance.choice(sorted(said))
    said[name] = chance.choice([0, 1, "", "x", [], {}, True, False, None, said[chance.choice(sorted(said))]])
    return "\n".join([title, canonical(said).decode(), rest])


def _signed_by_another(note: str, chance: random.Random) -> str:
    text = note.rpartition("\n\n")[0] + "\n"
    key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    line = Signer(KEY_OF_RECEIPTS.name, key).signature(text)
    signature = base64.b64decode(line.split(" ")[2])[4:]
    mine = base64.b64encode(KEY_OF_RECEIPTS.id + signature).decode()
    return chance.choice([f"{text}\n{line}", f"{text}\n— {KEY_OF_RECEIPTS.name} {mine}\n", f"{note}{line}"])


def _with_more_signatures(note: str, chance: random.Random) -> str:
    more = Signer("stranger.test", KEY).signature(chance.choice(["", "x"]))
    return note + chance.choice([more, note.split("\n")[-2] + "\n"])


FORGERS: tuple[Callable[[str, random.Random], str], ...] = (
    _bit, _cut, _doubled, _swapped, _said_otherwise, _signed_by_another, _with_more_signatures,
)  # fmt: skip


def test_none_of_a_thousand_forged_receipts_is_taken() -> None:
    chance = random.Random(7)  # noqa: S311 - to be the same each time
    forged = 0
    while forged < 1_000:
        note = chance.choice(FORGERS)(RECEIPT, chance)
        if note != RECEIPT:
            forged += 1
            with pytest.raises(ReceiptRefused):
                receipt_in(note, KEY_OF_RECEIPTS)


@given(st.text(max_size=300))
def test_no_text_at_all_is_taken_for_a_receipt(text: str) -> None:
    for note in (text, text + RECEIPT[-150:], f"{TITLE}\n{text}\n\n{RECEIPT.rpartition(chr(10) * 2)[2]}"):
        with pytest.raises(ReceiptRefused):
            receipt_in(note, KEY_OF_RECEIPTS)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "{", '{"version":1}', '{"version":1,"version":1}', "[" * 100_000, '{"a":1.5}']
)
def test_what_the_key_signs_that_is_no_receipt_is_refused(text: str) -> None:
    signer = receipt_signer(SIGNER)
    for body in (f"{TITLE}\n{text}\n", f"{text}\n", f"{TITLE}\n{text}"):
        with pytest.raises(ReceiptRefused):
            receipt_in(f"{body}\n{signer.signature(body)}", KEY_OF_RECEIPTS)


def test_a_receipt_of_another_log_is_refused() -> None:
    other = Signer("other.test/audit", KEY)

    with pytest.raises(ReceiptRefused):
        receipt_in(write_receipt(ended(), other), KEY_OF_RECEIPTS)
    text = write_receipt(ended(), other).rpartition("\n\n")[0] + "\n"
    with pytest.raises(ReceiptRefused, match="speaks of the log other"):
        receipt_in(f"{text}\n{receipt_signer(SIGNER).signature(text)}", KEY_OF_RECEIPTS)


def under_the_name(note: str, name: str) -> str:
    """The same signature under another name, with that name's key id: the key itself is the same one."""
    text, line = note.rpartition("\n\n")[0] + "\n", note.split("\n")[-2]
    verifier = Verifier(name, LOG, SIGNER.verifier.public)
    signature = base64.b64decode(line.split(" ")[2])[4:]
    return f"{text}\n— {name} {base64.b64encode(verifier.id + signature).decode()}\n"


def test_a_receipt_is_no_checkpoint_and_a_checkpoint_no_receipt() -> None:
    head = Checkpoint(ORIGIN, 4, bytes(32))
    checkpoint = f"{head.text}\n{SIGNER.signature(head.text)}"

    assert signers_of(RECEIPT, [SIGNER.verifier])[1] == {}
    with pytest.raises(ReceiptRefused):
        receipt_in(checkpoint, KEY_OF_RECEIPTS)

    as_log = under_the_name(RECEIPT, ORIGIN)
    text, signed = signers_of(as_log, [SIGNER.verifier])
    assert list(signed) == [SIGNER.verifier]  # it is the log's key, after all
    with pytest.raises(NoteRefused, match="no checkpoint"):
        checkpoint_in(text)
    with pytest.raises(ReceiptRefused, match="no receipt of the form"):
        receipt_in(under_the_name(checkpoint, KEY_OF_RECEIPTS.name), KEY_OF_RECEIPTS)


# --- what it is held against ------------------------------------------------------------------------------------------


def test_the_text_of_the_query_is_known_again() -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)

    check_sql(said, SQL)
    check_sql(said, SQL + "\r\n")
    for other in ("", SQL + " ", "\n" + SQL, SQL.lower()):
        with pytest.raises(ReceiptRefused):
            check_sql(said, other)


ROWS = (b'["EVER GIVEN"]', b'["MAERSK"]', b"[null]")


def test_the_rows_are_known_again_and_no_others() -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)

    check_result(said, result_digest(ROWS, [2, 1]))
    for rows, pages in ((ROWS[::-1], [2, 1]), (ROWS, [1, 2]), (ROWS, [3]), (ROWS, [1, 1, 1]), ((), [])):
        with pytest.raises(ReceiptRefused):
            check_result(said, result_digest(rows, pages))


@pytest.mark.parametrize("pages", [[], [2], [2, 2], [2, 1, 1], [3, 0], [0, 3], [2, 1, 0], [4]])
def test_page_sizes_that_do_not_fit_the_rows_are_refused(pages: list[int]) -> None:
    with pytest.raises(ReceiptRefused, match="rows than its pages had"):
        result_digest(ROWS, pages)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), max_size=5))
def test_a_digest_is_that_of_the_pages_as_they_came(pages: list[list[int]]) -> None:
    digest = ""
    for page in pages:
        digest = chained(digest, b"[" + b",".join(b"[%d]" % row for row in page) + b"]")

    assert result_digest([b"[%d]" % row for page in pages for row in page], [len(page) for page in pages]) == digest


def proof(index: int, signer: Signer = SIGNER) -> str:
    """A proof of a record in a log of four."""
    leaves = [leaf_hash(b"0"), leaf_hash(b"1"), held(DECISION, 2)[1].leaf, held(OUTCOME, 3)[1].leaf]
    tree, left = Frontier(), Frontier()
    for leaf in leaves:
        tree = tree.add(leaf)
    for leaf in leaves[:2]:
        left = left.add(leaf)
    path = [leaves[5 - index], left.root()] if index in (2, 3) else []
    head = Checkpoint(ORIGIN, 4, tree.root())
    lines = [HEADER, f"index {index}", *(base64.b64encode(each).decode() for each in path)]
    return "\n".join(lines) + f"\n\n{head.text}\n{signer.signature(head.text)}"


@pytest.mark.parametrize(("index", "record"), [(2, "decision"), (3, "outcome")])
def test_its_records_are_proven_to_stand_in_the_log(index: int, record: str) -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)

    found, checkpoint = check_proof(said, proof(index), KEY_OF_RECEIPTS)

    assert (found, checkpoint.size) == (record, 4)
    assert check_proof(said, proof(index).replace("\n", "\nextra AAAA\n", 1), KEY_OF_RECEIPTS)[0] == record


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index 2", "index 3"), ("index 2", "index 1"), ("index 2", "index 02"), (HEADER, "proof"), ("\n\n", "\n"),
        ("index 2\n", "index 2\nAAAA\n"), ("index 2\n", "index 2\n?\n"), ("\n4\n", "\n5\n"), (ORIGIN, "other"),
    ],
)  # fmt: skip
def test_a_proof_that_was_changed_proves_nothing(old: str, new: str) -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)

    with pytest.raises(ReceiptRefused):
        check_proof(said, proof(2).replace(old, new), KEY_OF_RECEIPTS)


def test_a_proof_under_a_strangers_checkpoint_proves_nothing() -> None:
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)
    stranger = replace(SIGNER, private=Ed25519PrivateKey.from_private_bytes(bytes(32)))

    with pytest.raises(ReceiptRefused, match="not signed by"):
        check_proof(said, proof(2, stranger), KEY_OF_RECEIPTS)


def test_a_proof_made_by_the_log_is_taken() -> None:
    """As `portgate audit prove` writes it: with what was read in its `extra`, and under a cosigned checkpoint."""
    said = receipt_in(RECEIPT, KEY_OF_RECEIPTS)
    decision, row = held(DECISION, 2)
    leaves = [leaf_hash(b"0"), leaf_hash(b"1"), row.leaf, held(OUTCOME, 3)[1].leaf]
    tree = Frontier()
    for leaf in leaves:
        tree = tree.add(leaf)

    def subtree(level: int, index: int) -> bytes:
        found = Frontier()
        for leaf in leaves[index << level : (index + 1) << level]:
            found = found.add(leaf)
        return found.root()

    head = Checkpoint(ORIGIN, 4, tree.root())
    witness = Signer("oakland.test/witness", Ed25519PrivateKey.from_private_bytes(bytes(32)), WITNESS)
    note = f"{head.text}\n{SIGNER.signature(head.text)}{witness.signature(head.text, 7)}"
    made = proof_text(2, Disclosure(row.entry, WHOLE, row.line, salt(bytes([2]) * 32, WHOLE)), note, 4, subtree)

    assert decision["query"] == said["query"]
    assert check_proof(said, made, KEY_OF_RECEIPTS) == ("decision", head)
