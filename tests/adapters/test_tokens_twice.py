"""Two readers of JSON Web Tokens that share no code, ours and joserfc: ours never takes what the other refuses."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from gateway.adapters.tokens import LEEWAY_SECONDS, TokenReader
from gateway.errors import Unauthenticated
from gateway.settings import IssuerSettings
from tests.adapters.forged import ATTACKS
from tests.adapters.forged_claims import CLAIMS
from tests.adapters.forged_headers import HEADERS
from tests.adapters.minting import EC_KEY, OIDC, RSA_KEY, claims, key_set, sign

# of a key that is too short on purpose, and of the name EdDSA, for which RFC 9864 has a newer one
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

EVERY = ATTACKS | HEADERS | CLAIMS
ALGORITHMS = ("EdDSA", "RS256", "ES256")
FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, AssertionError)


class Other:
    """The same checks by joserfc, as its documentation shows them."""

    def __init__(self) -> None:
        self._keys = jwk.KeySet([jwk.import_key(key) for key in json.loads(key_set())["keys"]])
        self._rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": OIDC},
            aud={"essential": True, "value": "portgate"},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def subject(self, token: str) -> object:
        """Who the token speaks for, or None."""
        try:
            read = jwt.decode(token, self._keys, algorithms=list(ALGORITHMS))
            self._rules.validate(read.claims)
        except FAULTS:
            return None
        return read.claims["sub"]


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
def reader(tmp_path: Path) -> TokenReader:
    (tmp_path / "jwks.json").write_bytes(key_set())
    return TokenReader([IssuerSettings(issuer=OIDC, algorithms=ALGORITHMS, jwks_file=tmp_path / "jwks.json")])


def _subject(reader: TokenReader, token: str) -> object:
    try:
        return reader.identify(token).id
    except Unauthenticated:
        return None


def test_both_read_every_honest_token_alike(reader: TokenReader, other: Other) -> None:
    for _, honest in EVERY.values():
        token = honest()
        assert _subject(reader, token) == other.subject(token) is not None


def test_the_other_refuses_most_forgeries_too_and_ours_takes_none_of_the_rest(
    reader: TokenReader, other: Other
) -> None:
    taken = [name for name, (forged, _) in EVERY.items() if other.subject(forged()) is not None]

    assert len(EVERY) - len(taken) > 150
    assert [name for name in taken if _subject(reader, EVERY[name][0]()) is not None] == []


def test_of_three_thousand_damaged_tokens_ours_takes_none_that_the_other_refuses(
    reader: TokenReader, other: Other
) -> None:
    chance = random.Random(17)  # noqa: S311 - drawn again the same, on purpose
    whole = [
        sign(),
        sign(claims(sub="auditor")),
        sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
        sign(key=EC_KEY, algorithm="ES256", kid="curve"),
    ]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="

    def damaged() -> str:
        parts = [list(chance.choice(whole).split(".")[place]) for place in range(3)]
        for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
            part = chance.choice(parts)
            place = chance.randrange(len(part))
            part[place : place + chance.choice((0, 1, 1, 2))] = chance.choice((*letters, ""))
        return ".".join("".join(part) for part in parts)

    tokens = [damaged() for _ in range(3000)]
    ours = [_subject(reader, token) for token in tokens]
    theirs = [other.subject(token) for token in tokens]

    assert all(mine is None or mine == theirs[place] for place, mine in enumerate(ours))
    assert {token for token, mine in zip(tokens, ours, strict=True) if mine} <= set(whole)
    assert any(ours)
