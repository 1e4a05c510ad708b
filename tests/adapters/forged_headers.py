"""Forged tokens that are wrong in their header, their key, their signature or their form."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm

from tests.adapters.minting import (
    EC_KEY,
    HEADER,
    KEY,
    LOW_RSA_KEY,
    OTHER_KEY,
    RSA_KEY,
    Json,
    Table,
    claims,
    hmac_with,
    part,
    raw,
    sign,
    text,
)  # fmt: skip

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
_CURVE: Json = {"alg": "ES256", "kid": "curve"}
_RSA: Json = {"alg": "RS256", "kid": "rsa"}


def _honest() -> str:
    return raw(HEADER, claims())


def _with(**members: object) -> Callable[[], str]:
    """The honest token but for these members of its header."""
    return lambda: raw({**HEADER, **members}, claims())


def _header_text(content: bytes) -> Callable[[], str]:
    return lambda: raw(content, claims())


def _signed(header: Json, signs: Callable[[bytes], bytes]) -> Callable[[], str]:
    return lambda: raw(header, claims(), signs)


def _with_signature(change: Callable[[bytes], bytes]) -> Callable[[], str]:
    """The honest token but for what was done to its signature."""
    return lambda: raw(HEADER, claims(), lambda data: change(KEY.sign(data)))


def _reshaped(change: Callable[[str], str]) -> Callable[[], str]:
    return lambda: change(_honest())


def _curve(data: bytes) -> tuple[int, int]:
    return decode_dss_signature(EC_KEY.sign(data, ec.ECDSA(hashes.SHA256())))


def _curve_signature(data: bytes) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in _curve(data))


def _der_signature(data: bytes) -> bytes:
    return EC_KEY.sign(data, ec.ECDSA(hashes.SHA256()))


def _rsa(scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda data: RSA_KEY.sign(data, scheme, digest)


def _plus_order(signature: bytes) -> bytes:
    """The same signature in another spelling, which a careless reader takes."""
    scalar = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


def _other_last_letter(token: str) -> str:
    """The last letter of a signature holds four bits that mean nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


def _borrowed_signature() -> str:
    return _honest().rpartition(".")[0] + "." + raw(HEADER, claims(sub="auditor")).rpartition(".")[2]


def _borrowed_header() -> str:
    return sign(key=RSA_KEY, algorithm="RS256", kid="rsa").partition(".")[0] + "." + _honest().partition(".")[2]


def _as_json(*, flattened: bool) -> str:
    protected, payload, signature = _honest().split(".")
    if flattened:
        return json.dumps({"protected": protected, "payload": payload, "signature": signature})
    return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]})


_PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
_PUBLIC_CURVE = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_PUBLIC_JWK = OKPAlgorithm.to_jwk(KEY.public_key()).encode()

HEADERS: Table = {
    # the algorithm
    "HS256 with the public Ed25519 key": (_signed({**HEADER, "alg": "HS256"}, hmac_with(_PUBLIC_KEY)), _honest),
    "HS256 with the published key's JSON": (_signed({**HEADER, "alg": "HS256"}, hmac_with(_PUBLIC_JWK)), _honest),
    "HS256 with an empty secret": (_signed({**HEADER, "alg": "HS256"}, hmac_with(b"")), _honest),
    "HS384 with the public curve key": (
        _signed({**_CURVE, "alg": "HS384"}, hmac_with(_PUBLIC_CURVE, "sha384")),
        _signed(_CURVE, _curve_signature),
    ),
    "HS512 with the public curve key": (
        _signed({**_CURVE, "alg": "HS512"}, hmac_with(_PUBLIC_CURVE, "sha512")),
        _signed(_CURVE, _curve_signature),
    ),
    "an algorithm in small letters": (_with(alg="eddsa"), _honest),
    "an algorithm with a space": (_with(alg="EdDSA "), _honest),
    "an algorithm by its newer name": (_with(alg="Ed25519"), _honest),
    "an algorithm that is a list": (_with(alg=["EdDSA"]), _honest),
    "an algorithm that is null": (_with(alg=None), _honest),
    "an algorithm that is a number": (_with(alg=-8), _honest),
    "an algorithm that is empty": (_with(alg=""), _honest),
    "no algorithm": (_header_text(b'{"kid":"one","typ":"JWT"}'), _honest),
    "ES256K": (_signed({**_CURVE, "alg": "ES256K"}, _curve_signature), _signed(_CURVE, _curve_signature)),
    "a longer hash than the issuer's": (
        lambda: sign(key=RSA_KEY, algorithm="RS512", kid="rsa"),
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a key of one kind under another's algorithm": (_with(alg="ES256"), _honest),
    "an RSA algorithm with a key that is none": (_with(alg="RS256"), _honest),
    # the key
    "a key name that is empty": (_with(kid=""), _honest),
    "a key name that is null": (_with(kid=None), _honest),
    "a key name that is a number": (_with(kid=1), _honest),
    "a key name in capitals": (_with(kid="ONE"), _honest),
    "a key name that is a prefix": (_with(kid="on"), _honest),
    "a key name with a NUL": (_with(kid="one\x00"), _honest),
    "a key name with a space": (_with(kid=" one"), _honest),
    "a key name that is an address": (_with(kid="https://evil.example/jwks.json"), _honest),
    "a key name that is a command": (_with(kid="one; cat /etc/passwd |"), _honest),
    "a key name that is a device, with an empty secret": (
        _signed({"alg": "HS256", "kid": "/dev/null"}, hmac_with(b"")),
        _honest,
    ),
    "a key name that is very long": (_with(kid="one" * 1000), _honest),
    "a key that names another algorithm": (
        _signed({**_CURVE, "kid": "other algorithm"}, _curve_signature),
        _signed(_CURVE, _curve_signature),
    ),
    "a key that is to sign and not to verify": (
        _signed({**_CURVE, "kid": "signs only"}, _curve_signature),
        _signed(_CURVE, _curve_signature),
    ),
    "a key whose private half was published": (
        _signed({**_CURVE, "kid": "given away"}, _curve_signature),
        _signed(_CURVE, _curve_signature),
    ),
    "an RSA key with a low exponent": (
        lambda: sign(key=LOW_RSA_KEY, algorithm="RS256", kid="low exponent"),
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a key for key exchange": (_with(kid="exchange"), _honest),
    # what a header may not hold
    "a certificate chain of its own": (_with(x5c=[base64.b64encode(b"x" * 90).decode()]), _honest),
    "a key that is null": (_with(jwk=None), _honest),
    "a token within a token": (_with(cty="JWT"), _honest),
    "an encryption": (_with(enc="A256GCM"), _honest),
    "an ephemeral key": (_with(epk=json.loads(_PUBLIC_JWK)), _honest),
    "an empty list of critical members": (_with(crit=[]), _honest),
    "a critical member that is known": (_with(crit=["kid"]), _honest),
    "a critical unencoded payload": (_with(crit=["b64"], b64=True), _honest),
    "an address to post to": (_with(url="https://gateway.example"), _honest),
    "a nonce in the header": (_with(nonce="x"), _honest),
    "claims in the header": (_with(iss="https://login.partnership.example/realms/ports"), _honest),
    # the type
    "a proof of possession": (_with(typ="dpop+jwt"), _with(typ="at+jwt")),
    "a logout token": (_with(typ="logout+jwt"), _with(typ="at+jwt")),
    "an encrypted type": (_with(typ="JWE"), _with(typ="jwt")),
    "a type with a parameter": (_with(typ="at+jwt;x=1"), _with(typ="application/at+jwt")),
    "a type that is a list": (_with(typ=["JWT"]), _with(typ="JWT")),
    "a type that is null": (_with(typ=None), _header_text(b'{"alg":"EdDSA","kid":"one"}')),
    "a type that is empty": (_with(typ=""), _header_text(b'{"alg":"EdDSA","kid":"one"}')),
    # the header's text
    "an algorithm that comes twice": (_header_text(b'{"alg":"none","alg":"EdDSA","kid":"one"}'), _honest),
    "a key name that comes twice": (_header_text(b'{"alg":"EdDSA","kid":"two","kid":"one"}'), _honest),
    "a header that is a list": (_header_text(b'[{"alg":"EdDSA","kid":"one"}]'), _honest),
    "a header that is text": (_header_text(b'"EdDSA"'), _honest),
    "a header that is null": (_header_text(b"null"), _honest),
    "a header that is empty": (_header_text(b"{}"), _honest),
    "a header that is cut off": (_header_text(b'{"alg":"EdDSA","kid":"one"'), _honest),
    "a header with something behind it": (_header_text(b'{"alg":"EdDSA","kid":"one"}{}'), _honest),
    "a header with a byte order mark": (_header_text(b'\xef\xbb\xbf{"alg":"EdDSA","kid":"one"}'), _honest),
    "a header in UTF-16": (_header_text('{"alg":"EdDSA","kid":"one"}'.encode("utf-16")), _honest),
    "a header with single quotes": (_header_text(b"{'alg':'EdDSA','kid':'one'}"), _honest),
    "a header that nests without end": (_header_text(b"[" * 3000), _honest),
    # the signature
    "a signature of zeros": (_with_signature(lambda _: bytes(64)), _honest),
    "an empty signature": (_with_signature(lambda _: b""), _honest),
    "a signature that is a byte short": (_with_signature(lambda whole: whole[:-1]), _honest),
    "a signature that is a byte long": (_with_signature(lambda whole: whole + b"\x00"), _honest),
    "a signature with a bit changed": (_with_signature(lambda whole: whole[:-1] + bytes([whole[-1] ^ 1])), _honest),
    "a signature in another spelling of its number": (_with_signature(_plus_order), _honest),
    "a signature in another spelling of its letters": (_reshaped(_other_last_letter), _honest),
    "the signature of another token": (_borrowed_signature, _honest),
    "the header of another token": (_borrowed_header, _honest),
    "a curve signature of zeros": (_signed(_CURVE, lambda _: bytes(64)), _signed(_CURVE, _curve_signature)),
    "a curve signature in DER": (_signed(_CURVE, _der_signature), _signed(_CURVE, _curve_signature)),
    "a curve signature that is cut off": (
        _signed(_CURVE, lambda data: _curve_signature(data)[:63]),
        _signed(_CURVE, _curve_signature),
    ),
    "an RSA signature over a weak hash": (
        _signed(_RSA, _rsa(padding.PKCS1v15(), hashes.SHA1())),  # noqa: S303 - the attack
        _signed(_RSA, _rsa(padding.PKCS1v15(), hashes.SHA256())),
    ),
    "an RSA signature with another padding": (
        _signed(_RSA, _rsa(padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
        _signed(_RSA, _rsa(padding.PKCS1v15(), hashes.SHA256())),
    ),
    "an RSA signature of ones": (
        _signed(_RSA, lambda _: b"\x00" * 255 + b"\x01"),
        _signed(_RSA, _rsa(padding.PKCS1v15(), hashes.SHA256())),
    ),
    # the form
    "a fourth part": (_reshaped(lambda token: token + ".e30"), _honest),
    "two parts": (_reshaped(lambda token: token.rpartition(".")[0]), _honest),
    "no signature but its dot": (_reshaped(lambda token: token.rpartition(".")[0] + "."), _honest),
    "a scheme in front": (_reshaped(lambda token: "Bearer " + token), _honest),
    "a space within": (_reshaped(lambda token: token.replace(".", ". ", 1)), _honest),
    "a NUL within": (_reshaped(lambda token: token.replace(".", ".\x00", 1)), _honest),
    "percent signs for dots": (_reshaped(lambda token: token.replace(".", "%2E")), _honest),
    "two tokens": (_reshaped(lambda token: token + "," + token), _honest),
    "quotes around it": (_reshaped(lambda token: f'"{token}"'), _honest),
    "the other alphabet": (
        lambda: ".".join([base64.b64encode(b'{"alg":"EdDSA","kid":"one","x":"\xff\xfe\xfa"}').decode(), "e30", "AA"]),
        _honest,
    ),
    "the general JSON form": (lambda: _as_json(flattened=False), _honest),
    "the flattened JSON form": (lambda: _as_json(flattened=True), _honest),
    "a token of a token": (lambda: raw(HEADER, _honest().encode()), _honest),
    "claims that are no object": (lambda: raw(HEADER, b'"' + part(claims()).encode() + b'"'), _honest),
    "claims with a byte order mark": (lambda: raw(HEADER, b"\xef\xbb\xbf" + text("")), lambda: raw(HEADER, text(""))),
    "claims under a key of the attacker's": (
        lambda: raw(
            {**HEADER, "jwk": json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key()))}, claims(), OTHER_KEY.sign
        ),
        _honest,
    ),
}
