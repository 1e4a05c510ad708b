"""Forged, borrowed and broken tokens: the well-known attacks."""

from __future__ import annotations

import json

from jwt.algorithms import OKPAlgorithm

from gateway.adapters.tokens import MAX_TOKEN_BYTES
from tests.adapters.minting import (
    EC_KEY,
    HEADER,
    KEY,
    OIDC,
    OTHER_KEY,
    RSA_KEY,
    Table,
    claims,
    hmac_with,
    now,
    part,
    public_pem,
    raw,
    sign,
    sign_short,
    text,
)  # fmt: skip

ATTACKS: Table = {
    "alg none without a signature": (
        lambda: f"{part({**HEADER, 'alg': 'none'})}.{part(claims())}.",
        lambda: raw(HEADER, claims()),
    ),
    "alg none with a signature": (
        lambda: raw({**HEADER, "alg": "none"}, claims()),
        lambda: raw(HEADER, claims()),
    ),
    "alg None in capitals": (
        lambda: raw({**HEADER, "alg": "nOnE"}, claims()),
        lambda: raw(HEADER, claims()),
    ),
    "the public RSA key as an HMAC secret": (
        lambda: raw({"alg": "HS256", "kid": "rsa"}, claims(), hmac_with(public_pem())),
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a shared secret that the issuer published by mistake": (
        lambda: raw({"alg": "HS256", "kid": "secret"}, claims(), hmac_with(b"s" * 32)),
        lambda: sign(),
    ),
    "an algorithm the issuer does not use": (
        lambda: sign(key=RSA_KEY, algorithm="PS256", kid="rsa"),
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a key of another family than the algorithm": (
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="curve"),
        lambda: sign(key=EC_KEY, algorithm="ES256", kid="curve"),
    ),
    "an RSA key that is too short": (
        lambda: raw({"alg": "RS256", "kid": "short"}, claims(), sign_short),
        lambda: sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "another's key under a known name": (lambda: sign(key=OTHER_KEY), lambda: sign(key=KEY)),
    "an unknown key name": (lambda: sign(kid="two"), lambda: sign(kid="one")),
    "no key name": (lambda: raw({"alg": "EdDSA"}, claims()), lambda: raw(HEADER, claims())),
    "a key name that is a path": (lambda: sign(kid="../../jwks.json"), lambda: sign()),
    "a key name that is SQL": (lambda: sign(kid="one' OR '1'='1"), lambda: sign()),
    "a key name that is a list": (lambda: raw({**HEADER, "kid": ["one"]}, claims()), lambda: raw(HEADER, claims())),
    "a key name that two keys bear": (lambda: sign(kid="twice"), lambda: sign()),
    "a key meant for encryption": (lambda: sign(key=OTHER_KEY, kid="encrypting"), lambda: sign()),
    "a critical extension": (
        lambda: raw({**HEADER, "crit": ["exp"], "exp": 1}, claims()),
        lambda: raw(HEADER, claims()),
    ),
    "an unencoded payload": (lambda: raw({**HEADER, "b64": False}, claims()), lambda: raw(HEADER, claims())),
    "a key set address of its own": (
        lambda: sign(key=OTHER_KEY, jku="https://evil.example/jwks.json"),
        lambda: sign(),
    ),
    "a key of its own": (
        lambda: sign(key=OTHER_KEY, jwk=json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key()))),
        lambda: sign(),
    ),
    "a certificate address of its own": (lambda: sign(x5u="https://evil.example/c.pem"), lambda: sign()),
    "a compressed payload": (lambda: raw({**HEADER, "zip": "DEF"}, claims()), lambda: raw(HEADER, claims())),
    "another kind of token": (lambda: sign(typ="id_token+secevent"), lambda: sign(typ="at+jwt")),
    "an encrypted token": (lambda: ".".join([part(HEADER)] * 5), lambda: sign()),
    "a changed claim": (
        lambda: "{0}.{forged}.{2}".format(*sign().split("."), forged=part(claims(sub="auditor"))),
        lambda: sign(claims(sub="auditor")),
    ),
    "an issuer that is a prefix of ours": (lambda: sign(claims(iss=OIDC[:-1])), lambda: sign()),
    "an issuer that holds ours": (lambda: sign(claims(iss=OIDC + "/")), lambda: sign()),
    "an issuer in other letters": (lambda: sign(claims(iss=OIDC.upper())), lambda: sign()),
    "a list of issuers": (lambda: raw(HEADER, claims(iss=[OIDC])), lambda: raw(HEADER, claims())),
    "no issuer": (lambda: sign(claims(iss=...)), lambda: sign()),
    "another audience": (lambda: sign(claims(aud="payroll")), lambda: sign(claims(aud=["payroll", "portgate"]))),
    "an audience that holds ours": (lambda: sign(claims(aud="portgate2")), lambda: sign(claims(aud="portgate"))),
    "no audience": (lambda: sign(claims(aud=...)), lambda: sign()),
    "an expired token": (
        lambda: sign(claims(iat=now() - 900, exp=now() - 120)),
        lambda: sign(claims(iat=now() - 900, exp=now() - 5)),
    ),
    "no expiry": (lambda: sign(claims(exp=...)), lambda: sign()),
    "an endless expiry": (lambda: raw(HEADER, claims(exp=10**15)), lambda: raw(HEADER, claims())),
    "an infinite expiry": (
        lambda: raw(HEADER, text('"exp":1e400,', exp=...)),
        lambda: raw(HEADER, text(f'"exp":{now() + 60},', exp=...)),
    ),
    "an expiry that is text": (
        lambda: raw(HEADER, claims(exp=str(now() + 600))),
        lambda: raw(HEADER, claims(exp=now() + 600)),
    ),
    "an expiry that is true": (lambda: raw(HEADER, claims(exp=True)), lambda: raw(HEADER, claims())),
    "a token from the future": (
        lambda: sign(claims(iat=now() + 300, exp=now() + 600)),
        lambda: sign(claims(iat=now() + 5, exp=now() + 600)),
    ),
    "a token not yet valid": (lambda: sign(claims(nbf=now() + 300)), lambda: sign(claims(nbf=now()))),
    "no time of issue": (lambda: sign(claims(iat=...)), lambda: sign()),
    "no token id": (lambda: sign(claims(jti=...)), lambda: sign()),
    "no subject": (lambda: sign(claims(sub=...)), lambda: sign()),
    "an empty subject": (lambda: sign(claims(sub="")), lambda: sign()),
    "a subject with a line end": (lambda: sign(claims(sub="a\r\nX-Trino-User: root")), lambda: sign()),
    "no organisation": (lambda: sign(claims(organisation=...)), lambda: sign()),
    "an organisation that is a number": (lambda: sign(claims(organisation=7)), lambda: sign()),
    "roles that are text": (lambda: sign(claims(roles="analyst")), lambda: sign(claims(roles=["analyst"]))),
    "a thousand roles": (lambda: sign(claims(roles=["r"] * 1000)), lambda: sign(claims(roles=["r"] * 30))),
    "attributes that nest": (
        lambda: sign(claims(attributes={"port": {"eq": "oakland"}})),
        lambda: sign(claims(attributes={"port": "oakland"})),
    ),
    "a claim that comes twice": (
        lambda: raw(HEADER, text('"sub":"auditor",')),
        lambda: raw(HEADER, text("")),
    ),
    "a number that is not JSON": (lambda: raw(HEADER, text('"x":NaN,')), lambda: raw(HEADER, text('"x":1,'))),
    "nesting without end": (
        lambda: raw(HEADER, text('"x":' + "[" * 2500 + "]" * 2500 + ",")),
        lambda: raw(HEADER, text('"x":[[1]],')),
    ),
    "a number without end": (
        lambda: raw(HEADER, text('"x":' + "9" * 5000 + ",")),
        lambda: raw(HEADER, text('"x":99,')),
    ),
    "a token that is too long": (
        lambda: sign(claims(x="x" * MAX_TOKEN_BYTES)),
        lambda: sign(claims(x="x" * 1000)),
    ),
    "a line end after the token": (lambda: sign() + "\n", lambda: sign()),
    "padding in the token": (lambda: sign() + "==", lambda: sign()),
    "another script's letters": (lambda: sign().replace(".", "\uff0e"), lambda: sign()),
    "claims that are a list": (lambda: raw(HEADER, [claims()]), lambda: raw(HEADER, claims())),
    "claims that are no text": (lambda: raw(HEADER, b"\xff\xfe"), lambda: raw(HEADER, claims())),
}
