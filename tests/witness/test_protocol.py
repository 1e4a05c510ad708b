"""What C2SP tlog-witness demands of a witness, clause by clause, over real HTTP."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.audit.note import NoteRefused, signers_of, verifier_at
from tests.audit.logs import SIGNER
from tests.edge.over_tls import SERVER, Authority
from tests.witness import logs
from tests.witness.logs import COSIGNER, OTHER, Clock, TestLog, alarms, cosigning, post, served
from witness import cosigning as cosigning_module
from witness.folder import put
from witness.note import Unsigned

VERIFIER = verifier_at(str(COSIGNER.key))


@pytest.fixture
def log() -> TestLog:
    return TestLog().grown(300)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with served(cosigning(tmp_path)) as number:
        yield number


def signed_at(log: TestLog, size: int, line: str) -> int:
    """When the witness signed a checkpoint, by the gateway's own reading."""
    _, signed = signers_of(log.note(size) + line, [VERIFIER])
    return signed[VERIFIER]


def test_a_first_checkpoint_is_cosigned_with_the_time(port: int, log: TestLog) -> None:
    status, media_type, line = post(port, log.request(0, 5))

    assert (status, media_type) == (200, "text/plain; charset=utf-8")
    assert line.startswith(f"— {COSIGNER.name} ")
    assert signed_at(log, 5, line) == int(Clock().now)


def test_checkpoints_that_go_on_are_cosigned_one_after_the_other(port: int, log: TestLog) -> None:
    old = 0
    for size in (1, 2, 7, 8, 255, 256, 257, 300):
        status, _, line = post(port, log.request(old, size))
        assert (status, bool(signed_at(log, size, line))) == (200, True)
        old = size


def test_the_same_checkpoint_can_be_cosigned_again(port: int, log: TestLog) -> None:
    assert post(port, log.request(0, 5))[0] == 200
    assert post(port, log.request(5, 5))[0] == 200


def test_another_old_size_is_409_with_the_size_that_was_cosigned(port: int, log: TestLog) -> None:
    post(port, log.request(0, 5))

    assert post(port, log.request(0, 9)) == (409, "text/x.tlog.size", "5\n")
    assert post(port, log.request(3, 9)) == (409, "text/x.tlog.size", "5\n")
    assert post(port, log.request(9, 9)) == (409, "text/x.tlog.size", "5\n")


def test_to_a_witness_that_never_cosigned_the_size_is_zero(port: int, log: TestLog) -> None:
    assert post(port, log.request(4, 9)) == (409, "text/x.tlog.size", "0\n")


def test_an_old_size_beyond_the_checkpoint_is_400(port: int, log: TestLog) -> None:
    assert post(port, log.request(9, 5, proof=[]))[0] == 400


def test_an_unknown_origin_is_404(port: int, log: TestLog) -> None:
    body = log.request(0, 5).replace(b"portgate.test/audit\n5", b"other.test/log\n5")

    assert post(port, body)[0] == 404


def test_a_signature_of_another_key_alone_is_403(port: int) -> None:
    assert post(port, TestLog(signer=OTHER).grown(5).request(0))[0] == 403


def test_a_wrong_signature_of_the_known_key_is_403(port: int, log: TestLog) -> None:
    right, wrong = log.note(5), log.note(6)
    body = f"old 0\n\n{right.rpartition(chr(10) * 2)[0]}\n\n{wrong.rpartition(chr(10) * 2)[2]}".encode()

    assert post(port, body)[0] == 403


def test_signatures_of_unknown_keys_beside_the_logs_are_ignored(port: int, log: TestLog) -> None:
    more = OTHER.signature(log.note(5).rpartition("\n\n")[0] + "\n")

    assert post(port, log.request(0, 5) + more.encode())[0] == 200


def test_a_proof_that_does_not_hold_is_422(port: int, log: TestLog, tmp_path: Path) -> None:
    post(port, log.request(0, 5))

    assert post(port, log.request(5, 9, proof=[b"x" * 32]))[0] == 422
    assert post(port, log.request(5, 9, proof=[]))[0] == 422
    assert post(port, log.request(5, 9)[:-1] + b"\n")[0] == 200
    assert alarms(tmp_path) == ["unproven"]


def test_a_proof_from_nothing_is_422(port: int, log: TestLog) -> None:
    assert post(port, log.request(0, 5, proof=[b"x" * 32]))[0] == 422


def test_an_empty_tree_has_the_empty_root_or_is_422(port: int, log: TestLog) -> None:
    wrong = f"old 0\n\n{log.note(0, root=b'x' * 32)}".encode()

    assert post(port, wrong)[0] == 422
    assert post(port, log.request(0, 0))[0] == 200


def test_another_root_of_the_same_size_is_422_and_a_fork(port: int, log: TestLog, tmp_path: Path) -> None:
    post(port, log.request(0, 5))

    assert post(port, TestLog().grown(5, seed=b"t" * 32).request(5))[0] == 422
    assert alarms(tmp_path) == ["fork"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[4:],
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old  0"),
        lambda body: body.replace(b"old 0", b"old -1"),
        lambda body: body.replace(b"old 0", b"old \xd9\xa1"),
        lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\nnot base64\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\r\n"),
        lambda body: body.replace(b"\n5\n", b"\n05\n"),
        lambda body: body.rstrip(b"\n"),
        lambda body: body.partition("—".encode())[0],
        lambda body: b"\xff" + body,
        lambda body: b"",
        lambda body: body.replace(b"old 0\n", b"old 0\n" + base64.b64encode(b"h" * 32) + b"\n" * 1 + b"", 1)[:40],
    ],
)
def test_what_is_malformed_is_400(port: int, log: TestLog, spoil: object) -> None:
    assert callable(spoil)
    assert post(port, spoil(log.request(0, 5)))[0] == 400


def test_more_than_63_lines_of_proof_are_400(port: int, log: TestLog) -> None:
    post(port, log.request(0, 5))

    assert post(port, log.request(5, 9, proof=[b"x" * 32] * 63))[0] == 422
    assert post(port, log.request(5, 9, proof=[b"x" * 32] * 64))[0] == 400


def test_other_addresses_and_bodies_without_end_are_refused(port: int, log: TestLog) -> None:
    assert post(port, log.request(0, 5), "/")[0] == 404
    assert post(port, b"x" * 70_000)[0] == 413
    with socket.create_connection(("127.0.0.1", port), 10) as chunked:
        chunked.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert chunked.recv(100).startswith(b"HTTP/1.1 411 ")


def test_extension_lines_are_signed_along(port: int, log: TestLog) -> None:
    text = log.note(5).rpartition("\n\n")[0] + "\nan extension\n"
    note = f"{text}\n{log.signer.signature(text)}"

    status, _, line = post(port, f"old 0\n\n{note}".encode())

    assert status == 200
    assert signers_of(note + line, [VERIFIER])[1]


def test_monitors_get_the_checkpoint_with_both_signatures(tmp_path: Path, log: TestLog) -> None:
    state = cosigning(tmp_path)
    with served(state) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for _ in range(2):
            connection.request("GET", f"/{state.origin_hash}/checkpoint")
            answer = connection.getresponse()
            note = answer.read().decode()
            if answer.status == 404:
                post(port, log.request(0, 5))
        connection.close()

    assert answer.status == 200
    assert len(signers_of(note, [VERIFIER, log.signer.verifier])[1]) == 2


def test_one_connection_serves_many_requests(port: int, log: TestLog) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for old, size in ((0, 1), (1, 2), (2, 3)):
        connection.request("POST", "/add-checkpoint", log.request(old, size))
        assert connection.getresponse().read()
    held = connection.sock
    connection.request("POST", "/add-checkpoint", log.request(3, 4))

    assert connection.getresponse().status == 200
    assert connection.sock is held
    connection.close()


def test_it_speaks_tls_with_a_certificate(tmp_path: Path, log: TestLog) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("CN=localhost", use=SERVER)
    trust = ssl.create_default_context(cafile=str(authority.file))
    with served(cosigning(tmp_path), (pair.certificate_file, pair.key_file)) as port:
        connection = http.client.HTTPSConnection("localhost", port, context=trust, timeout=10)
        connection.request("POST", "/add-checkpoint", log.request(0, 5))

        assert connection.getresponse().status == 200
        connection.close()


# --- what is durable ------------------------------------------------------------------------------------------------


def test_what_was_cosigned_is_known_after_a_restart(tmp_path: Path, log: TestLog) -> None:
    with served(cosigning(tmp_path)) as port:
        post(port, log.request(0, 5))

    with served(cosigning(tmp_path)) as port:
        assert post(port, log.request(0, 9))[:2] == (409, "text/x.tlog.size")
        assert post(port, log.request(5, 9))[0] == 200


def test_a_crash_before_the_state_is_in_place_leaves_the_old_one_and_no_cosignature(
    tmp_path: Path, log: TestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = cosigning(tmp_path)
    state.answer(log.request(0, 5))

    def crash(*_: object) -> None:
        raise OSError("power is out")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="power"):
            state.answer(log.request(5, 9))

    assert state.latest
    assert state.latest.size == 5
    assert cosigning(tmp_path).answer(log.request(5, 9)).status == 200


def test_after_a_crash_between_writing_and_answering_the_log_is_told_where_to_go_on(
    tmp_path: Path, log: TestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = cosigning(tmp_path)
    state.answer(log.request(0, 5))

    def write_and_crash(file: Path, data: bytes) -> None:
        put(file, data)
        raise OSError("power is out")

    with monkeypatch.context() as patched:
        patched.setattr(cosigning_module, "put", write_and_crash)
        with pytest.raises(OSError, match="power"):
            state.answer(log.request(5, 9))

    again = cosigning(tmp_path)
    assert again.answer(log.request(5, 9)).body == "9\n"
    assert again.answer(log.request(9, 9)).status == 200


def test_the_state_is_on_the_disk_before_the_answer(
    tmp_path: Path, log: TestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    assert cosigning(tmp_path).answer(log.request(0, 5)).status == 200
    assert len(synced) >= 2  # the file and its folder


def test_a_state_that_was_changed_keeps_the_witness_from_starting(tmp_path: Path, log: TestLog) -> None:
    cosigning(tmp_path).answer(log.request(0, 5))
    file = tmp_path / "checkpoint"
    file.write_text(file.read_text().replace("\n5\n", "\n4\n"))

    with pytest.raises(Unsigned):
        cosigning(tmp_path)


def test_of_requests_at_once_one_chain_is_cosigned(tmp_path: Path, log: TestLog) -> None:
    """Each thread tries to go on from 5 to a size of its own: exactly one may."""
    state = cosigning(tmp_path)
    state.answer(log.request(0, 5))
    bodies = [log.request(5, size) for size in range(6, 22)]
    barrier = threading.Barrier(len(bodies))

    def ask(body: bytes) -> int:
        barrier.wait()
        return state.answer(body).status

    with ThreadPoolExecutor(len(bodies)) as pool:
        found = sorted(pool.map(ask, bodies))

    assert found == [200, *[409] * 15]


def test_the_gateway_refuses_a_cosignature_of_another_checkpoint(log: TestLog, port: int) -> None:
    line = post(port, log.request(0, 5))[2]

    with pytest.raises(NoteRefused):
        signers_of(log.note(6) + line, [VERIFIER])


def test_the_key_is_written_as_the_gateway_reads_it() -> None:
    assert str(VERIFIER) == str(COSIGNER.key)
    assert logs.LOG_KEY.id == SIGNER.verifier.id
