"""Proofs, checkpoints and notes, changed in every way that a forger or a bad line may change them."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.note import WITNESS, Checkpoint, NoteRefused, Signer, checkpoint_in, signers_of
from gateway.audit.tree import (
    Frontier,
    Subtree,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    node_hash,
)
from gateway.audit.views import WHOLE, commitment
from gateway.checking.proofs import NotProven, opened, proof_text, whole
from tests.audit.logs import SIGNER

MOST = 1_025
LEAVES = tuple(leaf_hash(b"record %d" % number) for number in range(MOST))
WITNESS_SIGNER = Signer("oakland.test/witness", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))), WITNESS)


@cache
def subtree(level: int, index: int) -> bytes:
    if level == 0:
        return LEAVES[index]
    return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))


@cache
def root(size: int) -> bytes:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree = tree.add(leaf)
    return tree.root()


SUBTREES: Subtree = subtree


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What `includes` is asked."""

    leaf: bytes
    index: int
    size: int
    proof: tuple[bytes, ...]
    root: bytes

    def holds(self) -> bool:
        return includes(self.leaf, self.index, self.size, self.proof, self.root)

    @property
    def is_true(self) -> bool:
        """Say whether it is so, whatever the proof.

        Size and root are signed together. Of a root with another size than its own no proof is asked, and RFC 9162
        promises nothing: what proves record 74 of 75 fits record 73 of 74.
        """
        size = sizes_of().get(self.root, 0)
        return size > 0 and (size != self.size or (0 <= self.index < size and LEAVES[self.index] == self.leaf))


@dataclass(frozen=True, slots=True)
class Consistency:
    """What `is_consistent` is asked."""

    old: int
    old_root: bytes
    size: int
    root: bytes
    proof: tuple[bytes, ...]

    def holds(self) -> bool:
        return is_consistent(self.old, self.old_root, self.size, self.root, self.proof)

    @property
    def is_true(self) -> bool:
        """Say whether the tree with the one root is a beginning of the tree with the other; an empty one is of any."""
        return self.old_root == root(0) or sizes_of().get(self.old_root, MOST + 1) <= sizes_of().get(self.root, -1)


@cache
def sizes_of() -> dict[bytes, int]:
    """Root -> how many leaves it is over."""
    return {root(size): size for size in range(MOST + 1)}


def inclusion(size: int, index: int) -> Inclusion:
    return Inclusion(LEAVES[index], index, size, inclusion_proof(index, size, SUBTREES), root(size))


def consistency(old: int, size: int) -> Consistency:
    return Consistency(old, root(old), size, root(size), consistency_proof(old, size, SUBTREES))


def mutated_inclusions(count: int, seed: int) -> Iterator[Inclusion]:
    """Claims near true ones: each with one or two things changed."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    for _ in range(count):
        size = chance.randint(1, MOST)
        claim = inclusion(size, chance.randrange(size))
        for _ in range(chance.randint(1, 2)):
            what = chance.randrange(5)
            claim = Inclusion(
                _hash(claim.leaf, chance) if what == 0 else claim.leaf,
                _number(claim.index, chance) if what == 1 else claim.index,
                _number(claim.size, chance) if what == 2 else claim.size,
                _proof(claim.proof, chance) if what == 3 else claim.proof,
                _hash(claim.root, chance) if what == 4 else claim.root,
            )
        yield claim


def mutated_consistencies(count: int, seed: int) -> Iterator[Consistency]:
    """Claims near true ones: each with one or two things changed."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    for _ in range(count):
        size = chance.randint(1, MOST)
        claim = consistency(chance.randint(0, size), size)
        for _ in range(chance.randint(1, 2)):
            what = chance.randrange(5)
            claim = Consistency(
                _number(claim.old, chance) if what == 0 else claim.old,
                _hash(claim.old_root, chance) if what == 1 else claim.old_root,
                _number(claim.size, chance) if what == 2 else claim.size,
                _hash(claim.root, chance) if what == 3 else claim.root,
                _proof(claim.proof, chance) if what == 4 else claim.proof,
            )
        yield claim


def _hash(value: bytes, chance: random.Random) -> bytes:
    how = chance.randrange(5)
    if how == 0 or not value:
        return LEAVES[chance.randrange(MOST)]
    if how == 1:
        return root(chance.randint(0, MOST))
    if how == 2:
        return value[: chance.randrange(len(value))]
    bit = chance.randrange(len(value) * 8)
    data = bytearray(value)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def _number(value: int, chance: random.Random) -> int:
    how = chance.randrange(4)
    if how == 0:
        return value + chance.choice((-1, 1))
    if how == 1:
        return value ^ 1 << chance.randrange(11)
    return chance.choice((0, -1, 1 << 62, MOST)) if how == 2 else chance.randint(0, MOST)


def _proof(proof: Sequence[bytes], chance: random.Random) -> tuple[bytes, ...]:
    hashes = list(proof)
    at = chance.randrange(len(hashes) + 1)
    how = chance.randrange(5)
    if how == 0 or not hashes:
        hashes.insert(at, LEAVES[chance.randrange(MOST)])
    elif how == 1:
        del hashes[at - 1]
    elif how == 2:
        hashes[at - 1] = _hash(hashes[at - 1], chance)
    elif how == 3:
        hashes[at - 1], hashes[0] = hashes[0], hashes[at - 1]
    else:
        hashes.insert(at, hashes[at - 1])
    return tuple(hashes)


# --- texts ----------------------------------------------------------------------------------------------------------

ENTRY_INDEX, TREE = 5, 9


def some_texts() -> tuple[str, str]:
    """A cosigned checkpoint, and a proof of a record under it."""
    line = b'{"concerns":[],"index":5,"kind":"x"}'
    salt = bytes(range(32))
    entry = b'{"' + WHOLE.encode() + b'":"' + commitment(salt, line).encode() + b'"}'
    leaves = [*LEAVES[:ENTRY_INDEX], leaf_hash(entry), *LEAVES[ENTRY_INDEX + 1 : TREE]]

    def sub(level: int, index: int) -> bytes:
        return leaves[index] if level == 0 else node_hash(sub(level - 1, 2 * index), sub(level - 1, 2 * index + 1))

    tree = Frontier()
    for leaf in leaves:
        tree = tree.add(leaf)
    text = Checkpoint(SIGNER.name, TREE, tree.root()).text
    note = f"{text}\n{SIGNER.signature(text)}{WITNESS_SIGNER.signature(text, 1_700_000_000)}"
    return note, proof_text(ENTRY_INDEX, whole(entry, line, salt), note, TREE, sub)


PUT_IN = ("\n", "\n\n", "— ", "=", "+", "\r", "\0", "A", "9", "é", "\ud800", " ")


def mutated(text: str, chance: random.Random) -> str:
    """A text with one to three things changed."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        how = chance.randrange(7)
        if how == 0:
            text = (
                text[:at] + chr(ord(text[at]) ^ 1 << chance.randrange(8)) + text[at + 1 :] if at < len(text) else text
            )
        elif how == 1:
            text = text[:at] + text[at + chance.randint(1, 40) :]
        elif how == 2:
            text = (
                text[:at]
                + chance.choice(("\n", "\n\n", "— ", "=", "+", "\r", "\0", "A", "9", "é", "\ud800", " "))
                + text[at:]
            )
        elif how == 3:
            text = text[:at]
        else:
            lines = text.split("\n")
            text = "\n".join(_lines(lines, chance, how))
    return text


def _lines(lines: list[str], chance: random.Random, how: int) -> list[str]:
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    if how == 4:
        lines[one], lines[two] = lines[two], lines[one]
    elif how == 5:
        lines.insert(one, lines[two])
    else:
        data = base64.b64encode(chance.randbytes(chance.choice((1, 32, 72, 76)))).decode()
        lines[one] = lines[one].rpartition(" ")[0] + (" " if " " in lines[one] else "") + data
    return lines


def accepted_note(text: str) -> Checkpoint | None:
    """The checkpoint in a note that the log and the witness have signed; None if it is refused."""
    keys = (SIGNER.verifier, WITNESS_SIGNER.verifier)
    try:
        body, signed = signers_of(text, keys)
        return checkpoint_in(body) if len(signed) == len(keys) else None
    except NoteRefused:
        return None


def accepted_proof(text: str) -> tuple[int, bytes] | None:
    """Index and record of a proof; None if it is refused."""
    try:
        proved = opened(text, SIGNER.verifier, (WITNESS_SIGNER.verifier,))
    except NotProven:
        return None
    return proved.index, proved.read


def false_accepts(count: int, seed: int) -> list[object]:
    """Change so many claims and texts, a quarter of each kind; return what was taken that is not so."""
    share = count // 4
    wrong: list[object] = [claim for claim in mutated_inclusions(share, seed) if claim.holds() and not claim.is_true]
    wrong += [claim for claim in mutated_consistencies(share, seed + 1) if claim.holds() and not claim.is_true]
    chance = random.Random(seed + 2)  # noqa: S311 - the same each time
    note, proof = some_texts()
    checkpoint, proved = accepted_note(note), accepted_proof(proof)
    assert checkpoint is not None
    assert proved is not None
    for _ in range(share):
        changed = mutated(note, chance)
        if accepted_note(changed) not in (None, checkpoint):
            wrong.append(changed)
    for _ in range(share):
        changed = mutated(proof, chance)
        if accepted_proof(changed) not in (None, proved):
            wrong.append(changed)
    return wrong
