"""The provider itself: one client, the demo partners as its users, and one password for all of them.

It is as strict as good providers are: the redirect address must be the registered one, PKCE with S256 is a must, a code
is good for one exchange within a minute, by the client and with the verifier that it was made for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qsl, unquote, urlencode

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from gateway.adapters.issuer import read_partners
from tests.oidc.keys import ALGORITHM, Keys

PASSWORD = "open sesame"  # noqa: S105 - of invented people
CODE_SECONDS, TOKEN_SECONDS = 60, 600


@dataclass
class Provider:
    """What the provider knows."""

    issuer: str
    redirect_uri: str
    client_id: str = "portgate-gateway"
    client_secret: str | None = None
    audience: str = "portgate"
    keys: Keys = field(default_factory=Keys)
    amend: Callable[[dict[str, object]], dict[str, object]] = lambda answer: answer
    """What a test makes of an answer with tokens: how a provider goes wrong."""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """Logins that wait for a password."""
    codes: dict[str, tuple[float, str, dict[str, str]]] = field(default_factory=dict)

    def description(self) -> dict[str, object]:
        """Return the discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "scopes_supported": ["openid"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic" if self.client_secret else "none"],
            "authorization_response_iss_parameter_supported": True,
        }

    def fault_of(self, asked: dict[str, str]) -> str | None:
        """Say what is wrong with a request to log in."""
        wanted = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        wrong += [] if "openid" in asked.get("scope", "").split() else ["scope"]
        return ", ".join(wrong) or None

    def redeem(self, form: dict[str, str], client: tuple[str, str | None]) -> tuple[str, dict[str, str]] | str:
        """Return who logged in and for what, or OAuth's code of what is wrong; a code is gone after one try."""
        since, user, asked = self.codes.pop(form.get("code", ""), (0.0, "", {}))
        if client != (self.client_id, self.client_secret):
            return "invalid_client"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        good = time.monotonic() - since < CODE_SECONDS and form.get("redirect_uri") == self.redirect_uri
        if not good or not hmac.compare_digest(challenge, asked.get("code_challenge", "")):
            return "invalid_grant"
        return user, asked

    def tokens(self, user: str, asked: dict[str, str]) -> dict[str, object]:
        """Return the answer to a good code."""
        now = int(time.time())
        common: dict[str, object] = {"iss": self.issuer, "sub": user, "iat": now, "exp": now + TOKEN_SECONDS}
        partner = read_partners()[user].model_dump(mode="json")
        access = {**common, "aud": self.audience, "jti": secrets.token_hex(16), "client_id": self.client_id, **partner}
        identity = {**common, "aud": self.client_id, "nonce": asked["nonce"], "auth_time": now, **partner}
        return {
            "access_token": self.keys.sign(access, "at+jwt"),
            "id_token": self.keys.sign(identity, "JWT"),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": asked["scope"],
        }


def make_provider_app(provider: Provider) -> FastAPI:
    """Return the provider as an application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_description(app, provider)
    _add_form(app, provider)
    _add_tokens(app, provider)
    return app


def _add_description(app: FastAPI, provider: Provider) -> None:
    @app.get("/.well-known/openid-configuration")
    async def describe() -> Response:
        return JSONResponse(provider.description())

    @app.get("/jwks")
    async def keys() -> Response:
        return JSONResponse(provider.keys.published())

    @app.post("/rotate")
    async def rotate() -> Response:
        return JSONResponse({"kid": provider.keys.rotate()})


def _add_form(app: FastAPI, provider: Provider) -> None:
    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        if fault := provider.fault_of(asked):
            return HTMLResponse(f"<h1>This login is malformed: {escape(fault)}</h1>", 400)
        login = secrets.token_urlsafe(16)
        provider.asked[login] = asked
        return HTMLResponse(_form(login))

    @app.post("/login")
    async def log_in(request: Request) -> Response:
        form = _read(await request.body())
        asked = provider.asked.get(form.get("login", ""))
        if asked is None:
            return HTMLResponse("<h1>This login is not known</h1>", 400)
        refused = "deny" in form
        if not refused and (form.get("password") != PASSWORD or form.get("user") not in read_partners()):
            return HTMLResponse(_form(form["login"]), 401)
        del provider.asked[form["login"]]
        answer = {"state": asked["state"], "iss": provider.issuer}
        if refused:
            return _back(provider, {**answer, "error": "access_denied"})
        code = secrets.token_urlsafe(16)
        provider.codes[code] = (time.monotonic(), form["user"], asked)
        return _back(provider, {**answer, "code": code})


def _add_tokens(app: FastAPI, provider: Provider) -> None:
    @app.post("/token")
    async def token(request: Request) -> Response:
        form = _read(await request.body())
        redeemed = provider.redeem(form, _client(request, form))
        if form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if isinstance(redeemed, str):
            return JSONResponse({"error": redeemed, "error_description": "a secret of the provider"}, 400)
        return JSONResponse(provider.amend(provider.tokens(*redeemed)), headers={"Cache-Control": "no-store"})


def _back(provider: Provider, answer: dict[str, str]) -> Response:
    return RedirectResponse(f"{provider.redirect_uri}?{urlencode(answer)}", 303)


def _client(request: Request, form: dict[str, str]) -> tuple[str, str | None]:
    kind, _, pair = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret")
    name, _, secret = base64.b64decode(pair).decode().partition(":")
    return unquote(name), unquote(secret)


def _read(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _form(login: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in</title>'
        f'<form method="post" action="/login"><input type="hidden" name="login" value="{login}">'
        '<label>Partner <input name="user"></label><label>Password <input type="password" name="password"></label>'
        '<button>Log in</button><button name="deny" value="yes">Refuse</button></form></html>'
    )
