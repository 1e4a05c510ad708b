"""A bearer token -> the partner that a configured issuer vouches for.

What is checked, in this order; no word of the token is believed before (5):
(1) size and alphabet: three base64url parts, at most MAX_TOKEN_BYTES
(2) the header holds listed members only: no `crit`, no key of its own, no address of a key
(3) the issuer is one of ours, letter by letter, and the algorithm is one of that issuer's
(4) the key is one that this issuer publishes, of the algorithm's own family
(5) the signature, the audience and the times (PyJWT)
(6) a token that is bound to a certificate comes with that certificate
(7) the claims have the shape of a partner, of an organisation that this issuer may speak for
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.adapters.jwks import KEY_FAMILIES, KeySet, open_keys
from gateway.errors import Unauthenticated
from gateway.model import Partner
from gateway.settings import Attributes, FewWords, IssuerSettings, Word
from gateway.strict_json import read_strict_json

MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
MAX_LIFETIME_SECONDS = 86_400
REQUIRED_CLAIMS = ("exp", "iat", "sub", "aud", "iss")
HEADER_MEMBERS = {"alg", "kid", "typ", "x5t", "x5t#S256"}

_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class PartnerClaims(BaseModel):
    """The claims that make a partner; an issuer may send others, and they are not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Word
    organisation: Word
    organisation_class: Word
    roles: FewWords = ()
    purposes: FewWords = ()
    attributes: Attributes = {}
    token_id: Word


@dataclass(frozen=True, slots=True)
class _Trusted:
    """One configured issuer and its keys."""

    settings: IssuerSettings
    keys: KeySet


class TokenReader:
    """Turns tokens into partners; one per gateway, safe to call from several threads.

    Invariants
    - The algorithm and the key come from the configuration and the issuer, never from the token alone.
    - No message holds any part of a token.
    """

    def __init__(self, issuers: Iterable[IssuerSettings], clock: Callable[[], float] = time.monotonic) -> None:
        self._trusted: dict[str, _Trusted] = {}
        for settings in issuers:
            _check_issuer(settings)
            if settings.issuer in self._trusted:
                raise ValueError(f"issuer {settings.issuer} is configured twice")
            self._trusted[settings.issuer] = _Trusted(settings, open_keys(settings, clock))

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Return the partner that the token speaks for, or raise Unauthenticated.

        `certificate` is the one that the connection's other end has proved to hold, as DER.
        """
        if not token:
            _refuse("this needs a token, and none came with the request")
        settings, claims = self._read(token)
        # (6) a token that is bound to a certificate comes with that certificate
        _check_binding(claims, certificate)
        # (7) the claims have the shape of a partner, of an organisation that this issuer may speak for
        partner = _to_partner(claims, settings, token)
        if settings.organisations is not None and partner.organisation not in settings.organisations:
            _refuse("the token's issuer does not speak for the organisation that the token names")
        return partner

    def check_login(self, id_token: str, issuer: str, client_id: str, nonce: str) -> None:
        """Raise Unauthenticated unless the token tells of the login, at this issuer, that began with the nonce."""
        settings, claims = self._read(id_token, client_id)
        said = claims.get("nonce")
        if settings.issuer != issuer or not isinstance(said, str) or not hmac.compare_digest(said, nonce):
            _refuse("the provider's answer belongs to another login")
        if claims.get("azp", client_id) != client_id:
            _refuse("the provider's answer is meant for another service")

    def _read(self, token: str, audience: str | None = None) -> tuple[IssuerSettings, dict[str, object]]:
        """Return the claims of a token that its issuer signed for this audience, its settings' own if none is given."""
        # (1) size and alphabet
        if len(token) > MAX_TOKEN_BYTES:
            _refuse(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
        if not _THREE_PARTS.fullmatch(token):
            _refuse("the token is not a signed JSON Web Token")
        header_part, claims_part, signature_part = token.split(".")
        _decode_bytes(signature_part)
        # (2) the header holds listed members only
        algorithm, key_id, kind = _read_header(_decode_part(header_part))
        # (3) the issuer is one of ours, and the algorithm is one of its own
        trusted = self._find_issuer(_decode_part(claims_part))
        if algorithm not in trusted.settings.algorithms:
            _refuse("the token is signed with an algorithm that its issuer does not use here")
        if audience is None and kind not in {known.lower() for known in trusted.settings.token_types}:
            _refuse("the token is of a type that this gateway does not accept")
        # (4) the key is one that this issuer publishes
        key = trusted.keys.find(key_id, algorithm)
        if key is None:
            _refuse("the token names a signing key that its issuer does not publish")
        # (5) the signature, the audience and the times
        return trusted.settings, _verify(token, key, trusted.settings, audience or trusted.settings.audience)

    def _find_issuer(self, claims_unverified: Mapping[str, object]) -> _Trusted:
        name = claims_unverified.get("iss")
        trusted = self._trusted.get(name) if isinstance(name, str) else None
        if trusted is None:
            _refuse("the token comes from an issuer that this gateway does not trust")
        return trusted


def _check_issuer(settings: IssuerSettings) -> None:
    unknown = [name for name in settings.algorithms if name not in KEY_FAMILIES]
    if unknown or not settings.algorithms:
        known = ", ".join(KEY_FAMILIES)
        raise ValueError(f"issuer {settings.issuer}: algorithms must be some of {known}, not {unknown}")


def _decode_bytes(part: str) -> bytes:
    """Decode one part of a token; it has one spelling only, or the same signature would make many tokens."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        _refuse("the token is not a signed JSON Web Token")
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        _refuse("the token is not a signed JSON Web Token")
    return raw


def _decode_part(part: str) -> dict[str, object]:
    """Read one part of a token strictly, so that every later reader of the same bytes sees the same members."""
    try:
        value = read_strict_json(_decode_bytes(part).decode("utf-8"))
    except (ValueError, RecursionError):
        _refuse("the token is not a signed JSON Web Token")
    if not isinstance(value, dict):
        _refuse("the token is not a signed JSON Web Token")
    return value


def _read_header(header: Mapping[str, object]) -> tuple[str, str, str]:
    """Return algorithm, key name and type."""
    if not header.keys() <= HEADER_MEMBERS:
        _refuse("the token's header holds a member that this gateway does not accept")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str):
        _refuse("the token is of a type that this gateway does not accept")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        _refuse("the token does not name its algorithm and signing key")
    return algorithm, key_id, kind.lower()


def _verify(token: str, key: jwt.PyJWK, settings: IssuerSettings, audience: str) -> dict[str, object]:
    try:
        claims: dict[str, object] = jwt.decode(
            token,
            key,
            algorithms=list(settings.algorithms),
            audience=audience,
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(REQUIRED_CLAIMS)},
        )
    except jwt.ExpiredSignatureError:
        _refuse("the token has expired")
    except jwt.ImmatureSignatureError:
        _refuse("the token is not valid yet; the clocks of issuer and gateway may differ")
    except jwt.InvalidAudienceError:
        _refuse("the token is meant for another service")
    except jwt.MissingRequiredClaimError:
        _refuse("the token lacks one of the claims " + ", ".join(REQUIRED_CLAIMS))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        _refuse("the token is not signed by its issuer, or was changed since")
    _check_times(claims)
    return claims


def _check_times(claims: Mapping[str, object]) -> None:
    """Refuse times that are no plain numbers, and tokens that live for days: such a token cannot be taken back."""
    times = [claims.get(name) for name in ("iat", "exp")]
    issued, expires = (float(t) if isinstance(t, int | float) and not isinstance(t, bool) else math.nan for t in times)
    if not math.isfinite(issued) or not math.isfinite(expires):
        _refuse("the token's times are not numbers")
    if expires - issued > MAX_LIFETIME_SECONDS:
        _refuse("the token lives longer than a day")


def _check_binding(claims: Mapping[str, object], certificate: bytes | None) -> None:
    """Refuse a bound token (RFC 7800) unless it is bound to this certificate (RFC 8705): it may be stolen."""
    if "cnf" not in claims:
        return
    bound = claims["cnf"]
    said = bound.get("x5t#S256") if isinstance(bound, dict) and len(bound) == 1 else None
    shown = thumbprint(certificate) if certificate else ""
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), shown.encode()):
        _refuse("the token is bound to a key that this connection has not shown")


def is_bound(token: str) -> bool:
    """Say whether a token that `identify` has accepted is bound to the certificate that came with it."""
    return "cnf" in _decode_part(token.split(".")[1])


def thumbprint(certificate: bytes) -> str:
    """Return the name that a bound token has for a certificate."""
    return base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode()


def _to_partner(claims: Mapping[str, object], settings: IssuerSettings, token: str) -> Partner:
    names = settings.claims
    found = {field: _follow(claims, getattr(names, field)) for field in type(names).model_fields}
    found["token_id"] = claims.get("jti")
    if found["token_id"] is None and not settings.requires_token_id:
        # without the signature: some algorithms have several for the same words
        found["token_id"] = "sha256:" + hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    try:
        read = PartnerClaims.model_validate({field: value for field, value in found.items() if value is not None})
    except ValidationError as error:
        faults = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        told = sorted(".".join(getattr(names, field, ("jti",))) for field in faults)
        _refuse(f"the token's claims do not describe a partner; missing or malformed: {', '.join(told)}")
    return Partner(**read.model_dump())


def _follow(claims: object, path: tuple[str, ...]) -> object:
    for name in path:
        claims = claims.get(name) if isinstance(claims, dict) else None
    return claims


def _refuse(message: str) -> NoReturn:
    hint = "Ask your token issuer for a new token; on a local stack: portgate token --as NAME"
    raise Unauthenticated(message, hint=hint) from None
