"""Files of a bundle and a key -> the signature that OPA wants, `.signatures.json`; and back, for exactly these files.

The signature is a JWT over the hashes of all files. OPA hashes a JSON file by its values, keys in order, so that white
space does not matter; `canonical` writes JSON as that walk does, and the SHA-256 of what it writes is OPA's hash.
ES256 and no other algorithm; the token's own words about algorithm and key are compared, never followed.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.policy.refusal import BundleRefused
from gateway.strict_json import read_strict_json

SIGNATURES = ".signatures.json"
_STRUCTURED = (".manifest", "data.json")
_HALF = 32
"""Bytes of each of the two numbers of an ES256 signature."""


def canonical(value: object) -> bytes:
    r"""Write a value as OPA's walk over a JSON file does.

    >>> canonical({"b": [1, True, None], "a": "é<\u2028\n"})
    b'{"a":"\xc3\xa9<\\u2028\\n","b":[1,true,null]}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def read_json(text: bytes) -> Any:
    """Read JSON in UTF-8 with each key once; raises ValueError."""
    try:
        return read_strict_json(text.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def file_hash(name: str, content: bytes) -> str:
    """Return the hash that OPA expects of a file; raises ValueError if it should be JSON and is not."""
    is_structured = name.rpartition("/")[2] in _STRUCTURED
    try:
        hashed = canonical(read_json(content)) if is_structured else content
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return hashlib.sha256(hashed).hexdigest()


def public_key(pem: bytes) -> EllipticCurvePublicKey:
    """Read a public key; raises ValueError unless it is one for ES256."""
    key = load_pem_public_key(pem)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not an elliptic curve key on P-256")
    return key


def sign(files: Mapping[str, bytes], name: str, scope: str, key: EllipticCurvePrivateKey) -> bytes:
    """Return the content of `.signatures.json` for these files."""
    hashes = [
        {"name": file, "hash": file_hash(file, content), "algorithm": "SHA-256"}
        for file, content in sorted(files.items())
    ]
    head, claims = canonical(_header(name)), canonical({"files": hashes, "keyid": name, "scope": scope})
    signed = f"{_encode(head)}.{_encode(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return written(f"{signed}.{_encode(signature)}")


def written(token: str) -> bytes:
    """Return `.signatures.json` with this token."""
    return canonical({"signatures": [token]})


def check(files: Mapping[str, bytes], name: str, scope: str, key: EllipticCurvePublicKey) -> str:
    """Return the token if it is `name`'s signature over exactly these files; raises BundleRefused."""
    if SIGNATURES not in files:
        raise BundleRefused("unsigned", "the bundle has no signature", name)
    token = _token(files[SIGNATURES], name)
    head, claims, signature = (_decode(part, name) for part in token.split("."))
    _check_header(_members(head, name), name)
    _check_key(token.rpartition(".")[0], signature, name, key)
    said = _members(claims, name)
    if set(said) != {"files", "keyid", "scope"} or said["keyid"] != name:
        raise BundleRefused("wrong_key_id", f"the signature does not name {name} as its key", name)
    if said["scope"] != scope:
        raise BundleRefused("wrong_scope", f"the signature is not for {scope}", name)
    _check_files(said["files"], {file: files[file] for file in files if file != SIGNATURES}, name)
    return token


def _header(name: str) -> dict[str, str]:
    return {"alg": "ES256", "kid": name, "typ": "JWT"}


def _token(content: bytes, name: str) -> str:
    """Return the one token; it must be written as we write it, so that nobody can read it otherwise."""
    match _members(content, name):
        case {"signatures": [str(token), *others], **more} if not others and not more and token.count(".") == 2:
            return token
    raise BundleRefused("signature_malformed", f"{SIGNATURES} does not hold one signature and nothing else", name)


def _members(text: bytes, name: str) -> dict[str, Any]:
    try:
        value = read_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BundleRefused("signature_malformed", "a part of the signature is not a JSON object", name)
    return value


def _check_header(header: dict[str, Any], name: str) -> None:
    if header.get("alg") != "ES256":
        raise BundleRefused("wrong_algorithm", "the signature is not made with ES256", name)
    if header.get("kid") != name:
        raise BundleRefused("wrong_key_id", f"the signature does not name {name} as its key", name)
    if header != _header(name):
        raise BundleRefused("signature_malformed", "the signature's header says more than it may", name)


def _check_key(signed: str, signature: bytes, name: str, key: EllipticCurvePublicKey) -> None:
    if len(signature) != 2 * _HALF:
        raise BundleRefused("signature_malformed", "the signature has not the length of ES256", name)
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), signed.encode(), ECDSA(SHA256()))
    except InvalidSignature:
        raise BundleRefused("wrong_key", f"the bundle is not signed with the key of {name}", name) from None


def _check_files(said: object, files: Mapping[str, bytes], name: str) -> None:
    """Raise unless each file is signed, and each that is signed is there."""
    signed = dict(_signed_file(entry, name) for entry in said) if isinstance(said, list) else {}
    if not isinstance(said, list) or len(signed) != len(said):
        raise BundleRefused("signature_malformed", "the signature names a file twice, or none", name)
    for file in sorted(files.keys() - signed.keys()):
        raise BundleRefused("file_not_signed", f"{file} is not among the files that were signed", name)
    for file in sorted(signed.keys() - files.keys()):
        raise BundleRefused("stripped", f"{file[:100]} was signed and is not there", name)
    for file, content in files.items():
        if signed[file] != _hash_or_none(file, content):
            raise BundleRefused("changed", f"{file} is not as it was when it was signed", name)


def _signed_file(entry: object, name: str) -> tuple[str, str]:
    match entry:
        case {"name": str(file), "hash": str(digest), "algorithm": "SHA-256", **more} if not more:
            return file, digest
        case {"algorithm": other} if other != "SHA-256":
            raise BundleRefused("wrong_algorithm", "a file's hash is not made with SHA-256", name)
    raise BundleRefused("signature_malformed", "the signature's list of files has not its form", name)


def _hash_or_none(file: str, content: bytes) -> str | None:
    try:
        return file_hash(file, content)
    except ValueError:
        return None


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(part: str, name: str) -> bytes:
    """Read base64url without padding, and nothing that only looks like it."""
    try:
        data = urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
    except (ValueError, UnicodeEncodeError):
        data = b""
    if not data or _encode(data) != part:
        raise BundleRefused("signature_malformed", "a part of the signature is not base64url", name)
    return data
