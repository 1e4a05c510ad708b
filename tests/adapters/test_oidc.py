"""What a provider says of itself, and what the gateway makes of it: addresses, PKCE, and who has answered."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import HttpUrl, ValidationError

from gateway.adapters.oidc import FRESH_SECONDS, RETRY_SECONDS, OidcProvider, challenge_of
from gateway.adapters.tokens import TokenReader
from gateway.errors import IdentityUnavailable, Unauthenticated
from gateway.settings import ExternalLoginSettings, IssuerSettings

BASE = "https://gateway.example"


class _Answers(BaseHTTPRequestHandler):
    """Describes itself as its server holds it, and answers /token with what its server holds."""

    server: Site

    def do_GET(self) -> None:
        self.server.reads += 1
        self._answer(*self.server.description)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posts.append((dict(self.headers), parse_qs(body)))
        self._answer(*self.server.token)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/.well-known/openid-configuration")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class Site(ThreadingHTTPServer):
    """A provider of which each answer is set by hand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.reads = 0
        self.posts: list[tuple[dict[str, str], dict[str, list[str]]]] = []
        self.token = (200, b"{}")
        self.describe()

    def describe(self, status: int = 200, **changes: object) -> None:
        """Say this from now on."""
        members: dict[str, object] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "code_challenge_methods_supported": ["plain", "S256"],
            **changes,
        }
        kept = {name: value for name, value in members.items() if value is not ...}
        self.description = (status, json.dumps(kept).encode())


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The moment."""
        return self.now


def provider(site: Site, clock: Clock | None = None, **settings: object) -> OidcProvider:
    issuer = IssuerSettings(issuer=site.url, jwks_url=HttpUrl(f"{site.url}/jwks"))
    made = {"issuer": site.url, "client_id": "gate & way", "base_url": BASE, **settings}
    return OidcProvider(
        ExternalLoginSettings.model_validate(made), issuer, TokenReader([issuer]), clock or Clock()
    )  # fmt: skip


def test_the_address_of_a_login_says_all_that_a_provider_checks(site: Site) -> None:
    address = provider(site, scopes=["openid", "roles"], authorization_parameters={"audience": "portgate"})

    parts = urlsplit(address.login_address("st", "no", "verifier"))

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{site.url}/authorize"
    assert parse_qs(parts.query) == {
        "audience": ["portgate"],
        "response_type": ["code"],
        "client_id": ["gate & way"],
        "redirect_uri": [f"{BASE}/oauth2/callback"],
        "scope": ["openid roles"],
        "state": ["st"],
        "nonce": ["no"],
        "code_challenge": [challenge_of("verifier")],
        "code_challenge_method": ["S256"],
    }


def test_the_challenge_is_that_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_an_address_that_asks_something_already_is_asked_more(site: Site) -> None:
    site.describe(authorization_endpoint=f"{site.url}/authorize?tenant=ports")

    assert parse_qs(urlsplit(provider(site).login_address("s", "n", "v")).query)["tenant"] == ["ports"]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example"},
        {"issuer": ...},
        {"authorization_endpoint": ...},
        {"token_endpoint": ...},
        {"authorization_endpoint": "http://login.example/authorize"},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "http://127.0.0.1.evil.example/token"},
        {"token_endpoint": "http://login@127.0.0.1/token"},
        {"token_endpoint": "https://login:pass@login.example/token"},
        {"token_endpoint": "https://login.example/token#part"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://login.example/a\r\nSet-Cookie: a=b"},
        {"code_challenge_methods_supported": ["plain"]},
        {"status": 302},
        {"status": 404},
    ],
)
def test_a_description_that_is_not_the_issuers_own_or_not_safe_is_not_used(
    site: Site, changes: dict[str, object]
) -> None:
    site.describe(**changes)  # type: ignore[arg-type]
    with pytest.raises(IdentityUnavailable):
        provider(site).login_address("s", "n", "v")

    site.describe()
    assert provider(site).login_address("s", "n", "v").startswith(site.url)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"issuer": 1}', b"[" * 100_000, b"\xff", b" " * 300_000])
def test_a_description_that_is_none_is_not_used(site: Site, body: bytes) -> None:
    site.description = (200, body)
    with pytest.raises(IdentityUnavailable):
        provider(site).login_address("s", "n", "v")


def test_a_description_is_read_once_an_hour_and_after_a_failure_once_in_ten_seconds(site: Site) -> None:
    clock = Clock()
    clock.now = 10_000.0
    known = provider(site, clock)
    good = site.description
    site.description = (500, b"")
    for _ in range(5):
        with pytest.raises(IdentityUnavailable):
            known.login_address("s", "n", "v")
    assert site.reads == 1

    clock.now += RETRY_SECONDS + 1
    site.description = good
    for _ in range(5):
        known.login_address("s", "n", "v")
    assert site.reads == 2

    clock.now += FRESH_SECONDS + 1
    site.description = (500, b"")
    assert known.login_address("s", "n", "v")  # the old one serves while the provider does not answer
    assert site.reads == 3


@pytest.mark.parametrize(
    ("says", "sender", "passes"),
    [
        (False, None, True),
        (False, "ours", True),
        (False, "https://other.example", False),
        (False, "", False),
        (True, "ours", True),
        (True, None, False),
        (True, "https://other.example", False),
    ],
)
def test_an_answer_of_another_provider_is_not_exchanged(
    site: Site, says: bool, sender: str | None, passes: bool
) -> None:
    site.describe(authorization_response_iss_parameter_supported=says)
    answer = {"code": "c"} if sender is None else {"code": "c", "iss": site.url if sender == "ours" else sender}

    with pytest.raises(Unauthenticated, match="did not say who" if passes else "another provider"):
        provider(site).finish(answer, "v", "n")

    assert len(site.posts) == int(passes)


@pytest.mark.parametrize(
    "token",
    [(400, b'{"error": "invalid_grant", "error_description": "of the provider alone"}'), (401, b"[]"), (302, b"{}")],
)
def test_an_exchange_that_fails_is_told_by_oauths_code_alone(site: Site, token: tuple[int, bytes]) -> None:
    site.token = token
    with pytest.raises(Unauthenticated, match=r"the provider refused the login: (invalid_grant|no reason given)"):
        provider(site).finish({"code": "c"}, "v", "n")
    assert len(site.posts) == 1


@pytest.mark.parametrize("error", ["access_denied", "Bad <b>", "x" * 41, ""])
def test_an_error_of_the_provider_is_told_if_it_is_a_code(site: Site, error: str) -> None:
    told = error if error == "access_denied" else "no reason given"
    with pytest.raises(Unauthenticated, match=f"the provider refused the login: {told}"):
        provider(site).finish({"error": error, "code": "c"}, "v", "n")
    assert site.posts == []


@pytest.mark.parametrize(
    ("methods", "is_basic"), [(..., True), (["client_secret_basic"], True), (["client_secret_post"], False)]
)
def test_the_clients_secret_is_shown_in_the_way_that_the_provider_takes(
    site: Site, tmp_path: Path, methods: object, is_basic: bool
) -> None:
    (tmp_path / "secret").write_text("a:b é\n", encoding="utf-8")
    site.describe(token_endpoint_auth_methods_supported=methods)
    with pytest.raises(Unauthenticated):
        provider(site, client_secret_file=tmp_path / "secret").finish({"code": "c"}, "v", "n")

    ((headers, form),) = site.posts
    basic = base64.b64encode(b"gate%20%26%20way:a%3Ab%20%C3%A9").decode()
    assert headers.get("Authorization") == (f"Basic {basic}" if is_basic else None)
    assert form.get("client_secret") == (None if is_basic else ["a:b é"])
    assert (form["code"], form["code_verifier"], form["grant_type"]) == (["c"], ["v"], ["authorization_code"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://gateway.example"},
        {"base_url": "https://gateway.example/portgate"},
        {"base_url": "https://gateway.example/?a=b"},
        {"authorization_parameters": {"redirect_uri": "https://evil.example"}},
        {"authorization_parameters": {"response_mode": "fragment"}},
        {"token": "refresh"},
        {"client_id": ""},
    ],
)
def test_settings_that_would_open_the_login_are_refused(site: Site, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        provider(site, None, **wrong)
    assert provider(site).redirect_uri == f"{BASE}/oauth2/callback"
