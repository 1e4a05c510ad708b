"""What the stack tells OPA and the gateway about bundles: whose key signs what, and where bundles are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gateway.policy.bundle import LIBRARY, read_library
from gateway.policy.signature import public_key
from gateway.settings import read_settings
from stack import front, policy, publishing
from stack.keys import bundle_key_file, make_bundle_keys, make_keys, public_bundle_key_file
from stack.layout import Home
from stack.settings import PORTS, StackSettings

SETTINGS = StackSettings(as_of=date(2026, 11, 25))
NAMES = (LIBRARY, *PORTS)


@pytest.fixture
def keyed(home: Home) -> Home:
    make_bundle_keys(home, NAMES)
    return home


def test_opa_verifies_each_bundle_with_its_own_key_for_its_own_root_and_asks_every_second(keyed: Home) -> None:
    policy.configure(keyed, SETTINGS)
    said = json.loads(keyed.opa_settings.read_text())

    assert set(said) == {"services", "keys", "bundles"}
    assert {name: (key["algorithm"], key["scope"]) for name, key in said["keys"].items()} == {
        "gateway": ("ES256", "gateway"),
        **{port: ("ES256", f"ports/{port}") for port in PORTS},
    }
    assert len({key["key"] for key in said["keys"].values()}) == len(NAMES)
    assert said["bundles"]["oakland"] == {
        "service": "gateway",
        "resource": "oakland.tar.gz",
        "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1, "long_polling_timeout_seconds": 1},
        "signing": {"keyid": "oakland", "scope": "ports/oakland"},
    }
    assert set(said["bundles"]) == set(NAMES)


def test_opa_reads_bundles_where_the_gateway_serves_them(keyed: Home) -> None:
    make_keys(keyed)
    policy.configure(keyed, SETTINGS)
    front.configure(keyed, SETTINGS, Path("/bin/opa"))
    settings = read_settings(keyed.gateway_settings)

    secret = settings.policy.secret_file.read_text().strip()
    assert json.loads(keyed.opa_settings.read_text())["services"] == {
        "gateway": {
            "url": f"http://{settings.wall.host}:{settings.wall.tcp_port}/bundles",
            "credentials": {"bearer": {"token": secret}},
        }
    }
    assert len(secret) == 64
    assert settings.policy.opa_binary == Path("/bin/opa")
    assert secret != settings.wall.secret_file.read_text().strip()


def test_private_keys_are_readable_by_their_owner_only_and_are_kept(keyed: Home) -> None:
    before = {name: bundle_key_file(keyed, name).read_bytes() for name in NAMES}

    make_bundle_keys(keyed, NAMES)

    assert {name: bundle_key_file(keyed, name).read_bytes() for name in NAMES} == before
    files = [*(bundle_key_file(keyed, name) for name in NAMES)]
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_the_library_is_signed_once_for_as_long_as_its_rules_stay(keyed: Home) -> None:
    first = publishing.make_library(keyed)
    packed = keyed.library.read_bytes()

    again = publishing.make_library(keyed)

    bundle = read_library(packed, public_key(public_bundle_key_file(keyed, LIBRARY).read_bytes()))
    assert (again, keyed.library.read_bytes(), bundle.revision) == (first, packed, first)
    assert "gateway/access/access.rego" in bundle.files
    assert not [name for name in bundle.files if name.endswith("_test.rego")]


def test_every_port_has_a_steward_among_the_demo_partners() -> None:
    assert {port: publishing.steward_of(port) for port in PORTS} == {
        "los_angeles": "los-angeles-steward",
        "long_beach": "long-beach-steward",
        "oakland": "oakland-steward",
        "hueneme": "hueneme-steward",
        "san_diego": "san-diego-steward",
    }
