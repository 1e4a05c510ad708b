"""What may differ between issuers: types of tokens, names of claims, whom they speak for, and whose certificates."""

from __future__ import annotations

import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import HttpUrl, ValidationError

from gateway.adapters.tokens import TokenReader
from gateway.errors import IdentityUnavailable, Unauthenticated
from gateway.settings import ClaimSettings, IssuerSettings
from tests.adapters.minting import HEADER, OIDC, claims, key_set, raw, sign
from tests.adapters.test_jwks import Answers
from tests.edge.over_tls import SERVER, Authority


def _reader(folder: Path, **settings: object) -> TokenReader:
    (folder / "jwks.json").write_bytes(key_set())
    made = {"issuer": OIDC, "jwks_file": folder / "jwks.json", **settings}
    return TokenReader([IssuerSettings.model_validate(made)])


def test_an_issuer_of_access_tokens_alone_signs_no_other_kind(tmp_path: Path) -> None:
    strict = _reader(tmp_path, token_types=["at+jwt"])

    assert strict.identify(sign(typ="at+jwt")).id == "gobiz-analyst"
    assert strict.identify(sign(typ="AT+JWT")).id == "gobiz-analyst"
    for header in (HEADER, {"alg": "EdDSA", "kid": "one"}):
        with pytest.raises(Unauthenticated, match="of a type that this gateway does not accept"):
            strict.identify(raw(header, claims()))


def test_a_token_without_a_name_is_named_by_its_own_hash_where_the_issuer_may_leave_it_out(tmp_path: Path) -> None:
    lenient = _reader(tmp_path, requires_token_id=False)
    one, two = sign(claims(jti=...)), sign(claims(jti=..., sub="auditor"))

    names = [lenient.identify(token).token_id for token in (one, one, two)]

    assert names[0] == names[1] != names[2]
    assert names[0].startswith("sha256:")
    assert lenient.identify(sign()).token_id == "t-1"  # noqa: S105
    for wrong in ("", "a b", "a" * 129):
        with pytest.raises(Unauthenticated, match="missing or malformed: jti"):
            lenient.identify(raw(HEADER, claims(jti=wrong)))
    with pytest.raises(Unauthenticated, match="missing or malformed: jti"):
        _reader(tmp_path).identify(one)


def test_an_issuer_speaks_for_no_organisation_but_its_own(tmp_path: Path) -> None:
    own = _reader(tmp_path, organisations=["gobiz", "carb"])

    assert own.identify(sign()).organisation == "gobiz"
    with pytest.raises(Unauthenticated, match="does not speak for the organisation"):
        own.identify(sign(claims(organisation="msc")))
    with pytest.raises(Unauthenticated, match="does not speak for the organisation"):
        _reader(tmp_path, organisations=[]).identify(sign())


def test_claims_are_found_where_the_issuer_puts_them(tmp_path: Path) -> None:
    names = {
        "id": "preferred_username",
        "organisation": "https://ports.example/organisation",
        "organisation_class": ["ports", "class"],
        "roles": ["resource_access", "portgate", "roles"],
        "purposes": ["ports", "purposes"],
        "attributes": ["ports", "attributes"],
    }
    reader = _reader(tmp_path, claims=names)
    said = {
        "sub": "_a-opaque",
        "preferred_username": "jane",
        "https://ports.example/organisation": "carb",
        "ports": {"class": "state_agency", "purposes": ["emissions_reduction"], "attributes": {"region": "CA"}},
        "resource_access": {"portgate": {"roles": ["analyst"]}},
    }

    partner = reader.identify(sign(claims(**said)))

    assert (partner.id, partner.organisation, partner.organisation_class) == ("jane", "carb", "state_agency")
    assert (partner.roles, partner.purposes) == (("analyst",), ("emissions_reduction",))
    assert partner.attributes == {"region": "CA"}
    for wrong in ({**said, "ports": "x"}, {**said, "ports": [{"class": "state_agency"}]}, {**said, "ports": ...}):
        with pytest.raises(Unauthenticated, match=r"malformed: ports\.class"):
            reader.identify(sign(claims(**wrong)))


def test_a_path_to_a_claim_names_something() -> None:
    assert ClaimSettings().id == ("sub",)
    with pytest.raises(ValidationError):
        ClaimSettings.model_validate({"id": []})


def test_keys_are_read_over_tls_from_who_an_authority_of_the_settings_vouches_for(tmp_path: Path) -> None:
    authority, another = Authority(tmp_path), Authority(tmp_path, "CN=Another")
    mine = authority.issue("CN=localhost", use=SERVER)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*mine.files)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.body = key_set()  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = HttpUrl(f"https://localhost:{server.server_address[1]}/jwks")
        by = {
            file: TokenReader([IssuerSettings(issuer=OIDC, jwks_url=url, ca_file=file)])
            for file in (authority.file, another.file, None)
        }

        assert by[authority.file].identify(sign()).id == "gobiz-analyst"
        for file in (another.file, None):
            with pytest.raises(IdentityUnavailable):
                by[file].identify(sign())
        server.shutdown()
        thread.join()
