"""Go's golang.org/x/mod/sumdb and we make the same trees, proofs, tiles and notes, and refuse the same."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence

import pytest

from gateway.audit.note import LOG, WITNESS, NoteRefused, Signer, Verifier, signers_of, verifier_at
from gateway.audit.tiles import Tile, tiles_of
from gateway.audit.tree import consistency_proof, inclusion_proof
from tests.audit.logs import SIGNER
from tests.audit.mutating import (
    MOST,
    SUBTREES,
    WITNESS_SIGNER,
    Consistency,
    Inclusion,
    mutated,
    mutated_consistencies,
    mutated_inclusions,
    root,
    some_texts,
    subtree,
)
from tests.audit.sumdb import ask
from tests.audit.test_note import EXAMPLE, EXAMPLE_KEY, PETER, PETER_KEY

SIZES = range(MOST)
ENTRIES = [f"leaf {base64.b64encode(b'record %d' % number).decode()}" for number in range(MOST)]
CLAIMS = 4_000
LARGEST = 1 << 20
"""Of trees far larger than a proof is long Go takes minutes to say no."""


def asked(lines: Sequence[str]) -> list[str]:
    """Answers to questions about the tree of all entries."""
    return ask([*ENTRIES, *lines])[len(ENTRIES) :]


def hexes(hashes: Sequence[bytes]) -> str:
    return " ".join(each.hex() for each in hashes)


def test_each_root_is_the_same() -> None:
    assert asked([f"root {size}" for size in SIZES]) == [root(size).hex() for size in SIZES]


def test_each_proof_is_the_same() -> None:
    chance = random.Random(5)  # noqa: S311
    questions, ours = [], []
    for size in SIZES[1:]:
        for index in {0, size - 1, *(chance.randrange(size) for _ in range(3))}:
            questions.append(f"inclusion {size} {index}")
            ours.append(hexes(inclusion_proof(index, size, SUBTREES)))
        for old in {1, size, *(chance.randint(1, size) for _ in range(3))}:
            questions.append(f"consistency {size} {old}")
            ours.append(hexes(consistency_proof(old, size, SUBTREES)))

    assert asked(questions) == ours
    assert len(ours) > 9_000


def test_each_tile_is_the_same() -> None:
    tiles = tiles_of(MOST)

    def ours(tile: Tile) -> str:
        level = tile.level or 0
        return b"".join(subtree(8 * level, tile.number * 256 + at) for at in range(tile.width)).hex()

    found = [(f"tile {tile.level} {tile.number} {tile.width}", ours(tile)) for tile in tiles]
    assert asked([question for question, _ in found]) == [said for _, said in found]


def test_changed_proofs_are_judged_alike() -> None:
    claims = [claim for claim in mutated_inclusions(CLAIMS, 3) if _has_form(claim.proof, claim.leaf, claim.root)]
    more = [claim for claim in mutated_consistencies(CLAIMS, 4) if _has_form(claim.proof, claim.old_root, claim.root)]
    # an empty tree is the beginning of each tree to RFC 9162, and no tree to Go
    more = [claim for claim in more if claim.old > 0 and 0 < claim.size <= LARGEST]
    claims = [claim for claim in claims if claim.size <= LARGEST]
    both: list[Inclusion | Consistency] = [*claims, *more]
    answers = [said == "ok" for said in asked([*map(_includes, claims), *map(_consistent, more)])]

    assert answers == [claim.holds() for claim in both]
    assert 0 < sum(answers) < len(answers)


def _has_form(proof: Sequence[bytes], *hashes: bytes) -> bool:
    return all(len(each) == 32 for each in (*proof, *hashes))


def _includes(claim: Inclusion) -> str:
    head = f"includes {claim.size} {claim.root.hex()} {claim.index} {claim.leaf.hex()}"
    return " ".join([head, *(each.hex() for each in claim.proof)])


def _consistent(claim: Consistency) -> str:
    head = f"consistent {claim.size} {claim.root.hex()} {claim.old} {claim.old_root.hex()}"
    return " ".join([head, *(each.hex() for each in claim.proof)])


def _base(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


@pytest.mark.parametrize(("key", "note"), [(EXAMPLE_KEY, EXAMPLE), (PETER_KEY, PETER)])
def test_notes_of_others_are_opened_alike(key: str, note: str) -> None:
    text, signed = signers_of(note, [verifier_at(key)])

    assert ask([f"note {_base(note)} {key}"]) == [f"{_base(text)} {next(iter(signed)).name}"]


def test_a_cosigned_checkpoint_is_opened_alike() -> None:
    note, _ = some_texts()

    [said] = ask([f"note {_base(note)} {SIGNER.verifier} {WITNESS_SIGNER.verifier}"])

    assert said.split(" ")[1:] == [SIGNER.name, WITNESS_SIGNER.name]


def test_what_go_has_signed_is_verified() -> None:
    verifier = SIGNER.verifier
    secret = bytes([LOG]) + SIGNER.private.private_bytes_raw()
    key = f"PRIVATE+KEY+{SIGNER.name}+{verifier.id.hex()}+{base64.b64encode(secret).decode()}"
    text = "some text\n\nof three lines\n"

    [signed] = ask([f"sign {_base(text)} {key}"])

    note = base64.b64decode(signed).decode()
    assert signers_of(note, [verifier]) == (text, {verifier: 0})
    assert note == f"{text}\n{SIGNER.signature(text)}"


def test_no_changed_note_is_opened_by_us_and_refused_by_go() -> None:
    """Go takes more: two signatures of one key, and Base64 in other spellings."""
    chance = random.Random(9)  # noqa: S311
    note, _ = some_texts()
    keys = [SIGNER.verifier, WITNESS_SIGNER.verifier]
    changed = [mutated(note, chance) for _ in range(CLAIMS)]
    said = ask([f"note {_base(each)} {keys[0]} {keys[1]}" for each in changed])

    for text, theirs in zip(changed, said, strict=True):
        ours = _opened(text, keys)
        if ours is not None:
            assert theirs.split(" ") == ours, text


def _opened(note: str, keys: Sequence[Verifier]) -> list[str] | None:
    try:
        text, signed = signers_of(note, keys)
    except NoteRefused:
        return None
    return [_base(text), *(each.name for each in signed)] if signed else None


def test_a_witness_key_is_read_alike() -> None:
    assert Signer(WITNESS_SIGNER.name, WITNESS_SIGNER.private, WITNESS).verifier == verifier_at(
        str(WITNESS_SIGNER.verifier)
    )
