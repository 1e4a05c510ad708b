"""The whole login over real sockets: Trino's own Python client, a browser, an OpenID provider, and the gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
from pydantic import HttpUrl
from trino.auth import OAuth2Authentication
from trino.dbapi import connect
from trino.exceptions import TrinoAuthError

from gateway.adapters.jwks import REFETCH_SECONDS
from gateway.adapters.oidc import OidcProvider
from gateway.adapters.tokens import TokenReader
from gateway.edge.api import make_app
from gateway.edge.oauth import Login
from gateway.model import Partner
from gateway.settings import ExternalLoginSettings, IssuerSettings, ListenSettings
from tests.edge.over_tls import SERVER, Authority, free_socket, serving
from tests.edge.stand_in import StandInGate
from tests.edge.statement import naming
from tests.oidc.browser import Person
from tests.oidc.keys import ALGORITHM, Keys
from tests.oidc.provider import Provider, make_provider_app

SECRET = "s & cr=t/é"  # noqa: S105 - of a test, with every letter that a header could get wrong


class Door(StandInGate):
    """A gate that reads real tokens."""

    def __init__(self, tokens: TokenReader) -> None:
        super().__init__()
        self.tokens = tokens

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who asks."""
        return self.tokens.identify(token, certificate)


@dataclass
class World:
    """Everything that takes part."""

    provider: Provider
    port: int = 0
    ca_file: Path = Path()
    now: float = 0.0
    """The clock by which keys grow old."""

    def ask(self, opens: Callable[[str], None]) -> str:
        """Connect as an unmodified client would; return what the gateway calls us."""
        with connect(  # type: ignore[no-untyped-call]
            host="localhost", port=self.port, http_scheme="https", verify=str(self.ca_file),
            auth=OAuth2Authentication(opens),  # type: ignore[arg-type]
        ) as connection:  # fmt: skip
            ((who,),) = connection.cursor().execute("SELECT 1").fetchall()
        return str(who)


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them to what the client was told
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module", params=["access", "id"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("login")
    authority = Authority(folder)
    mine = authority.issue("CN=localhost", use=SERVER)
    (folder / "client-secret").write_text(SECRET + "\n", encoding="utf-8")
    listen = ListenSettings(certificate_file=mine.certificate_file, key_file=mine.key_file)
    with free_socket() as there, free_socket() as here:
        issuer = f"http://127.0.0.1:{there.getsockname()[1]}"
        base = f"https://localhost:{here.getsockname()[1]}"
        secret = SECRET if kind == "access" else None
        made = World(Provider(issuer, f"{base}/oauth2/callback", client_secret=secret))
        known = IssuerSettings(
            issuer=issuer, jwks_url=HttpUrl(f"{issuer}/jwks"), algorithms=(ALGORITHM,),
            audience="portgate" if kind == "access" else made.provider.client_id, requires_token_id=kind == "access",
        )  # fmt: skip
        settings = ExternalLoginSettings.model_validate(
            {
                "issuer": issuer, "client_id": made.provider.client_id, "base_url": base, "token": kind,
                "client_secret_file": folder / "client-secret" if secret else None,
            }
        )  # fmt: skip
        door = Door(TokenReader([known], lambda: made.now))
        login = Login(OidcProvider(settings, known, door.tokens), door.identify, base)
        app = make_app(door, door.ready, None, login, naming(door, login.challenge))
        with serving(make_provider_app(made.provider), there), serving(app, here, listen):
            made.port, made.ca_file = here.getsockname()[1], authority.file
            yield made


@pytest.fixture
def person(world: World) -> Iterator[Person]:
    world.provider.amend = lambda answer: answer
    somebody = Person("msc-planner", world.ca_file)
    yield somebody
    somebody.close()


def test_the_python_client_logs_in_through_the_browser(world: World, person: Person) -> None:
    assert world.ask(person) == "msc-planner"
    assert "You are logged in as msc-planner" in person.last.text


def test_a_person_may_mistype_the_password(world: World, person: Person) -> None:
    def opens(address: str) -> None:
        person.password, right = "open barley", person.password
        form = person.submit(person.browser.get(address))
        assert form.status_code == 401
        person.password = right
        person.submit(form)

    assert world.ask(opens) == "msc-planner"


def test_a_person_who_logs_in_while_the_program_waits_is_heard(world: World, person: Person) -> None:
    logins: list[threading.Thread] = []

    def opens(address: str) -> None:
        logins.append(threading.Thread(target=person, args=(address,)))
        logins[-1].start()

    assert world.ask(opens) == "msc-planner"
    logins[0].join()


def test_a_person_who_refuses_is_told_to_the_program_in_the_gateways_words(world: World, person: Person) -> None:
    def opens(address: str) -> None:
        person.submit(person.browser.get(address), deny="yes")

    with pytest.raises(TrinoAuthError, match="the provider refused the login: access_denied") as refusal:
        world.ask(opens)

    assert "secret of the provider" not in str(refusal.value)


def test_after_the_providers_keys_rotate_people_log_in_as_before(world: World, person: Person) -> None:
    for _ in range(3):
        assert world.ask(person) == "msc-planner"
        world.provider.keys.rotate()
        world.now += REFETCH_SECONDS

    world.provider.keys.rotate()
    assert world.ask(person) == "msc-planner"


def _without(member: str) -> Callable[[World, dict[str, object]], dict[str, object]]:
    return lambda _, answer: {name: value for name, value in answer.items() if name != member}


def _changed(member: str, **claims: object) -> Callable[[World, dict[str, object]], dict[str, object]]:
    def change(world: World, answer: dict[str, object]) -> dict[str, object]:
        read = jwt.decode(str(answer[member]), options={"verify_signature": False})
        return {**answer, member: world.provider.keys.sign({**read, **claims}, "JWT")}

    return change


def _forged(world: World, answer: dict[str, object]) -> dict[str, object]:
    read = jwt.decode(str(answer["id_token"]), options={"verify_signature": False})
    keys = Keys()
    forged = keys.sign(read, "JWT")
    head = jwt.get_unverified_header(str(answer["id_token"]))
    return {**answer, "id_token": jwt.encode(read, keys._keys[0][1], ALGORITHM, headers=head), "unused": forged}


GONE_WRONG: dict[str, tuple[Callable[[World, dict[str, object]], dict[str, object]], str]] = {
    "no ID token": (_without("id_token"), "did not say who has logged in"),
    "another login's nonce": (_changed("id_token", nonce="x" * 43), "belongs to another login"),
    "no nonce": (_changed("id_token", nonce=None), "belongs to another login"),
    "another client's ID token": (_changed("id_token", aud="payroll"), "meant for another service"),
    "an ID token for another party": (
        _changed("id_token", aud=["portgate-gateway", "payroll"], azp="payroll"),
        "meant for another service",
    ),
    "another provider's ID token": (_changed("id_token", iss="https://other.example"), "does not trust"),
    "an ID token of yesterday": (_changed("id_token", exp=1), "expired"),
    "an ID token that somebody else signed": (_forged, "not signed by its issuer"),
}
GONE_WRONG_FOR_ACCESS: dict[str, tuple[Callable[[World, dict[str, object]], dict[str, object]], str]] = {
    "no access token": (_without("access_token"), "gave no access token"),
    "an access token that is no JWT": (lambda _, answer: {**answer, "access_token": "opaque"}, "not a signed JSON"),
    "an access token for another service": (_changed("access_token", aud="payroll"), "meant for another service"),
    "an access token of nobody": (_changed("access_token", organisation=None), "do not describe a partner"),
}


@pytest.mark.parametrize("fault", GONE_WRONG)
def test_a_provider_that_goes_wrong_lets_nobody_in_by(world: World, person: Person, fault: str) -> None:
    amend, told = GONE_WRONG[fault]
    world.provider.amend = lambda answer: amend(world, answer)
    with pytest.raises(TrinoAuthError, match=told):
        world.ask(person)

    world.provider.amend = lambda answer: answer
    assert world.ask(person) == "msc-planner"


@pytest.mark.parametrize("kind", ["access"], indirect=True)
@pytest.mark.parametrize("fault", GONE_WRONG_FOR_ACCESS)
def test_a_provider_whose_access_token_is_wrong_lets_nobody_in_by(world: World, person: Person, fault: str) -> None:
    amend, told = GONE_WRONG_FOR_ACCESS[fault]
    world.provider.amend = lambda answer: amend(world, answer)
    with pytest.raises(TrinoAuthError, match=told):
        world.ask(person)

    world.provider.amend = lambda answer: answer
    assert world.ask(person) == "msc-planner"


@pytest.mark.parametrize("kind", ["access"], indirect=True)
def test_a_client_whose_secret_the_provider_does_not_know_gets_no_token(world: World, person: Person) -> None:
    world.provider.client_secret = "another"  # noqa: S105 - of a test
    with pytest.raises(TrinoAuthError, match="the provider refused the login: invalid_client"):
        world.ask(person)

    world.provider.client_secret = SECRET
    assert world.ask(person) == "msc-planner"
