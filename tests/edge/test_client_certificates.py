"""Over real TLS: services that show a certificate, and those whose certificate says nothing."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from trino.auth import CertificateAuthentication
from trino.dbapi import connect

from gateway.adapters.certificates import ClientCertificates
from gateway.adapters.identity import Identities
from gateway.adapters.tokens import TokenReader, thumbprint
from gateway.edge.api import make_app
from gateway.errors import Unauthenticated
from gateway.model import Partner
from gateway.settings import IssuerSettings, ListenSettings, ServiceSettings
from tests.edge.over_tls import SERVER, Authority, Pair, free_socket, serving
from tests.edge.stand_in import StandInGate
from tests.edge.statement import naming
from tests.oidc.keys import ALGORITHM
from tests.oidc.provider import Provider

ISSUER = "https://login.example"
SUBJECT = "CN=planner,O=MSC"
SPIFFE = "spiffe://msc.example/planner"


def service(**changes: object) -> ServiceSettings:
    made: dict[str, object] = {
        "subject": SUBJECT,
        "id": "msc-planner",
        "organisation": "msc",
        "organisation_class": "ocean_carrier",
        "purposes": ["freight_resilience"],
        "attributes": {"carrier_smdg": "MSC"},
    }
    return ServiceSettings.model_validate({**made, **changes})


class Door(StandInGate):
    """A gate that knows services and the partners of one provider, and tells who came."""

    def __init__(self, identities: Identities) -> None:
        super().__init__()
        self.identities = identities
        self.came: list[Partner] = []

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Remember who it was."""
        self.came.append(self.identities.identify(token, certificate))
        return self.came[-1]


@dataclass
class Gateway:
    """One gateway on real sockets, its authority, and a provider's tokens."""

    url: str
    plain: str
    door: Door
    authority: Authority
    server_ca: Path
    crl_file: Path
    provider: Provider

    def ask(
        self, pair: Pair | None = None, token: str = "", url: str = "", more: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask for the catalog over a connection of its own."""
        trust = ssl.create_default_context(cafile=str(self.server_ca))
        if pair:
            trust.load_cert_chain(*pair.files)
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **(more or {})}
        with httpx.Client(verify=trust, trust_env=False) as client:
            return client.get(f"{url or self.url}/api/catalog", headers=headers)

    def token(self, user: str = "msc-planner", **more: object) -> str:
        """A token of the provider."""
        now = int(datetime.now(UTC).timestamp())
        claims: dict[str, object] = {
            "iss": ISSUER, "aud": "portgate", "sub": user, "iat": now, "exp": now + 600, "jti": "t-7",
            "organisation": "msc", "organisation_class": "ocean_carrier", "purposes": ["emissions_reduction"],
        }  # fmt: skip
        return self.provider.keys.sign({**claims, **more}, "at+jwt")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    ours, servers = Authority(tmp_path), Authority(tmp_path, "CN=Servers")
    mine = servers.issue("CN=localhost", use=SERVER)
    crl_file = tmp_path / "revoked.pem"
    crl_file.write_bytes(ours.revoke())
    listen = ListenSettings(
        certificate_file=mine.certificate_file,
        key_file=mine.key_file,
        client_ca_file=ours.file,
        client_crl_file=crl_file,
    )
    provider = Provider(ISSUER, "https://gateway.example/oauth2/callback")
    (tmp_path / "jwks.json").write_text(json.dumps(provider.keys.published()))
    tokens = TokenReader([IssuerSettings(issuer=ISSUER, algorithms=(ALGORITHM,), jwks_file=tmp_path / "jwks.json")])
    services = [service(), service(subject=None, uri=SPIFFE, id="msc-robot")]
    door = Door(Identities(tokens, ClientCertificates(listen, services, lambda: datetime.now(UTC))))
    app = make_app(door, door.ready, None, None, naming(door))
    with (
        free_socket() as tls,
        free_socket() as plain,
        serving(app, tls, listen) as number,
        serving(app, plain) as other,
    ):
        yield Gateway(
            f"https://localhost:{number}", f"http://127.0.0.1:{other}", door, ours, servers.file, crl_file, provider
        )


def test_a_service_is_known_by_its_certificates_subject(gateway: Gateway) -> None:
    pair = gateway.authority.issue(SUBJECT)

    assert gateway.ask(pair).status_code == 200

    (partner,) = gateway.door.came
    assert (partner.id, partner.organisation, partner.purposes) == ("msc-planner", "msc", ("freight_resilience",))
    assert partner.attributes == {"carrier_smdg": "MSC"}
    assert partner.token_id.startswith("x509:")


def test_a_service_is_known_by_a_uri_in_its_certificate(gateway: Gateway) -> None:
    assert gateway.ask(gateway.authority.issue("CN=whatever", uri=SPIFFE)).status_code == 200
    assert gateway.door.came[0].id == "msc-robot"


def test_without_a_certificate_a_token_is_asked_for(gateway: Gateway) -> None:
    answer = gateway.ask()

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Portgate"'
    assert gateway.ask(token=gateway.token()).status_code == 200


NOT_OURS: dict[str, Callable[[Gateway, Path], Pair]] = {
    "another authority": lambda _gateway, folder: Authority(folder, "CN=Another").issue(SUBJECT),
    "an authority of the same name": lambda _gateway, folder: Authority(folder).issue(SUBJECT),
    "an authority that vouches for servers": lambda gateway, _: gateway.authority.issue(SUBJECT, use=SERVER),
    "a time that has run out": lambda gateway, _: gateway.authority.issue(SUBJECT, until=timedelta(days=-1)),
}


@pytest.mark.parametrize("fault", NOT_OURS)
def test_tls_itself_refuses_a_certificate_of(gateway: Gateway, fault: str, tmp_path: Path) -> None:
    pair = NOT_OURS[fault](gateway, tmp_path)

    with pytest.raises((httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError, httpx.WriteError)):
        gateway.ask(pair)

    assert gateway.door.came == []
    assert gateway.ask(gateway.authority.issue(SUBJECT)).status_code == 200


@pytest.mark.parametrize("subject", ["CN=planner", "CN=planner,O=msc", "CN=planner,O=MSC,C=CH", "O=MSC,CN=planner"])
def test_a_subject_that_is_not_the_whole_one_is_nobodys(gateway: Gateway, subject: str) -> None:
    answer = gateway.ask(gateway.authority.issue(subject))

    assert answer.status_code == 401
    assert "belongs to no service" in answer.json()["detail"]


def test_two_names_of_two_services_in_one_certificate_are_nobodys(gateway: Gateway) -> None:
    assert gateway.ask(gateway.authority.issue(SUBJECT, uri=SPIFFE)).status_code == 401
    assert gateway.ask(gateway.authority.issue(SUBJECT, uri="spiffe://msc.example/other")).status_code == 200


def test_a_certificate_that_is_revoked_stops_working_on_a_connection_that_is_open(gateway: Gateway) -> None:
    pair, other = gateway.authority.issue(SUBJECT), gateway.authority.issue(SUBJECT)
    trust = ssl.create_default_context(cafile=str(gateway.server_ca))
    trust.load_cert_chain(*pair.files)
    with httpx.Client(verify=trust, trust_env=False, base_url=gateway.url) as client:
        before = client.get("/api/catalog")
        gateway.crl_file.write_bytes(gateway.authority.revoke(pair))
        os.utime(gateway.crl_file, (1, 1))

        after = client.get("/api/catalog")

    assert (before.status_code, after.status_code) == (200, 401)
    assert "revoked" in after.json()["detail"]
    assert gateway.ask(other).status_code == 200


def test_a_list_of_revocations_that_is_old_or_forged_stops_everybody(gateway: Gateway, tmp_path: Path) -> None:
    pair = gateway.authority.issue(SUBJECT)
    forged = Authority(tmp_path).revoke()
    for text in (gateway.authority.revoke(until=timedelta(days=-1)), forged, b"", b"-----BEGIN X509 CRL-----\nAA==\n"):
        gateway.crl_file.write_bytes(text)
        assert gateway.ask(pair).status_code == 503

    gateway.crl_file.write_bytes(gateway.authority.revoke())

    assert gateway.ask(pair).status_code == 200


@pytest.mark.parametrize(
    "name", ["X-Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert", "X-SSL-Client-S-DN"]
)
def test_no_header_is_a_certificate(gateway: Gateway, name: str) -> None:
    pair = gateway.authority.issue(SUBJECT)
    trust = ssl.create_default_context(cafile=str(gateway.server_ca))
    value = pair.certificate_file.read_text().replace("\n", " ").strip()
    with httpx.Client(verify=trust, trust_env=False) as client:
        for url in (gateway.url, gateway.plain):
            assert client.get(f"{url}/api/catalog", headers={name: value}).status_code == 401
    assert gateway.ask(pair).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_another_site_cannot_ask_with_the_certificate_of_somebodys_browser(gateway: Gateway, origin: str) -> None:
    pair = gateway.authority.issue(SUBJECT)

    assert gateway.ask(pair, more={"Origin": origin}).status_code == 401
    assert gateway.ask(pair, gateway.token(), more={"Origin": origin}).status_code == 200
    assert gateway.ask(pair).status_code == 200


# --- a certificate and a token -------------------------------------------------------------------------------------


def test_of_a_certificate_and_a_token_of_the_same_partner_the_token_says_which_rights(gateway: Gateway) -> None:
    assert gateway.ask(gateway.authority.issue(SUBJECT), gateway.token()).status_code == 200
    assert gateway.door.came[0].purposes == ("emissions_reduction",)


@pytest.mark.parametrize("token", ["somebody else", "another organisation", "no token"])
def test_a_certificate_and_a_token_that_differ_are_both_refused(gateway: Gateway, token: str) -> None:
    tokens = {
        "somebody else": gateway.token("msc-analyst"),
        "another organisation": gateway.token(organisation="cma_cgm"),
        "no token": "rubbish",
    }

    assert gateway.ask(gateway.authority.issue(SUBJECT), tokens[token]).status_code == 401
    assert gateway.ask(gateway.authority.issue(SUBJECT), gateway.token()).status_code == 200


def test_a_token_does_not_make_an_unknown_certificate_good(gateway: Gateway) -> None:
    assert gateway.ask(gateway.authority.issue("CN=unknown"), gateway.token()).status_code == 401


def test_a_token_bound_to_a_certificate_is_good_with_it_alone(gateway: Gateway) -> None:
    pair, other = gateway.authority.issue("CN=unknown"), gateway.authority.issue(SUBJECT)
    bound = gateway.token(cnf={"x5t#S256": thumbprint(pair.der)})

    assert gateway.ask(pair, bound).status_code == 200
    assert gateway.ask(None, bound).status_code == 401
    assert gateway.ask(other, bound).status_code == 401
    assert gateway.ask(None, bound, gateway.plain).status_code == 401


@pytest.mark.parametrize("binding", [{"jkt": "x"}, {}, None, [], "x", {"x5t#S256": None}, {"x5t#S256": "é"}])
def test_a_token_bound_in_a_way_that_nobody_checks_is_refused(gateway: Gateway, binding: object) -> None:
    pair = gateway.authority.issue(SUBJECT)

    assert gateway.ask(pair, gateway.token(cnf=binding)).status_code == 401
    assert gateway.ask(pair, gateway.token(cnf={"x5t#S256": thumbprint(pair.der)})).status_code == 200


# --- clients, and settings -----------------------------------------------------------------------------------------


def test_the_python_client_comes_with_its_certificate(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)  # requests prefers it to what the client was told
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    pair = gateway.authority.issue(SUBJECT)
    port = int(gateway.url.rpartition(":")[2])

    with connect(  # type: ignore[no-untyped-call]
        host="localhost", port=port, http_scheme="https", verify=str(gateway.server_ca),
        auth=CertificateAuthentication(*pair.files),
    ) as connection:  # fmt: skip
        rows = connection.cursor().execute("SELECT 1").fetchall()

    assert rows == [["msc-planner"]]


def _certificates(folder: Path, authorities: list[Authority], *services: ServiceSettings) -> ClientCertificates:
    both = folder / "both.pem"
    both.write_bytes(b"".join(authority.file.read_bytes() for authority in authorities))
    listen = ListenSettings(certificate_file=both, key_file=both, client_ca_file=both)
    return ClientCertificates(listen, services, lambda: datetime.now(UTC))


def test_an_authority_cannot_issue_the_name_of_anothers_service(tmp_path: Path) -> None:
    theirs, others = Authority(tmp_path, "CN=A"), Authority(tmp_path, "CN=B")
    known = _certificates(tmp_path, [theirs, others], service(issued_by="CN=A"))

    assert known.find(theirs.issue(SUBJECT).der).id == "msc-planner"
    with pytest.raises(Unauthenticated):
        known.find(others.issue(SUBJECT).der)


def test_settings_in_which_one_certificate_could_be_two_services_are_refused(tmp_path: Path) -> None:
    one, two = Authority(tmp_path, "CN=A"), Authority(tmp_path, "CN=B")

    with pytest.raises(ValueError, match="issued_by must be one of CN=A; CN=B"):
        _certificates(tmp_path, [one, two], service())
    with pytest.raises(ValueError, match="another service goes by CN=planner,O=MSC"):
        _certificates(tmp_path, [one], service(), service(id="again"))
    with pytest.raises(ValueError, match="two authorities of one name"):
        _certificates(tmp_path, [one, one], service())
    assert _certificates(tmp_path, [one, two], service(issued_by="CN=A"), service(issued_by="CN=B"))


@pytest.mark.parametrize("names", [{"subject": None}, {"uri": SPIFFE}])
def test_a_service_goes_by_exactly_one_name(names: dict[str, str | None]) -> None:
    with pytest.raises(ValueError, match="set exactly one of subject and uri"):
        service(**names)
