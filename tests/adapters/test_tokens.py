"""Forged, borrowed and broken tokens are refused, and the honest twin of each is let through."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import HttpUrl

from gateway.adapters.issuer import ISSUER, issue_token, make_issuer
from gateway.adapters.jwks import FRESH_SECONDS, REFETCH_SECONDS, STALE_SECONDS, KeySet
from gateway.adapters.tokens import MAX_TOKEN_BYTES, TokenReader
from gateway.errors import IdentityUnavailable, Unauthenticated
from gateway.model import Partner
from gateway.settings import IssuerSettings

OIDC = "https://login.partnership.example/realms/ports"
KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
RSA_KEY = rsa.generate_private_key(65537, 2048)
SHORT_RSA_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the attack is that it is breakable
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Json = dict[str, object]


def _jwks() -> bytes:
    keys = [
        {**json.loads(OKPAlgorithm.to_jwk(KEY.public_key())), "kid": "one"},
        {**json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key())), "kid": "encrypting", "use": "enc"},
        {**json.loads(OKPAlgorithm.to_jwk(KEY.public_key())), "kid": "twice"},
        {**json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key())), "kid": "twice"},
        {**json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())), "kid": "rsa"},
        {**json.loads(RSAAlgorithm.to_jwk(SHORT_RSA_KEY.public_key())), "kid": "short"},
        {**json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())), "kid": "curve"},
        {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")},
    ]
    return json.dumps({"keys": keys}).encode()


@pytest.fixture
def reader(tmp_path: Path) -> TokenReader:
    (tmp_path / "jwks.json").write_bytes(_jwks())
    settings = IssuerSettings(issuer=OIDC, algorithms=("EdDSA", "RS256", "ES256"), jwks_file=tmp_path / "jwks.json")
    return TokenReader([settings])


def _claims(**changes: object) -> Json:
    now = int(time.time())
    claims: Json = {
        "iss": OIDC,
        "aud": "portgate",
        "sub": "gobiz-analyst",
        "iat": now,
        "exp": now + 600,
        "jti": "t-1",
        "organisation": "gobiz",
        "organisation_class": "state_agency",
        "roles": ["analyst"],
        "purposes": ["freight_resilience"],
        "attributes": {"region": "CA"},
    }
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not ...}


def _sign(claims: Json | None = None, key: object = KEY, algorithm: str = "EdDSA", **header: object) -> str:
    members = {"kid": "one", **header}
    return jwt.encode(claims or _claims(), key, algorithm=algorithm, headers=members)  # type: ignore[arg-type]


def _part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(header: object, claims: object, sign: Callable[[bytes], bytes] = KEY.sign) -> str:
    """Sign exactly these bytes, as an issuer gone wrong would."""
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_part(sign(signed.encode()))}"


HEADER = {"alg": "EdDSA", "kid": "one", "typ": "JWT"}


def _hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def _public_pem() -> bytes:
    return RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _now() -> int:
    return int(time.time())


def _text(front: str, **changes: object) -> bytes:
    """The claims as text with something put in front, for JSON that no honest library writes."""
    return ("{" + front + json.dumps(_claims(**changes))[1:]).encode()


def _sign_short(data: bytes) -> bytes:
    return SHORT_RSA_KEY.sign(data, padding.PKCS1v15(), hashes.SHA256())


ATTACKS: dict[str, tuple[Callable[[], str], Callable[[], str]]] = {
    # what the attacker sends, and the honest twin that differs in that alone
    "alg none without a signature": (
        lambda: f"{_part({**HEADER, 'alg': 'none'})}.{_part(_claims())}.",
        lambda: _raw(HEADER, _claims()),
    ),
    "alg none with a signature": (
        lambda: _raw({**HEADER, "alg": "none"}, _claims()),
        lambda: _raw(HEADER, _claims()),
    ),
    "alg None in capitals": (
        lambda: _raw({**HEADER, "alg": "nOnE"}, _claims()),
        lambda: _raw(HEADER, _claims()),
    ),
    "the public RSA key as an HMAC secret": (
        lambda: _raw({"alg": "HS256", "kid": "rsa"}, _claims(), _hmac_with(_public_pem())),
        lambda: _sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a shared secret that the issuer published by mistake": (
        lambda: _raw({"alg": "HS256", "kid": "secret"}, _claims(), _hmac_with(b"s" * 32)),
        lambda: _sign(),
    ),
    "an algorithm the issuer does not use": (
        lambda: _sign(key=RSA_KEY, algorithm="PS256", kid="rsa"),
        lambda: _sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "a key of another family than the algorithm": (
        lambda: _sign(key=RSA_KEY, algorithm="RS256", kid="curve"),
        lambda: _sign(key=EC_KEY, algorithm="ES256", kid="curve"),
    ),
    "an RSA key that is too short": (
        lambda: _raw({"alg": "RS256", "kid": "short"}, _claims(), _sign_short),
        lambda: _sign(key=RSA_KEY, algorithm="RS256", kid="rsa"),
    ),
    "another's key under a known name": (lambda: _sign(key=OTHER_KEY), lambda: _sign(key=KEY)),
    "an unknown key name": (lambda: _sign(kid="two"), lambda: _sign(kid="one")),
    "no key name": (lambda: _raw({"alg": "EdDSA"}, _claims()), lambda: _raw(HEADER, _claims())),
    "a key name that is a path": (lambda: _sign(kid="../../jwks.json"), lambda: _sign()),
    "a key name that is SQL": (lambda: _sign(kid="one' OR '1'='1"), lambda: _sign()),
    "a key name that is a list": (lambda: _raw({**HEADER, "kid": ["one"]}, _claims()), lambda: _raw(HEADER, _claims())),
    "a key name that two keys bear": (lambda: _sign(kid="twice"), lambda: _sign()),
    "a key meant for encryption": (lambda: _sign(key=OTHER_KEY, kid="encrypting"), lambda: _sign()),
    "a critical extension": (
        lambda: _raw({**HEADER, "crit": ["exp"], "exp": 1}, _claims()),
        lambda: _raw(HEADER, _claims()),
    ),
    "an unencoded payload": (lambda: _raw({**HEADER, "b64": False}, _claims()), lambda: _raw(HEADER, _claims())),
    "a key set address of its own": (
        lambda: _sign(key=OTHER_KEY, jku="https://evil.example/jwks.json"),
        lambda: _sign(),
    ),
    "a key of its own": (
        lambda: _sign(key=OTHER_KEY, jwk=json.loads(OKPAlgorithm.to_jwk(OTHER_KEY.public_key()))),
        lambda: _sign(),
    ),
    "a certificate address of its own": (lambda: _sign(x5u="https://evil.example/c.pem"), lambda: _sign()),
    "a compressed payload": (lambda: _raw({**HEADER, "zip": "DEF"}, _claims()), lambda: _raw(HEADER, _claims())),
    "another kind of token": (lambda: _sign(typ="id_token+secevent"), lambda: _sign(typ="at+jwt")),
    "an encrypted token": (lambda: ".".join([_part(HEADER)] * 5), lambda: _sign()),
    "a changed claim": (
        lambda: "{0}.{forged}.{2}".format(*_sign().split("."), forged=_part(_claims(sub="auditor"))),
        lambda: _sign(_claims(sub="auditor")),
    ),
    "an issuer that is a prefix of ours": (lambda: _sign(_claims(iss=OIDC[:-1])), lambda: _sign()),
    "an issuer that holds ours": (lambda: _sign(_claims(iss=OIDC + "/")), lambda: _sign()),
    "an issuer in other letters": (lambda: _sign(_claims(iss=OIDC.upper())), lambda: _sign()),
    "a list of issuers": (lambda: _raw(HEADER, _claims(iss=[OIDC])), lambda: _raw(HEADER, _claims())),
    "no issuer": (lambda: _sign(_claims(iss=...)), lambda: _sign()),
    "another audience": (lambda: _sign(_claims(aud="payroll")), lambda: _sign(_claims(aud=["payroll", "portgate"]))),
    "an audience that holds ours": (lambda: _sign(_claims(aud="portgate2")), lambda: _sign(_claims(aud="portgate"))),
    "no audience": (lambda: _sign(_claims(aud=...)), lambda: _sign()),
    "an expired token": (
        lambda: _sign(_claims(iat=_now() - 900, exp=_now() - 120)),
        lambda: _sign(_claims(iat=_now() - 900, exp=_now() - 5)),
    ),
    "no expiry": (lambda: _sign(_claims(exp=...)), lambda: _sign()),
    "an endless expiry": (lambda: _raw(HEADER, _claims(exp=10**15)), lambda: _raw(HEADER, _claims())),
    "an infinite expiry": (
        lambda: _raw(HEADER, _text('"exp":1e400,', exp=...)),
        lambda: _raw(HEADER, _text(f'"exp":{_now() + 60},', exp=...)),
    ),
    "an expiry that is text": (
        lambda: _raw(HEADER, _claims(exp=str(_now() + 600))),
        lambda: _raw(HEADER, _claims(exp=_now() + 600)),
    ),
    "an expiry that is true": (lambda: _raw(HEADER, _claims(exp=True)), lambda: _raw(HEADER, _claims())),
    "a token from the future": (
        lambda: _sign(_claims(iat=_now() + 300, exp=_now() + 600)),
        lambda: _sign(_claims(iat=_now() + 5, exp=_now() + 600)),
    ),
    "a token not yet valid": (lambda: _sign(_claims(nbf=_now() + 300)), lambda: _sign(_claims(nbf=_now()))),
    "no time of issue": (lambda: _sign(_claims(iat=...)), lambda: _sign()),
    "no token id": (lambda: _sign(_claims(jti=...)), lambda: _sign()),
    "no subject": (lambda: _sign(_claims(sub=...)), lambda: _sign()),
    "an empty subject": (lambda: _sign(_claims(sub="")), lambda: _sign()),
    "a subject with a line end": (lambda: _sign(_claims(sub="a\r\nX-Trino-User: root")), lambda: _sign()),
    "no organisation": (lambda: _sign(_claims(organisation=...)), lambda: _sign()),
    "an organisation that is a number": (lambda: _sign(_claims(organisation=7)), lambda: _sign()),
    "roles that are text": (lambda: _sign(_claims(roles="analyst")), lambda: _sign(_claims(roles=["analyst"]))),
    "a thousand roles": (lambda: _sign(_claims(roles=["r"] * 1000)), lambda: _sign(_claims(roles=["r"] * 30))),
    "attributes that nest": (
        lambda: _sign(_claims(attributes={"port": {"eq": "oakland"}})),
        lambda: _sign(_claims(attributes={"port": "oakland"})),
    ),
    "a claim that comes twice": (
        lambda: _raw(HEADER, _text('"sub":"auditor",')),
        lambda: _raw(HEADER, _text("")),
    ),
    "a number that is not JSON": (lambda: _raw(HEADER, _text('"x":NaN,')), lambda: _raw(HEADER, _text('"x":1,'))),
    "nesting without end": (
        lambda: _raw(HEADER, _text('"x":' + "[" * 2500 + "]" * 2500 + ",")),
        lambda: _raw(HEADER, _text('"x":[[1]],')),
    ),
    "a number without end": (
        lambda: _raw(HEADER, _text('"x":' + "9" * 5000 + ",")),
        lambda: _raw(HEADER, _text('"x":99,')),
    ),
    "a token that is too long": (
        lambda: _sign(_claims(x="x" * MAX_TOKEN_BYTES)),
        lambda: _sign(_claims(x="x" * 1000)),
    ),
    "a line end after the token": (lambda: _sign() + "\n", lambda: _sign()),
    "padding in the token": (lambda: _sign() + "==", lambda: _sign()),
    "another script's letters": (lambda: _sign().replace(".", "\uff0e"), lambda: _sign()),
    "claims that are a list": (lambda: _raw(HEADER, [_claims()]), lambda: _raw(HEADER, _claims())),
    "claims that are no text": (lambda: _raw(HEADER, b"\xff\xfe"), lambda: _raw(HEADER, _claims())),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_token_is_refused_and_its_honest_twin_is_not(reader: TokenReader, attack: str) -> None:
    forged, honest = (make() for make in ATTACKS[attack])

    with pytest.raises(Unauthenticated) as refusal:
        reader.identify(forged)

    assert reader.identify(honest).token_id == "t-1"  # noqa: S105
    told = refusal.value.message + refusal.value.hint
    assert not any(part in told for part in forged.split(".") if len(part) > 6)
    assert refusal.value.__cause__ is None
    assert refusal.value.hint


@pytest.mark.parametrize("token", [None, "", "x", "a.b", "a.b.c", "a..b", "...", "\x00.\x00.\x00"])
def test_what_is_not_a_token_is_refused(reader: TokenReader, token: str | None) -> None:
    with pytest.raises(Unauthenticated):
        reader.identify(token)


def test_a_partner_is_what_the_token_says(reader: TokenReader) -> None:
    assert reader.identify(_sign()) == Partner(
        id="gobiz-analyst",
        organisation="gobiz",
        organisation_class="state_agency",
        roles=("analyst",),
        purposes=("freight_resilience",),
        attributes={"region": "CA"},
        token_id="t-1",  # noqa: S106
    )


@pytest.mark.parametrize("algorithms", [("HS256",), ("none",), ("EdDSA", "HS512"), ()])
def test_an_issuer_with_a_shared_secret_cannot_be_configured(tmp_path: Path, algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="algorithms must be some of"):
        TokenReader([IssuerSettings(issuer=OIDC, algorithms=algorithms, jwks_file=tmp_path / "jwks.json")])


def test_a_key_of_one_issuer_signs_nothing_for_another(tmp_path: Path) -> None:
    make_issuer(tmp_path / "dev")
    (tmp_path / "jwks.json").write_bytes(_jwks())
    reader = TokenReader(
        [
            IssuerSettings(issuer=OIDC, jwks_file=tmp_path / "jwks.json"),
            IssuerSettings(issuer=ISSUER, jwks_file=tmp_path / "dev" / "jwks.json"),
        ]
    )

    with pytest.raises(Unauthenticated):
        reader.identify(_sign(_claims(iss=ISSUER)))

    assert reader.identify(_sign()).id == "gobiz-analyst"


# --- keys over time -------------------------------------------------------------------------------------------------


class _Source:
    """A key set that can change and fail, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reads = 0
        self.body: bytes | None = _jwks()

    def read(self) -> bytes:
        self.reads += 1
        if self.body is None:
            raise OSError("unplugged")
        return self.body

    def clock(self) -> float:
        return self.now


def test_ten_thousand_unknown_keys_cost_one_read_in_ten_seconds() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    keys.find("one", "EdDSA")
    source.now += REFETCH_SECONDS

    found = [keys.find(f"made-up-{n}", "EdDSA") for n in range(10_000)]

    assert not any(found)
    assert source.reads == 2


def test_a_new_key_is_found_without_waiting_for_the_old_set_to_age() -> None:
    source = _Source()
    source.body = b'{"keys": []}'
    keys = KeySet(source.read, source.clock)
    assert keys.find("one", "EdDSA") is None

    source.body = _jwks()
    source.now += REFETCH_SECONDS

    assert keys.find("one", "EdDSA") is not None


def test_a_key_that_was_taken_back_stops_working_when_the_set_has_aged() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    assert keys.find("one", "EdDSA") is not None

    source.body = b'{"keys": []}'
    source.now += FRESH_SECONDS + 1

    assert keys.find("one", "EdDSA") is None


def test_an_outage_of_the_issuer_is_bridged_for_an_hour_and_no_longer() -> None:
    source = _Source()
    keys = KeySet(source.read, source.clock)
    keys.find("one", "EdDSA")
    source.body = None

    source.now += STALE_SECONDS - 1
    assert keys.find("one", "EdDSA") is not None
    source.now += 2
    with pytest.raises(IdentityUnavailable):
        keys.find("one", "EdDSA")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"keys": 1}', b"<html>", b"[" * 100_000, b"\xff"])
def test_a_key_set_that_is_none_lets_nobody_in(body: bytes) -> None:
    source = _Source()
    source.body = body

    with pytest.raises(IdentityUnavailable):
        KeySet(source.read, source.clock).find("one", "EdDSA")


class _Answers(BaseHTTPRequestHandler):
    """Serves whatever its server holds under /jwks, and a redirect to it under /moved."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/jwks")
            self.end_headers()
            return
        body: bytes = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def served() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.body = _jwks()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _reader_at(server: ThreadingHTTPServer, path: str) -> TokenReader:
    url = HttpUrl(f"http://127.0.0.1:{server.server_address[1]}{path}")
    return TokenReader([IssuerSettings(issuer=OIDC, jwks_url=url)])


def test_keys_come_from_the_issuers_address(served: ThreadingHTTPServer) -> None:
    assert _reader_at(served, "/jwks").identify(_sign()).id == "gobiz-analyst"


def test_a_redirect_of_the_key_set_is_not_followed(served: ThreadingHTTPServer) -> None:
    with pytest.raises(IdentityUnavailable):
        _reader_at(served, "/moved").identify(_sign())


def test_an_endless_key_set_is_not_read_to_its_end(served: ThreadingHTTPServer) -> None:
    served.body = b" " * 3_000_000 + _jwks()  # type: ignore[attr-defined]

    with pytest.raises(IdentityUnavailable):
        _reader_at(served, "/jwks").identify(_sign())


# --- the development issuer -----------------------------------------------------------------------------------------

PARTNERS = """
version: 1
partners:
  msc-planner:
    organisation: msc
    organisation_class: ocean_carrier
    roles: [planner]
    purposes: [freight_resilience, emissions_reduction]
    attributes: {carrier_smdg: MSC}
"""


@pytest.fixture
def issuer(tmp_path: Path) -> Path:
    (tmp_path / "partners.yaml").write_text(PARTNERS)
    make_issuer(tmp_path / "identity")
    return tmp_path


def _dev_reader(issuer: Path) -> TokenReader:
    return TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=issuer / "identity" / "jwks.json")])


def test_the_development_issuers_token_names_a_demo_partner(issuer: Path) -> None:
    token = issue_token(issuer / "identity", "msc-planner", partners_file=issuer / "partners.yaml")

    partner = _dev_reader(issuer).identify(token)

    assert (partner.id, partner.organisation_class) == ("msc-planner", "ocean_carrier")
    assert partner.purposes == ("freight_resilience", "emissions_reduction")
    assert partner.attributes == {"carrier_smdg": "MSC"}


def test_a_token_can_be_narrowed_to_one_purpose_but_not_widened(issuer: Path) -> None:
    directory, file = issuer / "identity", issuer / "partners.yaml"

    narrow = issue_token(directory, "msc-planner", ("emissions_reduction",), partners_file=file)

    assert _dev_reader(issuer).identify(narrow).purposes == ("emissions_reduction",)
    with pytest.raises(ValueError, match="may not declare economic_competitiveness"):
        issue_token(directory, "msc-planner", ("economic_competitiveness",), partners_file=file)


def test_the_issuers_key_is_its_owners_alone_and_is_made_once(issuer: Path) -> None:
    key_file = issuer / "identity" / "issuer.key"
    before = key_file.read_bytes()

    (issuer / "identity" / "jwks.json").unlink()
    make_issuer(issuer / "identity")

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_bytes() == before
    token = issue_token(issuer / "identity", "msc-planner", partners_file=issuer / "partners.yaml")
    assert _dev_reader(issuer).identify(token).id == "msc-planner"


def test_two_issuers_made_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = "import sys, pathlib, gateway.adapters.issuer as i; i.make_issuer(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]

    makers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]

    assert [maker.wait() for maker in makers] == [0, 0, 0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["issuer.key", "jwks.json"]
