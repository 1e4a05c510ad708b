"""An issuer's keys over time: they come, they go, they cannot be read, and many ask for them at once."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import HttpUrl

from gateway.adapters.jwks import FRESH_SECONDS, REFETCH_SECONDS, STALE_SECONDS, WAITING_THREADS, KeySet
from gateway.adapters.tokens import TokenReader
from gateway.errors import IdentityUnavailable
from gateway.settings import IssuerSettings
from tests.adapters.minting import OIDC, key_set, sign
from tests.oidc.keys import ALGORITHM, Keys


class _Source:
    """A key set that can change and fail, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reads = 0
        self.body: bytes | None = key_set()
        self.gate = threading.Event()
        self.gate.set()
        self.reading = threading.Event()

    def read(self) -> bytes:
        self.reads += 1
        self.reading.set()
        self.gate.wait()
        if self.body is None:
            raise OSError("unplugged")
        return self.body

    def read_slowly(self) -> bytes:
        time.sleep(0.005)  # so that others come while one reads
        return self.read()

    def clock(self) -> float:
        return self.now


def _jwks_with_two() -> bytes:
    """The same keys, of which one has another name."""
    return key_set().replace(b'"kid": "one"', b'"kid": "two"')


def test_ten_thousand_unknown_keys_cost_one_read_in_ten_seconds() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    keys.find("one", "EdDSA")
    source.now += REFETCH_SECONDS

    found = [keys.find(f"made-up-{n}", "EdDSA") for n in range(10_000)]

    assert not any(found)
    assert source.reads == 2


def test_fifty_rotations_under_load_refuse_no_valid_token() -> None:
    source = _Source()
    issuer = Keys()
    source.body = json.dumps(issuer.published()).encode()
    keys = KeySet(source.read_slowly, source.clock)
    everybody = 8
    together = threading.Barrier(everybody + 1)
    names: list[str] = []
    refused: list[str] = []

    def ask() -> None:
        for _ in range(50):
            together.wait()
            refused.extend(name for name in names[-2:] for _ in range(5) if keys.find(name, ALGORITHM) is None)
            together.wait()

    askers = [threading.Thread(target=ask) for _ in range(everybody)]
    for asker in askers:
        asker.start()
    for _ in range(50):
        names.append(issuer.rotate())
        source.body = json.dumps(issuer.published()).encode()
        source.now += REFETCH_SECONDS
        together.wait()
        together.wait()
    for asker in askers:
        asker.join()

    assert refused == []
    assert source.reads == 50


def test_while_many_wait_for_new_keys_known_ones_are_found_and_the_rest_is_refused_at_once() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    keys.find("one", "EdDSA")
    source.now += REFETCH_SECONDS
    source.gate.clear()
    found: queue.Queue[bool] = queue.Queue()
    threads = [threading.Thread(target=lambda: found.put(keys.find("two", "EdDSA") is not None)) for _ in range(40)]
    threads[0].start()
    source.reading.wait()
    for thread in threads[1:]:
        thread.start()

    at_once = [found.get(timeout=60) for _ in range(40 - 1 - WAITING_THREADS)]
    known = keys.find("one", "EdDSA")
    source.body = _jwks_with_two()
    source.gate.set()
    later = [found.get(timeout=60) for _ in range(1 + WAITING_THREADS)]
    for thread in threads:
        thread.join()

    assert known is not None
    assert not any(at_once)
    assert all(later)
    assert source.reads == 2


def test_a_rotation_hidden_behind_made_up_names_is_seen_within_ten_seconds() -> None:
    source = _Source()
    issuer = Keys()
    source.body = json.dumps(issuer.published()).encode()
    keys = KeySet(source.read, source.clock)
    for turn in range(20):
        name = issuer.rotate()
        source.body = json.dumps(issuer.published()).encode()
        for step in range(100):
            source.now += REFETCH_SECONDS / 100
            keys.find(f"made-up-{turn}-{step}", ALGORITHM)
        assert keys.find(name, ALGORITHM) is not None

    assert source.reads <= 21


def test_a_new_key_is_found_without_waiting_for_the_old_set_to_age() -> None:
    source = _Source()
    source.body = b'{"keys": []}'
    keys = KeySet(source.read, source.clock)
    assert keys.find("one", "EdDSA") is None

    source.body = key_set()
    source.now += REFETCH_SECONDS

    assert keys.find("one", "EdDSA") is not None


def test_a_key_that_was_taken_back_stops_working_when_the_set_has_aged() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    assert keys.find("one", "EdDSA") is not None

    source.body = b'{"keys": []}'
    source.now += FRESH_SECONDS + 1

    assert keys.find("one", "EdDSA") is None


def test_an_outage_of_the_issuer_is_bridged_for_an_hour_and_no_longer() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    keys.find("one", "EdDSA")
    source.body = None

    source.now += STALE_SECONDS - 1
    assert keys.find("one", "EdDSA") is not None
    source.now += 2
    with pytest.raises(IdentityUnavailable):
        keys.find("one", "EdDSA")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"keys": 1}', b"<html>", b"[" * 100_000, b"\xff"])
def test_a_key_set_that_is_none_lets_nobody_in(body: bytes) -> None:
    source = _Source()
    source.body = body

    with pytest.raises(IdentityUnavailable):
        KeySet(source.read, source.clock).find("one", "EdDSA")


class Answers(BaseHTTPRequestHandler):
    """Serves whatever its server holds under /jwks, and a redirect to it under /moved."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/jwks")
            self.end_headers()
            return
        body: bytes = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def served() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.body = key_set()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _reader_at(server: ThreadingHTTPServer, path: str) -> TokenReader:
    url = HttpUrl(f"http://127.0.0.1:{server.server_address[1]}{path}")
    return TokenReader([IssuerSettings(issuer=OIDC, jwks_url=url)])


def test_keys_come_from_the_issuers_address(served: ThreadingHTTPServer) -> None:
    assert _reader_at(served, "/jwks").identify(sign()).id == "gobiz-analyst"


def test_a_redirect_of_the_key_set_is_not_followed(served: ThreadingHTTPServer) -> None:
    with pytest.raises(IdentityUnavailable):
        _reader_at(served, "/moved").identify(sign())


def test_an_endless_key_set_is_not_read_to_its_end(served: ThreadingHTTPServer) -> None:
    served.body = b" " * 3_000_000 + key_set()  # type: ignore[attr-defined]

    with pytest.raises(IdentityUnavailable):
        _reader_at(served, "/jwks").identify(sign())
