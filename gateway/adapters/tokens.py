"""A bearer token -> the partner that a configured issuer vouches for.

What is checked, in this order; no word of the token is believed before (5):
(1) size and alphabet: three base64url parts, at most MAX_TOKEN_BYTES
(2) the header holds listed members only: no `crit`, no key of its own, no address of a key
(3) the issuer is one of ours, letter by letter, and the algorithm is one of that issuer's
(4) the key is one that this issuer publishes, of the algorithm's own family
(5) the signature, the audience and the times (PyJWT)
(6) the claims have the shape of a partner
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, NoReturn

import jwt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.adapters.jwks import KEY_FAMILIES, KeySet, open_keys
from gateway.errors import Unauthenticated
from gateway.model import Partner
from gateway.settings import IssuerSettings
from gateway.strict_json import read_strict_json

MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
MAX_LIFETIME_SECONDS = 86_400
REQUIRED_CLAIMS = ["exp", "iat", "sub", "aud", "iss", "jti"]
HEADER_MEMBERS = {"alg", "kid", "typ", "x5t", "x5t#S256"}
TOKEN_TYPES = {"jwt", "at+jwt", "application/at+jwt"}

_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)

Word = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._@:|/+-]{0,127}\z")]
Short = Annotated[str, StringConstraints(max_length=256, pattern=r"\A[^\x00-\x1f\x7f]*\z")]
FewWords = Annotated[tuple[Word, ...], Field(max_length=32)]


class PartnerClaims(BaseModel):
    """The claims that make a partner; an issuer may send others, and they are not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: Word
    jti: Word
    organisation: Word
    organisation_class: Word
    roles: FewWords = ()
    purposes: FewWords = ()
    attributes: Annotated[dict[Word, Short], Field(max_length=32)] = {}


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

    def __init__(self, issuers: Iterable[IssuerSettings]) -> None:
        self._trusted: dict[str, _Trusted] = {}
        for settings in issuers:
            _check_issuer(settings)
            if settings.issuer in self._trusted:
                raise ValueError(f"issuer {settings.issuer} is configured twice")
            self._trusted[settings.issuer] = _Trusted(settings, open_keys(settings))

    def identify(self, token: str | None) -> Partner:
        """Return the partner that the token speaks for, or raise Unauthenticated."""
        if not token:
            _refuse("this needs a token, and none came with the request")
        # (1) size and alphabet
        if len(token) > MAX_TOKEN_BYTES:
            _refuse(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
        if not _THREE_PARTS.fullmatch(token):
            _refuse("the token is not a signed JSON Web Token")
        header_part, claims_part, _signature = token.split(".")
        # (2) the header holds listed members only
        algorithm, key_id = _read_header(_decode_part(header_part))
        # (3) the issuer is one of ours, and the algorithm is one of its own
        trusted = self._find_issuer(_decode_part(claims_part))
        if algorithm not in trusted.settings.algorithms:
            _refuse("the token is signed with an algorithm that its issuer does not use here")
        # (4) the key is one that this issuer publishes
        key = trusted.keys.find(key_id, algorithm)
        if key is None:
            _refuse("the token names a signing key that its issuer does not publish")
        # (5) the signature, the audience and the times
        claims = _verify(token, key, trusted.settings)
        # (6) the claims have the shape of a partner
        return _to_partner(claims)

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


def _decode_part(part: str) -> dict[str, object]:
    """Read one part of a token strictly, so that every later reader of the same bytes sees the same members."""
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8")
        value = read_strict_json(text)
    except (ValueError, binascii.Error, RecursionError):
        _refuse("the token is not a signed JSON Web Token")
    if not isinstance(value, dict):
        _refuse("the token is not a signed JSON Web Token")
    return value


def _read_header(header: Mapping[str, object]) -> tuple[str, str]:
    """Return algorithm and key name."""
    if not header.keys() <= HEADER_MEMBERS:
        _refuse("the token's header holds a member that this gateway does not accept")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TOKEN_TYPES:
        _refuse("the token is of a type that this gateway does not accept")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        _refuse("the token does not name its algorithm and signing key")
    return algorithm, key_id


def _verify(token: str, key: jwt.PyJWK, settings: IssuerSettings) -> dict[str, object]:
    try:
        claims: dict[str, object] = jwt.decode(
            token,
            key,
            algorithms=list(settings.algorithms),
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED_CLAIMS},
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


def _to_partner(claims: Mapping[str, object]) -> Partner:
    try:
        read = PartnerClaims.model_validate(claims)
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}))
        _refuse(f"the token's claims do not describe a partner; missing or malformed: {names}")
    return Partner(
        id=read.sub,
        organisation=read.organisation,
        organisation_class=read.organisation_class,
        roles=read.roles,
        purposes=read.purposes,
        attributes=read.attributes,
        token_id=read.jti,
    )


def _refuse(message: str) -> NoReturn:
    hint = "Ask your token issuer for a new token; on a local stack: portgate token --as NAME"
    raise Unauthenticated(message, hint=hint) from None
