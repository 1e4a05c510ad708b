"""What `portgate up` writes for the ports' witnesses is what witnesses and gateway read."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import jwt
import pytest
from pydantic import ValidationError

from gateway.adapters.issuer import make_issuer
from gateway.adapters.witness_protocol import witness_of
from gateway.settings import AuditSettings
from stack import witnessing
from stack.faults import TcpPortTaken
from stack.layout import LOG_ORIGIN, NAMES, PORTS, Home
from stack.lifecycle import check_free
from stack.parts import addresses, describe_witness
from stack.settings import StackSettings, TcpPorts
from tests.conftest import CHECKOUT
from tests.edge.over_tls import free_socket
from witness.config import read_config

SETTINGS = StackSettings(as_of=date(2026, 11, 25), tcp=TcpPorts(witness=9350))


@pytest.fixture
def made(home: Home) -> Home:
    """A stack's folder with an issuer."""
    home.make()
    make_issuer(home.identity)
    return home


@pytest.mark.parametrize("port", PORTS)
def test_a_witness_can_read_its_settings_and_the_gateway_knows_its_key(made: Home, port: str) -> None:
    witnessing.configure(made, SETTINGS, port)

    config = read_config(made.witness(port) / "witness.toml")
    told = AuditSettings.model_validate(
        {"file": "a", "origin": LOG_ORIGIN, "key_file": "k", **witnessing.gateway_settings(made, SETTINGS)}
    )
    [mine] = [witness_of(each) for each in told.witnesses if each.port == port]
    assert (str(mine.verifier), mine.url) == (str(config.cosigner.key), f"http://127.0.0.1:{config.address[1]}")
    assert config.origin == LOG_ORIGIN
    assert config.folder == made.witness(port) / "data"
    assert len(config.peers) == 4
    assert mine.url not in config.peers
    assert (config.reads is not None) == (port == "long_beach")


def test_what_is_there_is_kept_and_a_token_is_made_anew(made: Home) -> None:
    first = witnessing.configure(made, SETTINGS, "oakland")
    folder = made.witness("oakland")
    key, token = (folder / "key.pem").read_bytes(), (folder / "token").read_bytes()

    assert witnessing.configure(made, SETTINGS, "oakland") == first, "a token alone starts no witness anew"
    assert (folder / "key.pem").read_bytes() == key
    assert (folder / "token").read_bytes() != token
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir() if file.is_file()} == {0}


def test_a_witnesses_token_says_witness_of_its_port_and_nothing_more(made: Home) -> None:
    words = [sys.executable, "-m", "stack.witnessing", str(made.root), "oakland"]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60)

    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert (claims["roles"], claims["attributes"], claims["purposes"]) == (["witness"], {"port": "oakland"}, [])
    assert claims["organisation"] == "port_of_oakland_witness"


def test_fewer_ports_have_fewer_witnesses_and_a_quorum_that_can_be(made: Home) -> None:
    two = SETTINGS.model_copy(update={"ports": ("oakland", "hueneme")})
    told = witnessing.gateway_settings(made, two)

    assert (told["quorum"], len(list(told["witnesses"]))) == (2, 2)  # type: ignore[call-overload]


def test_the_tcp_ports_of_all_five_are_checked() -> None:
    with pytest.raises(ValidationError, match="TCP port 9252 is given to two parts"):
        TcpPorts(witness=9250, opa=9252)
    with pytest.raises(ValidationError):
        TcpPorts(witness=65533)
    assert set(addresses(TcpPorts())) == set(NAMES)


def test_a_taken_tcp_port_is_told_with_the_option_that_chooses_others(made: Home) -> None:
    with free_socket() as taken:
        number = taken.getsockname()[1]
        settings = SETTINGS.model_copy(update={"tcp": TcpPorts(witness=number - 2)})
        with pytest.raises(TcpPortTaken) as told:
            check_free(describe_witness(made, settings, "oakland"))

    assert f"witness-oakland cannot listen on TCP port {number}" in told.value.message
    assert "--witness-port" in told.value.mend
