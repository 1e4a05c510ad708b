"""Signed notes: what others have signed is read, and what was changed is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.note import (
    LOG,
    WITNESS,
    Checkpoint,
    NoteRefused,
    Signer,
    checkpoint_in,
    signatures_of,
    signers_of,
    verifier_at,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
"""Key and note from c2sp.org/signed-note."""
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""Key and note from the documentation of golang.org/x/mod/sumdb/note."""

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_SIGNER = Signer("log.portgate.test/audit", KEY)
PORT_SIGNER = Signer("oakland.test/witness", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))), WITNESS)
HEAD = Checkpoint(LOG_SIGNER.name, 20852163, bytes(range(32)))


def cosigned() -> str:
    return f"{HEAD.text}\n{LOG_SIGNER.signature(HEAD.text)}{PORT_SIGNER.signature(HEAD.text, 1_679_315_147)}"


@pytest.mark.parametrize(("key", "note"), [(EXAMPLE_KEY, EXAMPLE), (PETER_KEY, PETER)])
def test_what_others_have_signed_is_verified(key: str, note: str) -> None:
    verifier = verifier_at(key)

    assert str(verifier) == key
    assert signers_of(note, [verifier]) == (note.partition("\n\n")[0] + "\n", {verifier: 0})


def test_a_checkpoint_tells_who_signed_it_and_when() -> None:
    log, port = LOG_SIGNER.verifier, PORT_SIGNER.verifier

    text, signed = signers_of(cosigned(), [port, log])

    assert signed == {log: 0, port: 1_679_315_147}
    assert checkpoint_in(text) == HEAD
    assert (log.kind, port.kind) == (LOG, WITNESS)


def test_a_signature_of_an_unknown_key_says_nothing() -> None:
    stranger = Signer("stranger.test", Ed25519PrivateKey.generate())

    _, signed = signers_of(cosigned() + stranger.signature("another text"), [LOG_SIGNER.verifier])

    assert list(signed) == [LOG_SIGNER.verifier]


def test_a_logs_signature_is_no_cosignature() -> None:
    as_witness = Signer(LOG_SIGNER.name, KEY, WITNESS).verifier

    assert signers_of(f"{HEAD.text}\n{LOG_SIGNER.signature(HEAD.text)}", [as_witness])[1] == {}


@given(st.data())
def test_whatever_is_changed_in_a_note_is_noticed(data: st.DataObject) -> None:
    note = cosigned()
    known = [LOG_SIGNER.verifier, PORT_SIGNER.verifier]
    at = data.draw(st.integers(0, len(note) - 1))
    put = data.draw(st.sampled_from(["", "a", "0", "\n", " ", "+", "=", "—", "x\n", "\n\n", "\r", "\0", note[at] * 2]))
    changed = note[:at] + put + note[at + 1 :]

    try:
        text, signed = signers_of(changed, known)
    except NoteRefused:
        return
    assert changed == note or len(signed) < 2
    assert changed == note or text == HEAD.text or not signed


@pytest.mark.parametrize(
    "note",
    [
        "", "text", "text\n", "text\n\n", "text\n\n\n", "text\n\n- a AAAAAAAA\n", "text\n\n— a AAAA\n", "text\n\n— a\n",
        "text\n\n— a b AAAAAAAA\n", "text\n\n— a AAAAAAAA", "text\n\n— a+b AAAAAAAA\n", "text\n\n—  AAAAAAAA\n",
        "te\txt\n\n— a AAAAAAAA\n", "te\ud800xt\n\n— a AAAAAAAA\n", "text\n\n— a AAAAAAA\n", "text\n\n— a AAAAAAAB=\n",
        "text\n\n" + "— a AAAAAAAA\n" * 65,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        signatures_of(note)


@pytest.mark.parametrize(
    "key",
    [
        "", "name", "a+b", "a+530d903a+AAAA", EXAMPLE_KEY[:-1], EXAMPLE_KEY.replace("530d", "530e"),
        EXAMPLE_KEY.replace("example", "exa mple"), EXAMPLE_KEY.replace("+A", "+B"), "+" + EXAMPLE_KEY,
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(NoteRefused):
        verifier_at(key)


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n1\n", HEAD.text + "more\n", HEAD.text[:-1], HEAD.text.replace("\n2", "\n02"),
        HEAD.text.replace("\n2", "\n-2"),
        HEAD.text.replace("\n2", "\n٢"), "a\n1\nAAAA\n", HEAD.text.replace(LOG_SIGNER.name, ""),
        HEAD.text.replace("20852163", "9" * 20), HEAD.text.replace("20852163", ""),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        checkpoint_in(text)
