"""No changed proof, checkpoint or note is taken for what it is not; each is answered, and none stops the checker."""

from __future__ import annotations

import base64

import orjson
import pytest

from gateway.audit.views import commitment
from gateway.checking.proofs import NotProven, opened
from tests.audit.logs import SIGNER
from tests.audit.mutating import (
    MOST,
    WITNESS_SIGNER,
    accepted_note,
    accepted_proof,
    consistency,
    false_accepts,
    inclusion,
    some_texts,
)


def test_what_is_true_is_proved() -> None:
    note, proof = some_texts()

    assert accepted_note(note) is not None
    assert accepted_proof(proof) == (5, b'{"concerns":[],"index":5,"kind":"x"}')
    assert all(inclusion(size, size // 2).holds() for size in range(1, MOST, 7))
    assert all(consistency(size // 2, size).holds() for size in range(1, MOST, 7))
    assert opened(proof, SIGNER.verifier, [WITNESS_SIGNER.verifier]).cosigners == {WITNESS_SIGNER.name: 1_700_000_000}


def test_nothing_changed_is_taken_for_true() -> None:
    assert false_accepts(20_000, 1) == []


def test_bytes_that_go_over_from_the_record_to_the_salt_prove_nothing() -> None:
    """The value would be the same, and the record another one, or none."""
    _, proof = some_texts()
    lines = proof.split("\n")
    extra = orjson.loads(base64.b64decode(lines[1].removeprefix("extra ")))
    whole_salt = base64.b64decode(extra["salt"]) + extra["read"].encode()
    forged = {**extra, "salt": base64.b64encode(whole_salt).decode(), "read": ""}
    lines[1] = "extra " + base64.b64encode(orjson.dumps(forged)).decode()

    assert commitment(whole_salt, b"") in extra["entry"]
    with pytest.raises(NotProven, match="commits to"):
        opened("\n".join(lines), SIGNER.verifier)
