"""Tokens that their issuer has really signed, and that say what no honest one says."""

from __future__ import annotations

from collections.abc import Callable

from tests.adapters.minting import HEADER, OIDC, Table, claims, now, raw, text


def _says(**changes: object) -> Callable[[], str]:
    return lambda: raw(HEADER, claims(**changes))


def _writes(front: str, **changes: object) -> Callable[[], str]:
    return lambda: raw(HEADER, text(front, **changes))


def _at(**times: int) -> Callable[[], str]:
    """Times from now, in seconds."""
    return lambda: raw(HEADER, claims(**{name: now() + shift for name, shift in times.items()}))


CLAIMS: Table = {
    # the issuer
    "an issuer with a space": (_says(iss=OIDC + " "), _says()),
    "an issuer with a question": (_says(iss=OIDC + "?"), _says()),
    "an issuer with its port": (_says(iss=OIDC.replace(".example", ".example:443")), _says()),
    "an issuer without its lock": (_says(iss=OIDC.replace("https", "http")), _says()),
    "an issuer with a percent sign": (_says(iss=OIDC.replace("realms", "%72ealms")), _says()),
    "an issuer with a letter of another script": (_says(iss=OIDC.replace("a", "а")), _says()),
    "an issuer that is null": (_says(iss=None), _says()),
    "an issuer that is a number": (_says(iss=1), _says()),
    "an issuer that is an object": (_says(iss={OIDC: 1}), _says()),
    "an issuer that comes twice": (_writes(f'"iss":"{OIDC}",'), _writes("")),
    # the audience
    "an audience that is null": (_says(aud=None), _says()),
    "an audience that is a number": (_says(aud=1), _says()),
    "an audience that is an object": (_says(aud={"portgate": 1}), _says()),
    "an audience that is an empty list": (_says(aud=[]), _says(aud=["portgate"])),
    "an audience in a list of lists": (_says(aud=[["portgate"]]), _says(aud=["portgate"])),
    "an audience beside a number": (_says(aud=["portgate", 1]), _says(aud=["portgate", "x"])),
    "an audience in capitals": (_says(aud="PORTGATE"), _says()),
    "an audience with a space": (_says(aud="portgate "), _says()),
    "an audience with a NUL": (_says(aud="portgate\x00"), _says()),
    "an audience of letters": (_says(aud=list("portgate")), _says(aud=["portgate"])),
    # the times
    "an expiry of null": (_says(exp=None), _says()),
    "an expiry of zero": (_says(exp=0), _says()),
    "an expiry before time": (_says(exp=-1), _says()),
    "an expiry that is false": (_says(exp=False), _says()),
    "an expiry that is a list": (lambda: raw(HEADER, claims(exp=[now() + 600])), _says()),
    "an expiry with an exponent as text": (_says(exp="1e12"), _says()),
    "an expiry a minute ago": (_at(iat=-900, exp=-61), _at(iat=-900, exp=-1)),
    "an expiry that comes twice": (_writes('"exp":9999999999,'), _writes("")),
    "an expiry that is no number": (_writes('"exp":NaN,', exp=...), _writes("")),
    "an expiry of minus infinity": (_writes('"exp":-1e999,', exp=...), _writes("")),
    "a life of two days": (_at(iat=0, exp=172_800), _at(iat=0, exp=3600)),
    "a life of a day and a second": (_at(iat=0, exp=86_401), _at(iat=0, exp=86_400)),
    "an issue of null": (_says(iat=None), _says()),
    "an issue that is text": (lambda: raw(HEADER, claims(iat=str(now()))), _says()),
    "an issue that is true": (_says(iat=True), _says()),
    "an issue that is a list": (_says(iat=[1]), _says()),
    "an issue at the beginning of time": (_says(iat=-(10**12)), _says()),
    "an issue that is infinite": (_writes('"iat":1e999,', iat=...), _writes("")),
    "an issue in two minutes": (_at(iat=120, exp=600), _at(iat=20, exp=600)),
    "a beginning in two minutes": (_at(nbf=120), _at(nbf=20)),
    "a beginning that is text": (_says(nbf="tomorrow"), _at(nbf=0)),
    "a beginning that is infinite": (_writes('"nbf":1e999,'), _writes('"nbf":0,')),
    "a beginning that is a list": (_says(nbf=[0]), _says(nbf=0)),
    # the partner
    "a subject of null": (_says(sub=None), _says()),
    "a subject that is a number": (_says(sub=7), _says(sub="7")),
    "a subject that is a list": (_says(sub=["gobiz-analyst"]), _says()),
    "a subject with a space": (_says(sub="gobiz analyst"), _says()),
    "a subject with the sign before a receipt": (_says(sub="gobiz-analyst#7"), _says()),
    "a subject with a quote": (_says(sub="gobiz'--"), _says()),
    "a subject with a brace": (_says(sub="a{b}"), _says()),
    "a subject with a letter of another script": (_says(sub="gobiz-аnalyst"), _says()),
    "a subject with a NUL": (_says(sub="gobiz-analyst\x00"), _says()),
    "a subject that begins with a dash": (_says(sub="--user=root"), _says()),
    "a subject that is very long": (_says(sub="a" * 129), _says(sub="a" * 128)),
    "a token id of null": (_says(jti=None), _says()),
    "a token id that is a number": (_says(jti=1), _says()),
    "a token id that is empty": (_says(jti=""), _says()),
    "a token id that is a list": (_says(jti=["t-1"]), _says()),
    "a token id with a line end": (_says(jti="t-1\n"), _says()),
    "a token id that is very long": (_says(jti="t" * 129), _says()),
    "an organisation of null": (_says(organisation=None), _says()),
    "an organisation that is a list": (_says(organisation=["gobiz"]), _says()),
    "an organisation with a star": (_says(organisation="*"), _says()),
    "an organisation with a quote": (_says(organisation="gobiz' OR 'a'='a"), _says()),
    "an organisation that is empty": (_says(organisation=""), _says()),
    "no class of organisation": (_says(organisation_class=...), _says()),
    "a class of organisation that is true": (_says(organisation_class=True), _says()),
    "roles in a list of lists": (_says(roles=[["auditor"]]), _says(roles=["auditor"])),
    "roles that are numbers": (_says(roles=[1]), _says(roles=["1"])),
    "roles that are an object": (_says(roles={"auditor": True}), _says(roles=["auditor"])),
    "a role with a line end": (_says(roles=["analyst\nauditor"]), _says(roles=["analyst"])),
    "purposes that are text": (_says(purposes="freight_resilience"), _says(purposes=["freight_resilience"])),
    "thirty-three purposes": (_says(purposes=["p"] * 33), _says(purposes=["p"] * 32)),
    "attributes that are a list": (_says(attributes=[["port", "oakland"]]), _says(attributes={"port": "oakland"})),
    "attributes that are text": (_says(attributes="port=oakland"), _says(attributes={"port": "oakland"})),
    "an attribute that is a number": (_says(attributes={"port": 1}), _says(attributes={"port": "1"})),
    "an attribute that is null": (_says(attributes={"port": None}), _says(attributes={"port": ""})),
    "an attribute with a line end": (_says(attributes={"port": "a\r\nb"}), _says(attributes={"port": "a b"})),
    "an attribute that is very long": (_says(attributes={"port": "a" * 257}), _says(attributes={"port": "a" * 256})),
    "an attribute with an empty name": (_says(attributes={"": "a"}), _says(attributes={"a": "a"})),
    "an attribute whose name has a space": (_says(attributes={"a b": "a"}), _says(attributes={"a.b": "a"})),
    "an attribute that comes twice": (
        _writes('"attributes":{"port":"a","port":"b"},', attributes=...),
        _writes('"attributes":{"port":"b"},', attributes=...),
    ),
    "thirty-three attributes": (
        _says(attributes={f"a{n}": "x" for n in range(33)}),
        _says(attributes={f"a{n}": "x" for n in range(32)}),
    ),
    # a token that another key is needed for
    "a token bound to a key": (_says(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), _says()),
    "a token bound to a certificate": (_says(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}), _says()),
    "a token bound to nothing": (_says(cnf={}), _says()),
    "a token bound to null": (_says(cnf=None), _says()),
    "a token bound to a key that it brings": (_says(cnf={"jwk": {"kty": "OKP"}}), _says()),
}
