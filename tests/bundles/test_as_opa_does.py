"""What we hash, pack and allow is what OPA hashes, loads and has."""

from __future__ import annotations

import json
import subprocess
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.adapters.narrow import CAPABILITIES
from gateway.policy import archive
from gateway.policy.signature import canonical, file_hash
from tests.bundles.signing import KEYS, NARROW

ODD = {
    "words": 'é\u2028\u2029<&>\x7f\x00\x01\b\f\n\r\t"\\/ \U0001f600',
    "é": 1,
    "\U0001f600": 2,
    "\uffff": 3,
    "numbers": [0, -1, 1.5, 0.1, 1e22, 1e-7, 12345678901234567890],
    "rest": [True, False, None, [], {}, ""],
}
FORBIDDEN = ("http.send", "net.", "opa.runtime", "time.now_ns", "rand.", "uuid.", "rego.", "trace", "print", "io.jwt.")


def signed_by_opa(opa: Path, folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    """The hashes that `opa sign` writes for these files."""
    key = folder / "key.pem"
    key.write_bytes(KEYS["oakland"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for name, content in files.items():
        file = folder / "b" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    command = [str(opa), "sign", "--signing-key", str(key), "--signing-alg", "ES256", "--bundle", "b", "-o", "."]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    token = json.loads((folder / ".signatures.json").read_bytes())["signatures"][0].split(".")[1]
    claims = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    return {entry["name"].removeprefix("b/"): entry["hash"] for entry in claims["files"]}


def test_a_file_s_hash_is_the_one_that_opa_makes(opa_binary: Path, tmp_path: Path) -> None:
    files = {
        ".manifest": canonical({"revision": "r", "roots": ["ports/oakland"], "rego_version": 1}),
        "ports/oakland/data.json": json.dumps(ODD, indent=3).encode(),
        "ports/oakland/narrow.rego": NARROW,
    }

    assert signed_by_opa(opa_binary, tmp_path, files) == {name: file_hash(name, text) for name, text in files.items()}


def test_a_bundle_is_the_same_bytes_however_its_files_come() -> None:
    files = {"b": b"2", "a": b"1" * 513, ".manifest": b""}

    packed = archive.pack(files)

    assert packed == archive.pack(dict(reversed(files.items())))
    assert archive.unpack(packed, lambda _: True) == files


def test_the_functions_for_a_port_s_rules_are_opa_s_own_and_know_no_world_outside(opa_binary: Path) -> None:
    said = subprocess.run([str(opa_binary), "capabilities", "--current"], check=True, capture_output=True).stdout
    known = {builtin["name"]: builtin for builtin in json.loads(said)["builtins"]}
    allowed = json.loads(CAPABILITIES.read_bytes())

    assert set(allowed) == {"features", "future_keywords", "allow_net", "builtins"}
    assert (allowed["allow_net"], allowed["future_keywords"]) == ([], [])
    for builtin in allowed["builtins"]:
        assert builtin == known[builtin["name"]]
        assert not builtin.get("nondeterministic")
        assert not builtin["name"].startswith(FORBIDDEN)


@pytest.mark.parametrize("name", ["a" * 101, "é"])
def test_a_name_that_a_plain_tar_cannot_hold_is_never_packed(name: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        archive.pack({name: b""})
