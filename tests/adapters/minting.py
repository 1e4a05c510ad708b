"""Keys, claims and ways to put them together: an issuer's own, and those of whoever forges its tokens."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

OIDC = "https://login.partnership.example/realms/ports"
KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
RSA_KEY = rsa.generate_private_key(65537, 2048)
LOW_RSA_KEY = rsa.generate_private_key(3, 2048)
SHORT_RSA_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the attack is that it is breakable
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Json = dict[str, object]


def key_set() -> bytes:
    keys = [
        {**json.loads(OKPAlgorithm.to_jwk(KEY.public_key())), "kid": "one"},
        {**json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key())), "kid": "encrypting", "use": "enc"},
        {**json.loads(OKPAlgorithm.to_jwk(KEY.public_key())), "kid": "twice"},
        {**json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key())), "kid": "twice"},
        {**json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())), "kid": "rsa"},
        {**json.loads(RSAAlgorithm.to_jwk(SHORT_RSA_KEY.public_key())), "kid": "short"},
        {**json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())), "kid": "curve"},
        {**_public(EC_KEY), "kid": "other algorithm", "alg": "ES384"},
        {**_public(EC_KEY), "kid": "signs only", "key_ops": ["sign"]},
        {**_public(EC_KEY), "kid": "given away", "d": _private(EC_KEY)},
        {**json.loads(RSAAlgorithm.to_jwk(LOW_RSA_KEY.public_key())), "kid": "low exponent"},
        {"kty": "OKP", "crv": "X25519", "x": json.loads(OKPAlgorithm.to_jwk(KEY.public_key()))["x"], "kid": "exchange"},
        {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")},
    ]
    return json.dumps({"keys": keys}).encode()


def _public(key: ec.EllipticCurvePrivateKey) -> Json:
    made: Json = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    return made


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return str(json.loads(ECAlgorithm.to_jwk(key))["d"])


def claims(**changes: object) -> Json:
    moment = now()
    made: Json = {
        "iss": OIDC,
        "aud": "portgate",
        "sub": "gobiz-analyst",
        "iat": moment,
        "exp": moment + 600,
        "jti": "t-1",
        "organisation": "gobiz",
        "organisation_class": "state_agency",
        "roles": ["analyst"],
        "purposes": ["freight_resilience"],
        "attributes": {"region": "CA"},
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not ...}


def sign(said: Json | None = None, key: object = KEY, algorithm: str = "EdDSA", **header: object) -> str:
    members = {"kid": "one", **header}
    return jwt.encode(said or claims(), key, algorithm=algorithm, headers=members)  # type: ignore[arg-type]


def part(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def raw(header: object, said: object, signs: Callable[[bytes], bytes] = KEY.sign) -> str:
    """Sign exactly these bytes, as an issuer gone wrong would."""
    signed = f"{part(header)}.{part(said)}"
    return f"{signed}.{part(signs(signed.encode()))}"


HEADER: Json = {"alg": "EdDSA", "kid": "one", "typ": "JWT"}


def hmac_with(secret: bytes, digest: str = "sha256") -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(secret, data, digest).digest()


def public_pem() -> bytes:
    return RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def now() -> int:
    return int(time.time())


def text(front: str, **changes: object) -> bytes:
    """The claims as text with something put in front, for JSON that no honest library writes."""
    return ("{" + front + json.dumps(claims(**changes))[1:]).encode()


def sign_short(data: bytes) -> bytes:
    return SHORT_RSA_KEY.sign(data, padding.PKCS1v15(), hashes.SHA256())


Table = dict[str, tuple[Callable[[], str], Callable[[], str]]]
"""What an attacker sends, and the honest twin that differs in that alone."""
